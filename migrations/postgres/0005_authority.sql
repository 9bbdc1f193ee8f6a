-- Who was informed and who speaks for whom, what a resident has still to be told, who is on duty, what was looked up in an
-- emergency or for an authority, and what a resident signs in with: authority rows of the one shape.
CREATE TABLE deliveries (
  tenant TEXT COLLATE "C" NOT NULL, id BYTEA NOT NULL, rev BIGINT NOT NULL, ref BYTEA, body BYTEA NOT NULL, mac BYTEA NOT NULL, seq BIGINT NOT NULL,
  PRIMARY KEY (tenant, id)
);
CREATE INDEX deliveries_by_ref ON deliveries (tenant, ref, seq) WHERE ref IS NOT NULL;
CREATE TABLE mandates (
  tenant TEXT COLLATE "C" NOT NULL, id BYTEA NOT NULL, rev BIGINT NOT NULL, ref BYTEA, body BYTEA NOT NULL, mac BYTEA NOT NULL, seq BIGINT NOT NULL,
  PRIMARY KEY (tenant, id)
);
CREATE INDEX mandates_by_ref ON mandates (tenant, ref, seq) WHERE ref IS NOT NULL;
CREATE TABLE dues (
  tenant TEXT COLLATE "C" NOT NULL, id BYTEA NOT NULL, rev BIGINT NOT NULL, ref BYTEA, body BYTEA NOT NULL, mac BYTEA NOT NULL, seq BIGINT NOT NULL,
  PRIMARY KEY (tenant, id)
);
CREATE INDEX dues_by_ref ON dues (tenant, ref, seq) WHERE ref IS NOT NULL;
CREATE TABLE rosters (
  tenant TEXT COLLATE "C" NOT NULL, id BYTEA NOT NULL, rev BIGINT NOT NULL, ref BYTEA, body BYTEA NOT NULL, mac BYTEA NOT NULL, seq BIGINT NOT NULL,
  PRIMARY KEY (tenant, id)
);
CREATE INDEX rosters_by_ref ON rosters (tenant, ref, seq) WHERE ref IS NOT NULL;
CREATE TABLE emergencies (
  tenant TEXT COLLATE "C" NOT NULL, id BYTEA NOT NULL, rev BIGINT NOT NULL, ref BYTEA, body BYTEA NOT NULL, mac BYTEA NOT NULL, seq BIGINT NOT NULL,
  PRIMARY KEY (tenant, id)
);
CREATE INDEX emergencies_by_ref ON emergencies (tenant, ref, seq) WHERE ref IS NOT NULL;
CREATE TABLE demands (
  tenant TEXT COLLATE "C" NOT NULL, id BYTEA NOT NULL, rev BIGINT NOT NULL, ref BYTEA, body BYTEA NOT NULL, mac BYTEA NOT NULL, seq BIGINT NOT NULL,
  PRIMARY KEY (tenant, id)
);
CREATE INDEX demands_by_ref ON demands (tenant, ref, seq) WHERE ref IS NOT NULL;
CREATE TABLE factors (
  tenant TEXT COLLATE "C" NOT NULL, id BYTEA NOT NULL, rev BIGINT NOT NULL, ref BYTEA, body BYTEA NOT NULL, mac BYTEA NOT NULL, seq BIGINT NOT NULL,
  PRIMARY KEY (tenant, id)
);
CREATE INDEX factors_by_ref ON factors (tenant, ref, seq) WHERE ref IS NOT NULL;
