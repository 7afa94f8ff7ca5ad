//! What a column of another row is not asked by itself, and where it is asked.
//!
//! No such comparison compiles: a filter of what a relation finds is given to the relation. Without these functions the
//! compiler would take `eq` for that of an iterator.

use crate::entity::Entity;
use crate::filter::Filter;
use crate::relation::RelatedColumn;
use crate::value::column_type::ColumnType;

/// Is the column one of the row itself?
#[diagnostic::on_unimplemented(
    message = "a column of another row is not compared by itself",
    label = "a column of what a row of `{E}` refers to",
    note = "ask for the row that is found: `{E}::relation().has(Other::COLUMN.eq(..))`"
)]
pub trait OfTheRow<E> {}

impl<E: Entity, T: ColumnType, const LINKS: usize> RelatedColumn<E, T, LINKS> {
    #[doc(hidden)]
    pub fn eq(self, _: impl Sized) -> Filter<E>
    where
        Self: OfTheRow<E>,
    {
        Filter::never()
    }

    #[doc(hidden)]
    pub fn ne(self, _: impl Sized) -> Filter<E>
    where
        Self: OfTheRow<E>,
    {
        Filter::never()
    }

    #[doc(hidden)]
    pub fn lt(self, _: impl Sized) -> Filter<E>
    where
        Self: OfTheRow<E>,
    {
        Filter::never()
    }

    #[doc(hidden)]
    pub fn le(self, _: impl Sized) -> Filter<E>
    where
        Self: OfTheRow<E>,
    {
        Filter::never()
    }

    #[doc(hidden)]
    pub fn gt(self, _: impl Sized) -> Filter<E>
    where
        Self: OfTheRow<E>,
    {
        Filter::never()
    }

    #[doc(hidden)]
    pub fn ge(self, _: impl Sized) -> Filter<E>
    where
        Self: OfTheRow<E>,
    {
        Filter::never()
    }

    #[doc(hidden)]
    pub fn in_list(self, _: impl Sized) -> Filter<E>
    where
        Self: OfTheRow<E>,
    {
        Filter::never()
    }

    #[doc(hidden)]
    pub fn is_null(self) -> Filter<E>
    where
        Self: OfTheRow<E>,
    {
        Filter::never()
    }
}
