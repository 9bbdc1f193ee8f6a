//! The six steps that the demonstration prints, each a command to copy and complete in itself.

use super::file::DemoFile;

/// The steps' words and commands, in order.
pub fn steps(file: &DemoFile, data: &str, binary: &str) -> Option<Vec<(&'static str, String)>> {
    let chief = file.callers.first()?;
    let visit = file.tasks.iter().find(|task| task.open)?;
    let own = visit.resident?;
    let neighbour = file.residents.iter().find(|r| Some(&r.area) != chief.area.as_ref())?;
    let code = &file.residents.iter().find(|r| r.id == own)?.code;
    let url = &file.url;
    let look = |resident: &str, task: &str| {
        format!(
            "curl -s {url}/v1/lookups -H 'Authorization: Bearer {}' -H 'Content-Type: application/json' -d \
             '{{\"resident\":\"{resident}\",\"fields\":[\"person.name\",\"person.phone\",\"person.birth_date\",\"person.id_no\"],\
             \"purpose\":\"home_visit_care\",{task}\"assignment\":\"{}\"}}'",
            chief.token, visit.assignment
        )
    };
    let first = look(&own.to_string(), &format!("\"task\":\"{}\",", visit.id));
    let session = format!(
        "T=$(curl -s {url}/v1/sessions -H 'Content-Type: application/json' -d '{{\"code\":\"{code}\"}}' | sed -n 's/.*\"token\":\"\\([^\"]*\\)\".*/\\1/p')"
    );
    let own_name = format!(
        "N=$(curl -s {url}/v1/lookups -H \"Authorization: Bearer $T\" -H 'Content-Type: application/json' -d \
         '{{\"resident\":\"{own}\",\"fields\":[\"person.name\"],\"purpose\":\"resident_access\"}}' | sed -n 's/.*\"value\":\"\\([^\"]*\\)\".*/\\1/p')"
    );
    Some(vec![
        (
            "The grid chief visits a resident of an open task: clear, masked and denied, each with its rule.",
            first.clone(),
        ),
        (
            "A resident of a neighbouring grid: not found, whether there or not.",
            look(&neighbour.id.to_string(), ""),
        ),
        (
            "The resident signs in with the code and sees who looked.",
            format!("{session}; curl -s {url}/v1/me/lookups -H \"Authorization: Bearer $T\""),
        ),
        (
            "The resident withdraws the consent; the chief's next lookup is denied, with the reason.",
            format!(
                "{session}; curl -s -X PUT {url}/v1/me/consents/home_visit_care -H \"Authorization: Bearer $T\" \
                 -H 'Content-Type: application/json' -d '{{\"state\":\"withdrawn\"}}'; echo; {first}"
            ),
        ),
        (
            "Somebody edits one entry in the database; verifying names it (sqlite3 is in the Debian package sqlite3).",
            format!(
                "sqlite3 {data}/vault.db \"UPDATE entries SET public = CAST(replace(CAST(public AS TEXT), 'grid_chief', \
                 'data_steward') AS BLOB) WHERE seq = (SELECT min(seq) FROM entries WHERE kind = 'lookup')\"; \
                 {binary} audit verify --data {data} --key '{}'",
                file.log_key
            ),
        ),
        (
            "The resident's name is in none of the vault's files.",
            format!("{session}; {own_name}; echo \"$N\"; grep -rF \"$N\" {data} || echo 'found nowhere'"),
        ),
    ])
}
