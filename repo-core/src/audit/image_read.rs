//! Reading an image: its columns, and their values as those of a row.
//!
//! The inverse of `image.rs`. What the repository did not write is an error, never another value.

use chrono::{DateTime, NaiveDate, NaiveTime};
use uuid::Uuid;

use super::checkpoint::unhex;
use super::image::{Image, ImageValue};
use crate::json::members::Members;
use crate::value::{InvalidValue, Kind, Value};

impl Image {
    /// The value of a column; nothing if the image does not have it.
    pub fn get(&self, column: &str) -> Option<ImageValue> {
        self.columns().into_iter().find(|(name, _)| name == column).map(|(_, value)| value)
    }

    /// The columns, in the order of the table. What is no image has none.
    pub fn columns(&self) -> Vec<(String, ImageValue)> {
        self.parse().unwrap_or_default()
    }

    pub(crate) fn parse(&self) -> Result<Vec<(String, ImageValue)>, InvalidValue> {
        let members: Result<Members<serde_json::Value>, _> = serde_json::from_str(self.as_str());
        let Members(members) = members.map_err(|_| no_image())?;
        members.into_iter().map(|(name, value)| Ok((name, image_value(value)?))).collect()
    }
}

impl ImageValue {
    /// The value as a column of this kind has it.
    pub(crate) fn read(&self, kind: Kind) -> Result<Value<'_>, InvalidValue> {
        let text = match self {
            ImageValue::Null | ImageValue::Redacted => return Ok(Value::Null(kind)),
            ImageValue::Bool(value) if kind == Kind::Bool => return Ok(Value::Bool(*value)),
            ImageValue::Bool(_) => None,
            ImageValue::Text(text) => read(text, kind),
        };
        text.ok_or_else(|| InvalidValue::new("has another type in the audit trail"))
    }
}

/// What [`text`](super::image::text) wrote.
pub(crate) fn read(text: &str, kind: Kind) -> Option<Value<'_>> {
    Some(match kind {
        Kind::Bool => return None,
        Kind::I16 => Value::I16(text.parse().ok()?),
        Kind::I32 => Value::I32(text.parse().ok()?),
        Kind::I64 => Value::I64(text.parse().ok()?),
        Kind::F32 => Value::F32(f32::from_bits(bits(text, 8)?.try_into().ok()?)),
        Kind::F64 => Value::F64(f64::from_bits(bits(text, 16)?)),
        Kind::Text => Value::Text(text.into()),
        Kind::Bytes => Value::Bytes(unhex(text)?.into()),
        Kind::Uuid => Value::Uuid(Uuid::parse_str(text).ok()?),
        Kind::Timestamp => Value::Timestamp(DateTime::parse_from_rfc3339(text).ok()?.to_utc()),
        Kind::Date => Value::Date(NaiveDate::parse_from_str(text, "%Y-%m-%d").ok()?),
        Kind::Time => Value::Time(NaiveTime::parse_from_str(text, "%H:%M:%S%.f").ok()?),
        Kind::Decimal { scale, .. } => Value::Decimal { units: units(text, scale)?, scale },
        Kind::Json => Value::Json(text.into()),
    })
}

fn bits(text: &str, digits: usize) -> Option<u64> {
    (text.len() == digits).then(|| u64::from_str_radix(text, 16).ok()).flatten()
}

/// The number times 10^`scale`; nothing if digits would be lost. The column may have had another scale.
fn units(text: &str, scale: u8) -> Option<i64> {
    let (whole, fraction) = text.split_once('.').unwrap_or((text, ""));
    let fraction = fraction.trim_end_matches('0');
    let missing = usize::from(scale).checked_sub(fraction.len())?;
    format!("{whole}{fraction}{}", "0".repeat(missing)).parse().ok()
}

fn image_value(value: serde_json::Value) -> Result<ImageValue, InvalidValue> {
    match value {
        serde_json::Value::Null => Ok(ImageValue::Null),
        serde_json::Value::Bool(value) => Ok(ImageValue::Bool(value)),
        serde_json::Value::String(text) => Ok(ImageValue::Text(text)),
        serde_json::Value::Object(object) if object.contains_key("redacted") => {
            Ok(ImageValue::Redacted)
        }
        _ => Err(no_image()),
    }
}

fn no_image() -> InvalidValue {
    InvalidValue::new("is no image of a row")
}

#[cfg(test)]
#[allow(clippy::unwrap_used, reason = "a test that cannot go on has failed")]
mod tests {
    use super::*;
    use crate::audit::image::text;

    #[test]
    fn what_is_written_is_read() {
        let moment = DateTime::parse_from_rfc3339("0001-01-01T00:00:00.000001Z")
            .expect("it is valid")
            .to_utc();
        for (value, kind) in [
            (Value::Bool(true), Kind::Bool),
            (Value::I16(i16::MIN), Kind::I16),
            (Value::I32(i32::MIN), Kind::I32),
            (Value::I64(i64::MIN), Kind::I64),
            (Value::F32(0.1), Kind::F32),
            (Value::F64(-5e-324), Kind::F64),
            (Value::Text("\"a\\ 🦀".into()), Kind::Text),
            (Value::Bytes(vec![0, 255].into()), Kind::Bytes),
            (Value::Uuid(Uuid::from_u128(7)), Kind::Uuid),
            (Value::Timestamp(moment), Kind::Timestamp),
            (Value::Date(NaiveDate::from_ymd_opt(9999, 12, 31).expect("it is valid")), Kind::Date),
            (Value::Time(moment.time()), Kind::Time),
            (Value::Decimal { units: -5, scale: 2 }, Kind::Decimal { precision: 12, scale: 2 }),
            (
                Value::Decimal { units: i64::MIN, scale: 0 },
                Kind::Decimal { precision: 18, scale: 0 },
            ),
            (Value::Json("{\"a\": 1}".into()), Kind::Json),
        ] {
            let written = match &value {
                Value::Bool(value) => ImageValue::Bool(*value),
                value => ImageValue::Text(text(value).into_owned()),
            };
            assert_eq!(written.read(kind), Ok(value));
        }
    }

    #[test]
    fn a_decimal_takes_the_scale_that_its_column_has_now() {
        assert_eq!(units("1.10", 4), Some(11_000));
        assert_eq!(units("-0.50", 1), Some(-5));
        assert_eq!(units("1.15", 1), None);
    }

    #[test]
    fn the_columns_come_in_their_order() {
        let text = "{\"b\":\"1\",\"a\":null,\"c\":{\"redacted\":true},\"d\":false}";
        let image = Image::from_text(text.to_owned());
        let expected = [
            ("b", ImageValue::Text("1".to_owned())),
            ("a", ImageValue::Null),
            ("c", ImageValue::Redacted),
            ("d", ImageValue::Bool(false)),
        ];
        let expected = expected.map(|(name, value)| (name.to_owned(), value));
        assert_eq!(image.columns(), expected);
        assert_eq!(image.get("c"), Some(ImageValue::Redacted));
        assert_eq!(image.get("e"), None);
        assert!(Image::from_text("[]".to_owned()).columns().is_empty());
    }
}
