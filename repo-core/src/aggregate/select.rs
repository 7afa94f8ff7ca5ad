//! Which aggregates a query is asked for: one, or a tuple of up to six.

use crate::aggregate::cells::Cells;
use crate::aggregate::{Aggregate, Answered, Term};
use crate::error::Result;

/// What rows of `E` can be asked for at once: an [`Aggregate`], or a tuple of them.
#[diagnostic::on_unimplemented(
    message = "rows of `{E}` cannot be asked for `{Self}`",
    label = "no aggregates over the columns of `{E}`",
    note = "ask for an aggregate such as `count()` or `Entity::COLUMN.sum()`, or for a tuple of up to six"
)]
pub trait Select<E>: Send + Sync + 'static {
    /// The answer: of a tuple, a tuple.
    type Output: Default + Send + 'static;

    #[doc(hidden)]
    fn terms(&self) -> Vec<Term>;

    #[doc(hidden)]
    fn read(&self, cells: &mut Cells<'_>) -> Result<Self::Output>;
}

impl<E: 'static, A: Answered> Select<E> for Aggregate<E, A> {
    type Output = A;

    fn terms(&self) -> Vec<Term> {
        vec![self.term]
    }

    fn read(&self, cells: &mut Cells<'_>) -> Result<A> {
        Aggregate::read(self, cells)
    }
}

macro_rules! tuple {
    ($($name:ident $index:tt),+) => {
        #[diagnostic::do_not_recommend]
        impl<E, $($name: Select<E>),+> Select<E> for ($($name,)+) {
            type Output = ($($name::Output,)+);

            fn terms(&self) -> Vec<Term> {
                let parts = [$(self.$index.terms()),+];
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
tuple!(A 0, B 1, C 2, D 3, F 4);
tuple!(A 0, B 1, C 2, D 3, F 4, G 5);
