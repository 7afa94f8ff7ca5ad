//! How Postgres stores a [`Value`]: types, parameters and rows, all in the binary format.
//!
//! `encode` writes what `decode` reads. Both work on plain bytes and know neither connection nor
//! statement; what is here joins them to sqlx. No sqlx feature for chrono, uuid or JSON is needed.

mod decode;
mod encode;
mod numeric;
mod oid;

use repo_core::{InvalidValue, Kind, Row, Value};
use sqlx::encode::IsNull;
use sqlx::error::BoxDynError;
use sqlx::postgres::types::Oid;
use sqlx::postgres::{PgArgumentBuffer, PgArguments, PgRow, PgTypeInfo};
use sqlx::{Arguments as _, Encode, Postgres, Row as _, Type, TypeInfo as _, ValueRef as _};

pub(crate) use encode::{write, write_sized};

/// The parameters of a statement.
pub(crate) fn arguments(params: &[Value<'_>]) -> Result<PgArguments, sqlx::Error> {
    let mut arguments = PgArguments::default();
    arguments.reserve(params.len(), 16 * params.len());
    for param in params {
        arguments.add(Param(param)).map_err(sqlx::Error::Encode)?;
    }
    Ok(arguments)
}

/// A row in the binary format, as a prepared statement returns it.
pub(crate) struct BinaryRow<'a>(pub(crate) &'a PgRow);

impl Row for BinaryRow<'_> {
    fn value(&self, index: usize, kind: Kind) -> Result<Value<'_>, InvalidValue> {
        Self::value_of(self.0, index, kind)
    }
}

impl BinaryRow<'_> {
    pub(crate) fn value_of(
        row: &PgRow,
        index: usize,
        kind: Kind,
    ) -> Result<Value<'_>, InvalidValue> {
        let raw = row.try_get_raw(index).map_err(|_| InvalidValue::new("was not selected"))?;
        if raw.is_null() {
            return Ok(Value::Null(kind));
        }
        let bytes = raw.as_bytes().map_err(|_| InvalidValue::new("cannot be read"))?;
        let stored = raw.type_info();
        let oid = stored.oid().map_or(oid::UNKNOWN, |oid| oid.0);
        decode::read(kind, oid, bytes).map_err(|error| error.of_type(stored.name()))
    }
}

struct Param<'v>(&'v Value<'v>);

impl Type<Postgres> for Param<'_> {
    fn type_info() -> PgTypeInfo {
        PgTypeInfo::with_oid(Oid(oid::UNKNOWN))
    }
}

impl<'q> Encode<'q, Postgres> for Param<'_> {
    fn encode_by_ref(&self, buffer: &mut PgArgumentBuffer) -> Result<IsNull, BoxDynError> {
        if self.0.is_null() {
            return Ok(IsNull::Yes);
        }
        write(self.0, buffer)?;
        Ok(IsNull::No)
    }

    fn produces(&self) -> Option<PgTypeInfo> {
        Some(PgTypeInfo::with_oid(Oid(oid::of_value(self.0))))
    }
}
