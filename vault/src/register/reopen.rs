//! A new life of a log after an accepted loss: its entry 0 names what the former one was, and every row that a right relies
//! on is made known to it as the former one told it last.

use std::collections::HashSet;
use std::sync::Arc;

use gridvault_audit::{Json, Kind, Log, Part, VerifierKey, View};
use gridvault_policy::Book;

use super::begin::{nature, system};
use crate::seal::Keyring;
use crate::store::{EntryFilter, Row, Store, StoreError, Table};
use crate::trail::{Act, Change, Numbers, Trust, Verdict, Writer, walk};
use crate::vault::{Nature, OpenError};

/// Rows whose digests one entry carries.
const AT_ONCE: usize = 100;
/// Entries that one transaction writes.
const TOGETHER: usize = 50;

/// What entry 0 of the new life says of the former one.
#[derive(Clone, Debug)]
pub struct Former {
    /// Lines of the challenge, as words: what was pinned, cosigned and kept, and the nonce.
    pub lines: Vec<String>,
    /// A word for why.
    pub reason: String,
    /// The verifier key of each officer who signed.
    pub keys: Vec<String>,
    /// `<name>:<base64 signature>` of each, over the challenge.
    pub signatures: Vec<String>,
}

/// Whether that life of the log may be opened. Where a former one was moved aside, and the new one has not told every row, it
/// may only go on beginning; and that only where nothing of the former is left in its place.
pub(crate) async fn may_begin(store: &Store, life: u32, again: bool) -> Result<bool, StoreError> {
    let head = store.head().await?;
    let unfinished = match &head {
        None => life > 1 || !store.former_lives().await?.is_empty(),
        Some(_) => life > 1 && !is_restated(store).await?,
    };
    Ok(!unfinished || again && (head.is_some() || !store.is_left().await?))
}

/// Policies are restated last, all in one transaction, and entries that tell of one are never removed.
async fn is_restated(store: &Store) -> Result<bool, StoreError> {
    let kinds = vec![Kind::PolicyActivated.as_str().to_owned()];
    let policies = EntryFilter { kinds, limit: 1, ..EntryFilter::default() };
    Ok(!store.entries(&policies).await?.is_empty())
}

/// Begins the new life, or goes on beginning it, behind the former one, whose key is given.
pub async fn begin_again(
    keys: &Keyring,
    (store, log): (&Store, &Log<Writer>),
    (before, key): (&Arc<Store>, &VerifierKey),
    book: &Book,
    former: &Former,
) -> Result<Nature, OpenError> {
    let nature = nature(before).await?;
    match named(store).await? {
        None => {
            let created = created(nature, former);
            log.record(Act::new(keys, created, Change::none())).await?;
        }
        Some(lines) if lines == former.lines => {}
        Some(_) => {
            return Err(OpenError::Unfinished("it was begun with another challenge: ask with that one"));
        }
    }
    if is_restated(store).await? {
        return Ok(nature);
    }
    let trust = Trust { key: Some(key.clone()), ..Trust::default() };
    let (verified, told) = walk(before, &trust, &|_| ()).await?;
    if let Verdict::Broken { why, .. } = verified.verdict {
        return Err(OpenError::Rows(why));
    }
    if let Some((_, why)) = told.differ(store, &verified.origin, Numbers::Any).await? {
        return Err(OpenError::Rows(why));
    }
    restate(keys, (store, log), book).await?;
    Ok(nature)
}

fn created(nature: Nature, former: &Former) -> gridvault_audit::Entry {
    let mut created = system(Kind::LogCreated);
    let words = |words: &[String]| Json::List(words.iter().map(|word| Json::from(word.clone())).collect());
    let about = &mut created.public.about;
    about.insert("synthetic", Json::Bool(nature == Nature::Synthetic));
    about.insert("former", words(&former.lines));
    about.insert("reason", Json::from(former.reason.clone()));
    about.insert("keys", words(&former.keys));
    about.insert("signatures", words(&former.signatures));
    created
}

/// The lines of the challenge that entry 0 names; nothing where there is no entry yet.
async fn named(store: &Store) -> Result<Option<Vec<String>>, StoreError> {
    let first = store.entries(&EntryFilter { limit: 1, ..EntryFilter::default() }).await?;
    let Some(first) = first.first() else { return Ok(None) };
    let public =
        Json::parse_canonical(&first.public).map_err(|_| StoreError::Corrupt("entry 0 cannot be read"))?;
    let lines = public.get("about").and_then(|about| about.get("former")?.as_list()).unwrap_or_default();
    Ok(Some(lines.iter().filter_map(|line| line.as_text().map(str::to_owned)).collect()))
}

/// Tells every row that the new log has not told yet; the policies last.
async fn restate(keys: &Keyring, (store, log): (&Store, &Log<Writer>), book: &Book) -> Result<(), OpenError> {
    let told = told_so_far(store).await?;
    let untold = async |table: Table| -> Result<Vec<Row>, StoreError> {
        let mut rows = store.all(table).await?;
        rows.retain(|row| !told.contains(&table.row_name(&row.id)));
        // In the order in which they were made, which some of them rely on.
        rows.sort_by_key(|row| row.seq);
        Ok(rows)
    };
    let mut acts = Vec::new();
    for table in Table::ALL.iter().filter(|table| **table != Table::Policies) {
        for rows in portions(untold(*table).await?) {
            acts.push(Act::new(keys, system(Kind::BackupRestored), Change::restated(rows)));
            if acts.len() == TOGETHER {
                log.record_all(std::mem::take(&mut acts)).await?;
            }
        }
    }
    for row in untold(Table::Policies).await? {
        let mut policy = system(Kind::PolicyActivated);
        let hash = data_encoding::HEXLOWER.decode(&row.id).ok().and_then(|hash| hash.try_into().ok());
        policy.public.policy = Some(hash.unwrap_or_else(|| book.manifest_hash()));
        acts.push(Act::new(keys, policy, Change::restated(vec![row])));
    }
    log.record_all(acts).await?;
    Ok(())
}

/// The rows that the new log told before its beginning was broken off.
async fn told_so_far(store: &Store) -> Result<HashSet<String>, StoreError> {
    let (mut told, mut filter) = (HashSet::new(), EntryFilter { limit: 512, ..EntryFilter::default() });
    loop {
        let page = store.entries(&filter).await?;
        let Some(last) = page.last() else { return Ok(told) };
        filter.after = Some(last.seq);
        for private in page.iter().filter_map(|entry| entry.private.as_deref()) {
            let private = Part::read(private).map_err(|_| StoreError::Corrupt("an entry cannot be read"))?;
            let state = private.view().get("state").and_then(View::members).into_iter().flatten();
            told.extend(state.map(|(row, _)| row.to_owned()));
        }
    }
}

/// At most so many rows, and of those that hang on one thing at most one, so that their order stays told by their entries.
fn portions(rows: Vec<Row>) -> Vec<Vec<Row>> {
    let (mut all, mut now, mut parents) = (Vec::new(), Vec::new(), HashSet::new());
    for row in rows {
        let again = row.parent.as_ref().is_some_and(|parent| !parents.insert(parent.clone()));
        if again || now.len() == AT_ONCE {
            all.push(std::mem::take(&mut now));
            parents.clear();
            parents.extend(row.parent.clone());
        }
        now.push(row);
    }
    all.push(now);
    all.retain(|rows| !rows.is_empty());
    all
}
