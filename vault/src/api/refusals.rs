//! A refusal of somebody known is an entry, whichever door it was at: where the handler has entered none, it is entered here.

use std::sync::{Arc, Mutex};

use axum::http::StatusCode;
use axum::response::{IntoResponse as _, Response};
use gridvault_audit::{Actor, Kind, ResultWord, Who};
use gridvault_policy::Reason;

use super::extract::Context;
use super::{App, Language, Problem};
use crate::identity::{Caller, Nobody};
use crate::register;
use crate::trail::{Act, Change};

/// Who turned out to be at the door, and why they would be refused there. Put into the request on its way in.
#[derive(Clone, Debug, Default)]
pub(super) struct AtTheDoor(Arc<Mutex<Option<Known>>>);

#[derive(Clone, Debug)]
struct Known {
    who: Who,
    actor: Actor,
    reason: Reason,
}

/// Put into an answer whose refusal is on record already.
#[derive(Clone, Copy, Debug)]
pub(super) struct Entered;

impl AtTheDoor {
    /// A caller in a post.
    pub(super) fn is(&self, caller: &Caller, reason: Reason) {
        self.set(Known { who: caller.who(), actor: caller.actor(), reason });
    }

    /// Somebody known, in no one post.
    pub(super) fn is_nobody(&self, nobody: &Nobody) {
        let (who, actor) = (nobody.who.clone(), nobody.actor.clone());
        self.set(Known { who, actor, reason: Reason::PurposeRole });
    }

    fn set(&self, known: Known) {
        if let Ok(mut at) = self.0.lock() {
            *at = Some(known);
        }
    }

    fn known(&self) -> Option<Known> {
        self.0.lock().ok()?.clone()
    }
}

/// Enters that somebody known was refused one of several things at a door whose answer is no refusal as a whole.
pub(super) async fn enter(
    app: &App,
    caller: &Caller,
    door: &'static str,
    context: &Context,
) -> Result<(), Problem> {
    let at = AtTheDoor::default();
    at.is(caller, Reason::PurposeRole);
    let Some(known) = at.known() else { return Ok(()) };
    let recorded = app.vault.log.record(refused(app, known, (door, &context.request))).await;
    recorded.map(|_| ()).map_err(|error| Problem::of_record(&error, context.language))
}

fn refused(app: &App, known: Known, (door, request): (&str, &str)) -> Act {
    let mut entry = register::entry_by(Kind::AuthRefused, known.who, known.actor, request);
    entry.public.result = Some(ResultWord::Denied);
    entry.public.reason = Some(known.reason.as_str().into());
    entry.private.detail.insert("door", register::word(door));
    Act::new(&app.vault.keys, entry, Change::none())
}

/// The answer, once a refusal is on record; where it cannot be recorded, that.
pub(super) async fn entered(
    app: &App,
    at: &AtTheDoor,
    (door, request): (&str, &str),
    response: Response,
    language: Language,
) -> Response {
    let is_refusal =
        response.status() == StatusCode::FORBIDDEN && response.extensions().get::<Entered>().is_none();
    let (true, Some(known)) = (is_refusal, at.known()) else { return response };
    match app.vault.log.record(refused(app, known, (door, request))).await {
        Ok(_) => response,
        Err(error) => Problem::of_record(&error, language).into_response(),
    }
}
