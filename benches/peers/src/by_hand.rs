//! What code by hand needs of tickets: managed columns, stored forms, and the SQL, which drivers share.
//!
//! Rows are read by position, in the order of [`columns!`](crate::columns).

pub mod postgres;
pub mod sqlite;

use chrono::{DateTime, SecondsFormat, SubsecRound, TimeDelta, Utc};
use uuid::Uuid;

use crate::entity::{NewTicket, Ticket};

/// All columns of tickets, as one literal.
#[macro_export]
macro_rules! columns {
    () => {
        "id, tenant_id, subject, body, status, attempts, context, urgent, reporter, version, due_at, \
         created_at, updated_at, deleted_at"
    };
}

/// The ticket that a new one becomes.
pub fn complete(tenant: Uuid, new: NewTicket) -> Ticket {
    let now = now();
    Ticket {
        id: Uuid::now_v7(),
        tenant_id: tenant,
        subject: new.subject,
        body: new.body,
        status: new.status,
        attempts: new.attempts,
        context: new.context,
        urgent: new.urgent,
        reporter: new.reporter,
        version: 1,
        due_at: new.due_at,
        created_at: now,
        updated_at: now,
        deleted_at: None,
    }
}

/// Now, in microseconds, as both databases store it.
///
/// Some drivers write whole milliseconds with three digits, so there are none: such a moment is a microsecond
/// later.
pub fn now() -> DateTime<Utc> {
    let now = Utc::now().trunc_subsecs(6);
    if now.timestamp_subsec_micros().is_multiple_of(1_000) {
        return now + TimeDelta::microseconds(1);
    }
    now
}

/// A moment as SQLite stores it.
pub fn moment(at: DateTime<Utc>) -> String {
    at.to_rfc3339_opts(SecondsFormat::Micros, false)
}
