//! What is in force and what ends soon: letters of delegation, and with them posts and agreements.

use serde_json::{Value, json};
use uuid::Uuid;

use super::RegisterError;
use super::letters::keeper;
use crate::Vault;
use crate::authority::{Assignment, Letter, Service};
use crate::clock::{days, rfc3339};
use crate::identity::Caller;
use crate::store::Table;

/// Letters that are not over; where so many days are said, what ends within them: letters, posts, agreements.
pub async fn letters(vault: &Vault, caller: &Caller, expiring: Option<i64>) -> Result<Value, RegisterError> {
    keeper(caller)?;
    let now = caller.now();
    let until = expiring.map(|n| now.saturating_add(days(n)));
    let ends = |to: i64| now < to && until.is_none_or(|until| to <= until);
    let rows = vault.store.all(Table::Letters).await?;
    let letters: Vec<Value> = rows
        .iter()
        .filter_map(|row| Some((Uuid::from_slice(&row.id).ok()?, vault.keys.check::<Letter>(row)?)))
        .filter(|(_, letter)| !letter.revoked && ends(letter.to))
        .map(|(id, letter)| letter_json(id, &letter, now))
        .collect();
    let (mut posts, mut services) = (Vec::new(), Vec::new());
    if expiring.is_some() {
        for row in vault.store.all(Table::Assignments).await? {
            let post = vault.keys.check::<Assignment>(&row).filter(|post| !post.ended);
            if let (Some(post), Ok(id)) = (post, Uuid::from_slice(&row.id))
                && let Some(to) = post.to.filter(|to| ends(*to))
            {
                posts.push(json!({ "id": id, "role": post.role, "department": post.department,
                    "areas": post.areas, "to": rfc3339(to) }));
            }
        }
        for row in vault.store.all(Table::Services).await? {
            let service = vault.keys.check::<Service>(&row).filter(|service| !service.agreement.ended);
            if let (Some(service), Ok(id)) = (service, Uuid::from_slice(&row.id))
                && ends(service.agreement.to)
            {
                services.push(json!({ "id": id, "kind": service.kind, "to": rfc3339(service.agreement.to) }));
            }
        }
    }
    Ok(json!({ "letters": letters, "assignments": posts, "services": services }))
}

fn letter_json(id: Uuid, letter: &Letter, now: i64) -> Value {
    let mut out = json!({ "id": id, "number": letter.number, "department": letter.department,
        "statute": letter.law.statute, "article": letter.law.article, "person": letter.person,
        "purposes": letter.purposes, "fields": letter.fields, "areas": letter.areas,
        "from": rfc3339(letter.from), "to": rfc3339(letter.to), "live": letter.live(now),
        "pending": letter.pending });
    let more = [
        ("unit", Some(letter.unit.clone()).filter(|unit| !unit.is_empty())),
        ("renews", letter.renews.map(|id| id.to_string())),
    ];
    for (name, value) in more {
        if let (Some(value), Some(out)) = (value, out.as_object_mut()) {
            out.insert(name.into(), value.into());
        }
    }
    out
}
