//! The side that is measured.

use benches::{NewTicket, Result, Status, Ticket, TicketPatch, TicketRepository};
use repo_core::{Database, PageRequest, Tenant, WindowRequest};
use uuid::Uuid;

use crate::engine::{Engine, window_size};

/// Repositories of a database, made anew for each operation, as a request of a service does.
pub(crate) struct Repository {
    pub(crate) database: Database,
}

impl Repository {
    fn tickets(&self, tenant: Uuid) -> TicketRepository<Tenant<Uuid>> {
        self.database.tenant(tenant).repo::<Ticket>()
    }
}

impl Engine for Repository {
    async fn get(&self, tenant: Uuid, id: Uuid) -> Result<Ticket> {
        Ok(self.tickets(tenant).get(id).await?)
    }

    async fn page(&self, tenant: Uuid, status: Status) -> Result<(Vec<Ticket>, u64)> {
        let tickets = self.tickets(tenant);
        let newest = tickets.filter(Ticket::STATUS.eq(status)).order_by(Ticket::CREATED_AT.desc());
        let page = newest.page(PageRequest::number(1).size(20)).await?;
        Ok((page.items, page.total))
    }

    async fn windows(&self, tenant: Uuid, count: usize) -> Result<Vec<Ticket>> {
        let tickets = self.tickets(tenant);
        let (mut walked, mut end) = (Vec::new(), None);
        for _ in 0..count {
            let request = WindowRequest::first(window_size());
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

    async fn all(&self, tenant: Uuid) -> Result<Vec<Ticket>> {
        Ok(self.tickets(tenant).all().await?)
    }

    async fn create(&self, tenant: Uuid, new: NewTicket) -> Result<Ticket> {
        Ok(self.tickets(tenant).create(new).await?)
    }

    async fn patch(&self, tenant: Uuid, id: Uuid, version: i64, attempts: i64) -> Result<Ticket> {
        let patch = TicketPatch::new().status(Status::Resolved).attempts(attempts);
        Ok(self.tickets(tenant).patch(id, patch).if_version(version).await?)
    }

    async fn create_many(&self, tenant: Uuid, new: Vec<NewTicket>) -> Result<Vec<Ticket>> {
        Ok(self.tickets(tenant).create_many(new).await?)
    }
}
