//! Consent as a basis: how it stands now, with the clock, the notices and who may speak.

use gridvault_policy::{AgeClass, Purpose, Reason, RecordState};

use crate::Vault;
use crate::authority::{Circumstances, Consented, standing};
use crate::identity::Caller;
use crate::records::Located;

/// What the resident's consent for the purpose gives, or why nothing.
pub(super) fn consented(
    vault: &Vault,
    caller: &Caller,
    located: &Located,
    purpose: Purpose,
    (age, state): (AgeClass, RecordState),
) -> Result<Consented, Reason> {
    let Some(own) = &located.own else { return Err(Reason::ConsentNone) };
    let events = located.consents(vault);
    // Who speaks matters only where somebody spoke for the resident.
    let spoken_for = events.iter().any(|(_, _, event)| event.speaker.mandate().is_some());
    let mandates = if spoken_for { located.mandates(vault) } else { Vec::new() };
    let notices = vault.notices();
    let now = Circumstances {
        age,
        deceased: state == RecordState::Deceased,
        doubted: own.header.doubted,
        mandates: &mandates,
        notices: &notices,
    };
    let events = events.iter().map(|(id, seq, event)| (*id, *seq, event));
    standing(events, purpose, &now, caller.now()).basis()
}
