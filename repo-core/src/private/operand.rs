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
    note = "a column that is an `Option` is compared with a value, never with `None`"
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
