//! A consent event as it comes in, and whether it is well-formed.

use gridvault_policy::Purpose;
use serde::Deserialize;
use uuid::Uuid;

use crate::authority::{ConsentBy, ConsentKind, ConsentState};
use crate::clock::parse_time;
use crate::register::RegisterError;
use crate::register::tasks::invalid;

/// How a consent may be expressed.
pub(super) const METHODS: &[&str] =
    &["signature", "fingerprint_witnessed", "sms_code", "voice_recorded", "self_service"];

/// A consent event as it comes in.
#[derive(Deserialize, schemars::JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct NewConsent {
    /// For what: one purpose (PIPL 14, 29).
    #[schemars(with = "crate::words::PurposeWord")]
    pub purpose: Purpose,
    /// Which fields; none said: all that the purpose's rules name.
    #[serde(default)]
    #[schemars(with = "Option<Vec<crate::words::StoredFieldWord>>", length(min = 1))]
    pub fields: Option<Vec<String>>,
    /// What is said.
    #[schemars(with = "SaidWord")]
    pub state: ConsentState,
    /// How it was expressed.
    #[schemars(extend("enum" = METHODS))]
    pub method: String,
    /// The notice version it is given under; none said: the newest in force that speaks of the purpose.
    #[serde(default)]
    pub notice: Option<Uuid>,
    /// What kind it is; T3 and T4 need a separate one. Said of nothing but a yes.
    #[serde(default)]
    pub basis_kind: Option<ConsentKind>,
    /// Until when, where it is to end before its time.
    #[serde(default)]
    #[schemars(with = "Option<crate::words::When>")]
    pub until: Option<String>,
    /// Who speaks; none said: the resident.
    #[serde(default)]
    pub expressed_by: Option<SpeakerSaid>,
    /// Who witnessed it: a member of staff other than who records it, or another resident.
    #[serde(default)]
    pub witness: Option<Uuid>,
    /// SHA-256 of the signed sheet or of the recording, hex; a separate consent has its own.
    #[serde(default)]
    #[schemars(regex(pattern = "^[0-9a-f]{64}$"))]
    pub evidence: Option<String>,
}

/// The words of a consent event that may be said from outside.
#[derive(schemars::JsonSchema)]
#[serde(rename_all = "snake_case")]
#[schemars(rename = "ConsentSaid")]
#[expect(dead_code, reason = "described, never made")]
enum SaidWord {
    Requested,
    Given,
    Refused,
    Deferred,
    Withdrawn,
    Renewed,
}

/// Who speaks for the resident.
#[derive(Clone, Copy, Deserialize, schemars::JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct SpeakerSaid {
    /// In what capacity.
    pub kind: SpeakerKind,
    /// By which mandate, of a guardian or a proxy.
    #[serde(default)]
    pub mandate: Option<Uuid>,
}

/// In what capacity somebody speaks.
#[derive(Clone, Copy, PartialEq, Eq, Deserialize, schemars::JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum SpeakerKind {
    /// The resident.
    Subject,
    /// A guardian.
    Guardian,
    /// A proxy.
    Proxy,
}

impl NewConsent {
    /// An event with nothing more than what must be said.
    pub fn new(purpose: Purpose, state: ConsentState, method: &str) -> Self {
        Self {
            purpose,
            fields: None,
            state,
            method: method.to_owned(),
            notice: None,
            basis_kind: None,
            until: None,
            expressed_by: None,
            witness: None,
            evidence: None,
        }
    }
}

pub(super) fn well_formed(new: &NewConsent, by: ConsentBy) -> Result<(), RegisterError> {
    if !METHODS.contains(&new.method.as_str()) {
        return Err(invalid("/method", "word_unknown"));
    }
    if new.method == "self_service" && by == ConsentBy::Staff {
        return Err(invalid("/method", "not_by_staff"));
    }
    if matches!(new.state, ConsentState::Confirmed | ConsentState::Invalidated) {
        return Err(invalid("/state", "word_unknown"));
    }
    let is_digest = |text: &str| text.len() == 64 && data_encoding::HEXLOWER.decode(text.as_bytes()).is_ok();
    if new.evidence.as_deref().is_some_and(|text| !is_digest(text)) {
        return Err(invalid("/evidence", "sha256"));
    }
    Ok(())
}

/// What a signed-in speaker says of one purpose is a consent of its own; staff say what was signed.
pub(super) fn kind(new: &NewConsent, by: ConsentBy) -> ConsentKind {
    match by {
        ConsentBy::Resident => ConsentKind::Separate,
        ConsentBy::Staff => new.basis_kind.unwrap_or_default(),
    }
}

pub(super) fn until(said: Option<&str>, now: i64, longest: i64) -> Result<i64, RegisterError> {
    let most = now.saturating_add(longest);
    let Some(said) = said else { return Ok(most) };
    let until = parse_time(said).ok_or_else(|| invalid("/until", "time"))?;
    if until <= now || until > most { Err(invalid("/until", "out_of_bounds")) } else { Ok(until) }
}
