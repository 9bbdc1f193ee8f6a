//! Rows that rights rely on: sealed by a MAC over table, key, revision, parent and body; what fails is not there.

use data_encoding::BASE64;
use ring::digest::{SHA256, digest};
use ring::hmac;
use serde::Serialize;
use serde::de::DeserializeOwned;

use super::suite::Bound;
use super::{Keyring, SealError, Secret};
use crate::store::{Row, Table};

impl Keyring {
    /// Makes a row at that revision with its MAC. The entry number is the writer's to set.
    pub fn row<T: Serialize>(
        &self,
        table: Table,
        id: &[u8],
        rev: i64,
        parent: Option<&[u8]>,
        body: &T,
    ) -> Result<Row, SealError> {
        let body = serde_json::to_vec(body).map_err(|_| SealError::Crypto)?;
        let mut row = Row {
            table,
            id: id.to_vec(),
            rev,
            parent: parent.map(<[u8]>::to_vec),
            body,
            mac: Vec::new(),
            seq: 0,
        };
        row.mac = self.mac(&self.facts, self.bound_row(&row).bytes()).as_ref().to_vec();
        Ok(row)
    }

    /// The row's columns if its MAC holds. If not, the row counts as absent and is remembered as a finding.
    pub fn check<T: DeserializeOwned>(&self, row: &Row) -> Option<T> {
        let sound = self.is_sound(row);
        self.believed(row, if sound { serde_json::from_slice(&row.body).ok() } else { None })
    }

    /// Likewise, of columns that were read from the row's body already.
    pub fn check_read<T>(&self, row: &Row, read: Option<T>) -> Option<T> {
        let sound = self.is_sound(row);
        self.believed(row, read.filter(|_| sound))
    }

    fn is_sound(&self, row: &Row) -> bool {
        self.macs.fetch_add(1, std::sync::atomic::Ordering::Relaxed);
        hmac::verify(&self.facts, self.bound_row(row).bytes(), &row.mac).is_ok()
    }

    fn believed<T>(&self, row: &Row, body: Option<T>) -> Option<T> {
        if body.is_none() {
            self.broken_row(row.table.row_name(&row.id));
        }
        body
    }

    /// Remembers what does not hold, to be entered as a finding.
    pub(crate) fn broken_row(&self, name: String) {
        tracing::warn!(row = %name, "an authority row does not hold and counts as absent");
        if let Ok(mut broken) = self.broken.lock()
            && !broken.told.contains(&name)
        {
            broken.new.insert(name);
        }
    }

    /// Does the work of checking one row, for a record that is not there.
    pub fn check_nothing(&self) {
        let tag = self.mac(&self.facts, &[0; 320]);
        // The comparison is part of the work; its outcome is nobody's.
        let equal = hmac::verify(&self.facts, &[0; 320], tag.as_ref()).is_ok();
        std::hint::black_box(equal);
    }

    /// Seals a small text held about staff (name, number), bound to its row.
    pub fn seal_staff(&self, id: &[u8], text: &Secret) -> Result<String, SealError> {
        Ok(BASE64.encode(&self.staff.seal(&self.rng, &self.staff_bound(id), text.reveal().as_bytes())?))
    }

    /// The text held about staff, for who reads it on record.
    pub fn open_staff(&self, id: &[u8], sealed: &str) -> Result<Secret, SealError> {
        let sealed = BASE64.decode(sealed.as_bytes()).map_err(|_| SealError::Tampered)?;
        let plain = self.staff.open(&self.staff_bound(id), &sealed)?;
        std::str::from_utf8(&plain).map(Secret::new).map_err(|_| SealError::Tampered)
    }

    fn staff_bound(&self, id: &[u8]) -> Bound {
        Bound::new("gridvault staff").with(self.deployment.as_bytes()).with(self.tenant.as_bytes()).with(id)
    }

    fn bound_row(&self, row: &Row) -> Bound {
        bound_row(&self.deployment, &self.tenant, row)
    }
}

/// SHA-256 over what a row's MAC covers: what the trail says of it (`<revision>:<digest>`), checkable without a key.
pub fn row_digest(deployment: &str, tenant: &str, row: &Row) -> [u8; 32] {
    let mut out = [0; 32];
    out.copy_from_slice(digest(&SHA256, bound_row(deployment, tenant, row).bytes()).as_ref());
    out
}

fn bound_row(deployment: &str, tenant: &str, row: &Row) -> Bound {
    Bound::with_room("gridvault row", row.body.len())
        .with(deployment.as_bytes())
        .with(tenant.as_bytes())
        .with(row.table.as_str().as_bytes())
        .with(&row.id)
        .with(&row.rev.to_be_bytes())
        .with(row.parent.as_deref().unwrap_or_default())
        .with(&row.body)
}

impl Keyring {
    /// The digest of a row under this deployment and tenant.
    pub fn digest(&self, row: &Row) -> [u8; 32] {
        row_digest(&self.deployment, &self.tenant, row)
    }
}
