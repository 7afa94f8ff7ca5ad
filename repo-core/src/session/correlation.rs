//! The types of a `correlation_id` field.

use uuid::Uuid;

use crate::value::InvalidValue;
use crate::value::column_type::ColumnType;

/// A type that a session's correlation can become: `String`, `Uuid`, or `Option` of one of them.
#[diagnostic::on_unimplemented(
    message = "a session's correlation cannot become a `{Self}`",
    note = "the field `correlation_id` is a `String`, a `Uuid`, or an `Option` of one of them"
)]
pub trait Correlation: ColumnType {
    /// The value for a row written in a session with this correlation.
    ///
    /// # Errors
    ///
    /// When the type needs a correlation and there is none, or cannot hold this one.
    fn from_correlation(correlation: Option<&str>) -> Result<Self, InvalidValue>;
}

impl Correlation for String {
    fn from_correlation(correlation: Option<&str>) -> Result<Self, InvalidValue> {
        correlation.map(str::to_owned).ok_or_else(missing)
    }
}

impl Correlation for Uuid {
    fn from_correlation(correlation: Option<&str>) -> Result<Self, InvalidValue> {
        let text = correlation.ok_or_else(missing)?;
        Uuid::try_parse(text)
            .map_err(|_| InvalidValue::new("is a UUID, and the session's correlation is not"))
    }
}

impl<T: Correlation + ColumnType<Bare = T>> Correlation for Option<T> {
    fn from_correlation(correlation: Option<&str>) -> Result<Self, InvalidValue> {
        correlation.map(|text| T::from_correlation(Some(text))).transpose()
    }
}

fn missing() -> InvalidValue {
    InvalidValue::new("is required, and the session has no correlation: use `.correlation(..)`")
}
