//! Values that are at hand, as a row that they are read from.

use crate::backend::Row;
use crate::error::Result;
use crate::value::{InvalidValue, Kind, Value};

/// The values of a row.
pub(crate) struct Values<'v>(pub(crate) &'v [Value<'v>]);

impl Row for Values<'_> {
    fn value(&self, index: usize, _: Kind) -> Result<Value<'_>, InvalidValue> {
        let value = self.0.get(index).map(Value::borrowed);
        value.ok_or_else(|| InvalidValue::new("is missing"))
    }
}
