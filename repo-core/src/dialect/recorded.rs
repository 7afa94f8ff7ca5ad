//! A change and its entry in the audit trail, for a dialect that writes one statement for both.

use crate::audit::Action;
use crate::schema::table::{Chaining, Table};

/// A change that is recorded in the audit trail, in parts.
#[derive(Debug, Clone, Copy)]
pub struct AuditedChange<'a> {
    /// The table of the row.
    pub table: &'static Table,
    /// What is done.
    pub action: Action,
    /// ` WHERE ..` of the row as it was; none where the row is new or gone afterwards.
    pub before: Option<&'a str>,
    /// Whether the change waits where somebody else changes the row meanwhile, or else may meet no row then.
    pub waits: bool,
    /// The columns of that row that are asked for.
    pub was: &'a [usize],
    /// The statement that changes the row: all of an `INSERT`, of an `UPDATE` or `DELETE` what stands before
    /// its condition.
    pub write: &'a str,
    /// ` WHERE ..`, to which ` AND ..` may be added; empty of an `INSERT`.
    pub condition: &'a str,
    /// The names of all columns, quoted.
    pub columns: &'a str,
    /// What the entry holds of the row before and after.
    pub images: (ImageOf, ImageOf),
    /// The columns that may differ afterwards.
    pub changing: &'a [usize],
    /// How many parameters the statements have.
    pub params: usize,
    /// How the entry follows the one before it.
    pub chaining: Chaining,
}

/// What an entry of the audit trail holds of a row.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ImageOf {
    /// Nothing: the row is not there.
    Nothing,
    /// The columns that differ.
    Changes,
    /// All columns.
    Row,
}
