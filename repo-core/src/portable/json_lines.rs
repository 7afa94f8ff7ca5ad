//! Rows as objects of JSON, one on a line.
//!
//! Numbers are written and read as their digits, never through a float. Of a JSON column `null` is the document,
//! and a member that is not there is `NULL`.

use serde_json::value::RawValue;

use super::Header;
use super::cells::Given;
use crate::json::members::Members;
use crate::schema::table::{ColumnDef, Table};
use crate::value::text;
use crate::value::{Kind, Value};

/// Appends the object of a row.
pub(super) fn write(text: &mut String, table: &Table, columns: &[usize], row: &[Value<'_>]) {
    let mut separator = '{';
    for column in columns {
        let (def, value) = (&table.columns[*column], &row[*column]);
        if value.is_null() && def.kind == Kind::Json {
            continue;
        }
        text.push(separator);
        separator = ',';
        push_quoted(text, def.name);
        text.push(':');
        match value {
            Value::Null(_) => text.push_str("null"),
            Value::Bool(_)
            | Value::I16(_)
            | Value::I32(_)
            | Value::I64(_)
            | Value::F32(_)
            | Value::F64(_)
            | Value::Json(_) => text.push_str(&text::text(value)),
            value => push_quoted(text, &text::text(value)),
        }
    }
    text.push_str(if separator == '{' { "{}\n" } else { "}\n" });
}

fn push_quoted(text: &mut String, word: &str) {
    text.push_str(&serde_json::Value::from(word).to_string());
}

/// Appends the first line.
pub(super) fn write_header(text: &mut String, header: &Header) {
    text.push_str(&format!("{{\"export\":{}}}\n", header.text()));
}

/// The header, if the line is one.
pub(super) fn header(line: &str) -> Option<Result<Header, serde_json::Error>> {
    let Members(members) = read(line).ok()?;
    match members.as_slice() {
        [(name, header)] if name == "export" => Some(serde_json::from_str(header.get())),
        _ => None,
    }
}

/// What a line says: the members of a row's object.
pub(super) fn read(line: &str) -> Result<Members<Box<RawValue>>, String> {
    let members: Result<Members<Box<RawValue>>, _> = serde_json::from_str(line);
    members.map_err(|error| format!("is no JSON object at column {}", error.column()))
}

/// The value of a member as the text of a cell.
pub(super) fn cell(raw: &RawValue, column: &ColumnDef) -> Result<Given, String> {
    let wrong = || format!("is not {}", text::kind_in_words(column.kind));
    let text = raw.get();
    if column.kind == Kind::Json {
        return Ok(Given::Text(text.to_owned()));
    }
    if text == "null" {
        return Ok(Given::Null);
    }
    if text.starts_with('"') {
        if column.kind == Kind::Bool {
            return Err(wrong());
        }
        return serde_json::from_str(text).map(Given::Text).map_err(|_| wrong());
    }
    let is_number = text.starts_with(|c: char| c == '-' || c.is_ascii_digit());
    let fits = match column.kind {
        Kind::Bool => text == "true" || text == "false",
        Kind::I16 | Kind::I32 | Kind::I64 | Kind::F32 | Kind::F64 | Kind::Decimal { .. } => {
            is_number
        }
        _ => false,
    };
    if fits { Ok(Given::Text(text.to_owned())) } else { Err(wrong()) }
}
