//! The tables whose rows a decision or a sign-in relies on. All have one shape, so one mechanism seals and checks them.

use std::fmt::Write as _;

use super::insert::{Column, Insert};

const ROW: &[Column] =
    &[Column::Text, Column::Bytes, Column::Int, Column::Bytes, Column::Bytes, Column::Bytes, Column::Int];

/// How the bytes of a table's ids read as text.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Key {
    Uuid,
    Text,
    Hash,
}

macro_rules! tables {
    ($($variant:ident $name:literal $key:ident $doc:literal),+ $(,)?) => {
        /// A table of authority rows.
        #[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
        pub enum Table { $(#[doc = $doc] $variant),+ }

        impl Table {
            /// Every table of authority rows.
            pub const ALL: &'static [Self] = &[$(Self::$variant),+];

            /// Its name in the database and in the trail.
            pub const fn as_str(self) -> &'static str {
                match self { $(Self::$variant => $name),+ }
            }

            const fn key(self) -> Key {
                match self { $(Self::$variant => Key::$key),+ }
            }

            pub(super) const fn select_all(self) -> &'static str {
                match self { $(Self::$variant => concat!("SELECT id, rev, ref, body, mac, seq FROM ", $name, " WHERE tenant = $1 ORDER BY id")),+ }
            }

            pub(super) const fn select_behind(self) -> &'static str {
                match self { $(Self::$variant => concat!("SELECT id, rev, ref, body, mac, seq FROM ", $name, " WHERE tenant = $1 AND id > $2 ORDER BY id LIMIT $3")),+ }
            }

            pub(super) const fn select_one(self) -> &'static str {
                match self { $(Self::$variant => concat!("SELECT id, rev, ref, body, mac, seq FROM ", $name, " WHERE tenant = $1 AND id = $2")),+ }
            }

            pub(super) const fn select_by_ref(self) -> &'static str {
                match self { $(Self::$variant => concat!("SELECT id, rev, ref, body, mac, seq FROM ", $name, " WHERE tenant = $1 AND ref = $2 ORDER BY seq")),+ }
            }

            pub(super) const fn select_by_ids(self) -> &'static str {
                match self { $(Self::$variant => concat!("SELECT id, rev, ref, body, mac, seq FROM ", $name, " WHERE tenant = $1 AND id")),+ }
            }

            pub(super) const fn select_by_refs(self) -> &'static str {
                match self { $(Self::$variant => concat!("SELECT id, rev, ref, body, mac, seq FROM ", $name, " WHERE tenant = $1 AND ref")),+ }
            }

            pub(super) const fn insert(self) -> Insert {
                let into = match self { $(Self::$variant => concat!($name, " (tenant, id, rev, ref, body, mac, seq)")),+ };
                Insert { into, columns: ROW, tail: "", alone: true }
            }

            pub(super) const fn update(self) -> &'static str {
                match self { $(Self::$variant => concat!("UPDATE ", $name, " SET rev = $3, ref = $4, body = $5, mac = $6, seq = $7 WHERE tenant = $1 AND id = $2 AND rev = $3 - 1")),+ }
            }
        }
    };
}

tables! {
    Records "records" Uuid "Headers of persons, premises and tickets; `ref` is a person's home or a ticket's place.",
    Areas "areas" Text "Areas of every scheme, keyed `<scheme>/<code>`.",
    People "people" Uuid "Staff; `ref` is the blind index of the staff number.",
    Assignments "assignments" Uuid "Posts; `ref` is the person.",
    Services "services" Uuid "Grid services, each with its agreement.",
    Letters "letters" Uuid "Letters of delegation; `ref` is the person named.",
    Notices "notices" Uuid "Versions of the notices to residents.",
    Consents "consents" Uuid "Consent events; `ref` is the resident.",
    Tasks "tasks" Uuid "Tasks; `ref` is the digest of source and number.",
    Tokens "tokens" Hash "Access tokens, keyed by their HMAC; `ref` is the holder.",
    Codes "codes" Hash "One-time sign-in codes, keyed by their HMAC; `ref` is the holder.",
    Policies "policies" Text "Policy versions, keyed by the manifest's hash.",
    Proposals "proposals" Uuid "What one person proposed and a second one decides on.",
    Quotas "quotas" Hash "What somebody has asked on a day, keyed by an HMAC of both.",
    Deliveries "deliveries" Uuid "That a resident was given a version of a notice; `ref` is the resident.",
    Mandates "mandates" Uuid "Guardians and proxies; `ref` is the resident spoken for.",
    Dues "dues" Uuid "What a resident has to be told, until told; `ref` is the resident.",
    Rosters "rosters" Uuid "Shifts of duty; `ref` is the person.",
    Emergencies "emergencies" Uuid "Declared emergencies, under the id of their task; `ref` is who declared.",
    Demands "demands" Uuid "Documents by which an authority demands data, under the id of their task.",
    Factors "factors" Uuid "What a resident signs in with beside a code; `ref` is the resident.",
    Repeats "repeats" Hash "What a client may ask twice, keyed by the HMAC of caller, route and its key.",
}

impl Table {
    /// The table of that name.
    pub fn parse(name: &str) -> Option<Self> {
        Self::ALL.iter().copied().find(|table| table.as_str() == name)
    }

    /// How the trail names a row: `<table>/<id>`.
    pub fn row_name(self, id: &[u8]) -> String {
        let mut name = format!("{}/", self.as_str());
        match (self.key(), uuid::Uuid::from_slice(id), std::str::from_utf8(id)) {
            (Key::Uuid, Ok(uuid), _) => write!(name, "{uuid}"),
            // Whatever somebody wrote there: an entry says no text from outside.
            (Key::Text, _, Ok(text)) if is_plain(text) => write!(name, "{text}"),
            _ => write!(name, "{}", data_encoding::HEXLOWER.encode(id)),
        }
        .unwrap_or_default();
        name
    }
}

fn is_plain(text: &str) -> bool {
    text.len() <= 128 && text.bytes().all(|b| b.is_ascii_alphanumeric() || b"._:-/".contains(&b))
}
