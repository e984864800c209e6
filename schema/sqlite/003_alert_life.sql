-- What people search alerts by.
ALTER TABLE alert ADD COLUMN owner TEXT NOT NULL DEFAULT '';
ALTER TABLE alert ADD COLUMN title TEXT NOT NULL DEFAULT '';
CREATE INDEX alert_by_time ON alert (opened_ms);

-- What is sent to roles, written in the transaction of the alert change that caused it: none twice (the key), none lost.
CREATE TABLE notification (
  key          TEXT    PRIMARY KEY,
  alert        TEXT,             -- NULL: about a silence, or the centre itself
  role         TEXT    NOT NULL,
  channel      TEXT    NOT NULL,
  severity     INTEGER NOT NULL, -- 0 unknown to 5 extreme: the worst goes first
  at_ms        INTEGER NOT NULL, -- when it was due
  state        TEXT    NOT NULL CHECK (state IN ('waiting', 'delivered', 'failed')),
  attempts     INTEGER NOT NULL DEFAULT 0,
  next_ms      INTEGER NOT NULL, -- no attempt before this
  settled_ms   INTEGER,          -- when it was delivered, or given up
  receipt      TEXT,             -- what became of the last attempt: the other side's answer, or why it failed
  body         BLOB    NOT NULL  -- city::Notification
) STRICT, WITHOUT ROWID;
-- What a channel has to send, the worst first, without a look at what it has sent.
CREATE INDEX notification_waiting ON notification (channel, severity DESC, at_ms, next_ms) WHERE state = 'waiting';
CREATE INDEX notification_by_alert ON notification (alert, at_ms);
CREATE INDEX notification_by_time ON notification (at_ms);

-- Browsers that a role has asked to be told at (RFC 8030). They hold no name; each is gone when it is not renewed.
CREATE TABLE push_subscription (
  endpoint   TEXT    PRIMARY KEY, -- at the browser's push service
  channel    TEXT    NOT NULL,
  role       TEXT    NOT NULL,
  public_key BLOB    NOT NULL,    -- P-256, uncompressed (RFC 8291, p256dh)
  secret     BLOB    NOT NULL,    -- shared with the browser (RFC 8291, auth)
  until_ms   INTEGER NOT NULL
) STRICT, WITHOUT ROWID;
