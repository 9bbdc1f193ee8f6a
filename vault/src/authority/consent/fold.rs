//! The present state for one purpose: events in their order, then the clock, the notices and who may speak.

use gridvault_policy::{AgeClass, FieldId, FieldSet, Purpose, Reach, Reason, RecordType, Tier};
use uuid::Uuid;

use super::{Circumstances, ConsentBy, ConsentEvent, ConsentState, Present, Speaker};
use crate::authority::MandateKind;

/// What stands for one purpose.
#[derive(Clone, Debug)]
pub struct Standing<'e> {
    /// How it stands.
    pub present: Present,
    /// The yes that it rests on, or rested on: id, entry number, event.
    pub event: Option<(Uuid, i64, &'e ConsentEvent)>,
    /// Whether that yes comes from who speaks, or was confirmed from outside who recorded it.
    pub confirmed: bool,
    /// Why it is no basis; nothing where it is one.
    pub why: Option<Reason>,
    reach: Reach,
}

/// A consent as a basis.
#[derive(Clone, Debug)]
pub struct Consented {
    /// The event.
    pub id: Uuid,
    /// Its entry's number.
    pub seq: i64,
    /// What it covers.
    pub reach: Reach,
    /// Whether a guardian gave it.
    pub by_guardian: bool,
}

/// The present state for one purpose; `events` are (id, entry number, event), in their order.
pub fn standing<'e>(
    events: impl Iterator<Item = (Uuid, i64, &'e ConsentEvent)>,
    purpose: Purpose,
    now: &Circumstances<'_>,
    at: i64,
) -> Standing<'e> {
    let mut walk = Walk { present: Present::None, yes: None, confirmed: false, against: Vec::new() };
    for event in events.filter(|(_, _, event)| event.purpose == purpose) {
        walk = walk.step(event);
    }
    walk.judged(now, at)
}

impl Standing<'_> {
    /// The basis that it is, or why it is none.
    pub fn basis(self) -> Result<Consented, Reason> {
        match (self.why, self.event) {
            (None, Some((id, seq, event))) => {
                let by_guardian = matches!(event.speaker, Speaker::Guardian(_));
                Ok(Consented { id, seq, reach: self.reach, by_guardian })
            }
            (why, _) => Err(why.unwrap_or(Reason::ConsentNone)),
        }
    }

    /// Why a field is not covered; nothing of one that is.
    pub fn refuses(&self, field: FieldId) -> Option<Reason> {
        self.why.or_else(|| self.reach.refuses(field))
    }
}

/// What the events alone say.
struct Walk<'e> {
    present: Present,
    yes: Option<(Uuid, i64, &'e ConsentEvent)>,
    confirmed: bool,
    /// Guardians whose last word is no.
    against: Vec<(Uuid, Present)>,
}

impl<'e> Walk<'e> {
    fn step(mut self, (id, seq, event): (Uuid, i64, &'e ConsentEvent)) -> Self {
        // What is said of an earlier yes says nothing of a later one.
        if event.of.is_some() && event.of != self.yes.map(|(yes, _, _)| yes) {
            return self;
        }
        let Some(next) = self.present.next(event.state) else { return self };
        self.present = next;
        match event.state {
            ConsentState::Given | ConsentState::Renewed => {
                self.yes = Some((id, seq, event));
                self.confirmed = event.by == ConsentBy::Resident;
            }
            ConsentState::Confirmed => self.confirmed = true,
            ConsentState::Refused | ConsentState::Withdrawn | ConsentState::Invalidated => {
                self.confirmed = false;
            }
            ConsentState::Requested | ConsentState::Deferred => {}
        }
        if let Speaker::Guardian(mandate) = event.speaker {
            match event.state {
                ConsentState::Refused | ConsentState::Withdrawn => self.against.push((mandate, next)),
                state if state.agrees() => self.against.retain(|(no, _)| *no != mandate),
                _ => {}
            }
        }
        self
    }

    fn judged(self, now: &Circumstances<'_>, at: i64) -> Standing<'e> {
        let nothing = Reach::Only { fields: FieldSet::default(), otherwise: Reason::ConsentNone };
        let yes = self.yes.filter(|_| matches!(self.present, Present::Given | Present::Renewed));
        let Some((_, _, event)) = yes else {
            let why = match self.present {
                Present::Withdrawn => Reason::ConsentWithdrawn,
                _ => Reason::ConsentNone,
            };
            let Self { present, yes: event, confirmed, .. } = self;
            return Standing { present, event, confirmed, why: Some(why), reach: nothing };
        };
        let (present, why) = match ended(event, &self.against, now, at) {
            Some((present, why)) => (present, Some(why)),
            None => (self.present, None),
        };
        let added = event.notice.and_then(|notice| now.notices.added(notice, event.purpose, at));
        let renewal = why.is_none() && added.is_some();
        Standing {
            present: if renewal { Present::NeedsRenewal } else { present },
            event: yes,
            confirmed: self.confirmed,
            why,
            reach: reach(event, self.confirmed, now.age, &added.unwrap_or_default()),
        }
    }
}

/// Whether a yes has ended by something that is no event.
fn ended(
    event: &ConsentEvent,
    against: &[(Uuid, Present)],
    now: &Circumstances<'_>,
    at: i64,
) -> Option<(Present, Reason)> {
    // Relatives have rights of their own (PIPL 49).
    if now.deceased {
        return Some((Present::Invalid, Reason::NoBasis));
    }
    if now.doubted {
        return Some((Present::Invalid, Reason::NeedsGuardian));
    }
    let child = now.age == AgeClass::Under14;
    let speaks = |id: Uuid, kind: MandateKind| {
        let mut live = now.mandates.iter().filter(|(_, mandate)| mandate.kind == kind && mandate.live(at));
        live.any(|(mandate, _)| *mandate == id)
    };
    match event.speaker {
        // From 14 on the resident's own word counts (PIPL 31).
        Speaker::Guardian(_) if !child => return Some((Present::NeedsRenewal, Reason::NeedsRenewal)),
        Speaker::Guardian(id) if !speaks(id, MandateKind::Guardian) => {
            return Some((Present::Invalid, Reason::NeedsGuardian));
        }
        Speaker::Guardian(id) => {
            let no = against.iter().find(|(no, _)| *no != id && speaks(*no, MandateKind::Guardian));
            match no {
                Some((_, Present::Withdrawn)) => {
                    return Some((Present::Withdrawn, Reason::ConsentWithdrawn));
                }
                Some(_) => return Some((Present::Refused, Reason::ConsentNone)),
                None => {}
            }
        }
        Speaker::Subject | Speaker::Proxy(_) if child => {
            return Some((Present::Invalid, Reason::NeedsGuardian));
        }
        Speaker::Proxy(id) if !speaks(id, MandateKind::Proxy) => {
            return Some((Present::Invalid, Reason::ConsentNone));
        }
        Speaker::Subject | Speaker::Proxy(_) => {}
    }
    (at >= event.until).then_some((Present::Expired, Reason::ConsentExpired))
}

/// The tier that counts for a field: raised where it is about a child (PIPL 28, 31).
pub fn effective_tier(field: FieldId, age: AgeClass) -> Tier {
    match field.record() {
        RecordType::Person => field.tier().effective(age),
        _ => field.tier(),
    }
}

/// T1 and T2 at once; what is sensitive by a consent of its own that was confirmed; what a newer notice adds not at all.
fn reach(event: &ConsentEvent, confirmed: bool, age: AgeClass, added: &FieldSet) -> Reach {
    let mut fields = FieldSet::default();
    let mut held_back = FieldSet::default();
    for field in event.fields.iter().filter_map(|id| FieldId::parse(id).ok()) {
        let open = effective_tier(field, age) <= Tier::T2 || (event.is_separate() && confirmed);
        match (added.contains(field), open) {
            (true, _) => {}
            (false, true) => fields.insert(field),
            (false, false) => held_back.insert(field),
        }
    }
    let why = vec![(*added, Reason::NeedsRenewal), (held_back, Reason::NeedsSeparate)];
    Reach::Told { fields, why, otherwise: Reason::ConsentNone }
}
