CREATE TABLE IF NOT EXISTS dedup_operations (
  id          BYTEA    NOT NULL PRIMARY KEY,
  state       CHAR(1)  NOT NULL,
  owner       CHAR(36) NOT NULL,
  token       BIGINT   NOT NULL,
  attempts    INTEGER  NOT NULL,
  prior_run   SMALLINT NOT NULL,
  begun_at    BIGINT   NOT NULL,
  lease_until BIGINT   NOT NULL,
  expires_at  BIGINT   NOT NULL,
  fingerprint BYTEA,
  outcome     BYTEA
);
CREATE INDEX IF NOT EXISTS dedup_operations_expires_at ON dedup_operations (expires_at);
