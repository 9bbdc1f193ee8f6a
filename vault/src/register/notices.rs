//! Publishing notices to residents (告知书): a version is known by the digest of its text.

use gridvault_audit::Kind;
use ring::digest::{SHA256, digest};
use uuid::Uuid;

use super::{RegisterError, entry_by, system_who, word};
use crate::Vault;
use crate::authority::{Notice, Series};
use crate::identity::actor;
use crate::store::Table;
use crate::trail::{Act, Change};

/// Publishes a version of a notice; gives its id.
pub async fn publish_notice(
    vault: &Vault,
    series: Series,
    version: u32,
    text: &str,
) -> Result<Uuid, RegisterError> {
    let id = Uuid::now_v7();
    let hash = data_encoding::HEXLOWER.encode(digest(&SHA256, text.as_bytes()).as_ref());
    let notice = Notice {
        series,
        version,
        hash: hash.clone(),
        purposes: Vec::new(),
        fields: Vec::new(),
        items: std::collections::BTreeMap::new(),
        valid_from: 0,
        material_change: false,
        approved: vec![Uuid::nil(); 2],
    };
    let row = vault.keys.row(Table::Notices, id.as_bytes(), 1, None, &notice)?;
    let mut published = entry_by(Kind::NoticePublished, system_who(), actor(Uuid::nil()), "");
    published.private.detail.insert("series", word(series.as_str()));
    published.private.detail.insert("sha256", word(hash));
    vault.log.record(Act::new(&vault.keys, published, Change::rows(vec![row]))).await?;
    Ok(id)
}
