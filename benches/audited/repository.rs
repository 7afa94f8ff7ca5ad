//! The sides that are measured: a repository of each entity, made anew for each operation, as a request of
//! a service does.

use std::marker::PhantomData;

use benches::{NewTicket, Result, Status, Ticket, TicketPatch};
use repo_core::audit::Image;
use repo_core::{AuditEntry, Database, Entity, Session, Tenant};
use uuid::Uuid;

use crate::engine::{ACTOR, Engine, TENANT, Trail};
use crate::entities::{
    AuditedTicket, AuditedTicketPatch, NewAuditedTicket, NewUnchainedTicket, UnchainedTicket,
    UnchainedTicketPatch,
};

/// The repositories of an entity.
pub(crate) struct Repository<E> {
    database: Database,
    entity: PhantomData<E>,
}

impl<E: Entity> Repository<E> {
    pub(crate) fn new(database: &Database) -> Self {
        Self { database: database.clone(), entity: PhantomData }
    }

    fn session(&self) -> Session<Tenant<Uuid>> {
        self.database.tenant(TENANT).actor(ACTOR)
    }

    async fn entries(&self) -> Result<Trail> {
        let audit = self.session().audit();
        let entries = || audit.filter(AuditEntry::ENTITY.eq(E::TABLE.name));
        let newest = entries().order_by(AuditEntry::SEQ.desc()).first().await?;
        let text = |image: Option<Image>| image.map(|image| image.as_str().to_owned());
        let newest = newest.map(|entry| [text(entry.before), text(entry.after)]);
        Ok(Trail { entries: entries().count().await?, newest: newest.unwrap_or_default() })
    }
}

/// Two structs with the columns of a ticket, one made of the other.
macro_rules! convert {
    ($value:expr, $from:ident => $to:ident, { $($column:ident),* }) => {{
        let $from { $($column),* } = $value;
        $to { $($column),* }
    }};
}

macro_rules! through_repository {
    ($entity:ident, $new:ident, $patch:ident) => {
        impl Engine for Repository<$entity> {
            async fn patch(&self, id: Uuid, status: Status, attempts: i64) -> Result<Ticket> {
                let patch = $patch::new().status(status).attempts(attempts);
                let row = self.session().repo::<$entity>().patch(id, patch).await?;
                Ok(stored!(row, $entity))
            }

            async fn create(&self, new: NewTicket) -> Result<Ticket> {
                let row = self.session().repo::<$entity>().create(new!(new, $new)).await?;
                Ok(stored!(row, $entity))
            }

            async fn create_many(&self, new: Vec<NewTicket>) -> Result<Vec<Ticket>> {
                let new = new.into_iter().map(|new| new!(new, $new));
                let rows = self.session().repo::<$entity>().create_many(new).await?;
                Ok(rows.into_iter().map(|row| stored!(row, $entity)).collect())
            }

            async fn trail(&self) -> Result<Trail> {
                self.entries().await
            }
        }
    };
}

macro_rules! stored {
    ($row:expr, $entity:ident) => {
        convert!($row, $entity => Ticket, {
            id, tenant_id, subject, status, attempts, context, amount, urgent, reporter, version,
            created_at, updated_at, deleted_at
        })
    };
}

macro_rules! new {
    ($new:expr, $entity:ident) => {
        convert!($new, NewTicket => $entity, {
            subject, status, attempts, context, amount, urgent, reporter
        })
    };
}

through_repository!(Ticket, NewTicket, TicketPatch);
through_repository!(AuditedTicket, NewAuditedTicket, AuditedTicketPatch);
through_repository!(UnchainedTicket, NewUnchainedTicket, UnchainedTicketPatch);
