-- The embedded store, version 1. Forward only: a change is a new file with the next number.
-- Every column is listed in privacy.lock with its class, purpose and retention; a new one turns a test red.
-- Times are whole milliseconds since 1970-01-01T00:00:00Z. Bodies are postcard of closed types of the crate `city`.

-- One row a batch that brought something new. seq counts from 1 without holes; retention takes rows away again.
CREATE TABLE journal (
  seq         INTEGER PRIMARY KEY,
  received_ms INTEGER NOT NULL,
  feed        TEXT    NOT NULL,
  kind        TEXT    NOT NULL, -- the kinds of record in it, sorted, joined by '+'
  count       INTEGER NOT NULL CHECK (count > 0),
  body        BLOB    NOT NULL  -- Vec<city::Record>
) STRICT;
CREATE INDEX journal_by_received ON journal (received_ms);

-- Where the journal ends, also after retention emptied it: seq and received_ms never go back.
CREATE TABLE journal_head (
  only        INTEGER PRIMARY KEY CHECK (only = 1),
  seq         INTEGER NOT NULL,
  received_ms INTEGER NOT NULL
) STRICT;
INSERT INTO journal_head (only, seq, received_ms) VALUES (1, 0, 0);

-- The account of each feed: received = stored + duplicate + sum(feed_rejection.count). Beats are not counted.
CREATE TABLE feed_account (
  feed           TEXT    PRIMARY KEY,
  received       INTEGER NOT NULL DEFAULT 0,
  stored         INTEGER NOT NULL DEFAULT 0,
  duplicate      INTEGER NOT NULL DEFAULT 0,
  fields_dropped INTEGER NOT NULL DEFAULT 0,
  asked_ms       INTEGER, -- last time that the feed was asked, or sent something
  good_ms        INTEGER, -- last time that its answer could be read
  newest_ms      INTEGER  -- newest event time in it
) STRICT, WITHOUT ROWID;
CREATE TABLE feed_rejection (
  feed   TEXT    NOT NULL,
  reason TEXT    NOT NULL, -- city::Reason::name
  count  INTEGER NOT NULL,
  PRIMARY KEY (feed, reason)
) STRICT, WITHOUT ROWID;

-- The newest part of each series, a row a point; sealed into chunks when its UTC day is over.
CREATE TABLE observation_head (
  datastream    INTEGER NOT NULL,
  phenomenon_ms INTEGER NOT NULL,
  result        REAL    NOT NULL,
  PRIMARY KEY (datastream, phenomenon_ms)
) STRICT, WITHOUT ROWID;
-- Sealed points, at most 4096 a chunk, never across a UTC day.
CREATE TABLE series_chunk (
  datastream INTEGER NOT NULL,
  from_ms    INTEGER NOT NULL, -- first point
  to_ms      INTEGER NOT NULL, -- last point
  count      INTEGER NOT NULL,
  times      BLOB    NOT NULL, -- pco of i64 milliseconds
  results    BLOB    NOT NULL, -- pco of f64
  PRIMARY KEY (datastream, from_ms)
) STRICT;
CREATE TABLE datastream_latest (
  datastream    INTEGER PRIMARY KEY,
  phenomenon_ms INTEGER NOT NULL,
  result        REAL    NOT NULL,
  received_ms   INTEGER NOT NULL
) STRICT;

-- What is known already, for feeds that send the same thing again and again.
CREATE TABLE warning_seen (
  sender      TEXT    NOT NULL,
  identifier  TEXT    NOT NULL,
  sent_ms     INTEGER NOT NULL,
  feed        TEXT    NOT NULL,
  received_ms INTEGER NOT NULL,
  PRIMARY KEY (sender, identifier, sent_ms)
) STRICT, WITHOUT ROWID;
CREATE TABLE service_alert_seen (
  feed        TEXT    NOT NULL,
  id          TEXT    NOT NULL,
  content     INTEGER NOT NULL, -- FNV-1a of its postcard
  received_ms INTEGER NOT NULL,
  PRIMARY KEY (feed, id)
) STRICT, WITHOUT ROWID;

-- Compiled timetables. The newest of a feed is in force; older ones go with the feed's retention.
CREATE TABLE timetable (
  feed        TEXT    NOT NULL,
  sha256      TEXT    NOT NULL,
  received_ms INTEGER NOT NULL,
  body        BLOB    NOT NULL, -- city::Timetable
  PRIMARY KEY (feed, sha256)
) STRICT;

-- Alerts as they stand, and every step of their lives.
CREATE TABLE alert (
  id              TEXT    PRIMARY KEY,
  rule            TEXT    NOT NULL,
  subject         TEXT    NOT NULL,
  episode_ms      INTEGER NOT NULL,
  state           TEXT    NOT NULL CHECK (state IN ('open', 'acknowledged', 'resolved')),
  severity        TEXT    NOT NULL,
  opened_ms       INTEGER NOT NULL,
  acknowledged_ms INTEGER,
  resolved_ms     INTEGER,
  changes         INTEGER NOT NULL,
  body            BLOB    NOT NULL, -- city::Alert
  UNIQUE (rule, subject, episode_ms)
) STRICT, WITHOUT ROWID;
CREATE INDEX alert_by_state ON alert (state, opened_ms);
CREATE TABLE alert_change (
  alert   TEXT    NOT NULL REFERENCES alert (id) ON DELETE CASCADE,
  ordinal INTEGER NOT NULL, -- within the alert, from 1
  seq     INTEGER NOT NULL, -- the journal entry after which it happened
  at_ms   INTEGER NOT NULL,
  kind    TEXT    NOT NULL,
  body    BLOB    NOT NULL, -- city::AlertChange
  PRIMARY KEY (alert, ordinal)
) STRICT, WITHOUT ROWID;
CREATE INDEX alert_change_by_time ON alert_change (at_ms);

-- How far the watch has come: everything up to (seq, at_ms) is in alert and alert_change.
CREATE TABLE watch_state (
  only        INTEGER PRIMARY KEY CHECK (only = 1),
  seq         INTEGER NOT NULL,
  at_ms       INTEGER NOT NULL,
  snapshot_seq   INTEGER,
  snapshot_at_ms INTEGER,
  snapshot       BLOB     -- the watch's own state, of closed types
) STRICT;
