//! Rows of tickets in SQLite through rusqlite.

use chrono::{DateTime, Utc};
use rusqlite::types::Type;
use rusqlite::{Row, Statement, params};
use rust_decimal::Decimal;

use super::{cents, moment};
use crate::{Error, Result, Status, Ticket, columns};

/// Adds a row.
pub const INSERT: &str = concat!(
    "INSERT INTO tickets (",
    columns!(),
    ") VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12, ?13)"
);

/// Adds a ticket with [`INSERT`].
pub fn insert(statement: &mut Statement<'_>, ticket: &Ticket) -> Result<()> {
    statement.execute(params![
        ticket.id,
        ticket.tenant_id,
        ticket.subject,
        ticket.status.as_str(),
        ticket.attempts,
        serde_json::to_string(&ticket.context)?,
        cents(ticket.amount)?,
        ticket.urgent,
        ticket.reporter,
        ticket.version,
        moment(ticket.created_at),
        moment(ticket.updated_at),
        ticket.deleted_at.map(moment),
    ])?;
    Ok(())
}

/// The ticket of a row.
pub fn ticket(row: &Row<'_>) -> rusqlite::Result<Ticket> {
    let unreadable =
        |column, error: Error| rusqlite::Error::FromSqlConversionFailure(column, Type::Text, error);
    let status = Status::parse(row.get_ref(3)?.as_str()?);
    let context = serde_json::from_str(row.get_ref(5)?.as_str()?);
    Ok(Ticket {
        id: row.get(0)?,
        tenant_id: row.get(1)?,
        subject: row.get(2)?,
        status: status.ok_or_else(|| unreadable(3, "an unknown status".into()))?,
        attempts: row.get(4)?,
        context: context.map_err(|error| unreadable(5, error.into()))?,
        amount: Decimal::new(row.get(6)?, 2),
        urgent: row.get(7)?,
        reporter: row.get(8)?,
        version: row.get(9)?,
        created_at: row.get(10)?,
        updated_at: row.get(11)?,
        deleted_at: row.get::<_, Option<DateTime<Utc>>>(12)?,
    })
}
