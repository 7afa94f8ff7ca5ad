//! Errors that are made in more than one place.

use std::borrow::Cow;

use crate::error::{DatabaseError, Error};
use crate::value::InvalidValue;

impl Error {
    /// A row was to be added, changed or removed, and the database neither did nor refused that: a trigger of the
    /// application's left it out (`RETURN NULL` of Postgres, `RAISE(IGNORE)` of SQLite). For backends.
    #[doc(hidden)]
    pub fn left_out() -> Self {
        let message =
            "a row was neither written nor refused: a trigger of the database leaves rows out";
        Error::Backend(DatabaseError::new(message))
    }

    /// An entry cannot be appended to the audit trail: its number is taken, or none of a chain. For backends.
    #[doc(hidden)]
    pub fn trail_astray() -> Self {
        let message = "the audit trail cannot be appended to: the head of the chain in `repo_audit_heads`, or the \
                       sequence of entries in no chain, is not at its end; verify the trail";
        Error::Backend(DatabaseError::new(message))
    }

    /// A refused value of `column`.
    pub fn invalid_input(
        column: impl Into<Cow<'static, str>>,
        reason: impl Into<Cow<'static, str>>,
    ) -> Self {
        Error::InvalidInput { column: column.into(), reason: reason.into() }
    }

    /// What is stored in a column is nothing that was to be read from there.
    #[cold]
    pub(crate) fn decode(
        entity: &'static str,
        column: &'static str,
        invalid: InvalidValue,
    ) -> Self {
        Error::Decode { entity, column, reason: invalid.into_reason() }
    }

    pub(crate) fn invalid_value(column: &'static str, value: InvalidValue) -> Self {
        Self::invalid_input(column, value.into_reason())
    }
}
