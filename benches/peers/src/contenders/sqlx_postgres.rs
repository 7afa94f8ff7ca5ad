//! Postgres through sqlx by hand: what most teams write.
//!
//! Idioms: `PgPool` without a test before each use, statements cached by the connection, borrowed parameters,
//! columns by position, a page and its total in one statement, binary `COPY` from sqlx's own encoders,
//! `fetch` instead of `fetch_all` where there is much. The recorded patch is a transaction of five statements.

use futures_util::TryStreamExt as _;
use sqlx::encode::{Encode, IsNull};
use sqlx::postgres::{PgArgumentBuffer, PgPoolOptions, PgRow};
use sqlx::types::Json;
use sqlx::{ConnectOptions as _, PgConnection, PgPool, Postgres, Row as _};
use uuid::Uuid;

use crate::by_hand::{complete, now, postgres as sql};
use crate::chain::{Entry, STORED_ACTOR, ZERO};
use crate::contenders::children_of;
use crate::engine::{Engine, WithChildren};
use crate::entity::{Comment, NewTicket, Status, Ticket};
use crate::place::{Server, Setting};
use crate::workload::WINDOW;
use crate::{Error, Result};

const CHUNK: usize = 64 * 1024;
const HEADER: &[u8] = b"PGCOPY\n\xff\r\n\0\0\0\0\0\0\0\0\0";
const TRAILER: [u8; 2] = (-1_i16).to_be_bytes();
const JSONB_VERSION: u8 = 1;

/// sqlx's pool.
#[derive(Debug)]
pub struct SqlxPostgres {
    pool: PgPool,
}

impl SqlxPostgres {
    /// Opens the pool.
    pub async fn connect(server: &Server, setting: Setting) -> Result<Self> {
        Ok(Self { pool: pool(server, setting).await? })
    }
}

/// A pool that does not test connections before each use.
pub(crate) async fn pool(server: &Server, setting: Setting) -> Result<PgPool> {
    let options: sqlx::postgres::PgConnectOptions = server.url(setting).parse()?;
    let connections = u32::try_from(setting.connections)?;
    let pool = PgPoolOptions::new().max_connections(connections).test_before_acquire(false);
    Ok(pool.connect_with(options.disable_statement_logging()).await?)
}

impl Engine for SqlxPostgres {
    type Row = Ticket;
    type Note = Comment;

    async fn get(&self, tenant: Uuid, id: Uuid) -> Result<Ticket> {
        let row = sqlx::query(sql::GET).bind(tenant).bind(id).fetch_one(&self.pool).await?;
        ticket(&row)
    }

    async fn page(&self, tenant: Uuid, status: Status) -> Result<(Vec<Ticket>, u64)> {
        let query = sqlx::query(sql::PAGE_WITH_TOTAL).bind(tenant).bind(status.as_str());
        let rows = query.fetch_all(&self.pool).await?;
        let total = rows.first().map_or(Ok(0), |row| row.try_get::<i64, _>(14))?;
        Ok((rows.iter().map(ticket).collect::<Result<_>>()?, total.try_into()?))
    }

    async fn windows(&self, tenant: Uuid, count: usize) -> Result<Vec<Ticket>> {
        let mut walked: Vec<Ticket> = Vec::with_capacity(count * WINDOW);
        for _ in 0..count {
            let query = match walked.last() {
                None => sqlx::query(sql::FIRST_WINDOW).bind(tenant),
                Some(last) => {
                    sqlx::query(sql::NEXT_WINDOW).bind(tenant).bind(last.created_at).bind(last.id)
                }
            };
            let rows = query.fetch_all(&self.pool).await?;
            for row in rows.iter().take(WINDOW) {
                walked.push(ticket(row)?);
            }
        }
        Ok(walked)
    }

    async fn create(&self, tenant: Uuid, new: NewTicket) -> Result<Ticket> {
        let ticket = complete(tenant, new);
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
            .bind(ticket.due_at)
            .bind(ticket.created_at)
            .bind(ticket.updated_at)
            .bind(ticket.deleted_at)
            .execute(&self.pool)
            .await?;
        Ok(ticket)
    }

    async fn patch(&self, tenant: Uuid, id: Uuid, version: i64, attempts: i64) -> Result<Ticket> {
        let query = sqlx::query(sql::PATCH)
            .bind(Status::Resolved.as_str())
            .bind(attempts)
            .bind(now())
            .bind(tenant)
            .bind(id)
            .bind(version);
        ticket(&query.fetch_one(&self.pool).await?)
    }

    async fn audited_patch(
        &self,
        tenant: Uuid,
        id: Uuid,
        version: i64,
        attempts: i64,
    ) -> Result<Option<Ticket>> {
        let mut transaction = self.pool.begin().await?;
        let query = sqlx::query(sql::AUDITED_BEFORE).bind(tenant).bind(id).bind(version);
        let before = ticket(&query.fetch_one(&mut *transaction).await?)?;
        let at = now();
        let query = sqlx::query(sql::AUDITED_PATCH)
            .bind(Status::Resolved.as_str())
            .bind(attempts)
            .bind(at)
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
        copy(&self.pool, &tickets).await?;
        Ok(tickets)
    }

    async fn all(&self) -> Result<Vec<Ticket>> {
        let mut rows = sqlx::query(sql::ALL).fetch(&self.pool);
        let mut tickets = Vec::new();
        while let Some(row) = rows.try_next().await? {
            tickets.push(ticket(&row)?);
        }
        Ok(tickets)
    }

    async fn with_children(&self, tenant: Uuid) -> Result<WithChildren<Ticket, Comment>> {
        let parents = sqlx::query(sql::PARENTS).bind(tenant).fetch_all(&self.pool).await?;
        let parents: Vec<Ticket> = parents.iter().map(ticket).collect::<Result<_>>()?;
        let ids: Vec<Uuid> = parents.iter().map(|parent| parent.id).collect();
        let children = sqlx::query(sql::CHILDREN).bind(tenant).bind(ids);
        let children = children.fetch_all(&self.pool).await?;
        Ok(children_of(parents, children.iter().map(comment).collect::<Result<_>>()?))
    }

    async fn groups(&self, tenant: Uuid) -> Result<Vec<(String, u64)>> {
        let groups = sqlx::query(sql::GROUPS).bind(tenant).fetch_all(&self.pool).await?;
        let group = |row: &PgRow| Ok((row.try_get(0)?, row.try_get::<i64, _>(1)?.try_into()?));
        groups.iter().map(group).collect()
    }
}

/// Appends an entry to the chain of its tenant.
async fn record(connection: &mut PgConnection, entry: &Entry) -> Result<()> {
    let head = sqlx::query(sql::HEAD).bind(&entry.tenant).bind(&ZERO[..]);
    let head = head.fetch_one(&mut *connection).await?;
    let (seq, prev_hash) = (head.try_get::<i64, _>(0)? + 1, head.try_get::<&[u8], _>(1)?);
    let hash = entry.hash(seq, prev_hash);
    sqlx::query(sql::ENTRY)
        .bind(&entry.tenant)
        .bind(seq)
        .bind(&entry.id)
        .bind(STORED_ACTOR)
        .bind(entry.at)
        .bind(&entry.before)
        .bind(&entry.after)
        .bind(prev_hash)
        .bind(&hash[..])
        .execute(&mut *connection)
        .await?;
    let head = sqlx::query(sql::SET_HEAD).bind(&entry.tenant).bind(seq).bind(prev_hash);
    head.bind(&hash[..]).execute(connection).await?;
    Ok(())
}

async fn copy(pool: &PgPool, tickets: &[Ticket]) -> Result<()> {
    let mut connection = pool.acquire().await?;
    let mut copy = connection.copy_in_raw(sql::COPY).await?;
    let mut buffer = PgArgumentBuffer::default();
    buffer.reserve(CHUNK + CHUNK / 4);
    buffer.extend_from_slice(HEADER);
    for ticket in tickets {
        write_row(&mut buffer, ticket)?;
        if buffer.len() >= CHUNK {
            copy.send(&buffer[..]).await?;
            buffer.clear();
        }
    }
    buffer.extend_from_slice(&TRAILER);
    copy.send(&buffer[..]).await?;
    copy.finish().await?;
    Ok(())
}

fn write_row(buffer: &mut PgArgumentBuffer, ticket: &Ticket) -> Result<()> {
    buffer.extend_from_slice(&14_i16.to_be_bytes());
    field(buffer, &ticket.id)?;
    field(buffer, &ticket.tenant_id)?;
    field(buffer, &ticket.subject.as_str())?;
    field(buffer, &ticket.body.as_str())?;
    field(buffer, &ticket.status.as_str())?;
    field(buffer, &ticket.attempts)?;
    sized(buffer, |buffer| {
        buffer.push(JSONB_VERSION);
        serde_json::to_writer(&mut **buffer, &ticket.context)?;
        Ok(IsNull::No)
    })?;
    field(buffer, &ticket.urgent)?;
    field(buffer, &ticket.reporter.as_deref())?;
    field(buffer, &ticket.version)?;
    field(buffer, &ticket.due_at)?;
    field(buffer, &ticket.created_at)?;
    field(buffer, &ticket.updated_at)?;
    field(buffer, &ticket.deleted_at)
}

fn field<'q>(buffer: &mut PgArgumentBuffer, value: &impl Encode<'q, Postgres>) -> Result<()> {
    sized(buffer, |buffer| value.encode_by_ref(buffer))
}

/// The length of what `write` appends, then that.
fn sized(
    buffer: &mut PgArgumentBuffer,
    write: impl FnOnce(&mut PgArgumentBuffer) -> Result<IsNull, Error>,
) -> Result<()> {
    let start = buffer.len();
    buffer.extend_from_slice(&[0; 4]);
    let length = match write(buffer)? {
        IsNull::Yes => -1,
        IsNull::No => i32::try_from(buffer.len() - start - 4)?,
    };
    buffer[start..start + 4].copy_from_slice(&length.to_be_bytes());
    Ok(())
}

fn ticket(row: &PgRow) -> Result<Ticket> {
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
        deleted_at: row.try_get(13)?,
    })
}

fn comment(row: &PgRow) -> Result<Comment> {
    Ok(Comment {
        id: row.try_get(0)?,
        tenant_id: row.try_get(1)?,
        ticket_id: row.try_get(2)?,
        author: row.try_get(3)?,
        text: row.try_get(4)?,
    })
}
