//! A resident who is not held yet, taken in by a data steward or proposed by a worker.

use std::collections::BTreeMap;

use data_encoding::{BASE64, HEXLOWER};
use gridvault_audit::{Entry, Json, Kind};
use gridvault_policy::{Action, Basis, FieldId, Purpose, RecordType, Role};
use serde::{Deserialize, Serialize};
use uuid::Uuid;

use super::keep::{refused, spelled};
use super::proposals::{OfResident, propose_resident};
use super::residents::id_number;
use super::tasks::invalid;
use super::{Fresh, RegisterError, Seen, add_residents, entry, new_tag, word};
use crate::Vault;
use crate::authority::Header;
use crate::clock::civil_date;
use crate::identity::{Caller, Capacity, identify};
use crate::import::rows::ResidentRow;
use crate::lookup::{Ask, Decided, Manner, decide_write};
use crate::records::Wanted;
use crate::seal::{Sealing, Secret, facts_of};
use crate::store::{EnvelopesRow, Table, Term};
use crate::trail::{Act, Change};

/// A resident not held yet.
#[derive(Clone, Deserialize, schemars::JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Newcomer {
    /// Values by field.
    #[schemars(extend("propertyNames" = serde_json::json!({ "$ref": "#/components/schemas/StoredField" })))]
    pub fields: BTreeMap<String, String>,
    /// The home.
    pub premises: Uuid,
    /// The notice that the resident was given; none: not informed, and counted so.
    #[serde(default)]
    pub notice: Option<Uuid>,
    /// What for; a data steward collects for `data_quality`.
    #[serde(default)]
    #[schemars(with = "Option<crate::words::PurposeWord>")]
    pub purpose: Option<Purpose>,
    /// On what basis, where said.
    #[serde(default)]
    #[schemars(with = "Option<crate::words::BasisWord>")]
    pub basis: Option<Basis>,
    /// The task that it serves, which names the home.
    #[serde(default)]
    pub task: Option<Uuid>,
}

/// What became of a newcomer.
#[derive(Clone, Copy, Debug)]
pub enum Collected {
    /// Held from now on.
    Made(Uuid),
    /// Proposed: a data steward, who may know who is held already, confirms it.
    Proposed(Uuid),
}

/// Collects a resident. What a worker registers is a proposal, known or not: it is no question to be asked by writing.
pub async fn collect_resident(
    vault: &Vault,
    token: &Secret,
    capacity: Capacity,
    new: &Newcomer,
    fresh: Fresh,
    request: &str,
) -> Result<Collected, RegisterError> {
    let given = new.fields.iter().map(|(id, text)| (id.clone(), Some(text.clone()))).collect();
    let fields = spelled(vault, RecordType::Person, &given)?;
    let fields: Vec<(FieldId, Secret)> = fields.into_iter().filter_map(|(f, v)| Some((f, v?))).collect();
    for must in ["person.name", "person.id_type", "person.id_no"] {
        if !fields.iter().any(|(field, _)| field.as_str() == must) {
            return Err(invalid(&format!("/fields/{must}"), "required"));
        }
    }
    let caller = identify(vault, token, capacity).await?;
    super::informed::collects_now(vault, new.notice, caller.now()).await?;
    if caller.role() == Role::DataSteward {
        return take(vault, &caller, new, fields, fresh, request).await;
    }
    let manner = Manner {
        action: Action::Write,
        lifted: false,
        newcomer: Some(facts_of(&fields).age_class(civil_date(vault.now()))),
        listing: None,
    };
    let asked = fields.iter().map(|(field, _)| *field).filter(|field| field.as_str() != "person.id_type");
    let ask = Ask {
        kind: RecordType::Person,
        record: new.premises,
        fields: asked.collect(),
        purpose: new.purpose.unwrap_or(Purpose::DataQuality),
        basis: new.basis.map(|basis| (basis, None)),
        task: new.task,
        manner,
        request: request.to_owned(),
    };
    let wanted = Wanted { kind: RecordType::Premises, id: new.premises, task: new.task };
    let Decided { lookup, allowed, unknown } = decide_write(vault, token, capacity, wanted, &ask).await?;
    if !allowed {
        return Err(refused(vault, lookup, unknown).await);
    }
    let newcomer = OfResident::Newcomer(Proposed::sealed(vault, new, &fields)?);
    Ok(Collected::Proposed(propose_resident(vault, &caller, newcomer, fresh, &lookup).await?))
}

/// A newcomer as proposed: sealed as the record that it would be, so that confirming it opens nothing.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Proposed {
    record: Uuid,
    home: Uuid,
    /// The envelopes, base64.
    sealed: String,
    /// Blind-index terms, hex, by field number.
    terms: Vec<(u16, String)>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    notice: Option<Uuid>,
}

impl Proposed {
    fn sealed(vault: &Vault, new: &Newcomer, fields: &[(FieldId, Secret)]) -> Result<Self, RegisterError> {
        let record = Uuid::new_v4();
        let sealing = Sealing { record, kind: RecordType::Person, rev: 1, fields, facts: facts_of(fields) };
        let terms = vault.keys.terms(record, fields);
        Ok(Self {
            record,
            home: new.premises,
            sealed: BASE64.encode(&vault.keys.seal_record(&sealing)?.sealed),
            terms: terms.iter().map(|term| (term.field, HEXLOWER.encode(&term.term))).collect(),
            notice: new.notice,
        })
    }

    fn terms(&self) -> Vec<Term> {
        let term = |(field, hex): &(u16, String)| {
            let term = HEXLOWER.decode(hex.as_bytes()).ok()?;
            Some(Term { field: *field, term, record: self.record.as_bytes().to_vec() })
        };
        self.terms.iter().filter_map(term).collect()
    }

    /// Whether it is of the person whose record has one of these terms.
    pub(super) fn is_of(&self, terms: &[Term]) -> bool {
        let number = id_number(&self.terms()).map(|term| term.term.clone());
        number.is_some_and(|number| terms.iter().any(|term| term.term == number))
    }

    /// The act that makes the record; nothing where the person is held by now: what is held is corrected by who may know it.
    pub(super) async fn made(
        &self,
        vault: &Vault,
        mut entry: Entry,
    ) -> Result<Option<(Uuid, Act)>, RegisterError> {
        let terms = self.terms();
        let number = id_number(&terms).ok_or(RegisterError::Conflict)?;
        if !vault.store.holders(number.field, &number.term, 1).await?.is_empty() {
            return Ok(None);
        }
        super::tasks::header(vault, self.home, RecordType::Premises).await?.ok_or(RegisterError::Conflict)?;
        let sealed = BASE64.decode(self.sealed.as_bytes()).map_err(|_| RegisterError::Conflict)?;
        let tag = new_tag(&vault.keys)?;
        let header =
            Header { place: Some(self.home), notice: self.notice, ..Header::new(RecordType::Person, tag) };
        let id = self.record.as_bytes();
        let change = Change {
            rows: vec![vault.keys.row(Table::Records, id, 1, Some(self.home.as_bytes()), &header)?],
            envelopes: vec![EnvelopesRow { record: id.to_vec(), rev: 1, sealed }],
            terms,
            ..Change::default()
        };
        entry.private.subject = super::correct::subject(&header);
        entry.private.detail.insert("informed", word(if self.notice.is_some() { "notice" } else { "none" }));
        entry.private.detail.insert("source", word("proposal"));
        Ok(Some((self.record, Act::new(&vault.keys, entry, change))))
    }
}

/// Takes the newcomer in.
async fn take(
    vault: &Vault,
    caller: &Caller,
    new: &Newcomer,
    fields: Vec<(FieldId, Secret)>,
    fresh: Fresh,
    request: &str,
) -> Result<Collected, RegisterError> {
    let row = ResidentRow {
        row: 1,
        id: Some(fresh.id),
        premises_code: new.premises.to_string(),
        fields,
        findings: Vec::new(),
        mended: Vec::new(),
    };
    let mut seen = Seen::new();
    let make = |kind: Kind| {
        let mut made = entry(kind, caller, request);
        made.private.detail.insert("source", word("counter"));
        made
    };
    let mut added = add_residents(vault, vec![row], new.notice, &mut seen, &make).await?;
    if added.errors.iter().any(|error| error.code != "frozen") {
        return Err(invalid("/premises", "unknown"));
    }
    // Held already: a correction is another door's. That the steward learnt it is on record.
    let Some(id) = added.made.pop() else {
        let mut told = make(Kind::ImportBatch);
        told.private.detail.insert("kind", word("residents"));
        told.private.detail.insert("created", Json::Int(0));
        told.private.detail.insert("finding", word("same_person"));
        vault.log.record(Act::new(&vault.keys, told, Change::none())).await?;
        return Err(RegisterError::Conflict);
    };
    let acts = added.acts.into_iter().map(|act| act.with(&vault.keys, fresh.along.clone()));
    vault.log.record_all(acts.collect()).await?;
    Ok(Collected::Made(id))
}
