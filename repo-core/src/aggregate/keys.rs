//! What rows are grouped by: columns, also of what a row refers to, and buckets of time, alone or as a tuple of up
//! to four.

use chrono::{DateTime, Utc};

use crate::aggregate::bucket::{Bucket, Bucketed};
use crate::aggregate::cells::Cells;
use crate::column::Column;
use crate::column_type::{ColumnType, Comparable};
use crate::entity::Entity;
use crate::error::Result;
use crate::relation::RelatedColumn;
use crate::relation::link::Source;
use crate::value::{Kind, Value};

/// What the rows of `E` can be grouped by: a [`Column`], one of a row that is referred to ([`RelatedColumn`]), a
/// [`Bucketed`] column, or a tuple of them.
#[diagnostic::on_unimplemented(
    message = "rows of `{E}` cannot be grouped by `{Self}`",
    label = "no keys among the columns of `{E}`",
    note = "group by a column that is not JSON, by `Entity::COLUMN.bucket(..)`, or by a tuple of up to four"
)]
pub trait Keys<E>: Send + Sync + 'static {
    /// The key of a group: of a tuple, a tuple; of an `Option` column, an `Option`.
    type Output: Send + 'static;

    #[doc(hidden)]
    fn keys(&self) -> Vec<Key>;

    #[doc(hidden)]
    fn read(&self, cells: &mut Cells<'_>) -> Result<Self::Output>;
}

/// The keys of groups that can be filled: one [`Bucketed`] column.
#[diagnostic::on_unimplemented(
    message = "only groups by one bucket of time can be filled",
    label = "`{Self}` has groups for the values that there are",
    note = "group by `Entity::COLUMN.bucket(..)` alone"
)]
pub trait Fillable<E>: Keys<E> {
    #[doc(hidden)]
    fn bucketed(&self) -> (Column<E, DateTime<Utc>>, Bucket);
}

/// A key without its types.
#[doc(hidden)]
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Key {
    Value(Source),
    Bucket(usize, Bucket),
}

impl Key {
    pub(crate) fn source(self) -> Source {
        match self {
            Key::Value(source) => source,
            Key::Bucket(column, _) => Source::Own(column),
        }
    }
}

impl<E: Entity, T: ColumnType> Keys<E> for Column<E, T>
where
    <T::Bare as ColumnType>::Class: Comparable,
{
    type Output = T;

    fn keys(&self) -> Vec<Key> {
        vec![Key::Value(Source::Own(self.index()))]
    }

    fn read(&self, cells: &mut Cells<'_>) -> Result<T> {
        cells.column(self.index())
    }
}

impl<E: Entity, T: ColumnType> Keys<E> for RelatedColumn<E, T>
where
    <T::Bare as ColumnType>::Class: Comparable,
{
    type Output = Option<T::Bare>;

    fn keys(&self) -> Vec<Key> {
        vec![Key::Value(self.source)]
    }

    fn read(&self, cells: &mut Cells<'_>) -> Result<Option<T::Bare>> {
        cells.optional_of(self.source.def(E::TABLE))
    }
}

// Whether it is a column of moments is asked where buckets are made of it, once.
impl<E: Entity, T: ColumnType> Keys<E> for Bucketed<E, T> {
    type Output = T;

    fn keys(&self) -> Vec<Key> {
        vec![Key::Bucket(self.column.index(), self.bucket)]
    }

    fn read(&self, cells: &mut Cells<'_>) -> Result<T> {
        let start = cells.integer()?.map(|index| self.bucket.start(index));
        let value = match start {
            Some(start) => start.map(Value::Timestamp),
            None => Ok(Value::Null(Kind::Timestamp)),
        };
        value.and_then(T::decode).map_err(|invalid| cells.wrong(self.column.index(), invalid))
    }
}

impl<E: Entity, T: ColumnType> Fillable<E> for Bucketed<E, T> {
    fn bucketed(&self) -> (Column<E, DateTime<Utc>>, Bucket) {
        (Column::new(self.column.index()), self.bucket)
    }
}

macro_rules! tuple {
    ($($name:ident $index:tt),+) => {
        #[diagnostic::do_not_recommend]
        impl<E, $($name: Keys<E>),+> Keys<E> for ($($name,)+) {
            type Output = ($($name::Output,)+);

            fn keys(&self) -> Vec<Key> {
                let parts = [$(self.$index.keys()),+];
                parts.concat()
            }

            fn read(&self, cells: &mut Cells<'_>) -> Result<Self::Output> {
                Ok(($(self.$index.read(cells)?,)+))
            }
        }
    };
}

tuple!(A 0);
tuple!(A 0, B 1);
tuple!(A 0, B 1, C 2);
tuple!(A 0, B 1, C 2, D 3);
