//! What a driver hands over of a row.

use chrono::{DateTime, Utc};
use uuid::Uuid;

use crate::error::Result;
use crate::value::{InvalidValue, Kind, Value};

/// A row as the driver has it, decoded where it lies.
pub trait Row {
    /// The value of the column at `index`, read as `kind`, borrowing from the row.
    ///
    /// # Errors
    ///
    /// When the stored value is not of this kind.
    fn value(&self, index: usize, kind: Kind) -> Result<Value<'_>, InvalidValue>;

    /// Whether the column at `index` is known to be `NULL`. Where this is false, [`value`](Self::value) tells.
    ///
    /// This and the methods below are shorter ways to what most columns hold. A backend may leave them out: each
    /// may answer nothing, and then `value` is asked, which also says what is wrong. What they answer is what
    /// `value` would.
    fn is_null(&self, index: usize) -> bool {
        let _ = index;
        false
    }

    /// The truth value of a [`Kind::Bool`].
    fn boolean(&self, index: usize) -> Option<bool> {
        let _ = index;
        None
    }

    /// The number of a [`Kind::I16`], [`Kind::I32`] or [`Kind::I64`].
    fn integer(&self, index: usize) -> Option<i64> {
        let _ = index;
        None
    }

    /// The text of a [`Kind::Text`].
    fn text(&self, index: usize) -> Option<&str> {
        let _ = index;
        None
    }

    /// The UUID of a [`Kind::Uuid`].
    fn uuid(&self, index: usize) -> Option<Uuid> {
        let _ = index;
        None
    }

    /// The moment of a [`Kind::Timestamp`].
    fn timestamp(&self, index: usize) -> Option<DateTime<Utc>> {
        let _ = index;
        None
    }

    /// The document of a [`Kind::Json`].
    fn json(&self, index: usize) -> Option<&str> {
        let _ = index;
        None
    }
}

/// Receives each row of a statement, in order. An error ends the statement and is its result.
pub type OnRow<'a> = &'a mut (dyn FnMut(&dyn Row) -> Result<()> + Send + 'a);
