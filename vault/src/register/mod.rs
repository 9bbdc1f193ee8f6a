//! Every change to what the vault holds, each tied to the entry that records it in one transaction.

mod begin;
mod consents;
mod correct;
mod course;
mod credentials;
mod erase;
mod keep;
mod map;
mod newcomer;
mod notices;
mod office;
mod once;
mod people;
mod places;
mod posts;
mod premises;
mod proposals;
mod prunings;
mod reopen;
mod residents;
mod rotate;
mod services;
mod tasks;

use std::borrow::Cow;
use std::collections::BTreeMap;

use gridvault_audit::{Actor, Entry, Kind, Private, Public, RecordError, ResultWord, Subject, Who};

pub use begin::{
    begin, nature, policy_in_force, raise_broken_rows, raise_clock, system_who, tell_of_witness, unsealed,
};
pub use consents::{NewConsent, record_consent};
pub use credentials::{SignedIn, issue_code, issue_token, sign_in, sign_out};
pub use erase::{ask_erasure, decide_erasure, erase_again};
pub use keep::{Correction, correct_resident};
pub use notices::publish_notice;
pub use office::{Appointed, appoint};
pub use once::{Fresh, Once, once};
pub use people::{NewPerson, add_people};
pub use places::{add_areas, add_premises};
pub use proposals::{
    Confirmed, Proposal, Stand, Take, clear_proposals, confirm_proposal, open_proposals, propose,
    read_proposal, refuse_proposal, second_halves,
};
pub use prunings::{OrderedPruning, propose_pruning};
pub(crate) use reopen::may_begin;
pub use reopen::{Former, begin_again};
pub use residents::{AddedResidents, add_residents, new_tag};

/// What an import has made so far and the database may not show yet: residents by index term, premises by code.
pub type Seen = std::collections::HashSet<Vec<u8>>;
pub use course::{close_task, confirm_task};
pub use map::{areas, check_areas};
pub use newcomer::{Collected, Newcomer, collect_resident};
pub use posts::{end_post, member, people, posts_of};
pub use premises::{PremisesCorrection, correct_premises};
pub use rotate::{erasures_waiting, keks_added, keks_destroyed, rewrap};
pub use services::{
    NewAgreement, add_service, admit_service, confirm_service, end_agreement, grant_letter,
    issue_service_token, renew_agreement, revoke_token, services, tokens,
};
pub use tasks::{NewCase, NewTask, Opened, Reporter, open_task};

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
