//! A client that does not know whether it was heard asks again under the same key, and nothing is made twice.

use ring::hmac;
use serde::{Deserialize, Serialize};
use uuid::Uuid;

use super::RegisterError;
use crate::Vault;
use crate::clock::days;
use crate::identity::Caller;
use crate::store::{Row, Table};

/// How long a key is remembered.
const REMEMBERED: i64 = days(1);

/// What is about to be made: its id, and the row that remembers the key, written with it.
pub struct Fresh {
    /// The id that it gets.
    pub id: Uuid,
    pub(super) along: Option<Row>,
}

impl Fresh {
    /// Without a key.
    pub fn plain() -> Self {
        Self { id: Uuid::new_v4(), along: None }
    }
}

/// Whether a request is heard for the first time.
pub enum Once {
    /// Yes.
    First(Fresh),
    /// No: this is what it made.
    Again(Uuid),
}

/// A key's row; its id is the HMAC of caller, route and key. Of the body only an HMAC, of the answer only the id.
#[derive(Serialize, Deserialize)]
struct Repeat {
    body: String,
    made: Uuid,
    at: i64,
}

/// Looks a key up for that caller and route. The same key with another body is a conflict.
pub async fn once(
    vault: &Vault,
    caller: &Caller,
    route: &str,
    key: Option<&str>,
    body: &[u8],
) -> Result<Once, RegisterError> {
    let Some(key) = key else { return Ok(Once::First(Fresh::plain())) };
    if !crate::words::is_identifier(key) {
        return Err(super::tasks::invalid("Idempotency-Key", "identifier"));
    }
    let hex = |tag: hmac::Tag| data_encoding::HEXLOWER.encode(tag.as_ref());
    let id = vault.keys.term("repeat", &format!("{} {route} {key}", caller.holder().id()));
    let body = hex(vault.keys.term("repeat body", &String::from_utf8_lossy(body)));
    let held = vault.store.row(Table::Repeats, id.as_ref()).await?;
    let mut rev = 1;
    if let Some(row) = &held {
        let repeat: Repeat = vault.keys.check(row).ok_or(RegisterError::Conflict)?;
        if caller.now() < repeat.at.saturating_add(REMEMBERED) {
            return if repeat.body == body {
                Ok(Once::Again(repeat.made))
            } else {
                Err(RegisterError::Conflict)
            };
        }
        rev = row.rev + 1;
    }
    let made = Uuid::new_v4();
    let repeat = Repeat { body, made, at: caller.now() };
    let row = vault.keys.row(Table::Repeats, id.as_ref(), rev, None, &repeat)?;
    Ok(Once::First(Fresh { id: made, along: Some(row) }))
}
