//! A new life of a log after an accepted loss: its entry 0 names what the former one was, and every row that a right relies
//! on is made known to it as it stands.

use std::collections::HashSet;

use gridvault_audit::{Json, Kind, Log};
use gridvault_policy::Book;

use super::begin::system;
use crate::seal::Keyring;
use crate::store::{Row, Store, Table};
use crate::trail::{Act, Change, Writer};
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
    /// `<name>:<base64 signature>` of each officer, over the challenge.
    pub signatures: Vec<String>,
}

/// Begins the new life.
pub async fn begin_again(
    keys: &Keyring,
    (store, log): (&Store, &Log<Writer>),
    book: &Book,
    nature: Nature,
    former: &Former,
) -> Result<(), OpenError> {
    let mut created = system(Kind::LogCreated);
    let words = |words: &[String]| Json::List(words.iter().map(|word| Json::from(word.clone())).collect());
    created.public.about.insert("synthetic", Json::Bool(nature == Nature::Synthetic));
    created.public.about.insert("former", words(&former.lines));
    created.public.about.insert("reason", Json::from(former.reason.clone()));
    created.public.about.insert("signatures", words(&former.signatures));
    log.record(Act::new(keys, created, Change::none())).await?;
    let mut acts = Vec::new();
    for table in Table::ALL.iter().filter(|table| **table != Table::Policies) {
        let mut rows = store.all(*table).await?;
        // In the order in which they were made, which some of them rely on.
        rows.sort_by_key(|row| row.seq);
        rows.retain(|row| keys.check::<serde_json::Value>(row).is_some());
        for rows in portions(rows) {
            acts.push(Act::new(keys, system(Kind::BackupRestored), Change::restated(rows)));
            if acts.len() == TOGETHER {
                log.record_all(std::mem::take(&mut acts)).await?;
            }
        }
    }
    let mut policies = store.all(Table::Policies).await?;
    policies.sort_by_key(|row| row.seq);
    policies.retain(|row| keys.check::<serde_json::Value>(row).is_some());
    for row in policies {
        let mut policy = system(Kind::PolicyActivated);
        let hash = data_encoding::HEXLOWER.decode(&row.id).ok().and_then(|hash| hash.try_into().ok());
        policy.public.policy = Some(hash.unwrap_or_else(|| book.manifest_hash()));
        acts.push(Act::new(keys, policy, Change::restated(vec![row])));
    }
    log.record_all(acts).await?;
    Ok(())
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
