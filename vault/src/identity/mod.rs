//! Who asks, and in which one post: from a token to a caller, with every row behind it checked.

mod credentials;
mod duty;
mod known;

use std::borrow::Cow;
use std::sync::Arc;

use gridvault_audit::{Actor, Who, WhoType};
use gridvault_policy::{Department, Duty, Posture, Role};
use uuid::Uuid;

pub use credentials::{Issued, code_id};
pub(crate) use duty::Noticed;
use known::Known;
pub(crate) use known::Remembered;

use crate::Vault;
use crate::authority::{Agreement, Assignment, Factor, Holder, Letter, Service};
use crate::seal::Secret;
use crate::store::StoreError;

/// A caller: holder of a live token, acting in at most one post. Made by [`identify`] only.
pub struct Caller {
    party: Party,
    posture: Posture,
    token: Vec<u8>,
    facts_rev: i64,
    now: i64,
    duty: Duty,
    off_hours: bool,
    /// A resident's: since when the oldest second factor counts, perhaps in days to come.
    factor: Option<i64>,
}

/// In what capacity the caller acts.
pub enum Party {
    /// Staff, in the one post acted in.
    Post(Post),
    /// A grid service, perhaps for somebody.
    Service {
        /// Its id.
        id: Uuid,
        /// Its kind.
        kind: Department,
        /// Its live agreement.
        agreement: Agreement,
        /// The post it acts for.
        behalf: Option<Post>,
    },
    /// A resident, by the record.
    Resident(Uuid),
}

/// A live post with the letters that name its holder (expired ones too, for the reason).
pub struct Post {
    /// The assignment's id.
    pub id: Uuid,
    /// The post itself.
    pub assignment: Arc<Assignment>,
    /// Letters naming its holder.
    pub letters: Vec<(Uuid, Arc<Letter>)>,
}

/// Which post the caller says to act in, and for whom.
#[derive(Clone, Copy, Debug, Default)]
pub struct Capacity {
    /// The caller's own post.
    pub assignment: Option<Uuid>,
    /// The post a service acts for.
    pub on_behalf_of: Option<Uuid>,
}

/// Why there is no caller.
#[derive(Debug, thiserror::Error)]
pub enum Unidentified {
    /// No token, or one that is unknown, expired or revoked.
    #[error("no valid token was given")]
    Unauthenticated,
    /// The caller holds several live posts and named none.
    #[error("the post acted in must be named")]
    PostNeeded(Box<Nobody>),
    /// The caller holds no such live post.
    #[error("no such live post is held")]
    NoPost(Box<Nobody>),
    /// The rows could not be read.
    #[error(transparent)]
    Store(#[from] StoreError),
}

/// Whom the entry of a refusal names where no post could be settled.
#[derive(Debug)]
pub struct Nobody {
    /// The public part's who.
    pub who: Who,
    /// The private part's actor.
    pub actor: Actor,
}

/// Finds the caller behind a token, in the capacity stated, as the database has it now.
pub async fn identify(vault: &Vault, token: &Secret, capacity: Capacity) -> Result<Caller, Unidentified> {
    let id = vault.keys.credential_id(token);
    let known = Known::read(vault, &id, capacity.on_behalf_of).await?;
    caller(vault, &known, id, capacity)
}

/// Likewise, for a lookup: as remembered where nothing is known that moved it, for the writer checks it again.
pub async fn recall(vault: &Vault, token: &Secret, capacity: Capacity) -> Result<Caller, Unidentified> {
    let id = vault.keys.credential_id(token);
    let known = Known::recall(vault, &id, capacity.on_behalf_of).await?;
    caller(vault, &known, id, capacity)
}

/// The same caller as it stands now: for what takes long. The post may have ended, the token been revoked meanwhile.
pub async fn again(vault: &Vault, before: &Caller) -> Result<Caller, Unidentified> {
    let (own, behalf) = match before.party() {
        Party::Post(post) => (Some(post.id), None),
        Party::Service { behalf, .. } => (None, behalf.as_ref().map(|post| post.id)),
        Party::Resident(_) => (None, None),
    };
    let known = Known::read(vault, &before.token, behalf).await?;
    let capacity = Capacity { assignment: own, on_behalf_of: behalf };
    caller(vault, &known, before.token.clone(), capacity)
}

/// Every capacity in which the bearer of a token may act: each live post, or the one that a service or a resident has.
pub async fn capacities(vault: &Vault, token: &Secret) -> Result<Vec<Caller>, Unidentified> {
    let id = vault.keys.credential_id(token);
    let known = Known::read(vault, &id, None).await?;
    let now = vault.now().max(known.at);
    let Some(Holder::Person(person)) = known.token.as_ref().map(|token| token.holder) else {
        return Ok(vec![caller(vault, &known, id, Capacity::default())?]);
    };
    let live = known.posts.iter().filter(|(_, post)| post.person == person && post.live(now));
    let posts: Vec<Option<Uuid>> = live.map(|(post, _)| Some(*post)).collect();
    // Without a post the token is still looked at.
    let posts = if posts.is_empty() { vec![None] } else { posts };
    let act = |assignment| caller(vault, &known, id.clone(), Capacity { assignment, on_behalf_of: None });
    posts.into_iter().map(act).collect()
}

fn caller(vault: &Vault, known: &Known, id: Vec<u8>, capacity: Capacity) -> Result<Caller, Unidentified> {
    let now = vault.now().max(known.at);
    let token = known.token.as_ref().ok_or(Unidentified::Unauthenticated)?;
    if token.revoked || token.pending || now >= token.expires {
        return Err(Unidentified::Unauthenticated);
    }
    let behalf = capacity.on_behalf_of;
    let party = match token.holder {
        Holder::Resident(record) => Party::Resident(record),
        Holder::Person(person) => Party::Post(own_post(known, person, capacity.assignment, now)?),
        Holder::Service(service) => service_party(known, service, behalf, now)?,
    };
    if behalf.is_some() && !matches!(party, Party::Service { .. }) {
        return Err(Unidentified::NoPost(Box::new(nobody(&token.holder))));
    }
    let factor = match &party {
        Party::Resident(_) => known.factors.iter().filter_map(Factor::counts_from).min(),
        _ => None,
    };
    let mut caller = Caller {
        party,
        posture: token.posture,
        token: id,
        facts_rev: known.facts_rev,
        now,
        duty: Duty::On,
        off_hours: false,
        factor,
    };
    // Services and residents are always on; whoever a service acts for is on or off as anybody.
    if let Some(post) = caller.post() {
        (caller.duty, caller.off_hours) = duty::of(post.assignment.person, &known.shifts, now);
    }
    Ok(caller)
}

fn own_post(known: &Known, person: Uuid, wanted: Option<Uuid>, now: i64) -> Result<Post, Unidentified> {
    let mut live = known.posts.iter().filter(|(id, post)| {
        post.person == person && post.live(now) && wanted.is_none_or(|wanted| *id == wanted)
    });
    let nobody = || Box::new(nobody(&Holder::Person(person)));
    match (live.next(), live.next()) {
        (None, _) => Err(Unidentified::NoPost(nobody())),
        (Some(_), Some(_)) => Err(Unidentified::PostNeeded(nobody())),
        (Some((id, assignment)), None) => Ok(post(known, *id, assignment)),
    }
}

fn service_party(known: &Known, id: Uuid, behalf: Option<Uuid>, now: i64) -> Result<Party, Unidentified> {
    let service = known.service.as_ref().filter(|(held, s)| *held == id && s.agreement.live(now));
    let Some((_, Service { kind, agreement, .. })) = service else {
        return Err(Unidentified::Unauthenticated);
    };
    let behalf = match behalf {
        None => None,
        Some(wanted) => {
            let mut posts = known.posts.iter().filter(|(id, _)| *id == wanted);
            let live = posts.find(|(_, post)| post.live(now) && agreement.acts_for.contains(&post.role));
            let Some((id, assignment)) = live else {
                return Err(Unidentified::NoPost(Box::new(nobody(&Holder::Service(id)))));
            };
            Some(post(known, *id, assignment))
        }
    };
    Ok(Party::Service { id, kind: *kind, agreement: agreement.clone(), behalf })
}

/// The post with the letters that name its holder.
fn post(known: &Known, id: Uuid, assignment: &Arc<Assignment>) -> Post {
    let named = known.letters.iter().filter(|(_, letter)| letter.person == assignment.person);
    Post { id, assignment: Arc::clone(assignment), letters: named.cloned().collect() }
}

fn nobody(holder: &Holder) -> Nobody {
    let kind = match holder {
        Holder::Person(_) => WhoType::Person,
        Holder::Service(_) => WhoType::Service,
        Holder::Resident(_) => WhoType::Resident,
    };
    Nobody {
        who: Who { kind, role: None, department: None, area: None, through: None },
        actor: actor(holder.id()),
    }
}

/// An actor known by its id alone.
pub fn actor(id: Uuid) -> Actor {
    Actor { id: id.to_string(), assignment: None, device: None, session: None, on_behalf_of: None }
}

impl Caller {
    /// In what capacity the caller acts.
    pub fn party(&self) -> &Party {
        &self.party
    }

    /// The device posture fixed with the token.
    pub fn posture(&self) -> Posture {
        self.posture
    }

    /// On duty, covering for somebody, or off: by the roster, else by the office's time.
    pub fn duty(&self) -> Duty {
        self.duty
    }

    /// Whether it is outside the office's time, and no roster says anything of the person: permitted, and noticed.
    pub fn is_off_hours(&self) -> bool {
        self.off_hours
    }

    /// The id under which the caller's token is kept.
    pub fn token_id(&self) -> &[u8] {
        &self.token
    }

    /// The revision of rights that the caller's rows were read at.
    pub fn facts_rev(&self) -> i64 {
        self.facts_rev
    }

    /// Log time of this request, UTC microseconds.
    pub fn now(&self) -> i64 {
        self.now
    }

    /// Whether a resident's second factor counts by now: it was added long enough ago.
    pub fn has_factor(&self) -> bool {
        self.factor.is_some_and(|from| from <= self.now)
    }

    /// Since when the oldest second factor of a resident's counts, perhaps in days to come.
    pub fn factor_from(&self) -> Option<i64> {
        self.factor
    }

    /// The role acted in.
    pub fn role(&self) -> Role {
        match &self.party {
            Party::Post(post) => post.assignment.role,
            Party::Service { .. } => Role::Service,
            Party::Resident(_) => Role::Resident,
        }
    }

    /// The department behind the post, or the service's kind.
    pub fn department(&self) -> Department {
        match &self.party {
            Party::Post(post) => post.assignment.department,
            Party::Service { kind, .. } => *kind,
            Party::Resident(_) => Department::None,
        }
    }

    /// The caller's own post, if it acts in one.
    pub fn post(&self) -> Option<&Post> {
        match &self.party {
            Party::Post(post) => Some(post),
            Party::Service { behalf, .. } => behalf.as_ref(),
            Party::Resident(_) => None,
        }
    }

    /// Whether the post acted in is a privacy officer's deputy's.
    pub fn is_deputy(&self) -> bool {
        self.post().is_some_and(|post| post.assignment.deputy)
    }

    /// Whom the token stands for.
    pub fn holder(&self) -> Holder {
        match &self.party {
            Party::Post(post) => Holder::Person(post.assignment.person),
            Party::Service { id, .. } => Holder::Service(*id),
            Party::Resident(record) => Holder::Resident(*record),
        }
    }

    /// What the public part says: the role and area as they are now; never an id.
    pub fn who(&self) -> Who {
        let (kind, through) = match &self.party {
            Party::Post(_) => (WhoType::Person, None),
            Party::Service { kind, behalf: Some(_), .. } => (WhoType::Person, Some(kind.as_str())),
            Party::Service { kind, behalf: None, .. } => (WhoType::Service, Some(kind.as_str())),
            Party::Resident(_) => (WhoType::Resident, None),
        };
        let post = self.post().map(|post| &post.assignment);
        let department = post.map_or_else(|| self.department(), |post| post.department);
        Who {
            kind,
            role: Some(Cow::Borrowed(post.map_or_else(|| self.role(), |post| post.role).as_str())),
            department: (department != Department::None).then(|| Cow::Borrowed(department.as_str())),
            area: post.and_then(|post| post.areas.first().cloned()).map(Cow::Owned),
            through: through.map(Cow::Borrowed),
        }
    }

    /// What the private part says: the ids behind it.
    pub fn actor(&self) -> Actor {
        let mut actor = actor(self.holder().id());
        match &self.party {
            Party::Post(post) => actor.assignment = Some(post.id.to_string()),
            Party::Service { behalf: Some(post), .. } => actor.on_behalf_of = Some(post.id.to_string()),
            _ => {}
        }
        actor
    }
}
