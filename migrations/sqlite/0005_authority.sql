-- Who was informed and who speaks for whom, what a resident has still to be told, who is on duty, what was looked up in an
-- emergency or for an authority, and what a resident signs in with: authority rows of the one shape.
CREATE TABLE deliveries (
  tenant TEXT NOT NULL, id BLOB NOT NULL, rev INTEGER NOT NULL, ref BLOB, body BLOB NOT NULL, mac BLOB NOT NULL, seq INTEGER NOT NULL,
  PRIMARY KEY (tenant, id)
) STRICT;
CREATE INDEX deliveries_by_ref ON deliveries (tenant, ref, seq) WHERE ref IS NOT NULL;
CREATE TABLE mandates (
  tenant TEXT NOT NULL, id BLOB NOT NULL, rev INTEGER NOT NULL, ref BLOB, body BLOB NOT NULL, mac BLOB NOT NULL, seq INTEGER NOT NULL,
  PRIMARY KEY (tenant, id)
) STRICT;
CREATE INDEX mandates_by_ref ON mandates (tenant, ref, seq) WHERE ref IS NOT NULL;
CREATE TABLE dues (
  tenant TEXT NOT NULL, id BLOB NOT NULL, rev INTEGER NOT NULL, ref BLOB, body BLOB NOT NULL, mac BLOB NOT NULL, seq INTEGER NOT NULL,
  PRIMARY KEY (tenant, id)
) STRICT;
CREATE INDEX dues_by_ref ON dues (tenant, ref, seq) WHERE ref IS NOT NULL;
CREATE TABLE rosters (
  tenant TEXT NOT NULL, id BLOB NOT NULL, rev INTEGER NOT NULL, ref BLOB, body BLOB NOT NULL, mac BLOB NOT NULL, seq INTEGER NOT NULL,
  PRIMARY KEY (tenant, id)
) STRICT;
CREATE INDEX rosters_by_ref ON rosters (tenant, ref, seq) WHERE ref IS NOT NULL;
CREATE TABLE emergencies (
  tenant TEXT NOT NULL, id BLOB NOT NULL, rev INTEGER NOT NULL, ref BLOB, body BLOB NOT NULL, mac BLOB NOT NULL, seq INTEGER NOT NULL,
  PRIMARY KEY (tenant, id)
) STRICT;
CREATE INDEX emergencies_by_ref ON emergencies (tenant, ref, seq) WHERE ref IS NOT NULL;
CREATE TABLE demands (
  tenant TEXT NOT NULL, id BLOB NOT NULL, rev INTEGER NOT NULL, ref BLOB, body BLOB NOT NULL, mac BLOB NOT NULL, seq INTEGER NOT NULL,
  PRIMARY KEY (tenant, id)
) STRICT;
CREATE INDEX demands_by_ref ON demands (tenant, ref, seq) WHERE ref IS NOT NULL;
CREATE TABLE factors (
  tenant TEXT NOT NULL, id BLOB NOT NULL, rev INTEGER NOT NULL, ref BLOB, body BLOB NOT NULL, mac BLOB NOT NULL, seq INTEGER NOT NULL,
  PRIMARY KEY (tenant, id)
) STRICT;
CREATE INDEX factors_by_ref ON factors (tenant, ref, seq) WHERE ref IS NOT NULL;
