//! A row that SQL by hand answered with, read value by value.

use std::fmt;

use super::UNCHECKED;
use super::parameter::kind_of;
use crate::backend::Row;
use crate::column::Column;
use crate::entity::Entity;
use crate::error::{Error, Result};
use crate::value::column_type::ColumnType;
use crate::value::{InvalidValue, Kind};

/// A row that SQL by hand answered with.
pub struct UncheckedRow<'r> {
    pub(super) row: &'r dyn Row,
}

impl UncheckedRow<'_> {
    /// The value of the column at `index`, counted from 0.
    ///
    /// # Errors
    ///
    /// [`Error::Decode`]: there is no such column, or the value is nothing that `T` can hold. A decimal is read with
    /// [`get_as`](Self::get_as), as only a column says its digits.
    pub fn get<T: ColumnType>(&self, index: usize) -> Result<T> {
        let value = kind_of::<T>("get_as").and_then(|kind| self.read(index, kind));
        value.map_err(|invalid| unreadable("a column", index, &invalid))
    }

    /// The value of the column at `index`, counted from 0, as `column` stores it: of its type, or an `Option` of
    /// that where the answer may be `NULL`.
    ///
    #[cfg_attr(feature = "decimal", doc = "```no_run")]
    #[cfg_attr(not(feature = "decimal"), doc = "```ignore")]
    /// # use repo_core::{Database, Repository, Result};
    /// # use rust_decimal::Decimal;
    /// # use uuid::Uuid;
    /// #[derive(Repository)]
    /// #[repository(table = "models")]
    /// struct Model {
    ///     id: Uuid,
    ///     #[repository(decimal(12, 4))]
    ///     price: Decimal,
    /// }
    ///
    /// # async fn f(db: Database, least: Decimal) -> Result<()> {
    /// let highest: Vec<Option<Decimal>> = db
    ///     .session()
    ///     .unchecked_sql("the highest price above the least")
    ///     .bind_as(Model::PRICE, least)
    ///     .fetch("SELECT max(price) FROM models WHERE price > $1", |row| row.get_as(Model::PRICE, 0))
    ///     .await?;
    /// # Ok(())
    /// # }
    /// ```
    ///
    /// A decimal has as many digits after the point as the column: so have what is stored there, and the least, the
    /// greatest and the sum of it. A product has those of both factors, and is read as a column with so many.
    ///
    /// # Errors
    ///
    /// [`Error::Decode`]: there is no such column, or the value is none that `column` stores.
    pub fn get_as<E, T, V>(&self, column: Column<E, T>, index: usize) -> Result<V>
    where
        E: Entity,
        T: ColumnType,
        V: ColumnType<Bare = T::Bare>,
    {
        let def = column.def();
        self.read(index, def.kind).map_err(|invalid| unreadable(def.name, index, &invalid))
    }

    fn read<T: ColumnType>(&self, index: usize, kind: Kind) -> Result<T, InvalidValue> {
        self.row.value(index, kind).and_then(T::decode)
    }
}

fn unreadable(column: &'static str, index: usize, invalid: &InvalidValue) -> Error {
    Error::Decode {
        entity: UNCHECKED.entity,
        column,
        reason: format!("at {index} {invalid}").into(),
    }
}

impl fmt::Debug for UncheckedRow<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("UncheckedRow")
    }
}
