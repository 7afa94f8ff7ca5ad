//! What travels between an entity and a database: one value of one column.
//!
//! A [`Value`] borrows from the entity it came from or from the row it was read from. How a value is
//! stored on a database is the business of that database's backend.

pub(crate) mod column_type;
pub(crate) mod encode;
pub(crate) mod stored;
pub(crate) mod text;

use std::borrow::Cow;
use std::fmt;

use chrono::{DateTime, NaiveDate, NaiveTime, Utc};
use uuid::Uuid;

/// What a column stores, before nullability.
///
/// | kind | Postgres | SQLite (`STRICT`) |
/// |---|---|---|
/// | `Bool` | `boolean` | `INTEGER`, 0 or 1 |
/// | `I16`, `I32`, `I64` | `smallint`, `integer`, `bigint` | `INTEGER` |
/// | `F32`, `F64` | `real`, `double precision` | `REAL` |
/// | `Text` | `text COLLATE "C"` | `TEXT` |
/// | `Bytes` | `bytea` | `BLOB` |
/// | `Uuid` | `uuid` | `BLOB` of 16 bytes |
/// | `Timestamp` | `timestamptz` | `TEXT`, `2026-01-31T23:59:59.000001+00:00`, always 32 characters |
/// | `Date` | `date` | `TEXT`, `2026-01-31` |
/// | `Time` | `time` | `TEXT`, `23:59:59.000001`, always 15 characters |
/// | `Decimal` | `numeric(precision, scale)` | `INTEGER`, the value times 10^scale |
/// | `Json` | `jsonb` | `TEXT` |
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Kind {
    /// True or false.
    Bool,
    /// A 16-bit integer.
    I16,
    /// A 32-bit integer.
    I32,
    /// A 64-bit integer.
    I64,
    /// A finite 32-bit float.
    F32,
    /// A finite 64-bit float.
    F64,
    /// UTF-8 without NUL, ordered by its bytes.
    Text,
    /// Any bytes.
    Bytes,
    /// A UUID, ordered by its bytes.
    Uuid,
    /// A moment in UTC, in microseconds, of the years 1 to 9999.
    Timestamp,
    /// A day of the years 1 to 9999.
    Date,
    /// A time of day in microseconds.
    Time,
    /// An exact number of at most `precision` digits, `scale` of them after the point.
    Decimal {
        /// All digits: 1 to 18.
        precision: u8,
        /// The digits after the point: 0 to `precision`.
        scale: u8,
    },
    /// A JSON document.
    Json,
}

/// One value of one column.
#[derive(Clone, PartialEq)]
#[non_exhaustive]
pub enum Value<'a> {
    /// `NULL` in a column of this kind: Postgres wants to know the type of every parameter.
    Null(Kind),
    /// Of a [`Kind::Bool`].
    Bool(bool),
    /// Of a [`Kind::I16`].
    I16(i16),
    /// Of a [`Kind::I32`].
    I32(i32),
    /// Of a [`Kind::I64`].
    I64(i64),
    /// Of a [`Kind::F32`].
    F32(f32),
    /// Of a [`Kind::F64`].
    F64(f64),
    /// Of a [`Kind::Text`].
    Text(Cow<'a, str>),
    /// Of a [`Kind::Bytes`].
    Bytes(Cow<'a, [u8]>),
    /// Of a [`Kind::Uuid`].
    Uuid(Uuid),
    /// Of a [`Kind::Timestamp`], in whole microseconds.
    Timestamp(DateTime<Utc>),
    /// Of a [`Kind::Date`].
    Date(NaiveDate),
    /// Of a [`Kind::Time`], in whole microseconds.
    Time(NaiveTime),
    /// Of a [`Kind::Decimal`]: `units` times 10^-`scale`.
    Decimal {
        /// The number times 10^`scale`.
        units: i64,
        /// The digits after the point.
        scale: u8,
    },
    /// Of a [`Kind::Json`]: the document as text.
    Json(Cow<'a, str>),
    /// Values of one kind, bound as one parameter: the right side of an `IN`.
    List(Kind, Vec<Value<'a>>),
}

/// Why a value does not fit its column, in words that complete "`email` ...".
///
/// Never holds the value itself: the column may be sensitive.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct InvalidValue {
    reason: Cow<'static, str>,
}

impl Value<'_> {
    /// The same value, owning what it borrowed.
    pub fn into_owned(self) -> Value<'static> {
        match self {
            Value::Null(kind) => Value::Null(kind),
            Value::Bool(value) => Value::Bool(value),
            Value::I16(value) => Value::I16(value),
            Value::I32(value) => Value::I32(value),
            Value::I64(value) => Value::I64(value),
            Value::F32(value) => Value::F32(value),
            Value::F64(value) => Value::F64(value),
            Value::Text(value) => Value::Text(Cow::Owned(value.into_owned())),
            Value::Bytes(value) => Value::Bytes(Cow::Owned(value.into_owned())),
            Value::Uuid(value) => Value::Uuid(value),
            Value::Timestamp(value) => Value::Timestamp(value),
            Value::Date(value) => Value::Date(value),
            Value::Time(value) => Value::Time(value),
            Value::Decimal { units, scale } => Value::Decimal { units, scale },
            Value::Json(value) => Value::Json(Cow::Owned(value.into_owned())),
            Value::List(kind, values) => {
                Value::List(kind, values.into_iter().map(Value::into_owned).collect())
            }
        }
    }

    /// The same value, borrowing from this one.
    pub fn borrowed(&self) -> Value<'_> {
        match self {
            Value::Text(value) => Value::Text(Cow::Borrowed(value)),
            Value::Bytes(value) => Value::Bytes(Cow::Borrowed(value)),
            Value::Json(value) => Value::Json(Cow::Borrowed(value)),
            Value::List(kind, values) => {
                Value::List(*kind, values.iter().map(Value::borrowed).collect())
            }
            other => other.clone(),
        }
    }

    /// Whether this is `NULL`.
    pub fn is_null(&self) -> bool {
        matches!(self, Value::Null(_))
    }
}

/// Shows the value as a person would write it; text is quoted, bytes are counted.
impl fmt::Debug for Value<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Value::Null(_) => f.write_str("NULL"),
            Value::Bool(value) => value.fmt(f),
            Value::I16(value) => value.fmt(f),
            Value::I32(value) => value.fmt(f),
            Value::I64(value) => value.fmt(f),
            Value::F32(value) => value.fmt(f),
            Value::F64(value) => value.fmt(f),
            Value::Text(value) => value.fmt(f),
            Value::Bytes(value) => write!(f, "<{} bytes>", value.len()),
            Value::Uuid(value) => value.fmt(f),
            Value::Timestamp(value) => value.fmt(f),
            Value::Date(value) => value.fmt(f),
            Value::Time(value) => value.fmt(f),
            Value::Decimal { units, scale } => write!(f, "{units}e-{scale}"),
            Value::Json(value) => f.write_str(value),
            Value::List(_, values) => values.fmt(f),
        }
    }
}

impl InvalidValue {
    /// A reason that completes "`column` ...", such as "is longer than 20 characters".
    pub fn new(reason: impl Into<Cow<'static, str>>) -> Self {
        Self { reason: reason.into() }
    }

    /// The reason.
    pub fn reason(&self) -> &str {
        &self.reason
    }

    /// The reason, owned.
    pub fn into_reason(self) -> Cow<'static, str> {
        self.reason
    }
}

impl fmt::Display for InvalidValue {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.reason)
    }
}

impl std::error::Error for InvalidValue {}
