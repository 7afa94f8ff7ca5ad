//! Whether the type of a document is an `Option` that is called something else.
//!
//! The derive knows an `Option` by how it is written, and stores its `None` as `NULL`. What an alias stands for only the
//! compiler knows: it prefers a type's own function to one of a trait.

use std::fmt;
use std::marker::PhantomData;

/// The type of a field with `json` that is not written as an `Option`.
pub struct Document<T>(PhantomData<fn() -> T>);

/// Is the `Option` written as one? Not where this is asked.
#[diagnostic::on_unimplemented(
    message = "`{Self}` is called something else here, and its `None` would be the document `null`",
    label = "an `Option` by another name",
    note = "write `Option<T>` at the field, whatever its `T` is called: `None` is `NULL` then"
)]
pub trait WrittenAsOption {}

impl<T> Document<Option<T>> {
    /// No.
    pub fn is_no_option()
    where
        Option<T>: WrittenAsOption,
    {
    }
}

/// Any other type.
pub trait NoOption {
    /// Yes.
    fn is_no_option() {}
}

impl<T> NoOption for Document<T> {}

impl<T> fmt::Debug for Document<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Document")
    }
}
