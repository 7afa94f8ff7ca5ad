//! What a sum and an average are, by the class of a column.
//!
//! Integers, and decimals as their units, are added exactly: the database adds the upper and the lower 32
//! bits by themselves, so that no sum on the way is too large, and the last one is looked at here.

use crate::aggregate::cells::Cells;
use crate::error::Result;
use crate::value::column_type::class;
use crate::value::{InvalidValue, Kind, Value};

/// A sum as the database gives it.
#[doc(hidden)]
#[derive(Debug, Clone, Copy)]
pub enum Total {
    /// Of integers, or of the units of decimals.
    Exact(i128),
    /// Of floats.
    Float(f64),
}

/// The classes whose values have a sum and an average: integers, floats and decimals.
#[diagnostic::on_unimplemented(
    message = "only a column of numbers has a sum or an average",
    label = "not a column of numbers",
    note = "any column but JSON has `min`, `max` and `count_distinct`"
)]
pub trait Summable {
    /// What a sum is.
    type Sum: Send + 'static;
    /// What an average is.
    type Average: Send + 'static;

    /// The sum; none where it does not fit.
    #[doc(hidden)]
    fn sum(total: Total, kind: Kind) -> Option<Self::Sum>;

    /// The average of this many values, at least one.
    #[doc(hidden)]
    fn average(total: Total, count: u64, kind: Kind) -> Option<Self::Average>;

    /// What a sum is compared with: its two halves, or a float.
    #[doc(hidden)]
    fn operand_of_sum(value: Self::Sum, kind: Kind) -> Result<Vec<Value<'static>>, InvalidValue>;

    /// What an average is compared with: a float, in units where those are added.
    #[doc(hidden)]
    fn operand_of_average(
        value: Self::Average,
        kind: Kind,
    ) -> Result<Vec<Value<'static>>, InvalidValue>;
}

pub(crate) fn read_sum<C: Summable>(
    cells: &mut Cells<'_>,
    column: usize,
) -> Result<Option<C::Sum>> {
    let Some(total) = cells.total(column)? else { return Ok(None) };
    C::sum(total, cells.kind(column)).map(Some).ok_or_else(|| cells.out_of_range())
}

pub(crate) fn read_average<C: Summable>(
    cells: &mut Cells<'_>,
    column: usize,
) -> Result<Option<C::Average>> {
    let (total, count) = (cells.total(column)?, cells.count()?);
    let Some(total) = total.filter(|_| count > 0) else { return Ok(None) };
    C::average(total, count, cells.kind(column)).map(Some).ok_or_else(|| cells.out_of_range())
}

impl Total {
    fn as_float(self) -> f64 {
        match self {
            Total::Exact(units) => units as f64,
            Total::Float(sum) => sum,
        }
    }

    fn exact(self) -> Option<i128> {
        if let Total::Exact(units) = self { Some(units) } else { None }
    }
}

impl Summable for class::Integer {
    type Sum = i64;
    type Average = f64;

    fn sum(total: Total, _: Kind) -> Option<i64> {
        total.exact().and_then(|units| i64::try_from(units).ok())
    }

    fn average(total: Total, count: u64, _: Kind) -> Option<f64> {
        Some(total.as_float() / count as f64)
    }

    fn operand_of_sum(value: i64, _: Kind) -> Result<Vec<Value<'static>>, InvalidValue> {
        Ok(halves(value))
    }

    fn operand_of_average(value: f64, _: Kind) -> Result<Vec<Value<'static>>, InvalidValue> {
        finite(value)
    }
}

impl Summable for class::Identity {
    type Sum = i64;
    type Average = f64;

    fn sum(total: Total, kind: Kind) -> Option<i64> {
        class::Integer::sum(total, kind)
    }

    fn average(total: Total, count: u64, kind: Kind) -> Option<f64> {
        class::Integer::average(total, count, kind)
    }

    fn operand_of_sum(value: i64, _: Kind) -> Result<Vec<Value<'static>>, InvalidValue> {
        Ok(halves(value))
    }

    fn operand_of_average(value: f64, _: Kind) -> Result<Vec<Value<'static>>, InvalidValue> {
        finite(value)
    }
}

impl Summable for class::Float {
    type Sum = f64;
    type Average = f64;

    fn sum(total: Total, _: Kind) -> Option<f64> {
        Some(total.as_float())
    }

    fn average(total: Total, count: u64, _: Kind) -> Option<f64> {
        Some(total.as_float() / count as f64)
    }

    fn operand_of_sum(value: f64, _: Kind) -> Result<Vec<Value<'static>>, InvalidValue> {
        finite(value)
    }

    fn operand_of_average(value: f64, _: Kind) -> Result<Vec<Value<'static>>, InvalidValue> {
        finite(value)
    }
}

/// The upper bits and the lower 32: as a pair they order as the number does.
fn halves(value: i64) -> Vec<Value<'static>> {
    vec![Value::I64(value >> 32), Value::I64(value & 0xffff_ffff)]
}

fn finite(value: f64) -> Result<Vec<Value<'static>>, InvalidValue> {
    if value.is_finite() {
        return Ok(vec![Value::F64(value)]);
    }
    Err(InvalidValue::new("is compared with what is not a finite number"))
}

#[cfg(feature = "decimal")]
mod decimal {
    use rust_decimal::Decimal;

    use super::{Summable, Total, class, finite, halves};
    use crate::value::column_type::ColumnType as _;
    use crate::value::{InvalidValue, Kind, Value};

    /// How many digits more an average has after the point than its column.
    const MORE_DIGITS: u32 = 6;

    impl Summable for class::Decimal {
        type Sum = Decimal;
        type Average = Decimal;

        fn sum(total: Total, kind: Kind) -> Option<Decimal> {
            let units = total.exact().and_then(|units| i64::try_from(units).ok());
            units.map(|units| Decimal::new(units, scale(kind)))
        }

        fn average(total: Total, count: u64, kind: Kind) -> Option<Decimal> {
            let (units, count) = (total.exact()?, i128::from(count));
            let (whole, rest) = (units / count, units % count);
            let factor = 10_i128.pow(MORE_DIGITS);
            // Halves away from zero: twice the remainder is compared with the divisor.
            let (digits, left) = (rest * factor / count, rest * factor % count);
            let carry = if 2 * left.abs() >= count { units.signum() } else { 0 };
            let scaled = whole.checked_mul(factor)? + digits + carry;
            Decimal::try_from_i128_with_scale(scaled, scale(kind) + MORE_DIGITS).ok()
        }

        fn operand_of_sum(value: Decimal, kind: Kind) -> Result<Vec<Value<'static>>, InvalidValue> {
            // A sum may have a digit more than any column.
            let scale = u8::try_from(scale(kind)).unwrap_or_default();
            let kind = Kind::Decimal { precision: 19, scale };
            match value.encode(kind)? {
                Value::Decimal { units, .. } => Ok(halves(units)),
                _ => Err(InvalidValue::new("is compared with what is no decimal")),
            }
        }

        fn operand_of_average(
            value: Decimal,
            kind: Kind,
        ) -> Result<Vec<Value<'static>>, InvalidValue> {
            let value = value.normalize();
            let (mantissa, own, wanted) = (value.mantissa(), value.scale(), scale(kind));
            finite(match own.checked_sub(wanted) {
                Some(too_many) => mantissa as f64 / 10_f64.powi(too_many.cast_signed()),
                // At most 2^96 times 10^18 is a float, exact wherever a total is.
                None => mantissa as f64 * 10_f64.powi((wanted - own).cast_signed()),
            })
        }
    }

    fn scale(kind: Kind) -> u32 {
        if let Kind::Decimal { scale, .. } = kind { scale.into() } else { 0 }
    }
}
