//! Rows to files and back: as lines of JSON, or as CSV.
//!
//! A file starts with what it holds: the table, its columns, and the format's version. A value that is written is
//! read as the same value on every database, so a file that is imported and exported again has the same
//! bytes. `tokio::io` is what files are written to and read from, because whoever has a session runs in tokio.

mod cells;
mod csv;
pub(crate) mod export;
pub(crate) mod import;
mod json_lines;
mod lines;
mod rows;

use serde::{Deserialize, Serialize};

use crate::error::Error;
use crate::schema::table::Table;

/// The version of the format that is written, and the only one that is read.
const VERSION: u32 = 1;

/// How many rows are held at once.
const CHUNK: u64 = 1_000;

/// What the header of a CSV file starts with: many readers take `#` for a comment.
const COMMENT: &str = "#{";

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Format {
    JsonLines,
    Csv,
}

/// What a file says of itself in its first line.
#[derive(Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Header {
    format: u32,
    table: String,
    columns: Vec<String>,
    /// The sensitive columns that were left out.
    redacted: Vec<String>,
}

impl Header {
    fn of(table: &Table, columns: &[usize]) -> Self {
        let all = table.columns.iter().enumerate();
        let left_out = all.clone().filter(|(index, _)| !columns.contains(index));
        Self {
            format: VERSION,
            table: table.name.to_owned(),
            columns: columns.iter().map(|column| table.columns[*column].name.to_owned()).collect(),
            redacted: left_out.map(|(_, column)| column.name.to_owned()).collect(),
        }
    }

    fn text(&self) -> String {
        serde_json::to_string(self).expect("names and a number are JSON")
    }
}

/// Something that a file has wrong as a whole, or a line of it.
fn wrong(reason: impl Into<std::borrow::Cow<'static, str>>) -> Error {
    Error::invalid_input("file", reason)
}

fn io(source: std::io::Error) -> Error {
    Error::Io { source }
}

impl Error {
    /// The line of a file that could not be imported, counted from 1; none where it is no line's fault.
    pub fn line(&self) -> Option<u64> {
        match self {
            Error::OnLine { line, .. } => Some(*line),
            _ => None,
        }
    }

    fn on_line(self, line: u64) -> Error {
        Error::OnLine { line, source: Box::new(self.into_cause()) }
    }
}
