//! Questions about many rows that are answered with few values: sums, averages, extremes, counts.
//!
//! An aggregate is a value, made from a column; a query is asked for it, or for several at once, in one
//! statement, under every policy that the query has. `NULL` is left out of each. Both databases answer
//! alike: integers and decimals are added exactly, in whichever order they come, and a sum that does not fit
//! is an error. Rows in groups are in `groups.rs`, the spelling in `sql/aggregate.rs`.

mod asked;
pub(crate) mod bucket;
pub(crate) mod bucketable;
pub(crate) mod cells;
pub(crate) mod edges;
pub(crate) mod filled;
pub(crate) mod groups;
pub(crate) mod having;
pub(crate) mod keys;
pub(crate) mod percentile;
pub(crate) mod select;
pub(crate) mod summary;
pub(crate) mod total;

use std::fmt;
use std::marker::PhantomData;

use crate::aggregate::cells::Cells;
use crate::aggregate::percentile::Share;
use crate::aggregate::select::Select;
use crate::aggregate::total::Summable;
use crate::backend::Row;
use crate::column::Column;
use crate::entity::Entity;
use crate::error::Result;
use crate::query::Query;
use crate::read;
use crate::read::reading::Reading;
use crate::session::scope::{ReachableFrom, Scope};
use crate::value::column_type::{ColumnType, Comparable};
use crate::value::stored::stored;
use crate::value::{InvalidValue, Kind, Value};

/// One value about many rows of `E`: how many, or the sum, average, least or greatest of a column.
///
/// Made by [`count`] and by the methods of a [`Column`]. `A` is the answer: a `u64` where something is
/// counted, otherwise an `Option`, which is `None` where no row has a value.
pub struct Aggregate<E, A: Answered> {
    pub(crate) term: Term,
    read: fn(&mut Cells<'_>, usize) -> Result<A>,
    pub(crate) operand: fn(A::Bare, Kind) -> Result<Vec<Value<'static>>, InvalidValue>,
    entity: PhantomData<fn() -> E>,
}

/// An aggregate without its types.
#[doc(hidden)]
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Term {
    pub(crate) function: Function,
    /// The column; of no meaning where rows are counted.
    pub(crate) column: usize,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Function {
    Rows,
    Values,
    Distinct,
    Sum,
    Average,
    Extreme(Extreme),
    Percentile(Share),
}

/// Which end of an order.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Extreme {
    /// The least value.
    Least,
    /// The greatest value.
    Greatest,
}

/// What an aggregate can be answered with: `u64`, and `Option` of anything else.
pub trait Answered: Default + Send + 'static {
    /// What the answer is compared with.
    type Bare;
}

impl Extreme {
    /// The name of the function in SQL.
    pub fn sql(self) -> &'static str {
        match self {
            Extreme::Least => "MIN",
            Extreme::Greatest => "MAX",
        }
    }
}

impl Answered for u64 {
    type Bare = u64;
}

impl<T: Send + 'static> Answered for Option<T> {
    type Bare = T;
}

/// The sum of a column of `T`: an `i64` of integers, an `f64` of floats, a `Decimal` of decimals.
pub type SumOf<T> = <<<T as ColumnType>::Bare as ColumnType>::Class as Summable>::Sum;

/// The average of a column of `T`: an `f64` of integers and floats, a `Decimal` of decimals.
pub type AverageOf<T> = <<<T as ColumnType>::Bare as ColumnType>::Class as Summable>::Average;

/// How many rows there are.
pub fn count<E: Entity>() -> Aggregate<E, u64> {
    Aggregate::counting(Function::Rows, 0)
}

/// Aggregates. `NULL` counts for none of them.
impl<E: Entity, T: ColumnType> Column<E, T> {
    /// How many rows have a value.
    pub fn count(self) -> Aggregate<E, u64> {
        Aggregate::counting(Function::Values, self.index())
    }

    /// How many different values there are.
    pub fn count_distinct(self) -> Aggregate<E, u64>
    where
        <T::Bare as ColumnType>::Class: Comparable,
    {
        Aggregate::counting(Function::Distinct, self.index())
    }

    /// The sum: of integers and decimals exact, whatever the order, or
    /// [`Error::OutOfRange`](crate::Error::OutOfRange).
    ///
    /// A decimal has the digits of its column after the point, and fits if its units fit an `i64`. Floats are
    /// added as `f64` in the order in which the database meets them.
    // `C` is the class of the column: named so, rustc reports in words what has no sum.
    pub fn sum<C: Summable>(self) -> Aggregate<E, Option<C::Sum>>
    where
        T::Bare: ColumnType<Class = C>,
    {
        let term = Term { function: Function::Sum, column: self.index() };
        Aggregate {
            term,
            read: total::read_sum::<C>,
            operand: C::operand_of_sum,
            entity: PhantomData,
        }
    }

    /// The average: the sum by the number of values.
    ///
    /// Of integers it is the `f64` nearest to the exact sum, divided as `f64`; of decimals it has six digits
    /// more after the point than the column, the last one rounded, halves away from zero.
    pub fn avg<C: Summable>(self) -> Aggregate<E, Option<C::Average>>
    where
        T::Bare: ColumnType<Class = C>,
    {
        let term = Term { function: Function::Average, column: self.index() };
        Aggregate {
            term,
            read: total::read_average::<C>,
            operand: C::operand_of_average,
            entity: PhantomData,
        }
    }

    /// The least value, in the order in which rows are ordered by the column.
    pub fn min(self) -> Aggregate<E, Option<T::Bare>>
    where
        <T::Bare as ColumnType>::Class: Comparable,
    {
        self.extreme(Extreme::Least)
    }

    /// The greatest value, in the order in which rows are ordered by the column.
    pub fn max(self) -> Aggregate<E, Option<T::Bare>>
    where
        <T::Bare as ColumnType>::Class: Comparable,
    {
        self.extreme(Extreme::Greatest)
    }

    fn extreme(self, extreme: Extreme) -> Aggregate<E, Option<T::Bare>> {
        self.one_of_the_values(Function::Extreme(extreme))
    }

    /// An aggregate that is a value of the column.
    pub(crate) fn one_of_the_values(self, function: Function) -> Aggregate<E, Option<T::Bare>> {
        Aggregate {
            term: Term { function, column: self.index() },
            read: |cells, column| cells.optional::<T::Bare>(column),
            operand: |value, kind| Ok(vec![stored(&value, kind)?.into_owned()]),
            entity: PhantomData,
        }
    }
}

impl<E: Entity> Aggregate<E, u64> {
    fn counting(function: Function, column: usize) -> Self {
        Self {
            term: Term { function, column },
            read: |cells, _| cells.count(),
            // No database counts as far as the numbers that are cut.
            operand: |value, _| Ok(vec![Value::I64(i64::try_from(value).unwrap_or(i64::MAX))]),
            entity: PhantomData,
        }
    }
}

impl<E, A: Answered> Aggregate<E, A> {
    pub(crate) fn read(&self, cells: &mut Cells<'_>) -> Result<A> {
        (self.read)(cells, self.term.column)
    }
}

/// Aggregates of all rows of the query. Each method is one statement, and its answer is awaited.
///
/// A query with a limit or an offset is [`Error::InvalidInput`](crate::Error::InvalidInput): an aggregate is
/// about all rows.
///
/// ```no_run
/// # use repo_core::{Database, Repository, Result, count};
/// # #[derive(Repository)]
/// # #[repository(table = "calls")]
/// # struct Call { id: uuid::Uuid, model: String, tokens: i64 }
/// # async fn f(db: Database) -> Result<()> {
/// let calls = db.session().repo::<Call>();
/// let tokens: Option<i64> = calls.query().sum(Call::TOKENS).await?; // `None` of no rows
/// let of_small = calls.filter(Call::MODEL.eq("small"));
/// let (calls, average, most) =
///     of_small.aggregate((count(), Call::TOKENS.avg(), Call::TOKENS.max())).await?;
/// println!("{calls} calls, {} tokens each, {} at most", average.unwrap_or(0.0), most.unwrap_or(0));
/// # Ok(())
/// # }
/// ```
///
/// Groups of rows are asked for aggregates by [`group_by`](Query::group_by) and [`summaries`](Query::summaries).
impl<E: Entity, S: Scope> Query<E, S>
where
    E::Tenancy: ReachableFrom<S>,
{
    /// Several aggregates at once, as a tuple of up to six: `(count(), Incident::EVENT_COUNT.sum())`.
    pub fn aggregate<A: Select<E>>(self, aggregates: A) -> Reading<A::Output> {
        Reading::new(async move {
            percentile::check(&aggregates.terms())?;
            let (repo, selection) = self.ready_for_all("aggregate")?;
            let mut answer = A::Output::default();
            let mut writer = read::writer::<E, S>(&repo);
            writer.aggregates(&selection, &aggregates.terms())?;
            let mut on_row = |row: &dyn Row| {
                answer = aggregates.read(&mut Cells::new(E::TABLE, row))?;
                Ok(())
            };
            read::run(repo.session(), &writer, &mut on_row).await?;
            Ok(answer)
        })
    }

    /// The sum of a column: see [`Column::sum`].
    pub fn sum<T: ColumnType>(self, column: Column<E, T>) -> Reading<Option<SumOf<T>>>
    where
        <T::Bare as ColumnType>::Class: Summable,
    {
        self.aggregate(column.sum())
    }

    /// The average of a column: see [`Column::avg`].
    pub fn avg<T: ColumnType>(self, column: Column<E, T>) -> Reading<Option<AverageOf<T>>>
    where
        <T::Bare as ColumnType>::Class: Summable,
    {
        self.aggregate(column.avg())
    }

    /// The least value of a column.
    pub fn min<T: ColumnType>(self, column: Column<E, T>) -> Reading<Option<T::Bare>>
    where
        <T::Bare as ColumnType>::Class: Comparable,
    {
        self.aggregate(column.min())
    }

    /// The greatest value of a column.
    pub fn max<T: ColumnType>(self, column: Column<E, T>) -> Reading<Option<T::Bare>>
    where
        <T::Bare as ColumnType>::Class: Comparable,
    {
        self.aggregate(column.max())
    }

    /// How many different values a column has.
    pub fn count_distinct<T: ColumnType>(self, column: Column<E, T>) -> Reading<u64>
    where
        <T::Bare as ColumnType>::Class: Comparable,
    {
        self.aggregate(column.count_distinct())
    }
}

impl<E, A: Answered> Clone for Aggregate<E, A> {
    fn clone(&self) -> Self {
        *self
    }
}

impl<E, A: Answered> Copy for Aggregate<E, A> {}

impl<E, A: Answered> fmt::Debug for Aggregate<E, A> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("Aggregate").field(&self.term).finish()
    }
}
