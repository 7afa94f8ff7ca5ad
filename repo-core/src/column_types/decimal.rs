//! `rust_decimal::Decimal`: exact, with the precision and scale that its column declares.

use rust_decimal::Decimal;

use super::mismatch;
use crate::value::column_type::{ColumnType, class};
use crate::value::{InvalidValue, Kind, Value};

impl ColumnType for Decimal {
    type Bare = Self;
    type Class = class::Decimal;
    /// No digits: `#[repository(decimal(precision, scale))]` says how many.
    const KIND: Kind = Kind::Decimal { precision: 0, scale: 0 };
    const IS_CHECKED: bool = true;

    fn encode(&self, kind: Kind) -> Result<Value<'_>, InvalidValue> {
        let Kind::Decimal { precision, scale } = kind else {
            return Err(InvalidValue::new("is a decimal in a column that is not"));
        };
        let mut scaled = self.normalize();
        if scaled.scale() > u32::from(scale) {
            return Err(InvalidValue::new(format!("has more than {scale} digits after the point")));
        }
        scaled.rescale(u32::from(scale));
        let units = i64::try_from(scaled.mantissa()).ok().filter(|units| {
            scaled.scale() == u32::from(scale)
                && units.unsigned_abs() < 10_u64.pow(u32::from(precision))
        });
        let before = precision - scale;
        units.map(|units| Value::Decimal { units, scale }).ok_or_else(|| {
            InvalidValue::new(format!("has more than {before} digits before the point"))
        })
    }

    fn decode(value: Value<'_>) -> Result<Self, InvalidValue> {
        match value {
            Value::Decimal { units, scale } => Ok(Decimal::new(units, u32::from(scale))),
            other => Err(mismatch("a decimal", &other)),
        }
    }

    fn into_stored(mut self, kind: Kind) -> Self {
        if let Kind::Decimal { scale, .. } = kind
            && self.normalize().scale() <= u32::from(scale)
        {
            self.rescale(u32::from(scale));
        }
        self
    }
}
