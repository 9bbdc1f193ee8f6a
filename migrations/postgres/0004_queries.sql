-- The officer's questions: which entries of each 1,024 hold a word, counts of a day, and how many such blocks both follow. All
-- three are made from the entries, behind them, and grant nothing; an actor's entries are found by these words too.
CREATE TABLE entry_words (
  tenant TEXT COLLATE "C" NOT NULL, word BIGINT NOT NULL, block BIGINT NOT NULL, held BYTEA NOT NULL, PRIMARY KEY (tenant, word, block)
);
CREATE TABLE tallies (
  tenant TEXT COLLATE "C" NOT NULL, day BIGINT NOT NULL, kind TEXT COLLATE "C" NOT NULL, grid TEXT COLLATE "C" NOT NULL, role TEXT COLLATE "C" NOT NULL,
  purpose TEXT COLLATE "C" NOT NULL, entries BIGINT NOT NULL, refused BIGINT NOT NULL, PRIMARY KEY (tenant, day, kind, grid, role, purpose)
);
CREATE TABLE followed (
  tenant TEXT COLLATE "C" NOT NULL, blocks BIGINT NOT NULL, PRIMARY KEY (tenant)
);
DROP INDEX entries_by_actor;
