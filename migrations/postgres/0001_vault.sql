-- The vault: authority rows of one shape, sealed envelopes, blind-index terms, and the trail with its head.
-- An authority row is what a decision or a sign-in relies on: rev only grows, mac binds table, id, rev, ref and body
-- under the tenant's facts key, seq is the entry that made this revision.
CREATE TABLE heads (
  tenant TEXT COLLATE "C" NOT NULL, size BIGINT NOT NULL, leaf BYTEA NOT NULL, at BIGINT NOT NULL, frontier BYTEA NOT NULL,
  facts_rev BIGINT NOT NULL, checkpoint TEXT NOT NULL, PRIMARY KEY (tenant)
);
CREATE TABLE entries (
  tenant TEXT COLLATE "C" NOT NULL, seq BIGINT NOT NULL, at BIGINT NOT NULL, kind TEXT COLLATE "C" NOT NULL, actor TEXT COLLATE "C", record BYTEA, salt BYTEA NOT NULL,
  public BYTEA NOT NULL, private BYTEA, PRIMARY KEY (tenant, seq)
);
CREATE INDEX entries_by_record ON entries (tenant, record, seq) WHERE record IS NOT NULL;
-- the further records that an entry touches: a home, a place, residents at an address that was shown
CREATE TABLE entry_tags (
  tenant TEXT COLLATE "C" NOT NULL, tag BYTEA NOT NULL, seq BIGINT NOT NULL, PRIMARY KEY (tenant, tag, seq)
);
CREATE INDEX entries_by_actor ON entries (tenant, actor, seq) WHERE actor IS NOT NULL;
CREATE TABLE records (
  tenant TEXT COLLATE "C" NOT NULL, id BYTEA NOT NULL, rev BIGINT NOT NULL, ref BYTEA, body BYTEA NOT NULL, mac BYTEA NOT NULL, seq BIGINT NOT NULL,
  PRIMARY KEY (tenant, id)
);
CREATE INDEX records_by_ref ON records (tenant, ref) WHERE ref IS NOT NULL;
-- every tier's envelope of a record, each with its wrapped data key, in one blob
CREATE TABLE envelopes (
  tenant TEXT COLLATE "C" NOT NULL, record BYTEA NOT NULL, rev BIGINT NOT NULL, sealed BYTEA NOT NULL, PRIMARY KEY (tenant, record)
);
CREATE TABLE terms (
  tenant TEXT COLLATE "C" NOT NULL, field BIGINT NOT NULL, term BYTEA NOT NULL, record BYTEA NOT NULL,
  PRIMARY KEY (tenant, field, term, record)
);
CREATE TABLE areas (
  tenant TEXT COLLATE "C" NOT NULL, id BYTEA NOT NULL, rev BIGINT NOT NULL, ref BYTEA, body BYTEA NOT NULL, mac BYTEA NOT NULL, seq BIGINT NOT NULL,
  PRIMARY KEY (tenant, id)
);
CREATE TABLE people (
  tenant TEXT COLLATE "C" NOT NULL, id BYTEA NOT NULL, rev BIGINT NOT NULL, ref BYTEA, body BYTEA NOT NULL, mac BYTEA NOT NULL, seq BIGINT NOT NULL,
  PRIMARY KEY (tenant, id)
);
CREATE INDEX people_by_ref ON people (tenant, ref) WHERE ref IS NOT NULL;
CREATE TABLE assignments (
  tenant TEXT COLLATE "C" NOT NULL, id BYTEA NOT NULL, rev BIGINT NOT NULL, ref BYTEA, body BYTEA NOT NULL, mac BYTEA NOT NULL, seq BIGINT NOT NULL,
  PRIMARY KEY (tenant, id)
);
CREATE INDEX assignments_by_ref ON assignments (tenant, ref) WHERE ref IS NOT NULL;
CREATE TABLE services (
  tenant TEXT COLLATE "C" NOT NULL, id BYTEA NOT NULL, rev BIGINT NOT NULL, ref BYTEA, body BYTEA NOT NULL, mac BYTEA NOT NULL, seq BIGINT NOT NULL,
  PRIMARY KEY (tenant, id)
);
CREATE TABLE letters (
  tenant TEXT COLLATE "C" NOT NULL, id BYTEA NOT NULL, rev BIGINT NOT NULL, ref BYTEA, body BYTEA NOT NULL, mac BYTEA NOT NULL, seq BIGINT NOT NULL,
  PRIMARY KEY (tenant, id)
);
CREATE INDEX letters_by_ref ON letters (tenant, ref) WHERE ref IS NOT NULL;
CREATE TABLE notices (
  tenant TEXT COLLATE "C" NOT NULL, id BYTEA NOT NULL, rev BIGINT NOT NULL, ref BYTEA, body BYTEA NOT NULL, mac BYTEA NOT NULL, seq BIGINT NOT NULL,
  PRIMARY KEY (tenant, id)
);
CREATE TABLE consents (
  tenant TEXT COLLATE "C" NOT NULL, id BYTEA NOT NULL, rev BIGINT NOT NULL, ref BYTEA, body BYTEA NOT NULL, mac BYTEA NOT NULL, seq BIGINT NOT NULL,
  PRIMARY KEY (tenant, id)
);
CREATE INDEX consents_by_ref ON consents (tenant, ref, seq) WHERE ref IS NOT NULL;
CREATE TABLE tasks (
  tenant TEXT COLLATE "C" NOT NULL, id BYTEA NOT NULL, rev BIGINT NOT NULL, ref BYTEA, body BYTEA NOT NULL, mac BYTEA NOT NULL, seq BIGINT NOT NULL,
  PRIMARY KEY (tenant, id)
);
CREATE UNIQUE INDEX tasks_by_ref ON tasks (tenant, ref) WHERE ref IS NOT NULL;
CREATE TABLE task_links (
  tenant TEXT COLLATE "C" NOT NULL, record BYTEA NOT NULL, task BYTEA NOT NULL, PRIMARY KEY (tenant, record, task)
);
CREATE TABLE tokens (
  tenant TEXT COLLATE "C" NOT NULL, id BYTEA NOT NULL, rev BIGINT NOT NULL, ref BYTEA, body BYTEA NOT NULL, mac BYTEA NOT NULL, seq BIGINT NOT NULL,
  PRIMARY KEY (tenant, id)
);
CREATE INDEX tokens_by_ref ON tokens (tenant, ref) WHERE ref IS NOT NULL;
CREATE TABLE codes (
  tenant TEXT COLLATE "C" NOT NULL, id BYTEA NOT NULL, rev BIGINT NOT NULL, ref BYTEA, body BYTEA NOT NULL, mac BYTEA NOT NULL, seq BIGINT NOT NULL,
  PRIMARY KEY (tenant, id)
);
CREATE INDEX codes_by_ref ON codes (tenant, ref) WHERE ref IS NOT NULL;
CREATE TABLE policies (
  tenant TEXT COLLATE "C" NOT NULL, id BYTEA NOT NULL, rev BIGINT NOT NULL, ref BYTEA, body BYTEA NOT NULL, mac BYTEA NOT NULL, seq BIGINT NOT NULL,
  PRIMARY KEY (tenant, id)
);
