//! What a log's entry 0 says of the life before, held against what was verified: who accepted the loss, what was kept, what was
//! lost for good.

use gridvault_audit::{Checkpoint, SignerKey};

use crate::life::Acceptance;
use crate::store::{EntryFilter, Store, StoreError};
use crate::trail::{Verdict, Verified};

/// What entry 0 of that log says, if it names a former one.
pub(super) async fn acceptance(store: &Store) -> Result<Option<Acceptance>, StoreError> {
    let first = store.entries(&EntryFilter { limit: 1, ..EntryFilter::default() }).await?;
    Ok(first.first().filter(|entry| entry.seq == 0).and_then(|entry| Acceptance::read(&entry.public)))
}

fn broken(seq: Option<u64>, why: impl Into<String>) -> Verdict {
    Verdict::Broken { seq, why: why.into() }
}

/// Of a log that goes on from another: two of the given officers must have signed its entry 0. Gives a line for people.
pub(super) fn begun_anew(
    verified: &mut Verified,
    acceptance: Option<&Acceptance>,
    officers: &[SignerKey],
) -> Option<String> {
    let anew = verified.origin.split('/').count() > 2;
    let whole = !matches!(verified.verdict, Verdict::Broken { .. });
    let Some(acceptance) = acceptance else {
        if anew && whole && !officers.is_empty() {
            verified.verdict = broken(Some(0), "it names no former log and no officer, and is no first life");
        }
        return None;
    };
    let by = acceptance.by(officers);
    if whole && !officers.is_empty() && by.is_empty() {
        verified.verdict =
            broken(Some(0), "two of the given officers did not sign what it says of the former log");
    }
    Some(format!("goes on from {}; {}", acceptance.challenge.former(), signers(acceptance, &by)))
}

fn signers(acceptance: &Acceptance, by: &[String]) -> String {
    match by {
        [] => format!("signatures not checked, say --officer: it names {}", acceptance.keys.join(" ")),
        by => format!("signed by {}", by.join(", ")),
    }
}

/// A former life as it was verified.
pub(super) struct Frozen<'a> {
    /// What the next life's entry 0 says of it.
    pub(super) next: Option<&'a Acceptance>,
    /// Its pin, where that is ahead of what lies here.
    pub(super) lost: Option<&'a Checkpoint>,
    /// Whether its key was given.
    pub(super) keyed: bool,
}

/// Of a frozen life: it must end where the next one says that it was kept, and what its pin names beyond must be what was
/// accepted as lost. Gives lines for people.
pub(super) fn frozen(verified: &mut Verified, frozen: &Frozen<'_>, officers: &[SignerKey]) -> Vec<String> {
    let next = frozen.next.filter(|next| next.challenge.former() == verified.origin);
    let Some(next) = next else {
        if let Verdict::Proven | Verdict::Consistent(_) = verified.verdict {
            verified.verdict = Verdict::Consistent("no next life says what was kept of it".into());
        }
        return Vec::new();
    };
    let by = next.by(officers);
    let (kept, root) = next.challenge.kept().unwrap_or_default();
    let whole = !matches!(verified.verdict, Verdict::Broken { .. });
    let here = verified.entries;
    let why = if here != kept {
        Some((
            Some(here.min(kept)),
            format!("the next life's entry 0 says that {kept} entries were kept, here are {here}"),
        ))
    } else if data_encoding::HEXLOWER.encode(&root) != verified.root {
        Some((None, "another history than what was kept, as the next life's entry 0 says".into()))
    } else if frozen.lost.is_some_and(|pin| !next.challenge.pinned(pin)) {
        Some((None, "its pin names more than is here, and is not the one that was accepted as lost".into()))
    } else if !officers.is_empty() && by.is_empty() {
        Some((None, "two of the given officers did not sign what the next life says of it".into()))
    } else {
        None
    };
    if let (true, Some((seq, why))) = (whole, why) {
        verified.verdict = broken(seq, why);
    } else if let Verdict::Consistent(_) = verified.verdict {
        verified.verdict = match (frozen.keyed, by.is_empty()) {
            // What they signed was handed over by another way than the log.
            (true, false) => Verdict::Proven,
            (true, true) => {
                Verdict::Consistent("what was kept is the next life's word alone: say --officer".into())
            }
            (false, _) => Verdict::Consistent("no verifier key was given".into()),
        };
    }
    let mut lines = vec![format!("kept        {kept} entries; {}", signers(next, &by))];
    if let Some(pin) = frozen.lost {
        let reason = next.challenge.reason();
        lines.push(format!(
            "lost        entries {kept} to {}, accepted: {reason}",
            pin.size.saturating_sub(1)
        ));
    }
    lines
}
