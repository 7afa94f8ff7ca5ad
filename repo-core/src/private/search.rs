//! The conditions of a search that are not one call.

use crate::column::Column;
use crate::entity::Entity;
use crate::filter::Filter;
use crate::value::column_type::ColumnType;

/// The condition on a list, unless nothing is in it: then nothing is sought.
pub fn unless_empty<E, T>(
    values: Vec<T>,
    condition: impl FnOnce(Vec<T>) -> Filter<E>,
) -> Option<Filter<E>> {
    if values.is_empty() { None } else { Some(condition(values)) }
}

/// The column has no value, or has one.
pub fn null_or_not<E: Entity, T: ColumnType>(column: Column<E, T>, is_null: bool) -> Filter<E> {
    if is_null { column.is_null() } else { column.is_not_null() }
}
