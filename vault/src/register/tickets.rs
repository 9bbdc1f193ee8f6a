//! The ticket that a case brings: its place, and the reporter's contact sealed.

use gridvault_audit::Kind;
use gridvault_policy::{FieldId, RecordType};
use uuid::Uuid;

use super::tasks::{NewCase, header, invalid};
use super::{RegisterError, entry, new_tag};
use crate::Vault;
use crate::authority::Header;
use crate::clock;
use crate::identity::Caller;
use crate::records::values;
use crate::seal::{RecordFacts, Sealing, Secret};
use crate::store::Table;
use crate::trail::{Act, Change};
use crate::vault::Nature;

/// Makes a ticket of that case; gives its id and the act that records it.
pub(super) async fn ticket(
    vault: &Vault,
    caller: &Caller,
    case: &NewCase,
    task: Uuid,
    number: &str,
    request: &str,
) -> Result<(Uuid, Act), RegisterError> {
    header(vault, case.place, RecordType::Premises).await?.ok_or(RegisterError::Unknown("/case/place"))?;
    let today = clock::civil_date(caller.now());
    let synthetic = vault.nature == Nature::Synthetic;
    let mut fields = vec![(field("case.place")?, Secret::new(case.place.to_string()))];
    fields.push((field("case.id")?, Secret::new(number)));
    let mut take = |id: &'static str, text: &str, member: &str| {
        let field = field(id)?;
        let value = values::normalise(field, text, synthetic, today).map_err(|e| invalid(member, e.code))?;
        fields.push((field, value.value));
        Ok::<_, RegisterError>(())
    };
    take("case.kind", &case.kind, "/case/kind")?;
    if let Some(reporter) = &case.reporter {
        take("person.name", &reporter.name, "/case/reporter/name")?;
        take("case.reporter_phone", &reporter.phone, "/case/reporter/phone")?;
    }
    let id = Uuid::new_v4();
    let tag = new_tag(&vault.keys)?;
    let header = Header { place: Some(case.place), task: Some(task), ..Header::new(RecordType::Ticket, tag) };
    let sealing = Sealing {
        record: id,
        kind: RecordType::Ticket,
        rev: 1,
        fields: &fields,
        facts: RecordFacts::default(),
    };
    let change = Change {
        rows: vec![vault.keys.row(Table::Records, id.as_bytes(), 1, Some(case.place.as_bytes()), &header)?],
        envelopes: vec![vault.keys.seal_record(&sealing)?],
        ..Change::default()
    };
    let mut created = entry(Kind::TicketCreated, caller, request);
    created.private.subject = Some(gridvault_audit::Subject {
        kind: gridvault_audit::SubjectType::Ticket,
        tag,
        place: None,
        also: Vec::new(),
    });
    created.private.task = Some(task.to_string());
    Ok((id, Act::new(&vault.keys, created, change)))
}

fn field(id: &'static str) -> Result<FieldId, RegisterError> {
    FieldId::parse(id).map_err(|_| invalid(id, "field_unknown"))
}
