//! The column types that come with the crate.

/// How a type is read where the row has a shorter way to its values than [`Row::value`](crate::backend::Row::value).
macro_rules! read_by {
    (|$row:ident, $index:ident| $short:expr) => {
        #[inline]
        fn read($row: &dyn Row, $index: usize, kind: Kind) -> Result<Self, InvalidValue> {
            match $short {
                Some(value) => Ok(value),
                None => $row.value($index, kind).and_then(Self::decode),
            }
        }

        #[inline]
        fn read_some(
            $row: &dyn Row,
            $index: usize,
            kind: Kind,
        ) -> Result<Option<Self>, InvalidValue> {
            match $short {
                Some(value) => Ok(Some(value)),
                None => read_some($row, $index, kind),
            }
        }
    };
}

pub(crate) mod numbers;
mod option;
pub(crate) mod plain;
pub(crate) mod temporal;

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
