//! What became of a row that was to be added, and the id that the database made for it.

use crate::backend::Row;
use crate::entity::Entity;
use crate::error::{Error, Result};
use crate::schema::table::Table;
use crate::value::Value;
use crate::value::column_type::ColumnType as _;

/// What became of a row that was to be added, whose id is an `I`.
#[derive(Debug, Clone, Copy)]
pub(crate) enum Added<I> {
    /// There is none. Why, the statement does not say: it would have referred to a deleted row, its key is there, or
    /// the database left it out.
    Nothing,
    /// It is there, with this id if the database makes it.
    Row(Option<I>),
}

impl<I> Added<I> {
    /// By how many rows a statement added, and the id that it answered with.
    pub(crate) fn of(table: &Table, added: u64, made: Option<I>) -> Self {
        let is_there = added > 0 && made.is_some() == table.has_identity();
        if is_there { Added::Row(made) } else { Added::Nothing }
    }

    /// By what was read of the row that a statement answers with where it adds one.
    pub(crate) fn of_answer(answer: Option<Option<I>>) -> Self {
        answer.map_or(Added::Nothing, Added::Row)
    }
}

/// The id that the database made, where it makes it, which is `at` this place of a row.
pub(crate) fn made_id<E: Entity>(row: &dyn Row, at: usize) -> Result<Option<E::Id>> {
    made_number(E::TABLE, row, at)?.map(identity::<E>).transpose()
}

/// The same as the number that it is.
pub(crate) fn made_number(table: &Table, row: &dyn Row, at: usize) -> Result<Option<i64>> {
    if !table.has_identity() {
        return Ok(None);
    }
    let number = i64::decode(table.read(row, at, table.roles.id)?);
    number.map(Some).map_err(|invalid| Error::decode(table.entity, table.id().name, invalid))
}

/// A number that the database made, as an id.
pub(crate) fn identity<E: Entity>(number: i64) -> Result<E::Id> {
    let id = E::Id::decode(Value::I64(number));
    id.map_err(|invalid| Error::decode(E::TABLE.entity, E::TABLE.id().name, invalid))
}

/// The row with the id that the database made, where it makes it.
pub(crate) fn with_id<E: Entity>(mut entity: E, made: Option<E::Id>) -> E {
    if let Some(id) = made {
        entity.set_id(id);
    }
    entity
}
