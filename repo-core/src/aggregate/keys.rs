//! What rows are grouped by: columns, also of what a row refers to, and buckets of time, alone or as a tuple of up
//! to four.

use std::ops::{Range, RangeFull};

use crate::aggregate::bucket::{Bucket, Bucketed};
use crate::aggregate::cells::Cells;
use crate::aggregate::edges::{BucketedBetween, Edges};
use crate::aggregate::filled::{Filling, Span};
use crate::column::Column;
use crate::entity::Entity;
use crate::error::Result;
use crate::filter::Node;
use crate::relation::RelatedColumn;
use crate::relation::link::Source;
use crate::schema::table::Table;
use crate::value::Value;
use crate::value::column_type::{ColumnType, Comparable};

/// What the rows of `E` can be grouped by: a [`Column`], one of a row that is found ([`RelatedColumn`]), a
/// [`Bucketed`] column, one in buckets [between given moments](BucketedBetween), or a tuple of them.
#[diagnostic::on_unimplemented(
    message = "rows of `{E}` cannot be grouped by `{Self}`",
    label = "no keys among the columns of `{E}`",
    note = "group by a column that is not JSON, by `Entity::COLUMN.bucket(..)` or `.bucket_between(..)`, or by a tuple of up to four"
)]
pub trait Keys<E>: Send + Sync + 'static {
    /// The key of a group: of a tuple, a tuple; of an `Option` column, an `Option`.
    type Output: Send + 'static;

    #[doc(hidden)]
    fn keys(&self) -> Vec<Key>;

    #[doc(hidden)]
    fn read(&self, cells: &mut Cells<'_>) -> Result<Self::Output>;
}

/// The keys of groups that can be filled with `R`, buckets of `T`: one [`Bucketed`] column with a range of moments or
/// of days, and one [between given moments](BucketedBetween) with `..`, which is all of them.
#[diagnostic::on_unimplemented(
    message = "only groups by one bucket of time can be filled",
    label = "`{Self}` has groups for the values that there are",
    note = "group by `Entity::COLUMN.bucket(..)` alone, and fill `from..to`",
    note = "group by `Entity::COLUMN.bucket_between(..)` alone, and fill `..`"
)]
pub trait Fillable<E, R, T>: Keys<E> {
    #[doc(hidden)]
    fn filling(&self, range: R) -> Filling<E, T>;
}

/// A key without its types.
#[doc(hidden)]
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Key {
    Value(Source),
    Bucket(usize, Bucket),
    Between(usize, Edges),
}

impl Key {
    /// Whether a column of the table has such buckets.
    pub(crate) fn check(&self, table: &Table) -> Result<()> {
        match self {
            Key::Bucket(column, bucket) => bucket.check(&table.columns[*column]),
            Key::Between(column, edges) => edges.check(&table.columns[*column]),
            Key::Value(_) => Ok(()),
        }
    }

    pub(crate) fn source(&self) -> Source {
        match self {
            Key::Value(source) => *source,
            Key::Bucket(column, _) | Key::Between(column, _) => Source::Own(*column),
        }
    }

    /// What holds for the rows that have the key, where not all do.
    pub(crate) fn within(&self, table: &Table) -> Option<Node> {
        let Key::Between(column, edges) = self else { return None };
        Some(edges.within(*column, table.columns[*column].kind))
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

impl<E: Entity, T: ColumnType> Keys<E> for BucketedBetween<E, T> {
    type Output = T::Bare;

    fn keys(&self) -> Vec<Key> {
        vec![Key::Between(self.column.index(), self.edges.clone())]
    }

    fn read(&self, cells: &mut Cells<'_>) -> Result<T::Bare> {
        let kind = self.column.def().kind;
        let start = cells.integer()?.map(|index| self.edges.key(index, kind));
        let value = start.unwrap_or(Ok(Value::Null(kind)));
        value.and_then(T::Bare::decode).map_err(|invalid| cells.wrong(self.column.index(), invalid))
    }
}

impl<E: Entity, T: ColumnType> Fillable<E, Range<T::Bare>, T::Bare> for Bucketed<E, T> {
    fn filling(&self, range: Range<T::Bare>) -> Filling<E, T::Bare> {
        Filling::new(self.column.index(), Span::Even(self.bucket, range))
    }
}

impl<E: Entity, T: ColumnType> Fillable<E, RangeFull, T::Bare> for BucketedBetween<E, T> {
    fn filling(&self, _: RangeFull) -> Filling<E, T::Bare> {
        Filling::new(self.column.index(), Span::Between(self.edges.clone()))
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
