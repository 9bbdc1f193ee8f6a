//! Publishing notices to residents (告知书): a version is known by the digest of its text.

use gridvault_audit::Kind;
use ring::digest::{SHA256, digest};
use uuid::Uuid;

use super::{RegisterError, entry_by, system_who, word};
use crate::Vault;
use crate::authority::Notice;
use crate::identity::actor;
use crate::store::Table;
use crate::trail::{Act, Change};

/// Publishes a version of a notice; gives its id.
pub async fn publish_notice(
    vault: &Vault,
    series: &str,
    version: u32,
    text: &str,
) -> Result<Uuid, RegisterError> {
    let id = Uuid::now_v7();
    let hash = data_encoding::HEXLOWER.encode(digest(&SHA256, text.as_bytes()).as_ref());
    let notice = Notice { series: series.to_owned(), version, hash: hash.clone() };
    let row = vault.keys.row(Table::Notices, id.as_bytes(), 1, None, &notice)?;
    let mut published = entry_by(Kind::NoticePublished, system_who(), actor(Uuid::nil()), "");
    published.private.detail.insert("series", word(series));
    published.private.detail.insert("sha256", word(hash));
    vault.log.record(Act::new(&vault.keys, published, Change::rows(vec![row]))).await?;
    Ok(id)
}
