//! Facts for deciding: gathered with their evidence, no rule in here.

use gridvault_policy::{
    AgeClass, Asked, Basis, Book, Decision, Department, Facts, FieldId, FieldSet, Purpose, Reach, Reason,
    RecordState, RecordType, Relation, Role, TaskState, instruments, needs_task,
};

use super::consent::consented;
use super::decide::{may_know, unknown_reason};
use super::{Ask, Ending, LookupError, of_task};
use crate::Vault;
use crate::authority::TaskKind;
use crate::clock::{civil_date, day};
use crate::identity::{Caller, Party, Post};
use crate::records::{Located, is_own};

/// Facts of the caller, perhaps of the post behind a service, and what they rest on.
pub(super) struct Gathered {
    pub(super) facts: Facts,
    behind: Option<Facts>,
    pub(super) refusal: Option<(Reason, Ending)>,
    pub(super) evidence: Evidence,
}

/// What the basis rests on, for the entry's private part.
#[derive(Default)]
pub(super) struct Evidence {
    pub(super) basis_ref: Option<String>,
    pub(super) consent: Option<i64>,
}

impl Gathered {
    /// The decision; of a service that acts for somebody, the lesser of both, field by field.
    pub(super) fn decide(self, book: &Book, asked: &[Asked]) -> Decision {
        let own = book.decide(self.facts, asked);
        match self.behind {
            Some(behind) => Decision::lesser(own, book.decide(behind, asked)),
            None => own,
        }
    }
}

pub(super) fn gather(
    vault: &Vault,
    book: &Book,
    caller: &Caller,
    located: &Located,
    ask: &Ask,
) -> Result<Gathered, LookupError> {
    let mut facts = blank(caller, ask);
    if !may_know(vault, caller, located, ask) {
        let reason = unknown_reason(vault, caller, ask);
        return Ok(Gathered {
            facts,
            behind: None,
            refusal: Some((reason, Ending::Unknown)),
            evidence: Evidence::default(),
        });
    }
    (facts.task, facts.why_task) = task_state(caller, located, ask);
    if let Some((_, task)) = &located.task
        && facts.why_task.is_none()
    {
        facts.confirmed = task.confirmed.is_some_and(|confirmation| confirmation.live(caller.now()));
        let person = caller.post().map(|post| post.assignment.person);
        facts.self_made = person.is_some_and(|person| task.self_made(person, facts.confirmed));
        for field in task.fields.iter().filter_map(|id| FieldId::parse(id).ok()) {
            facts.named.insert(field);
        }
    }
    // For residents somebody other than the holder of a code is the second factor.
    if matches!(caller.party(), Party::Resident(_)) {
        facts.confirmed = caller.has_factor();
    }
    (facts.age, facts.state) = person_classes(vault, caller, located, ask)?;
    let own = located.own.as_ref().map(|found| found.id);
    let post = caller.post();
    facts.relation = match caller.party() {
        Party::Resident(record) if Some(*record) == own => Relation::SelfRelation,
        Party::Resident(_) => Relation::Elsewhere,
        Party::Service { .. } => Relation::OwnStreet,
        Party::Post(post) => located.relation(vault, post, caller.now()),
    };
    let letter = post.map(|post| letter(vault, post, located, ask.purpose, caller.now()));
    let lettered = letter.and_then(Result::ok);
    facts.letter = lettered.is_some();
    let proofs = prove(vault, book, caller, located, ask, (facts.age, facts.state));
    let by_guardian = proofs.by_guardian;
    let mut evidence = Evidence::default();
    let mut refusal = None;
    match proofs.choose(ask.basis.as_ref()) {
        Chosen::One(proof) => {
            facts.basis = proof.basis;
            // A child's consent is confirmed by the guardian who gave it, not by whoever confirmed the task.
            if proof.basis == Basis::Consent {
                facts.confirmed = by_guardian;
            }
            facts.reach = proof.reach;
            // An assistant's letter bounds what a consent opens to the assistant.
            if let (Some(letter), Basis::Consent, Role::GridAssistant) =
                (lettered, proof.basis, caller.role())
            {
                facts.reach = facts.reach.within(&letter.reach);
            }
            evidence = Evidence { basis_ref: proof.reference, consent: proof.consent };
        }
        Chosen::None(reason) => facts.why_basis = Some(reason),
        Chosen::Several => refusal = Some((Reason::NoBasis, Ending::BasisNeeded)),
    }
    let uses = book.uses_purpose(caller.role(), caller.department(), ask.purpose, ask.manner.action);
    // Whoever stands in for a privacy officer reviews and approves, and reads nobody's data thereby.
    if caller.is_deputy() {
        refusal = Some((Reason::PurposeRole, Ending::Plain));
    }
    if ask.task.is_none() && needs_task(ask.purpose) && uses {
        refusal = Some((Reason::NoTask, Ending::TaskNeeded));
    }
    let behind = match caller.party() {
        Party::Service { behalf: Some(post), .. } => {
            let mut behind = facts.clone();
            (behind.role, behind.department) = (post.assignment.role, post.assignment.department);
            behind.relation = located.relation(vault, post, caller.now());
            Some(behind)
        }
        _ => None,
    };
    Ok(Gathered { facts, behind, refusal, evidence })
}

fn blank(caller: &Caller, ask: &Ask) -> Facts {
    Facts {
        department: caller.department(),
        duty: caller.duty(),
        posture: caller.posture(),
        action: ask.manner.action,
        ..Facts::unproven(caller.role(), ask.kind, ask.purpose)
    }
}

fn task_state(caller: &Caller, located: &Located, ask: &Ask) -> (TaskState, Option<Reason>) {
    let Some((_, task)) = &located.task else { return (TaskState::None, Some(Reason::NoTask)) };
    if task.purpose != ask.purpose {
        return (TaskState::None, Some(Reason::NoTask));
    }
    if !task.names(ask.record) && !ask.manner.lifted {
        // Whom another's task names is nobody's to try out.
        let own = is_own(task, caller);
        return (TaskState::None, Some(if own { Reason::SubjectNotInTask } else { Reason::NotAssigned }));
    }
    match (task.open(caller.now()), is_own(task, caller)) {
        (true, true) => (TaskState::OpenMine, None),
        (true, false) => (TaskState::Open, Some(Reason::NotAssigned)),
        (false, _) => (TaskState::Closed, Some(Reason::TaskClosed)),
    }
}

/// Age class of a person, and whether the person has died; a place or a ticket has neither.
fn person_classes(
    vault: &Vault,
    caller: &Caller,
    located: &Located,
    ask: &Ask,
) -> Result<(AgeClass, RecordState), LookupError> {
    if let Some(age) = ask.manner.newcomer {
        return Ok((age, RecordState::Live));
    }
    match (&located.own, located.own_envelopes()) {
        (Some(own), _) if own.header.state == RecordState::Erased => {
            Ok((AgeClass::Adult, RecordState::Erased))
        }
        (Some(own), Some(envelopes)) if ask.kind == RecordType::Person => {
            let (age, deceased) =
                vault.keys.facts(envelopes, own.header.envelopes, civil_date(caller.now()))?;
            let state = match own.header.state {
                RecordState::Live if deceased => RecordState::Deceased,
                state => state,
            };
            Ok((age, state))
        }
        (Some(_), None) if ask.kind == RecordType::Person => Err(crate::seal::SealError::Tampered.into()),
        (own, _) => Ok((AgeClass::Adult, own.as_ref().map_or(RecordState::Live, |own| own.header.state))),
    }
}

/// A basis that can be proven, with what it covers and what it rests on.
pub(super) struct Proof {
    pub(super) basis: Basis,
    pub(super) reach: Reach,
    pub(super) reference: Option<String>,
    pub(super) consent: Option<i64>,
}

/// Every basis that the post's rules name for this purpose: proven, or why not.
#[derive(Default)]
struct Proofs {
    proven: Vec<Proof>,
    missing: Vec<(Basis, Reason)>,
    /// Whether a guardian gave the consent.
    by_guardian: bool,
}

enum Chosen {
    One(Proof),
    Several,
    None(Reason),
}

impl Proofs {
    fn add(&mut self, basis: Basis, proof: Result<Proof, Reason>) {
        match proof {
            Ok(proof) => self.proven.push(proof),
            Err(reason) => self.missing.push((basis, reason)),
        }
    }

    /// The declared one, or the only one.
    fn choose(mut self, declared: Option<&(Basis, Option<String>)>) -> Chosen {
        if let Some((basis, reference)) = declared {
            let fits = |p: &Proof| p.basis == *basis && (reference.is_none() || p.reference == *reference);
            return match self.proven.into_iter().find(fits) {
                Some(proof) => Chosen::One(proof),
                None => {
                    let why = self.missing.iter().find(|(b, _)| b == basis);
                    Chosen::None(why.map_or(Reason::NoBasis, |(_, reason)| *reason))
                }
            };
        }
        match (self.proven.pop(), self.proven.is_empty()) {
            (Some(proof), true) => Chosen::One(proof),
            (Some(_), false) => Chosen::Several,
            (None, _) => Chosen::None(self.missing.first().map_or(Reason::NoBasis, |(_, reason)| *reason)),
        }
    }
}

fn prove(
    vault: &Vault,
    book: &Book,
    caller: &Caller,
    located: &Located,
    ask: &Ask,
    person: (AgeClass, RecordState),
) -> Proofs {
    let post = caller.post();
    let (role, department) = match post {
        Some(post) => (post.assignment.role, post.assignment.department),
        None => (caller.role(), caller.department()),
    };
    let mut proofs = Proofs::default();
    if let Party::Service { agreement, behalf, .. } = caller.party() {
        // An agreement is for its purposes; one to act for people gives nothing to the service alone.
        let alone = behalf.is_none() && !agreement.acts_for.is_empty();
        if alone || !agreement.purposes.contains(&ask.purpose) {
            return proofs;
        }
    }
    let uses = |basis: &Basis| book.uses_basis(role, department, ask.purpose, *basis, ask.manner.action);
    for basis in Basis::ALL.iter().copied().filter(uses) {
        let proof = match basis {
            Basis::Consent => consented(vault, caller, located, ask.purpose, person).map(|consent| {
                proofs.by_guardian = consent.by_guardian;
                Proof {
                    basis: Basis::Consent,
                    reach: consent.reach,
                    reference: Some(consent.id.to_string()),
                    consent: Some(consent.seq),
                }
            }),
            Basis::Delegation => match post {
                Some(post) => letter(vault, post, located, ask.purpose, caller.now()),
                None => Err(Reason::NoBasis),
            },
            Basis::StatutoryDuty => statutory(caller, role, department, post, ask.purpose),
            Basis::SelfBasis => {
                own_right(caller, located).or_else(|why| application(caller, located, ask).ok_or(why))
            }
            Basis::Emergency => of_task::emergency(caller, located, ask),
            Basis::LegalRequest => of_task::demand(caller, located, ask),
            Basis::None => Err(Reason::NoBasis),
        };
        proofs.add(basis, proof);
    }
    proofs
}

/// A live letter that names the post's holder, the purpose and the place; one that ended gives its own reason.
fn letter(vault: &Vault, post: &Post, located: &Located, purpose: Purpose, at: i64) -> Result<Proof, Reason> {
    let scheme = post.assignment.scheme;
    let areas = vault.areas();
    let cell = located.cell(scheme, at).and_then(|cell| areas.cell(scheme, cell, at));
    let covering = |areas: &[String]| cell.is_some_and(|cell| areas.contains(&cell.code));
    let mut named = post
        .letters
        .iter()
        .filter(|(_, letter)| letter.department == post.assignment.department)
        .filter(|(_, letter)| letter.purposes.contains(&purpose) && covering(&letter.areas));
    let Some((id, letter)) = named.clone().find(|(_, letter)| letter.live(at)) else {
        return Err(if named.next().is_some() { Reason::LetterExpired } else { Reason::NoBasis });
    };
    let mut fields = FieldSet::default();
    for field in letter.fields.iter().filter_map(|id| FieldId::parse(id).ok()) {
        fields.insert(field);
    }
    let reach = Reach::Only { fields, otherwise: Reason::NoBasis };
    Ok(Proof { basis: Basis::Delegation, reach, reference: Some(id.to_string()), consent: None })
}

fn statutory(
    caller: &Caller,
    role: Role,
    department: Department,
    post: Option<&Post>,
    purpose: Purpose,
) -> Result<Proof, Reason> {
    match (caller.party(), post) {
        (Party::Service { .. }, None) => {}
        (_, Some(post)) => {
            let named = post.assignment.instrument.as_deref();
            instruments().grant(role, department, named, purpose, day(caller.now()))?;
        }
        _ => return Err(Reason::NoBasis),
    }
    Ok(Proof { basis: Basis::StatutoryDuty, reach: Reach::All, reference: None, consent: None })
}

/// At the window the resident asks in person: an open application of the caller's, which somebody else confirmed.
fn application(caller: &Caller, located: &Located, ask: &Ask) -> Option<Proof> {
    let (id, task) = located.task.as_ref()?;
    let asked = task.kind == TaskKind::Application && task.names(ask.record) && task.purpose == ask.purpose;
    let own = task.open(caller.now()) && is_own(task, caller);
    (asked && own && task.confirmed.is_some()).then(|| Proof {
        basis: Basis::SelfBasis,
        reach: Reach::All,
        reference: Some(id.to_string()),
        consent: None,
    })
}

fn own_right(caller: &Caller, located: &Located) -> Result<Proof, Reason> {
    let own = located.own.as_ref().map(|found| found.id);
    match caller.party() {
        Party::Resident(record) if Some(*record) == own => {
            Ok(Proof { basis: Basis::SelfBasis, reach: Reach::All, reference: None, consent: None })
        }
        _ => Err(Reason::NoBasis),
    }
}
