//! Running an import: in batches, each recorded whole or not at all, so that the same file run again goes on where it stopped.

use std::collections::HashSet;

use gridvault_audit::{Entry, Json, Kind};
use gridvault_policy::Role;
use uuid::Uuid;

use super::ImportKind;
use super::doubles::People;
use super::rows::{self, Reading, ResidentRow, RowError};
use crate::Vault;
use crate::clock;
use crate::identity::Caller;
use crate::register::{self, RegisterError, Seen, add_areas, add_people, add_premises, add_residents, word};
use crate::seal::Secret;
use crate::trail::{Act, Change};
use crate::vault::Nature;

/// Rows in one transaction: the more, the fewer pages of the indexes are written twice; lookups wait for it some tenths of a
/// second.
const BATCH: usize = 2_000;
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
    /// What was mended in rows that were not refused.
    pub mended: Vec<RowError>,
    /// Rows left because an earlier row of this import is of the same person.
    pub duplicates: Vec<RowError>,
    /// New staff: number and one-time code.
    pub codes: Vec<(String, Secret)>,
}

/// Takes lines in, with a data steward's token. `notice` is the notice that residents were given; none: not informed.
/// A dry run checks everything and changes nothing; that it was made is recorded.
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
    let import =
        Import { vault, kind, notice, dry_run, make: &|kind| register::entry(kind, caller, request) };
    let mut outcome = Outcome::default();
    let (mut ready, mut seen) = (None, Memory::default());
    let lines: Vec<(&str, u64)> = lines.iter().copied().zip(1u64..).collect();
    // Staff come whole: a person's posts may stand anywhere in the file.
    for batch in lines.chunks(if kind == ImportKind::People { PEOPLE } else { BATCH }) {
        let acts = if kind == ImportKind::Areas {
            // Areas name those above them.
            import.record(ready.take()).await?;
            vault.reload().await?;
            import.prepare(batch, &mut seen, &mut outcome).await?
        } else {
            // While a batch is written the next is made.
            let (written, acts) =
                tokio::join!(import.record(ready.take()), import.prepare(batch, &mut seen, &mut outcome));
            written?;
            acts?
        };
        outcome.rows += batch.len() as u64;
        outcome.created += made(&acts);
        ready = Some(acts);
    }
    import.record(ready).await?;
    if outcome.created > 0 && !dry_run {
        vault.reload().await?;
        vault.store.count_anew().await;
    }
    let left = (outcome.refused.len() + outcome.duplicates.len()) as u64 + outcome.created;
    outcome.held = if kind == ImportKind::People { 0 } else { outcome.rows.saturating_sub(left) };
    if dry_run {
        outcome.codes.clear();
    }
    Ok(outcome)
}

fn made(acts: &[Act]) -> u64 {
    acts.iter().filter(|act| act.makes()).count() as u64
}

/// What this import has seen so far.
#[derive(Default)]
struct Memory {
    /// What it has made and the database may not show yet.
    made: Seen,
    people: People,
}

/// What stays the same from batch to batch.
struct Import<'r> {
    vault: &'r Vault,
    kind: ImportKind,
    notice: Option<Uuid>,
    dry_run: bool,
    make: &'r (dyn Fn(Kind) -> Entry + Sync),
}

impl Import<'_> {
    /// Records a batch with an entry of its own, also where nothing is made of it, or nothing is to be: the steward learns
    /// which ID numbers are held.
    async fn record(&self, acts: Option<Vec<Act>>) -> Result<(), RegisterError> {
        let Some(mut acts) = acts else { return Ok(()) };
        if self.dry_run {
            acts.clear();
        }
        let made = made(&acts);
        let mut batch = (self.make)(Kind::ImportBatch);
        batch.private.detail.insert("kind", word(self.kind.as_str()));
        batch.private.detail.insert("created", Json::Int(i64::try_from(made).unwrap_or(i64::MAX)));
        if self.dry_run {
            batch.private.detail.insert("dry_run", Json::Int(1));
        }
        acts.push(Act::new(&self.vault.keys, batch, Change::none()));
        self.vault.log.record_all(acts).await?;
        Ok(())
    }

    /// Makes what a batch of lines asks for.
    async fn prepare(
        &self,
        batch: &[(&str, u64)],
        seen: &mut Memory,
        outcome: &mut Outcome,
    ) -> Result<Vec<Act>, RegisterError> {
        let Self { vault, kind, make, .. } = *self;
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
                let rows =
                    taken(batch.iter().map(|(line, n)| rows::premises(line, *n, reading)), &mut refused);
                let mended: Vec<RowError> = rows.iter().flat_map(|row| row.mended.iter().cloned()).collect();
                let (acts, errors) = add_premises(vault, rows, &mut seen.made, make).await?;
                outcome.mended.extend(but(mended, &errors));
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
                let rows =
                    taken(batch.iter().map(|(line, n)| rows::resident(line, *n, reading)), &mut refused);
                self.residents(rows, seen, outcome).await?
            }
        };
        outcome.refused.extend(refused);
        Ok(acts)
    }

    /// Residents, the first row of each person; a later one only where the first is refused.
    async fn residents(
        &self,
        mut rows: Vec<ResidentRow>,
        seen: &mut Memory,
        outcome: &mut Outcome,
    ) -> Result<Vec<Act>, RegisterError> {
        let mut acts = Vec::new();
        while !rows.is_empty() {
            let (first, later) = seen.people.split(self.vault, rows);
            let mended: Vec<RowError> = first.iter().flat_map(|row| row.mended.iter().cloned()).collect();
            let findings: Vec<RowError> = first.iter().flat_map(|row| row.findings.iter().cloned()).collect();
            let (made, errors) =
                add_residents(self.vault, first, self.notice, &mut seen.made, self.make).await?;
            let (next, duplicates) = seen.people.settle(later, &errors);
            acts.extend(made);
            outcome.mended.extend(but(mended, &errors));
            outcome.findings.extend(but(findings, &errors));
            outcome.duplicates.extend(duplicates);
            outcome.refused.extend(errors);
            rows = next;
        }
        Ok(acts)
    }
}

fn taken<T>(rows: impl Iterator<Item = Result<T, RowError>>, refused: &mut Vec<RowError>) -> Vec<T> {
    rows.filter_map(|row| row.map_err(|error| refused.push(error)).ok()).collect()
}

/// What is told of rows, but for the refused.
fn but(told: Vec<RowError>, refused: &[RowError]) -> impl Iterator<Item = RowError> {
    let refused: HashSet<u64> = refused.iter().map(|error| error.row).collect();
    told.into_iter().filter(move |told| !refused.contains(&told.row))
}
