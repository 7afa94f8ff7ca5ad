//! The entity that is measured: 13 columns, one of each common kind, and every policy but `immutable`.

use chrono::{DateTime, Utc};
use repo_core::{ColumnEnum, Repository};
use rust_decimal::Decimal;
use serde::{Deserialize, Serialize};
use uuid::Uuid;

/// A ticket of a service desk.
#[derive(Debug, Clone, PartialEq, Serialize, Repository)]
#[repository(table = "tickets", tenant, soft_delete, versioned, timestamps)]
#[repository(index(status, created_at), index(created_at, id))]
#[allow(clippy::duplicated_attributes, reason = "two indexes share a column")]
pub struct Ticket {
    /// The id.
    pub id: Uuid,
    /// Whose ticket it is.
    pub tenant_id: Uuid,
    /// What it is about.
    pub subject: String,
    /// How far it is.
    pub status: Status,
    /// How often somebody tried to resolve it.
    pub attempts: i64,
    /// Where it came from.
    #[repository(json)]
    pub context: Context,
    /// What it cost.
    #[repository(decimal(12, 2))]
    pub amount: Decimal,
    /// Whether it cannot wait.
    pub urgent: bool,
    /// Who reported it.
    pub reporter: Option<String>,
    /// How often it changed.
    pub version: i64,
    /// When it was made.
    pub created_at: DateTime<Utc>,
    /// When it changed last.
    pub updated_at: DateTime<Utc>,
    /// When it was deleted.
    pub deleted_at: Option<DateTime<Utc>>,
}

/// How far a ticket is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, ColumnEnum)]
#[serde(rename_all = "lowercase")]
pub enum Status {
    /// Nobody looked at it.
    New,
    /// Somebody works on it.
    Analyzing,
    /// Done.
    Resolved,
}

/// Where a ticket came from.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
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

/// The columns of the ticket number `n`, the same at each call. One in ten is new.
pub fn new_ticket(n: usize) -> NewTicket {
    let number = i64::try_from(n).unwrap_or(i64::MAX);
    NewTicket {
        subject: format!("The export of account {n} stops after the first page"),
        status: if n.is_multiple_of(10) { Status::New } else { Status::Resolved },
        attempts: number % 7,
        context: Context {
            service: "billing-export".to_owned(),
            lines: u32::try_from(n % 1_000).unwrap_or(0),
            tags: vec!["export".to_owned(), "customer".to_owned()],
        },
        amount: Decimal::new(number % 100_000 * 37, 2),
        urgent: n.is_multiple_of(3),
        reporter: (!n.is_multiple_of(4)).then(|| format!("user{n}@example.com")),
    }
}
