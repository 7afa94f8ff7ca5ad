//! Assertions about errors.

use repo_core::{Error, Result};

/// A result whose error is its cause, in whichever row.
pub(crate) trait Caused {
    type Caused;

    fn caused(self) -> Self::Caused;
}

impl<T> Caused for Result<T> {
    type Caused = Result<T>;

    fn caused(self) -> Result<T> {
        self.map_err(Error::into_cause)
    }
}

impl<'r, T> Caused for &'r Result<T> {
    type Caused = Result<&'r T, &'r Error>;

    fn caused(self) -> Result<&'r T, &'r Error> {
        self.as_ref().map_err(Error::cause)
    }
}

/// The cause of the error of `$result`, which must match, in whichever row; shows it when it does not.
macro_rules! assert_error {
    ($result:expr, $pattern:pat $(if $guard:expr)? $(,)?) => {
        match $crate::expect::Caused::caused($result) {
            Err($pattern) $(if $guard)? => {}
            other => panic!("not {}: {other:?}", stringify!($pattern $(if $guard)?)),
        }
    };
}

pub(crate) use assert_error;
