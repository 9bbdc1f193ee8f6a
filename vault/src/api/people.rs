//! `/v1/people`, `/v1/people/{id}/assignments`, `/v1/assignments/{id}`: staff and posts. Who is new is proposed.

use axum::extract::State;
use axum::http::StatusCode;
use axum::response::{IntoResponse, Response};
use gridvault_policy::{Department, Role, Scheme};
use schemars::JsonSchema;
use serde::Deserialize;
use serde_json::{Value, json};
use uuid::Uuid;

use super::extract::{Body, Context, Id};
use super::problem::Name;
use super::{App, Problem};
use crate::identity::Caller;
use crate::import::ImportKind;
use crate::register::{RegisterError, Take, end_post, member, people, posts_of, propose};

pub(super) async fn list(State(app): State<App>, context: Context) -> Result<Response, Problem> {
    let (after, limit) = (context.asked::<Uuid>("after")?, context.limit(100)?);
    let caller = context.plain_caller(&app).await?;
    let listed = people(&app.vault, &caller, after, limit, &context.request).await;
    let (people, next) = listed.map_err(|error| Problem::of_register(&error, context.language))?;
    Ok(axum::Json(json!({ "people": people, "next": next })).into_response())
}

/// A post.
#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct NewPost {
    #[schemars(with = "crate::words::RoleWord")]
    role: Role,
    #[schemars(with = "Option<crate::words::DepartmentWord>")]
    department: Option<Department>,
    #[schemars(with = "crate::words::SchemeWord")]
    scheme: Scheme,
    /// Codes of its areas.
    #[schemars(with = "Vec<crate::words::Identifier>", length(min = 1))]
    areas: Vec<String>,
    /// From when.
    #[schemars(with = "crate::words::When")]
    from: String,
    /// Until when; a day counts as a whole.
    #[schemars(with = "Option<crate::words::When>")]
    to: Option<String>,
    /// The instrument that it cites (职权依据).
    instrument: Option<String>,
    /// The number of the letter that names its holder (授权书).
    letter: Option<String>,
    /// A privacy officer's deputy (代理), for 90 days at most.
    #[serde(default)]
    deputy: bool,
}

/// A member of staff with the first posts.
#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct NewMember {
    #[schemars(with = "crate::words::Identifier")]
    number: String,
    #[schemars(length(min = 1, max = 50))]
    name: String,
    #[schemars(length(min = 1, max = 20))]
    assignments: Vec<NewPost>,
}

impl NewPost {
    fn line(&self, number: &str, name: &str) -> String {
        let mut out = json!({ "number": number, "name": name, "role": self.role, "scheme": self.scheme,
            "areas": self.areas, "from": self.from });
        let more = [
            ("department", self.department.map(|department| department.as_str().to_owned())),
            ("to", self.to.clone()),
            ("instrument", self.instrument.clone()),
            ("letter", self.letter.clone()),
        ];
        for (member, value) in more {
            if let (Some(value), Some(out)) = (value, out.as_object_mut()) {
                out.insert(member.into(), value.into());
            }
        }
        if let (true, Some(out)) = (self.deputy, out.as_object_mut()) {
            out.insert("deputy".into(), true.into());
        }
        out.to_string()
    }
}

pub(super) async fn create(
    State(app): State<App>,
    context: Context,
    Body(bytes): Body,
) -> Result<Response, Problem> {
    let body: NewMember = context.body(&bytes)?;
    let caller = context.plain_caller(&app).await?;
    let lines: Vec<String> =
        body.assignments.iter().map(|post| post.line(&body.number, &body.name)).collect();
    proposed(&app, &context, &caller, (ImportKind::People, "assignments"), &lines).await
}

pub(super) async fn list_posts(
    State(app): State<App>,
    id: Id,
    context: Context,
) -> Result<Response, Problem> {
    let caller = context.plain_caller(&app).await?;
    let posts = posts_of(&app.vault, &caller, id.known(&context)?).await;
    let posts = posts.map_err(|error| Problem::of_register(&error, context.language))?;
    Ok(axum::Json(json!({ "assignments": posts })).into_response())
}

pub(super) async fn create_post(
    State(app): State<App>,
    id: Id,
    context: Context,
    Body(bytes): Body,
) -> Result<Response, Problem> {
    let body: NewPost = context.body(&bytes)?;
    let caller = context.plain_caller(&app).await?;
    may_propose(&caller, &context)?;
    let member = member(&app.vault, id.known(&context)?).await;
    let (number, name) = member.map_err(|error| Problem::of_register(&error, context.language))?;
    proposed(&app, &context, &caller, (ImportKind::People, ""), &[body.line(&number, &name)]).await
}

/// What may be done to a post: it ends.
#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct Ending {
    #[schemars(extend("const" = true))]
    ended: bool,
}

impl Ending {
    pub(super) fn checked(&self, context: &Context) -> Result<(), Problem> {
        match self.ended {
            true => Ok(()),
            false => Err(Problem::invalid(context.language, &[("/ended".into(), "only_true")])),
        }
    }
}

pub(super) async fn end(
    State(app): State<App>,
    id: Id,
    context: Context,
    Body(bytes): Body,
) -> Result<StatusCode, Problem> {
    let body: Ending = context.body(&bytes)?;
    body.checked(&context)?;
    let caller = context.plain_caller(&app).await?;
    let ended = end_post(&app.vault, &caller, id.known(&context)?, &context.request).await;
    ended.map_err(|error| Problem::of_register(&error, context.language))?;
    Ok(StatusCode::NO_CONTENT)
}

fn may_propose(caller: &Caller, context: &Context) -> Result<(), Problem> {
    match caller.role() {
        Role::DataSteward | Role::PrivacyOfficer => Ok(()),
        _ => Err(Problem::of_register(&RegisterError::Forbidden, context.language)),
    }
}

/// Lines that a second person has to confirm; what is wrong with one of them refuses all. `list` is the member of the
/// body that they come from.
pub(super) async fn proposed(
    app: &App,
    context: &Context,
    caller: &Caller,
    (kind, list): (ImportKind, &str),
    lines: &[String],
) -> Result<Response, Problem> {
    may_propose(caller, context)?;
    let lines: Vec<&str> = lines.iter().map(String::as_str).collect();
    let proposed = propose(&app.vault, caller, kind, &lines, Take::All, &context.request).await;
    let (id, errors) = proposed.map_err(|error| Problem::of_register(&error, context.language))?;
    if !errors.is_empty() {
        let pointer = |row: u64, column: &str| match list {
            "" => format!("/{column}"),
            // What is said once for all posts.
            "assignments" if matches!(column, "number" | "name") => format!("/{column}"),
            list => format!("/{list}/{}/{column}", row.saturating_sub(1)),
        };
        let errors: Vec<(String, &str)> =
            errors.iter().map(|error| (pointer(error.row, &error.column), error.code)).collect();
        return Err(Problem::invalid(context.language, &errors));
    }
    // What is held alike already needs no proposal.
    let Some(id) = id else { return Err(context.problem(Name::Conflict)) };
    Ok((StatusCode::ACCEPTED, axum::Json::<Value>(json!({ "proposal": id }))).into_response())
}
