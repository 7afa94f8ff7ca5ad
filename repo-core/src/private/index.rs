//! The columns of an index.

use crate::schema::table::IndexColumn;

/// The lowest value first.
pub const fn asc(column: usize) -> IndexColumn {
    IndexColumn { column, descending: false }
}

/// The highest value first.
pub const fn desc(column: usize) -> IndexColumn {
    IndexColumn { column, descending: true }
}
