-- A register that is kept: former envelopes of corrected records, proposals that a second person confirms, the keys
-- under which clients may repeat a request, and what somebody has asked on a day.
CREATE TABLE history (
  tenant TEXT COLLATE "C" NOT NULL, record BYTEA NOT NULL, rev BIGINT NOT NULL, sealed BYTEA NOT NULL, PRIMARY KEY (tenant, record, rev)
);
CREATE TABLE proposals (
  tenant TEXT COLLATE "C" NOT NULL, id BYTEA NOT NULL, rev BIGINT NOT NULL, ref BYTEA, body BYTEA NOT NULL, mac BYTEA NOT NULL, seq BIGINT NOT NULL,
  PRIMARY KEY (tenant, id)
);
CREATE INDEX proposals_by_ref ON proposals (tenant, ref) WHERE ref IS NOT NULL;
CREATE TABLE repeats (
  tenant TEXT COLLATE "C" NOT NULL, id BYTEA NOT NULL, rev BIGINT NOT NULL, ref BYTEA, body BYTEA NOT NULL, mac BYTEA NOT NULL, seq BIGINT NOT NULL,
  PRIMARY KEY (tenant, id)
);
CREATE TABLE quotas (
  tenant TEXT COLLATE "C" NOT NULL, id BYTEA NOT NULL, rev BIGINT NOT NULL, ref BYTEA, body BYTEA NOT NULL, mac BYTEA NOT NULL, seq BIGINT NOT NULL,
  PRIMARY KEY (tenant, id)
);
