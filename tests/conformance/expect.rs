//! Assertions about errors.

/// The error of `$result`, which must match; shows it when it does not.
macro_rules! assert_error {
    ($result:expr, $pattern:pat $(if $guard:expr)? $(,)?) => {
        match $result {
            Err($pattern) $(if $guard)? => {}
            other => panic!("not {}: {other:?}", stringify!($pattern $(if $guard)?)),
        }
    };
}

pub(crate) use assert_error;
