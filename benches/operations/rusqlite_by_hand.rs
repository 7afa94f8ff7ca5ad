//! SQLite through rusqlite, on the calling thread: what somebody writes who needs it to be fast.

use benches::by_hand::rusqlite::{INSERT, insert, ticket};
use benches::by_hand::{complete, moment, now};
use benches::{NewTicket, Result, Status, Ticket, columns};
use rusqlite::config::DbConfig;
use rusqlite::{Connection, Transaction, TransactionBehavior, params};
use uuid::Uuid;

use crate::engine::Engine;
use crate::workload::WINDOW;

const GET: &str = concat!(
    "SELECT ",
    columns!(),
    " FROM tickets WHERE tenant_id = ?1 AND id = ?2 AND deleted_at IS NULL"
);
const PAGE: &str = concat!(
    "SELECT ",
    columns!(),
    ", (SELECT count(*) FROM tickets WHERE tenant_id = ?1 AND status = ?2 AND deleted_at IS NULL) \
     FROM tickets WHERE tenant_id = ?1 AND status = ?2 AND deleted_at IS NULL \
     ORDER BY created_at DESC, id DESC LIMIT ?3 OFFSET ?4"
);
const FIRST_WINDOW: &str = concat!(
    "SELECT ",
    columns!(),
    " FROM tickets WHERE tenant_id = ?1 AND deleted_at IS NULL \
     ORDER BY created_at DESC, id DESC LIMIT ?2"
);
const NEXT_WINDOW: &str = concat!(
    "SELECT ",
    columns!(),
    " FROM tickets WHERE tenant_id = ?1 AND deleted_at IS NULL AND (created_at, id) < (?3, ?4) \
     ORDER BY created_at DESC, id DESC LIMIT ?2"
);
const ALL: &str = concat!(
    "SELECT ",
    columns!(),
    " FROM tickets WHERE tenant_id = ?1 AND deleted_at IS NULL ORDER BY id"
);
const PATCH: &str = concat!(
    "UPDATE tickets SET status = ?1, attempts = ?2, version = version + 1, updated_at = ?3 \
     WHERE tenant_id = ?4 AND id = ?5 AND version = ?6 AND deleted_at IS NULL RETURNING ",
    columns!()
);

/// A connection with the settings of the repository's.
pub(crate) struct RusqliteByHand {
    connection: Connection,
}

impl RusqliteByHand {
    pub(crate) fn open(path: &std::path::Path, synchronous: &str) -> Result<Self> {
        let connection = Connection::open(path)?;
        connection.set_prepared_statement_cache_capacity(128);
        connection.set_db_config(DbConfig::SQLITE_DBCONFIG_ENABLE_QPSG, true)?;
        connection.execute_batch(&format!(
            "PRAGMA journal_mode = WAL; PRAGMA synchronous = {synchronous}; \
             PRAGMA foreign_keys = ON; PRAGMA recursive_triggers = ON; PRAGMA busy_timeout = 5000"
        ))?;
        Ok(Self { connection })
    }

    fn window(&self, tenant: Uuid, after: Option<&Ticket>) -> Result<Vec<Ticket>> {
        // One more than a window has tells whether another follows.
        let limit = i64::try_from(WINDOW + 1)?;
        let mut tickets = Vec::with_capacity(WINDOW + 1);
        match after {
            None => {
                let mut statement = self.connection.prepare_cached(FIRST_WINDOW)?;
                for found in statement.query_map(params![tenant, limit], ticket)? {
                    tickets.push(found?);
                }
            }
            Some(Ticket { created_at, id, .. }) => {
                let mut statement = self.connection.prepare_cached(NEXT_WINDOW)?;
                let params = params![tenant, limit, moment(*created_at), id];
                for found in statement.query_map(params, ticket)? {
                    tickets.push(found?);
                }
            }
        }
        tickets.truncate(WINDOW);
        Ok(tickets)
    }
}

impl Engine for RusqliteByHand {
    async fn get(&self, tenant: Uuid, id: Uuid) -> Result<Ticket> {
        let mut statement = self.connection.prepare_cached(GET)?;
        Ok(statement.query_row(params![tenant, id], ticket)?)
    }

    async fn page(&self, tenant: Uuid, status: Status) -> Result<(Vec<Ticket>, u64)> {
        let mut statement = self.connection.prepare_cached(PAGE)?;
        let mut rows = statement.query(params![tenant, status.as_str(), 20, 0])?;
        let (mut tickets, mut total) = (Vec::with_capacity(20), 0_i64);
        while let Some(row) = rows.next()? {
            total = row.get(13)?;
            tickets.push(ticket(row)?);
        }
        Ok((tickets, total.try_into()?))
    }

    async fn windows(&self, tenant: Uuid, count: usize) -> Result<Vec<Ticket>> {
        let mut walked: Vec<Ticket> = Vec::new();
        for _ in 0..count {
            walked.append(&mut self.window(tenant, walked.last())?);
        }
        Ok(walked)
    }

    async fn all(&self, tenant: Uuid) -> Result<Vec<Ticket>> {
        let mut statement = self.connection.prepare_cached(ALL)?;
        let tickets = statement.query_map([tenant], ticket)?;
        Ok(tickets.collect::<rusqlite::Result<_>>()?)
    }

    async fn create(&self, tenant: Uuid, new: NewTicket) -> Result<Ticket> {
        let ticket = complete(tenant, new);
        insert(&mut *self.connection.prepare_cached(INSERT)?, &ticket)?;
        Ok(ticket)
    }

    async fn patch(&self, tenant: Uuid, id: Uuid, version: i64, attempts: i64) -> Result<Ticket> {
        let mut statement = self.connection.prepare_cached(PATCH)?;
        let status = Status::Resolved.as_str();
        let params = params![status, attempts, moment(now()), tenant, id, version];
        Ok(statement.query_row(params, ticket)?)
    }

    async fn create_many(&self, tenant: Uuid, new: Vec<NewTicket>) -> Result<Vec<Ticket>> {
        let tickets: Vec<_> = new.into_iter().map(|new| complete(tenant, new)).collect();
        let transaction =
            Transaction::new_unchecked(&self.connection, TransactionBehavior::Immediate)?;
        {
            let mut statement = transaction.prepare_cached(INSERT)?;
            tickets.iter().try_for_each(|ticket| insert(&mut statement, ticket))?;
        }
        transaction.commit()?;
        Ok(tickets)
    }
}
