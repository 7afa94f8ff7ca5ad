//! `Option`: the column takes `NULL`.

use crate::backend::Row;
use crate::value::column_type::ColumnType;
use crate::value::stored::stored;
use crate::value::{InvalidValue, Kind, Value};

// `Bare = T` keeps `Option<Option<T>>` from being a column: it has no second NULL.
impl<T: ColumnType<Bare = T>> ColumnType for Option<T> {
    type Bare = T;
    type Class = T::Class;
    const KIND: Kind = T::KIND;
    const NULLABLE: bool = true;
    const VARIANTS: &'static [&'static str] = T::VARIANTS;
    // What it holds is, so that only `None` is NULL.
    const IS_CHECKED: bool = true;

    fn encode(&self, kind: Kind) -> Result<Value<'_>, InvalidValue> {
        self.as_ref().map_or(Ok(Value::Null(kind)), |value| stored(value, kind))
    }

    fn decode(value: Value<'_>) -> Result<Self, InvalidValue> {
        if value.is_null() { Ok(None) } else { T::decode(value).map(Some) }
    }

    #[inline]
    fn read(row: &dyn Row, index: usize, kind: Kind) -> Result<Self, InvalidValue> {
        T::read_some(row, index, kind)
    }

    fn into_stored(self, kind: Kind) -> Self {
        self.map(|value| value.into_stored(kind))
    }
}
