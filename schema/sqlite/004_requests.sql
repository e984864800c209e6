-- Residents' requests that are known already: the same ticket comes with every poll until it is older than what is asked for.
CREATE TABLE service_request_seen (
  feed        TEXT    NOT NULL,
  id          TEXT    NOT NULL, -- the ticket
  content     INTEGER NOT NULL, -- FNV-1a of its postcard
  received_ms INTEGER NOT NULL,
  PRIMARY KEY (feed, id)
) STRICT, WITHOUT ROWID;
