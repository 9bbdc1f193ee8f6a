//! A witness (C2SP tlog-witness): follows logs and cosigns what extends the newest checkpoint that it cosigned before. It
//! holds no record and no entry; what it has seen of each log lies in a file of its own, on disk before the cosignature is
//! sent.

mod doors;

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};
use std::sync::{Mutex, PoisonError};

use gridvault_audit::{
    AddCheckpoint, Checkpoint, Refusal, Seen, VerifierKey, WitnessKey, WitnessVerifier, origin_hash,
};

use crate::disk::write_whole;

pub use doors::router;

/// Seconds for which a cosignature is given again to whoever asks for the same once more.
const FRESH: u64 = 10;

/// Why a witness does not start.
#[derive(Debug, thiserror::Error)]
pub enum WitnessError {
    /// Its folder.
    #[error("`{0}`: {1}")]
    Folder(String, #[source] std::io::Error),
    /// Another process has it.
    #[error("`{0}`: another witness has this folder open")]
    Locked(String),
    /// What it has seen before cannot be read any more: cosigning from nothing would forget it.
    #[error("`{0}` holds no checkpoint that this log signed and this witness cosigned: put the file back")]
    Forgotten(String),
}

/// Why a request is not answered with a cosignature.
#[derive(Debug, thiserror::Error)]
pub enum NotCosigned {
    /// The checkpoint.
    #[error(transparent)]
    Refused(#[from] Refusal),
    /// What was seen could not be made durable.
    #[error("what was seen could not be written: {0}")]
    Disk(#[from] std::io::Error),
    /// The signature could not be made.
    #[error("the note could not be cosigned")]
    Sign,
}

/// What is held of one log.
struct Followed {
    keys: Vec<VerifierKey>,
    file: PathBuf,
    state: Mutex<State>,
}

struct State {
    seen: Seen,
    /// The newest checkpoint, under it the log's own lines and this witness's, and no other; empty where none was seen.
    note: String,
    /// This witness's line.
    line: String,
    /// When it was cosigned, Unix seconds.
    time: u64,
}

impl State {
    fn nothing() -> Self {
        Self { seen: Seen::nothing(), note: String::new(), line: String::new(), time: 0 }
    }
}

/// A witness of some logs.
pub struct Witness {
    key: WitnessKey,
    logs: BTreeMap<String, Followed>,
    listed: Listed,
    #[expect(dead_code, reason = "held for its lock, which ends with it")]
    lock: std::fs::File,
}

impl Witness {
    /// Opens the folder with what was seen of these logs before.
    pub fn open(folder: &Path, key: WitnessKey, logs: &[VerifierKey]) -> Result<Self, WitnessError> {
        let io = |error| WitnessError::Folder(folder.display().to_string(), error);
        std::fs::create_dir_all(folder).map_err(io)?;
        let lock = std::fs::File::create(folder.join("lock")).map_err(io)?;
        rustix::fs::flock(&lock, rustix::fs::FlockOperation::NonBlockingLockExclusive)
            .map_err(|_| WitnessError::Locked(folder.display().to_string()))?;
        let mut followed: BTreeMap<String, Followed> = BTreeMap::new();
        for log in logs {
            if let Some(known) = followed.get_mut(log.name()) {
                // A log whose key was changed: its operator's other key is given beside.
                known.keys.push(log.clone());
                continue;
            }
            let file = folder.join(origin_hash(log.name()));
            let state = Mutex::new(State::nothing());
            followed.insert(log.name().to_owned(), Followed { keys: vec![log.clone()], file, state });
        }
        let listed = Listed::read(folder).map_err(io)?;
        for (origin, of) in &followed {
            match std::fs::read_to_string(&of.file) {
                Ok(note) => {
                    let forgotten = || WitnessError::Forgotten(of.file.display().to_string());
                    let state = remembered(&note, &of.keys, &key.verifier()).ok_or_else(forgotten)?;
                    *of.state.lock().unwrap_or_else(PoisonError::into_inner) = state;
                    listed.add(origin).map_err(io)?;
                }
                Err(error) if error.kind() == std::io::ErrorKind::NotFound => {
                    if listed.holds(origin) {
                        return Err(WitnessError::Forgotten(of.file.display().to_string()));
                    }
                }
                Err(error) => return Err(io(error)),
            }
        }
        Ok(Self { key, logs: followed, listed, lock })
    }

    /// What verifies its cosignatures.
    pub fn verifier(&self) -> WitnessVerifier {
        self.key.verifier()
    }

    /// The origins of the logs that it follows.
    pub fn origins(&self) -> impl Iterator<Item = &str> {
        self.logs.keys().map(String::as_str)
    }

    /// The newest cosigned checkpoint of the log whose origin has that SHA-256, hex.
    pub fn newest(&self, origin_hash_hex: &str) -> Option<String> {
        let of = self.logs.iter().find(|(origin, _)| origin_hash(origin) == origin_hash_hex)?.1;
        let state = of.state.lock().unwrap_or_else(PoisonError::into_inner);
        (!state.note.is_empty()).then(|| state.note.clone())
    }

    /// Cosigns, if the checkpoint extends what was seen before; `now` is Unix seconds. Gives the signature line. Waits for
    /// the disk.
    pub fn add(&self, request: &AddCheckpoint, now: u64) -> Result<String, NotCosigned> {
        let origin = request.origin()?;
        let of = self.logs.get(&origin).ok_or(Refusal::UnknownLog)?;
        // Held until the state is on disk: two requests from one size cannot both be cosigned.
        let mut state = of.state.lock().unwrap_or_else(PoisonError::into_inner);
        let (checkpoint, note) = request.consider(&of.keys, &state.seen)?;
        // The same again costs no disk: whoever has the public note can ask for it.
        let again =
            state.seen == Seen { size: checkpoint.size, root: checkpoint.root } && !state.line.is_empty();
        if again && now < state.time.saturating_add(FRESH) {
            return Ok(state.line.clone());
        }
        let line = self.key.cosign(&note, now.max(state.time)).map_err(|_| NotCosigned::Sign)?;
        // What could not be read back is not written.
        let next =
            remembered(&format!("{note}{line}"), &of.keys, &self.verifier()).ok_or(NotCosigned::Sign)?;
        write_whole(&of.file, next.note.as_bytes())?;
        self.listed.add(&origin)?;
        *state = next;
        Ok(line)
    }
}

/// What a file says that was seen, if log and witness signed it.
fn remembered(note: &str, keys: &[VerifierKey], own: &WitnessVerifier) -> Option<State> {
    let (checkpoint, stripped) = Checkpoint::stripped(note, keys).ok()?;
    let time = own.cosigned(note).ok()??.time;
    let line = note
        .split_inclusive('\n')
        .rfind(|line| matches!(own.cosigned(&format!("{stripped}{line}")), Ok(Some(_))))?;
    let seen = Seen { size: checkpoint.size, root: checkpoint.root };
    Some(State { seen, note: format!("{stripped}{line}"), line: line.to_owned(), time })
}

/// The logs of which something was seen, one a line by the hash of its origin: what was seen of such a log cannot be missing.
struct Listed {
    file: PathBuf,
    logs: Mutex<BTreeSet<String>>,
}

impl Listed {
    fn read(folder: &Path) -> std::io::Result<Self> {
        let file = folder.join("logs");
        let text = match std::fs::read_to_string(&file) {
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => String::new(),
            read => read?,
        };
        Ok(Self { file, logs: Mutex::new(text.lines().map(str::to_owned).collect()) })
    }

    fn holds(&self, origin: &str) -> bool {
        self.logs.lock().unwrap_or_else(PoisonError::into_inner).contains(&origin_hash(origin))
    }

    fn add(&self, origin: &str) -> std::io::Result<()> {
        let mut logs = self.logs.lock().unwrap_or_else(PoisonError::into_inner);
        if logs.contains(&origin_hash(origin)) {
            return Ok(());
        }
        let mut next = logs.clone();
        next.insert(origin_hash(origin));
        let text: String = next.iter().map(|log| format!("{log}\n")).collect();
        write_whole(&self.file, text.as_bytes())?;
        *logs = next;
        Ok(())
    }
}
