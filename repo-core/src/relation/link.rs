//! How a row finds rows of another table, and the values that it has there, without types.
//!
//! A link carries the tenant wherever both tables have one: what a row of one tenant finds is its own.

use std::fmt;

use crate::query::Visibility;
use crate::schema::table::{ColumnDef, Table};

/// From a column of one table to the equal column of another.
#[derive(Clone, Copy)]
pub struct Link {
    /// The column of the row that looks.
    pub(crate) from: usize,
    /// The table that is looked at.
    pub(crate) table: &'static Table,
    /// The column that is found by.
    pub(crate) to: usize,
    /// Which of the rows there are seen.
    pub(crate) visibility: Visibility,
}

/// Where a value comes from: a column of the row, or one of the row that it refers to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[doc(hidden)]
pub enum Source {
    Own(usize),
    /// `NULL` where nothing is found.
    Linked(Link, usize),
}

impl Link {
    /// Whether deleted rows are seen as well.
    pub(crate) fn with_deleted(self) -> Self {
        Self { visibility: Visibility::WithDeleted, ..self }
    }

    /// What tells this link from others, for people and for digests.
    pub(crate) fn words(&self, from: &Table) -> String {
        format!("{} to {}", from.columns[self.from].name, self.target())
    }

    /// The rows that are looked at.
    fn target(&self) -> String {
        let deleted = if self.visibility == Visibility::Live { "" } else { " with deleted" };
        format!("{}.{}{deleted}", self.table.name, self.table.columns[self.to].name)
    }

    fn key(&self) -> (usize, &'static str, usize, Visibility) {
        (self.from, self.table.name, self.to, self.visibility)
    }
}

impl Source {
    /// The column.
    pub(crate) fn def(&self, table: &'static Table) -> &'static ColumnDef {
        match self {
            Source::Own(column) => &table.columns[*column],
            Source::Linked(link, column) => &link.table.columns[*column],
        }
    }

    /// Whether the value may be missing.
    pub(crate) fn is_nullable(&self, table: &Table) -> bool {
        match self {
            Source::Own(column) => table.columns[*column].nullable,
            Source::Linked(..) => true,
        }
    }

    /// The table of another row that it looks at.
    pub(crate) fn linked(&self) -> Option<&'static Table> {
        if let Source::Linked(link, _) = self { Some(link.table) } else { None }
    }

    /// What it is called, for people and for digests.
    pub(crate) fn name(&self, table: &Table) -> String {
        match self {
            Source::Own(column) => table.columns[*column].name.to_owned(),
            Source::Linked(link, column) => {
                format!("{} of {}", link.table.columns[*column].name, link.words(table))
            }
        }
    }
}

/// Without all that there is to the table.
impl fmt::Debug for Link {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Link({} to {})", self.from, self.target())
    }
}

// By name: one table may have several addresses.
impl PartialEq for Link {
    fn eq(&self, other: &Self) -> bool {
        self.key() == other.key()
    }
}

impl Eq for Link {}
