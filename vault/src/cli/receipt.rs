//! `gridvault receipt verify`: a consent's receipt checked offline, with nothing but the verifier key.

use std::path::PathBuf;

use gridvault_audit::{Json, ProofFile, SignerKey, VerifierKey, leaf_hash};
use ring::digest::{SHA256, digest};
use serde_json::{Value, json};

use super::{Failure, Outcome, say};
use crate::register::{check_code, read_code, read_signed};

/// A receipt is a page of text; what is larger is none.
const LARGEST: u64 = 1024 * 1024;

#[derive(clap::Subcommand)]
pub(super) enum Command {
    /// Check a receipt: exit 0 if the key signed it as it is, 1 if not
    Verify(Verify),
}

#[derive(clap::Args)]
pub(super) struct Verify {
    /// The receipt as it was given (JSON), its signed note, or what a printed one's QR code says
    file: PathBuf,
    /// The verifier key of receipts: `receipts` of /log/<tenant>/keys.json; say it again for an older one
    #[arg(long, required = true)]
    key: Vec<String>,
    /// The log's verifier key: the proof that came with the receipt is checked as well
    #[arg(long)]
    log_key: Option<String>,
    /// The check code on paper, to be compared
    #[arg(long)]
    check_code: Option<String>,
    /// Print JSON
    #[arg(long)]
    json: bool,
}

pub(super) fn run(command: &Command) -> Outcome {
    let Command::Verify(arguments) = command;
    verify(arguments)
}

fn verify(arguments: &Verify) -> Outcome {
    if std::fs::metadata(&arguments.file)?.len() > LARGEST {
        return Err(Failure("that is larger than any receipt".into(), 1));
    }
    let text = std::fs::read_to_string(&arguments.file)?;
    let keys = arguments.key.iter().map(|key| SignerKey::parse(key)).collect::<Result<Vec<_>, _>>()?;
    let answer: Option<Value> = serde_json::from_str(&text).ok();
    let member = |name: &str| answer.as_ref().and_then(|answer| answer.get(name)).and_then(Value::as_str);
    let signed = member("signed").map_or_else(|| text.clone(), str::to_owned);
    let checked = match read_signed(&signed) {
        Some((text, lines)) => receipt(text, lines, &keys)?,
        None => code(&signed, &keys)?,
    };
    if let Some(said) = answer.as_ref().and_then(|answer| answer.get("receipt"))
        && checked.said.as_ref() != Some(said)
    {
        return Err(Failure("what it shows is not what was signed".into(), 1));
    }
    let bare = |code: &str| code.chars().filter(char::is_ascii_hexdigit).collect::<String>();
    let code = check_code(&checked.hash);
    if arguments.check_code.as_deref().is_some_and(|paper| bare(paper) != bare(&code)) {
        return Err(Failure(format!("the check code is {code}, not what the paper says"), 1));
    }
    let covered = match (&arguments.log_key, member("proof"), &checked.said) {
        (None, _, _) => None,
        (Some(key), Some(proof), Some(said)) => Some(in_log(key, proof, said)?),
        (Some(_), _, _) => {
            return Err(Failure("it came without a proof: it is signed, but unconfirmed".into(), 1));
        }
    };
    tell(arguments.json, &checked, &code, covered);
    Ok(0)
}

/// What a signature was found to hold for.
struct Checked {
    hash: String,
    id: String,
    said: Option<Value>,
}

fn receipt(text: &str, lines: &str, keys: &[SignerKey]) -> Result<Checked, Failure> {
    is_signed(text, lines, keys)?;
    let line = text.strip_suffix('\n').unwrap_or(text);
    let form = || Failure("it is signed, but no receipt".into(), 1);
    Json::parse_canonical(line.as_bytes()).map_err(|_| form())?;
    let said: Value = serde_json::from_str(line)?;
    let id = said.get("receipt_id").and_then(Value::as_str).ok_or_else(form)?.to_owned();
    let hash = data_encoding::HEXLOWER.encode(digest(&SHA256, text.as_bytes()).as_ref());
    Ok(Checked { hash, id, said: Some(said) })
}

/// A printed receipt's code: that this office signed a receipt of this number and hash.
fn code(line: &str, keys: &[SignerKey]) -> Result<Checked, Failure> {
    for key in keys {
        let Some((text, signature)) = read_code(line, key.name()) else { break };
        if let Ok(Some(_)) = key.signed(&text, &signature) {
            let mut parts = text.lines().skip(1).map(str::to_owned);
            let (id, hash) = (parts.next().unwrap_or_default(), parts.next().unwrap_or_default());
            return Ok(Checked { hash, id, said: None });
        }
    }
    Err(Failure("no given key has signed it".into(), 1))
}

fn is_signed(text: &str, lines: &str, keys: &[SignerKey]) -> Result<(), Failure> {
    for key in keys {
        if key.signed(text, lines)?.is_some() {
            return Ok(());
        }
    }
    Err(Failure("no given key has signed it".into(), 1))
}

/// Whether the entry that the receipt names is in the log; gives the size of the tree.
fn in_log(key: &str, proof: &str, said: &Value) -> Result<u64, Failure> {
    let proof = ProofFile::parse(proof)?;
    let (checkpoint, _) = proof.verify(&VerifierKey::parse(key)?, &[])?;
    let leaf = data_encoding::HEXLOWER.encode(&leaf_hash(&proof.public));
    let same = said.pointer("/log/leaf_hash").and_then(Value::as_str) == Some(&leaf)
        && said.pointer("/log/entry").and_then(Value::as_u64) == Some(proof.index)
        && said.pointer("/log/origin").and_then(Value::as_str) == Some(&checkpoint.origin);
    if same { Ok(checkpoint.size) } else { Err(Failure("the proof is of another entry".into(), 1)) }
}

fn tell(as_json: bool, checked: &Checked, code: &str, covered: Option<u64>) {
    let of = |pointer: &str| {
        let said = checked.said.as_ref().and_then(|said| said.pointer(pointer));
        said.and_then(Value::as_str).unwrap_or_default().to_owned()
    };
    if as_json {
        let out = json!({ "signed": true, "receipt_id": checked.id, "hash": checked.hash, "check_code": code,
            "state": of("/event/event_state"), "purpose": of("/purpose/id"), "event_time": of("/event/event_time"),
            "issued_at": of("/issued_at"), "in_log_of": covered });
        say(&out.to_string());
        return;
    }
    say(&format!("signed: receipt {}, check code {code}", checked.id));
    if checked.said.is_some() {
        let (state, at, purpose) = (of("/event/event_state"), of("/event/event_time"), of("/purpose/zh"));
        say(&format!(
            "says: {state} at {at}, {purpose}; present state {} when it was issued, {}",
            of("/present_state"),
            of("/issued_at")
        ));
    }
    match covered {
        Some(size) => say(&format!("its entry is in the log, under a checkpoint of {size} entries")),
        None => say("whether its entry is in the log was not asked: say --log-key"),
    }
    say("a receipt says what was said then; whether it still stands, only the vault says");
}
