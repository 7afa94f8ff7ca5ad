//! Which reference an [`Error::ForeignKey`] is about: what a database tells of it, as core calls it.
//!
//! Names only, of tables, columns and entities: no value of a row, and so nothing of a row of another tenant.

use crate::dialect::Dialect;
use crate::error::{Error, ReferenceSide};
use crate::schema::guards::ForeignKey;
use crate::schema::table::{Reference, Table};
use crate::sql::names;

/// A reference between entities that does not hold, or would not.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub struct BrokenReference {
    /// The entity whose rows refer.
    pub child: &'static str,
    /// Its column.
    pub column: &'static str,
    /// The entity that they refer to.
    pub parent: &'static str,
}

/// What a database tells of a foreign key, as far as it does. For backends.
#[doc(hidden)]
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct ToldReference {
    /// The table whose rows refer.
    pub table: String,
    /// The name of the key.
    pub constraint: String,
    /// The columns that refer; where the name means nothing they tell.
    pub columns: Vec<String>,
}

/// The same error with the reference that the database told, if it is one of these tables.
#[cold]
pub(crate) fn named(
    error: Error,
    tables: impl Iterator<Item = &'static Table>,
    dialect: &dyn Dialect,
) -> Error {
    match error {
        Error::ForeignKey { entity, side, reference: None, told: Some(told) } => {
            let reference = find(&told, tables, dialect);
            Error::ForeignKey { entity, side, reference, told: None }
        }
        Error::InRow { index, source } => named(*source, tables, dialect).in_row(index),
        error => error,
    }
}

fn find(
    told: &ToldReference,
    tables: impl Iterator<Item = &'static Table>,
    dialect: &dyn Dialect,
) -> Option<BrokenReference> {
    let table = tables.into_iter().find(|it| it.name.eq_ignore_ascii_case(&told.table))?;
    let has_name = |it: &&Reference| {
        names::foreign_key(dialect, table, it.column).eq_ignore_ascii_case(&told.constraint)
    };
    let has_columns = |it: &&Reference| {
        let key = ForeignKey::new(dialect, table, it);
        let is_told =
            |column: &String| told.columns.iter().any(|it| it.eq_ignore_ascii_case(column));
        key.columns.len() == told.columns.len() && key.columns.iter().all(is_told)
    };
    let mut references = table.references.iter();
    let named = references.find(has_name);
    let reference = named.or_else(|| table.references.iter().find(has_columns))?;
    Some(BrokenReference {
        child: table.entity,
        column: table.columns[reference.column].name,
        parent: (reference.parent)().entity,
    })
}

/// What is wrong, in words.
pub(super) fn in_words(
    entity: &str,
    side: ReferenceSide,
    reference: Option<&BrokenReference>,
) -> String {
    let Some(BrokenReference { child, column, parent }) = reference else {
        return unnamed(entity, side);
    };
    match side {
        ReferenceSide::Child => {
            format!("`{child}.{column}` would refer to a `{parent}` that is not there")
        }
        ReferenceSide::Parent if *parent == entity => {
            format!("`{child}.{column}` still refers to this `{entity}`")
        }
        ReferenceSide::Parent => {
            format!(
                "`{child}.{column}` still refers to a `{parent}` that would go with this `{entity}`"
            )
        }
        ReferenceSide::Either => format!(
            "`{child}.{column}` would refer to a `{parent}` that is not there, or still refers to one"
        ),
    }
}

fn unnamed(entity: &str, side: ReferenceSide) -> String {
    match side {
        ReferenceSide::Child => format!("a `{entity}` would refer to a row that is not there"),
        ReferenceSide::Parent => format!("a row still refers to this `{entity}`"),
        ReferenceSide::Either => format!(
            "a `{entity}` would refer to a row that is not there, or a row still refers to it"
        ),
    }
}
