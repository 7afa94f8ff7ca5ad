//! Names as the schema spells them: to SQLite `Things` and `things` are one name, to whoever compares texts two.
//!
//! Only ASCII letters: SQLite holds others apart.

use repo_core::schema::{ForeignKey, Table};

/// The name of a column.
pub(super) fn column(table: &Table, name: String) -> String {
    let ours = table.columns.iter().find(|column| column.name.eq_ignore_ascii_case(&name));
    ours.map_or(name, |column| column.name.to_owned())
}

/// The names of a reference, those of its parent too.
pub(super) fn reference(table: &Table, key: ForeignKey) -> ForeignKey {
    let columns = |table: &Table, names: Vec<String>| {
        names.into_iter().map(|name| column(table, name)).collect()
    };
    let mut parents = table.references.iter().map(|reference| (reference.parent)());
    let parent = parents.find(|parent| parent.name.eq_ignore_ascii_case(&key.parent));
    ForeignKey {
        columns: columns(table, key.columns),
        parent_columns: match parent {
            Some(parent) => columns(parent, key.parent_columns),
            None => key.parent_columns,
        },
        parent: parent.map_or(key.parent, |parent| parent.name.to_owned()),
        ..key
    }
}
