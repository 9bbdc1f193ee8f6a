//! Guessing is slowed and counted: unknown credentials per source, entered once a minute, and sign-ins held back.

use std::collections::HashMap;
use std::sync::Mutex;
use std::time::{Duration, Instant};

use gridvault_audit::{Json, Kind};

use crate::Vault;
use crate::identity::actor;
use crate::register;
use crate::trail::{Act, Change};

/// Wrong codes from one source before it must wait.
const FREE: u32 = 5;
const WAIT_AT_MOST: Duration = Duration::from_secs(60);
/// Sources remembered at once; beyond it the oldest counts are entered together.
const SOURCES: usize = 10_000;

#[derive(Default)]
pub(super) struct Throttle {
    refused: Mutex<HashMap<String, i64>>,
    codes: Mutex<HashMap<String, (u32, Instant)>>,
}

impl Throttle {
    /// Counts an unknown credential.
    pub(super) fn refused(&self, source: &str) {
        if let Ok(mut refused) = self.refused.lock() {
            let key = if refused.len() < SOURCES { source } else { "others" };
            *refused.entry(key.to_owned()).or_default() += 1;
        }
    }

    /// Seconds that a source must wait before its next code, if any.
    pub(super) fn wait(&self, source: &str) -> Option<u32> {
        let codes = self.codes.lock().ok()?;
        let (wrong, last) = codes.get(source)?;
        let wait = Duration::from_secs(1 << wrong.checked_sub(FREE)?.min(6)).min(WAIT_AT_MOST);
        let left = wait.checked_sub(last.elapsed())?;
        u32::try_from(left.as_secs() + 1).ok()
    }

    /// A wrong code came from that source.
    pub(super) fn wrong_code(&self, source: &str) {
        self.refused(source);
        if let Ok(mut codes) = self.codes.lock() {
            codes.retain(|_, (_, last)| last.elapsed() < Duration::from_secs(900));
            let key = if codes.len() < SOURCES { source } else { "others" };
            let entry = codes.entry(key.to_owned()).or_insert((0, Instant::now()));
            *entry = (entry.0 + 1, Instant::now());
        }
    }

    /// A right code came from that source.
    pub(super) fn right_code(&self, source: &str) {
        if let Ok(mut codes) = self.codes.lock() {
            codes.remove(source);
        }
    }

    /// Enters what was counted since the last call: one entry per source, the source as a keyed digest.
    pub(super) async fn enter(&self, vault: &Vault) {
        let counted =
            self.refused.lock().map(|mut refused| std::mem::take(&mut *refused)).unwrap_or_default();
        for (source, count) in counted {
            let mut entry = register::entry_by(
                Kind::AuthRefusedMany,
                register::system_who(),
                actor(uuid::Uuid::nil()),
                "",
            );
            entry.public.result = Some(gridvault_audit::ResultWord::Denied);
            entry.private.detail.insert("count", Json::Int(count));
            let digest = vault.keys.term("source", &source);
            entry
                .private
                .detail
                .insert("source", register::word(data_encoding::HEXLOWER.encode(digest.as_ref())));
            if let Err(error) = vault.log.record(Act::new(&vault.keys, entry, Change::none())).await {
                tracing::warn!(%error, count, "refused credentials could not be entered");
            }
        }
    }
}
