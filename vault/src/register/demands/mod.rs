//! Demands of authorities (调取) with their documents (DSL 35), and the lines that are kept back for a time (暂缓公开).

mod by_clock;
mod decide;
mod list;
mod open;
mod withheld;

use uuid::Uuid;

pub(super) use by_clock::watch;
pub use decide::{DemandStep, decide_demand};
pub use list::demands;
pub use open::{NewDemand, open_demand};
pub use withheld::Withheld;

use super::tasks::invalid;
use super::{RegisterError, word};
use crate::Vault;
use crate::authority::{Demand, Document, Task};
use crate::clock::{days, parse_time};
use crate::seal::Secret;
use crate::store::{Row, Table};

/// Lines are kept back for six months at most; longer by a new decision only.
const WITHHELD_FOR: i64 = days(183);
/// And for two years in all: nobody is kept in the dark for ever, and a line older than the trail must be kept was shown.
const WITHHELD_IN_ALL: i64 = days(730);

/// The demand of that id with its task, both as stored.
async fn find(vault: &Vault, id: Uuid) -> Result<((Row, Demand), (Row, Task)), RegisterError> {
    let key = id.as_bytes();
    let row = vault.store.row(Table::Demands, key).await?;
    let demand = row.and_then(|row| vault.keys.check(&row).map(|demand| (row, demand)));
    let task = vault.store.row(Table::Tasks, key).await?;
    let task = task.and_then(|row| vault.keys.check(&row).map(|task| (row, task)));
    demand.zip(task).ok_or(RegisterError::Unknown("/id"))
}

/// The row of either as it stands from now on.
fn moved<T: serde::Serialize>(vault: &Vault, row: &Row, held: &T) -> Result<Row, RegisterError> {
    Ok(vault.keys.row(row.table, &row.id, row.rev + 1, row.parent.as_deref(), held)?)
}

/// The document with its number sealed. Without a number there is no document: what somebody asks for by word of mouth has no
/// way in.
fn document(vault: &Vault, id: Uuid, number: &str, sha256: &str) -> Result<Document, RegisterError> {
    let number = number.trim();
    let plain = !number.chars().any(char::is_control) && number.chars().count() <= 80;
    if !plain || !number.chars().any(|c| c.is_ascii_digit()) {
        return Err(invalid("/document", "document_number"));
    }
    let hex = |b: u8| b.is_ascii_digit() || (b'a'..=b'f').contains(&b);
    if sha256.len() != 64 || !sha256.bytes().all(hex) {
        return Err(invalid("/sha256", "sha256"));
    }
    let number = vault.keys.seal_staff(id.as_bytes(), &Secret::new(number))?;
    Ok(Document { number, sha256: sha256.to_owned() })
}

/// Until when lines are to be kept back, within bounds; `since` is when the demand was registered.
fn end_of_embargo(text: &str, now: i64, since: i64) -> Result<i64, RegisterError> {
    let until = parse_time(text).ok_or_else(|| invalid("/embargo_until", "time"))?;
    let longest = now.saturating_add(WITHHELD_FOR).min(since.saturating_add(WITHHELD_IN_ALL));
    if until <= now || until > longest {
        return Err(invalid("/embargo_until", "out_of_bounds"));
    }
    Ok(until)
}

/// What an entry says of a demand.
fn say(entry: &mut gridvault_audit::Entry, id: Uuid) {
    entry.public.purpose = Some(gridvault_policy::Purpose::LegalRequest.as_str().into());
    entry.private.task = Some(id.to_string());
    entry.private.detail.insert("demand", word(id.to_string()));
}
