//! What was decided and is to be recorded: a lookup, whose record is the permit; a search; a verification.

mod asking;

use std::borrow::Cow;
use std::collections::BTreeMap;

use gridvault_audit::{
    Actor, Auditable, Entry, FieldGroup, Json, Kind, Private, Public, Recorded, ResultWord, Subject, Who,
};
use gridvault_policy::{
    Decision, FieldDecision, FieldId, Listing, RecordKey, RecordState, RecordType, Scheme, Verdict,
};
use jiff::civil::Date;

pub use self::asking::{Count, Search, Sought, Verification};
use crate::trail::{Change, Expect};

/// A recorded lookup: the only thing that opens an envelope, once, within five seconds.
pub type Permit = Recorded<Lookup>;

/// A decision with everything it is about: caller, record, revisions. Made by the lookup's way only.
pub struct Lookup {
    decision: Decision,
    about: About,
}

/// What a lookup is about, as gathered before deciding.
pub(crate) struct About {
    pub(crate) who: Who,
    pub(crate) actor: Actor,
    pub(crate) subject: Option<Subject>,
    /// Records in reach with the envelope revision their header names.
    pub(crate) records: Vec<(RecordType, RecordKey, i64)>,
    pub(crate) cells: Vec<(Scheme, String)>,
    pub(crate) post_areas: Vec<String>,
    pub(crate) today: Date,
    pub(crate) basis_ref: Option<String>,
    pub(crate) task: Option<String>,
    pub(crate) consent: Option<i64>,
    pub(crate) record_rev: i64,
    pub(crate) expect: Expect,
    pub(crate) listing: Option<Listing>,
    /// Whether the task stands for a record that it does not name: of a search or a comparison.
    pub(crate) lifted: bool,
    pub(crate) request: String,
    pub(crate) policy: [u8; 32],
}

impl Lookup {
    pub(crate) fn new(decision: Decision, about: About) -> Self {
        Self { decision, about }
    }

    pub(crate) fn decision(&self) -> &Decision {
        &self.decision
    }

    pub(crate) fn into_decision(self) -> Decision {
        self.decision
    }

    pub(crate) fn today(&self) -> Date {
        self.about.today
    }

    pub(crate) fn cells(&self) -> &[(Scheme, String)] {
        &self.about.cells
    }

    pub(crate) fn post_areas(&self) -> &[String] {
        &self.about.post_areas
    }

    /// The entry of a change that was decided like a lookup, and what it was decided at.
    pub(crate) fn written(&self, kind: Kind) -> (Entry, Expect) {
        let mut entry = self.entry();
        entry.public.kind = kind;
        (entry, self.about.expect.clone())
    }

    /// The envelope revision that the record's header names.
    pub(crate) fn envelope_rev(&self, record: RecordKey) -> Option<i64> {
        self.about.records.iter().find(|(_, key, _)| *key == record).map(|(_, _, rev)| *rev)
    }

    /// The record of this lookup that holds a field.
    pub(crate) fn holder_of(&self, field: FieldId) -> Option<RecordKey> {
        let kind = field.record();
        self.about.records.iter().find(|(k, _, _)| *k == kind).map(|(_, key, _)| *key)
    }
}

impl Auditable for Lookup {
    type Change = Change;

    fn entry(&self) -> Entry {
        let facts = self.decision.facts();
        Entry {
            public: Public {
                kind: Kind::Lookup,
                who: self.about.who.clone(),
                action: Some(Cow::Borrowed(facts.action.as_str())),
                purpose: Some(Cow::Borrowed(facts.purpose.as_str())),
                basis: Some(Cow::Borrowed(facts.basis.as_str())),
                fields: groups(self.decision.fields()),
                obligations: self
                    .decision
                    .obligations()
                    .iter()
                    .map(crate::authority::obligation_json)
                    .collect(),
                result: Some(match self.decision.verdict() {
                    Verdict::Allowed => ResultWord::Allowed,
                    Verdict::Partial => ResultWord::Partial,
                    Verdict::Denied => ResultWord::Denied,
                }),
                reason: self.decision.reason().map(|reason| Cow::Borrowed(reason.as_str())),
                about: BTreeMap::new(),
                policy: Some(self.about.policy),
            },
            private: Private {
                salt: None,
                actor: self.about.actor.clone(),
                subject: self.about.subject.clone(),
                basis_ref: self.about.basis_ref.clone(),
                task: self.about.task.clone(),
                consent: self.about.consent,
                facts: Some(self.facts()),
                state: Vec::new(),
                request: Some(self.about.request.clone()),
                detail: BTreeMap::new(),
            },
        }
    }

    fn change(&mut self) -> Change {
        Change::check(self.about.expect.clone())
    }
}

impl Lookup {
    /// What was decided upon, in words: with the policy enough to decide again exactly.
    fn facts(&self) -> Json {
        let facts = self.decision.facts();
        let mut out = BTreeMap::new();
        let mut word = |name: &'static str, word: &'static str| {
            out.insert(Cow::Borrowed(name), Json::from(word));
        };
        word("relation", facts.relation.as_str());
        word("duty", facts.duty.as_str());
        word("posture", facts.posture.as_str());
        word("task_state", facts.task.as_str());
        word("age_class", facts.age.as_str());
        let mut flags: Vec<Cow<'static, str>> = Vec::new();
        if facts.state != RecordState::Live {
            flags.push(facts.state.as_str().into());
        }
        flags.extend(self.about.listing.map(|listing| match listing {
            Listing::Many => "list".into(),
            Listing::Few => "list_few".into(),
        }));
        flags.extend(self.about.lifted.then_some("lifted".into()));
        flags.extend(facts.letter.then_some("letter".into()));
        flags.extend(facts.confirmed.then_some("confirmed".into()));
        flags.extend(facts.self_made.then_some("self_made".into()));
        let named =
            self.decision.fields().iter().map(FieldDecision::field).filter(|f| facts.named.contains(*f));
        flags.extend(named.map(|field| format!("named:{}", field.as_str()).into()));
        if let Some(behind) = self.decision.behind() {
            flags.push(format!("behind:{}:{}:{}", behind.role, behind.department, behind.relation).into());
        }
        let flags = flags.into_iter().map(Json::Text).collect();
        out.insert("flags".into(), Json::List(flags));
        out.insert("rev".into(), Json::Int(self.about.expect.facts_rev));
        out.insert("record_rev".into(), Json::Int(self.about.record_rev));
        Json::Map(out)
    }
}

/// Fields that share outcome, rule and form (or reason) stand together.
fn groups(fields: &[FieldDecision]) -> Vec<FieldGroup> {
    let mut groups: Vec<FieldGroup> = Vec::new();
    for decided in fields {
        let third = decided.form_or_reason();
        let (outcome, rule) = (decided.outcome().as_str(), decided.rule().to_string());
        let field = Cow::Borrowed(decided.field().as_str());
        match groups.iter_mut().find(|g| g.outcome == outcome && g.rule == rule && g.form_or_reason == third)
        {
            Some(group) => group.fields.push(field),
            None => groups.push(FieldGroup {
                outcome: outcome.into(),
                rule: rule.into(),
                form_or_reason: third.into(),
                fields: vec![field],
            }),
        }
    }
    groups
}
