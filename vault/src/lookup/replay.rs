//! An entry of the trail decided anew: from the facts that it holds, under the policy version that it names.

use gridvault_audit::Json;
use gridvault_policy::{
    Action, AgeClass, Asked, Basis, Book, Decision, Department, Duty, Facts, FieldId, Listing, Posture,
    Purpose, RecordKey, RecordState, RecordType, Relation, Role, TaskState,
};

/// Why an entry is not decided anew.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum NoReplay {
    /// It is not a lookup.
    #[error("the entry is no lookup")]
    Kind,
    /// Its policy is another than the one at hand.
    #[error("the entry was decided under another policy version")]
    Version,
    /// Its private part was removed, or it was refused before the facts were gathered.
    #[error("the entry holds no facts to decide upon")]
    Facts,
}

/// A field as it was recorded and as it is decided now.
#[derive(Clone, Debug)]
pub struct Again {
    /// The field.
    pub field: FieldId,
    /// Outcome, rule, form or reason, as the entry has them.
    pub recorded: String,
    /// The same, decided anew.
    pub again: String,
    /// Alike; or refused by a fact that is no rule (`R-000`), such as a basis that does not cover the field.
    pub same: bool,
}

/// Decides a lookup's entry anew.
pub fn replay(book: &Book, public: &Json, private: &Json) -> Result<Vec<Again>, NoReplay> {
    if public.text("kind") != Some("lookup") {
        return Err(NoReplay::Kind);
    }
    if public.text("policy") != Some(&data_encoding::HEXLOWER.encode(&book.manifest_hash())) {
        return Err(NoReplay::Version);
    }
    let (facts, behind) = facts(public, private).ok_or(NoReplay::Facts)?;
    let groups = groups(public).ok_or(NoReplay::Facts)?;
    let asked: Vec<Asked> =
        groups.iter().map(|(field, _)| Asked { record: RecordKey([0; 16]), field: *field }).collect();
    let mut decision = book.decide(facts, &asked);
    if let Some(behind) = behind {
        decision = Decision::lesser(decision, book.decide(behind, &asked));
    }
    let decision = match listing(private) {
        Some(listing) => decision.listed(listing),
        None => decision,
    };
    let again = decision.fields().iter().zip(groups).map(|(decided, (field, recorded))| {
        let again = format!("{} {} {}", decided.outcome(), decided.rule(), decided.form_or_reason());
        let refused = recorded.strip_prefix("denied R-000 ");
        // A fact that is no rule refused it: no rule permits it now either, or the basis did not cover it.
        let by_fact = refused.is_some_and(|why| again.starts_with("denied ") || UNCOVERED.contains(&why));
        let same = again == recorded || by_fact;
        Again { field, recorded, again, same }
    });
    Ok(again.collect())
}

/// Why a basis does not cover a field.
const UNCOVERED: [&str; 4] = ["consent_none", "needs_separate", "needs_renewal", "no_basis"];

/// Whether the entry is one of a list.
fn listing(private: &Json) -> Option<Listing> {
    let Json::List(flags) = private.get("facts")?.get("flags")? else { return None };
    flags.iter().filter_map(Json::as_text).find_map(|flag| match flag {
        "list" => Some(Listing::Many),
        "list_few" => Some(Listing::Few),
        _ => None,
    })
}

/// The fields of an entry, each with its outcome, rule and form or reason.
fn groups(public: &Json) -> Option<Vec<(FieldId, String)>> {
    let Json::List(groups) = public.get("fields")? else { return None };
    let mut out = Vec::new();
    for group in groups {
        let Json::List(parts) = group else { return None };
        let [outcome, rule, third, Json::List(fields)] = parts.as_slice() else { return None };
        let recorded = format!("{} {} {}", outcome.as_text()?, rule.as_text()?, third.as_text()?);
        for field in fields {
            out.push((FieldId::parse(field.as_text()?).ok()?, recorded.clone()));
        }
    }
    Some(out)
}

/// The facts that an entry was decided upon; of a service that acted for somebody, the service's and that post's. Coverage
/// of the basis is not among them: what it left out stands as refused by `R-000`.
pub fn facts(public: &Json, private: &Json) -> Option<(Facts, Option<Facts>)> {
    let said = private.get("facts")?;
    let who = public.get("who")?;
    let (role, record) =
        (Role::parse(who.text("role")?)?, RecordType::parse(private.get("subject")?.text("type")?)?);
    let mut facts = Facts {
        relation: Relation::parse(said.text("relation")?)?,
        basis: Basis::parse(public.text("basis")?)?,
        action: Action::parse(public.text("action")?)?,
        duty: Duty::parse(said.text("duty")?)?,
        posture: Posture::parse(said.text("posture")?)?,
        task: TaskState::parse(said.text("task_state")?)?,
        age: AgeClass::parse(said.text("age_class")?)?,
        ..Facts::unproven(role, record, Purpose::parse(public.text("purpose")?)?)
    };
    let through = who.text("through").and_then(Department::parse);
    facts.department =
        who.text("department").and_then(Department::parse).or(through).unwrap_or(Department::None);
    let Json::List(flags) = said.get("flags")? else { return None };
    let mut behind = None;
    for flag in flags.iter().filter_map(Json::as_text) {
        match flag.split_once(':') {
            None if flag == "letter" => facts.letter = true,
            None if flag == "confirmed" => facts.confirmed = true,
            None if ["list", "list_few", "lifted"].contains(&flag) => {}
            None => facts.state = RecordState::parse(flag)?,
            Some(("named", field)) => facts.named.insert(FieldId::parse(field).ok()?),
            Some(("behind", words)) => behind = Some(words),
            Some(_) => return None,
        }
    }
    let Some(words) = behind else { return Some((facts, None)) };
    let mut words = words.split(':');
    let mut person = facts.clone();
    person.role = Role::parse(words.next()?)?;
    person.department = Department::parse(words.next()?)?;
    person.relation = Relation::parse(words.next()?)?;
    (facts.role, facts.department, facts.relation) = (Role::Service, through?, Relation::OwnStreet);
    Some((facts, Some(person)))
}
