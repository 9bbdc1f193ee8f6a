//! Every change to what the vault holds, each tied to the entry that records it in one transaction.

mod approvals;
mod begin;
mod consents;
mod correct;
mod course;
mod coverage;
mod credentials;
mod demands;
mod dues;
mod emergencies;
mod ending;
mod erase;
mod factors;
mod findings;
mod given;
mod held;
mod informed;
mod keep;
mod letters;
mod mandates;
mod map;
mod minors;
mod newcomer;
mod notices;
mod office;
mod once;
mod opening;
mod outbox;
mod people;
mod places;
mod posts;
mod premises;
mod proposals;
mod prunings;
mod receipts;
mod reopen;
mod residents;
mod rosters;
mod rotate;
mod services;
mod tasks;
mod tickets;
mod told;
mod usage;
mod watch;

use std::borrow::Cow;
use std::collections::BTreeMap;

use gridvault_audit::{Actor, Entry, Kind, Private, Public, RecordError, ResultWord, Subject, Who};

pub use approvals::revoke_approval;
pub use begin::{
    begin, nature, policy_in_force, raise_broken_rows, raise_clock, system_who, tell_of_witness, unsealed,
};
pub use consents::{
    Confirming, Held, NewConsent, Person, Reading, confirm_consent, confirm_own, consent_code, consent_held,
    consents_of, invalidate_consent, record_consent,
};
pub use coverage::{Counts, Coverage, coverage};
pub use credentials::{SignedIn, issue_code, issue_token, sign_in, sign_out};
pub use demands::{DemandStep, NewDemand, Withheld, decide_demand, demands, open_demand};
pub use emergencies::{
    Declared, NewEmergency, Reviewed, confirm_emergency, declare_emergency, emergencies, end_emergency,
    review_emergency, watch_emergencies,
};
pub use ending::letters;
pub use erase::{ask_erasure, decide_erasure, erase_again};
pub use factors::{add_factor, drop_factors, give_code, invented_factor};
pub(crate) use informed::collects_now;
pub use informed::{Informing, inform};
pub use keep::{Correction, correct_resident};
pub use letters::{NewLetter, grant_letter, register_letter, revoke_letter, sign_letter};
pub use mandates::{NewMandate, confirm_mandate, doubt_capacity, end_mandate, register_mandate};
pub use notices::{
    Item, NewNotice, Published, approve_notice, collecting_notice, content, hash, items_of, newest, notice,
    notices, propose_notice, refuse_notice, uses,
};
pub use office::{Appointed, appoint};
pub use once::{Fresh, Once, once};
pub use outbox::{By, RUN, Run, Sending, Whom, dues, send};
pub use people::{NewPerson, add_people};
pub use places::{add_areas, add_premises};
pub use proposals::{
    Confirmed, Proposal, Stand, Take, clear_proposals, confirm_proposal, open_proposals, propose,
    read_proposal, refuse_proposal, second_halves,
};
pub use prunings::{OrderedPruning, propose_pruning};
pub use receipts::{Receipt, check_code, read_code, read_signed, receipt};
pub(crate) use reopen::may_begin;
pub use reopen::{Former, begin_again};
pub use residents::{AddedResidents, add_residents, new_tag};

/// What an import has made so far and the database may not show yet: residents by index term, premises by code.
pub type Seen = std::collections::HashSet<Vec<u8>>;
pub use course::{close_task, confirm_task};
pub use held::held_tasks;
pub use map::{areas, check_areas};
pub use minors::{Accesses, Approvals, MinorsYear, minors_year};
pub use newcomer::{Collected, Newcomer, collect_resident};
pub use posts::{end_post, member, people, posts_of};
pub use premises::{PremisesCorrection, correct_premises};
pub use rosters::{NewShift, Step, add_shift, move_shift, rosters};
pub use rotate::{erasures_waiting, keks_added, keks_destroyed, receipt_key_added, rewrap};
pub use services::{
    NewAgreement, add_service, admit_service, confirm_service, end_agreement, issue_service_token,
    renew_agreement, revoke_token, services, tokens,
};
pub use tasks::{NewCase, NewTask, Opened, Reporter, open_task};
pub use told::{deliveries, informed, owed_to, own_notices};
pub use usage::usage;
pub use watch::{Watched, watch};

use findings::finding;

use crate::identity::Caller;
use crate::seal::SealError;
use crate::store::StoreError;

/// Why a change was not made.
#[derive(Debug, thiserror::Error)]
pub enum RegisterError {
    /// The caller's role may not do this.
    #[error("this role may not do that")]
    Forbidden,
    /// The rules do not let it be written; on record.
    #[error("denied: {reason}")]
    Denied {
        /// The deciding rule.
        rule: gridvault_policy::RuleId,
        /// Why.
        reason: gridvault_policy::Reason,
    },
    /// There is no caller in one post.
    #[error(transparent)]
    Unidentified(#[from] crate::identity::Unidentified),
    /// Something named in the request is not there.
    #[error("`{0}` names nothing known here")]
    Unknown(&'static str),
    /// Something in the request does not fit.
    #[error("`{member}` does not fit: {code}")]
    Invalid {
        /// The member's pointer.
        member: String,
        /// Why, a stable code.
        code: &'static str,
    },
    /// It is there already.
    #[error("it is there already")]
    Conflict,
    /// Too much was asked today; on record. Seconds until it is another day.
    #[error("too much was asked today")]
    TooMany(u32),
    /// The code or token does not sign anybody in.
    #[error("no valid credential was given")]
    Unauthenticated,
    /// The trail could not be written.
    #[error("the change could not be recorded")]
    Unrecorded(#[source] RecordError),
    /// The database could not be read.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// Sealing failed.
    #[error(transparent)]
    Seal(#[from] SealError),
}

impl From<RecordError> for RegisterError {
    fn from(error: RecordError) -> Self {
        match error {
            RecordError::Conflict => Self::Conflict,
            other => Self::Unrecorded(other),
        }
    }
}

/// An entry of `kind` by the caller, to be filled in.
pub(crate) fn entry(kind: Kind, caller: &Caller, request: &str) -> Entry {
    entry_by(kind, caller.who(), caller.actor(), request)
}

/// An entry of `kind` by whomever.
pub(crate) fn entry_by(kind: Kind, who: Who, actor: Actor, request: &str) -> Entry {
    Entry {
        public: Public {
            kind,
            who,
            action: None,
            purpose: None,
            basis: None,
            fields: Vec::new(),
            obligations: Vec::new(),
            result: Some(ResultWord::Allowed),
            reason: None,
            about: BTreeMap::new(),
            policy: None,
        },
        private: Private {
            salt: None,
            actor,
            subject: None::<Subject>,
            basis_ref: None,
            task: None,
            consent: None,
            facts: None,
            state: Vec::new(),
            request: (!request.is_empty()).then(|| request.to_owned()),
            detail: BTreeMap::new(),
        },
    }
}

/// A member of an entry's detail.
pub(crate) fn word(text: impl Into<String>) -> gridvault_audit::Json {
    gridvault_audit::Json::Text(Cow::Owned(text.into()))
}
