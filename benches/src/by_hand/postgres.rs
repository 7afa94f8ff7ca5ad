//! Rows of tickets in Postgres through sqlx.

use sqlx::postgres::{PgArguments, PgRow};
use sqlx::query::Query;
use sqlx::types::Json;
use sqlx::{Postgres, Row as _};

use crate::{Result, Status, Ticket, columns};

const INSERT: &str = concat!(
    "INSERT INTO tickets (",
    columns!(),
    ") VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13)"
);

/// The statement that adds a ticket.
pub fn insert(ticket: &Ticket) -> Query<'_, Postgres, PgArguments> {
    sqlx::query(INSERT)
        .bind(ticket.id)
        .bind(ticket.tenant_id)
        .bind(ticket.subject.as_str())
        .bind(ticket.status.as_str())
        .bind(ticket.attempts)
        .bind(Json(&ticket.context))
        .bind(ticket.amount)
        .bind(ticket.urgent)
        .bind(ticket.reporter.as_deref())
        .bind(ticket.version)
        .bind(ticket.created_at)
        .bind(ticket.updated_at)
        .bind(ticket.deleted_at)
}

/// The ticket of a row.
pub fn ticket(row: &PgRow) -> Result<Ticket> {
    Ok(Ticket {
        id: row.try_get(0)?,
        tenant_id: row.try_get(1)?,
        subject: row.try_get(2)?,
        status: Status::parse(row.try_get(3)?).ok_or("an unknown status")?,
        attempts: row.try_get(4)?,
        context: row.try_get::<Json<_>, _>(5)?.0,
        amount: row.try_get(6)?,
        urgent: row.try_get(7)?,
        reporter: row.try_get(8)?,
        version: row.try_get(9)?,
        created_at: row.try_get(10)?,
        updated_at: row.try_get(11)?,
        deleted_at: row.try_get(12)?,
    })
}
