//! Types and functions that are called as others are which the derives know.

use repo_core::{ColumnType, Repository};
use serde::{Deserialize, Serialize};
use uuid::Uuid;

/// Types of this program.
pub mod own {
    use super::{ColumnType, Deserialize, Serialize};

    /// A number, of which nobody asks how many digits it has.
    #[derive(Debug, Clone, PartialEq, Eq, ColumnType)]
    pub struct Decimal(pub i64);

    /// A document, which is never `NULL`.
    #[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
    pub struct Option<T>(pub T);
}

fn creation() -> i64 {
    1
}

fn questions() -> i64 {
    2
}

/// A thing.
#[derive(Debug, Clone, PartialEq, Repository)]
#[repository(table = "things")]
pub struct Thing {
    /// The id.
    pub id: Uuid,
    /// A number.
    pub amount: own::Decimal,
    /// A document.
    #[repository(json)]
    pub note: own::Option<i64>,
    /// As the function says that is called as a parameter is.
    #[repository(default = creation())]
    pub first: i64,
    /// As the function says that is called as another is.
    #[repository(default = questions())]
    pub second: i64,
}

/// A thing of any kind.
#[derive(Debug, Clone, PartialEq, Repository)]
#[repository(table = "kinds")]
pub struct Kind<T: ColumnType> {
    /// The id.
    pub id: Uuid,
    /// The kind.
    pub kind: T,
    /// As the type itself says.
    #[repository(default = Self::first())]
    pub number: i64,
    /// Another of the same.
    #[repository(references = Self)]
    pub other: Option<Uuid>,
}

impl<T: ColumnType> Kind<T> {
    fn first() -> i64 {
        1
    }
}
