//! Toasty on SQLite: its connections, and the entities in the forms that are stored.
#![allow(missing_debug_implementations, missing_docs, reason = "of what Toasty generates")]

use std::fmt;
use std::path;

use chrono::{DateTime, Utc};
use toasty::Db;
use toasty::stmt::{List, Path, Query, Value};
use uuid::Uuid;

use super::toasty_engine;
use crate::by_hand::sqlite::GROUPS;
use crate::by_hand::{complete, moment, now};
use crate::engine::{Engine, WithChildren};
use crate::entity::{self, Context, NewTicket, Status};
use crate::place::Setting;
use crate::workload::{PAGE, WINDOW};
use crate::{Error, Result};

/// How many tickets fit into one statement.
const MOST_TICKETS: usize = 32_766 / 14;

/// Toasty's connections.
pub struct ToastySqlite {
    readers: Db,
    writer: Db,
}

impl fmt::Debug for ToastySqlite {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ToastySqlite").finish_non_exhaustive()
    }
}

impl ToastySqlite {
    /// Opens the pools.
    pub async fn open(path: &path::Path, setting: Setting) -> Result<Self> {
        Ok(Self {
            readers: pool(path, setting, setting.connections - 1).await?,
            writer: pool(path, setting, 1).await?,
        })
    }
}

/// A pool whose connections have the settings of the repository's.
async fn pool(path: &path::Path, setting: Setting, size: usize) -> Result<Db> {
    let driver = toasty_driver_sqlite::Sqlite::open(path);
    let mut builder = Db::builder();
    builder.models(toasty::models!(Ticket, Comment)).max_pool_size(size).pool_pre_ping(false);
    builder.pool_health_check_interval(None).pool_max_connection_idle_time(None);
    let database = builder.build(driver).await?;
    // All at once, so that each is another one.
    let mut connections = Vec::new();
    for _ in 0..size {
        connections.push(database.connection().await?);
    }
    for connection in &mut connections {
        for pragma in [
            "PRAGMA busy_timeout = 5000",
            &format!("PRAGMA synchronous = {}", setting.synchronous()),
            "PRAGMA foreign_keys = ON",
            "PRAGMA recursive_triggers = ON",
        ] {
            toasty::sql::query(pragma).exec(connection).await?;
        }
    }
    Ok(database)
}

fn stored(at: DateTime<Utc>) -> String {
    moment(at)
}

fn tenant_parameter(tenant: Uuid) -> Vec<u8> {
    tenant.as_bytes().to_vec()
}

#[derive(Debug, toasty::Model)]
#[table = "tickets"]
#[key(partition = tenant_id, local = id)]
/// A ticket.
pub struct Ticket {
    pub id: Uuid,
    pub tenant_id: Uuid,
    pub subject: String,
    pub body: String,
    pub status: String,
    pub attempts: i64,
    pub context: toasty::Json<Context>,
    pub urgent: bool,
    pub reporter: Option<String>,
    pub version: i64,
    pub due_at: String,
    pub created_at: String,
    pub updated_at: String,
    pub deleted_at: Option<String>,
    #[has_many]
    pub comments: toasty::Deferred<Vec<Comment>>,
}

/// A comment.
#[derive(Debug, toasty::Model)]
#[table = "comments"]
#[key(partition = tenant_id, local = id)]
#[index(tenant_id, ticket_id)]
pub struct Comment {
    id: Uuid,
    tenant_id: Uuid,
    ticket_id: Uuid,
    author: String,
    text: String,
    #[belongs_to(key = [tenant_id, ticket_id], references = [tenant_id, id])]
    ticket: toasty::Deferred<Ticket>,
}

impl Ticket {
    /// The statement that adds a ticket.
    fn of(ticket: &entity::Ticket) -> <Ticket as toasty::schema::Model>::Create {
        Ticket::create()
            .id(ticket.id)
            .tenant_id(ticket.tenant_id)
            .subject(ticket.subject.as_str())
            .body(ticket.body.as_str())
            .status(ticket.status.as_str())
            .attempts(ticket.attempts)
            .context(toasty::Json(ticket.context.clone()))
            .urgent(ticket.urgent)
            .reporter(ticket.reporter.clone())
            .version(ticket.version)
            .due_at(stored(ticket.due_at))
            .created_at(stored(ticket.created_at))
            .updated_at(stored(ticket.updated_at))
            .deleted_at(ticket.deleted_at.map(stored))
    }

    /// The ticket of a row.
    fn read(self) -> Result<entity::Ticket> {
        Ok(entity::Ticket {
            id: self.id,
            tenant_id: self.tenant_id,
            subject: self.subject,
            body: self.body,
            status: Status::parse(&self.status).ok_or("an unknown status")?,
            attempts: self.attempts,
            context: self.context.0,
            urgent: self.urgent,
            reporter: self.reporter,
            version: self.version,
            due_at: at(&self.due_at)?,
            created_at: at(&self.created_at)?,
            updated_at: at(&self.updated_at)?,
            deleted_at: self.deleted_at.as_deref().map(at).transpose()?,
        })
    }

    /// The ticket of a row, and its comments, by id.
    fn read_with_comments(mut self) -> Result<(entity::Ticket, Vec<Comment>)> {
        let comments = std::mem::take(&mut self.comments);
        let mut comments = comments.into_inner();
        comments.sort_unstable_by_key(|comment| comment.id);
        Ok((self.read()?, comments))
    }
}

fn at(text: &str) -> Result<DateTime<Utc>, Error> {
    Ok(DateTime::parse_from_rfc3339(text)?.to_utc())
}

impl From<Comment> for entity::Comment {
    fn from(comment: Comment) -> Self {
        Self {
            id: comment.id,
            tenant_id: comment.tenant_id,
            ticket_id: comment.ticket_id,
            author: comment.author,
            text: comment.text,
        }
    }
}

toasty_engine!(ToastySqlite);
