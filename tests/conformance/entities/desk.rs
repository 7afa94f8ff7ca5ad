//! A ticket with every policy that rows can change under, an item with none, a counter that the
//! database numbers.

use chrono::{DateTime, Utc};
use repo_core::{ColumnEnum, Repository};
use uuid::Uuid;

/// The work that somebody asked for.
#[derive(Debug, Clone, PartialEq, Repository)]
#[repository(table = "tickets", tenant, soft_delete, versioned, timestamps, correlated)]
#[repository(index(status, created_at desc), unique(queue, number))]
pub(crate) struct Ticket {
    pub(crate) id: Uuid,
    pub(crate) tenant_id: Uuid,
    #[repository(unique, max_length = 40)]
    pub(crate) code: String,
    pub(crate) title: String,
    pub(crate) status: Status,
    #[repository(default = 1)]
    pub(crate) weight: i64,
    #[repository(index)]
    pub(crate) owner: Option<String>,
    #[repository(fixed, default = "inbox".to_owned())]
    pub(crate) queue: String,
    #[repository(default = None)]
    pub(crate) number: Option<i32>,
    #[repository(sensitive, default = None)]
    pub(crate) reporter: Option<String>,
    pub(crate) correlation_id: Option<String>,
    pub(crate) version: i64,
    pub(crate) created_at: DateTime<Utc>,
    pub(crate) updated_at: DateTime<Utc>,
    pub(crate) deleted_at: Option<DateTime<Utc>>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, ColumnEnum)]
pub(crate) enum Status {
    New,
    InProgress,
    #[column(rename = "done & gone's")]
    Done,
}

/// A thing that belongs to no tenant.
#[derive(Debug, Clone, PartialEq, Repository)]
#[repository(table = "items")]
pub(crate) struct Item {
    pub(crate) id: Uuid,
    #[repository(unique)]
    pub(crate) name: String,
    pub(crate) size: Option<i32>,
    pub(crate) shelf: Option<String>,
}

/// A number that grows.
#[derive(Debug, Clone, PartialEq, Repository)]
#[repository(table = "counters", versioned)]
pub(crate) struct Counter {
    pub(crate) id: i64,
    #[repository(unique)]
    pub(crate) name: String,
    pub(crate) value: i64,
    pub(crate) version: i64,
}

/// A new ticket of which only the code matters.
pub(crate) fn ticket(code: &str) -> NewTicket {
    NewTicket {
        code: code.to_owned(),
        title: format!("title of {code}"),
        status: Status::New,
        owner: None,
    }
}

/// A new item of which only the name matters.
pub(crate) fn item(name: &str) -> NewItem {
    NewItem { name: name.to_owned(), size: None, shelf: None }
}

/// A new counter at zero.
pub(crate) fn counter(name: &str) -> NewCounter {
    NewCounter { name: name.to_owned(), value: 0 }
}
