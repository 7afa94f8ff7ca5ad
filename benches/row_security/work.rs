//! What is measured, on one side.

use std::sync::atomic::{AtomicI64, Ordering};

use benches::{NewTicket, Result, Status, Ticket, TicketPatch, new_ticket};
use repo_core::{Database, Session, Tenant, WindowRequest};
use uuid::Uuid;

/// Whose tickets are read and patched, and who gets new ones.
const READER: Uuid = Uuid::from_u128(0xdead);
const WRITER: Uuid = Uuid::from_u128(0xbeef);
/// How many tickets the reader has, and how many others have.
const TICKETS: usize = 3_000;
/// The number that the next patch writes, which no ticket has.
static NEXT: AtomicI64 = AtomicI64::new(100);

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Work {
    Get,
    List,
    Create,
    Patch,
    CreateMany,
    FiveGets,
}

pub(crate) struct Side {
    pub(crate) name: &'static str,
    database: Database,
    in_transaction: bool,
    known: Vec<Ticket>,
}

impl Work {
    pub(crate) const ALL: [Self; 6] =
        [Self::Get, Self::List, Self::Create, Self::Patch, Self::CreateMany, Self::FiveGets];

    pub(crate) fn name(self) -> &'static str {
        match self {
            Self::Get => "get by id",
            Self::List => "list of 100",
            Self::Create => "create one",
            Self::Patch => "patch",
            Self::CreateMany => "create_many, 1,000",
            Self::FiveGets => "five gets in one transaction",
        }
    }

    pub(crate) fn operations(self) -> usize {
        match self {
            Self::Get | Self::Create | Self::Patch => 200,
            Self::List | Self::FiveGets => 50,
            Self::CreateMany => 2,
        }
    }
}

impl Side {
    pub(crate) async fn new(
        name: &'static str,
        database: Database,
        in_transaction: bool,
    ) -> Result<Self> {
        let reader = database.tenant(READER).repo::<Ticket>();
        let known = if in_transaction {
            reader.all().await?
        } else {
            let other = database.tenant(Uuid::nil()).repo::<Ticket>();
            other.create_many((0..TICKETS).map(new_ticket)).await?;
            reader.create_many((0..TICKETS).map(new_ticket)).await?
        };
        Ok(Self { name, database, in_transaction, known })
    }

    pub(crate) async fn warm_up(&mut self) -> Result<()> {
        for n in 0..20 {
            self.run(Work::Get, n).await?;
            self.run(Work::List, n).await?;
        }
        Ok(())
    }

    pub(crate) async fn run(&self, work: Work, n: usize) -> Result<()> {
        let is_new = matches!(work, Work::Create | Work::CreateMany);
        let tenant = if is_new { WRITER } else { READER };
        let session = self.database.tenant(tenant);
        if !(self.in_transaction || work == Work::FiveGets) {
            return Ok(self.operation(&session, work, n).await?);
        }
        Ok(session.transaction(async |tx| self.operation(tx, work, n).await).await?)
    }

    async fn operation(
        &self,
        session: &Session<Tenant<Uuid>>,
        work: Work,
        n: usize,
    ) -> repo_core::Result<()> {
        let tickets = session.repo::<Ticket>();
        let id = |n: usize| self.known[n * 7 % self.known.len()].id;
        match work {
            Work::Get => tickets.get(id(n)).await.map(drop),
            Work::FiveGets => {
                for step in 0..5 {
                    tickets.get(id(5 * n + step)).await?;
                }
                Ok(())
            }
            Work::List => {
                let newest = tickets.query().order_by(Ticket::CREATED_AT.desc());
                newest.window(WindowRequest::first(100)).await.map(drop)
            }
            Work::Create => tickets.create(new_ticket(n)).await.map(drop),
            Work::Patch => {
                // Another number at each call: what changes nothing is not written.
                let attempts = NEXT.fetch_add(1, Ordering::Relaxed);
                let patch = TicketPatch::new().status(Status::Analyzing).attempts(attempts);
                tickets.patch(id(n), patch).await.map(drop)
            }
            Work::CreateMany => {
                let many: Vec<NewTicket> = (0..1_000).map(new_ticket).collect();
                tickets.create_many(many).await.map(drop)
            }
        }
    }
}
