-- The officer's questions: which entries of each 1,024 hold a word, counts of a day, and how many such blocks both follow. All
-- three are made from the entries, behind them, and grant nothing; an actor's entries are found by these words too.
CREATE TABLE entry_words (
  tenant TEXT NOT NULL, word INTEGER NOT NULL, block INTEGER NOT NULL, held BLOB NOT NULL, PRIMARY KEY (tenant, word, block)
) STRICT, WITHOUT ROWID;
CREATE TABLE tallies (
  tenant TEXT NOT NULL, day INTEGER NOT NULL, kind TEXT NOT NULL, grid TEXT NOT NULL, role TEXT NOT NULL, purpose TEXT NOT NULL,
  entries INTEGER NOT NULL, refused INTEGER NOT NULL, PRIMARY KEY (tenant, day, kind, grid, role, purpose)
) STRICT, WITHOUT ROWID;
CREATE TABLE followed (
  tenant TEXT NOT NULL, blocks INTEGER NOT NULL, PRIMARY KEY (tenant)
) STRICT;
DROP INDEX entries_by_actor;
