//! The fold against a plain model, over random events; and what the state table says, event by event.

use gridvault_policy::{AgeClass, FieldId, Purpose, Reason};
use uuid::Uuid;

use super::{
    Circumstances, ConsentBy, ConsentEvent, ConsentKind, ConsentState, Notices, Present, Speaker, standing,
};
use crate::authority::{Confirmation, Mandate, MandateKind, Notice, Series};

const FIELDS: [&str; 3] = ["person.name", "elder.living_alone", "disability.category"];
const PURPOSES: [Purpose; 2] = [Purpose::HomeVisitCare, Purpose::ServiceMatching];
const STATES: [ConsentState; 8] = [
    ConsentState::Requested,
    ConsentState::Given,
    ConsentState::Refused,
    ConsentState::Deferred,
    ConsentState::Withdrawn,
    ConsentState::Renewed,
    ConsentState::Confirmed,
    ConsentState::Invalidated,
];

fn id(n: u128) -> Uuid {
    Uuid::from_u128(n)
}

fn event(number: u32, state: ConsentState) -> ConsentEvent {
    ConsentEvent {
        number,
        prev: None,
        purpose: PURPOSES[0],
        fields: FIELDS.map(str::to_owned).to_vec(),
        basis_kind: ConsentKind::Separate,
        state,
        of: None,
        method: "signature".into(),
        speaker: Speaker::Subject,
        by: ConsentBy::Resident,
        staff: None,
        witness: None,
        evidence: None,
        notice: None,
        at: i64::from(number),
        until: 1_000,
    }
}

fn mandate(kind: MandateKind, ended: bool) -> Mandate {
    Mandate {
        kind,
        person: None,
        staff: None,
        relation: "51".into(),
        proof: "letter".into(),
        number: None,
        purposes: Vec::new(),
        fields: Vec::new(),
        from: 0,
        to: 900,
        by: (id(1), id(2)),
        confirmed: Some(Confirmation::new(id(3), 0)),
        ended: ended.then_some(1),
    }
}

fn notice(version: u32, fields: &[&str], material_change: bool) -> Notice {
    Notice {
        series: Series::General,
        version,
        hash: String::new(),
        purposes: PURPOSES.to_vec(),
        fields: fields.iter().map(|f| (*f).to_owned()).collect(),
        items: std::collections::BTreeMap::new(),
        valid_from: if version == 3 { 500 } else { 0 },
        material_change,
        approved: vec![id(1), id(2)],
        by_officer: true,
        approved_at: Some(0),
        refused: false,
    }
}

fn notices() -> Notices {
    Notices::new([
        (id(101), notice(1, &FIELDS[..2], false)),
        (id(102), notice(2, &FIELDS[..2], false)),
        (id(103), notice(3, &FIELDS, true)),
    ])
}

/// What the table says, read from the last event backwards: a second way to the same.
struct Model<'m> {
    events: &'m [(Uuid, i64, ConsentEvent)],
    now: &'m Circumstances<'m>,
    at: i64,
}

impl Model<'_> {
    /// The yes that stands by the events alone, and whether it is confirmed.
    fn yes(&self) -> Option<(usize, bool)> {
        let events = self.events;
        let last_yes = events.iter().rposition(|(id, _, e)| {
            e.state == ConsentState::Given || e.state == ConsentState::Renewed && self.may_renew(*id)
        })?;
        let mut confirmed = events[last_yes].2.by == ConsentBy::Resident;
        for (_, _, later) in &events[last_yes + 1..] {
            let of_it = later.of.is_none() || later.of == Some(events[last_yes].0);
            match later.state {
                ConsentState::Refused | ConsentState::Withdrawn | ConsentState::Invalidated if of_it => {
                    return None;
                }
                ConsentState::Confirmed if of_it => confirmed = true,
                _ => {}
            }
        }
        Some((last_yes, confirmed))
    }

    /// A renewal renews something that stood right before it.
    fn may_renew(&self, id: Uuid) -> bool {
        let n = self.events.iter().position(|(event, _, _)| *event == id).unwrap();
        let before = Model { events: &self.events[..n], now: self.now, at: self.at };
        before.yes().is_some()
    }

    fn opens(&self, field: &str) -> bool {
        let Some((n, confirmed)) = self.yes() else { return false };
        let event = &self.events[n].2;
        let child = self.now.age == AgeClass::Under14;
        let live = |id: Uuid| self.now.mandates.iter().any(|(m, mandate)| *m == id && mandate.live(self.at));
        let speaks = match event.speaker {
            Speaker::Subject => !child,
            Speaker::Guardian(m) => child && live(m),
            Speaker::Proxy(m) => !child && live(m),
        };
        let dissent = self.dissent(event.speaker);
        let added = event.notice == Some(id(101)) && self.at >= 500 && field == FIELDS[2];
        let sensitive = child || field != FIELDS[0];
        let separate = event.by == ConsentBy::Resident || event.basis_kind != ConsentKind::General;
        speaks
            && !dissent
            && !self.now.deceased
            && !self.now.doubted
            && self.at < event.until
            && !added
            && (!sensitive || separate && confirmed)
    }

    /// Whether another live guardian's last word is no, where a guardian spoke.
    fn dissent(&self, speaker: Speaker) -> bool {
        let Speaker::Guardian(own) = speaker else { return false };
        self.now.mandates.iter().any(|(m, mandate)| {
            let words =
                self.events.iter().enumerate().filter(|(_, (_, _, e))| e.speaker == Speaker::Guardian(*m));
            let told = |n: usize, e: &ConsentEvent| match e.state {
                ConsentState::Given => Some(true),
                ConsentState::Renewed => self.may_renew(self.events[n].0).then_some(true),
                ConsentState::Refused => Some(false),
                ConsentState::Withdrawn => {
                    Model { events: &self.events[..n], now: self.now, at: self.at }.yes().map(|_| false)
                }
                _ => None,
            };
            let last = words.rev().find_map(|(n, (_, _, e))| told(n, e));
            *m != own && mandate.live(self.at) && mandate.kind == MandateKind::Guardian && last == Some(false)
        })
    }
}

#[test]
fn whatever_is_said_in_whatever_order_the_fold_agrees_with_the_plain_table() {
    let mut rng = fastrand::Rng::with_seed(27560);
    let (mut opened, mut closed) = (0, 0);
    for _ in 0..20_000 {
        let mandates = [
            (id(11), mandate(MandateKind::Guardian, rng.u8(..4) == 0)),
            (id(12), mandate(MandateKind::Guardian, rng.bool())),
            (id(13), mandate(MandateKind::Proxy, rng.bool())),
        ];
        let notices = notices();
        let now = Circumstances {
            age: [AgeClass::Under14, AgeClass::From14To17, AgeClass::Adult][rng.usize(..3)],
            deceased: rng.u8(..10) == 0,
            doubted: rng.u8(..10) == 0,
            mandates: &mandates,
            notices: &notices,
        };
        let speakers =
            [Speaker::Subject, Speaker::Guardian(id(11)), Speaker::Guardian(id(12)), Speaker::Proxy(id(13))];
        let mut events: Vec<(Uuid, i64, ConsentEvent)> = Vec::new();
        for n in 1..=rng.u32(1..9) {
            let mut said = event(n, STATES[if rng.bool() { 1 } else { rng.usize(..8) }]);
            said.speaker = speakers[rng.usize(..4)];
            said.by = if rng.bool() { ConsentBy::Resident } else { ConsentBy::Staff };
            said.basis_kind = if rng.bool() { ConsentKind::General } else { ConsentKind::Separate };
            said.notice = [None, Some(id(101)), Some(id(103))][rng.usize(..3)];
            said.until = rng.i64(1..1_200);
            if matches!(said.state, ConsentState::Confirmed | ConsentState::Invalidated) {
                said.of = rng.choice(&events).map(|(of, _, _)| *of).or(Some(id(99)));
            }
            // Another purpose's events say nothing of this one.
            if rng.u8(..6) == 0 {
                said.purpose = PURPOSES[1];
            }
            events.push((id(u128::from(n) + 1_000), i64::from(n), said));
        }
        let at = rng.i64(0..1_000);
        let of = events.iter().map(|(id, seq, e)| (*id, *seq, e));
        let stands = standing(of, PURPOSES[0], &now, at);
        let own: Vec<_> = events.iter().filter(|(_, _, e)| e.purpose == PURPOSES[0]).cloned().collect();
        let model = Model { events: &own, now: &now, at };
        for field in FIELDS {
            let expected = model.opens(field);
            let got = stands.refuses(FieldId::parse(field).unwrap()).is_none();
            assert_eq!(got, expected, "{field} at {at}: {now:?} {own:#?} {stands:?}");
            if got { opened += 1 } else { closed += 1 }
        }
        // A basis opens something or says why not; it is never both.
        assert_eq!(stands.why.is_none(), stands.clone().basis().is_ok());
    }
    assert!(opened > 2_000 && closed > 2_000, "{opened} {closed}");
}

fn told(states: &[ConsentState], now: &Circumstances<'_>, at: i64) -> (Present, Option<Reason>) {
    let events: Vec<ConsentEvent> = states.iter().zip(1..).map(|(state, n)| event(n, *state)).collect();
    let of = events.iter().map(|e| (id(u128::from(e.number)), i64::from(e.number), e));
    let stands = standing(of, PURPOSES[0], now, at);
    (stands.present, stands.why)
}

#[test]
fn each_line_of_the_state_table_is_so() {
    use ConsentState::{Deferred, Given, Refused, Renewed, Requested, Withdrawn};
    let notices = Notices::default();
    let adult = Circumstances {
        age: AgeClass::Adult,
        deceased: false,
        doubted: false,
        mandates: &[],
        notices: &notices,
    };
    for (states, present, why) in [
        (vec![], Present::None, Some(Reason::ConsentNone)),
        (vec![Requested], Present::Requested, Some(Reason::ConsentNone)),
        (vec![Requested, Given], Present::Given, None),
        (vec![Requested, Refused], Present::Refused, Some(Reason::ConsentNone)),
        (vec![Requested, Deferred], Present::Deferred, Some(Reason::ConsentNone)),
        (vec![Given, Withdrawn], Present::Withdrawn, Some(Reason::ConsentWithdrawn)),
        (vec![Given, Renewed], Present::Renewed, None),
        (vec![Renewed], Present::None, Some(Reason::ConsentNone)),
        (vec![Withdrawn], Present::None, Some(Reason::ConsentNone)),
        (vec![Given, Requested], Present::Given, None),
        (vec![Given, Deferred], Present::Given, None),
        (vec![Given, Refused], Present::Refused, Some(Reason::ConsentNone)),
        (vec![Given, Withdrawn, Given], Present::Given, None),
    ] {
        assert_eq!(told(&states, &adult, 10), (present, why), "{states:?}");
    }
    let expired = (Present::Expired, Some(Reason::ConsentExpired));
    assert_eq!((told(&[Given], &adult, 999).1, told(&[Given], &adult, 1_000)), (None, expired));
    let dead = Circumstances { deceased: true, ..adult };
    assert_eq!(told(&[Given], &dead, 10), (Present::Invalid, Some(Reason::NoBasis)));
    let doubted = Circumstances { doubted: true, ..adult };
    assert_eq!(told(&[Given], &doubted, 10), (Present::Invalid, Some(Reason::NeedsGuardian)));
    let child = Circumstances { age: AgeClass::Under14, ..adult };
    assert_eq!(told(&[Given], &child, 10), (Present::Invalid, Some(Reason::NeedsGuardian)));
}
