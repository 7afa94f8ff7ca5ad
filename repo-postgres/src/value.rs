//! How Postgres stores a [`Value`]: types, parameters and rows, all in the binary format.
//!
//! `encode` writes what `decode` reads. Both work on plain bytes and know neither connection nor
//! statement; what is here joins them to sqlx. No sqlx feature for chrono, uuid or JSON is needed.

mod decode;
mod encode;
mod numeric;
mod oid;
mod row;

use repo_core::Value;
use sqlx::encode::IsNull;
use sqlx::error::BoxDynError;
use sqlx::postgres::types::Oid;
use sqlx::postgres::{PgArgumentBuffer, PgArguments, PgTypeInfo};
use sqlx::{Arguments as _, Encode, Postgres, Type};

pub(crate) use encode::{write, write_sized};
pub(crate) use row::{BinaryRow, types_of};

/// The parameters of a statement.
pub(crate) fn arguments(params: &[Value<'_>]) -> Result<PgArguments, sqlx::Error> {
    let mut arguments = PgArguments::default();
    // Each has its length before it.
    let size = |param: &Value<'_>| 4 + encode::size(param);
    arguments.reserve(params.len(), params.iter().map(size).sum());
    for param in params {
        arguments.add(Param(param)).map_err(sqlx::Error::Encode)?;
    }
    Ok(arguments)
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
