//! A vault unsealed and running: one tenant's keys, log, policy and database.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use arc_swap::ArcSwap;
use gridvault_audit::{Log, RecordError, VerifierKey};
use gridvault_policy::{Book, PolicyError};
use tokio::task::JoinHandle;

use crate::authority::{Area, AreaMap};
use crate::clock::Clock;
use crate::identity::Remembered;
use crate::register::{self, Former};
use crate::seal::{Keyring, SealError, Secret, unseal};
use crate::store::{Location, Store, StoreError, Table};
use crate::trail::{
    Beside, Erased, ErasedError, Publisher, Publishing, Questions, Started, TrailError, Writer, start,
};

/// Where the vault's parts lie.
#[derive(Clone, Debug)]
pub struct Layout {
    /// The database.
    pub database: Location,
    /// The key file.
    pub keys: PathBuf,
    /// The pin.
    pub pin: PathBuf,
    /// When checkpoints are published, and who is to cosign them.
    pub publishing: Publishing,
    /// Somebody looked: the clock may be far ahead of the log's last entry.
    pub clock_confirmed: bool,
}

/// Held while a process has the file open: several instances need a server.
pub(crate) struct Lock(#[expect(dead_code, reason = "held for its lock, which ends with it")] std::fs::File);

impl Lock {
    pub(crate) fn take(database: &Path) -> Result<Self, OpenError> {
        let path = database.with_extension("lock");
        let file = std::fs::File::create(&path)
            .map_err(|e| OpenError::Lock(path.display().to_string(), e.to_string()))?;
        rustix::fs::flock(&file, rustix::fs::FlockOperation::NonBlockingLockExclusive).map_err(|_| {
            OpenError::Lock(path.display().to_string(), "another process has this vault open".into())
        })?;
        Ok(Self(file))
    }
}

impl Layout {
    /// `DIR/vault.db`, `DIR/keys.json`, `DIR/pin`; whatever the clock says.
    pub fn in_folder(dir: &Path) -> Self {
        Self {
            database: Location::File(dir.join("vault.db")),
            keys: dir.join("keys.json"),
            pin: dir.join("pin"),
            publishing: Publishing::default(),
            clock_confirmed: true,
        }
    }
}

/// Why a vault did not open.
#[derive(Debug, thiserror::Error)]
pub enum OpenError {
    /// The keys.
    #[error(transparent)]
    Seal(#[from] SealError),
    /// The database.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// The log.
    #[error(transparent)]
    Trail(#[from] TrailError),
    /// The policy.
    #[error("the policy: {0}")]
    Policy(#[from] gridvault_policy::PolicyError),
    /// The log's first entries.
    #[error("the log could not be begun: {0}")]
    Begin(#[from] RecordError),
    /// Real vaults and demonstrations do not mix.
    #[error("{0}")]
    Synthetic(&'static str),
    /// A reopening was broken off.
    #[error("the log goes on as a new one that is not begun in full: {0}")]
    Unfinished(&'static str),
    /// The former log, or rows of rights, were changed since it was moved aside.
    #[error(
        "the new log cannot tell what the former one did not ({0}): put back the database as it was moved aside"
    )]
    Rows(String),
    /// Whatever was erased must stay erased.
    #[error(transparent)]
    Erased(#[from] ErasedError),
    /// Likewise.
    #[error("a record that was erased could not be erased again: {0}")]
    EraseAgain(Box<register::RegisterError>),
    /// Another process has it open.
    #[error("`{0}`: {1}")]
    Lock(String, String),
    /// A worker thread was lost.
    #[error("a worker thread was lost")]
    Thread,
}

/// Whether a vault holds invented people only; fixed in the log's entry 0.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Nature {
    /// Real residents.
    Real,
    /// Invented ones: ID numbers with prefix 99, phones with 120 or 121, and no others.
    Synthetic,
}

const ASK_AGAIN: &str = "ask `gridvault log reopen` again, with the same challenge and signatures";

/// How a log begins where there is none.
enum Beginning {
    First(Nature),
    Again(Former),
}

/// What is read anew when rights have moved.
#[derive(Default)]
struct Standing {
    areas: Arc<AreaMap>,
    facts_rev: i64,
    /// Whether another policy is in force than this program's.
    outdated: bool,
}

/// An open vault.
pub struct Vault {
    /// The database.
    pub store: Arc<Store>,
    /// The keys.
    pub keys: Keyring,
    /// The log: records, and so gives permits.
    pub log: Log<Writer>,
    /// The log's verifier key.
    pub log_key: VerifierKey,
    /// Publishes the log's checkpoints.
    pub publisher: Publisher,
    /// The log's former lives, the newest first: read, never written.
    pub former: Vec<Arc<Store>>,
    /// Answers officers' questions to the log.
    pub questions: Questions,
    /// The policy in force.
    pub book: ArcSwap<Book>,
    /// Callers known lately, for lookups.
    pub(crate) remembered: Remembered,
    standing: ArcSwap<Standing>,
    /// The list of erased records beside the pin.
    pub(crate) erased: Erased,
    /// Where the time comes from.
    pub clock: Arc<dyn Clock>,
    /// Real or synthetic.
    pub nature: Nature,
    pinning: tokio::sync::Mutex<Option<JoinHandle<()>>>,
    lock: tokio::sync::Mutex<Option<Lock>>,
}

impl Vault {
    /// Opens the vault of that layout; an empty database becomes one of `fresh` nature, or is refused where none is said.
    pub async fn open(
        layout: &Layout,
        passphrase: Secret,
        clock: Arc<dyn Clock>,
        fresh: Option<Nature>,
    ) -> Result<Self, OpenError> {
        Self::open_as(layout, passphrase, clock, fresh.map(Beginning::First)).await
    }

    /// Opens the vault whose log begins a new life after an accepted loss; the former one was moved aside.
    pub async fn open_again(
        layout: &Layout,
        passphrase: Secret,
        clock: Arc<dyn Clock>,
        former: Former,
    ) -> Result<Self, OpenError> {
        Self::open_as(layout, passphrase, clock, Some(Beginning::Again(former))).await
    }

    async fn open_as(
        layout: &Layout,
        passphrase: Secret,
        clock: Arc<dyn Clock>,
        beginning: Option<Beginning>,
    ) -> Result<Self, OpenError> {
        let lock = layout.database.file().map(Lock::take).transpose()?;
        let keys = layout.keys.clone();
        let unsealed = tokio::task::spawn_blocking(move || unseal(&keys, &passphrase))
            .await
            .map_err(|_| OpenError::Thread)??;
        let tenant = unsealed.keyring.tenant().to_owned();
        let day = crate::clock::day(clock.now());
        let store = Arc::new(
            Store::open(&layout.database, &tenant, matches!(beginning, Some(Beginning::First(_)))).await?,
        );
        let lives = store.former_lives().await?;
        let former: Vec<_> = lives.iter().rev().map(|life| store.of_life(life)).collect();
        let again = matches!(beginning, Some(Beginning::Again(_)));
        if !register::may_begin(&store, unsealed.life, again).await? {
            return Err(OpenError::Unfinished(ASK_AGAIN));
        }
        let erased = Erased::beside(&layout.pin);
        let shredded = erased.apply(&store, &unsealed.log_key.verifier()).await?;
        let book = tokio::task::spawn_blocking(move || Book::builtin(day))
            .await
            .map_err(|_| OpenError::Thread)??;
        let beside = Beside {
            pin: layout.pin.clone(),
            publishing: layout.publishing.clone(),
            clock_confirmed: layout.clock_confirmed,
        };
        let (log_key, log_token) = (unsealed.log_key, unsealed.log_token);
        let Started { log, key, publisher, begun, pinning } =
            start(&store, Arc::clone(&clock), log_key, log_token, beside).await?;
        let keys = unsealed.keyring;
        let nature = match (begun, beginning) {
            (_, Some(Beginning::Again(of))) => {
                let before = former.first().zip(unsealed.former_key.as_ref());
                let before = before.ok_or(StoreError::Corrupt("no former log was moved aside"))?;
                register::begin_again(&keys, (&store, &log), before, &book, &of).await?
            }
            (true, _) => register::nature(&store).await?,
            (false, Some(Beginning::First(nature))) => {
                register::begin(&keys, &log, &book, nature).await?;
                nature
            }
            (false, None) => {
                return Err(OpenError::Synthetic("the database is empty: run `gridvault init` first"));
            }
        };
        let vault = Self {
            questions: Questions::new(Arc::clone(&store)),
            store,
            keys,
            log,
            log_key: key,
            publisher,
            former,
            book: ArcSwap::new(book),
            remembered: Remembered::default(),
            standing: ArcSwap::from_pointee(Standing::default()),
            erased,
            clock,
            nature,
            pinning: tokio::sync::Mutex::new(Some(pinning)),
            lock: tokio::sync::Mutex::new(lock),
        };
        register::unsealed(&vault).await?;
        register::erase_again(&vault, &shredded)
            .await
            .map_err(|error| OpenError::EraseAgain(Box::new(error)))?;
        vault.reload().await?;
        Ok(vault)
    }

    /// Areas whose rows hold.
    pub fn areas(&self) -> Arc<AreaMap> {
        Arc::clone(&self.standing.load().areas)
    }

    /// Whether another policy is in force than this program's: another instance activated it.
    pub fn outdated(&self) -> bool {
        self.standing.load().outdated
    }

    /// Reads areas and policy anew where the revision of rights is another than the one they were read at: another
    /// instance may have changed them.
    pub async fn follow(&self, facts_rev: i64) -> Result<(), StoreError> {
        if self.standing.load().facts_rev >= facts_rev {
            return Ok(());
        }
        let rows = self.store.all(Table::Areas).await?;
        let areas = Arc::new(AreaMap::new(
            rows.iter().filter_map(|row| Some((row.rev, self.keys.check::<Area>(row)?))),
        ));
        let newest = register::policy_in_force(self).await?;
        let outdated = newest != Some(self.book.load().manifest_hash());
        let read = Arc::new(Standing { areas, facts_rev, outdated });
        // Who read earlier may come later.
        self.standing.rcu(|now| Arc::clone(if now.facts_rev < facts_rev { &read } else { now }));
        Ok(())
    }

    /// Likewise, at the revision that the head names.
    pub async fn reload(&self) -> Result<(), StoreError> {
        match self.store.head().await? {
            Some(head) => self.follow(head.facts_rev).await,
            None => Ok(()),
        }
    }

    /// Loads the rules anew where another set of them holds since today; the old ones stay where the new fail a check.
    pub async fn turn_page(&self) -> Result<(), PolicyError> {
        let day = crate::clock::day(self.now());
        if self.book.load().until().is_none_or(|until| day < until) {
            return Ok(());
        }
        let loaded = tokio::task::spawn_blocking(move || Book::builtin(day)).await;
        let book = loaded.map_err(|error| PolicyError::Engine(error.to_string()))??;
        self.book.store(book);
        Ok(())
    }

    /// Log time: never before the newest entry's.
    pub fn now(&self) -> i64 {
        self.clock.now().max(self.log.sink().at())
    }

    /// Stops cleanly: what waits is written, the pin brought up, the database folded into one file.
    pub async fn close(&self) {
        self.log.sink().stop().await;
        if let Some(pinning) = self.pinning.lock().await.take()
            && let Err(error) = pinning.await
        {
            tracing::warn!(%error, "the pin's keeper was lost");
        }
        self.store.close().await;
        drop(self.lock.lock().await.take());
    }
}
