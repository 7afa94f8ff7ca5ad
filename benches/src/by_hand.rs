//! What code by hand needs of a ticket: its managed columns, its stored forms, and its rows by driver.
//!
//! Rows are read by position, in the order of [`columns!`](crate::columns). Which statements are run, and
//! how, is the matter of each program.

pub mod postgres;
pub mod rusqlite;
pub mod sqlx_sqlite;

use chrono::{DateTime, SecondsFormat, SubsecRound, Utc};
use rust_decimal::Decimal;
use uuid::Uuid;

use crate::{NewTicket, Result, Ticket};

/// All columns, as one literal.
#[macro_export]
macro_rules! columns {
    () => {
        "id, tenant_id, subject, status, attempts, context, amount, urgent, reporter, version, \
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
        status: new.status,
        attempts: new.attempts,
        context: new.context,
        amount: new.amount,
        urgent: new.urgent,
        reporter: new.reporter,
        version: 1,
        created_at: now,
        updated_at: now,
        deleted_at: None,
    }
}

/// Now, as both databases store it.
pub fn now() -> DateTime<Utc> {
    Utc::now().trunc_subsecs(6)
}

/// A moment as SQLite stores it.
pub fn moment(at: DateTime<Utc>) -> String {
    at.to_rfc3339_opts(SecondsFormat::Micros, false)
}

/// An amount as SQLite stores it.
pub fn cents(mut amount: Decimal) -> Result<i64> {
    amount.rescale(2);
    Ok(i64::try_from(amount.mantissa())?)
}
