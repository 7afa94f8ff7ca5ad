//! The operations, through a repository and by hand.

use std::hint::black_box;
use std::sync::Arc;

use benches::{Result, Status, Ticket, TicketPatch, TicketRepository, new_ticket};
use repo_core::{Database, PageRequest, Query, Session, Tenant};
use uuid::Uuid;

use crate::by_hand;
use crate::instant::{ID, InstantBackend};

/// An operation of a repository.
#[derive(Debug, Clone, Copy)]
pub(crate) enum Operation {
    Get,
    Create,
    Patch,
    Delete,
    Query,
    Page,
}

/// A session on a database that answers at once.
pub(crate) fn session() -> Session<Tenant<Uuid>> {
    Database::new(Arc::new(InstantBackend)).tenant(Uuid::now_v7())
}

/// Does an operation, one after the other.
pub(crate) async fn repeat(
    operation: Operation,
    session: &Session<Tenant<Uuid>>,
    times: usize,
) -> Result<()> {
    for _ in 0..times {
        operation.run(session).await?;
    }
    Ok(())
}

impl Operation {
    pub(crate) const ALL: [Self; 6] =
        [Self::Get, Self::Create, Self::Patch, Self::Delete, Self::Query, Self::Page];

    pub(crate) fn name(self) -> &'static str {
        match self {
            Operation::Get => "get",
            Operation::Create => "create",
            Operation::Patch => "patch",
            Operation::Delete => "delete",
            Operation::Query => "query",
            Operation::Page => "page",
        }
    }

    async fn run(self, session: &Session<Tenant<Uuid>>) -> Result<()> {
        let (tickets, id) = (session.repo::<Ticket>(), ID);
        match self {
            Operation::Get => drop(black_box(tickets.get(id).await?)),
            Operation::Create => drop(black_box(tickets.create(new_ticket(7)).await?)),
            Operation::Patch => {
                let patch = TicketPatch::new().status(Status::Resolved).attempts(3);
                drop(black_box(tickets.patch(id, patch).if_version(1).await?));
            }
            Operation::Delete => tickets.delete(id).if_version(1).await?,
            // Each answers with one row: what is left is the way from the question to its text.
            Operation::Query => drop(black_box(newest(&tickets).limit(20).all().await?)),
            Operation::Page => {
                drop(black_box(newest(&tickets).page(PageRequest::number(1).size(20)).await?));
            }
        }
        Ok(())
    }

    /// The entity and its JSON, as code by hand makes them.
    pub(crate) fn by_hand(self) -> Result<()> {
        match self {
            Operation::Get | Operation::Patch | Operation::Query | Operation::Page => {
                drop(black_box(by_hand::ticket()?))
            }
            Operation::Create => drop(black_box(by_hand::create(new_ticket(7))?)),
            Operation::Delete => {}
        }
        Ok(())
    }
}

/// The newest resolved tickets.
fn newest(tickets: &TicketRepository<Tenant<Uuid>>) -> Query<Ticket, Tenant<Uuid>> {
    let resolved = tickets.query().filter(Ticket::STATUS.eq(Status::Resolved));
    resolved.order_by(Ticket::CREATED_AT.desc())
}
