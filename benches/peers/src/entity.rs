//! The entities that are measured, as our derive has them: a ticket of 14 columns, the same with an audit
//! trail, and the comments of tickets.
//!
//! Code by hand maps its rows to the same structs. What peers need of their own is in their modules.

use chrono::{DateTime, Utc};
use repo_core::{ColumnEnum, Repository};
use serde::{Deserialize, Serialize};
use uuid::Uuid;

macro_rules! ticket {
    ($(#[$doc:meta])* $entity:ident, $table:tt $(, $audited:tt)?) => {
        $(#[$doc])*
        #[derive(Debug, Clone, PartialEq, Repository)]
        #[repository(table = $table, tenant, soft_delete, versioned, timestamps $(, $audited)?)]
        #[repository(index(status, created_at), index(created_at, id))]
        #[allow(clippy::duplicated_attributes, reason = "two indexes share a column")]
        pub struct $entity {
            /// The id.
            pub id: Uuid,
            /// Whose ticket it is.
            pub tenant_id: Uuid,
            /// What it is about.
            pub subject: String,
            /// What was written.
            pub body: String,
            /// How far it is.
            pub status: Status,
            /// How often somebody tried to resolve it.
            pub attempts: i64,
            /// Where it came from.
            #[repository(json)]
            pub context: Context,
            /// Whether it cannot wait.
            pub urgent: bool,
            /// Who reported it.
            pub reporter: Option<String>,
            /// How often it changed.
            pub version: i64,
            /// Until when it wants an answer.
            pub due_at: DateTime<Utc>,
            /// When it was made.
            pub created_at: DateTime<Utc>,
            /// When it changed last.
            pub updated_at: DateTime<Utc>,
            /// When it was deleted.
            pub deleted_at: Option<DateTime<Utc>>,
        }
    };
}

ticket!(
    /// A ticket of a service desk.
    Ticket,
    "tickets"
);
ticket!(
    /// A ticket whose changes are recorded.
    AuditedTicket,
    "audited_tickets",
    audited
);

/// What somebody wrote under a ticket.
#[derive(Debug, Clone, PartialEq, Repository)]
#[repository(table = "comments", tenant)]
pub struct Comment {
    /// The id.
    pub id: Uuid,
    /// Whose comment it is.
    pub tenant_id: Uuid,
    /// The ticket.
    #[repository(references = Ticket)]
    pub ticket_id: Uuid,
    /// Who wrote it.
    pub author: String,
    /// What was written.
    pub text: String,
}

/// How far a ticket is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ColumnEnum)]
pub enum Status {
    /// Nobody looked at it.
    New,
    /// Somebody works on it.
    Analyzing,
    /// Done.
    Resolved,
}

/// Where a ticket came from.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Context {
    /// The service that sent it.
    pub service: String,
    /// How many lines of its log are attached.
    pub lines: u32,
    /// Words to find it by.
    pub tags: Vec<String>,
}

impl Status {
    /// The status that is stored as `text`: what code by hand parses.
    pub fn parse(text: &str) -> Option<Self> {
        match text {
            "new" => Some(Status::New),
            "analyzing" => Some(Status::Analyzing),
            "resolved" => Some(Status::Resolved),
            _ => None,
        }
    }
}

impl From<AuditedTicket> for Ticket {
    fn from(ticket: AuditedTicket) -> Self {
        Ticket {
            id: ticket.id,
            tenant_id: ticket.tenant_id,
            subject: ticket.subject,
            body: ticket.body,
            status: ticket.status,
            attempts: ticket.attempts,
            context: ticket.context,
            urgent: ticket.urgent,
            reporter: ticket.reporter,
            version: ticket.version,
            due_at: ticket.due_at,
            created_at: ticket.created_at,
            updated_at: ticket.updated_at,
            deleted_at: ticket.deleted_at,
        }
    }
}

impl From<NewTicket> for NewAuditedTicket {
    fn from(new: NewTicket) -> Self {
        NewAuditedTicket {
            subject: new.subject,
            body: new.body,
            status: new.status,
            attempts: new.attempts,
            context: new.context,
            urgent: new.urgent,
            reporter: new.reporter,
            due_at: new.due_at,
        }
    }
}
