//! What the database itself holds to, as data: keys, references, checks, triggers, policies and indexes of a table.
//!
//! `create_tables` writes them (`sql/ddl.rs`, and a dialect its triggers), a backend reads them back as an
//! [`InspectedTable`], and `doctor` compares the two. Not here: how a database spells them, and guards of
//! the repository alone, which the compiler or the condition of a statement keeps.

use crate::dialect::{Dialect, quote};
use crate::schema::table::{Index, IndexColumn, OnDelete, Reference, Table};
use crate::sql::{ddl, names};

/// The guards that a table has on one database.
#[derive(Debug, Clone)]
#[non_exhaustive]
pub struct Guards {
    /// The table.
    pub table: &'static Table,
    /// The columns that take no `NULL`.
    pub not_null: Vec<&'static str>,
    /// The unique keys, the primary key first.
    pub keys: Vec<UniqueKey>,
    /// The references to other tables.
    pub references: Vec<ForeignKey>,
    /// The checks.
    pub checks: Vec<Check>,
    /// The indexes that are no keys.
    pub indexes: Vec<PlainIndex>,
}

/// Columns by which rows are found and ordered, whether or not two rows may agree in them.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PlainIndex {
    /// The name.
    pub name: String,
    /// The columns in their order, and of each whether its highest value comes first. What is no column, or compared in
    /// a way of its own, has a name in brackets.
    pub columns: Vec<(String, bool)>,
}

/// Columns in which no two rows agree.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct UniqueKey {
    /// The name of the constraint or the index.
    pub name: String,
    /// The columns, in any order.
    pub columns: Vec<String>,
    /// Whether it is the primary key.
    pub is_primary: bool,
    /// Which rows it is about, all where there is none: `"deleted_at" IS NULL`, with the name in quotes,
    /// or the condition as the database has it.
    pub predicate: Option<String>,
}

/// Columns that hold the key of a row of another table.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ForeignKey {
    /// The name of the constraint; empty where the database does not tell.
    pub name: String,
    /// The columns.
    pub columns: Vec<String>,
    /// The table that they refer to.
    pub parent: String,
    /// The columns of the parent, in the order of `columns`.
    pub parent_columns: Vec<String>,
    /// What the database does when the parent is removed.
    pub on_delete: DeleteAction,
    /// Whether it changes the columns when the key of the parent changes.
    pub follows: bool,
}

/// What the database does to a row when its parent is removed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub enum DeleteAction {
    /// It refuses at once.
    Restrict,
    /// It refuses unless the row is gone as well when the statement ends.
    NoAction,
    /// It removes the row.
    Cascade,
    /// Anything else.
    Other,
}

/// A condition that each row meets.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Check {
    /// The name of the constraint.
    pub name: String,
    /// The condition, without `CHECK`.
    pub condition: String,
}

/// What the database does by itself when rows change.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Trigger {
    /// The name.
    pub name: String,
    /// What it does when, in the form in which [`Backend::inspect`](crate::backend::Backend::inspect) tells it.
    pub definition: String,
}

/// Who sees and takes which rows, where the database itself keeps tenants apart.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Policy {
    /// The name.
    pub name: String,
}

/// A table as a database has it: what [`Backend::inspect`](crate::backend::Backend::inspect) finds.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct InspectedTable {
    /// Whether it is a table: of a view, or something else on which no guard can be, nothing more is told.
    pub is_table: bool,
    /// What is wrong with the table as a whole, in words that follow its name.
    pub problems: Vec<String>,
    /// The columns.
    pub columns: Vec<InspectedColumn>,
    /// The primary key, unique constraints and unique indexes.
    pub keys: Vec<Found<UniqueKey>>,
    /// The foreign keys.
    pub references: Vec<Found<ForeignKey>>,
    /// The checks.
    pub checks: Vec<Found<Check>>,
    /// The triggers.
    pub triggers: Vec<Found<Trigger>>,
    /// The policies, each with how it differs from what it should do.
    pub policies: Vec<Found<Policy>>,
    /// The indexes over all rows, those of keys too; `None` where the backend does not tell.
    pub indexes: Option<Vec<Found<PlainIndex>>>,
}

/// A column as a database has it.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct InspectedColumn {
    /// The name.
    pub name: String,
    /// Whether it takes `NULL`.
    pub takes_null: bool,
    /// Whether the database gives it a value where a new row has none: a default, a number, or one computed
    /// from others.
    pub has_default: bool,
    /// How it differs from the one that the schema makes, in words that follow its name; nothing of a
    /// column that the schema does not have.
    pub problems: Vec<String>,
}

/// A guard in a database, and what keeps it from holding.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Found<T> {
    /// The guard.
    pub guard: T,
    /// Why it does not hold, in words that follow its name; none where it does.
    pub defect: Option<&'static str>,
}

impl Guards {
    /// The guards of `table` where `dialect` is spoken.
    pub fn new(dialect: &dyn Dialect, table: &'static Table) -> Self {
        let not_null = |column: &usize| !ddl::takes_null(dialect, table, *column);
        let checks = (0..table.columns.len()).filter_map(|column| {
            let condition = ddl::check_condition(dialect, table, column)?;
            Some(Check { name: names::check(dialect, table, column), condition })
        });
        let references = table.references.iter();
        Self {
            table,
            not_null: (0..table.columns.len())
                .filter(not_null)
                .map(|column| table.columns[column].name)
                .collect(),
            keys: unique_keys(dialect, table),
            references: references
                .map(|reference| ForeignKey::new(dialect, table, reference))
                .collect(),
            checks: checks.collect(),
            indexes: plain_indexes(dialect, table),
        }
    }
}

impl UniqueKey {
    /// The key that the mark of a deleted row is a part of, where that keeps others from referring to the row.
    ///
    /// It tells no two rows apart that the primary key does not.
    pub(crate) fn of_mark(dialect: &dyn Dialect, table: &'static Table) -> Option<Self> {
        let deleted_at = table.roles.deleted_at.filter(|_| dialect.marks_are_keys())?;
        let columns = table.roles.tenant.into_iter().chain([table.roles.id, deleted_at]);
        Some(Self {
            name: names::mark(dialect, table, deleted_at),
            columns: column_names(table, columns),
            is_primary: false,
            predicate: None,
        })
    }
}

impl DeleteAction {
    /// As a constraint says it.
    pub(crate) fn as_sql(self) -> &'static str {
        match self {
            Self::Restrict => "ON DELETE RESTRICT",
            Self::NoAction => "ON DELETE NO ACTION",
            Self::Cascade => "ON DELETE CASCADE",
            Self::Other => "another action",
        }
    }
}

impl ForeignKey {
    /// The key of the parent, with the tenant where it has one: its child then has one too.
    pub(crate) fn new(dialect: &dyn Dialect, table: &'static Table, reference: &Reference) -> Self {
        let parent = (reference.parent)();
        let tenant = table.roles.tenant.filter(|_| parent.roles.tenant.is_some());
        Self {
            name: names::foreign_key(dialect, table, reference.column),
            columns: column_names(table, tenant.into_iter().chain([reference.column])),
            parent: parent.name.to_owned(),
            parent_columns: column_names(
                parent,
                parent.roles.tenant.into_iter().chain([parent.roles.id]),
            ),
            on_delete: match reference.on_delete {
                // Rows that refer to each other can go in one statement: SQLite looks at each by itself otherwise,
                // and Postgres does not.
                OnDelete::Restrict if parent.name == table.name => DeleteAction::NoAction,
                OnDelete::Restrict => DeleteAction::Restrict,
                // What is recorded, validated or told of is removed by the repository, row by row: the
                // database refuses to do it in silence.
                OnDelete::Cascade if table.is_seen_to_go() => DeleteAction::NoAction,
                OnDelete::Cascade => DeleteAction::Cascade,
            },
            follows: false,
        }
    }

    /// Whether it carries a tenant.
    pub fn is_composite(&self) -> bool {
        self.columns.len() > 1
    }
}

impl InspectedTable {
    /// A table of which nothing is known yet.
    pub fn new() -> Self {
        Self {
            is_table: true,
            problems: Vec::new(),
            columns: Vec::new(),
            keys: Vec::new(),
            references: Vec::new(),
            checks: Vec::new(),
            triggers: Vec::new(),
            policies: Vec::new(),
            indexes: None,
        }
    }
}

impl Default for InspectedTable {
    fn default() -> Self {
        Self::new()
    }
}

impl InspectedColumn {
    /// A column with which nothing is wrong, and that has no default.
    pub fn new(name: impl Into<String>, takes_null: bool) -> Self {
        Self { name: name.into(), takes_null, has_default: false, problems: Vec::new() }
    }

    /// With whether it has a default.
    #[must_use]
    pub fn with_default(mut self, has_default: bool) -> Self {
        self.has_default = has_default;
        self
    }
}

impl<T> Found<T> {
    /// A guard that holds.
    pub fn sound(guard: T) -> Self {
        Self { guard, defect: None }
    }

    /// A guard that does not hold, where there is a `defect`.
    pub fn new(guard: T, defect: Option<&'static str>) -> Self {
        Self { guard, defect }
    }
}

fn unique_keys(dialect: &dyn Dialect, table: &'static Table) -> Vec<UniqueKey> {
    let name = names::primary_key(dialect, table);
    let with_tenant = column_names(table, table.roles.tenant.into_iter().chain([table.roles.id]));
    let key = |columns, is_primary| UniqueKey {
        name: name.clone(),
        columns,
        is_primary,
        predicate: None,
    };
    let mut keys = Vec::new();
    if table.has_identity() && dialect.identity_is_primary_key() {
        keys.push(key(column_names(table, [table.roles.id]), true));
        if table.roles.tenant.is_some() {
            keys.push(key(with_tenant, false));
        }
    } else {
        keys.push(key(with_tenant, true));
    }
    for index in table.indexes.iter().filter(|index| index.unique) {
        let columns = names::index_columns(table, index).into_iter().map(|part| part.column);
        keys.push(UniqueKey {
            name: names::index(dialect, table, index),
            columns: column_names(table, columns),
            is_primary: false,
            predicate: ddl::index_predicate(table, index),
        });
    }
    keys
}

fn plain_indexes(dialect: &dyn Dialect, table: &Table) -> Vec<PlainIndex> {
    let column = |part: IndexColumn| (table.columns[part.column].name.to_owned(), part.descending);
    let index = |index: &Index| PlainIndex {
        name: names::index(dialect, table, index),
        columns: names::index_columns(table, index).into_iter().map(column).collect(),
    };
    table.indexes.iter().filter(|it| !it.unique).map(index).collect()
}

fn column_names(table: &Table, columns: impl IntoIterator<Item = usize>) -> Vec<String> {
    columns.into_iter().map(|column| table.columns[column].name.to_owned()).collect()
}

/// The condition that `column` is `NULL`, as [`UniqueKey::predicate`] has it.
pub fn is_null_predicate(column: &str) -> String {
    let mut predicate = String::new();
    quote(&mut predicate, column);
    predicate.push_str(" IS NULL");
    predicate
}
