//! Deciding: facts gathered, the book asked, and all that the entry says of it put together.

use gridvault_audit::{Subject, SubjectType};
use gridvault_policy::{
    Action, Asked, Decision, Facts, FieldId, Outcome, Reason, RecordKey, RecordType, Relation, Role,
};
use uuid::Uuid;

use super::{Ask, Ending, LookupError, facts};
use crate::Vault;
use crate::identity::{Caller, Party};
use crate::permit::{About, Lookup};
use crate::records::Located;
use crate::store::{StoreError, Table};
use crate::trail::Expect;

/// Gathers the facts, decides, and says what it is all about.
pub(super) async fn decide(
    vault: &Vault,
    caller: &Caller,
    located: &Located,
    ask: &Ask,
) -> Result<(Lookup, Ending), LookupError> {
    let book = vault.book.load();
    let mut gathered = facts::gather(vault, &book, caller, located, ask)?;
    let asked = asked(located, ask);
    let evidence = std::mem::take(&mut gathered.evidence);
    let (decision, ending) = match gathered.refusal {
        Some((reason, ending)) => (book.refuse(gathered.facts, &asked, reason), ending),
        None => (gathered.decide(&book, &asked), Ending::Plain),
    };
    let decision = match ask.manner.listing {
        Some(listing) => decision.listed(listing),
        None => decision,
    };
    let subject = subject(vault, located, ask, &decision, &ending).await?;
    let own = located.own.as_ref().filter(|_| !matches!(ending, Ending::Unknown));
    let place = located.place.as_ref().filter(|_| own.is_some());
    let about = About {
        who: caller.who(),
        actor: caller.actor(),
        subject,
        records: own
            .into_iter()
            .chain(place)
            .map(|f| (f.header.kind, RecordKey(f.id.into_bytes()), f.header.envelopes))
            .collect(),
        cells: located.cells(vault, caller.now()),
        post_areas: caller.post().map(|post| post.assignment.areas.clone()).unwrap_or_default(),
        today: crate::clock::civil_date(caller.now()),
        basis_ref: evidence.basis_ref,
        task: located.task.as_ref().map(|(id, _)| id.to_string()),
        consent: evidence.consent,
        record_rev: own.map_or(0, |found| found.rev),
        expect: Expect {
            facts_rev: caller.facts_rev(),
            records: own.into_iter().chain(place).map(|f| (f.id.as_bytes().to_vec(), f.rev)).collect(),
        },
        listing: ask.manner.listing,
        lifted: ask.manner.lifted,
        request: ask.request.clone(),
        policy: book.manifest_hash(),
    };
    Ok((Lookup::new(decision, about), ending))
}

/// Each field with the record that holds it: the record's own, or its place's.
fn asked(located: &Located, ask: &Ask) -> Vec<Asked> {
    let place = located.place.as_ref().map_or(ask.record, |found| found.id);
    let holder = |field: FieldId| match (ask.kind, field.record()) {
        (RecordType::Person | RecordType::Ticket, RecordType::Premises) => place,
        _ => ask.record,
    };
    ask.fields
        .iter()
        .map(|field| Asked { record: RecordKey(holder(*field).into_bytes()), field: *field })
        .collect()
}

/// Whom the entry is about: by audit tags, never by ids; an unknown record has none.
async fn subject(
    vault: &Vault,
    located: &Located,
    ask: &Ask,
    decision: &Decision,
    ending: &Ending,
) -> Result<Option<Subject>, StoreError> {
    let Some(own) = &located.own else { return Ok(None) };
    let Some(tag) = own.header.tag_bytes() else { return Ok(None) };
    let kind = match own.header.kind {
        RecordType::Person => SubjectType::Person,
        RecordType::Premises => SubjectType::Premises,
        RecordType::Ticket => SubjectType::Ticket,
    };
    let mut subject = Subject { kind, tag, place: None, also: Vec::new() };
    if matches!(ending, Ending::Unknown) {
        return Ok(Some(subject));
    }
    let asks_place =
        ask.kind != RecordType::Premises && ask.fields.iter().any(|f| f.record() == RecordType::Premises);
    subject.place = located.place.as_ref().filter(|_| asks_place).and_then(|place| place.header.tag_bytes());
    let shows_address = decision.fields().iter().any(|d| {
        d.field().as_str() == "premises.address" && matches!(d.outcome(), Outcome::Clear | Outcome::Masked)
    });
    let premises = match ask.kind {
        RecordType::Premises => Some(own.id),
        RecordType::Ticket => located.place.as_ref().map(|place| place.id),
        RecordType::Person => None,
    };
    if let (true, Some(premises)) = (shows_address, premises) {
        subject.also = residents_at(vault, premises).await?;
    }
    Ok(Some(subject))
}

/// Tags of those who live at a premises, at most 50.
async fn residents_at(vault: &Vault, premises: Uuid) -> Result<Vec<[u8; 16]>, StoreError> {
    let rows = vault.store.children(Table::Records, premises.as_bytes()).await?;
    let mut tags: Vec<_> = rows
        .iter()
        .filter_map(|row| vault.keys.check::<crate::authority::Header>(row))
        .filter(|header| header.kind == RecordType::Person)
        .filter_map(|header| header.tag_bytes())
        .take(50)
        .collect();
    tags.sort_unstable();
    Ok(tags)
}

/// Whether the caller may know that the record exists.
pub(super) fn may_know(vault: &Vault, caller: &Caller, located: &Located, ask: &Ask) -> bool {
    let Some(own) = &located.own else { return false };
    let book = vault.book.load();
    // Who only compares or writes knows of no record by looking, but may compare or write within reach.
    let reaches = |role, department, relation| {
        let mut facts = Facts { department, relation, ..Facts::unproven(role, ask.kind, ask.purpose) };
        let views = book.reaches(&facts);
        facts.action = ask.manner.action;
        views || book.reaches(&facts)
    };
    let by_post = |post: &crate::identity::Post| {
        let relation = located.relation(vault, post, caller.now());
        reaches(post.assignment.role, post.assignment.department, relation)
    };
    match caller.party() {
        Party::Resident(record) => *record == own.id,
        Party::Service { behalf: None, kind, .. } => {
            let compares =
                ask.manner.action == Action::Match && reaches(Role::Service, *kind, Relation::OwnStreet);
            located.named_by_own_task || compares
        }
        Party::Post(post) | Party::Service { behalf: Some(post), .. } => {
            located.named_by_own_task || by_post(post)
        }
    }
}

/// The reason that stands for a record one may not know of, there or not.
pub(super) fn unknown_reason(vault: &Vault, caller: &Caller, ask: &Ask) -> Reason {
    let book = vault.book.load();
    let uses = |action| book.uses_purpose(caller.role(), caller.department(), ask.purpose, action);
    if uses(Action::View) || uses(ask.manner.action) { Reason::GridScope } else { Reason::PurposeRole }
}
