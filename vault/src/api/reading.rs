//! A look at the trail is itself on record before anything is read of it; a view that is looked at again and again, once an hour.

use std::collections::HashMap;
use std::sync::{Mutex, MutexGuard, PoisonError};

use gridvault_audit::{Json, Kind, Subject, SubjectType};
use gridvault_policy::Role;

use super::extract::Context;
use super::problem::Name;
use super::{App, Problem};
use crate::identity::Caller;
use crate::register;
use crate::trail::{Act, Change};

/// Microseconds.
const AN_HOUR: i64 = 3_600_000_000;

/// Whose look at what was entered within the hour.
#[derive(Default)]
pub(super) struct Readers(Mutex<HashMap<String, i64>>);

impl Readers {
    fn is_due(&self, reader: &str, now: i64) -> bool {
        self.locked().get(reader).is_none_or(|since| now - since >= AN_HOUR)
    }

    fn entered(&self, reader: String, now: i64) {
        let mut readers = self.locked();
        readers.retain(|_, since| now - *since < AN_HOUR);
        readers.insert(reader, now);
    }

    fn locked(&self) -> MutexGuard<'_, HashMap<String, i64>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// What is looked at of the trail, as its entry says it.
pub(super) struct Look {
    kind: Kind,
    /// Closed members: words, numbers, our ids.
    pub(super) detail: Vec<(&'static str, Json)>,
    /// The tag of the record that is asked about.
    pub(super) record: Option<[u8; 16]>,
}

impl Look {
    pub(super) fn at(kind: Kind, view: &'static str) -> Self {
        Self { kind, detail: vec![("view", Json::from(view))], record: None }
    }
}

impl Context {
    /// Whoever may read the trail: a privacy officer or an auditor.
    pub(super) async fn reader(&self, app: &App) -> Result<Caller, Problem> {
        let caller = self.plain_caller(app).await?;
        match caller.role() {
            Role::PrivacyOfficer | Role::Auditor => Ok(caller),
            _ => Err(self.problem(Name::Denied)),
        }
    }

    /// Enters that the caller looks at this view; `more` says how.
    pub(super) async fn enter(
        &self,
        app: &App,
        caller: &Caller,
        (kind, view): (Kind, &'static str),
        more: Option<(&'static str, i64)>,
    ) -> Result<(), Problem> {
        let mut look = Look::at(kind, view);
        look.detail.extend(more.map(|(name, number)| (name, Json::Int(number))));
        self.enter_look(app, caller, look).await
    }

    /// Likewise, with all that is asked: a question about a record stands among that record's entries.
    pub(super) async fn enter_look(&self, app: &App, caller: &Caller, look: Look) -> Result<(), Problem> {
        let mut read = register::entry(look.kind, caller, &self.request);
        read.private.detail.extend(look.detail);
        let subject = |tag| Subject { kind: SubjectType::Person, tag, place: None, also: Vec::new() };
        read.private.subject = look.record.map(subject);
        let recorded = app.vault.log.record(Act::new(&app.vault.keys, read, Change::none())).await;
        recorded.map(|_| ()).map_err(|error| Problem::of_record(&error, self.language))
    }

    /// Likewise, unless this caller's look at this view was entered within the hour.
    pub(super) async fn enter_hourly(
        &self,
        app: &App,
        caller: &Caller,
        (kind, view): (Kind, &'static str),
        more: Option<(&'static str, i64)>,
    ) -> Result<(), Problem> {
        let (reader, now) = (format!("{view}/{}", caller.actor().id), app.vault.now());
        if app.readers.is_due(&reader, now) {
            self.enter(app, caller, (kind, view), more).await?;
            app.readers.entered(reader, now);
        }
        Ok(())
    }
}
