-- The tree's hashes as tiles (C2SP tlog-tiles), the checkpoints that were published on the grid, and how far old entries were
-- removed. The first two are made from the entries and the signed head: none of them grants anything.
CREATE TABLE tiles (
  tenant TEXT COLLATE "C" NOT NULL, level BIGINT NOT NULL, n BIGINT NOT NULL, hashes BYTEA NOT NULL, PRIMARY KEY (tenant, level, n)
);
CREATE TABLE checkpoints (
  tenant TEXT COLLATE "C" NOT NULL, slot BIGINT NOT NULL, size BIGINT NOT NULL, asked BIGINT NOT NULL, note TEXT NOT NULL,
  PRIMARY KEY (tenant, slot)
);
CREATE TABLE prunings (
  tenant TEXT COLLATE "C" NOT NULL, what TEXT COLLATE "C" NOT NULL, upto BIGINT NOT NULL, done BIGINT NOT NULL, PRIMARY KEY (tenant, what)
);
