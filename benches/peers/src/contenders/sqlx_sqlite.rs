//! SQLite through sqlx by hand: the common way to it from async code.
//!
//! Idioms: a pool of readers and one of a single writer, so that writers wait in line and not for a lock,
//! statements cached by the connection, borrowed parameters, columns by position, a page and its total in one
//! statement, a transaction around many inserts, `BEGIN IMMEDIATE`.

use std::path::Path;

use chrono::{DateTime, Utc};
use futures_util::TryStreamExt as _;
use sqlx::query::Query;
use sqlx::sqlite::{
    SqliteArguments, SqliteConnectOptions, SqliteJournalMode, SqlitePoolOptions, SqliteRow,
    SqliteSynchronous,
};
use sqlx::types::Json;
use sqlx::{ConnectOptions as _, Row as _, Sqlite, SqliteConnection, SqlitePool};
use uuid::Uuid;

use crate::Result;
use crate::by_hand::{complete, moment, now, sqlite as sql};
use crate::chain::{Entry, STORED_ACTOR, ZERO};
use crate::contenders::children_of;
use crate::engine::{Engine, WithChildren};
use crate::entity::{Comment, NewTicket, Status, Ticket};
use crate::place::Setting;
use crate::workload::{PAGE, WINDOW};

/// sqlx's pools, with the settings of the repository's.
#[derive(Debug)]
pub struct SqlxSqlite {
    readers: SqlitePool,
    writer: SqlitePool,
}

impl SqlxSqlite {
    /// Opens the pools.
    pub async fn open(path: &Path, setting: Setting) -> Result<Self> {
        let (readers, writer) = pools(path, setting).await?;
        Ok(Self { readers, writer })
    }
}

/// A pool of readers and one of a single writer.
pub(crate) async fn pools(path: &Path, setting: Setting) -> Result<(SqlitePool, SqlitePool)> {
    let readers = Setting { connections: setting.connections - 1, ..setting };
    let writer = Setting { connections: 1, ..setting };
    Ok((pool(path, readers).await?, pool(path, writer).await?))
}

/// A pool that does not test connections before each use.
pub(crate) async fn pool(path: &Path, setting: Setting) -> Result<SqlitePool> {
    let options = SqliteConnectOptions::new()
        .filename(path)
        .journal_mode(SqliteJournalMode::Wal)
        .synchronous(setting.synchronous().parse::<SqliteSynchronous>()?)
        .pragma("recursive_triggers", "ON")
        .disable_statement_logging();
    let connections = u32::try_from(setting.connections)?;
    let pool = SqlitePoolOptions::new().test_before_acquire(false).max_connections(connections);
    Ok(pool.connect_with(options).await?)
}

impl Engine for SqlxSqlite {
    type Row = Ticket;
    type Note = Comment;

    async fn get(&self, tenant: Uuid, id: Uuid) -> Result<Ticket> {
        let row = sqlx::query(sql::GET).bind(tenant).bind(id).fetch_one(&self.readers).await?;
        ticket(&row)
    }

    async fn page(&self, tenant: Uuid, status: Status) -> Result<(Vec<Ticket>, u64)> {
        let query = sqlx::query(sql::PAGE).bind(tenant).bind(status.as_str());
        let rows = query.fetch_all(&self.readers).await?;
        let total = rows.first().map_or(Ok(0), |row| row.try_get::<i64, _>(14))?;
        Ok((rows.iter().map(ticket).collect::<Result<_>>()?, total.try_into()?))
    }

    async fn windows(&self, tenant: Uuid, count: usize) -> Result<Vec<Ticket>> {
        let mut walked: Vec<Ticket> = Vec::with_capacity(count * WINDOW);
        for _ in 0..count {
            let query = match walked.last() {
                None => sqlx::query(sql::FIRST_WINDOW).bind(tenant),
                Some(last) => sqlx::query(sql::NEXT_WINDOW)
                    .bind(tenant)
                    .bind(moment(last.created_at))
                    .bind(last.id),
            };
            let rows = query.fetch_all(&self.readers).await?;
            for row in rows.iter().take(WINDOW) {
                walked.push(ticket(row)?);
            }
        }
        Ok(walked)
    }

    async fn create(&self, tenant: Uuid, new: NewTicket) -> Result<Ticket> {
        let ticket = complete(tenant, new);
        insert(&ticket).execute(&self.writer).await?;
        Ok(ticket)
    }

    async fn patch(&self, tenant: Uuid, id: Uuid, version: i64, attempts: i64) -> Result<Ticket> {
        let query = sqlx::query(sql::PATCH)
            .bind(Status::Resolved.as_str())
            .bind(attempts)
            .bind(moment(now()))
            .bind(tenant)
            .bind(id)
            .bind(version);
        ticket(&query.fetch_one(&self.writer).await?)
    }

    async fn audited_patch(
        &self,
        tenant: Uuid,
        id: Uuid,
        version: i64,
        attempts: i64,
    ) -> Result<Option<Ticket>> {
        let mut transaction = self.writer.begin_with("BEGIN IMMEDIATE").await?;
        let query = sqlx::query(sql::AUDITED_BEFORE).bind(tenant).bind(id).bind(version);
        let before = ticket(&query.fetch_one(&mut *transaction).await?)?;
        let at = now();
        let query = sqlx::query(sql::AUDITED_PATCH)
            .bind(Status::Resolved.as_str())
            .bind(attempts)
            .bind(moment(at))
            .bind(tenant)
            .bind(id)
            .bind(version);
        let after = ticket(&query.fetch_one(&mut *transaction).await?)?;
        record(&mut transaction, &Entry::of(&before, &after, at)).await?;
        transaction.commit().await?;
        Ok(Some(after))
    }

    async fn create_many(&self, tenant: Uuid, new: Vec<NewTicket>) -> Result<Vec<Ticket>> {
        let tickets: Vec<_> = new.into_iter().map(|new| complete(tenant, new)).collect();
        let mut transaction = self.writer.begin_with("BEGIN IMMEDIATE").await?;
        for ticket in &tickets {
            insert(ticket).execute(&mut *transaction).await?;
        }
        transaction.commit().await?;
        Ok(tickets)
    }

    async fn all(&self) -> Result<Vec<Ticket>> {
        let mut rows = sqlx::query(sql::ALL).fetch(&self.readers);
        let mut tickets = Vec::new();
        while let Some(row) = rows.try_next().await? {
            tickets.push(ticket(&row)?);
        }
        Ok(tickets)
    }

    async fn with_children(&self, tenant: Uuid) -> Result<WithChildren<Ticket, Comment>> {
        let parents = sqlx::query(sql::PARENTS).bind(tenant).fetch_all(&self.readers).await?;
        let parents: Vec<Ticket> = parents.iter().map(ticket).collect::<Result<_>>()?;
        let ids = parents.iter().map(|parent| parent.id);
        let ids = ids.chain(std::iter::repeat(Uuid::nil())).take(PAGE);
        let children = ids.fold(sqlx::query(sql::CHILDREN).bind(tenant), Query::bind);
        let children = children.fetch_all(&self.readers).await?;
        Ok(children_of(parents, children.iter().map(comment).collect::<Result<_>>()?))
    }

    async fn groups(&self, tenant: Uuid) -> Result<Vec<(String, u64)>> {
        let groups = sqlx::query(sql::GROUPS).bind(tenant).fetch_all(&self.readers).await?;
        let group = |row: &SqliteRow| Ok((row.try_get(0)?, row.try_get::<i64, _>(1)?.try_into()?));
        groups.iter().map(group).collect()
    }
}

/// Appends an entry to the chain of its tenant.
async fn record(connection: &mut SqliteConnection, entry: &Entry) -> Result<()> {
    let head = sqlx::query(sql::HEAD).bind(&entry.tenant).fetch_optional(&mut *connection).await?;
    let (last, prev_hash) = match &head {
        Some(head) => (head.try_get::<i64, _>(0)?, head.try_get::<&[u8], _>(1)?),
        None => (0, &ZERO[..]),
    };
    let (seq, prev_hash) = (last + 1, prev_hash.to_vec());
    let hash = entry.hash(seq, &prev_hash);
    sqlx::query(sql::ENTRY)
        .bind(&entry.tenant)
        .bind(seq)
        .bind(&entry.id)
        .bind(STORED_ACTOR)
        .bind(moment(entry.at))
        .bind(&entry.before)
        .bind(&entry.after)
        .bind(&prev_hash)
        .bind(&hash[..])
        .execute(&mut *connection)
        .await?;
    let head = sqlx::query(sql::SET_HEAD).bind(&entry.tenant).bind(seq).bind(&prev_hash);
    head.bind(&hash[..]).execute(connection).await?;
    Ok(())
}

fn insert(ticket: &Ticket) -> Query<'_, Sqlite, SqliteArguments> {
    sqlx::query(sql::INSERT)
        .bind(ticket.id)
        .bind(ticket.tenant_id)
        .bind(ticket.subject.as_str())
        .bind(ticket.body.as_str())
        .bind(ticket.status.as_str())
        .bind(ticket.attempts)
        .bind(Json(&ticket.context))
        .bind(ticket.urgent)
        .bind(ticket.reporter.as_deref())
        .bind(ticket.version)
        .bind(moment(ticket.due_at))
        .bind(moment(ticket.created_at))
        .bind(moment(ticket.updated_at))
        .bind(ticket.deleted_at.map(moment))
}

fn ticket(row: &SqliteRow) -> Result<Ticket> {
    Ok(Ticket {
        id: row.try_get(0)?,
        tenant_id: row.try_get(1)?,
        subject: row.try_get(2)?,
        body: row.try_get(3)?,
        status: Status::parse(row.try_get(4)?).ok_or("an unknown status")?,
        attempts: row.try_get(5)?,
        context: row.try_get::<Json<_>, _>(6)?.0,
        urgent: row.try_get(7)?,
        reporter: row.try_get(8)?,
        version: row.try_get(9)?,
        due_at: row.try_get(10)?,
        created_at: row.try_get(11)?,
        updated_at: row.try_get(12)?,
        deleted_at: row.try_get::<Option<DateTime<Utc>>, _>(13)?,
    })
}

fn comment(row: &SqliteRow) -> Result<Comment> {
    Ok(Comment {
        id: row.try_get(0)?,
        tenant_id: row.try_get(1)?,
        ticket_id: row.try_get(2)?,
        author: row.try_get(3)?,
        text: row.try_get(4)?,
    })
}
