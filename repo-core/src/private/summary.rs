//! The fields of a summary: each question is asked at the expression or at the type that it is about.

use std::fmt;

use crate::aggregate::cells::Cells;
use crate::aggregate::keys::Keys;
use crate::aggregate::select::Select;
use crate::aggregate::summary::Reader;
pub use crate::aggregate::summary::{Asked, SummaryPlan};
use crate::error::Result;

/// The type of a field, which is that of what it is made from.
#[diagnostic::on_unimplemented(
    message = "the field is `{Self}`, and what it sums up is `{T}`",
    label = "expected `{T}`",
    note = "a sum, an average or an extreme is an `Option`: of no values there is none"
)]
pub trait SummaryField<T> {
    /// The value, as it is.
    fn of(value: T) -> Self;
}

#[diagnostic::do_not_recommend]
impl<T> SummaryField<T> for T {
    fn of(value: T) -> T {
        value
    }
}

/// What is asked of the database for a field, whose type must be `T`.
pub struct SummaryPart<T> {
    asked: Asked,
    read: Reader<T>,
}

/// What rows are grouped by.
pub fn summary_key<E, K: Keys<E>>(key: K) -> SummaryPart<K::Output> {
    let asked = Asked { keys: key.keys(), terms: Vec::new() };
    SummaryPart { asked, read: Box::new(move |cells| key.read(cells)) }
}

/// What groups are asked for.
pub fn summary_value<E, A: Select<E>>(value: A) -> SummaryPart<A::Output> {
    let asked = Asked { keys: Vec::new(), terms: value.terms() };
    SummaryPart { asked, read: Box::new(move |cells| value.read(cells)) }
}

impl<T> SummaryPart<T> {
    /// What the database is asked.
    pub fn asked(&self) -> Asked {
        self.asked.clone()
    }

    /// The next cells as the value of a field.
    ///
    /// # Errors
    ///
    /// They hold what the field cannot.
    pub fn field<F: SummaryField<T>>(&self, cells: &mut Cells<'_>) -> Result<F> {
        (self.read)(cells).map(F::of)
    }
}

impl<T> fmt::Debug for SummaryPart<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("SummaryPart").field(&self.asked).finish()
    }
}
