//! Running an import: in batches, each recorded whole or not at all, so that the same file run again goes on where it stopped.

use std::collections::HashSet;

use gridvault_audit::{Entry, Json, Kind};
use gridvault_policy::Role;
use uuid::Uuid;

use super::ImportKind;
use super::rows::{self, Reading, RowError};
use crate::Vault;
use crate::clock;
use crate::identity::{Caller, again};
use crate::register::{self, RegisterError, Seen, add_premises, add_residents, word};
use crate::trail::{Act, Change};
use crate::vault::Nature;

/// Rows in one transaction: the more, the fewer pages of the indexes are written twice; lookups wait for it some tenths of a
/// second.
const BATCH: usize = 2_000;

/// What an import came to.
#[derive(Default)]
pub struct Outcome {
    /// Rows read.
    pub rows: u64,
    /// Records made.
    pub created: u64,
    /// Records held already that a row corrected.
    pub corrected: u64,
    /// Rows left because they are held already.
    pub held: u64,
    /// Rows not taken.
    pub refused: Vec<RowError>,
    /// Rows taken though something about them is odd.
    pub findings: Vec<RowError>,
    /// What was mended in rows that were not refused.
    pub mended: Vec<RowError>,
    /// Rows about somebody whom an earlier row is about.
    pub duplicates: Vec<RowError>,
    /// What a second person has to confirm before it counts: areas and people.
    pub proposal: Option<Uuid>,
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
    register::collects_now(vault, notice, caller.now()).await?;
    if matches!(kind, ImportKind::Areas | ImportKind::People) {
        return proposed(vault, caller, kind, lines, dry_run, request).await;
    }
    let import =
        Import { vault, kind, notice, dry_run, make: &|kind| register::entry(kind, caller, request) };
    let mut outcome = Outcome::default();
    let (mut ready, mut seen) = (None, HashSet::new());
    let lines: Vec<(&str, u64)> = lines.iter().copied().zip(1u64..).collect();
    for batch in lines.chunks(BATCH) {
        // Who lost the post, or the token, while the file came in takes nothing in any more.
        again(vault, caller).await?;
        // While a batch is written the next is made.
        let (written, acts) =
            tokio::join!(import.record(ready.take()), import.prepare(batch, &mut seen, &mut outcome));
        written?;
        let acts = acts?;
        outcome.rows += batch.len() as u64;
        outcome.created += made(&acts);
        outcome.corrected += acts.len() as u64 - made(&acts);
        ready = Some(acts);
    }
    import.record(ready).await?;
    if outcome.created > 0 && !dry_run {
        vault.reload().await?;
        vault.store.count_anew().await;
    }
    let left = outcome.refused.len() + outcome.duplicates.len();
    let left = left as u64 + outcome.created + outcome.corrected;
    outcome.held = outcome.rows.saturating_sub(left);
    Ok(outcome)
}

/// Areas and people are proposed, for whoever makes them makes rights.
async fn proposed(
    vault: &Vault,
    caller: &Caller,
    kind: ImportKind,
    lines: &[&str],
    dry_run: bool,
    request: &str,
) -> Result<Outcome, RegisterError> {
    let take = if dry_run { register::Take::Check } else { register::Take::Fitting };
    let (proposal, refused) = register::propose(vault, caller, kind, lines, take, request).await?;
    Ok(Outcome { rows: lines.len() as u64, refused, proposal, ..Outcome::default() })
}

fn made(acts: &[Act]) -> u64 {
    acts.iter().filter(|act| act.makes()).count() as u64
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

    /// Makes what a batch of lines asks for. `seen` has what this import has made and the database may not show yet.
    async fn prepare(
        &self,
        batch: &[(&str, u64)],
        seen: &mut Seen,
        outcome: &mut Outcome,
    ) -> Result<Vec<Act>, RegisterError> {
        let Self { vault, kind, notice, make, .. } = *self;
        let reading =
            Reading { synthetic: vault.nature == Nature::Synthetic, today: clock::civil_date(vault.now()) };
        let mut refused = Vec::new();
        let acts = match kind {
            ImportKind::Premises => {
                let rows =
                    taken(batch.iter().map(|(line, n)| rows::premises(line, *n, reading)), &mut refused);
                let mended: Vec<RowError> = rows.iter().flat_map(|row| row.mended.iter().cloned()).collect();
                let (acts, errors) = add_premises(vault, rows, seen, make).await?;
                outcome.mended.extend(but(mended, &[&errors]));
                refused.extend(errors);
                acts
            }
            ImportKind::Residents => {
                let rows =
                    taken(batch.iter().map(|(line, n)| rows::resident(line, *n, reading)), &mut refused);
                let mended: Vec<RowError> = rows.iter().flat_map(|row| row.mended.iter().cloned()).collect();
                let findings: Vec<RowError> =
                    rows.iter().flat_map(|row| row.findings.iter().cloned()).collect();
                let added = add_residents(vault, rows, notice, seen, make).await?;
                outcome.mended.extend(but(mended, &[&added.errors, &added.duplicates]));
                outcome.findings.extend(but(findings, &[&added.errors, &added.duplicates]));
                refused.extend(added.errors);
                outcome.duplicates.extend(added.duplicates);
                added.acts
            }
            // Proposed before it comes to this.
            ImportKind::Areas | ImportKind::People => Vec::new(),
        };
        outcome.refused.extend(refused);
        Ok(acts)
    }
}

fn taken<T>(rows: impl Iterator<Item = Result<T, RowError>>, refused: &mut Vec<RowError>) -> Vec<T> {
    rows.filter_map(|row| row.map_err(|error| refused.push(error)).ok()).collect()
}

/// What is told of rows, but for those that were left.
fn but(told: Vec<RowError>, left: &[&Vec<RowError>]) -> impl Iterator<Item = RowError> {
    let left: HashSet<u64> = left.iter().flat_map(|rows| rows.iter()).map(|error| error.row).collect();
    told.into_iter().filter(move |told| !left.contains(&told.row))
}
