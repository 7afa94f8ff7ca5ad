//! Diesel 2.3 on Postgres, through diesel-async.
//!
//! Idioms: bb8's pool without a test before each use, Diesel's own cache of statements, `Selectable`, JSON and enums read where
//! they lie, a page and its total pipelined on one connection, row values for the window, `AsChangeset` with
//! `RETURNING`, inserts of as many rows as a statement has parameters for (diesel-async has no `COPY`). Diesel has no
//! audit trail, so it does no recorded patch.

mod entities;

use std::collections::HashMap;
use std::fmt;

use diesel::dsl::sql;
use diesel::prelude::*;
use diesel::sql_types::{Bool, Timestamptz};
use diesel_async::pooled_connection::bb8::{Pool, PooledConnection};
use diesel_async::pooled_connection::{
    AsyncDieselConnectionManager, ManagerConfig, RecyclingMethod,
};
use diesel_async::{AsyncConnection as _, AsyncPgConnection, RunQueryDsl};
use uuid::Uuid;

use crate::Result;
use crate::by_hand::{complete, now};
use crate::engine::{Engine, WithChildren};
use crate::entity::{self, NewTicket};
use crate::place::{Server, Setting};
use crate::workload::{PAGE, WINDOW};
use entities::{Comment, Patch, Status, Ticket, comments, tickets};

/// How many tickets fit into one statement.
const MOST_TICKETS: usize = 65_535 / 14;

/// Diesel's connections.
pub struct DieselPostgres {
    pool: Pool<AsyncPgConnection>,
}

impl fmt::Debug for DieselPostgres {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("DieselPostgres").finish_non_exhaustive()
    }
}

impl DieselPostgres {
    /// Opens the pool.
    pub async fn connect(server: &Server, setting: Setting) -> Result<Self> {
        let mut config = ManagerConfig::default();
        config.recycling_method = RecyclingMethod::Fast;
        let url = server.url(setting);
        let manager = AsyncDieselConnectionManager::new_with_config(url, config);
        let connections = u32::try_from(setting.connections)?;
        let pool = Pool::builder().max_size(connections).test_on_check_out(false);
        Ok(Self { pool: pool.build(manager).await? })
    }

    async fn connection(&self) -> Result<PooledConnection<'_, AsyncPgConnection>> {
        Ok(self.pool.get().await?)
    }
}

impl Engine for DieselPostgres {
    type Row = Ticket;
    type Note = Comment;

    async fn get(&self, tenant: Uuid, id: Uuid) -> Result<Ticket> {
        let found = tickets::table
            .filter(tickets::tenant_id.eq(tenant))
            .filter(tickets::id.eq(id))
            .filter(tickets::deleted_at.is_null())
            .select(Ticket::as_select());
        Ok(found.get_result(&mut self.connection().await?).await?)
    }

    async fn page(&self, tenant: Uuid, status: entity::Status) -> Result<(Vec<Ticket>, u64)> {
        let found = || {
            tickets::table
                .filter(tickets::tenant_id.eq(tenant))
                .filter(tickets::status.eq(Status(status)))
                .filter(tickets::deleted_at.is_null())
        };
        let connection = self.connection().await?;
        let (mut first, mut second): (&AsyncPgConnection, &AsyncPgConnection) =
            (&connection, &connection);
        let newest = found()
            .order((tickets::created_at.desc(), tickets::id.desc()))
            .limit(PAGE as i64)
            .select(Ticket::as_select());
        let page = newest.load(&mut first);
        let total = found().count().get_result::<i64>(&mut second);
        let (page, total) = tokio::try_join!(page, total)?;
        Ok((page, total.try_into()?))
    }

    async fn windows(&self, tenant: Uuid, count: usize) -> Result<Vec<Ticket>> {
        let mut connection = self.connection().await?;
        let mut walked: Vec<Ticket> = Vec::with_capacity(count * WINDOW);
        for _ in 0..count {
            let newest = tickets::table
                .filter(tickets::tenant_id.eq(tenant))
                .filter(tickets::deleted_at.is_null())
                .order((tickets::created_at.desc(), tickets::id.desc()))
                .limit(WINDOW as i64 + 1)
                .select(Ticket::as_select());
            let mut rows = match walked.last() {
                None => newest.load(&mut connection).await?,
                Some(Ticket { created_at, id, .. }) => {
                    let after = sql::<Bool>("(created_at, id) < (")
                        .bind::<Timestamptz, _>(*created_at)
                        .sql(", ")
                        .bind::<diesel::sql_types::Uuid, _>(*id)
                        .sql(")");
                    newest.filter(after).load(&mut connection).await?
                }
            };
            rows.truncate(WINDOW);
            walked.append(&mut rows);
        }
        Ok(walked)
    }

    async fn create(&self, tenant: Uuid, new: NewTicket) -> Result<Ticket> {
        let ticket = Ticket::from(complete(tenant, new));
        let insert = diesel::insert_into(tickets::table).values(&ticket);
        insert.execute(&mut self.connection().await?).await?;
        Ok(ticket)
    }

    async fn patch(&self, tenant: Uuid, id: Uuid, version: i64, attempts: i64) -> Result<Ticket> {
        let status = Status(entity::Status::Resolved);
        let row = tickets::table
            .filter(tickets::tenant_id.eq(tenant))
            .filter(tickets::id.eq(id))
            .filter(tickets::version.eq(version))
            .filter(tickets::deleted_at.is_null());
        let set = (
            Patch { status, attempts, updated_at: now() },
            tickets::version.eq(tickets::version + 1),
        );
        let update = diesel::update(row).set(set).returning(Ticket::as_returning());
        Ok(update.get_result(&mut self.connection().await?).await?)
    }

    async fn create_many(&self, tenant: Uuid, new: Vec<NewTicket>) -> Result<Vec<Ticket>> {
        let created: Vec<_> =
            new.into_iter().map(|new| Ticket::from(complete(tenant, new))).collect();
        let mut connection = self.connection().await?;
        let rows = &created;
        connection
            .transaction(async move |connection| {
                for rows in rows.chunks(MOST_TICKETS) {
                    let insert = diesel::insert_into(tickets::table).values(rows);
                    insert.execute(connection).await?;
                }
                Ok::<_, diesel::result::Error>(())
            })
            .await?;
        Ok(created)
    }

    async fn all(&self) -> Result<Vec<Ticket>> {
        let ordered = tickets::table
            .filter(tickets::deleted_at.is_null())
            .order((tickets::tenant_id, tickets::id))
            .select(Ticket::as_select());
        Ok(ordered.load(&mut self.connection().await?).await?)
    }

    async fn with_children(&self, tenant: Uuid) -> Result<WithChildren<Ticket, Comment>> {
        let mut connection = self.connection().await?;
        let parents: Vec<Ticket> = tickets::table
            .filter(tickets::tenant_id.eq(tenant))
            .filter(tickets::deleted_at.is_null())
            .order((tickets::created_at.desc(), tickets::id.desc()))
            .limit(PAGE as i64)
            .select(Ticket::as_select())
            .load(&mut connection)
            .await?;
        let ids: Vec<Uuid> = parents.iter().map(|parent| parent.id).collect();
        let children: Vec<Comment> = comments::table
            .filter(comments::tenant_id.eq(tenant))
            .filter(comments::ticket_id.eq_any(ids))
            .order(comments::id)
            .select(Comment::as_select())
            .load(&mut connection)
            .await?;
        let mut of: HashMap<Uuid, Vec<Comment>> = HashMap::with_capacity(parents.len());
        for child in children {
            of.entry(child.ticket_id).or_default().push(child);
        }
        let with_own = |parent: Ticket| {
            let own = of.remove(&parent.id).unwrap_or_default();
            (parent, own)
        };
        Ok(parents.into_iter().map(with_own).collect())
    }

    async fn groups(&self, tenant: Uuid) -> Result<Vec<(String, u64)>> {
        let groups: Vec<(String, i64)> = tickets::table
            .filter(tickets::tenant_id.eq(tenant))
            .filter(tickets::deleted_at.is_null())
            .group_by(tickets::status)
            .order(tickets::status)
            .select((tickets::status, diesel::dsl::count_star()))
            .load(&mut self.connection().await?)
            .await?;
        groups.into_iter().map(|(status, count)| Ok((status, count.try_into()?))).collect()
    }
}
