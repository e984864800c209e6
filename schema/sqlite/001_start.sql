-- The embedded store, version 1. Forward only: a change is a new file with the next number.
-- Every column is listed in privacy.lock with its class, purpose and retention; a new one turns a test red.
-- Times are whole milliseconds since 1970-01-01T00:00:00Z. Bodies are postcard of closed types of the crate `city`.

-- One row a batch that brought something new; the observations of one feed that were committed together are one row.
-- seq counts from 1 without holes; retention takes rows away again. received_ms never falls with seq.
CREATE TABLE journal (
  seq         INTEGER PRIMARY KEY,
  received_ms INTEGER NOT NULL,
  feed        TEXT    NOT NULL,
  kind        TEXT    NOT NULL, -- the kinds of record in it, sorted, joined by '+'
  count       INTEGER NOT NULL CHECK (count > 0),
  body        BLOB    NOT NULL  -- Vec<city::Record>, or columns of observations
) STRICT;
-- Rows of the journal whose observations are all in chunks, many together: from there they can be put together again.
CREATE TABLE journal_block (
  first_seq INTEGER PRIMARY KEY,
  last_seq  INTEGER NOT NULL,
  body      BLOB    NOT NULL -- names of feeds; columns of seq, received_ms, feed, count
) STRICT;

-- The account of each feed: received = stored + duplicate + sum(feed_rejection.count). Beats are not counted.
-- Each commit writes here, so it says too where the journal ends, also after retention emptied it: the greatest seq
-- and received_ms of all feeds. They never go back.
CREATE TABLE feed_account (
  feed           TEXT    PRIMARY KEY,
  seq            INTEGER NOT NULL DEFAULT 0, -- the last row of the journal after its last commit
  received_ms    INTEGER NOT NULL DEFAULT 0, -- when that commit was received
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

-- Sealed versions of observations: the index of their chunks. Chunks of one series share no point of time. What is
-- not sealed yet is in bodies of the journal, and in memory.
CREATE TABLE series_chunk (
  datastream INTEGER NOT NULL,
  from_ms    INTEGER NOT NULL, -- first phenomenon time
  figures    BLOB    NOT NULL, -- last phenomenon time, counts, rows of the journal, low, high, total, and its place
  PRIMARY KEY (datastream, from_ms)
) STRICT, WITHOUT ROWID;
-- What is left of series whose single values have expired: figures of each hour, many hours a row.
CREATE TABLE series_hour (
  datastream INTEGER NOT NULL,
  from_ms    INTEGER NOT NULL, -- where the stretch of 1,024 hours begins
  body       BLOB    NOT NULL, -- columns of hour, count, low, high, total
  PRIMARY KEY (datastream, from_ms)
) STRICT, WITHOUT ROWID;
-- Many chunks one after another, so that none wastes a page. What is no chunk's any more is zero.
CREATE TABLE segment (
  id   INTEGER PRIMARY KEY,
  body BLOB NOT NULL
) STRICT;
-- How far observations of the journal are in chunks, and how far their rows are in blocks.
CREATE TABLE seal_state (
  only        INTEGER PRIMARY KEY CHECK (only = 1),
  sealed_seq  INTEGER NOT NULL,
  folded_seq  INTEGER NOT NULL
) STRICT;
INSERT INTO seal_state (only, sealed_seq, folded_seq) VALUES (1, 0, 0);

-- Things, datastreams and what belongs to them, as they are now.
CREATE TABLE entity (
  kind INTEGER NOT NULL, -- place of the kind in city::EntityKind
  id   TEXT    NOT NULL,
  body BLOB    NOT NULL, -- city::Entity
  PRIMARY KEY (kind, id)
) STRICT, WITHOUT ROWID;

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
