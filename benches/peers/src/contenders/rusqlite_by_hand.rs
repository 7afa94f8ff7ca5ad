//! SQLite through rusqlite, on the calling thread: the limit.
//!
//! Idioms: `prepare_cached`, borrowed parameters, columns by position, text parsed where it lies, rusqlite's own
//! chrono mapping, one writer behind a mutex and readers that each have one, one prepared `INSERT` in a
//! transaction. Statements are run on the calling thread by 64 tasks too: `spawn_blocking` costs more than
//! they do.

use std::path::Path;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Mutex, MutexGuard, PoisonError};

use chrono::{DateTime, Utc};
use rusqlite::config::DbConfig;
use rusqlite::types::Type;
use rusqlite::{
    Connection, OptionalExtension as _, Row, Statement, Transaction, TransactionBehavior, params,
    params_from_iter,
};
use uuid::Uuid;

use crate::by_hand::sqlite::{
    ALL, AUDITED_BEFORE, AUDITED_PATCH, CHILDREN, ENTRY, FIRST_WINDOW, GET, GROUPS, HEAD, INSERT,
    NEXT_WINDOW, PAGE, PARENTS, PATCH, SET_HEAD,
};
use crate::by_hand::{complete, moment, now};
use crate::chain::{Entry, STORED_ACTOR, ZERO};
use crate::contenders::children_of;
use crate::engine::{Engine, WithChildren};
use crate::entity::{Comment, NewTicket, Status, Ticket};
use crate::place::Setting;
use crate::workload::{PAGE as PAGE_SIZE, WINDOW};
use crate::{Error, Result};

/// Connections with the settings of the repository's.
#[derive(Debug)]
pub struct RusqliteByHand {
    writer: Mutex<Connection>,
    readers: Vec<Mutex<Connection>>,
    next: AtomicUsize,
}

impl RusqliteByHand {
    /// Opens a writer, and readers for the rest of the connections.
    pub fn open(path: &Path, setting: Setting) -> Result<Self> {
        let connection = || connect(path, setting.synchronous()).map(Mutex::new);
        let readers = if setting.is_shared { setting.connections - 1 } else { 1 };
        Ok(Self {
            writer: connection()?,
            readers: (0..readers).map(|_| connection()).collect::<Result<_>>()?,
            next: AtomicUsize::new(0),
        })
    }

    /// A reader that nobody uses, or the next one.
    fn reader(&self) -> MutexGuard<'_, Connection> {
        let start = self.next.fetch_add(1, Ordering::Relaxed);
        let at = |n: usize| &self.readers[(start + n) % self.readers.len()];
        let free = (0..self.readers.len()).find_map(|n| at(n).try_lock().ok());
        free.unwrap_or_else(|| at(0).lock().unwrap_or_else(PoisonError::into_inner))
    }

    fn writer(&self) -> MutexGuard<'_, Connection> {
        self.writer.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn window(&self, tenant: Uuid, walked: &mut Vec<Ticket>) -> Result<()> {
        let after = walked.last().map(|last| (moment(last.created_at), last.id));
        let connection = self.reader();
        let mut statement =
            connection.prepare_cached(if after.is_some() { NEXT_WINDOW } else { FIRST_WINDOW })?;
        let mut rows = match after {
            None => statement.query(params![tenant])?,
            Some((at, id)) => statement.query(params![tenant, at, id])?,
        };
        for _ in 0..WINDOW {
            let Some(row) = rows.next()? else { break };
            walked.push(ticket(row)?);
        }
        // The row after them tells whether another window follows.
        rows.next()?;
        Ok(())
    }
}

fn connect(path: &Path, synchronous: &str) -> Result<Connection> {
    let connection = Connection::open(path)?;
    connection.set_prepared_statement_cache_capacity(128);
    connection.set_db_config(DbConfig::SQLITE_DBCONFIG_ENABLE_QPSG, true)?;
    connection.execute_batch(&format!(
        "PRAGMA journal_mode = WAL; PRAGMA synchronous = {synchronous}; \
         PRAGMA foreign_keys = ON; PRAGMA recursive_triggers = ON; PRAGMA busy_timeout = 5000"
    ))?;
    Ok(connection)
}

impl Engine for RusqliteByHand {
    type Row = Ticket;
    type Note = Comment;

    async fn get(&self, tenant: Uuid, id: Uuid) -> Result<Ticket> {
        let connection = self.reader();
        let mut statement = connection.prepare_cached(GET)?;
        Ok(statement.query_row(params![tenant, id], ticket)?)
    }

    async fn page(&self, tenant: Uuid, status: Status) -> Result<(Vec<Ticket>, u64)> {
        let connection = self.reader();
        let mut statement = connection.prepare_cached(PAGE)?;
        let mut rows = statement.query(params![tenant, status.as_str()])?;
        let (mut tickets, mut total) = (Vec::with_capacity(PAGE_SIZE), 0_i64);
        while let Some(row) = rows.next()? {
            total = row.get(14)?;
            tickets.push(ticket(row)?);
        }
        Ok((tickets, total.try_into()?))
    }

    async fn windows(&self, tenant: Uuid, count: usize) -> Result<Vec<Ticket>> {
        let mut walked: Vec<Ticket> = Vec::with_capacity(count * WINDOW);
        for _ in 0..count {
            self.window(tenant, &mut walked)?;
        }
        Ok(walked)
    }

    async fn create(&self, tenant: Uuid, new: NewTicket) -> Result<Ticket> {
        let ticket = complete(tenant, new);
        let connection = self.writer();
        insert(&mut *connection.prepare_cached(INSERT)?, &ticket)?;
        Ok(ticket)
    }

    async fn patch(&self, tenant: Uuid, id: Uuid, version: i64, attempts: i64) -> Result<Ticket> {
        let connection = self.writer();
        let mut statement = connection.prepare_cached(PATCH)?;
        let status = Status::Resolved.as_str();
        let params = params![status, attempts, moment(now()), tenant, id, version];
        Ok(statement.query_row(params, ticket)?)
    }

    async fn audited_patch(
        &self,
        tenant: Uuid,
        id: Uuid,
        version: i64,
        attempts: i64,
    ) -> Result<Option<Ticket>> {
        let connection = self.writer();
        let immediate = TransactionBehavior::Immediate;
        let transaction = Transaction::new_unchecked(&connection, immediate)?;
        let key = params![tenant, id, version];
        let before = transaction.prepare_cached(AUDITED_BEFORE)?.query_row(key, ticket)?;
        let (at, status) = (now(), Status::Resolved.as_str());
        let after = transaction
            .prepare_cached(AUDITED_PATCH)?
            .query_row(params![status, attempts, moment(at), tenant, id, version], ticket)?;
        record(&transaction, &Entry::of(&before, &after, at))?;
        transaction.commit()?;
        Ok(Some(after))
    }

    async fn create_many(&self, tenant: Uuid, new: Vec<NewTicket>) -> Result<Vec<Ticket>> {
        let tickets: Vec<_> = new.into_iter().map(|new| complete(tenant, new)).collect();
        let connection = self.writer();
        let immediate = TransactionBehavior::Immediate;
        let transaction = Transaction::new_unchecked(&connection, immediate)?;
        {
            let mut statement = transaction.prepare_cached(INSERT)?;
            tickets.iter().try_for_each(|ticket| insert(&mut statement, ticket))?;
        }
        transaction.commit()?;
        Ok(tickets)
    }

    async fn all(&self) -> Result<Vec<Ticket>> {
        let connection = self.reader();
        let mut statement = connection.prepare_cached(ALL)?;
        let tickets = statement.query_map([], ticket)?;
        Ok(tickets.collect::<rusqlite::Result<_>>()?)
    }

    async fn with_children(&self, tenant: Uuid) -> Result<WithChildren<Ticket, Comment>> {
        let connection = self.reader();
        let mut statement = connection.prepare_cached(PARENTS)?;
        let parents = statement.query_map([tenant], ticket)?;
        let parents: Vec<Ticket> = parents.collect::<rusqlite::Result<_>>()?;
        let mut statement = connection.prepare_cached(CHILDREN)?;
        let ids = parents.iter().map(|parent| parent.id);
        let ids = ids.chain(std::iter::repeat(Uuid::nil())).take(PAGE_SIZE);
        let params = params_from_iter(std::iter::once(tenant).chain(ids));
        let children = statement.query_map(params, comment)?;
        Ok(children_of(parents, children.collect::<rusqlite::Result<_>>()?))
    }

    async fn groups(&self, tenant: Uuid) -> Result<Vec<(String, u64)>> {
        let connection = self.reader();
        let mut statement = connection.prepare_cached(GROUPS)?;
        let groups =
            statement.query_map([tenant], |row| Ok((row.get(0)?, row.get::<_, i64>(1)?)))?;
        groups
            .map(|group| group.map_err(Error::from).and_then(|(k, n)| Ok((k, n.try_into()?))))
            .collect()
    }
}

/// Appends an entry to the chain of its tenant.
fn record(connection: &Connection, entry: &Entry) -> Result<()> {
    let head = connection
        .prepare_cached(HEAD)?
        .query_row([&entry.tenant], |row| Ok((row.get(0)?, row.get(1)?)))
        .optional()?;
    let (last, prev_hash): (i64, [u8; 32]) = head.unwrap_or((0, ZERO));
    let seq = last + 1;
    let hash = entry.hash(seq, &prev_hash);
    let Entry { tenant, id, at, before, after } = entry;
    let at = moment(*at);
    connection.prepare_cached(ENTRY)?.execute(params![
        tenant,
        seq,
        id,
        STORED_ACTOR,
        at,
        before,
        after,
        prev_hash,
        hash
    ])?;
    connection.prepare_cached(SET_HEAD)?.execute(params![tenant, seq, prev_hash, hash])?;
    Ok(())
}

fn insert(statement: &mut Statement<'_>, ticket: &Ticket) -> Result<()> {
    statement.execute(params![
        ticket.id,
        ticket.tenant_id,
        ticket.subject,
        ticket.body,
        ticket.status.as_str(),
        ticket.attempts,
        serde_json::to_string(&ticket.context)?,
        ticket.urgent,
        ticket.reporter,
        ticket.version,
        moment(ticket.due_at),
        moment(ticket.created_at),
        moment(ticket.updated_at),
        ticket.deleted_at.map(moment),
    ])?;
    Ok(())
}

fn ticket(row: &Row<'_>) -> rusqlite::Result<Ticket> {
    let unreadable =
        |column, error: Error| rusqlite::Error::FromSqlConversionFailure(column, Type::Text, error);
    let status = Status::parse(row.get_ref(4)?.as_str()?);
    let context = serde_json::from_str(row.get_ref(6)?.as_str()?);
    Ok(Ticket {
        id: row.get(0)?,
        tenant_id: row.get(1)?,
        subject: row.get(2)?,
        body: row.get(3)?,
        status: status.ok_or_else(|| unreadable(4, "an unknown status".into()))?,
        attempts: row.get(5)?,
        context: context.map_err(|error| unreadable(6, error.into()))?,
        urgent: row.get(7)?,
        reporter: row.get(8)?,
        version: row.get(9)?,
        due_at: row.get(10)?,
        created_at: row.get(11)?,
        updated_at: row.get(12)?,
        deleted_at: row.get::<_, Option<DateTime<Utc>>>(13)?,
    })
}

fn comment(row: &Row<'_>) -> rusqlite::Result<Comment> {
    Ok(Comment {
        id: row.get(0)?,
        tenant_id: row.get(1)?,
        ticket_id: row.get(2)?,
        author: row.get(3)?,
        text: row.get(4)?,
    })
}
