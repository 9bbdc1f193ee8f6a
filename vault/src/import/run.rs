//! Running an import: in batches, each recorded whole or not at all, so that the same file run again goes on where it stopped.

use gridvault_audit::{Entry, Json, Kind};
use gridvault_policy::Role;
use uuid::Uuid;

use super::ImportKind;
use super::rows::{self, Reading, RowError};
use crate::Vault;
use crate::clock;
use crate::identity::Caller;
use crate::register::{self, RegisterError, add_areas, add_people, add_premises, add_residents, word};
use crate::seal::Secret;
use crate::trail::{Act, Change};
use crate::vault::Nature;

/// Rows in one transaction. Staff come whole: a person's posts may stand anywhere in the file.
const BATCH: usize = 500;
const PEOPLE: usize = 20_000;

/// What an import came to.
#[derive(Default)]
pub struct Outcome {
    /// Rows read.
    pub rows: u64,
    /// Records, areas or people made.
    pub created: u64,
    /// Rows left because they are held already.
    pub held: u64,
    /// Rows not taken.
    pub refused: Vec<RowError>,
    /// Rows taken though something about them is odd.
    pub findings: Vec<RowError>,
    /// New staff: number and one-time code.
    pub codes: Vec<(String, Secret)>,
}

/// Takes lines in, with a data steward's token. `notice` is the notice that residents were given; none: not informed.
/// A dry run checks everything and records nothing.
pub async fn run(
    vault: &Vault,
    caller: &Caller,
    kind: ImportKind,
    lines: &[&str],
    (notice, dry_run, request): (Option<Uuid>, bool, &str),
) -> Result<Outcome, RegisterError> {
    if caller.role() != Role::DataSteward {
        return Err(RegisterError::Forbidden);
    }
    if let Some(notice) = notice
        && vault.store.row(crate::store::Table::Notices, notice.as_bytes()).await?.is_none()
    {
        return Err(RegisterError::Unknown("/notice"));
    }
    let mut outcome = Outcome::default();
    let lines: Vec<(&str, u64)> = lines.iter().copied().zip(1u64..).collect();
    let size = if kind == ImportKind::People { PEOPLE } else { BATCH };
    let make = |kind: Kind| register::entry(kind, caller, request);
    for batch in lines.chunks(size) {
        let read = batch.len() as u64;
        let acts = prepare(vault, kind, notice, batch, &make, &mut outcome).await?;
        let made = acts.iter().filter(|act| act.makes()).count() as u64;
        outcome.rows += read;
        outcome.created += made;
        if dry_run || acts.is_empty() {
            continue;
        }
        record(vault, acts, kind, made, &make).await?;
        if kind == ImportKind::Areas {
            vault.reload().await?;
        }
    }
    if outcome.created > 0 && !dry_run {
        vault.store.count_anew().await;
    }
    let left = outcome.refused.len() as u64 + outcome.created;
    outcome.held = if kind == ImportKind::People { 0 } else { outcome.rows.saturating_sub(left) };
    if dry_run {
        outcome.codes.clear();
    }
    Ok(outcome)
}

async fn record(
    vault: &Vault,
    mut acts: Vec<Act>,
    kind: ImportKind,
    made: u64,
    make: &(dyn Fn(Kind) -> Entry + Sync),
) -> Result<(), RegisterError> {
    let mut batch = make(Kind::ImportBatch);
    batch.private.detail.insert("kind", word(kind.as_str()));
    batch.private.detail.insert("created", Json::Int(i64::try_from(made).unwrap_or(i64::MAX)));
    acts.push(Act::new(&vault.keys, batch, Change::none()));
    vault.log.record_all(acts).await?;
    Ok(())
}

async fn prepare(
    vault: &Vault,
    kind: ImportKind,
    notice: Option<Uuid>,
    batch: &[(&str, u64)],
    make: &(dyn Fn(Kind) -> Entry + Sync),
    outcome: &mut Outcome,
) -> Result<Vec<Act>, RegisterError> {
    let reading =
        Reading { synthetic: vault.nature == Nature::Synthetic, today: clock::civil_date(vault.now()) };
    let mut refused = Vec::new();
    let acts = match kind {
        ImportKind::Areas => {
            let rows = taken(batch.iter().map(|(line, n)| rows::area(line, *n)), &mut refused);
            let (acts, errors) = add_areas(vault, rows, make)?;
            refused.extend(errors);
            acts
        }
        ImportKind::Premises => {
            let rows = taken(batch.iter().map(|(line, n)| rows::premises(line, *n, reading)), &mut refused);
            let (acts, errors) = add_premises(vault, rows, make).await?;
            refused.extend(errors);
            acts
        }
        ImportKind::People => {
            let rows = taken(batch.iter().map(|(line, n)| rows::post(line, *n)), &mut refused);
            let added = add_people(vault, rows, make).await?;
            refused.extend(added.errors);
            outcome.codes.extend(added.people.into_iter().map(|p| (p.number, p.code)));
            added.acts
        }
        ImportKind::Residents => {
            let rows = taken(batch.iter().map(|(line, n)| rows::resident(line, *n, reading)), &mut refused);
            outcome.findings.extend(rows.iter().flat_map(|row| row.findings.iter().cloned()));
            let (acts, errors) = add_residents(vault, rows, notice, make).await?;
            refused.extend(errors);
            acts
        }
    };
    outcome.refused.extend(refused);
    Ok(acts)
}

fn taken<T>(rows: impl Iterator<Item = Result<T, RowError>>, refused: &mut Vec<RowError>) -> Vec<T> {
    rows.filter_map(|row| row.map_err(|error| refused.push(error)).ok()).collect()
}
