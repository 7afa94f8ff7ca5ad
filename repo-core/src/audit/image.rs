//! A row, or some columns of one, as an entry of the audit trail holds it.
//!
//! An object of JSON with the columns in the order of their table, without spaces. A value is `null`, `true`
//! or `false`, or text: integers, decimals, bytes and JSON documents too, so that no reader of JSON rounds
//! them. A sensitive value is `{"redacted":true}`. The same bytes on every database: a backend that makes
//! images by itself (`Dialect::image_text`) makes these.

use std::borrow::Cow;
use std::fmt::Write as _;

use serde::Serialize as _;

use crate::json_canonical::canonical;
use crate::schema::table::Table;
use crate::value::column_type::{ColumnType, class};
use crate::value::{InvalidValue, Kind, Value};

/// What stands for a sensitive value.
pub(crate) const REDACTED: &str = "{\"redacted\":true}";

/// A row, or some columns of one, in an entry of the audit trail: JSON, by column.
///
/// It is what was recorded, as it is hashed: of a column that became sensitive later it holds the value.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Image {
    text: String,
}

/// The value of a column in an [`Image`].
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub enum ImageValue {
    /// `NULL`.
    Null,
    /// A boolean.
    Bool(bool),
    /// Any other value, as text.
    ///
    /// | column | text |
    /// |---|---|
    /// | text, an enum | itself |
    /// | an integer, a decimal | its digits: `-42`, `1.10` |
    /// | a float | its bits, in hexadecimal digits: `3fb999999999999a` |
    /// | bytes | hexadecimal digits: `00ff` |
    /// | a UUID | with hyphens: `0190a9d5-0000-7000-8000-00000000002a` |
    /// | a moment | in UTC: `2026-01-31T23:59:59.000001+00:00` |
    /// | a day, a time of day | `2026-01-31`, `23:59:59.000001` |
    /// | JSON | the document |
    Text(String),
    /// The column was sensitive when it was recorded: that it was there, or changed, is all that is told.
    Redacted,
}

impl Image {
    pub(crate) fn from_text(text: String) -> Self {
        Self { text }
    }

    /// The JSON, as it is stored and hashed.
    pub fn as_str(&self) -> &str {
        &self.text
    }
}

impl ColumnType for Image {
    type Bare = Self;
    type Class = class::Text;
    const KIND: Kind = Kind::Text;

    fn encode(&self, _: Kind) -> Result<Value<'_>, InvalidValue> {
        Ok(Value::Text(Cow::Borrowed(&self.text)))
    }

    fn decode(value: Value<'_>) -> Result<Self, InvalidValue> {
        String::decode(value).map(|text| Self { text })
    }
}

/// The image of a whole row.
pub(crate) fn whole(table: &Table, row: &[Value<'_>]) -> String {
    let mut image = Writer::new(table);
    for (column, value) in row.iter().enumerate() {
        image.column(column, value);
    }
    image.finish()
}

/// The images of the columns in which two rows differ; nothing if there is none.
pub(crate) fn changed(
    table: &Table,
    before: &[Value<'_>],
    after: &[Value<'_>],
) -> Option<(String, String)> {
    let columns = before.iter().zip(after).enumerate();
    differing(table, columns.map(|(column, (was, is))| (column, was, is)))
}

/// The same of some columns, each as it was and as it is, in the order of their table.
pub(crate) fn differing<'v, 'r: 'v>(
    table: &Table,
    columns: impl Iterator<Item = (usize, &'v Value<'r>, &'v Value<'r>)>,
) -> Option<(String, String)> {
    let (mut old, mut new) = (Writer::new(table), Writer::new(table));
    for (column, was, is) in columns {
        if !is_same(was, is) {
            old.column(column, was);
            new.column(column, is);
        }
    }
    (!new.is_empty()).then(|| (old.finish(), new.finish()))
}

/// What stands for a row in the entry of SQL by hand: the statement, and the rows affected.
pub(crate) fn statement(sql: &str, affected: u64) -> String {
    let mut json = String::from("{\"sql\":");
    // NUL is in no statement that a database has run.
    json.push_str(&serde_json::Value::from(sql).to_string());
    let _ = write!(json, ",\"rows\":\"{affected}\"}}");
    json
}

/// Whether two stored values are one: of JSON, whether the documents have one text.
pub(crate) fn is_same(a: &Value<'_>, b: &Value<'_>) -> bool {
    match (a, b) {
        (Value::Json(a), Value::Json(b)) => a == b || document(a) == document(b),
        (a, b) => a == b,
    }
}

/// A value as text.
pub(crate) fn text<'v>(value: &'v Value<'_>) -> Cow<'v, str> {
    match value {
        Value::Null(_) => Cow::Borrowed(""),
        Value::Text(text) => Cow::Borrowed(text),
        Value::Bool(value) => Cow::Borrowed(if *value { "true" } else { "false" }),
        Value::I16(value) => value.to_string().into(),
        Value::I32(value) => value.to_string().into(),
        Value::I64(value) => value.to_string().into(),
        // The bits: databases differ in how they print a float.
        Value::F32(value) => format!("{:08x}", value.to_bits()).into(),
        Value::F64(value) => format!("{:016x}", value.to_bits()).into(),
        Value::Bytes(bytes) => hex(bytes).into(),
        Value::Uuid(id) => id.to_string().into(),
        Value::Timestamp(at) => super::format::moment(*at).into(),
        Value::Date(date) => date.format("%Y-%m-%d").to_string().into(),
        Value::Time(time) => time.format("%H:%M:%S%.6f").to_string().into(),
        Value::Decimal { units, scale } => decimal(*units, *scale).into(),
        Value::Json(json) => document(json),
        Value::List(..) => Cow::Borrowed(""),
    }
}

/// Bytes in hexadecimal digits.
pub(crate) fn hex(bytes: &[u8]) -> String {
    bytes.iter().fold(String::with_capacity(2 * bytes.len()), |mut text, byte| {
        let _ = write!(text, "{byte:02x}");
        text
    })
}

fn document(json: &str) -> Cow<'_, str> {
    // What is no JSON was not stored by the repository; it is shown as it is.
    canonical(json).unwrap_or(Cow::Borrowed(json))
}

fn decimal(units: i64, scale: u8) -> String {
    let digits = format!("{:0width$}", units.unsigned_abs(), width = usize::from(scale) + 1);
    let (whole, fraction) = digits.split_at(digits.len() - usize::from(scale));
    let (sign, point) = (if units < 0 { "-" } else { "" }, if scale > 0 { "." } else { "" });
    format!("{sign}{whole}{point}{fraction}")
}

struct Writer<'t> {
    table: &'t Table,
    json: Vec<u8>,
}

impl<'t> Writer<'t> {
    fn new(table: &'t Table) -> Self {
        Self { table, json: vec![b'{'] }
    }

    fn is_empty(&self) -> bool {
        self.json.len() == 1
    }

    fn column(&mut self, column: usize, value: &Value<'_>) {
        if !self.is_empty() {
            self.json.push(b',');
        }
        let column = &self.table.columns[column];
        self.string(column.name);
        self.json.push(b':');
        match value {
            _ if column.sensitive => self.json.extend_from_slice(REDACTED.as_bytes()),
            Value::Null(_) => self.json.extend_from_slice(b"null"),
            Value::Bool(_) => self.json.extend_from_slice(text(value).as_bytes()),
            value => self.string(&text(value)),
        }
    }

    fn string(&mut self, text: &str) {
        let mut serializer = serde_json::Serializer::new(&mut self.json);
        text.serialize(&mut serializer).expect("a Vec takes whatever is written to it");
    }

    fn finish(mut self) -> String {
        self.json.push(b'}');
        String::from_utf8(self.json).expect("JSON of strings is UTF-8")
    }
}
