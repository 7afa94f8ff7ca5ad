//! Integers and floats. A float is finite, and zero has no sign: SQLite keeps neither NaN nor `-0.0`.

use super::mismatch;
use crate::backend::Row;
use crate::value::column_type::{ColumnType, class, read_some};
use crate::value::{InvalidValue, Kind, Value};

macro_rules! integer {
    ($type:ty, $kind:ident, $class:ident, $name:literal) => {
        impl ColumnType for $type {
            type Bare = Self;
            type Class = class::$class;
            const KIND: Kind = Kind::$kind;
            const IS_CHECKED: bool = true;

            #[inline]
            fn encode(&self, _: Kind) -> Result<Value<'_>, InvalidValue> {
                Ok(Value::$kind(*self))
            }

            fn decode(value: Value<'_>) -> Result<Self, InvalidValue> {
                match value {
                    Value::$kind(value) => Ok(value),
                    other => Err(mismatch($name, &other)),
                }
            }

            read_by!(|row, index| row.integer(index).and_then(|value| value.try_into().ok()));
        }
    };
}

macro_rules! float {
    ($type:ty, $kind:ident, $name:literal) => {
        impl ColumnType for $type {
            type Bare = Self;
            type Class = class::Float;
            const KIND: Kind = Kind::$kind;
            const IS_CHECKED: bool = true;

            #[inline]
            fn encode(&self, _: Kind) -> Result<Value<'_>, InvalidValue> {
                check_finite((*self).into())?;
                // Adding zero takes the sign off `-0.0` and changes nothing else.
                Ok(Value::$kind(*self + 0.0))
            }

            fn decode(value: Value<'_>) -> Result<Self, InvalidValue> {
                match value {
                    Value::$kind(value) => Ok(value),
                    other => Err(mismatch($name, &other)),
                }
            }

            fn into_stored(self, _: Kind) -> Self {
                self + 0.0
            }
        }
    };
}

integer!(i16, I16, Integer, "a 16-bit integer");
integer!(i32, I32, Integer, "a 32-bit integer");
integer!(i64, I64, Identity, "a 64-bit integer");
float!(f32, F32, "a 32-bit float");
float!(f64, F64, "a 64-bit float");

/// SQLite stores NaN as NULL.
#[inline]
pub(crate) fn check_finite(value: f64) -> Result<(), InvalidValue> {
    if !value.is_finite() {
        return Err(InvalidValue::new("is not a finite number"));
    }
    Ok(())
}
