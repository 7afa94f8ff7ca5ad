//! The value of a parameter of SQL by hand: as its type stores it, or as a column does.

use crate::column::Column;
use crate::entity::Entity;
use crate::value::column_type::ColumnType;
use crate::value::stored::stored;
use crate::value::{InvalidValue, Kind, Value};

/// A value that a parameter can have as a column stores it: one of the column's type, or an `Option` of that. `T` is
/// the type of the column without `Option`.
#[diagnostic::on_unimplemented(
    message = "a parameter for a column of `{T}` cannot be a `{Self}`",
    label = "expected a `{T}`, or an `Option` of that"
)]
pub trait Bindable<T>: ColumnType {}

// A type for each `T` and no more, so that `5` is what the column takes.
#[diagnostic::do_not_recommend]
impl<T: ColumnType> Bindable<T> for T {}

#[diagnostic::do_not_recommend]
impl<T: ColumnType<Bare = T>> Bindable<T> for Option<T> {}

/// The value as its type alone stores it.
pub(super) fn of_type<T: ColumnType>(value: &T) -> Result<Value<'static>, InvalidValue> {
    stored(value, kind_of::<T>("bind_as")?).map(Value::into_owned)
}

/// The value as the column stores it.
pub(super) fn of_column<E: Entity, T: ColumnType, V: Bindable<T::Bare>>(
    column: Column<E, T>,
    value: &V,
) -> Result<Value<'static>, InvalidValue> {
    stored(value, column.def().kind).map(Value::into_owned)
}

/// What the type stores wherever it is stored. A decimal alone is nothing that a database knows: one that stores whole
/// numbers of the last digit would take it for another. `instead` is the method that asks a column.
pub(super) fn kind_of<T: ColumnType>(instead: &str) -> Result<Kind, InvalidValue> {
    match T::KIND {
        Kind::Decimal { precision: 0, .. } => Err(InvalidValue::new(format!(
            "is a decimal, and only a column says its digits: use `{instead}` with a column"
        ))),
        kind => Ok(kind),
    }
}
