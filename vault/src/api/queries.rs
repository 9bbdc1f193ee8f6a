//! `POST /v1/audit/queries`: questions to the trail, for officers and auditors; each is itself an entry.

use std::borrow::Cow;

use axum::extract::State;
use axum::response::{IntoResponse, Response};
use gridvault_audit::{Json, Kind, ResultWord};
use gridvault_policy::{Outcome, Purpose, Reason, Role};
use schemars::JsonSchema;
use serde::Deserialize;
use serde_json::{Map, Value, json};
use uuid::Uuid;

use super::audit::{both_parts, failed};
use super::extract::{Body, Context};
use super::problem::Name;
use super::reading::Look;
use super::{App, Problem, is_identifier};
use crate::authority::Header;
use crate::clock::{day_number, numbered_day, parse_time};
use crate::identity::Caller;
use crate::store::Table;
use crate::trail::{Aspect, Count, CountQuestion, Counts, Question};

/// What is asked of the trail; what is not said does not narrow it.
#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
#[schemars(rename = "TrailQuery")]
pub(super) struct Ask {
    /// Kinds of entries.
    #[serde(default)]
    #[schemars(with = "Vec<crate::words::KindWord>")]
    kinds: Vec<String>,
    /// The person or service that acted.
    actor: Option<Uuid>,
    /// The resident, premises or ticket that it is about.
    record: Option<Uuid>,
    #[schemars(with = "Option<crate::words::PurposeWord>")]
    purpose: Option<Purpose>,
    /// The role acted in.
    #[schemars(with = "Option<crate::words::RoleWord>")]
    role: Option<Role>,
    /// The code of the post's area.
    #[schemars(with = "Option<crate::words::Identifier>")]
    grid: Option<String>,
    /// How it ended.
    #[schemars(with = "Option<crate::words::ResultWord>")]
    result: Option<String>,
    /// A group of fields had this outcome.
    #[schemars(with = "Option<crate::words::EntryOutcome>")]
    outcome: Option<Outcome>,
    /// It was denied for this reason, or a group of fields was.
    #[schemars(with = "Option<crate::words::ReasonWord>")]
    reason: Option<Reason>,
    /// The device asked from.
    #[schemars(with = "Option<crate::words::Identifier>")]
    device: Option<String>,
    /// The task that it served.
    task: Option<Uuid>,
    /// From this moment on; counts are of whole days, this one's among them.
    #[schemars(with = "Option<crate::words::When>")]
    from: Option<String>,
    /// Before this moment; a day alone is its first. Counts are of whole days, the one before this moment's among them.
    #[schemars(with = "Option<crate::words::When>")]
    to: Option<String>,
    /// `next` of the page before.
    after: Option<i64>,
    /// Entries at most; 100 where nothing is said. A page may hold fewer, and yet have a `next`: one answer reads only so much.
    #[schemars(range(min = 1, max = 500))]
    limit: Option<i64>,
    /// The newest first, and back from there.
    #[serde(default)]
    newest_first: bool,
    /// Asks for numbers in place of entries: of lookups, searches and verifications, apart by these, on whole days in Beijing.
    /// Only `kinds`, `purpose`, `role`, `grid`, `from` and `to` narrow them.
    #[schemars(length(min = 1), extend("uniqueItems" = true))]
    count_by: Option<Vec<CountBy>>,
    /// A view that is shown again and again: its reading is entered once an hour for each person, every other is an entry
    /// with what is asked. Not with `actor`, `record`, `device` or `task`.
    #[serde(default)]
    live: bool,
}

/// By what entries are counted.
#[derive(Clone, Copy, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
enum CountBy {
    /// The day, in Beijing.
    Day,
    /// The area of the post.
    Grid,
    /// The role acted in.
    Role,
    /// The purpose.
    Purpose,
}

/// In the order in which sums are apart.
const BY: [CountBy; 4] = [CountBy::Day, CountBy::Grid, CountBy::Role, CountBy::Purpose];

pub(super) async fn create(
    State(app): State<App>,
    context: Context,
    Body(bytes): Body,
) -> Result<Response, Problem> {
    let ask: Ask = context.body(&bytes)?;
    let caller = context.reader(&app).await?;
    match &ask.count_by {
        Some(by) => counts(&app, &context, &caller, &ask, by).await,
        None => entries(&app, &context, &caller, &ask).await,
    }
}

async fn entries(app: &App, context: &Context, caller: &Caller, ask: &Ask) -> Result<Response, Problem> {
    let question = ask.question(app, context).await?;
    enter(app, context, caller, ask, ("query", question.record.as_deref())).await?;
    let page = app.vault.questions.ask(&question).await.map_err(|error| failed(context, &error))?;
    let entries: Vec<Value> = page.entries.iter().map(both_parts).collect();
    Ok(axum::Json(json!({ "entries": entries, "next": page.next })).into_response())
}

async fn counts(
    app: &App,
    context: &Context,
    caller: &Caller,
    ask: &Ask,
    by: &[CountBy],
) -> Result<Response, Problem> {
    let question = ask.count_question(context, by)?;
    enter(app, context, caller, ask, ("counts", None)).await?;
    let counts = app.vault.questions.count(&question).await.map_err(|error| failed(context, &error))?;
    match counts {
        Counts::Counted(counts) => {
            let counts: Vec<Value> = counts.iter().map(|count| count_json(count, by)).collect();
            Ok(axum::Json(json!({ "counts": counts, "next": null })).into_response())
        }
        Counts::TooMany => Err(invalid(context, "/count_by", "too_many")),
        Counts::Behind => Err(context.problem(Name::AuditUnavailable).retry_after(10)),
    }
}

/// Enters what is asked, and of which record; a live view, which asks of nobody, once an hour.
async fn enter(
    app: &App,
    context: &Context,
    caller: &Caller,
    ask: &Ask,
    (view, record): (&'static str, Option<&[u8]>),
) -> Result<(), Problem> {
    if ask.live {
        return context.enter_hourly(app, caller, (Kind::TrailRead, "live"), None).await;
    }
    let asked = ask.words(context)?.into_iter();
    let asked = asked.map(|(aspect, words)| {
        let words = words.into_iter().map(|word| Json::Text(Cow::Owned(word))).collect();
        (Cow::Borrowed(aspect.as_str()), Json::List(words))
    });
    let limit = ask.limit.map(|limit| ("limit", Json::Int(limit)));
    let mut look = Look::at(Kind::TrailRead, view);
    look.detail.extend(limit);
    look.detail.push(("asked", Json::Map(asked.collect())));
    look.record = record.and_then(|tag| tag.try_into().ok());
    context.enter_look(app, caller, look).await
}

impl Ask {
    async fn question(&self, app: &App, context: &Context) -> Result<Question, Problem> {
        let words = self.words(context)?;
        // What is asked of somebody is entered each time.
        let somebody = [
            ("/actor", self.actor.is_some()),
            ("/record", self.record.is_some()),
            ("/device", self.device.is_some()),
            ("/task", self.task.is_some()),
        ];
        if let Some((pointer, _)) = somebody.iter().find(|(_, said)| self.live && *said) {
            return Err(invalid(context, pointer, "not_with_live"));
        }
        let limit = usize::try_from(self.limit.unwrap_or(100)).unwrap_or(0);
        if !(1..=500).contains(&limit) {
            return Err(invalid(context, "/limit", "from_1_to_500"));
        }
        let (from, to) = self.moments(context)?;
        let record = match self.record {
            None => None,
            Some(id) => Some(tag_of(app, context, id).await?),
        };
        Ok(Question { words, record, from, to, after: self.after, newest_first: self.newest_first, limit })
    }

    /// The words that an entry must say.
    fn words(&self, context: &Context) -> Result<Vec<(Aspect, Vec<String>)>, Problem> {
        if self.kinds.iter().any(|kind| Kind::parse(kind).is_none()) {
            return Err(invalid(context, "/kinds", "word_unknown"));
        }
        if self.result.as_ref().is_some_and(|result| ResultWord::parse(result).is_none()) {
            return Err(invalid(context, "/result", "word_unknown"));
        }
        // What is absent is not in an entry.
        if self.outcome == Some(Outcome::Absent) {
            return Err(invalid(context, "/outcome", "word_unknown"));
        }
        for (pointer, id) in [("/grid", &self.grid), ("/device", &self.device)] {
            if id.as_ref().is_some_and(|id| !is_identifier(id)) {
                return Err(invalid(context, pointer, "identifier"));
            }
        }
        let one = [
            (Aspect::Actor, self.actor.map(|id| id.to_string())),
            (Aspect::Role, self.role.map(|role| role.to_string())),
            (Aspect::Grid, self.grid.clone()),
            (Aspect::Purpose, self.purpose.map(|purpose| purpose.to_string())),
            (Aspect::Result, self.result.clone()),
            (Aspect::Outcome, self.outcome.map(|outcome| outcome.to_string())),
            (Aspect::Reason, self.reason.map(|reason| reason.to_string())),
            (Aspect::Device, self.device.clone()),
            (Aspect::Task, self.task.map(|id| id.to_string())),
        ];
        let mut words: Vec<_> =
            one.into_iter().filter_map(|(aspect, word)| Some((aspect, vec![word?]))).collect();
        if !self.kinds.is_empty() {
            let mut kinds = self.kinds.clone();
            kinds.sort_unstable();
            kinds.dedup();
            words.push((Aspect::Kind, kinds));
        }
        Ok(words)
    }

    fn moments(&self, context: &Context) -> Result<(Option<i64>, Option<i64>), Problem> {
        let time = |text: &Option<String>, pointer| match text {
            None => Ok(None),
            Some(text) => parse_time(text).map(Some).ok_or_else(|| invalid(context, pointer, "time")),
        };
        Ok((time(&self.from, "/from")?, time(&self.to, "/to")?))
    }

    fn count_question(&self, context: &Context, by: &[CountBy]) -> Result<CountQuestion, Problem> {
        if by.is_empty() || by.len() > BY.len() {
            return Err(invalid(context, "/count_by", "from_1_to_4"));
        }
        if let Some(again) = (1..by.len()).find(|n| by.iter().take(*n).any(|one| by.get(*n) == Some(one))) {
            return Err(invalid(context, &format!("/count_by/{again}"), "repeated"));
        }
        for (pointer, said) in [
            ("/actor", self.actor.is_some()),
            ("/record", self.record.is_some()),
            ("/result", self.result.is_some()),
            ("/outcome", self.outcome.is_some()),
            ("/reason", self.reason.is_some()),
            ("/device", self.device.is_some()),
            ("/task", self.task.is_some()),
            ("/after", self.after.is_some()),
            ("/limit", self.limit.is_some()),
            ("/newest_first", self.newest_first),
        ] {
            if said {
                return Err(invalid(context, pointer, "not_with_counts"));
            }
        }
        self.words(context)?;
        if self.kinds.iter().any(|kind| !CountQuestion::counts(kind)) {
            return Err(invalid(context, "/kinds", "not_counted"));
        }
        let (from, to) = self.moments(context)?;
        Ok(CountQuestion {
            by: BY.map(|one| by.contains(&one)),
            kinds: self.kinds.clone(),
            only: [
                self.grid.clone(),
                self.role.map(|role| role.to_string()),
                self.purpose.map(|purpose| purpose.to_string()),
            ],
            from: from.map(day_number),
            to: to.map(|to| day_number(to - 1) + 1),
        })
    }
}

/// The audit tag of a record. One that is not there has no entries: an impossible tag finds none.
async fn tag_of(app: &App, context: &Context, id: Uuid) -> Result<Vec<u8>, Problem> {
    let row = app.vault.store.row(Table::Records, id.as_bytes()).await;
    let row = row.map_err(|error| failed(context, &error))?;
    let tag = row.and_then(|row| app.vault.keys.check::<Header>(&row)).and_then(|header| header.tag_bytes());
    Ok(tag.map_or_else(Vec::new, |tag| tag.to_vec()))
}

fn count_json(count: &Count, by: &[CountBy]) -> Value {
    let mut out = Map::new();
    let of = &count.of;
    for (name, one, word) in [
        ("day", CountBy::Day, numbered_day(of.day).to_string()),
        ("grid", CountBy::Grid, of.grid.clone()),
        ("role", CountBy::Role, of.role.clone()),
        ("purpose", CountBy::Purpose, of.purpose.clone()),
    ] {
        if by.contains(&one) && !word.is_empty() {
            out.insert(name.into(), word.into());
        }
    }
    out.insert("entries".into(), count.entries.into());
    out.insert("refused".into(), count.refused.into());
    // Nothing is counted where there is nothing.
    let rate = count.refused.saturating_mul(1000).checked_div(count.entries).unwrap_or(0);
    out.insert("refused_permille".into(), rate.into());
    Value::Object(out)
}

fn invalid(context: &Context, pointer: &str, code: &str) -> Problem {
    Problem::invalid(context.language, &[(pointer.to_owned(), code)])
}
