//! What the user asked for, checked.
//!
//! `check` builds these types and `expand` reads them. An [`Entity`] that exists is valid, so expansion
//! cannot fail and never looks at an attribute.

use proc_macro2::Ident;
use syn::{Attribute, Expr, Generics, Path, Type, Visibility};

/// A struct with `#[derive(Repository)]`.
pub(crate) struct Entity {
    pub(crate) krate: Path,
    pub(crate) name: String,
    pub(crate) vis: Visibility,
    pub(crate) ident: Ident,
    pub(crate) generics: Generics,
    pub(crate) names: Names,
    pub(crate) table: String,
    /// The names that the table had before.
    pub(crate) formerly: Vec<String>,
    pub(crate) columns: Vec<Column>,
    /// The type of the id. Always, unless a mistake is reported.
    pub(crate) id: Option<Type>,
    /// The type of the tenant, of an entity that has one.
    pub(crate) tenant: Option<Type>,
    pub(crate) immutable: bool,
    /// Whether changes are recorded, and then whether the entries form a chain.
    pub(crate) audited: Option<bool>,
    pub(crate) hooks: Hooks,
    pub(crate) indexes: Vec<Index>,
    pub(crate) references: Vec<Reference>,
    /// Whether the struct or a field is deprecated, or uses what is.
    pub(crate) is_deprecated: bool,
}

/// The keys that ask something of the program, where they are given.
#[derive(Default)]
pub(crate) struct Hooks {
    /// `validate(create)`
    pub(crate) create: Option<Ident>,
    /// `validate(update)`
    pub(crate) update: Option<Ident>,
    /// `validate(delete)`
    pub(crate) delete: Option<Ident>,
    pub(crate) events: Option<Ident>,
}

/// The names of the generated types.
pub(crate) struct Names {
    pub(crate) new: Ident,
    pub(crate) draft: Ident,
    pub(crate) patch: Ident,
    pub(crate) repository: Ident,
    /// The parameter of the repository for its scope: no other name in the struct.
    pub(crate) scope: Ident,
}

/// A field, which is a column.
pub(crate) struct Column {
    pub(crate) ident: Ident,
    pub(crate) vis: Visibility,
    pub(crate) ty: Type,
    pub(crate) docs: Vec<Attribute>,
    pub(crate) name: String,
    /// The name of its constant, such as `CREATED_AT`.
    pub(crate) constant: Ident,
    pub(crate) storage: Storage,
    /// Whether the type depends on a parameter of the struct.
    pub(crate) is_generic: bool,
    /// Whether the type is a mistake that is reported already.
    pub(crate) is_mistaken: bool,
    pub(crate) role: Option<Role>,
    /// Whether it is an id that whoever creates a row gives.
    pub(crate) assigned: bool,
    pub(crate) decimal: Option<(u8, u8)>,
    pub(crate) max_length: Option<u32>,
    pub(crate) default: Option<Expr>,
    pub(crate) fixed: bool,
    pub(crate) sensitive: bool,
    /// The names that it had before.
    pub(crate) formerly: Vec<String>,
    /// What rows have that were there before it.
    pub(crate) added_with: Option<Expr>,
}

/// How the value of a field becomes the value of its column.
pub(crate) enum Storage {
    /// The type of the field is a column type.
    Plain,
    /// As a JSON document, whatever serde makes of it.
    Json,
    /// The same for an `Option` of this type: `None` is `NULL`.
    OptionalJson(Box<Type>),
}

/// What the repository manages in a column.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Role {
    Id,
    Tenant,
    Version,
    CreatedAt,
    UpdatedAt,
    DeletedAt,
    CorrelationId,
    DeletionId,
}

/// An index; columns by their position.
#[derive(Clone)]
pub(crate) struct Index {
    pub(crate) columns: Vec<IndexColumn>,
    pub(crate) unique: bool,
    pub(crate) global: bool,
}

/// A column of an index, and its direction.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct IndexColumn {
    pub(crate) column: usize,
    pub(crate) descending: bool,
}

/// A column that holds the id of another entity.
pub(crate) struct Reference {
    pub(crate) column: usize,
    pub(crate) parent: Type,
    pub(crate) cascade: bool,
    /// Whether a deleted parent is seen.
    pub(crate) shows_deleted: bool,
}

impl Role {
    pub(crate) const ALL: [Self; 8] = [
        Self::Id,
        Self::Tenant,
        Self::Version,
        Self::CreatedAt,
        Self::UpdatedAt,
        Self::DeletedAt,
        Self::CorrelationId,
        Self::DeletionId,
    ];

    /// The key that marks a field with this role.
    pub(crate) fn key(self) -> &'static str {
        match self {
            Self::Id => "id",
            Self::Tenant => "tenant",
            Self::Version => "version",
            Self::CreatedAt => "created_at",
            Self::UpdatedAt => "updated_at",
            Self::DeletedAt => "deleted_at",
            Self::CorrelationId => "correlation_id",
            Self::DeletionId => "deletion_id",
        }
    }

    /// The name of the field that has this role unless another is marked.
    pub(crate) fn field(self) -> &'static str {
        if self == Self::Tenant { "tenant_id" } else { self.key() }
    }

    /// The usual type of the field.
    pub(crate) fn usual_type(self) -> &'static str {
        match self {
            Self::Id | Self::Tenant => "Uuid",
            Self::Version => "i64",
            Self::CreatedAt | Self::UpdatedAt => "DateTime<Utc>",
            Self::DeletedAt => "Option<DateTime<Utc>>",
            Self::CorrelationId => "Option<String>",
            Self::DeletionId => "Option<Uuid>",
        }
    }

    /// The policy that the role belongs to: a key of the struct. Every entity has an id.
    pub(crate) fn policy(self) -> Option<&'static str> {
        match self {
            Self::Id => None,
            Self::Tenant => Some("tenant"),
            Self::Version => Some("versioned"),
            Self::CreatedAt | Self::UpdatedAt => Some("timestamps"),
            Self::DeletedAt | Self::DeletionId => Some("soft_delete"),
            Self::CorrelationId => Some("correlated"),
        }
    }
}

impl Column {
    /// Whether whoever creates a row must give this column.
    pub(crate) fn is_given(&self) -> bool {
        (self.assigned || self.role.is_none()) && self.default.is_none()
    }

    /// Whether a patch may set this column.
    pub(crate) fn is_changeable(&self) -> bool {
        self.role.is_none() && !self.fixed
    }

    /// Whether the column holds a document, which is neither compared nor indexed.
    pub(crate) fn is_json(&self) -> bool {
        !matches!(self.storage, Storage::Plain)
    }
}

impl Entity {
    /// The position of the column with this role.
    pub(crate) fn position(&self, role: Role) -> Option<usize> {
        self.columns.iter().position(|column| column.role == Some(role))
    }

    /// The column with this role.
    pub(crate) fn column(&self, role: Role) -> Option<&Column> {
        self.columns.iter().find(|column| column.role == Some(role))
    }

    /// The columns that whoever creates a row may leave out.
    pub(crate) fn defaulted(&self) -> impl Iterator<Item = &Column> {
        self.columns.iter().filter(|column| column.default.is_some())
    }

    /// Whether an index has this column.
    pub(crate) fn is_indexed(&self, column: usize) -> bool {
        let mut columns = self.indexes.iter().flat_map(|index| &index.columns);
        columns.any(|indexed| indexed.column == column)
    }

    /// Whether the column is a part of the primary key.
    pub(crate) fn is_key(&self, column: usize) -> bool {
        matches!(self.columns[column].role, Some(Role::Id | Role::Tenant))
    }

    /// Whether two live rows of one tenant cannot agree in this column.
    pub(crate) fn is_unique(&self, column: usize) -> bool {
        let tenant = self.position(Role::Tenant);
        if self.columns[column].role == Some(Role::Id) {
            return true;
        }
        self.indexes.iter().filter(|index| index.unique).any(|index| {
            let others = index.columns.iter().map(|it| it.column).filter(|it| Some(*it) != tenant);
            others.eq([column])
        })
    }

    /// The columns by which the repository lists: each once, in the order of the indexes.
    pub(crate) fn listed(&self) -> Vec<usize> {
        let plain = self.indexes.iter().filter(|index| !index.unique);
        let mut listed = Vec::new();
        for column in plain
            .map(|index| index.columns[0].column)
            .chain(self.references.iter().map(|reference| reference.column))
        {
            if !listed.contains(&column) && !self.is_key(column) {
                listed.push(column);
            }
        }
        listed
    }
}
