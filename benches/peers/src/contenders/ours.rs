//! Repositories, made anew for each operation, as a request of a service does.

use repo_core::{Database, PageRequest, Tenant, WindowRequest, count};
use uuid::Uuid;

use crate::Result;
use crate::chain::ACTOR;
use crate::engine::{Engine, WithChildren};
use crate::entity::{
    AuditedTicket, AuditedTicketPatch, Comment, NewTicket, Status, Ticket, TicketPatch,
    TicketRepository,
};
use crate::workload::{PAGE, WINDOW};

/// A database of ours.
#[derive(Debug)]
pub struct Ours {
    database: Database,
}

impl Ours {
    /// The side of a database.
    pub fn new(database: Database) -> Self {
        Self { database }
    }

    fn tickets(&self, tenant: Uuid) -> TicketRepository<Tenant<Uuid>> {
        self.database.tenant(tenant).repo::<Ticket>()
    }
}

impl Engine for Ours {
    type Row = Ticket;
    type Note = Comment;

    async fn get(&self, tenant: Uuid, id: Uuid) -> Result<Ticket> {
        Ok(self.tickets(tenant).get(id).await?)
    }

    async fn page(&self, tenant: Uuid, status: Status) -> Result<(Vec<Ticket>, u64)> {
        let tickets = self.tickets(tenant);
        let newest = tickets.filter(Ticket::STATUS.eq(status)).order_by(Ticket::CREATED_AT.desc());
        let page = newest.page(PageRequest::number(1).size(PAGE as u64)).await?;
        Ok((page.items, page.total))
    }

    async fn windows(&self, tenant: Uuid, count: usize) -> Result<Vec<Ticket>> {
        let tickets = self.tickets(tenant);
        let (mut walked, mut end) = (Vec::with_capacity(count * WINDOW), None);
        for _ in 0..count {
            let request = WindowRequest::first(WINDOW as u64);
            let request = match end.take() {
                Some(end) => request.after(end),
                None => request,
            };
            let newest = tickets.query().order_by(Ticket::CREATED_AT.desc());
            let mut window = newest.window(request).await?;
            walked.append(&mut window.items);
            end = window.end;
        }
        Ok(walked)
    }

    async fn create(&self, tenant: Uuid, new: NewTicket) -> Result<Ticket> {
        Ok(self.tickets(tenant).create(new).await?)
    }

    async fn patch(&self, tenant: Uuid, id: Uuid, version: i64, attempts: i64) -> Result<Ticket> {
        let patch = TicketPatch::new().status(Status::Resolved).attempts(attempts);
        Ok(self.tickets(tenant).patch(id, patch).if_version(version).await?)
    }

    async fn audited_patch(
        &self,
        tenant: Uuid,
        id: Uuid,
        version: i64,
        attempts: i64,
    ) -> Result<Option<Ticket>> {
        let tickets = self.database.tenant(tenant).actor(ACTOR).repo::<AuditedTicket>();
        let patch = AuditedTicketPatch::new().status(Status::Resolved).attempts(attempts);
        Ok(Some(tickets.patch(id, patch).if_version(version).await?.into()))
    }

    async fn create_many(&self, tenant: Uuid, new: Vec<NewTicket>) -> Result<Vec<Ticket>> {
        Ok(self.tickets(tenant).create_many(new).await?)
    }

    async fn all(&self) -> Result<Vec<Ticket>> {
        let tickets = self.database.all_tenants("a benchmark").repo::<Ticket>();
        let ordered = tickets.query().order_by(Ticket::TENANT_ID.asc()).order_by(Ticket::ID.asc());
        Ok(ordered.all().await?)
    }

    async fn with_children(&self, tenant: Uuid) -> Result<WithChildren<Ticket, Comment>> {
        let newest = self.tickets(tenant).query().order_by(Ticket::CREATED_AT.desc());
        Ok(newest.limit(PAGE as u64).with(Comment::ticket().many()).all().await?)
    }

    async fn groups(&self, tenant: Uuid) -> Result<Vec<(String, u64)>> {
        let groups = self.tickets(tenant).query().group_by(Ticket::STATUS).select(count());
        let groups = groups.all().await?;
        Ok(groups.into_iter().map(|(status, count)| (status.as_str().to_owned(), count)).collect())
    }
}
