//! What a table is: the description that the derive writes as a constant.
//!
//! Everything that depends on an entity but not on its Rust types is decided from here.

use std::any::TypeId;

use crate::audit::{HEADS, TRAIL};
use crate::backend::Row;
use crate::error::{Error, Result};
use crate::hooks::Hooks;
use crate::value::{InvalidValue, Kind, Value};

/// An entity's table, its columns, keys and policies.
#[derive(Debug)]
pub struct Table {
    /// The name of the Rust type.
    pub entity: &'static str,
    /// The Rust type itself: types of one name may lie in several modules.
    pub entity_type: fn() -> TypeId,
    /// The name of the table.
    pub name: &'static str,
    /// The names that the table had before, in entries of the audit trail.
    pub formerly: &'static [&'static str],
    /// All columns, in the order of the struct's fields.
    pub columns: &'static [ColumnDef],
    /// Which columns have a role, as indexes into `columns`.
    pub roles: Roles,
    /// Where the ids of new rows come from.
    pub ids: Ids,
    /// Whether rows are only ever added and read.
    pub immutable: bool,
    /// Whether each change is recorded in the audit trail, and how.
    pub audit: Option<Chaining>,
    /// What is asked of rows before they are kept, and whether somebody is told of their changes.
    pub hooks: Hooks,
    /// The indexes, unique or not, beside the primary key.
    pub indexes: &'static [Index],
    /// The references to other tables.
    pub references: &'static [Reference],
}

/// One column.
#[derive(Debug)]
pub struct ColumnDef {
    /// The name of the column.
    pub name: &'static str,
    /// What it stores.
    pub kind: Kind,
    /// Whether it takes `NULL`.
    pub nullable: bool,
    /// The only texts it takes; empty when any will do.
    pub variants: &'static [&'static str],
    /// The most characters that a text may have.
    pub max_length: Option<u32>,
    /// Set at creation and never changed after.
    pub fixed: bool,
    /// Never shown: not in `Debug` of inputs, not in logs, not in errors, not in the audit trail.
    pub sensitive: bool,
    /// The names that the column had before, in images of the audit trail.
    pub formerly: &'static [&'static str],
    /// What rows of before the column have in it, where the audit trail does not tell.
    pub added_with: Option<AddedWith>,
    /// What a new row has in it where nobody gives a value.
    pub default: Option<AddedWith>,
}

/// Makes the value that rows had in a column when it was added, or that new rows have, as a column of this kind
/// stores it.
pub type AddedWith = fn(Kind) -> Result<Value<'static>, InvalidValue>;

/// Where the ids of new rows come from.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Ids {
    /// The repository makes UUIDs.
    Made,
    /// The database numbers its rows.
    Numbered,
    /// Whoever creates a row gives its id: a row with it may be there.
    Assigned,
}

/// How entries of the audit trail follow each other.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Chaining {
    /// Each holds the hash of the one before it, without a gap: tampering shows.
    Chained,
    /// Each stands alone: writers do not wait for each other, and tampering does not show.
    Unchained,
}

/// The columns that the repository manages, as indexes into [`Table::columns`].
#[derive(Debug, Clone, Copy)]
pub struct Roles {
    /// The id.
    pub id: usize,
    /// The tenant that a row belongs to.
    pub tenant: Option<usize>,
    /// The version, of a `versioned` entity.
    pub version: Option<usize>,
    /// When the row was created.
    pub created_at: Option<usize>,
    /// When the row was changed last.
    pub updated_at: Option<usize>,
    /// When the row was deleted, of a `soft_delete` entity.
    pub deleted_at: Option<usize>,
    /// The correlation of the session that created the row, of a `correlated` entity.
    pub correlation_id: Option<usize>,
    /// Which deletion deleted the row, of an entity that is deleted together with others.
    pub deletion_id: Option<usize>,
}

/// An index over columns of one table.
///
/// The tenant is put first when the table is made, unless the index is `global`.
#[derive(Debug)]
pub struct Index {
    /// The columns in order.
    pub columns: &'static [IndexColumn],
    /// Whether two live rows may not agree in all columns.
    pub unique: bool,
    /// Whether the index, and so its uniqueness, spans all tenants.
    pub global: bool,
}

/// A column of an index, and its direction.
#[derive(Debug)]
pub struct IndexColumn {
    /// Index into [`Table::columns`].
    pub column: usize,
    /// Whether the highest value comes first.
    pub descending: bool,
}

/// A column that holds the id of another entity.
///
/// Where both tables have a tenant the foreign key carries it, so that a row cannot refer to a row
/// of another tenant.
#[derive(Debug)]
pub struct Reference {
    /// Index into [`Table::columns`].
    pub column: usize,
    /// The table referred to: a function, because two tables may refer to each other.
    pub parent: fn() -> &'static Table,
    /// What deleting the parent row does.
    pub on_delete: OnDelete,
}

/// What deleting a parent row does to the rows that refer to it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum OnDelete {
    /// The parent cannot be deleted while a row refers to it.
    Restrict,
    /// The rows are deleted with the parent.
    Cascade,
}

impl Table {
    /// A table with these columns, of which the first is the id, and without any policy.
    #[must_use]
    pub const fn bare(
        entity: &'static str,
        name: &'static str,
        columns: &'static [ColumnDef],
    ) -> Self {
        Self {
            entity,
            entity_type: TypeId::of::<()>,
            name,
            formerly: &[],
            columns,
            roles: Roles {
                id: 0,
                tenant: None,
                version: None,
                created_at: None,
                updated_at: None,
                deleted_at: None,
                correlation_id: None,
                deletion_id: None,
            },
            ids: Ids::Made,
            immutable: false,
            audit: None,
            hooks: Hooks::NONE,
            indexes: &[],
            references: &[],
        }
    }

    /// Whether it is the table of the same entity. A constant may lie in several places.
    pub(crate) fn is_same(&self, other: &Table) -> bool {
        (self.entity_type)() == (other.entity_type)()
    }

    /// Whether it has the same columns and policies, of a type of the same name: a generic entity with something else
    /// in its documents.
    pub(crate) fn is_alike(&self, other: &Table) -> bool {
        let promises = |table: &Table| {
            let hooks = table.hooks;
            let hooks = [hooks.create.is_some(), hooks.update.is_some(), hooks.delete.is_some()];
            let parents =
                table.references.iter().map(|it| (it.column, (it.parent)().name, it.on_delete));
            let parents: Vec<_> = parents.collect();
            let policies = (table.roles, table.ids, table.immutable, table.audit, hooks);
            let told = table.hooks.events.is_some();
            format!("{:?}", (table.entity, table.columns, policies, told, table.indexes, parents))
        };
        promises(self) == promises(other)
    }

    /// Whether it is one of the audit trail: entries, or the heads of chains. Their rows have a tenant as text.
    pub(crate) fn is_of_trail(&self) -> bool {
        [TRAIL.name, HEADS.name].contains(&self.name)
    }

    /// The column of the id.
    pub fn id(&self) -> &'static ColumnDef {
        &self.columns[self.roles.id]
    }

    /// The column of the tenant.
    pub fn tenant(&self) -> Option<&'static ColumnDef> {
        self.roles.tenant.map(|index| &self.columns[index])
    }

    /// Whether the database makes the id.
    pub fn has_identity(&self) -> bool {
        self.ids == Ids::Numbered
    }

    /// Whether whoever creates a row gives its id.
    pub fn has_assigned_ids(&self) -> bool {
        self.ids == Ids::Assigned
    }

    /// Whether this is the column of the ids, and whoever creates a row gives them.
    pub fn is_assigned_id(&self, column: usize) -> bool {
        self.has_assigned_ids() && column == self.roles.id
    }

    /// What a row has in one of these columns, which is `at` this place of it.
    ///
    /// # Errors
    ///
    /// [`Error::Decode`]: it is nothing that the column stores.
    #[inline]
    pub fn read<'r>(&self, row: &'r dyn Row, at: usize, column: usize) -> Result<Value<'r>> {
        let def = &self.columns[column];
        row.value(at, def.kind).map_err(|invalid| Error::decode(self.entity, def.name, invalid))
    }

    /// The columns that refer to rows of the same table: by the table's name, as a row meets there those of every
    /// entity on it. Which entity it is, [`is_same`](Self::is_same) tells.
    pub(crate) fn own_references(&self) -> impl Iterator<Item = usize> {
        let own = self.references.iter().filter(|it| (it.parent)().name == self.name);
        own.map(|reference| reference.column)
    }

    /// The index of the column with this name.
    pub fn position(&self, name: &str) -> Option<usize> {
        self.columns.iter().position(|column| column.name == name)
    }

    /// Whether a column is the repository's: no patch sets it. An id is, also where it was assigned.
    pub fn is_managed(&self, column: usize) -> bool {
        let roles = &self.roles;
        let managed = [
            roles.tenant,
            roles.version,
            roles.created_at,
            roles.updated_at,
            roles.deleted_at,
            roles.correlation_id,
            roles.deletion_id,
        ];
        column == roles.id || managed.contains(&Some(column))
    }
}
