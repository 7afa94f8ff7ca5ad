//! Names that SQL means something by, names that differ in case, and names as long as they may be.

use repo_core::Repository;
use uuid::Uuid;

/// A table and columns that must be quoted.
#[derive(Debug, Clone, PartialEq, Repository)]
#[repository(table = "Group By \"x\"", tenant, soft_delete, versioned, unique(select, from))]
pub(crate) struct Clause {
    pub(crate) id: Uuid,
    #[repository(column = "where")]
    #[repository(tenant)]
    pub(crate) of: Uuid,
    #[repository(column = "order", unique)]
    pub(crate) position: i32,
    #[repository(column = "Select")]
    pub(crate) select: String,
    #[repository(column = "it's; DROP TABLE \"from\" --", index)]
    pub(crate) from: Option<String>,
    pub(crate) r#type: bool,
    #[repository(column = "größe ?1 $1 :x")]
    pub(crate) size: Option<f64>,
    pub(crate) version: i64,
    pub(crate) deleted_at: Option<chrono::DateTime<chrono::Utc>>,
}

/// Generated names of more than 63 bytes, which differ in their ends only.
#[derive(Debug, Clone, PartialEq, Repository)]
#[repository(table = "a_table_whose_name_is_as_long_as_postgres_keeps_which_is_63_byt", tenant)]
#[repository(unique(first_column_with_quite_a_long_name, another_column_with_quite_a_long_name))]
pub(crate) struct LongNames {
    pub(crate) id: i64,
    pub(crate) tenant_id: Uuid,
    #[repository(unique, max_length = 10)]
    pub(crate) first_column_with_quite_a_long_name: String,
    #[repository(unique)]
    pub(crate) another_column_with_quite_a_long_name: String,
    #[repository(references = LongNames)]
    pub(crate) parent_whose_name_is_not_short_either: Option<i64>,
}

/// References that are called as the language calls something else.
#[derive(Debug, Clone, PartialEq, Repository)]
#[repository(table = "phrases")]
pub(crate) struct Phrase {
    pub(crate) id: i64,
    #[repository(references = Phrase)]
    pub(crate) type_id: Option<i64>,
    #[repository(references = Phrase)]
    pub(crate) r#match: Option<i64>,
    #[repository(references = Phrase)]
    pub(crate) self_id: Option<i64>,
}

/// A new clause at a position.
pub(crate) fn clause(position: i32) -> NewClause {
    NewClause { position, select: "a".to_owned(), from: None, r#type: true, size: None }
}
