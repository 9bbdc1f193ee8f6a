-- The tree's hashes as tiles (C2SP tlog-tiles), the checkpoints that were published on the grid, and how far old entries were
-- removed. The first two are made from the entries and the signed head: none of them grants anything.
CREATE TABLE tiles (
  tenant TEXT NOT NULL, level INTEGER NOT NULL, n INTEGER NOT NULL, hashes BLOB NOT NULL, PRIMARY KEY (tenant, level, n)
) STRICT;
CREATE TABLE checkpoints (
  tenant TEXT NOT NULL, slot INTEGER NOT NULL, size INTEGER NOT NULL, asked INTEGER NOT NULL, note TEXT NOT NULL,
  PRIMARY KEY (tenant, slot)
) STRICT;
CREATE TABLE prunings (
  tenant TEXT NOT NULL, what TEXT NOT NULL, upto INTEGER NOT NULL, done INTEGER NOT NULL, PRIMARY KEY (tenant, what)
) STRICT;
