//! Rows that rights rely on, against what the trail says of them: each is the one that an entry made last, and none is there
//! that no entry made.

use std::collections::{HashMap, HashSet};

use data_encoding::HEXLOWER;

use crate::seal::row_digest;
use crate::store::{Store, StoreError, Table};

/// Latest digest that a log gives for each row, with the entry that gave it.
#[derive(Default)]
pub(crate) struct Told(HashMap<String, (u64, String)>);

/// What the number beside a row must be.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum Numbers {
    /// That of the entry which made it.
    Own,
    /// Any: it may be another life's already.
    Any,
}

impl Told {
    /// Entry `seq` says this of that row.
    pub(super) fn tell(&mut self, row: &str, seq: u64, digest: &str) {
        self.0.insert(row.to_owned(), (seq, digest.to_owned()));
    }

    /// The first entry that a row of the store's tenant does not agree with, and words. `origin` is the log's.
    pub(crate) async fn differ(
        &self,
        store: &Store,
        origin: &str,
        numbers: Numbers,
    ) -> Result<Option<(u64, String)>, StoreError> {
        let deployment = origin.split('/').next().unwrap_or_default();
        let (mut first, mut there): (Option<(u64, String)>, _) = (None, HashSet::new());
        let mut fault = |seq: u64, why: String| {
            if first.as_ref().is_none_or(|(s, _)| seq < *s) {
                first = Some((seq, why));
            }
        };
        for table in Table::ALL {
            for row in store.all(*table).await? {
                let name = table.row_name(&row.id);
                let digest = HEXLOWER.encode(&row_digest(deployment, store.tenant(), &row));
                let seq = u64::try_from(row.seq);
                match self.0.get(&name) {
                    None => {
                        fault(
                            seq.unwrap_or(u64::MAX),
                            format!("row `{name}` was inserted: no entry made it"),
                        );
                    }
                    Some((told, as_told)) => {
                        let numbered = numbers == Numbers::Any || seq == Ok(*told);
                        if !numbered || *as_told != format!("{}:{digest}", row.rev) {
                            let why =
                                format!("row `{name}` was edited or put back: this entry made it otherwise");
                            fault(*told, why);
                        }
                        there.insert(name);
                    }
                }
            }
        }
        for (name, (seq, _)) in self.0.iter().filter(|(name, _)| !there.contains(*name)) {
            fault(*seq, format!("row `{name}` is gone: this entry made it"));
        }
        Ok(first)
    }
}
