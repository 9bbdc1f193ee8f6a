//! Locating a record: headers, consents, tasks and sealed envelopes in one read, every MAC checked, nothing opened.

use gridvault_policy::{RecordType, Relation, Scheme};
use uuid::Uuid;

use super::consents::{ConsentLog, consent_events, mandates};
use crate::Vault;
use crate::authority::{ConsentEvent, Header, Holder, Mandate, REACHED_BEFORE, Reached, Task};
use crate::identity::{Caller, Party, Post};
use crate::store::{EnvelopesRow, LocatedRows, Shelf, StoreError, Table};

/// Which record is asked for, and the task named with it.
#[derive(Clone, Copy, Debug)]
pub struct Wanted {
    /// What kind of record the caller takes it for.
    pub kind: RecordType,
    /// Its id.
    pub id: Uuid,
    /// The task that the caller names.
    pub task: Option<Uuid>,
}

/// A record's header as checked.
pub struct Found {
    /// The record's id.
    pub id: Uuid,
    /// The header's revision.
    pub rev: i64,
    /// The header.
    pub header: Header,
}

/// What was found for a lookup; `own` is none where there is no such record.
pub struct Located {
    /// The record itself.
    pub own: Option<Found>,
    /// The home of a person, the place of a ticket.
    pub place: Option<Found>,
    /// The task that the caller named, if it exists.
    pub task: Option<(Uuid, Task)>,
    /// An open task of the caller's that names the record.
    pub named_by_own_task: bool,
    rows: LocatedRows,
}

/// Reads the record and checks headers and tasks. The same statements and the same number of MACs whether the record
/// exists or not, as long as the caller may not know of it.
pub async fn locate(vault: &Vault, caller: &Caller, wanted: &Wanted) -> Result<Located, StoreError> {
    let task_id = wanted.task.as_ref().map(|id| &id.as_bytes()[..]);
    let rows = vault.store.locate(wanted.id.as_bytes(), task_id).await?;
    let own = header(vault, &rows, wanted.id).filter(|found| found.header.kind == wanted.kind);
    let place = match own.as_ref().and_then(|found| found.header.place) {
        Some(id) => header(vault, &rows, id),
        None => {
            vault.keys.check_nothing();
            None
        }
    };
    let mut located = Located { own, place, task: None, named_by_own_task: false, rows };
    located.tasks(vault, caller, wanted);
    Ok(located)
}

fn header(vault: &Vault, rows: &LocatedRows, id: Uuid) -> Option<Found> {
    let row = rows.rows.iter().find(|row| row.table == Table::Records && row.id == id.as_bytes());
    match row {
        Some(row) => Some(Found { id, rev: row.rev, header: vault.keys.check(row)? }),
        None => {
            vault.keys.check_nothing();
            None
        }
    }
}

impl Located {
    /// The person as reached before the changes of the last 30 days: home and phone of then take the place of the present
    /// ones, where they are still kept.
    pub async fn before(&mut self, vault: &Vault, now: i64) -> Result<(), StoreError> {
        let Some(own) = &mut self.own else { return Ok(()) };
        let lately: Vec<Reached> =
            own.header.reached.iter().filter(|r| r.until > now - REACHED_BEFORE).cloned().collect();
        let home = lately.iter().find_map(|reached| reached.home);
        let phone = lately.iter().find(|reached| reached.home.is_none()).map(|reached| reached.envelopes);
        if let Some(rev) = phone {
            let record = own.id.as_bytes().to_vec();
            let found = vault.store.envelopes_behind(Shelf::Former, (&record, rev - 1), 1).await?;
            if let Some(former) = found.into_iter().find(|row| row.record == record && row.rev == rev) {
                own.header.envelopes = rev;
                self.rows.envelopes.retain(|row| row.record != record);
                self.rows.envelopes.push(former);
            }
        }
        if let Some(home) = home {
            let row = vault.store.row(Table::Records, home.as_bytes()).await?;
            let header = row.as_ref().and_then(|row| Some((row.rev, vault.keys.check(row)?)));
            let sealed = vault.store.envelopes(&[home.as_bytes()]).await?;
            if let (Some((rev, header)), false) = (header, sealed.is_empty()) {
                self.place = Some(Found { id: home, rev, header });
                self.rows.envelopes.extend(sealed);
            }
        }
        Ok(())
    }

    /// The cell of the record's place in a scheme: a premises' own, a person's home's, a ticket's place's.
    pub fn cell(&self, scheme: Scheme, at: i64) -> Option<&str> {
        let place = match &self.own {
            Some(own) if own.header.kind == RecordType::Premises => Some(own),
            _ => self.place.as_ref(),
        };
        place?.header.cell(scheme, at)
    }

    /// Every cell of the record's place, merged ones as what they have become.
    pub fn cells(&self, vault: &Vault, at: i64) -> Vec<(Scheme, String)> {
        let areas = vault.areas();
        let cell = |scheme: &Scheme| {
            let code = self.cell(*scheme, at)?;
            Some((*scheme, areas.cell(*scheme, code, at).map_or(code, |area| area.code.as_str()).to_owned()))
        };
        Scheme::ALL.iter().filter_map(cell).collect()
    }

    /// How near the post is to the record.
    pub fn relation(&self, vault: &Vault, post: &Post, at: i64) -> Relation {
        let post = &post.assignment;
        vault.areas().relation(post.scheme, &post.areas, self.cell(post.scheme, at), at)
    }

    /// The resident's consent events in their order; none at all where the header counts others than are there.
    pub fn consents(&self, vault: &Vault) -> Vec<(Uuid, i64, ConsentEvent)> {
        self.consents_chained(vault).unwrap_or_default().events
    }

    /// Likewise, with the digest of the last row; nothing where they are not whole.
    pub fn consents_chained(&self, vault: &Vault) -> Option<ConsentLog> {
        let own = self.own.as_ref()?;
        let events = consent_events(&vault.keys, self.rows.rows.iter(), &own.header);
        if events.is_none() {
            vault.keys.broken_row(format!("{}:consents", Table::Records.row_name(own.id.as_bytes())));
        }
        events
    }

    /// Who speaks for the resident.
    pub fn mandates(&self, vault: &Vault) -> Vec<(Uuid, Mandate)> {
        mandates(&vault.keys, self.rows.rows.iter())
    }

    /// The record's own envelopes, the facts envelope of a person among them.
    pub fn own_envelopes(&self) -> Option<&EnvelopesRow> {
        let own = self.own.as_ref()?;
        self.rows.envelopes.iter().find(|row| row.record == own.id.as_bytes())
    }

    /// The sealed envelopes, to be opened with a permit.
    pub fn into_envelopes(self) -> Vec<EnvelopesRow> {
        self.rows.envelopes
    }

    /// The task that the caller named, and whether any open one of the caller's names the record. Of the others only rows
    /// that would name the caller are checked: the rest costs no MAC, for what it says does not count.
    fn tasks(&mut self, vault: &Vault, caller: &Caller, wanted: &Wanted) {
        for row in self.rows.rows.iter().filter(|row| row.table == Table::Tasks) {
            let named = wanted.task.is_some_and(|id| row.id == id.as_bytes());
            let read = serde_json::from_slice::<Task>(&row.body).ok();
            if !named && !read.as_ref().is_some_and(|task| is_own(task, caller)) {
                continue;
            }
            let Some(task) = vault.keys.check_read(row, read) else { continue };
            // What one writes oneself does not make one know of anything.
            let person = caller.post().map(|post| post.assignment.person);
            let self_made = person.is_some_and(|person| task.self_made(person, task.confirmed.is_some()));
            self.named_by_own_task |= self.own.is_some()
                && !self_made
                && is_own(&task, caller)
                && task.open(caller.now())
                && task.names(wanted.id);
            if named {
                self.task = wanted.task.map(|id| (id, task));
            }
        }
    }
}

/// Whether the task is the caller's: assigned to the post acted in (or for), or opened by the service itself.
pub(crate) fn is_own(task: &Task, caller: &Caller) -> bool {
    match caller.party() {
        Party::Post(post) | Party::Service { behalf: Some(post), .. } => task.assignees.contains(&post.id),
        Party::Service { id, .. } => task.opener == Holder::Service(*id),
        Party::Resident(_) => false,
    }
}
