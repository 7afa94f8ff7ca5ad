//! What a backend is asked for: statements, lookups, rows to add and changes.

use std::fmt::Debug;

use super::OnRow;
use crate::error::Result;
use crate::schema::table::Table;
use crate::value::Value;

/// One SQL statement and its parameters.
#[derive(Debug, Clone, Copy)]
pub struct Statement<'a> {
    /// The text, in the backend's dialect. Every value is a parameter.
    pub sql: &'a str,
    /// The parameters; placeholder `n` is `params[n - 1]`.
    pub params: &'a [Value<'a>],
    /// What it does, and whether it is one of the repositories.
    pub effect: Effect,
    /// The entity it is about, for error messages.
    pub table: &'static Table,
}

/// A read of at most one row by its key, and the same read of several keys.
#[derive(Debug, Clone, Copy)]
pub struct Lookup<'a> {
    /// The read, which has the key as its parameters.
    pub statement: Statement<'a>,
    /// The text for several keys: in the place of each parameter it has a [`Value::List`] of as many values as there
    /// are keys. Each row that it answers with begins with the place of its key among them, counted from 1, and goes
    /// on as that of `statement` does. A key without a row has none.
    pub of_keys: &'a str,
}

/// A row to add that can wait for no other transaction, and the addition of several such rows.
///
/// Its table has no unique key but the primary one, and refers to no other: nothing that somebody else did and has
/// not committed is in the way of a new row.
#[derive(Debug, Clone, Copy)]
pub struct Addition<'a> {
    /// The statement that adds the row, with a parameter for each of `columns`, in order. It answers with no row.
    pub statement: Statement<'a>,
    /// The columns given, as indexes into the table's columns.
    pub columns: &'a [usize],
    /// The text for several rows: in the place of each parameter it has a [`Value::List`] of as many values as there
    /// are rows.
    pub of_rows: &'a str,
}

/// What a statement does to the rows of its table.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub enum Effect {
    /// It reads.
    Read,
    /// It reads what is written next: it locks rows, or takes numbers.
    Lock,
    /// It adds rows.
    Insert,
    /// It changes rows; those that are marked as deleted are still there.
    Update,
    /// It removes rows.
    Delete,
    /// Nobody knows: it is SQL by hand.
    ByHand {
        /// Whether it may write.
        writes: bool,
    },
}

/// Whether a statement or a transaction writes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Access {
    /// It only reads, and may run on a read-only connection.
    Read,
    /// It may write.
    Write,
}

/// Rows to insert into one table, all or none.
#[derive(Clone, Copy)]
pub struct Insert<'a> {
    /// The table.
    pub table: &'static Table,
    /// The columns given, as indexes into the table's columns: all, but an identity.
    pub columns: &'a [usize],
    /// The statement that inserts one row, with a parameter for each of `columns`, in order. It
    /// returns the identity where the table has one.
    pub sql: &'a str,
    /// The rows.
    pub rows: &'a dyn InsertRows,
}

/// The rows of an [`Insert`], encoded one at a time into a buffer that the backend keeps.
pub trait InsertRows: Sync {
    /// How many rows there are.
    fn len(&self) -> usize;

    /// Whether there are none.
    fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// Fills `values`, which is empty, with the row at `index`: one for each of the insert's columns.
    ///
    /// # Errors
    ///
    /// When a value does not fit; the whole insert then fails with this error.
    fn encode<'a>(&'a self, index: usize, values: &mut Vec<Value<'a>>) -> Result<()>;
}

/// A change of one row and its entry in the audit trail: short statements, between which nothing waits.
pub struct BriefChange<'a> {
    /// The table of the row.
    pub table: &'static Table,
    /// The texts of the statements that write.
    pub writes: &'a [&'a str],
    /// What runs them. To be called once at most, and undone as a whole where it is an error.
    pub steps: &'a mut (dyn FnMut(&mut dyn Steps) -> Result<()> + Send + 'a),
}

/// Where the statements of a [`BriefChange`] run.
pub trait Steps {
    /// Runs one statement, and returns the rows affected.
    ///
    /// # Errors
    ///
    /// Whatever kept the database from it; nothing more is run then.
    fn run(&mut self, statement: Statement<'_>, on_row: OnRow<'_>) -> Result<u64>;
}

impl Statement<'_> {
    /// Whether it writes, or is to run where that is possible.
    pub fn access(&self) -> Access {
        match self.effect {
            Effect::Read | Effect::ByHand { writes: false } => Access::Read,
            _ => Access::Write,
        }
    }

    /// Whether it is SQL by hand. What such a statement leaves on its connection if it may write, nobody can see: a
    /// backend that lets settings, locks or tables last as long as a connection closes it when the transaction ends.
    pub fn is_by_hand(&self) -> bool {
        matches!(self.effect, Effect::ByHand { .. })
    }
}

impl Debug for Insert<'_> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Insert")
            .field("sql", &self.sql)
            .field("rows", &self.rows.len())
            .finish_non_exhaustive()
    }
}

impl Debug for BriefChange<'_> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("BriefChange").field("writes", &self.writes).finish_non_exhaustive()
    }
}
