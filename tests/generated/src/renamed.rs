//! repo-core by another name and through another module.

/// What an application calls its data-access layer.
pub mod data {
    pub use repo_core::*;
}

use uuid::Uuid;

/// A colour.
#[derive(Debug, Clone, Copy, PartialEq, Eq, data::ColumnEnum)]
#[column(crate = crate::renamed::data)]
pub enum Colour {
    /// Red.
    Red,
}

/// A length.
#[derive(Debug, Clone, Copy, PartialEq, Eq, data::ColumnType)]
#[column(crate = data)]
pub struct Length(i64);

/// Ribbons of a colour.
#[derive(Debug, Clone, PartialEq, Eq, data::SqlRow)]
#[sql_row(crate = crate::renamed::data)]
pub struct Coloured {
    /// The colour.
    pub colour: Colour,
    /// How many.
    pub ribbons: i64,
}

/// A ribbon.
#[derive(Debug, Clone, PartialEq, Eq, data::Repository)]
#[repository(table = "ribbons", tenant, soft_delete, crate = crate::renamed::data)]
pub struct Ribbon {
    /// The id.
    pub id: Uuid,
    /// The owner.
    pub tenant_id: Uuid,
    /// The colour.
    #[repository(index)]
    pub colour: Colour,
    /// The length.
    #[repository(default = Length(1))]
    pub length: Length,
    /// When it was deleted.
    pub deleted_at: Option<chrono::DateTime<chrono::Utc>>,
}

/// Ribbons that are sought.
#[derive(Debug, Clone, data::Search)]
#[search(entity = Ribbon, crate = crate::renamed::data)]
pub struct RibbonSearch {
    /// Of this colour.
    pub colour: Option<Colour>,
    /// Of one of these lengths.
    #[search(in_list, column = LENGTH)]
    pub lengths: Option<Vec<Length>>,
}
