//! `GET /v1/notices/due` and `…/coverage`; letters to print and messages for the office's own gateway.

use std::fmt::Write as _;

use axum::extract::State;
use axum::http::{HeaderValue, header};
use axum::response::{IntoResponse, Response};
use gridvault_policy::FieldId;
use schemars::JsonSchema;
use serde::Deserialize;
use uuid::Uuid;

use super::extract::{Body, Context};
use super::me::{failed, sentences_of};
use super::notice_page::{Print, escaped, page, text_of};
use super::{App, Problem};
use crate::authority::{ConsentEvent, Due, NoticeItems, Series, Why};
use crate::clock::{beijing, civil_date};
use crate::register::{By, Published, RUN, Run, Sending, Whom, coverage, dues, newest, notices, send};
use crate::seal::Secret;
use crate::store::Table;

pub(super) async fn due(State(app): State<App>, context: Context) -> Result<Response, Problem> {
    let page = (context.asked::<Uuid>("after")?, context.limit(100)?);
    let caller = context.plain_caller(&app).await?;
    let dues = dues(&app.vault, &caller, page, &context.request).await;
    let dues = dues.map_err(|error| Problem::of_register(&error, context.language))?;
    Ok(axum::Json(dues).into_response())
}

pub(super) async fn covered(State(app): State<App>, context: Context) -> Result<Response, Problem> {
    let caller = context.plain_caller(&app).await?;
    let coverage = coverage(&app.vault, &caller, &context.request).await;
    let coverage = coverage.map_err(|error| Problem::of_register(&error, context.language))?;
    Ok(axum::Json(coverage).into_response())
}

/// Whom a run of letters or messages is for: those to whom something is owed, or those of a grid who are not informed.
#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct SendingRun {
    /// What is owed, one for a resident.
    #[serde(default)]
    #[schemars(length(max = 500))]
    dues: Vec<Uuid>,
    /// The grid whose residents were not informed by the notice in force.
    #[serde(default)]
    uninformed_in: Option<String>,
    /// How large letters are printed.
    #[serde(default)]
    print: Print,
}

impl SendingRun {
    fn whom(&self, context: &Context) -> Result<Whom, Problem> {
        let invalid = |pointer: &str, code| Problem::invalid(context.language, &[(pointer.to_owned(), code)]);
        match (&self.uninformed_in, self.dues.len()) {
            (None, 0) => Err(invalid("/dues", "required")),
            (None, n) if n > RUN => Err(invalid("/dues", "too_many")),
            (None, _) => Ok(Whom::Owed(self.dues.clone())),
            (Some(area), 0) => Ok(Whom::Uninformed(area.clone())),
            (Some(_), _) => Err(invalid("/uninformed_in", "one_or_the_other")),
        }
    }
}

/// Letters to print: each says what it has to, and how to record that it was given.
pub(super) async fn print(
    State(app): State<App>,
    context: Context,
    Body(bytes): Body,
) -> Result<Response, Problem> {
    let body: SendingRun = context.body(&bytes)?;
    let (whom, all) = (body.whom(&context)?, versions(&app, &context).await?);
    let (run, now) = (sent(&app, &context, &whom, By::Letter).await?, app.vault.now());
    let given = newest(&all, Series::General, now);
    let office = given.and_then(|given| given.notice.items.get("zh-CN"));
    let mut html = String::new();
    for sending in &run.sent {
        let told = told(&app, &context, sending).await?;
        let notice =
            given.filter(|_| sending.due.is_none()).and_then(|given| text_of(&given.notice, "zh-CN"));
        letter(&mut html, sending, (&told, notice.as_deref(), office), now);
    }
    left(&mut html, &run);
    Ok(page("zh-CN", "告知信", body.print, &html))
}

/// Phone and text, a line each, for the office's own gateway.
pub(super) async fn messages(
    State(app): State<App>,
    context: Context,
    Body(bytes): Body,
) -> Result<Response, Problem> {
    let body: SendingRun = context.body(&bytes)?;
    let (whom, all) = (body.whom(&context)?, versions(&app, &context).await?);
    let run = sent(&app, &context, &whom, By::Message).await?;
    let office = newest(&all, Series::General, app.vault.now());
    let office = office.and_then(|given| given.notice.items.get("zh-CN"));
    let handler = office.map_or("街道办事处", |office| office.handler.as_str());
    let mut csv = String::from("resident,due,phone,text\r\n");
    for sending in &run.sent {
        let due = sending.due.as_ref().map(|(id, _)| id.to_string()).unwrap_or_default();
        let text = format!("【{handler}】{}", message(sending));
        let columns = [&sending.resident.to_string(), &due, sending.to.reveal(), &text].map(cell);
        writeln!(csv, "{}\r", columns.join(",")).unwrap_or_default();
    }
    let mut response = csv.into_response();
    let headers = response.headers_mut();
    headers.insert(header::CONTENT_TYPE, HeaderValue::from_static("text/csv; charset=utf-8"));
    headers.insert(
        header::CONTENT_DISPOSITION,
        HeaderValue::from_static("attachment; filename=\"messages.csv\""),
    );
    Ok(response)
}

async fn versions(app: &App, context: &Context) -> Result<Vec<Published>, Problem> {
    notices(&app.vault).await.map_err(|error| Problem::of_register(&error, context.language))
}

async fn sent(app: &App, context: &Context, whom: &Whom, by: By) -> Result<Run, Problem> {
    // What is refused here has an entry like at any other door.
    context.plain_caller(app).await?;
    let run = Box::pin(send(&app.vault, (context.token()?, context.capacity()), whom, by, &context.request));
    run.await.map_err(|error| Problem::of_register(&error, context.language))
}

/// A cell of a table: quoted, and never a formula.
fn cell(text: &str) -> String {
    let formula = text.starts_with(['=', '+', '-', '@', '\t', '\r']);
    format!("\"{}{}\"", if formula { "'" } else { "" }, text.replace('"', "\"\""))
}

/// `2026年11月24日 09:30`
fn moment(at: i64) -> String {
    let Ok(at) = jiff::Timestamp::from_microsecond(at) else { return String::new() };
    let at = at.to_zoned_datetime(beijing());
    format!("{}年{}月{}日 {:02}:{:02}", at.year(), at.month(), at.day(), at.hour(), at.minute())
}

/// What a letter tells, a paragraph each.
async fn told(app: &App, context: &Context, sending: &Sending) -> Result<Vec<String>, Problem> {
    let Some((_, due)) = &sending.due else {
        return Ok(vec!["我们保存着您的个人信息。依法应当告知您的内容如下。".to_owned()]);
    };
    let mut out = vec![format!("{}，{}。", moment(due.since), due.why.zh())];
    match due.why {
        Why::ConsentRecorded => out.extend(consent(app, context, due, sending.code.as_ref()).await?),
        Why::SignIn => out.extend(sign_in(sending.code.as_ref())),
        Why::Emergency | Why::Demand => {
            let lines = sentences_of(&app.vault, &sending.tag, &due.about.to_string()).await;
            out.extend(lines.map_err(|error| failed(context, &error))?);
        }
        Why::Mandate => {
            out.push(
                "此人可以代您查看信息、表示同意。如果您没有委托或者不认识此人，请立即告诉我们。".to_owned(),
            );
        }
    }
    Ok(out)
}

async fn consent(
    app: &App,
    context: &Context,
    due: &Due,
    code: Option<&Secret>,
) -> Result<Vec<String>, Problem> {
    let row = app.vault.store.row(Table::Consents, due.about.as_bytes()).await;
    let row = row.map_err(|error| failed(context, &error))?;
    let event: Option<ConsentEvent> = row.and_then(|row| app.vault.keys.check(&row));
    let Some(event) = event else { return Ok(Vec::new()) };
    let fields: Vec<&str> =
        event.fields.iter().filter_map(|id| FieldId::parse(id).ok()).map(FieldId::zh).collect();
    let confirm = code.map(|code| {
        format!(
            "涉及敏感信息的，要等您确认才生效：登录后自己确认，或者把确认码 {} 告诉窗口的另一位工作人员。没有同意过的，不要告诉任何人。",
            code.reveal()
        )
    });
    let mut out = vec![
        format!(
            "工作人员登记：您同意为“{}”使用您的{}，有效期至{}。",
            event.purpose.zh(),
            fields.join("、"),
            civil_date(event.until)
        ),
        "如果您没有这样说过，请告诉我们，我们会查明。您随时可以撤回，不影响其他服务。".to_owned(),
    ];
    out.extend(confirm);
    Ok(out)
}

fn sign_in(code: Option<&Secret>) -> Vec<String> {
    let mut out = vec!["如果不是您本人到窗口办理的，请立即告诉我们，我们会停用登录码并查明。".to_owned()];
    if let Some(code) = code {
        out.push(format!(
            "登录后请输入确认码 {}，证明这封信到了您手里。输入满三天后，您在网上可以看到自己完整的信息。不要把确认码告诉任何人，包括工作人员。",
            code.reveal()
        ));
    }
    out
}

/// What a message tells: nothing of what is held, for phones lie about.
fn message(sending: &Sending) -> String {
    match &sending.due {
        None => "我们保存着您的个人信息，依法告知：内容、用途和您的权利请到社区服务站或官方网站查看告知书。"
            .to_owned(),
        Some((_, due)) => {
            let code = sending.code.as_ref().map(|code| format!("确认码{}，不要告诉任何人。", code.reveal()));
            format!(
                "{}{}。{}如有疑问请致电个人信息保护负责人或到社区服务站。",
                moment(due.since),
                due.why.zh(),
                code.unwrap_or_default()
            )
        }
    }
}

fn letter(
    html: &mut String,
    sending: &Sending,
    (told, notice, office): (&[String], Option<&str>, Option<&NoticeItems>),
    now: i64,
) {
    let name = sending.name.as_ref().map_or("居民", |name| name.reveal());
    write!(html, "<section>\n<p>{}<br>{} 收</p>\n", escaped(sending.to.reveal()), escaped(name))
        .unwrap_or_default();
    write!(html, "<h1>告知信</h1>\n<p>{}：</p>\n", escaped(name)).unwrap_or_default();
    for paragraph in told {
        writeln!(html, "<p>{}</p>", escaped(paragraph)).unwrap_or_default();
    }
    html.push_str(notice.unwrap_or_default());
    if let (Some(office), None) = (office, notice) {
        let lines = [
            ("个人信息保护负责人", &office.privacy_officer),
            ("您的权利和办理方式", &office.rights),
            ("投诉", &office.complaint),
        ];
        for (head, text) in lines {
            writeln!(html, "<p>{head}：{}</p>", escaped(text)).unwrap_or_default();
        }
    }
    let handler = office.map_or("街道办事处", |office| office.handler.as_str());
    writeln!(html, "<p>{}<br>{}</p>", escaped(handler), civil_date(now)).unwrap_or_default();
    let due = sending.due.as_ref().map(|(id, _)| format!("，事项 {id}")).unwrap_or_default();
    write!(html, "<p class=\"foot\">送达后登记：居民 {}{due}</p>\n</section>\n", sending.resident)
        .unwrap_or_default();
}

/// Those to whom no letter goes this way, on a sheet of its own.
fn left(html: &mut String, run: &Run) {
    if run.left.is_empty() {
        return;
    }
    html.push_str("<section>\n<h1>须当面告知</h1>\n<p>以下居民（未满十四周岁或出生日期不明的，或者没有住址的）不寄信，请当面告知本人或监护人。</p>\n<ul>\n");
    for resident in &run.left {
        writeln!(html, "<li>{resident}</li>").unwrap_or_default();
    }
    html.push_str("</ul>\n</section>\n");
}
