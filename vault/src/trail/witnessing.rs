//! How the witnesses of a log stand to it: asked at each place on the grid, compared before it goes on. Where one shows what this
//! log's key signed and what does not lie here, the log was rewritten or put back.

use gridvault_audit::Checkpoint;

use super::publish::{PublishError, Publisher, Work, rollback};
use super::tree::Tree;
use super::witnesses::{Asked, WitnessAddress};

/// How the witnesses stand to the newest checkpoint.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Witnessing {
    /// Every one has cosigned the checkpoint of this place on the grid or of the one before.
    Witnessed,
    /// None is set, or not every one has cosigned yet, or nothing was published of late.
    Unwitnessed,
    /// One at least could not be asked.
    Unreachable,
    /// One at least shows something else.
    Disagreed,
}

impl Witnessing {
    /// Every one.
    pub const ALL: [Self; 4] = [Self::Witnessed, Self::Unwitnessed, Self::Unreachable, Self::Disagreed];

    /// Its word.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Witnessed => "witnessed",
            Self::Unwitnessed => "unwitnessed",
            Self::Unreachable => "unreachable",
            Self::Disagreed => "disagreed",
        }
    }
}

/// A witness that answers otherwise than before: to be entered.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct WitnessNews {
    /// The witness's key id.
    pub witness: String,
    /// Whether it disagreed; else it could not be reached.
    pub disagreed: bool,
    /// Entries of the checkpoint that it was asked about.
    pub size: u64,
}

/// How a witness answered last.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Standing {
    Unknown,
    Well,
    Unreachable,
    Disagreed,
}

impl Publisher {
    /// How the witnesses stand.
    pub fn witnessing(&self) -> Witnessing {
        let standing = self.standing.lock().unwrap_or_else(std::sync::PoisonError::into_inner);
        if standing.contains(&Standing::Disagreed) {
            Witnessing::Disagreed
        } else if standing.contains(&Standing::Unreachable) {
            Witnessing::Unreachable
        } else if !standing.is_empty() && !standing.contains(&Standing::Unknown) && self.is_witnessed() {
            Witnessing::Witnessed
        } else {
            Witnessing::Unwitnessed
        }
    }

    /// Asks every witness; gives the note with the lines of those that cosigned.
    pub(super) async fn cosign(
        &self,
        work: &mut Work,
        head: &Checkpoint,
        note: String,
    ) -> Result<(String, Vec<WitnessNews>), PublishError> {
        let (mut lines, mut news) = (String::new(), Vec::new());
        for (at, witness) in work.witnesses.iter_mut().enumerate() {
            let asked = witness.ask(&self.store, &self.key, head, &note).await?;
            let standing = match asked {
                Asked::Cosigned(line) => {
                    lines.push_str(&line);
                    Standing::Well
                }
                Asked::Unreachable(why) => {
                    tracing::warn!(witness = witness.address.id(), why, "a witness could not be asked");
                    Standing::Unreachable
                }
                Asked::Disagreed(why) => {
                    tracing::error!(witness = witness.address.id(), why, "a witness disagrees");
                    Standing::Disagreed
                }
                Asked::Rewritten(theirs) => {
                    self.rewritten(&mut work.tree, &witness.address, &note, &theirs).await?;
                    Standing::Well
                }
            };
            if self.turned(at, standing) {
                let disagreed = standing == Standing::Disagreed;
                news.push(WitnessNews { witness: witness.address.id(), disagreed, size: head.size });
            }
        }
        Ok((format!("{note}{lines}"), news))
    }

    /// Whether the witness answers otherwise than before, and not well.
    fn turned(&self, at: usize, standing: Standing) -> bool {
        let mut all = self.standing.lock().unwrap_or_else(std::sync::PoisonError::into_inner);
        let Some(before) = all.get_mut(at) else { return false };
        let turned = *before != standing && standing != Standing::Well;
        *before = standing;
        turned
    }

    /// A witness shows what this key signed and what does not lie here. Unless another instance wrote it just now, this
    /// history was rewritten or put back: both notes are kept.
    async fn rewritten(
        &self,
        tree: &mut Tree,
        witness: &WitnessAddress,
        ours: &str,
        theirs: &str,
    ) -> Result<(), PublishError> {
        let seen = Checkpoint::open(theirs, std::slice::from_ref(&self.key))
            .map_err(|_| rollback("a witness shows another history"))?;
        if let Some((head, _)) = self.head().await?
            && head.size >= seen.size
            && tree.reach(&self.store, &head).await?
            && tree.shows(&self.store, &seen, &head).await?
        {
            return Ok(());
        }
        self.pin.keep_evidence(&witness.id(), ours, theirs);
        let words = format!(
            "witness {} holds a checkpoint of {} entries, signed by this log's key, that this database does not extend: an older or \
             another database was put in place; put back the newest one",
            witness.key.name(),
            seen.size
        );
        Err(PublishError::Rollback(words))
    }

    /// Before the log goes on: does what the witnesses have seen lie here? Those that do not answer are passed over.
    pub(super) async fn compare_witnesses(&self) -> Result<(), PublishError> {
        let mut work = self.work.lock().await;
        let Some((head, note)) = self.head().await? else { return Ok(()) };
        if work.witnesses.is_empty() {
            return Ok(());
        }
        let Work { tree, witnesses } = &mut *work;
        if !tree.reach(&self.store, &head).await? {
            return Err(rollback("the entries do not add up to the signed head"));
        }
        for witness in witnesses {
            let id = witness.address.id();
            match witness.compare(&self.store, &self.key, &head).await? {
                Some(Asked::Rewritten(theirs)) => {
                    let address = witness.address.clone();
                    self.rewritten(tree, &address, &note, &theirs).await?;
                }
                // A liar cannot hold up a start; the next place on the grid enters it.
                Some(Asked::Disagreed(why)) => tracing::error!(witness = id, why, "a witness disagrees"),
                Some(Asked::Unreachable(why)) => tracing::warn!(witness = id, why, "a witness was not asked"),
                Some(Asked::Cosigned(_)) | None => {}
            }
        }
        Ok(())
    }
}
