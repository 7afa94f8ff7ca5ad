//! The numbers of the built-in types, which are the same on every server.

use repo_core::{Kind, Value};

pub(super) const UNKNOWN: u32 = 0;
pub(super) const BOOL: u32 = 16;
pub(super) const BYTEA: u32 = 17;
pub(super) const NAME: u32 = 19;
pub(super) const INT8: u32 = 20;
pub(super) const INT2: u32 = 21;
pub(super) const INT4: u32 = 23;
pub(super) const TEXT: u32 = 25;
pub(super) const JSON: u32 = 114;
pub(super) const FLOAT4: u32 = 700;
pub(super) const FLOAT8: u32 = 701;
pub(super) const BPCHAR: u32 = 1042;
pub(super) const VARCHAR: u32 = 1043;
pub(super) const DATE: u32 = 1082;
pub(super) const TIME: u32 = 1083;
pub(super) const TIMESTAMPTZ: u32 = 1184;
pub(super) const NUMERIC: u32 = 1700;
pub(super) const UUID: u32 = 2950;
pub(super) const JSONB: u32 = 3802;

/// Whether values of this type are text.
#[inline]
pub(super) fn is_text(oid: u32) -> bool {
    matches!(oid, TEXT | VARCHAR | BPCHAR | NAME)
}

/// The type that a column of this kind has.
pub(super) fn of_kind(kind: Kind) -> u32 {
    both(kind).0
}

/// The type that a parameter with this value has.
pub(super) fn of_value(value: &Value<'_>) -> u32 {
    match value {
        Value::Null(kind) => both(*kind).0,
        Value::List(kind, _) => both(*kind).1,
        Value::Bool(_) => BOOL,
        Value::I16(_) => INT2,
        Value::I32(_) => INT4,
        Value::I64(_) => INT8,
        Value::F32(_) => FLOAT4,
        Value::F64(_) => FLOAT8,
        Value::Text(_) => TEXT,
        Value::Bytes(_) => BYTEA,
        Value::Uuid(_) => UUID,
        Value::Timestamp(_) => TIMESTAMPTZ,
        Value::Date(_) => DATE,
        Value::Time(_) => TIME,
        Value::Decimal { .. } => NUMERIC,
        Value::Json(_) => JSONB,
        _ => UNKNOWN,
    }
}

/// The type of one value, and of an array of them.
fn both(kind: Kind) -> (u32, u32) {
    match kind {
        Kind::Bool => (BOOL, 1000),
        Kind::I16 => (INT2, 1005),
        Kind::I32 => (INT4, 1007),
        Kind::I64 => (INT8, 1016),
        Kind::F32 => (FLOAT4, 1021),
        Kind::F64 => (FLOAT8, 1022),
        Kind::Text => (TEXT, 1009),
        Kind::Bytes => (BYTEA, 1001),
        Kind::Uuid => (UUID, 2951),
        Kind::Timestamp => (TIMESTAMPTZ, 1185),
        Kind::Date => (DATE, 1182),
        Kind::Time => (TIME, 1183),
        Kind::Decimal { .. } => (NUMERIC, 1231),
        Kind::Json => (JSONB, 3807),
        _ => (UNKNOWN, UNKNOWN),
    }
}
