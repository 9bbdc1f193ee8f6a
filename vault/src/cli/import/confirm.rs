//! `gridvault import confirm`: somebody else's proposal of areas or people.

use std::io::Write as _;

use serde_json::Value;
use uuid::Uuid;

use super::super::client::{get, post, problem, token};
use super::super::{Failure, Outcome, on_runtime, say};
use super::Arguments;
use super::report::{create, quoted, text};
use crate::api::confirmed_json;
use crate::identity::{Capacity, identify};
use crate::register::confirm_proposal;

/// Confirms somebody else's proposal; the codes of new staff go into a file of their own.
pub(super) fn run(arguments: &Arguments) -> Outcome {
    let id = arguments.file.display().to_string();
    let id: Uuid = id.parse().map_err(|_| Failure(format!("`{id}` is no proposal's id"), 2))?;
    let token = token(arguments.token_file.as_deref())?;
    let answer = match (&arguments.url, &arguments.data) {
        (Some(url), None) => {
            let url = format!("{}/v1/proposals/{id}/confirm", url.trim_end_matches('/'));
            let (status, answer) = post(&url, &token, "application/json", b"")?;
            if status != 200 {
                return Err(problem(status, &answer));
            }
            answer
        }
        (None, Some(data)) => {
            let mut answer = Value::Null;
            on_runtime(async {
                let vault = super::open(data).await?;
                let caller = identify(&vault, &token, Capacity::default()).await?;
                let confirmed = confirm_proposal(&vault, &caller, id, "").await;
                vault.close().await;
                answer = confirmed_json(&confirmed?);
                Ok(0)
            })?;
            answer
        }
        _ => return Err(Failure("say --url or --data".into(), 2)),
    };
    let list = |name: &str| answer.get(name).and_then(Value::as_array).cloned().unwrap_or_default();
    let (people, refused) = (list("people"), list("refused"));
    let made = answer.get("made").and_then(Value::as_u64).unwrap_or(0);
    say(&format!("{made} made, {} new staff, {} refused", people.len(), refused.len()));
    if !people.is_empty() {
        file_of(arguments, &people, "code_first_half")?;
        say("the other halves are the proposer's: `gridvault import codes` with the same id");
    }
    Ok(u8::from(!refused.is_empty()))
}

/// The second halves of the codes, for who proposed the new staff.
pub(super) fn codes(arguments: &Arguments) -> Outcome {
    let id = arguments.file.display().to_string();
    let id: Uuid = id.parse().map_err(|_| Failure(format!("`{id}` is no proposal's id"), 2))?;
    let token = token(arguments.token_file.as_deref())?;
    let Some(url) = &arguments.url else { return Err(Failure("say --url".into(), 2)) };
    let (status, answer) = get(&format!("{}/v1/proposals/{id}/codes", url.trim_end_matches('/')), &token)?;
    if status != 200 {
        return Err(problem(status, &answer));
    }
    let people = answer.get("people").and_then(Value::as_array).cloned().unwrap_or_default();
    file_of(arguments, &people, "code_second_half")?;
    Ok(0)
}

fn file_of(arguments: &Arguments, people: &[Value], member: &str) -> Result<(), Failure> {
    let lines = people.iter().map(|p| format!("{},{}\n", quoted(text(p, "number")), text(p, member)));
    let (name, mut file) = create(&arguments.file, "codes.csv", &format!("number,{member}"))?;
    file.write_all(lines.collect::<String>().as_bytes())?;
    say(&format!("halves of one-time codes to hand over: {name}"));
    Ok(())
}
