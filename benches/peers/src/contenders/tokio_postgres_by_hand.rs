//! Postgres through tokio-postgres: the limit.
//!
//! Idioms: clients that are shared and pipeline by themselves, statements prepared when they are opened, borrowed
//! parameters, columns by position, a page and its total as two statements sent together, binary `COPY`. The
//! recorded patch is a transaction of five statements, one after the other, as each needs what the one before
//! it answered.

use std::sync::atomic::{AtomicUsize, Ordering};

use futures_util::{TryFutureExt as _, TryStreamExt as _, future, pin_mut};
use tokio_postgres::binary_copy::BinaryCopyInWriter;
use tokio_postgres::types::{Json, ToSql, Type};
use tokio_postgres::{Client, NoTls, Row, Statement};
use uuid::Uuid;

use crate::Result;
use crate::by_hand::{complete, now, postgres as sql};
use crate::chain::{Entry, STORED_ACTOR, ZERO};
use crate::contenders::children_of;
use crate::engine::{Engine, WithChildren};
use crate::entity::{Comment, NewTicket, Status, Ticket};
use crate::place::{Server, Setting};
use crate::workload::WINDOW;

const TYPES: [Type; 14] = [
    Type::UUID,
    Type::UUID,
    Type::TEXT,
    Type::TEXT,
    Type::TEXT,
    Type::INT8,
    Type::JSONB,
    Type::BOOL,
    Type::TEXT,
    Type::INT8,
    Type::TIMESTAMPTZ,
    Type::TIMESTAMPTZ,
    Type::TIMESTAMPTZ,
    Type::TIMESTAMPTZ,
];

/// Clients that tasks share, round robin.
#[derive(Debug)]
pub struct TokioPostgresByHand {
    clients: Vec<Prepared>,
    next: AtomicUsize,
}

/// A client and its statements.
struct Prepared {
    client: Client,
    get: Statement,
    page: Statement,
    total: Statement,
    first_window: Statement,
    next_window: Statement,
    all: Statement,
    insert: Statement,
    patch: Statement,
    parents: Statement,
    children: Statement,
    groups: Statement,
    audited_before: Statement,
    audited_patch: Statement,
    head: Statement,
    entry: Statement,
    set_head: Statement,
}

impl std::fmt::Debug for Prepared {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Prepared").finish_non_exhaustive()
    }
}

impl TokioPostgresByHand {
    /// Connects, and prepares all statements on each connection.
    pub async fn connect(server: &Server, setting: Setting) -> Result<Self> {
        let mut clients = Vec::new();
        for _ in 0..if setting.is_shared { setting.connections } else { 1 } {
            let url = server.url(setting);
            let (client, connection) = tokio_postgres::connect(&url, NoTls).await?;
            tokio::spawn(connection.map_err(|error| eprintln!("tokio-postgres: {error}")));
            clients.push(Prepared::new(client).await?);
        }
        Ok(Self { clients, next: AtomicUsize::new(0) })
    }

    fn client(&self) -> &Prepared {
        &self.clients[self.next.fetch_add(1, Ordering::Relaxed) % self.clients.len()]
    }
}

impl Prepared {
    async fn new(client: Client) -> Result<Self> {
        Ok(Self {
            get: client.prepare(sql::GET).await?,
            page: client.prepare(sql::PAGE).await?,
            total: client.prepare(sql::TOTAL).await?,
            first_window: client.prepare(sql::FIRST_WINDOW).await?,
            next_window: client.prepare(sql::NEXT_WINDOW).await?,
            all: client.prepare(sql::ALL).await?,
            insert: client.prepare(sql::INSERT).await?,
            patch: client.prepare(sql::PATCH).await?,
            parents: client.prepare(sql::PARENTS).await?,
            children: client.prepare(sql::CHILDREN).await?,
            groups: client.prepare(sql::GROUPS).await?,
            audited_before: client.prepare(sql::AUDITED_BEFORE).await?,
            audited_patch: client.prepare(sql::AUDITED_PATCH).await?,
            head: client.prepare(sql::HEAD).await?,
            entry: client.prepare(sql::ENTRY).await?,
            set_head: client.prepare(sql::SET_HEAD).await?,
            client,
        })
    }

    async fn recorded(
        &self,
        tenant: Uuid,
        id: Uuid,
        version: i64,
        attempts: i64,
    ) -> Result<Ticket> {
        let client = &self.client;
        let before = client.query_one(&self.audited_before, &[&tenant, &id, &version]).await?;
        let (at, status) = (now(), Status::Resolved.as_str());
        let params: &[&(dyn ToSql + Sync)] = &[&status, &attempts, &at, &tenant, &id, &version];
        let after = ticket(&client.query_one(&self.audited_patch, params).await?)?;
        let entry = Entry::of(&ticket(&before)?, &after, at);
        let head = client.query_one(&self.head, &[&entry.tenant, &&ZERO[..]]).await?;
        let (seq, prev_hash) = (head.try_get::<_, i64>(0)? + 1, head.try_get::<_, &[u8]>(1)?);
        let hash = entry.hash(seq, prev_hash);
        let Entry { tenant, id, at, before, after: image } = &entry;
        let params: &[&(dyn ToSql + Sync)] =
            &[tenant, &seq, id, &STORED_ACTOR, at, before, image, &prev_hash, &&hash[..]];
        client.execute(&self.entry, params).await?;
        client.execute(&self.set_head, &[tenant, &seq, &prev_hash, &&hash[..]]).await?;
        Ok(after)
    }
}

impl Engine for TokioPostgresByHand {
    type Row = Ticket;
    type Note = Comment;

    async fn get(&self, tenant: Uuid, id: Uuid) -> Result<Ticket> {
        let Prepared { client, get, .. } = self.client();
        ticket(&client.query_one(get, &[&tenant, &id]).await?)
    }

    async fn page(&self, tenant: Uuid, status: Status) -> Result<(Vec<Ticket>, u64)> {
        let Prepared { client, page, total, .. } = self.client();
        let status = status.as_str();
        let params: &[&(dyn ToSql + Sync)] = &[&tenant, &status];
        let both = future::try_join(client.query(page, params), client.query_one(total, params));
        let (page, total) = both.await?;
        Ok((
            page.iter().map(ticket).collect::<Result<_>>()?,
            total.try_get::<_, i64>(0)?.try_into()?,
        ))
    }

    async fn windows(&self, tenant: Uuid, count: usize) -> Result<Vec<Ticket>> {
        let Prepared { client, first_window, next_window, .. } = self.client();
        let mut walked: Vec<Ticket> = Vec::with_capacity(count * WINDOW);
        for _ in 0..count {
            let rows = match walked.last() {
                None => client.query(first_window, &[&tenant]).await?,
                Some(last) => {
                    client.query(next_window, &[&tenant, &last.created_at, &last.id]).await?
                }
            };
            for row in rows.iter().take(WINDOW) {
                walked.push(ticket(row)?);
            }
        }
        Ok(walked)
    }

    async fn create(&self, tenant: Uuid, new: NewTicket) -> Result<Ticket> {
        let Prepared { client, insert, .. } = self.client();
        let ticket = complete(tenant, new);
        let (status, context) = (ticket.status.as_str(), Json(&ticket.context));
        client.execute(insert, &params(&ticket, &status, &context)).await?;
        Ok(ticket)
    }

    async fn patch(&self, tenant: Uuid, id: Uuid, version: i64, attempts: i64) -> Result<Ticket> {
        let Prepared { client, patch, .. } = self.client();
        let (status, now) = (Status::Resolved.as_str(), now());
        let params: &[&(dyn ToSql + Sync)] = &[&status, &attempts, &now, &tenant, &id, &version];
        ticket(&client.query_one(patch, params).await?)
    }

    async fn audited_patch(
        &self,
        tenant: Uuid,
        id: Uuid,
        version: i64,
        attempts: i64,
    ) -> Result<Option<Ticket>> {
        let prepared = self.client();
        prepared.client.batch_execute("BEGIN").await?;
        let ticket = prepared.recorded(tenant, id, version, attempts).await?;
        prepared.client.batch_execute("COMMIT").await?;
        Ok(Some(ticket))
    }

    async fn create_many(&self, tenant: Uuid, new: Vec<NewTicket>) -> Result<Vec<Ticket>> {
        let tickets: Vec<_> = new.into_iter().map(|new| complete(tenant, new)).collect();
        let sink = self.client().client.copy_in(sql::COPY).await?;
        let writer = BinaryCopyInWriter::new(sink, &TYPES);
        pin_mut!(writer);
        for ticket in &tickets {
            let (status, context) = (ticket.status.as_str(), Json(&ticket.context));
            writer.as_mut().write(&params(ticket, &status, &context)).await?;
        }
        writer.finish().await?;
        Ok(tickets)
    }

    async fn all(&self) -> Result<Vec<Ticket>> {
        let Prepared { client, all, .. } = self.client();
        let rows = client.query_raw(all, std::iter::empty::<i64>()).await?;
        pin_mut!(rows);
        let mut tickets = Vec::new();
        while let Some(row) = rows.try_next().await? {
            tickets.push(ticket(&row)?);
        }
        Ok(tickets)
    }

    async fn with_children(&self, tenant: Uuid) -> Result<WithChildren<Ticket, Comment>> {
        let Prepared { client, parents, children, .. } = self.client();
        let parents = client.query(parents, &[&tenant]).await?;
        let parents: Vec<Ticket> = parents.iter().map(ticket).collect::<Result<_>>()?;
        let ids: Vec<Uuid> = parents.iter().map(|parent| parent.id).collect();
        let children = client.query(children, &[&tenant, &ids]).await?;
        Ok(children_of(parents, children.iter().map(comment).collect::<Result<_>>()?))
    }

    async fn groups(&self, tenant: Uuid) -> Result<Vec<(String, u64)>> {
        let Prepared { client, groups, .. } = self.client();
        let groups = client.query(groups, &[&tenant]).await?;
        let group = |row: &Row| Ok((row.try_get(0)?, row.try_get::<_, i64>(1)?.try_into()?));
        groups.iter().map(group).collect()
    }
}

fn params<'a>(
    ticket: &'a Ticket,
    status: &'a &'a str,
    context: &'a (dyn ToSql + Sync),
) -> [&'a (dyn ToSql + Sync); 14] {
    [
        &ticket.id,
        &ticket.tenant_id,
        &ticket.subject,
        &ticket.body,
        status,
        &ticket.attempts,
        context,
        &ticket.urgent,
        &ticket.reporter,
        &ticket.version,
        &ticket.due_at,
        &ticket.created_at,
        &ticket.updated_at,
        &ticket.deleted_at,
    ]
}

fn ticket(row: &Row) -> Result<Ticket> {
    Ok(Ticket {
        id: row.try_get(0)?,
        tenant_id: row.try_get(1)?,
        subject: row.try_get(2)?,
        body: row.try_get(3)?,
        status: Status::parse(row.try_get(4)?).ok_or("an unknown status")?,
        attempts: row.try_get(5)?,
        context: row.try_get::<_, Json<_>>(6)?.0,
        urgent: row.try_get(7)?,
        reporter: row.try_get(8)?,
        version: row.try_get(9)?,
        due_at: row.try_get(10)?,
        created_at: row.try_get(11)?,
        updated_at: row.try_get(12)?,
        deleted_at: row.try_get(13)?,
    })
}

fn comment(row: &Row) -> Result<Comment> {
    Ok(Comment {
        id: row.try_get(0)?,
        tenant_id: row.try_get(1)?,
        ticket_id: row.try_get(2)?,
        author: row.try_get(3)?,
        text: row.try_get(4)?,
    })
}
