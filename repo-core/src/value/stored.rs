//! The value of a column of any type, as both databases store it.
//!
//! Types of the crate check what they hold. What a type written by hand gives is checked here, as no two databases
//! would refuse the same.

use std::borrow::Cow;

use crate::column_types::numbers::check_finite;
use crate::column_types::plain::check_text;
use crate::column_types::temporal::{day, moment, time_of_day};
use crate::json_canonical::canonical;
use crate::value::column_type::ColumnType;
use crate::value::text::kind_in_words;
use crate::value::{InvalidValue, Kind, Value};

/// The value, if a column of `kind` holds it.
#[inline]
pub(crate) fn stored<T: ColumnType>(value: &T, kind: Kind) -> Result<Value<'_>, InvalidValue> {
    let given = value.encode(kind)?;
    if T::IS_CHECKED { Ok(given) } else { fitted(given, kind, T::NULLABLE) }
}

/// The value as it is stored, if it is of this kind and within what both databases hold.
fn fitted(value: Value<'_>, kind: Kind, nullable: bool) -> Result<Value<'_>, InvalidValue> {
    Ok(match (kind, value) {
        (_, Value::Null(_)) if nullable => Value::Null(kind),
        (_, Value::Null(_)) => return Err(InvalidValue::new("is NULL")),
        (Kind::Text, Value::Text(text)) => {
            check_text(&text)?;
            Value::Text(text)
        }
        // Adding zero takes the sign off `-0.0` and changes nothing else.
        (Kind::F32, Value::F32(value)) => {
            Value::F32(check_finite(value.into()).map(|()| value + 0.0)?)
        }
        (Kind::F64, Value::F64(value)) => Value::F64(check_finite(value).map(|()| value + 0.0)?),
        (Kind::Timestamp, Value::Timestamp(value)) => Value::Timestamp(moment(value)?),
        (Kind::Date, Value::Date(value)) => Value::Date(day(value)?),
        (Kind::Time, Value::Time(value)) => Value::Time(time_of_day(value)?),
        (Kind::Decimal { precision, scale: wanted }, Value::Decimal { units, scale }) => {
            check_digits(units, scale, precision, wanted)?;
            Value::Decimal { units, scale }
        }
        (Kind::Json, Value::Json(text)) => Value::Json(document(text)?),
        (kind, value) if is_plainly(kind, &value) => value,
        (kind, _) => return Err(InvalidValue::new(format!("is not {}", kind_in_words(kind)))),
    })
}

/// Whether it is a value of a kind of which both databases hold every value.
fn is_plainly(kind: Kind, value: &Value<'_>) -> bool {
    matches!(
        (kind, value),
        (Kind::Bool, Value::Bool(_))
            | (Kind::I16, Value::I16(_))
            | (Kind::I32, Value::I32(_))
            | (Kind::I64, Value::I64(_))
            | (Kind::Bytes, Value::Bytes(_))
            | (Kind::Uuid, Value::Uuid(_))
    )
}

fn check_digits(units: i64, scale: u8, precision: u8, wanted: u8) -> Result<(), InvalidValue> {
    if scale != wanted {
        return Err(InvalidValue::new(format!("has not {wanted} digits after the point")));
    }
    let limit = 10_u64.checked_pow(precision.into());
    if limit.is_some_and(|limit| units.unsigned_abs() >= limit) {
        return Err(InvalidValue::new(format!("has more than {precision} digits")));
    }
    Ok(())
}

/// The one text of the document.
fn document(text: Cow<'_, str>) -> Result<Cow<'_, str>, InvalidValue> {
    let other = match canonical(&text)? {
        Cow::Borrowed(_) => None,
        Cow::Owned(other) => Some(other),
    };
    Ok(other.map_or(text, Cow::Owned))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn reason(value: Value<'_>, kind: Kind) -> String {
        fitted(value, kind, false).expect_err("is refused").to_string()
    }

    #[test]
    fn a_value_of_another_kind_is_refused() {
        assert_eq!(reason(Value::Text("7".into()), Kind::I64), "is not a 64-bit integer");
        assert_eq!(reason(Value::I32(7), Kind::I64), "is not a 64-bit integer");
        assert_eq!(reason(Value::Null(Kind::I64), Kind::I64), "is NULL");
        let list = Value::List(Kind::I64, Vec::new());
        assert_eq!(reason(list, Kind::I64), "is not a 64-bit integer");
    }

    #[test]
    fn a_decimal_has_the_digits_of_its_column() {
        let kind = Kind::Decimal { precision: 4, scale: 2 };
        let fits = Value::Decimal { units: -9_999, scale: 2 };
        assert_eq!(fitted(fits.clone(), kind, false), Ok(fits));
        let other = Value::Decimal { units: 1, scale: 1 };
        assert_eq!(reason(other, kind), "has not 2 digits after the point");
        let long = Value::Decimal { units: 10_000, scale: 2 };
        assert_eq!(reason(long, kind), "has more than 4 digits");
    }

    #[test]
    fn a_document_has_one_text() {
        let document = fitted(Value::Json(r#"{"bb":1,"a":2}"#.into()), Kind::Json, false);
        assert_eq!(document, Ok(Value::Json(r#"{"a": 2, "bb": 1}"#.into())));
        assert!(fitted(Value::Json("{".into()), Kind::Json, false).is_err());
    }
}
