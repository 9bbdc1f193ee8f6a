//! Correcting a record: what is said otherwise becomes the next revision, and the one before goes to history.

use gridvault_audit::{Entry, Json, Subject, SubjectType};
use gridvault_policy::{FieldId, RecordState, RecordType, Tier};
use uuid::Uuid;

use super::RegisterError;
use super::places::cell_terms;
use crate::Vault;
use crate::authority::{Header, Move, REACHED_BEFORE, Reached};
use crate::seal::{Amending, Secret};
use crate::store::{EnvelopesRow, Row, Table};
use crate::trail::Change;

/// A record as it stands and what is said of it now.
pub(super) struct Correcting<'a> {
    /// Its header's row.
    pub(super) row: &'a Row,
    /// Its envelopes.
    pub(super) envelopes: &'a EnvelopesRow,
    /// Normalised values; none: no longer held.
    pub(super) fields: &'a [(FieldId, Option<Secret>)],
    /// A person's home.
    pub(super) place: Option<Uuid>,
    /// The cells that a premises goes over to.
    pub(super) cells: &'a [Move],
    /// Whether an index led to it, by the ID number among the fields.
    pub(super) found: bool,
}

/// What a correction changes.
pub(super) struct Corrected {
    pub(super) change: Change,
    fields: Vec<FieldId>,
    moved: bool,
    subject: Option<Subject>,
    rev: i64,
}

impl Corrected {
    /// Which fields became others. Of what is sensitive not even which field it was: that somebody has one would be told.
    pub(super) fn field_words(&self) -> Vec<String> {
        let word = |field: &FieldId| {
            if field.tier() > Tier::T2 { field.tier().as_str() } else { field.as_str() }.to_owned()
        };
        let mut words: Vec<String> = self.fields.iter().map(word).collect();
        words.sort_unstable();
        words.dedup();
        words
    }

    /// Says in the entry whom it is about and which ordinary fields became others; values never.
    pub(super) fn describe(&self, entry: &mut Entry) {
        entry.private.subject = self.subject.clone();
        let names = self.field_words().into_iter().map(Json::from).collect();
        entry.private.detail.insert("fields", Json::List(names));
        entry.private.detail.insert("rev", Json::Int(self.rev));
        if self.moved {
            entry.private.detail.insert("moved", Json::Int(1));
        }
    }
}

/// The change that makes the record say so; nothing where it says so already.
pub(super) fn corrected(
    vault: &Vault,
    correcting: &Correcting<'_>,
) -> Result<Option<Corrected>, RegisterError> {
    let Correcting { row, envelopes, .. } = *correcting;
    let mut header: Header = vault.keys.check(row).ok_or(RegisterError::Unknown("/id"))?;
    if header.state != RecordState::Live {
        return Err(RegisterError::Conflict);
    }
    let id = Uuid::from_slice(&row.id).map_err(|_| RegisterError::Unknown("/id"))?;
    let amending = Amending {
        record: id,
        kind: header.kind,
        envelopes,
        rev: header.envelopes,
        fields: correcting.fields,
        same_person: correcting.found,
    };
    let amended = vault.keys.amend(&amending)?;
    let mut change = Change::default();
    let moved = correcting.place.is_some_and(|place| header.place != Some(place));
    let phone = amended.as_ref().is_some_and(|a| a.changed.iter().any(|f| f.as_str() == "person.phone"));
    if header.kind == RecordType::Person && (moved || phone) {
        reached(&mut header, moved, phone, vault.now());
    }
    if let Some(place) = correcting.place {
        header.place = Some(place);
    }
    let before = cell_terms(id, &header);
    let moves = correcting.cells.iter().filter(|to| header.cell(to.scheme, to.from) != Some(&to.cell));
    let moves: Vec<Move> = moves.cloned().collect();
    if amended.is_none() && !moved && moves.is_empty() {
        return Ok(None);
    }
    let moved = moved || !moves.is_empty();
    header.moves.extend(moves);
    header.moves.sort_by_key(|to| to.from);
    change.terms =
        cell_terms(id, &header).into_iter().filter(|t| !before.iter().any(|b| b.term == t.term)).collect();
    let mut fields = Vec::new();
    if let Some(amended) = amended {
        header.envelopes = amended.envelopes.rev;
        change.terms.extend(amended.added);
        change.dropped = amended.dropped;
        change.envelopes.push(amended.envelopes);
        fields = amended.changed;
    }
    let parent = header.place.as_ref().map(|place| &place.as_bytes()[..]);
    change.rows.push(vault.keys.row(Table::Records, &row.id, row.rev + 1, parent, &header)?);
    Ok(Some(Corrected { change, fields, moved, subject: subject(&header), rev: row.rev + 1 }))
}

/// Notes how the person was to be reached until now; what is older than it is asked for is forgotten.
fn reached(header: &mut Header, moved: bool, phone: bool, now: i64) {
    header.reached.retain(|before| before.until > now - REACHED_BEFORE);
    let before = |home| Reached { until: now, home, envelopes: header.envelopes };
    let home = header.place.filter(|_| moved).map(|home| before(Some(home)));
    let phone = phone.then(|| before(None));
    header.reached.extend(home.into_iter().chain(phone));
}

/// The record as an entry names it.
pub(super) fn subject(header: &Header) -> Option<Subject> {
    let kind = match header.kind {
        RecordType::Person => SubjectType::Person,
        RecordType::Premises => SubjectType::Premises,
        RecordType::Ticket => SubjectType::Ticket,
    };
    Some(Subject { kind, tag: header.tag_bytes()?, place: None, also: Vec::new() })
}
