//! What would be built instead: fields sealed with pgcrypto, and a chained audit row in the same transaction, in plain SQL,
//! driven by pgbench.

use std::path::PathBuf;
use std::process::Command;

use gridvault_tests::{Cluster, on_cluster};
use serde_json::{Value, json};

use crate::{Plan, median};

const SCHEMA: &str = "
CREATE EXTENSION pgcrypto;;
CREATE TABLE person (id bigint PRIMARY KEY, grid int, fields bytea[]);;
CREATE TABLE audit (seq bigint PRIMARY KEY, at timestamptz, who text, person bigint, purpose text, prev bytea, hash bytea);;
CREATE INDEX ON audit (person, seq);;
CREATE TABLE head (one int PRIMARY KEY, seq bigint, hash bytea);;
INSERT INTO head VALUES (1, 0, ''::bytea);;
INSERT INTO person SELECT n, n % 43, ARRAY(SELECT encrypt(convert_to('value ' || n || ' ' || f, 'UTF8'), '0123456789abcdef0123456789abcdef'::bytea, 'aes') FROM generate_series(1, 10) f) FROM generate_series(1, $RESIDENTS) n;;
CREATE FUNCTION look_up(caller text, caller_grid int, wanted bigint, why text) RETURNS text[] LANGUAGE plpgsql AS $$
DECLARE last head; row person; next bytea; opened text[];
BEGIN
  SELECT * INTO row FROM person WHERE id = wanted;
  SELECT * INTO last FROM head WHERE one = 1 FOR UPDATE;
  next := digest(last.hash || convert_to(last.seq || caller || wanted || why, 'UTF8'), 'sha256');
  INSERT INTO audit VALUES (last.seq + 1, clock_timestamp(), caller, wanted, why, last.hash, next);
  UPDATE head SET seq = last.seq + 1, hash = next WHERE one = 1;
  IF row.grid <> caller_grid THEN RETURN NULL; END IF;
  SELECT array_agg(convert_from(decrypt(f, '0123456789abcdef0123456789abcdef'::bytea, 'aes'), 'UTF8')) INTO opened FROM unnest(row.fields) f;
  RETURN opened;
END $$;;
VACUUM ANALYZE";

/// Lookups of ten fields per second at 64 connections.
pub async fn measure(plan: &Plan, cluster: &Cluster) -> Value {
    let postgres = std::env::var_os("GRIDVAULT_PG_BIN").map(PathBuf::from);
    let bin = postgres.unwrap_or_else(|| {
        let mut found: Vec<_> = std::fs::read_dir("/usr/lib/postgresql")
            .unwrap()
            .map(|e| e.unwrap().path().join("bin"))
            .collect();
        found.sort();
        found.pop().unwrap()
    });
    on_cluster(cluster.options(), "CREATE DATABASE by_hand".into()).await;
    for statement in SCHEMA.replace("$RESIDENTS", &plan.residents.to_string()).split(";;\n") {
        on_cluster(cluster.options().database("by_hand"), statement.to_owned()).await;
    }
    let script = tempfile::NamedTempFile::new().unwrap();
    let text = format!(
        "\\set n random(0, {})\nSELECT look_up('chief', 1, :n * 43 + 1, 'home visit');\n",
        plan.residents / 43 - 1
    );
    std::fs::write(script.path(), text).unwrap();
    let seconds = plan.each.as_secs().max(1) * 3;
    let mut rates = Vec::new();
    for _ in 0..plan.rounds.min(3) {
        let done = Command::new(bin.join("pgbench"))
            .args(["-n", "-M", "prepared", "-c", "64", "-j", "2", "-T", &seconds.to_string(), "-f"])
            .arg(script.path())
            .args(["-h", cluster.folder().to_str().unwrap(), "-U", "gridvault", "by_hand"])
            .output()
            .unwrap();
        let text = String::from_utf8_lossy(&done.stdout).into_owned();
        let rate = text.lines().find_map(|l| l.strip_prefix("tps = ")?.split(' ').next()?.parse().ok());
        rates.push(rate.unwrap_or_else(|| panic!("{text}{}", String::from_utf8_lossy(&done.stderr))));
    }
    json!({ "per_second": median(rates), "clients": 64 })
}
