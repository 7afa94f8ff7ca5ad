//! Rows of tickets in SQLite through sqlx.

use chrono::{DateTime, Utc};
use rust_decimal::Decimal;
use sqlx::query::Query;
use sqlx::sqlite::{SqliteArguments, SqliteRow};
use sqlx::types::Json;
use sqlx::{Row as _, Sqlite};

use super::{cents, moment};
use crate::{Result, Status, Ticket, columns};

const INSERT: &str = concat!(
    "INSERT INTO tickets (",
    columns!(),
    ") VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12, ?13)"
);

/// The statement that adds a ticket.
pub fn insert(ticket: &Ticket) -> Result<Query<'_, Sqlite, SqliteArguments>> {
    Ok(sqlx::query(INSERT)
        .bind(ticket.id)
        .bind(ticket.tenant_id)
        .bind(ticket.subject.as_str())
        .bind(ticket.status.as_str())
        .bind(ticket.attempts)
        .bind(Json(&ticket.context))
        .bind(cents(ticket.amount)?)
        .bind(ticket.urgent)
        .bind(ticket.reporter.as_deref())
        .bind(ticket.version)
        .bind(moment(ticket.created_at))
        .bind(moment(ticket.updated_at))
        .bind(ticket.deleted_at.map(moment)))
}

/// The ticket of a row.
pub fn ticket(row: &SqliteRow) -> Result<Ticket> {
    Ok(Ticket {
        id: row.try_get(0)?,
        tenant_id: row.try_get(1)?,
        subject: row.try_get(2)?,
        status: Status::parse(row.try_get(3)?).ok_or("an unknown status")?,
        attempts: row.try_get(4)?,
        context: row.try_get::<Json<_>, _>(5)?.0,
        amount: Decimal::new(row.try_get(6)?, 2),
        urgent: row.try_get(7)?,
        reporter: row.try_get(8)?,
        version: row.try_get(9)?,
        created_at: row.try_get(10)?,
        updated_at: row.try_get(11)?,
        deleted_at: row.try_get::<Option<DateTime<Utc>>, _>(12)?,
    })
}
