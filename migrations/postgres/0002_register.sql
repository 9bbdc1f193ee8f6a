-- A register that is kept: former envelopes of corrected records, proposals that a second person confirms, and the keys
-- under which clients may repeat a request.
CREATE TABLE history (
  tenant TEXT COLLATE "C" NOT NULL, record BYTEA NOT NULL, rev BIGINT NOT NULL, sealed BYTEA NOT NULL, PRIMARY KEY (tenant, record, rev)
);
CREATE TABLE proposals (
  tenant TEXT COLLATE "C" NOT NULL, id BYTEA NOT NULL, rev BIGINT NOT NULL, ref BYTEA, body BYTEA NOT NULL, mac BYTEA NOT NULL, seq BIGINT NOT NULL,
  PRIMARY KEY (tenant, id)
);
CREATE TABLE repeats (
  tenant TEXT COLLATE "C" NOT NULL, id BYTEA NOT NULL, rev BIGINT NOT NULL, ref BYTEA, body BYTEA NOT NULL, mac BYTEA NOT NULL, seq BIGINT NOT NULL,
  PRIMARY KEY (tenant, id)
);
-- what quotas are counted from
CREATE INDEX entries_asked ON entries (tenant, actor, at) WHERE kind IN ('search', 'verification');
