//! SQLite by hand, through rusqlite on the calling thread: what somebody writes who needs it to be fast.

use std::path::Path;

use benches::by_hand::rusqlite::{INSERT, insert, ticket};
use benches::by_hand::{complete, moment, now};
use benches::{NewTicket, Result, Status, Ticket, columns};
use rusqlite::config::DbConfig;
use rusqlite::{Connection, OptionalExtension as _, Transaction, TransactionBehavior, params};
use serde_json::{Map, Value};
use uuid::Uuid;

use crate::engine::{ACTOR, Engine, TENANT, Trail};
use crate::log::{ENTRIES, LOG, NEWEST, changes, create_log, whole};

pub(crate) const GET: &str = concat!(
    "SELECT ",
    columns!(),
    " FROM tickets WHERE tenant_id = ?1 AND id = ?2 AND deleted_at IS NULL"
);
pub(crate) const PATCH: &str = concat!(
    "UPDATE tickets SET status = ?1, attempts = ?2, version = version + 1, updated_at = ?3 \
     WHERE tenant_id = ?4 AND id = ?5 RETURNING ",
    columns!()
);
const CREATE_LOG: &str = create_log!("integer PRIMARY KEY", "blob", "text", "text", " STRICT");

/// A connection with the settings of the repository's.
pub(crate) struct RusqliteByHand {
    connection: Connection,
}

impl RusqliteByHand {
    pub(crate) fn open(path: &Path, synchronous: &str) -> Result<Self> {
        let connection = Connection::open(path)?;
        connection.set_prepared_statement_cache_capacity(128);
        connection.set_db_config(DbConfig::SQLITE_DBCONFIG_ENABLE_QPSG, true)?;
        connection.execute_batch(&format!(
            "PRAGMA journal_mode = WAL; PRAGMA synchronous = {synchronous}; \
             PRAGMA foreign_keys = ON; PRAGMA recursive_triggers = ON; PRAGMA busy_timeout = 5000"
        ))?;
        connection.execute_batch(CREATE_LOG)?;
        Ok(Self { connection })
    }

    fn begin(&self) -> Result<Transaction<'_>> {
        Ok(Transaction::new_unchecked(&self.connection, TransactionBehavior::Immediate)?)
    }

    fn log(
        &self,
        id: Uuid,
        action: &str,
        before: Option<Map<String, Value>>,
        after: Map<String, Value>,
    ) -> Result<()> {
        let (none, at) = (None::<&str>, moment(now()));
        let before = before.map(|before| serde_json::to_string(&before)).transpose()?;
        let after = serde_json::to_string(&after)?;
        let mut statement = self.connection.prepare_cached(LOG)?;
        statement.execute(params![TENANT, id, action, ACTOR, none, none, at, before, after])?;
        Ok(())
    }
}

impl Engine for RusqliteByHand {
    async fn patch(&self, id: Uuid, status: Status, attempts: i64) -> Result<Ticket> {
        let transaction = self.begin()?;
        let before = transaction.prepare_cached(GET)?.query_row(params![TENANT, id], ticket)?;
        let (status, at) = (status.as_str(), moment(now()));
        let after = transaction
            .prepare_cached(PATCH)?
            .query_row(params![status, attempts, at, TENANT, id], ticket)?;
        let (old, new) = changes(&before, &after)?;
        self.log(id, "update", Some(old), new)?;
        transaction.commit()?;
        Ok(after)
    }

    async fn create(&self, new: NewTicket) -> Result<Ticket> {
        let ticket = complete(TENANT, new);
        let transaction = self.begin()?;
        insert(&mut *transaction.prepare_cached(INSERT)?, &ticket)?;
        self.log(ticket.id, "create", None, whole(&ticket)?)?;
        transaction.commit()?;
        Ok(ticket)
    }

    async fn create_many(&self, new: Vec<NewTicket>) -> Result<Vec<Ticket>> {
        let mut tickets = Vec::with_capacity(new.len());
        for new in new {
            tickets.push(self.create(new).await?);
        }
        Ok(tickets)
    }

    async fn trail(&self) -> Result<Trail> {
        let entries: i64 = self.connection.query_row(ENTRIES, [], |row| row.get(0))?;
        let newest = |row: &rusqlite::Row<'_>| Ok([row.get(0)?, row.get(1)?]);
        let newest = self.connection.query_row(NEWEST, [], newest).optional()?;
        Ok(Trail { entries: entries.try_into()?, newest: newest.unwrap_or_default() })
    }
}
