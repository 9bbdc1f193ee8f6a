//! The person whom a consent is about, as located: header, age, events, who speaks, and who may record it.

use std::sync::Arc;

use gridvault_policy::{AgeClass, Purpose, Reason, RecordState, RecordType, Role};
use uuid::Uuid;

use super::{SpeakerKind, SpeakerSaid};
use crate::Vault;
use crate::authority::{
    Circumstances, ConsentBy, ConsentEvent, Header, Mandate, MandateKind, Notices, Speaker,
};
use crate::clock::civil_date;
use crate::identity::{Caller, Party};
use crate::records::{ConsentLog, Located, Wanted, locate};
use crate::register::correct::subject;
use crate::register::tasks::invalid;
use crate::register::{RegisterError, entry, word};
use crate::store::{Row, Table};
use crate::trail::{Act, Change};

/// A person with all that a consent depends on.
pub struct Person {
    /// The record.
    pub id: Uuid,
    /// Its header.
    pub header: Header,
    /// The age class now.
    pub age: AgeClass,
    /// Whether the person has died.
    pub deceased: bool,
    /// Who speaks for the person.
    pub mandates: Vec<(Uuid, Mandate)>,
    /// Whether an open task of the caller's names the person.
    pub named_by_own_task: bool,
    rev: i64,
    events: Option<ConsentLog>,
    notices: Arc<Notices>,
    located: Located,
}

/// The person's consent events, whole.
pub struct Held {
    /// In their order: id, entry number, event.
    pub events: Vec<(Uuid, i64, ConsentEvent)>,
    /// Digest of the last one's row.
    pub last: Option<String>,
    /// The notices that they were given under.
    pub notices: Arc<Notices>,
}

impl Held {
    /// As the fold takes them.
    pub fn in_order(&self) -> impl Iterator<Item = (Uuid, i64, &ConsentEvent)> {
        self.events.iter().map(|(id, seq, event)| (*id, *seq, event))
    }
}

impl Person {
    /// Locates the person; refuses alike where there is none, it was erased, or staff without any business there ask.
    pub async fn find(vault: &Vault, caller: &Caller, id: Uuid) -> Result<Self, RegisterError> {
        let wanted = Wanted { kind: RecordType::Person, id, task: None };
        let located = locate(vault, caller, &wanted).await?;
        let Some(own) = &located.own else { return Err(Self::nobody(caller)) };
        let (header, rev) = (own.header.clone(), own.rev);
        if header.state == RecordState::Erased {
            return Err(Self::nobody(caller));
        }
        let envelopes = located.own_envelopes().ok_or(crate::seal::SealError::Tampered)?;
        let (age, deceased) = vault.keys.facts(envelopes, header.envelopes, civil_date(caller.now()))?;
        Ok(Self {
            id,
            header,
            age,
            deceased,
            mandates: located.mandates(vault),
            named_by_own_task: located.named_by_own_task,
            rev,
            events: located.consents_chained(vault),
            notices: vault.notices(),
            located,
        })
    }

    /// Who would not be let in anyhow is not told that there is nobody.
    fn nobody(caller: &Caller) -> RegisterError {
        let keeps = matches!(caller.role(), Role::DataSteward | Role::WindowClerk | Role::PrivacyOfficer);
        if keeps { RegisterError::Unknown("/id") } else { RegisterError::Forbidden }
    }

    /// In what way the caller may record: as who speaks, or as staff.
    pub(super) fn recorder(&self, caller: &Caller) -> Result<ConsentBy, RegisterError> {
        match caller.party() {
            Party::Resident(own) if *own == self.id || self.spoken_for_by(*own, caller.now()).is_some() => {
                Ok(ConsentBy::Resident)
            }
            Party::Post(_) if self.is_kept_by(caller) => Ok(ConsentBy::Staff),
            _ => Err(RegisterError::Forbidden),
        }
    }

    /// Whether the caller keeps consents, or has an open task that names the person.
    pub(super) fn is_kept_by(&self, caller: &Caller) -> bool {
        match caller.role() {
            Role::DataSteward | Role::WindowClerk => true,
            Role::GridChief | Role::GridAssistant | Role::DispatchedOfficer => self.named_by_own_task,
            _ => false,
        }
    }

    /// What is frozen is only kept.
    pub(super) fn in_use(&self) -> Result<(), RegisterError> {
        match self.header.state {
            RecordState::Frozen => Err(RegisterError::Conflict),
            RecordState::Erased => Err(RegisterError::Unknown("/id")),
            RecordState::Live | RecordState::Deceased => Ok(()),
        }
    }

    /// The live mandate by which that resident speaks for the person.
    pub fn spoken_for_by(&self, other: Uuid, at: i64) -> Option<(Uuid, &Mandate)> {
        let mut live = self.mandates.iter().filter(|(_, mandate)| mandate.live(at));
        live.find(|(_, mandate)| mandate.person == Some(other)).map(|(id, mandate)| (*id, mandate))
    }

    /// A mandate.
    pub(crate) fn mandate(&self, id: Uuid) -> Option<&Mandate> {
        self.mandates.iter().find(|(mandate, _)| *mandate == id).map(|(_, mandate)| mandate)
    }

    /// Who speaks: the signed-in, or whom staff name.
    pub(super) fn speaker(
        &self,
        caller: &Caller,
        by: ConsentBy,
        said: Option<SpeakerSaid>,
        purpose: Purpose,
    ) -> Result<Speaker, RegisterError> {
        let elsewhere = || invalid("/purpose", "not_in_mandate");
        if let (ConsentBy::Resident, Party::Resident(own)) = (by, caller.party()) {
            if *own == self.id {
                return Ok(Speaker::Subject);
            }
            let mut live = self.mandates.iter().filter(|(_, mandate)| mandate.live(caller.now()));
            let by = live.find(|(_, mandate)| mandate.person == Some(*own) && mandate.is_for(purpose));
            return by.map(|(id, mandate)| spoken(mandate.kind, *id)).ok_or_else(elsewhere);
        }
        let Some(said) = said else { return Ok(Speaker::Subject) };
        let (kind, id) = match (said.kind, said.mandate) {
            (SpeakerKind::Subject, None) => return Ok(Speaker::Subject),
            (SpeakerKind::Guardian, Some(id)) => (MandateKind::Guardian, id),
            (SpeakerKind::Proxy, Some(id)) => (MandateKind::Proxy, id),
            _ => return Err(invalid("/expressed_by/mandate", "required")),
        };
        let held = self.mandate(id).filter(|mandate| mandate.kind == kind && mandate.live(caller.now()));
        let held = held.ok_or(RegisterError::Unknown("/expressed_by/mandate"))?;
        if held.is_for(purpose) { Ok(spoken(kind, id)) } else { Err(elsewhere()) }
    }

    /// Why this speaker may not say yes; nothing where that may be.
    pub(super) fn may_agree(&self, speaker: Speaker) -> Option<Reason> {
        let child = self.age == AgeClass::Under14;
        match speaker {
            _ if self.deceased => Some(Reason::NoBasis),
            _ if self.header.doubted => Some(Reason::NeedsGuardian),
            Speaker::Subject | Speaker::Proxy(_) if child => Some(Reason::NeedsGuardian),
            // From 14 on the resident's own word counts.
            Speaker::Guardian(_) if !child => Some(Reason::ConsentNone),
            _ => None,
        }
    }

    /// The events, if they are all there.
    pub fn held(&self) -> Result<Held, RegisterError> {
        let ConsentLog { events, last } = self.events.clone().ok_or(RegisterError::Conflict)?;
        Ok(Held { events, last, notices: Arc::clone(&self.notices) })
    }

    /// What the fold needs to know.
    pub fn circumstances<'c>(&'c self, notices: &'c Notices) -> Circumstances<'c> {
        Circumstances {
            age: self.age,
            deceased: self.deceased,
            doubted: self.header.doubted,
            mandates: &self.mandates,
            notices,
        }
    }

    /// Enters that the caller looks at this view of the person's consents.
    pub async fn looked_at(
        &self,
        vault: &Vault,
        caller: &Caller,
        (kind, view): (gridvault_audit::Kind, &'static str),
        request: &str,
    ) -> Result<(), RegisterError> {
        let mut looked = entry(kind, caller, request);
        looked.private.subject = subject(&self.header);
        looked.private.detail.insert("view", word(view));
        vault.log.record(Act::new(&vault.keys, looked, Change::none())).await?;
        Ok(())
    }

    /// How near a post is to the person's home.
    pub(super) fn relation(
        &self,
        vault: &Vault,
        post: &crate::authority::Assignment,
        at: i64,
    ) -> gridvault_policy::Relation {
        let cell = self.located.cell(post.scheme, at);
        vault.areas().relation(post.scheme, &post.areas, cell, at)
    }

    /// The header's row, changed so.
    pub(crate) fn moved(
        &self,
        vault: &Vault,
        change: impl FnOnce(&mut Header),
    ) -> Result<Row, RegisterError> {
        let mut header = self.header.clone();
        change(&mut header);
        let home = header.place.as_ref().map(|place| &place.as_bytes()[..]);
        Ok(vault.keys.row(Table::Records, self.id.as_bytes(), self.rev + 1, home, &header)?)
    }

    /// The header's row with one event more.
    pub(super) fn counted(&self, vault: &Vault) -> Result<Row, RegisterError> {
        self.moved(vault, |header| header.consents += 1)
    }
}

fn spoken(kind: MandateKind, id: Uuid) -> Speaker {
    match kind {
        MandateKind::Guardian => Speaker::Guardian(id),
        MandateKind::Proxy => Speaker::Proxy(id),
    }
}
