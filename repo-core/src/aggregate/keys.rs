//! What rows are grouped by: columns, also of what a row refers to, and buckets of time, alone or as a tuple of up
//! to four.

use crate::aggregate::bucket::{Bucket, Bucketed};
use crate::aggregate::cells::Cells;
use crate::column::Column;
use crate::entity::Entity;
use crate::error::Result;
use crate::relation::RelatedColumn;
use crate::relation::link::Source;
use crate::schema::table::Table;
use crate::value::Value;
use crate::value::column_type::{ColumnType, Comparable};

/// What the rows of `E` can be grouped by: a [`Column`], one of a row that is found ([`RelatedColumn`]), a
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

/// The keys of groups that can be filled with a range of `T`: one [`Bucketed`] column, of moments or of days.
#[diagnostic::on_unimplemented(
    message = "only groups by one bucket of time can be filled",
    label = "`{Self}` has groups for the values that there are",
    note = "group by `Entity::COLUMN.bucket(..)` alone"
)]
pub trait Fillable<E, T>: Keys<E> {
    #[doc(hidden)]
    fn bucketed(&self) -> (Column<E, T>, Bucket);
}

/// A key without its types.
#[doc(hidden)]
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Key {
    Value(Source),
    Bucket(usize, Bucket),
}

impl Key {
    /// Whether a column of the table has such buckets.
    pub(crate) fn check(self, table: &Table) -> Result<()> {
        match self {
            Key::Bucket(column, bucket) => bucket.check(&table.columns[column]),
            Key::Value(_) => Ok(()),
        }
    }

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

impl<E: Entity, T: ColumnType, const LINKS: usize> Keys<E> for RelatedColumn<E, T, LINKS>
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

// Whether it is a column of moments or days is asked where buckets are made of it, once.
impl<E: Entity, T: ColumnType> Keys<E> for Bucketed<E, T> {
    type Output = T;

    fn keys(&self) -> Vec<Key> {
        vec![Key::Bucket(self.column.index(), self.bucket)]
    }

    fn read(&self, cells: &mut Cells<'_>) -> Result<T> {
        let kind = self.column.def().kind;
        let start = cells.integer()?.map(|index| self.bucket.key(index, kind));
        let value = start.unwrap_or(Ok(Value::Null(kind)));
        value.and_then(T::decode).map_err(|invalid| cells.wrong(self.column.index(), invalid))
    }
}

impl<E: Entity, T: ColumnType> Fillable<E, T::Bare> for Bucketed<E, T> {
    fn bucketed(&self) -> (Column<E, T::Bare>, Bucket) {
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
