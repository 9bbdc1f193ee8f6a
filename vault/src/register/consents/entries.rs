//! The entries of consents: what each is about, and those of refusals.

use gridvault_audit::{Entry, Kind};
use gridvault_policy::{Purpose, Reason};

use super::Person;
use crate::Vault;
use crate::authority::ConsentState;
use crate::identity::Caller;
use crate::register::correct::subject;
use crate::register::{RegisterError, entry, word};
use crate::trail::{Act, Change};

pub(super) fn describe(entry: &mut Entry, person: &Person, purpose: Purpose) {
    entry.public.purpose = Some(purpose.as_str().into());
    entry.private.subject = subject(&person.header);
}

/// Enters that a consent for that purpose was refused, and gives the refusal.
pub(super) async fn refuse(
    vault: &Vault,
    caller: &Caller,
    person: &Person,
    purpose: Purpose,
    reason: Reason,
    request: &str,
) -> RegisterError {
    let mut refused = entry(Kind::AuthRefused, caller, request);
    describe(&mut refused, person, purpose);
    refused.private.detail.insert("door", word("consents"));
    entered(vault, refused, reason).await
}

/// Likewise, of what is for no purpose.
pub(in crate::register) async fn refused(
    vault: &Vault,
    caller: &Caller,
    person: &Person,
    door: &'static str,
    reason: Reason,
    request: &str,
) -> RegisterError {
    let mut refused = entry(Kind::AuthRefused, caller, request);
    refused.private.subject = subject(&person.header);
    refused.private.detail.insert("door", word(door));
    entered(vault, refused, reason).await
}

async fn entered(vault: &Vault, mut refused: Entry, reason: Reason) -> RegisterError {
    refused.public.result = Some(gridvault_audit::ResultWord::Denied);
    refused.public.reason = Some(reason.as_str().into());
    match vault.log.record(Act::new(&vault.keys, refused, Change::none())).await {
        Ok(_) => RegisterError::Denied { rule: gridvault_policy::RuleId::NONE, reason },
        Err(error) => error.into(),
    }
}

pub(super) fn entry_kind(state: ConsentState) -> Kind {
    match state {
        ConsentState::Requested => Kind::ConsentRequested,
        // A confirmation is the giving of what was held back.
        ConsentState::Given | ConsentState::Confirmed => Kind::ConsentGiven,
        ConsentState::Refused => Kind::ConsentRefused,
        ConsentState::Deferred => Kind::ConsentDeferred,
        ConsentState::Withdrawn => Kind::ConsentWithdrawn,
        ConsentState::Renewed => Kind::ConsentRenewed,
        ConsentState::Invalidated => Kind::ConsentInvalidated,
    }
}
