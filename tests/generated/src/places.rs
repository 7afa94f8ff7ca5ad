//! Entities in functions, out of `macro_rules!`, and such as call themselves `Self`.

use repo_core::{Entity, Repository};
use serde::{Deserialize, Serialize};
use uuid::Uuid;

/// A branch, which calls itself `Self`.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, Repository)]
#[repository(table = "branches")]
pub struct Branch {
    /// The id.
    pub id: i64,
    /// The branch it grows from.
    #[repository(references = Self)]
    pub parent: Option<i64>,
    /// How long it is.
    #[repository(default = Self::USUAL_LENGTH)]
    pub length: i64,
    /// What it looked like before.
    #[repository(json)]
    pub former: Vec<Self>,
}

impl Branch {
    const USUAL_LENGTH: i64 = 1;
}

/// The table of an entity that is local to a function.
#[must_use]
pub fn local() -> &'static repo_core::schema::Table {
    #[derive(Repository)]
    #[repository(table = "locals", tenant)]
    struct Local {
        id: Uuid,
        tenant_id: i64,
        #[repository(unique)]
        name: Option<String>,
    }
    Local::TABLE
}

macro_rules! entity {
    ($name:ident, $table:literal, $field:ident: $ty:ty) => {
        /// Written by a macro.
        #[derive(Debug, Repository)]
        #[repository(table = $table, index($field))]
        pub struct $name {
            /// The id.
            pub id: Uuid,
            /// The field.
            pub $field: $ty,
            /// The same as JSON.
            #[repository(json)]
            pub document: Option<$ty>,
        }
    };
}

entity!(Size, "sizes", width: i64);
entity!(Maker, "makers", name: Option<String>);
