//! What the tasks do.

use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Instant;

use benches::{Result, Status, Ticket, TicketPatch, TicketRepository, new_ticket};
use repo_core::{Database, Tenant, schema};
use repo_sqlite::{Options, Synchronous};
use tokio::task::yield_now;
use uuid::Uuid;

const DESK: Uuid = Uuid::from_u128(1);
const ARCHIVE: Uuid = Uuid::from_u128(2);
const KNOWN: usize = 1_000;
const ARCHIVED: usize = 10_000;
/// The tasks that scan.
const SCANNING: usize = 4;

/// A database with a tenant for short statements and one for scans.
#[derive(Clone)]
pub(crate) struct Desk {
    database: Database,
    ids: Arc<Vec<Uuid>>,
    created: Arc<AtomicUsize>,
}

impl Desk {
    pub(crate) async fn open(path: &Path, mode: &str) -> Result<Self> {
        let synchronous = if mode == "full" { Synchronous::Full } else { Synchronous::Normal };
        let options = Options::new(&format!("sqlite://{}", path.display()))?;
        let database = options.synchronous(synchronous).connect().await?;
        database.create_tables(&schema![Ticket]).await?;
        let of = |tenant| database.tenant(tenant).repo::<Ticket>();
        of(ARCHIVE).create_many((0..ARCHIVED).map(new_ticket)).await?;
        let known = of(DESK).create_many((0..KNOWN).map(new_ticket)).await?;
        let ids = Arc::new(known.iter().map(|ticket| ticket.id).collect());
        Ok(Self { database, ids, created: Arc::default() })
    }

    /// Works until `end`, and returns how many operations and how many scans that were.
    pub(crate) async fn work(&self, task: usize, end: Instant) -> Result<(usize, usize)> {
        let mut done = 0;
        while Instant::now() < end {
            if task < SCANNING {
                self.scan(task).await?;
            } else {
                self.operate(task + done).await?;
            }
            done += 1;
        }
        Ok(if task < SCANNING { (0, done) } else { (done, 0) })
    }

    /// What was created is there.
    pub(crate) async fn check(&self) -> Result<()> {
        let stored = self.tickets(DESK).count().await?;
        let expected = (KNOWN + self.created.load(Ordering::Relaxed)) as u64;
        if stored != expected {
            return Err(format!("{stored} tickets instead of {expected}").into());
        }
        Ok(())
    }

    fn tickets(&self, tenant: Uuid) -> TicketRepository<Tenant<Uuid>> {
        self.database.tenant(tenant).repo::<Ticket>()
    }

    async fn operate(&self, number: usize) -> Result<()> {
        let tickets = self.tickets(DESK);
        let id = self.ids[number * 7 % KNOWN];
        match number % 10 {
            0 | 1 => {
                tickets.create(new_ticket(number)).await?;
                self.created.fetch_add(1, Ordering::Relaxed);
            }
            2 => {
                let attempts = i64::try_from(number % 100)?;
                let patch = TicketPatch::new().status(Status::Resolved).attempts(attempts);
                tickets.patch(id, patch).await?;
            }
            _ => {
                tickets.get(id).await?;
            }
        }
        Ok(())
    }

    /// Many rows, or one answer from many.
    async fn scan(&self, task: usize) -> Result<()> {
        let archive = self.tickets(ARCHIVE);
        let found = if task.is_multiple_of(2) {
            let mut tickets = archive.all().await?;
            let found = tickets.len();
            // To free them at once takes milliseconds, which are not the database's.
            while !tickets.is_empty() {
                tickets.truncate(tickets.len().saturating_sub(200));
                yield_now().await;
            }
            found
        } else {
            usize::try_from(archive.filter(Ticket::SUBJECT.contains("first page")).count().await?)?
        };
        if found != ARCHIVED {
            return Err(format!("{found} tickets instead of {ARCHIVED}").into());
        }
        Ok(())
    }
}
