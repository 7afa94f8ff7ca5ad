//! Running one statement on a connection, on this thread, from its first step to its last.
//!
//! Nothing here waits: a database that another process holds is a [`Failure`] that the caller may
//! answer by trying again, as long as no row was handed over.

use repo_core::backend::{Access, OnRow, Statement};
use repo_core::{DatabaseError, Error};
use rusqlite::{Connection, Row, Rows};

use crate::error::Failure;
use crate::reference;
use crate::row::StoredRow;
use crate::value::bind;

/// The most parameters of a statement: `SQLITE_MAX_VARIABLE_NUMBER` as SQLite has it.
const MOST: usize = 32_766;

/// Whether what a statement wrote before an error stays.
#[derive(Debug, Clone, Copy)]
pub(crate) enum OnError {
    /// It is undone, once this interrupted it: the statement is a transaction of its own.
    Undo(Interrupt),
    /// It stays in the transaction, which the caller rolls back.
    Keep,
}

/// Interrupts what runs on a connection.
pub(crate) type Interrupt = fn(&Connection);

/// Runs `statement` and returns the rows affected: those changed, or those read. Counts in
/// `handed_over` the rows that `on_row` was given.
pub(crate) fn run(
    connection: &Connection,
    statement: &Statement<'_>,
    on_row: OnRow<'_>,
    on_error: OnError,
    handed_over: &mut u64,
) -> Result<u64, Failure> {
    let ran = run_once(connection, statement, on_row, on_error, handed_over);
    ran.map_err(|failure| reference::explained(connection, statement, failure))
}

/// The same, of which SQLite tells no reference.
pub(crate) fn run_once(
    connection: &Connection,
    statement: &Statement<'_>,
    on_row: OnRow<'_>,
    on_error: OnError,
    handed_over: &mut u64,
) -> Result<u64, Failure> {
    step_once(connection, statement, on_error, |row| {
        *handed_over += 1;
        on_row(&StoredRow(row)).map_err(Failure::Ours)
    })
}

/// Runs `statement`, gives each row to `each`, and returns the rows affected. Where a reference was refused, it is
/// found out which.
pub(crate) fn step(
    connection: &Connection,
    statement: &Statement<'_>,
    on_error: OnError,
    each: impl FnMut(&Row<'_>) -> Result<(), Failure>,
) -> Result<u64, Failure> {
    let stepped = step_once(connection, statement, on_error, each);
    stepped.map_err(|failure| reference::explained(connection, statement, failure))
}

/// The same, of which SQLite tells no reference.
pub(crate) fn step_once(
    connection: &Connection,
    statement: &Statement<'_>,
    on_error: OnError,
    mut each: impl FnMut(&Row<'_>) -> Result<(), Failure>,
) -> Result<u64, Failure> {
    check_number(statement.params.len())?;
    let mut prepared = connection.prepare_cached(statement.sql)?;
    if statement.access() == Access::Read && !prepared.readonly() {
        let source = DatabaseError::new("a statement that only reads was expected");
        return Err(Failure::Ours(Error::ReadOnly { source }));
    }
    check_parameters(prepared.parameter_count(), statement.params.len())?;
    for (index, value) in statement.params.iter().enumerate() {
        bind(&mut prepared, index + 1, value)?;
    }
    let writes = !prepared.readonly();
    let undo = match on_error {
        OnError::Undo(interrupt) if writes => Some((connection, interrupt)),
        _ => None,
    };
    let mut stepping = Stepping { rows: prepared.raw_query(), undo };
    let mut read = 0;
    while let Some(row) = stepping.rows.next()? {
        read += 1;
        each(row)?;
    }
    stepping.undo = None;
    Ok(if writes { connection.changes() } else { read })
}

/// Interrupts what runs on a connection that is ours.
pub(crate) fn interrupt(connection: &Connection) {
    connection.get_interrupt_handle().interrupt();
}

/// Runs a statement that has neither parameters nor rows.
pub(crate) fn execute(connection: &Connection, sql: &str) -> rusqlite::Result<()> {
    connection.prepare_cached(sql)?.raw_execute().map(|_| ())
}

/// Refuses more parameters than a statement can have.
fn check_number(given: usize) -> Result<(), Failure> {
    if given <= MOST {
        return Ok(());
    }
    let reason = format!("are {given}, and a statement of SQLite takes at most {MOST}");
    Err(Failure::Ours(Error::invalid_input("parameters", reason)))
}

/// SQLite takes a parameter that was not bound for NULL.
pub(crate) fn check_parameters(wanted: usize, given: usize) -> Result<(), Failure> {
    if wanted == given {
        return Ok(());
    }
    Err(Failure::Driver(rusqlite::Error::InvalidParameterCount(given, wanted)))
}

/// The rows of a statement; one that is left before its end, by an error or a panic, is undone.
///
/// Resetting a statement that has already written would commit it. Interrupted, it rolls back.
struct Stepping<'a> {
    rows: Rows<'a>,
    undo: Option<(&'a Connection, Interrupt)>,
}

impl Drop for Stepping<'_> {
    fn drop(&mut self) {
        if let Some((connection, interrupt)) = self.undo {
            interrupt(connection);
            let interrupted = self.rows.next().is_err();
            tracing::debug!(interrupted, "a statement was left before its end");
        }
    }
}

#[cfg(test)]
pub(crate) mod tests {
    use repo_core::schema::Table;

    /// A table, where one must be named.
    pub(crate) static TABLE: Table = Table::bare("T", "t", &[]);
}
