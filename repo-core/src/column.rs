//! A column of an entity as a value, to filter and order by.

use std::fmt;
use std::marker::PhantomData;

use chrono::{DateTime, Utc};

use crate::entity::Entity;
use crate::relation::link::Source;
use crate::schema::table::ColumnDef;
use crate::value::column_type::{ColumnType, Comparable, Moment};

/// The column of `E` that holds a `T`: the constants that the derive writes, such as
/// `Incident::STATUS`.
///
/// Its comparisons are in [`filter`](crate::Filter).
pub struct Column<E, T> {
    index: usize,
    types: PhantomData<fn() -> (E, T)>,
}

/// A column and a direction to order rows by. Made by [`Column::asc`] and [`Column::desc`].
///
/// `NULL` ranks above every value, last when ascending and first when descending, unless
/// [`nulls_first`](Self::nulls_first) or [`nulls_last`](Self::nulls_last) says otherwise.
pub struct Order<E> {
    pub(crate) key: OrderKey,
    /// Whether somebody said where rows without a value come.
    places_nulls: bool,
    entity: PhantomData<fn() -> E>,
}

/// What rows of `E` can be ordered by: an [`Order`] over their columns, or over those of what they refer to; several
/// of them, the one that counts most first; or none.
#[diagnostic::on_unimplemented(
    message = "rows of `{E}` cannot be ordered by `{Self}`",
    label = "not an order of rows of `{E}`",
    note = "an order is `{E}::COLUMN.asc()` or `{E}::COLUMN.desc()`"
)]
pub trait IntoOrder<E> {
    /// The orders, the one that counts most first.
    fn into_order(self) -> impl Iterator<Item = Order<E>>;
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct OrderKey {
    pub(crate) source: Source,
    pub(crate) descending: bool,
    pub(crate) nulls_first: bool,
}

impl<E, T> Column<E, T> {
    // Without bounds, so that a field whose type does not fit is reported once, at the field.
    #[doc(hidden)]
    pub const fn new(index: usize) -> Self {
        Self { index, types: PhantomData }
    }
}

impl<E: Entity, T: ColumnType> Column<E, T> {
    /// The lowest value first.
    pub fn asc(self) -> Order<E>
    where
        <T::Bare as ColumnType>::Class: Comparable,
    {
        self.order(false)
    }

    /// The highest value first.
    pub fn desc(self) -> Order<E>
    where
        <T::Bare as ColumnType>::Class: Comparable,
    {
        self.order(true)
    }

    /// The name of the column in the database.
    pub fn name(self) -> &'static str {
        self.def().name
    }

    /// The same column, of which the caller knows that it holds moments.
    pub(crate) fn moments(self) -> Column<E, DateTime<Utc>>
    where
        T::Bare: Moment,
    {
        Column::new(self.index)
    }

    pub(crate) fn index(self) -> usize {
        self.index
    }

    pub(crate) fn def(self) -> &'static ColumnDef {
        &E::TABLE.columns[self.index]
    }

    fn order(self, descending: bool) -> Order<E> {
        Order::new(Source::Own(self.index), descending)
    }
}

impl OrderKey {
    /// By a value, `NULL` above all others.
    pub(crate) fn new(source: Source, descending: bool) -> Self {
        Self { source, descending, nulls_first: descending }
    }

    /// The exact reverse, `NULL` included.
    pub(crate) fn reversed(&self) -> Self {
        Self { source: self.source, descending: !self.descending, nulls_first: !self.nulls_first }
    }
}

impl<E> Order<E> {
    pub(crate) fn new(source: Source, descending: bool) -> Self {
        Self { key: OrderKey::new(source, descending), places_nulls: false, entity: PhantomData }
    }

    /// The other direction. Rows without a value stay where somebody put them.
    pub(crate) fn reversed(mut self) -> Self {
        let nulls_first = self.key.nulls_first;
        self.key = self.key.reversed();
        if self.places_nulls {
            self.key.nulls_first = nulls_first;
        }
        self
    }

    /// Rows without a value first.
    #[must_use]
    pub fn nulls_first(mut self) -> Self {
        (self.key.nulls_first, self.places_nulls) = (true, true);
        self
    }

    /// Rows without a value last.
    #[must_use]
    pub fn nulls_last(mut self) -> Self {
        (self.key.nulls_first, self.places_nulls) = (false, true);
        self
    }
}

impl<E> IntoOrder<E> for Order<E> {
    fn into_order(self) -> impl Iterator<Item = Order<E>> {
        std::iter::once(self)
    }
}

impl<E, O: IntoOrder<E>> IntoOrder<E> for Option<O> {
    fn into_order(self) -> impl Iterator<Item = Order<E>> {
        self.into_iter().flat_map(O::into_order)
    }
}

impl<E, O: IntoOrder<E>> IntoOrder<E> for Vec<O> {
    fn into_order(self) -> impl Iterator<Item = Order<E>> {
        self.into_iter().flat_map(O::into_order)
    }
}

impl<E, O: IntoOrder<E>, const N: usize> IntoOrder<E> for [O; N] {
    fn into_order(self) -> impl Iterator<Item = Order<E>> {
        self.into_iter().flat_map(O::into_order)
    }
}

impl<E, T> Clone for Column<E, T> {
    fn clone(&self) -> Self {
        *self
    }
}

impl<E, T> Copy for Column<E, T> {}

impl<E: Entity, T: ColumnType> fmt::Debug for Column<E, T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}.{}", E::TABLE.name, self.name())
    }
}

impl<E> Clone for Order<E> {
    fn clone(&self) -> Self {
        *self
    }
}

impl<E> Copy for Order<E> {}

impl<E: Entity> fmt::Debug for Order<E> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let direction = if self.key.descending { "desc" } else { "asc" };
        write!(f, "{} {direction}", self.key.source.name(E::TABLE))
    }
}
