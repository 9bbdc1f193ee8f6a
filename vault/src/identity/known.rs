//! What is known of a token's holder: every row checked and read once, and remembered for the next lookup.
//!
//! Remembering is safe for lookups alone, because the writer compares the revision of rights that a lookup was decided at
//! with the stored one: whatever was narrowed since sends the lookup back. What other instances grant is seen within
//! [`FOR`]; what this one grants, at once.

use std::collections::HashMap;
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use uuid::Uuid;

use crate::Vault;
use crate::authority::{Assignment, Factor, Letter, ROSTERED_FOR, Roster, Service, Token};
use crate::store::{IdentityRows, StoreError, Table};

const FOR: Duration = Duration::from_secs(1);
const HOLDERS: usize = 10_000;

/// The sound rows behind a token, parsed.
pub(super) struct Known {
    pub(super) token: Option<Token>,
    pub(super) posts: Vec<(Uuid, Arc<Assignment>)>,
    pub(super) letters: Vec<(Uuid, Arc<Letter>)>,
    pub(super) service: Option<(Uuid, Service)>,
    /// Shifts of the holder and of the post acted for.
    pub(super) shifts: Vec<Roster>,
    /// A resident's second factors.
    pub(super) factors: Vec<Factor>,
    pub(super) facts_rev: i64,
    pub(super) at: i64,
}

/// Token (by its HMAC) and the post acted for.
type Key = (Vec<u8>, Option<Uuid>);

struct Kept {
    known: Arc<Known>,
    callers: u64,
    since: Instant,
}

/// Holders known lately.
#[derive(Default)]
pub(crate) struct Remembered(Mutex<HashMap<Key, Kept>>);

impl Known {
    /// Reads the rows and checks every MAC.
    pub(super) async fn read(
        vault: &Vault,
        id: &[u8],
        behalf: Option<Uuid>,
    ) -> Result<Arc<Self>, StoreError> {
        let callers = vault.log.sink().hints().callers();
        // A shift counts for its week, and for two weeks behind it.
        let since = Roster::ending_since(vault.now() - 2 * ROSTERED_FOR);
        let behalf_id = behalf.as_ref().map(|b| &b.as_bytes()[..]);
        let found = vault.store.identity(id, behalf_id, since.as_bytes()).await?;
        vault.follow(found.facts_rev).await?;
        let known = Arc::new(Self::checked(vault, &found));
        if known.token.is_some() {
            let kept = Kept { known: Arc::clone(&known), callers, since: Instant::now() };
            vault.remembered.keep((id.to_vec(), behalf), kept);
        }
        Ok(known)
    }

    /// As remembered, where nothing is known that moved it; else as read.
    pub(super) async fn recall(
        vault: &Vault,
        id: &[u8],
        behalf: Option<Uuid>,
    ) -> Result<Arc<Self>, StoreError> {
        match vault.remembered.fresh(vault, &(id.to_vec(), behalf)) {
            Some(known) => Ok(known),
            None => Self::read(vault, id, behalf).await,
        }
    }

    fn checked(vault: &Vault, found: &IdentityRows) -> Self {
        let mut known = Self {
            token: None,
            posts: Vec::new(),
            letters: Vec::new(),
            service: None,
            shifts: Vec::new(),
            factors: Vec::new(),
            facts_rev: found.facts_rev,
            at: found.at,
        };
        for row in &found.rows {
            let id = Uuid::from_slice(&row.id).ok();
            match (row.table, id) {
                (Table::Tokens, _) => known.token = vault.keys.check(row),
                (Table::Assignments, Some(id)) => {
                    known.posts.extend(vault.keys.check(row).map(|post| (id, Arc::new(post))));
                }
                (Table::Letters, Some(id)) => {
                    known.letters.extend(vault.keys.check(row).map(|letter| (id, Arc::new(letter))));
                }
                (Table::Rosters, _) => known.shifts.extend(vault.keys.check::<Roster>(row)),
                (Table::Factors, _) => known.factors.extend(vault.keys.check(row)),
                (Table::Services, Some(id)) => known.service = vault.keys.check(row).map(|s| (id, s)),
                _ => {}
            }
        }
        known
    }
}

impl Remembered {
    fn keep(&self, key: Key, kept: Kept) {
        let Ok(mut holders) = self.0.lock() else { return };
        if holders.len() >= HOLDERS {
            holders.clear();
        }
        holders.insert(key, kept);
    }

    fn fresh(&self, vault: &Vault, key: &Key) -> Option<Arc<Known>> {
        let hints = vault.log.sink().hints();
        let holders = self.0.lock().ok()?;
        let kept = holders.get(key)?;
        let fresh = kept.known.facts_rev >= hints.facts_rev()
            && kept.callers == hints.callers()
            && kept.since.elapsed() < FOR;
        fresh.then(|| Arc::clone(&kept.known))
    }
}
