//! Records wanted at the same time are read together: what is asked while a statement is under way is the next statement.
//! Nobody waits for company; under load one statement serves many lookups.

use std::sync::Arc;

use sqlx::AssertSqlSafe;
use tokio::sync::{mpsc, oneshot};

use super::database::{Database, values};
use super::keys::wanted;
use super::{LocatedRows, StoreError};

/// For each record wanted: its header and its place's with their envelopes, its consents and who speaks for it, the task named, the other tasks open on it.
/// `CROSS JOIN` holds SQLite to this order: what is wanted first, then each row by its key.
pub(super) const LOCATE: &str = "\
SELECT w.n, 'records' AS t, r.id, r.rev, r.ref, r.body, r.mac, r.seq, e.rev AS erev, e.sealed FROM wanted w CROSS JOIN records r \
  LEFT JOIN envelopes e ON e.tenant = r.tenant AND e.record = r.id WHERE r.tenant = $1 AND r.id = w.id \
UNION ALL SELECT w.n, 'records', r.id, r.rev, r.ref, r.body, r.mac, r.seq, e.rev, e.sealed FROM wanted w CROSS JOIN records o \
  CROSS JOIN records r LEFT JOIN envelopes e ON e.tenant = r.tenant AND e.record = r.id \
  WHERE o.tenant = $1 AND o.id = w.id AND r.tenant = $1 AND r.id = o.ref \
UNION ALL SELECT w.n, 'consents', c.id, c.rev, c.ref, c.body, c.mac, c.seq, NULL, NULL FROM wanted w CROSS JOIN consents c \
  WHERE c.tenant = $1 AND c.ref = w.id \
UNION ALL SELECT w.n, 'mandates', m.id, m.rev, m.ref, m.body, m.mac, m.seq, NULL, NULL FROM wanted w CROSS JOIN mandates m \
  WHERE m.tenant = $1 AND m.ref = w.id \
UNION ALL SELECT w.n, 'tasks', t.id, t.rev, t.ref, t.body, t.mac, t.seq, NULL, NULL FROM wanted w CROSS JOIN tasks t \
  WHERE t.tenant = $1 AND t.id = w.other \
UNION ALL SELECT w.n, 'tasks', t.id, t.rev, t.ref, t.body, t.mac, t.seq, NULL, NULL FROM wanted w CROSS JOIN task_links l \
  CROSS JOIN tasks t WHERE l.tenant = $1 AND l.record = w.id AND l.task IS DISTINCT FROM w.other \
  AND t.tenant = $1 AND t.id = l.task";

/// Records in one statement at most.
const TOGETHER: usize = 64;
/// Wanted at most at a time; beyond it callers wait their turn.
const QUEUE: usize = 1024;

type Found = Result<LocatedRows, StoreError>;

struct Wanted {
    record: Vec<u8>,
    task: Option<Vec<u8>>,
    reply: oneshot::Sender<Found>,
}

/// Takes what is wanted and gives what was found.
pub(super) struct Gathering(mpsc::Sender<Wanted>);

impl Gathering {
    /// Starts reading; ends when this is dropped.
    pub(super) fn start(database: Arc<Database>, tenant: String) -> Self {
        let (queue, inbox) = mpsc::channel(QUEUE);
        tokio::spawn(serve(database, tenant, inbox));
        Self(queue)
    }

    pub(super) async fn locate(&self, record: &[u8], task: Option<&[u8]>) -> Found {
        let (reply, found) = oneshot::channel();
        let wanted = Wanted { record: record.to_vec(), task: task.map(<[u8]>::to_vec), reply };
        let sent = self.0.send(wanted).await.is_ok();
        if sent { found.await.unwrap_or(Err(StoreError::Lost)) } else { Err(StoreError::Lost) }
    }
}

async fn serve(database: Arc<Database>, tenant: String, mut inbox: mpsc::Receiver<Wanted>) {
    let mut together = Vec::with_capacity(TOGETHER);
    while inbox.recv_many(&mut together, TOGETHER).await > 0 {
        // Who left need not be served.
        together.retain(|wanted| !wanted.reply.is_closed());
        let found = match read(&database, &tenant, &together).await {
            Ok(found) => found,
            Err(StoreError::Lost) => together.iter().map(|_| Err(StoreError::Lost)).collect(),
            // What is broken about one record must not fail those that are read with it.
            Err(_) => apart(&database, &tenant, &together).await,
        };
        for (wanted, found) in together.drain(..).zip(found) {
            if wanted.reply.send(found).is_err() {
                tracing::debug!("a caller left before its record was read");
            }
        }
    }
}

async fn apart(database: &Database, tenant: &str, together: &[Wanted]) -> Vec<Found> {
    let mut found = Vec::with_capacity(together.len());
    for wanted in together.chunks(1) {
        let alone = read(database, tenant, wanted).await;
        found.push(alone.and_then(|found| found.into_iter().next().unwrap_or(Err(StoreError::Lost))));
    }
    found
}

/// One answer per record wanted, in order; a row that cannot be understood fails only the one it is for.
async fn read(database: &Database, tenant: &str, together: &[Wanted]) -> Result<Vec<Found>, StoreError> {
    let sql = format!("{} {LOCATE}", database.wanted());
    let list = wanted(together.iter().map(|wanted| (wanted.record.as_slice(), wanted.task.as_deref())));
    let rows = database.fetch(AssertSqlSafe(sql), values![tenant, list.as_str()]).await?;
    let mut found: Vec<Found> = together.iter().map(|_| Ok(LocatedRows::default())).collect();
    for row in rows.iter() {
        let n = usize::try_from(row.int(0)?).ok();
        let Some(of) = n.and_then(|n| found.get_mut(n)) else {
            return Err(StoreError::Corrupt("a row that nobody wanted"));
        };
        if let Ok(located) = of
            && let Err(error) = located.add(row)
        {
            *of = Err(error);
        }
    }
    Ok(found)
}
