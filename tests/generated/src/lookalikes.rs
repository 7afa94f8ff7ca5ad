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

/// The standard library, as macros have it.
pub mod given {
    pub use std::option;
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

/// What is listed, with a field that is called as a direction is.
#[allow(unused_qualifications, reason = "the path is as macros write it")]
#[derive(Debug, Clone, PartialEq, Repository)]
#[repository(table = "listings", index(desc desc, title asc))]
pub struct Listing {
    /// The id.
    pub id: Uuid,
    /// The title.
    pub title: String,
    /// The description.
    pub desc: String,
    /// A document that may be missing, by a path to it.
    #[repository(json)]
    pub tags: given::option::Option<Vec<String>>,
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
