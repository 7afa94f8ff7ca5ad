//! How Postgres stores a [`Value`]: types, parameters and rows, all in the binary format.
//!
//! `encode` writes what `decode` reads. Both work on plain bytes and know neither connection nor
//! statement; what is here joins them to sqlx. No sqlx feature for chrono, uuid or JSON is needed.

mod decode;
mod encode;
mod numeric;
mod oid;
mod row;

use repo_core::{Error, Value};
use sqlx::encode::IsNull;
use sqlx::error::BoxDynError;
use sqlx::postgres::types::Oid;
use sqlx::postgres::{PgArgumentBuffer, PgArguments, PgTypeInfo};
use sqlx::{Arguments as _, Encode, Postgres, Type};

use crate::error::Failure;
pub(crate) use encode::{write, write_sized};
pub(crate) use row::{BinaryRow, types_of};

/// The most parameters of a statement: their number has 16 bits.
const MOST: usize = u16::MAX as usize;

/// The most bytes of values in a message. The server hangs up on one of 1 GiB, which has up to five bytes for each
/// parameter and the name of a statement too.
const LARGEST: usize = (1 << 30) - (1 << 19);

/// The parameters of a statement.
///
/// # Errors
///
/// [`Error::InvalidInput`]: there are too many, or they are too long, for the server.
pub(crate) fn arguments(params: &[Value<'_>]) -> Result<PgArguments, Failure> {
    if params.len() > MOST {
        let reason =
            format!("are {}, and a statement of Postgres takes at most {MOST}", params.len());
        return Err(Failure::Core(Error::invalid_input("parameters", reason)));
    }
    // Each has its length before it.
    let size = params.iter().map(|param| 4 + encode::size(param)).sum();
    fits(size).map_err(Failure::Core)?;
    let mut arguments = PgArguments::default();
    arguments.reserve(params.len(), size);
    for param in params {
        arguments.add(Param(param)).map_err(sqlx::Error::Encode)?;
    }
    Ok(arguments)
}

/// Refuses values of more bytes than a message may have.
pub(crate) fn fits(size: usize) -> Result<(), Error> {
    if size <= LARGEST {
        return Ok(());
    }
    let reason = format!("are {size} bytes, and a message of Postgres has less than 1 GiB");
    Err(Error::invalid_input("parameters", reason))
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
