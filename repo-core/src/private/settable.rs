//! The argument of a generated setter.

/// What a column of type `T` can be set to: whatever is made into it.
#[diagnostic::on_unimplemented(
    message = "a column of `{T}` cannot be set to a `{Self}`",
    label = "expected a `{T}`"
)]
pub trait Settable<T>: Into<T> {}

#[diagnostic::do_not_recommend]
impl<T, V: Into<T>> Settable<T> for V {}
