//! Entities in functions and out of `macro_rules!`.

use repo_core::{Entity, Repository};
use uuid::Uuid;

/// The table of an entity that is local to a function.
#[must_use]
pub fn local() -> &'static repo_core::Table {
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
