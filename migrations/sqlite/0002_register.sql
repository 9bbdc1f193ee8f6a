-- A register that is kept: former envelopes of corrected records, proposals that a second person confirms, the keys
-- under which clients may repeat a request, and what somebody has asked on a day.
CREATE TABLE history (
  tenant TEXT NOT NULL, record BLOB NOT NULL, rev INTEGER NOT NULL, sealed BLOB NOT NULL, PRIMARY KEY (tenant, record, rev)
) STRICT;
CREATE TABLE proposals (
  tenant TEXT NOT NULL, id BLOB NOT NULL, rev INTEGER NOT NULL, ref BLOB, body BLOB NOT NULL, mac BLOB NOT NULL, seq INTEGER NOT NULL,
  PRIMARY KEY (tenant, id)
) STRICT;
CREATE INDEX proposals_by_ref ON proposals (tenant, ref) WHERE ref IS NOT NULL;
CREATE TABLE repeats (
  tenant TEXT NOT NULL, id BLOB NOT NULL, rev INTEGER NOT NULL, ref BLOB, body BLOB NOT NULL, mac BLOB NOT NULL, seq INTEGER NOT NULL,
  PRIMARY KEY (tenant, id)
) STRICT;
CREATE TABLE quotas (
  tenant TEXT NOT NULL, id BLOB NOT NULL, rev INTEGER NOT NULL, ref BLOB, body BLOB NOT NULL, mac BLOB NOT NULL, seq INTEGER NOT NULL,
  PRIMARY KEY (tenant, id)
) STRICT;
