//! What a column can be asked: comparisons, lists and `NULL`. Searches in text are in `text_search.rs`.
//!
//! A value that no column can hold makes a filter that reports it when its query runs. How filters
//! are combined is in `filter.rs`.

use std::ops::Range;

use chrono::{NaiveDate, NaiveTime};

use crate::column::Column;
use crate::entity::Entity;
use crate::filter::{Comparison, Filter, Node};
use crate::value::column_type::{ColumnType, Comparable, Moment};
use crate::value::stored::stored;
use crate::value::{InvalidValue, Kind, Value};

/// A value that a column of `T` can be compared with: a `T`, a `&T`, or a borrowed form of it such as
/// `&str` for `String`. A column of `Option<T>` is compared with a `T`.
#[diagnostic::on_unimplemented(
    message = "a column of `{T}` cannot be compared with a `{Self}`",
    label = "expected a `{T}`",
    note = "a column takes values of its own type, so wrap what a newtype holds; one that is an `Option` takes what is in it, and rows that have nothing there are found by `is_null()`"
)]
pub trait Operand<T> {
    /// The value, owned.
    fn into_operand(self) -> T;
}

/// What a column of any type can be asked.
impl<E: Entity, T: ColumnType> Column<E, T> {
    /// The row has no value in this column.
    pub fn is_null(self) -> Filter<E> {
        Filter::new(Node::Null { column: self.index(), negated: false })
    }

    /// The row has a value in this column.
    pub fn is_not_null(self) -> Filter<E> {
        Filter::new(Node::Null { column: self.index(), negated: true })
    }
}

/// Comparisons: for every type but JSON.
///
/// ```
/// # use chrono::{DateTime, TimeDelta, Utc};
/// # use repo_core::{Filter, Repository};
/// # #[derive(Repository)]
/// # #[repository(table = "tasks")]
/// # struct Task { id: i64, title: String, size: i32, limit: i32, owner: Option<String>, due: DateTime<Utc> }
/// # fn f(now: DateTime<Utc>, owners: Vec<String>) -> Filter<Task> {
/// let big = Task::SIZE.gt(100) | Task::SIZE.gt_column(Task::LIMIT);
/// let middle = Task::SIZE.between(10, 100); // both included
/// let soon = Task::DUE.within(now..now + TimeDelta::days(7)); // without the end
/// let owned = Task::OWNER.eq("ann") | Task::OWNER.in_list(owners);
/// let others = Task::OWNER.ne("ann"); // rows without an owner are not among them
/// # (big | middle) & soon & (owned | others)
/// # }
/// ```
impl<E: Entity, T: ColumnType> Column<E, T> {
    /// The column is equal to `value`.
    pub fn eq(self, value: impl Operand<T::Bare>) -> Filter<E>
    where
        <T::Bare as ColumnType>::Class: Comparable,
    {
        self.compare(Comparison::Equal, value.into_operand())
    }

    /// The column has a value, and it is not `value`.
    pub fn ne(self, value: impl Operand<T::Bare>) -> Filter<E>
    where
        <T::Bare as ColumnType>::Class: Comparable,
    {
        self.compare(Comparison::NotEqual, value.into_operand())
    }

    /// The column is less than `value`.
    pub fn lt(self, value: impl Operand<T::Bare>) -> Filter<E>
    where
        <T::Bare as ColumnType>::Class: Comparable,
    {
        self.compare(Comparison::Less, value.into_operand())
    }

    /// The column is less than `value` or equal to it.
    pub fn le(self, value: impl Operand<T::Bare>) -> Filter<E>
    where
        <T::Bare as ColumnType>::Class: Comparable,
    {
        self.compare(Comparison::LessOrEqual, value.into_operand())
    }

    /// The column is greater than `value`.
    pub fn gt(self, value: impl Operand<T::Bare>) -> Filter<E>
    where
        <T::Bare as ColumnType>::Class: Comparable,
    {
        self.compare(Comparison::Greater, value.into_operand())
    }

    /// The column is greater than `value` or equal to it.
    pub fn ge(self, value: impl Operand<T::Bare>) -> Filter<E>
    where
        <T::Bare as ColumnType>::Class: Comparable,
    {
        self.compare(Comparison::GreaterOrEqual, value.into_operand())
    }

    /// The column lies between `low` and `high`, both included.
    pub fn between(self, low: impl Operand<T::Bare>, high: impl Operand<T::Bare>) -> Filter<E>
    where
        <T::Bare as ColumnType>::Class: Comparable,
    {
        let column = self.index();
        Filter::new(self.with(low.into_operand(), |low| {
            self.with(high.into_operand(), |high| Node::Between { column, low, high })
        }))
    }

    /// The column is one of `values`; none of an empty list.
    pub fn in_list<V: Operand<T::Bare>>(self, values: impl IntoIterator<Item = V>) -> Filter<E>
    where
        <T::Bare as ColumnType>::Class: Comparable,
    {
        self.list(values, false)
    }

    /// The column has a value, and it is none of `values`.
    pub fn not_in<V: Operand<T::Bare>>(self, values: impl IntoIterator<Item = V>) -> Filter<E>
    where
        <T::Bare as ColumnType>::Class: Comparable,
    {
        self.list(values, true)
    }

    /// The column lies in `range`, which does not include its end: `AT.within(monday..next_monday)`. Of a
    /// range that ends before it starts, no row.
    pub fn within<V: Operand<T::Bare>>(self, range: Range<V>) -> Filter<E>
    where
        <T::Bare as ColumnType>::Class: Comparable,
    {
        self.ge(range.start) & self.lt(range.end)
    }

    /// The column is equal to another of the same type.
    ///
    /// As every comparison of columns it holds for no row in which one of them is `NULL`; two decimals are
    /// compared if they have as many digits after the point, and are an error when the query runs if not.
    pub fn eq_column<U: ColumnType<Bare = T::Bare>>(self, other: Column<E, U>) -> Filter<E>
    where
        <T::Bare as ColumnType>::Class: Comparable,
    {
        self.columns(Comparison::Equal, other)
    }

    /// Both columns have values, and not the same.
    pub fn ne_column<U: ColumnType<Bare = T::Bare>>(self, other: Column<E, U>) -> Filter<E>
    where
        <T::Bare as ColumnType>::Class: Comparable,
    {
        self.columns(Comparison::NotEqual, other)
    }

    /// The column is less than another.
    pub fn lt_column<U: ColumnType<Bare = T::Bare>>(self, other: Column<E, U>) -> Filter<E>
    where
        <T::Bare as ColumnType>::Class: Comparable,
    {
        self.columns(Comparison::Less, other)
    }

    /// The column is less than another or equal to it.
    pub fn le_column<U: ColumnType<Bare = T::Bare>>(self, other: Column<E, U>) -> Filter<E>
    where
        <T::Bare as ColumnType>::Class: Comparable,
    {
        self.columns(Comparison::LessOrEqual, other)
    }

    /// The column is greater than another.
    pub fn gt_column<U: ColumnType<Bare = T::Bare>>(self, other: Column<E, U>) -> Filter<E>
    where
        <T::Bare as ColumnType>::Class: Comparable,
    {
        self.columns(Comparison::Greater, other)
    }

    /// The column is greater than another or equal to it.
    pub fn ge_column<U: ColumnType<Bare = T::Bare>>(self, other: Column<E, U>) -> Filter<E>
    where
        <T::Bare as ColumnType>::Class: Comparable,
    {
        self.columns(Comparison::GreaterOrEqual, other)
    }

    fn columns<U: ColumnType<Bare = T::Bare>>(
        self,
        comparison: Comparison,
        other: Column<E, U>,
    ) -> Filter<E> {
        Filter::new(match (self.def().kind, other.def().kind) {
            (Kind::Decimal { scale, .. }, Kind::Decimal { scale: others, .. })
                if scale != others =>
            {
                let reason =
                    "has another number of digits after the point than what it is compared with";
                self.invalid(InvalidValue::new(reason))
            }
            _ => Node::Columns { left: self.index(), comparison, right: other.index() },
        })
    }

    fn compare(self, comparison: Comparison, value: T::Bare) -> Filter<E> {
        let column = self.index();
        Filter::new(self.with(value, |value| Node::Compare { column, comparison, value }))
    }

    fn list<V: Operand<T::Bare>>(
        self,
        values: impl IntoIterator<Item = V>,
        negated: bool,
    ) -> Filter<E> {
        let kind = self.def().kind;
        let values: Result<Vec<_>, _> = values
            .into_iter()
            .map(|value| stored(&value.into_operand(), kind).map(Value::into_owned))
            .collect();
        Filter::new(match values {
            Ok(values) => Node::InList { column: self.index(), values, negated },
            Err(invalid) => self.invalid(invalid),
        })
    }

    fn with(self, value: T::Bare, node: impl FnOnce(Value<'static>) -> Node) -> Node {
        match stored(&value, self.def().kind) {
            Ok(value) => node(value.into_owned()),
            Err(invalid) => self.invalid(invalid),
        }
    }

    pub(super) fn invalid(self, invalid: InvalidValue) -> Node {
        Node::Invalid { column: self.name(), invalid }
    }
}

/// Moments.
///
/// ```
/// # use chrono::{DateTime, NaiveDate, Utc};
/// # use repo_core::{Filter, Repository};
/// # #[derive(Repository)]
/// # #[repository(table = "tasks")]
/// # struct Task { id: i64, title: String, size: i32, limit: i32, owner: Option<String>, due: DateTime<Utc> }
/// fn due_on(day: NaiveDate) -> Filter<Task> {
///     Task::DUE.on(day)
/// }
/// ```
impl<E: Entity, T: ColumnType> Column<E, T> {
    /// The column is a moment of this day, in UTC.
    pub fn on(self, day: NaiveDate) -> Filter<E>
    where
        T::Bare: Moment,
    {
        let moments = self.moments();
        let midnight = |day: NaiveDate| day.and_time(NaiveTime::MIN).and_utc();
        let next = day.succ_opt().map(midnight);
        // The day after the last that a column holds is none to compare with.
        match next.filter(|next| next.encode(Kind::Timestamp).is_ok()) {
            Some(next) => moments.within(midnight(day)..next),
            None => moments.ge(midnight(day)),
        }
    }
}

impl<T: ColumnType> Operand<T> for T {
    fn into_operand(self) -> T {
        self
    }
}

impl<T: ColumnType + Clone> Operand<T> for &T {
    fn into_operand(self) -> T {
        self.clone()
    }
}

impl Operand<String> for &str {
    fn into_operand(self) -> String {
        self.to_owned()
    }
}

impl Operand<Vec<u8>> for &[u8] {
    fn into_operand(self) -> Vec<u8> {
        self.to_vec()
    }
}
