-- The vault: authority rows of one shape, sealed envelopes, blind-index terms, and the trail with its head.
-- An authority row is what a decision or a sign-in relies on: rev only grows, mac binds table, id, rev, ref and body
-- under the tenant's facts key, seq is the entry that made this revision.
CREATE TABLE heads (
  tenant TEXT NOT NULL, size INTEGER NOT NULL, leaf BLOB NOT NULL, at INTEGER NOT NULL, frontier BLOB NOT NULL,
  facts_rev INTEGER NOT NULL, checkpoint TEXT NOT NULL, PRIMARY KEY (tenant)
) STRICT;
CREATE TABLE entries (
  tenant TEXT NOT NULL, seq INTEGER NOT NULL, at INTEGER NOT NULL, kind TEXT NOT NULL, actor TEXT, record BLOB, salt BLOB NOT NULL,
  public BLOB NOT NULL, private BLOB, PRIMARY KEY (tenant, seq)
) STRICT;
CREATE INDEX entries_by_record ON entries (tenant, record, seq) WHERE record IS NOT NULL;
-- the further records that an entry touches: a home, a place, residents at an address that was shown
CREATE TABLE entry_tags (
  tenant TEXT NOT NULL, tag BLOB NOT NULL, seq INTEGER NOT NULL, PRIMARY KEY (tenant, tag, seq)
) STRICT, WITHOUT ROWID;
CREATE INDEX entries_by_actor ON entries (tenant, actor, seq) WHERE actor IS NOT NULL;
CREATE TABLE records (
  tenant TEXT NOT NULL, id BLOB NOT NULL, rev INTEGER NOT NULL, ref BLOB, body BLOB NOT NULL, mac BLOB NOT NULL, seq INTEGER NOT NULL,
  PRIMARY KEY (tenant, id)
) STRICT;
CREATE INDEX records_by_ref ON records (tenant, ref) WHERE ref IS NOT NULL;
-- every tier's envelope of a record, each with its wrapped data key, in one blob
CREATE TABLE envelopes (
  tenant TEXT NOT NULL, record BLOB NOT NULL, rev INTEGER NOT NULL, sealed BLOB NOT NULL, PRIMARY KEY (tenant, record)
) STRICT;
CREATE TABLE terms (
  tenant TEXT NOT NULL, field INTEGER NOT NULL, term BLOB NOT NULL, record BLOB NOT NULL,
  PRIMARY KEY (tenant, field, term, record)
) STRICT, WITHOUT ROWID;
CREATE TABLE areas (
  tenant TEXT NOT NULL, id BLOB NOT NULL, rev INTEGER NOT NULL, ref BLOB, body BLOB NOT NULL, mac BLOB NOT NULL, seq INTEGER NOT NULL,
  PRIMARY KEY (tenant, id)
) STRICT;
CREATE TABLE people (
  tenant TEXT NOT NULL, id BLOB NOT NULL, rev INTEGER NOT NULL, ref BLOB, body BLOB NOT NULL, mac BLOB NOT NULL, seq INTEGER NOT NULL,
  PRIMARY KEY (tenant, id)
) STRICT;
CREATE INDEX people_by_ref ON people (tenant, ref) WHERE ref IS NOT NULL;
CREATE TABLE assignments (
  tenant TEXT NOT NULL, id BLOB NOT NULL, rev INTEGER NOT NULL, ref BLOB, body BLOB NOT NULL, mac BLOB NOT NULL, seq INTEGER NOT NULL,
  PRIMARY KEY (tenant, id)
) STRICT;
CREATE INDEX assignments_by_ref ON assignments (tenant, ref) WHERE ref IS NOT NULL;
CREATE TABLE services (
  tenant TEXT NOT NULL, id BLOB NOT NULL, rev INTEGER NOT NULL, ref BLOB, body BLOB NOT NULL, mac BLOB NOT NULL, seq INTEGER NOT NULL,
  PRIMARY KEY (tenant, id)
) STRICT;
CREATE TABLE letters (
  tenant TEXT NOT NULL, id BLOB NOT NULL, rev INTEGER NOT NULL, ref BLOB, body BLOB NOT NULL, mac BLOB NOT NULL, seq INTEGER NOT NULL,
  PRIMARY KEY (tenant, id)
) STRICT;
CREATE INDEX letters_by_ref ON letters (tenant, ref) WHERE ref IS NOT NULL;
CREATE TABLE notices (
  tenant TEXT NOT NULL, id BLOB NOT NULL, rev INTEGER NOT NULL, ref BLOB, body BLOB NOT NULL, mac BLOB NOT NULL, seq INTEGER NOT NULL,
  PRIMARY KEY (tenant, id)
) STRICT;
CREATE TABLE consents (
  tenant TEXT NOT NULL, id BLOB NOT NULL, rev INTEGER NOT NULL, ref BLOB, body BLOB NOT NULL, mac BLOB NOT NULL, seq INTEGER NOT NULL,
  PRIMARY KEY (tenant, id)
) STRICT;
CREATE INDEX consents_by_ref ON consents (tenant, ref, seq) WHERE ref IS NOT NULL;
CREATE TABLE tasks (
  tenant TEXT NOT NULL, id BLOB NOT NULL, rev INTEGER NOT NULL, ref BLOB, body BLOB NOT NULL, mac BLOB NOT NULL, seq INTEGER NOT NULL,
  PRIMARY KEY (tenant, id)
) STRICT;
CREATE UNIQUE INDEX tasks_by_ref ON tasks (tenant, ref) WHERE ref IS NOT NULL;
CREATE TABLE task_links (
  tenant TEXT NOT NULL, record BLOB NOT NULL, task BLOB NOT NULL, PRIMARY KEY (tenant, record, task)
) STRICT, WITHOUT ROWID;
CREATE TABLE tokens (
  tenant TEXT NOT NULL, id BLOB NOT NULL, rev INTEGER NOT NULL, ref BLOB, body BLOB NOT NULL, mac BLOB NOT NULL, seq INTEGER NOT NULL,
  PRIMARY KEY (tenant, id)
) STRICT;
CREATE INDEX tokens_by_ref ON tokens (tenant, ref) WHERE ref IS NOT NULL;
CREATE TABLE codes (
  tenant TEXT NOT NULL, id BLOB NOT NULL, rev INTEGER NOT NULL, ref BLOB, body BLOB NOT NULL, mac BLOB NOT NULL, seq INTEGER NOT NULL,
  PRIMARY KEY (tenant, id)
) STRICT;
CREATE INDEX codes_by_ref ON codes (tenant, ref) WHERE ref IS NOT NULL;
CREATE TABLE policies (
  tenant TEXT NOT NULL, id BLOB NOT NULL, rev INTEGER NOT NULL, ref BLOB, body BLOB NOT NULL, mac BLOB NOT NULL, seq INTEGER NOT NULL,
  PRIMARY KEY (tenant, id)
) STRICT;
