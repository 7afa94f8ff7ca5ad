//! Diesel 2.3 on SQLite: its calls block, so that its users run them in `spawn_blocking`, and so does this.
//!
//! Idioms: r2d2's pools (of readers, and of one writer) without a test before each use, Diesel's own cache of
//! statements, `Selectable`, text and blobs read where they lie, a page and its total in one blocking call, row
//! values for the window, `AsChangeset` with `RETURNING`, one cached `INSERT` in a transaction. Diesel has no audit
//! trail, so it does no recorded patch.

mod entities;

use std::collections::HashMap;
use std::fmt;
use std::path::Path;

use diesel::connection::SimpleConnection as _;
use diesel::dsl::sql;
use diesel::prelude::*;
use diesel::r2d2::{ConnectionManager, CustomizeConnection, Pool};
use diesel::sql_types::{Binary, Bool, Text};
use uuid::Uuid;

use crate::Result;
use crate::by_hand::{complete, now};
use crate::engine::{Engine, WithChildren};
use crate::entity::{self, NewTicket};
use crate::place::Setting;
use crate::workload::{PAGE, WINDOW};
use entities::{Comment, Key, Moment, Patch, Status, Ticket, comments, tickets};

type Connections = Pool<ConnectionManager<SqliteConnection>>;

/// Diesel's connections.
pub struct DieselSqlite {
    readers: Connections,
    writer: Connections,
}

/// The settings of the repository's connections.
#[derive(Debug)]
struct Pragmas {
    synchronous: &'static str,
}

impl fmt::Debug for DieselSqlite {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("DieselSqlite").finish_non_exhaustive()
    }
}

impl CustomizeConnection<SqliteConnection, diesel::r2d2::Error> for Pragmas {
    fn on_acquire(&self, connection: &mut SqliteConnection) -> Result<(), diesel::r2d2::Error> {
        let pragmas = format!(
            "PRAGMA busy_timeout = 5000; PRAGMA journal_mode = WAL; PRAGMA synchronous = {}; \
             PRAGMA foreign_keys = ON; PRAGMA recursive_triggers = ON",
            self.synchronous
        );
        connection.batch_execute(&pragmas).map_err(diesel::r2d2::Error::QueryError)
    }
}

impl DieselSqlite {
    /// Opens the pools.
    pub fn open(path: &Path, setting: Setting) -> Result<Self> {
        let path = path.to_str().ok_or("the target directory is not UTF-8")?;
        let pool = |connections: usize| -> Result<Connections> {
            let pool = Pool::builder()
                .max_size(u32::try_from(connections)?)
                .test_on_check_out(false)
                .connection_customizer(Box::new(Pragmas { synchronous: setting.synchronous() }));
            Ok(pool.build(ConnectionManager::new(path))?)
        };
        let writer = pool(1)?;
        Ok(Self { readers: pool(setting.connections - 1)?, writer })
    }
}

/// Runs a blocking piece of work on a connection of the pool.
async fn blocking<R: Send + 'static>(
    pool: &Connections,
    work: impl FnOnce(&mut SqliteConnection) -> Result<R> + Send + 'static,
) -> Result<R> {
    let pool = pool.clone();
    tokio::task::spawn_blocking(move || work(&mut *pool.get()?)).await?
}

fn window(connection: &mut SqliteConnection, tenant: Uuid, walked: &mut Vec<Ticket>) -> Result<()> {
    let newest = tickets::table
        .filter(tickets::tenant_id.eq(Key(tenant)))
        .filter(tickets::deleted_at.is_null())
        .order((tickets::created_at.desc(), tickets::id.desc()))
        .limit(WINDOW as i64 + 1)
        .select(Ticket::as_select());
    let mut rows = match walked.last() {
        None => newest.load(connection)?,
        Some(Ticket { created_at, id, .. }) => {
            let after = sql::<Bool>("(created_at, id) < (")
                .bind::<Text, _>(*created_at)
                .sql(", ")
                .bind::<Binary, _>(*id)
                .sql(")");
            newest.filter(after).load(connection)?
        }
    };
    rows.truncate(WINDOW);
    walked.append(&mut rows);
    Ok(())
}

fn with_children(
    connection: &mut SqliteConnection,
    tenant: Uuid,
) -> Result<WithChildren<Ticket, Comment>> {
    let parents: Vec<Ticket> = tickets::table
        .filter(tickets::tenant_id.eq(Key(tenant)))
        .filter(tickets::deleted_at.is_null())
        .order((tickets::created_at.desc(), tickets::id.desc()))
        .limit(PAGE as i64)
        .select(Ticket::as_select())
        .load(connection)?;
    let ids: Vec<Key> = parents.iter().map(|parent| parent.id).collect();
    let children: Vec<Comment> = comments::table
        .filter(comments::tenant_id.eq(Key(tenant)))
        .filter(comments::ticket_id.eq_any(ids))
        .order(comments::id)
        .select(Comment::as_select())
        .load(connection)?;
    let mut of: HashMap<Key, Vec<Comment>> = HashMap::with_capacity(parents.len());
    for child in children {
        of.entry(child.ticket_id).or_default().push(child);
    }
    let with_own = |parent: Ticket| {
        let own = of.remove(&parent.id).unwrap_or_default();
        (parent, own)
    };
    Ok(parents.into_iter().map(with_own).collect())
}

impl Engine for DieselSqlite {
    type Row = Ticket;
    type Note = Comment;

    async fn get(&self, tenant: Uuid, id: Uuid) -> Result<Ticket> {
        blocking(&self.readers, move |connection| {
            let found = tickets::table
                .filter(tickets::tenant_id.eq(Key(tenant)))
                .filter(tickets::id.eq(Key(id)))
                .filter(tickets::deleted_at.is_null())
                .select(Ticket::as_select());
            Ok(found.get_result(connection)?)
        })
        .await
    }

    async fn page(&self, tenant: Uuid, status: entity::Status) -> Result<(Vec<Ticket>, u64)> {
        blocking(&self.readers, move |connection| {
            let found = || {
                tickets::table
                    .filter(tickets::tenant_id.eq(Key(tenant)))
                    .filter(tickets::status.eq(Status(status)))
                    .filter(tickets::deleted_at.is_null())
            };
            let newest = found()
                .order((tickets::created_at.desc(), tickets::id.desc()))
                .limit(PAGE as i64)
                .select(Ticket::as_select());
            let page = newest.load(connection)?;
            Ok((page, found().count().get_result::<i64>(connection)?.try_into()?))
        })
        .await
    }

    async fn windows(&self, tenant: Uuid, count: usize) -> Result<Vec<Ticket>> {
        let mut walked: Vec<Ticket> = Vec::with_capacity(count * WINDOW);
        for _ in 0..count {
            walked = blocking(&self.readers, move |connection| {
                window(connection, tenant, &mut walked)?;
                Ok(walked)
            })
            .await?;
        }
        Ok(walked)
    }

    async fn create(&self, tenant: Uuid, new: NewTicket) -> Result<Ticket> {
        blocking(&self.writer, move |connection| {
            let ticket = Ticket::from(complete(tenant, new));
            diesel::insert_into(tickets::table).values(&ticket).execute(connection)?;
            Ok(ticket)
        })
        .await
    }

    async fn patch(&self, tenant: Uuid, id: Uuid, version: i64, attempts: i64) -> Result<Ticket> {
        blocking(&self.writer, move |connection| {
            let status = Status(entity::Status::Resolved);
            let row = tickets::table
                .filter(tickets::tenant_id.eq(Key(tenant)))
                .filter(tickets::id.eq(Key(id)))
                .filter(tickets::version.eq(version))
                .filter(tickets::deleted_at.is_null());
            let patch = Patch { status, attempts, updated_at: Moment(now()) };
            let set = (patch, tickets::version.eq(tickets::version + 1));
            let update = diesel::update(row).set(set).returning(Ticket::as_returning());
            Ok(update.get_result(connection)?)
        })
        .await
    }

    async fn create_many(&self, tenant: Uuid, new: Vec<NewTicket>) -> Result<Vec<Ticket>> {
        blocking(&self.writer, move |connection| {
            let created: Vec<_> =
                new.into_iter().map(|new| Ticket::from(complete(tenant, new))).collect();
            connection.immediate_transaction(|connection| {
                for ticket in &created {
                    diesel::insert_into(tickets::table).values(ticket).execute(connection)?;
                }
                Ok::<_, diesel::result::Error>(())
            })?;
            Ok(created)
        })
        .await
    }

    async fn all(&self) -> Result<Vec<Ticket>> {
        blocking(&self.readers, move |connection| {
            let ordered = tickets::table
                .filter(tickets::deleted_at.is_null())
                .order((tickets::tenant_id, tickets::id))
                .select(Ticket::as_select());
            Ok(ordered.load(connection)?)
        })
        .await
    }

    async fn with_children(&self, tenant: Uuid) -> Result<WithChildren<Ticket, Comment>> {
        blocking(&self.readers, move |connection| with_children(connection, tenant)).await
    }

    async fn groups(&self, tenant: Uuid) -> Result<Vec<(String, u64)>> {
        blocking(&self.readers, move |connection| {
            let groups: Vec<(String, i64)> = tickets::table
                .filter(tickets::tenant_id.eq(Key(tenant)))
                .filter(tickets::deleted_at.is_null())
                .group_by(tickets::status)
                .order(tickets::status)
                .select((tickets::status, diesel::dsl::count_star()))
                .load(connection)?;
            groups.into_iter().map(|(status, count)| Ok((status, count.try_into()?))).collect()
        })
        .await
    }
}
