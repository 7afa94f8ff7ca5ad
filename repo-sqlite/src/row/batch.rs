//! Rows that left their statement: what crosses from another thread, or from a connection that is borrowed, to the
//! task that waits.
//!
//! The values of some rows lie one after the other in one buffer, and are read there.

use repo_core::backend::Row;
use rusqlite::types::ValueRef;

use crate::row::{Cells, StoredRow};

/// The rows of the first batch, which is not to be waited for, and of the largest: waking a task takes as long as
/// some ten rows.
const FIRST: usize = 32;
const MOST: usize = 512;
const BYTES: usize = 256 * 1024;

/// Some rows, in order.
#[derive(Debug)]
pub(crate) struct Batch {
    rows: usize,
    most: usize,
    columns: usize,
    cells: Vec<Cell>,
    bytes: Vec<u8>,
}

#[derive(Debug, Clone, Copy)]
enum Cell {
    Null,
    Integer(i64),
    Real(f64),
    /// Where its bytes begin and end.
    Text(usize, usize),
    Blob(usize, usize),
}

/// One row of a batch.
struct BatchRow<'a> {
    batch: &'a Batch,
    row: usize,
}

impl Batch {
    /// The first one of a statement.
    pub(crate) fn first() -> Self {
        Self { rows: 0, most: FIRST, columns: 0, cells: Vec::new(), bytes: Vec::new() }
    }

    /// One for all rows of a statement that has few.
    pub(crate) fn only() -> Self {
        Self { most: MOST, ..Self::first() }
    }

    /// Takes what is there, and leaves room for more than that.
    pub(crate) fn take(&mut self) -> Self {
        let most = (self.most * 2).min(MOST);
        std::mem::replace(self, Self { most, ..Self::first() })
    }

    pub(crate) fn is_empty(&self) -> bool {
        self.rows == 0
    }

    pub(crate) fn is_full(&self) -> bool {
        self.rows >= self.most || self.bytes.len() >= BYTES
    }

    /// Adds a copy of the row.
    pub(crate) fn push(&mut self, row: &rusqlite::Row<'_>) -> rusqlite::Result<()> {
        self.columns = row.as_ref().column_count();
        for column in 0..self.columns {
            let cell = match row.get_ref(column)? {
                ValueRef::Null => Cell::Null,
                ValueRef::Integer(value) => Cell::Integer(value),
                ValueRef::Real(value) => Cell::Real(value),
                ValueRef::Text(bytes) => {
                    let (start, end) = self.keep(bytes);
                    Cell::Text(start, end)
                }
                ValueRef::Blob(bytes) => {
                    let (start, end) = self.keep(bytes);
                    Cell::Blob(start, end)
                }
            };
            self.cells.push(cell);
        }
        self.rows += 1;
        Ok(())
    }

    /// How many rows there are.
    pub(crate) fn len(&self) -> usize {
        self.rows
    }

    /// The row at `index`, which is less than [`len`](Self::len).
    pub(crate) fn row(&self, index: usize) -> impl Row + '_ {
        StoredRow(BatchRow { batch: self, row: index })
    }

    /// The value of a column of a row, as it is stored.
    pub(crate) fn cell(&self, row: usize, column: usize) -> Option<ValueRef<'_>> {
        if row >= self.rows || column >= self.columns {
            return None;
        }
        Some(match self.cells[row * self.columns + column] {
            Cell::Null => ValueRef::Null,
            Cell::Integer(value) => ValueRef::Integer(value),
            Cell::Real(value) => ValueRef::Real(value),
            Cell::Text(start, end) => ValueRef::Text(&self.bytes[start..end]),
            Cell::Blob(start, end) => ValueRef::Blob(&self.bytes[start..end]),
        })
    }

    fn keep(&mut self, bytes: &[u8]) -> (usize, usize) {
        let start = self.bytes.len();
        self.bytes.extend_from_slice(bytes);
        (start, self.bytes.len())
    }
}

impl Cells for BatchRow<'_> {
    #[inline]
    fn cell(&self, index: usize) -> Option<ValueRef<'_>> {
        self.batch.cell(self.row, index)
    }
}
