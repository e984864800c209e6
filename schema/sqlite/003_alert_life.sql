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
  at_ms        INTEGER NOT NULL, -- when it was due
  state        TEXT    NOT NULL CHECK (state IN ('waiting', 'delivered', 'failed')),
  attempts     INTEGER NOT NULL DEFAULT 0,
  next_ms      INTEGER NOT NULL, -- no attempt before this
  delivered_ms INTEGER,
  receipt      TEXT,             -- what the other side answered, in a word or a number
  body         BLOB    NOT NULL  -- city::Notification
) STRICT, WITHOUT ROWID;
CREATE INDEX notification_by_state ON notification (state, next_ms);
CREATE INDEX notification_by_alert ON notification (alert, at_ms);
