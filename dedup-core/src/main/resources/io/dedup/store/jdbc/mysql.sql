CREATE TABLE IF NOT EXISTS dedup_operations (
  id          VARBINARY(1024) NOT NULL PRIMARY KEY,
  state       CHAR(1)  CHARACTER SET ascii COLLATE ascii_bin NOT NULL,
  owner       CHAR(36) CHARACTER SET ascii COLLATE ascii_bin NOT NULL,
  token       BIGINT   NOT NULL,
  attempts    INTEGER  NOT NULL,
  prior_run   SMALLINT NOT NULL,
  begun_at    BIGINT   NOT NULL,
  lease_until BIGINT   NOT NULL,
  expires_at  BIGINT   NOT NULL,
  fingerprint VARBINARY(20),
  outcome     LONGBLOB,
  INDEX dedup_operations_expires_at (expires_at)
) ENGINE = InnoDB ROW_FORMAT = DYNAMIC;
