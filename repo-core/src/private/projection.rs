//! A field of a projection: where its value comes from, and how it is read.

use serde::Serialize;
use serde::de::DeserializeOwned;

use crate::column::Column;
use crate::entity::Entity;
use crate::error::Result;
use crate::json::Json;
use crate::relation::RelatedColumn;
pub use crate::relation::link::Source;
use crate::value::column_type::ColumnType;
use crate::value::encode::Decoder;

/// A column that a field of type `F` of a projection of `E` can show: one of `E` of this type, or one of an entity
/// that `E` refers to, of this type without `Option`.
#[diagnostic::on_unimplemented(
    message = "a field of type `{F}` cannot show this column of `{E}`: it is a `{Self}`",
    label = "not the type of the column",
    note = "a field has the type of its column; one of another entity may find nothing and is an `Option`"
)]
pub trait Shows<E, F> {
    /// Where the value comes from.
    fn source(&self) -> Source;

    /// The value.
    ///
    /// # Errors
    ///
    /// [`Error::Decode`](crate::Error::Decode): the value is nothing that the type can hold.
    fn read(&self, row: &mut Decoder<'_>) -> Result<F>;
}

/// Where the value of a field comes from.
pub fn source<E, F>(column: impl Shows<E, F>) -> Source {
    column.source()
}

/// The value of a field.
///
/// # Errors
///
/// [`Error::Decode`](crate::Error::Decode): the value is nothing that the type can hold.
pub fn read<E, F>(column: impl Shows<E, F>, row: &mut Decoder<'_>) -> Result<F> {
    column.read(row)
}

#[diagnostic::do_not_recommend]
impl<E: Entity, F: ColumnType> Shows<E, F> for Column<E, F> {
    fn source(&self) -> Source {
        Source::Own(self.index())
    }

    fn read(&self, row: &mut Decoder<'_>) -> Result<F> {
        row.column()
    }
}

#[diagnostic::do_not_recommend]
impl<E: Entity, T: Document> Shows<E, T> for Column<E, Json<T>> {
    fn source(&self) -> Source {
        Source::Own(self.index())
    }

    fn read(&self, row: &mut Decoder<'_>) -> Result<T> {
        row.json()
    }
}

#[diagnostic::do_not_recommend]
impl<E: Entity, T: Document> Shows<E, Option<T>> for Column<E, Option<Json<T>>> {
    fn source(&self) -> Source {
        Source::Own(self.index())
    }

    fn read(&self, row: &mut Decoder<'_>) -> Result<Option<T>> {
        row.json_option()
    }
}

#[diagnostic::do_not_recommend]
impl<E, F, T, const LINKS: usize> Shows<E, Option<F>> for RelatedColumn<E, T, LINKS>
where
    E: Entity,
    F: ColumnType,
    T: ColumnType<Bare = F>,
    Option<F>: ColumnType,
{
    fn source(&self) -> Source {
        self.source
    }

    fn read(&self, row: &mut Decoder<'_>) -> Result<Option<F>> {
        row.column()
    }
}

/// A type that is stored as JSON.
pub trait Document: Serialize + DeserializeOwned + Send + Sync + 'static {}

impl<T: Serialize + DeserializeOwned + Send + Sync + 'static> Document for T {}
