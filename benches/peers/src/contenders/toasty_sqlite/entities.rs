//! The entities, as Toasty has them.
#![allow(missing_debug_implementations, missing_docs, reason = "of what Toasty generates")]

use chrono::{DateTime, Utc};
use uuid::Uuid;

use crate::by_hand::moment;
use crate::entity::{self, Context, Status};
use crate::{Error, Result};

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
    pub(super) fn of(ticket: &entity::Ticket) -> <Ticket as toasty::schema::Model>::Create {
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
            .due_at(moment(ticket.due_at))
            .created_at(moment(ticket.created_at))
            .updated_at(moment(ticket.updated_at))
            .deleted_at(ticket.deleted_at.map(moment))
    }

    /// The ticket of a row.
    pub(super) fn read(self) -> Result<entity::Ticket> {
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
    pub(super) fn read_with_comments(mut self) -> Result<(entity::Ticket, Vec<Comment>)> {
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
