//! The column types that come with the crate.

mod numbers;
mod option;
mod plain;
mod temporal;

#[cfg(feature = "decimal")]
mod decimal;

use crate::value::{InvalidValue, Value};

/// The error for a value of another kind than the type's.
#[cold]
fn mismatch(expected: &'static str, found: &Value<'_>) -> InvalidValue {
    if found.is_null() {
        return InvalidValue::new("is NULL");
    }
    InvalidValue::new(format!("is not {expected}"))
}
