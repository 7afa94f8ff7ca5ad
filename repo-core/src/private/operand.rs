//! The argument of a generated finder.

use crate::filter::comparisons::Operand;
use crate::value::column_type::ColumnType;

/// What a column of type `T` can be compared with: an [`Operand`] of its type without `Option`.
///
/// Unlike [`Operand`] it can be named for every `T`, so that a field whose type does not fit is reported
/// at the field and not at its finder as well.
#[diagnostic::on_unimplemented(
    message = "a column of `{T}` cannot be compared with a `{Self}`",
    label = "expected a `{T}`",
    note = "a column takes values of its own type, so wrap what a newtype holds; one that is an `Option` takes what is in it, never `None`"
)]
pub trait OperandOf<T> {
    /// The value.
    fn into_bare(self) -> T::Bare
    where
        T: ColumnType;
}

#[diagnostic::do_not_recommend]
impl<T: ColumnType, V: Operand<T::Bare>> OperandOf<T> for V {
    fn into_bare(self) -> T::Bare {
        self.into_operand()
    }
}
