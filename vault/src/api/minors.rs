//! `GET /v1/audit/minors`: the yearly account of access to minors' data.

use axum::extract::State;
use axum::response::{IntoResponse, Response};
use gridvault_audit::Kind;
use serde_json::{Value, json};

use super::extract::Context;
use super::{App, Problem};
use crate::register::minors_year;

pub(super) async fn year(State(app): State<App>, context: Context) -> Result<Response, Problem> {
    let year = context.asked::<i16>("year")?.filter(|year| (2000..=2999).contains(year));
    let refused = || Problem::invalid(context.language, &[("?year".to_owned(), "from_2000_to_2999")]);
    let year = year.ok_or_else(refused)?;
    let caller = context.reader(&app).await?;
    context.enter(&app, &caller, (Kind::TrailRead, "minors"), Some(("year", year.into()))).await?;
    let account = minors_year(&app.vault, year).await;
    let account = account.map_err(|error| Problem::of_register(&error, context.language))?;
    let accesses = account.accesses.iter().map(|((month, role), of)| {
        json!({ "month": month, "role": role, "shown": of.shown, "approved": of.approved,
            "emergencies": of.emergencies, "refused": of.refused })
    });
    let accesses: Vec<Value> = accesses.collect();
    let approvals = account.approvals.iter().map(|(month, of)| {
        json!({ "month": month, "given": of.given, "standing": of.standing, "revoked": of.revoked })
    });
    let approvals: Vec<Value> = approvals.collect();
    let body =
        json!({ "year": year, "accesses": accesses, "approvals": approvals, "removed": account.removed });
    Ok(axum::Json(body).into_response())
}
