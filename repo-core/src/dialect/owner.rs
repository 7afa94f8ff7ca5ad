//! Whose the rows of a table are.

use crate::schema::table::Table;

/// Which column of a table says whose a row is, as an index into [`Table::columns`].
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub enum Owner {
    /// The tenant's column: each row belongs to one.
    Tenant(usize),
    /// A column with the tenant as text, in which the empty text stands for everybody: of the audit
    /// trail.
    TenantOrShared(usize),
}

impl Owner {
    /// Whose the rows of `table` are; none where they belong to no tenant.
    pub fn of(table: &Table) -> Option<Self> {
        // First: the entries have a tenant too, and those of rows that belong to none are everybody's.
        let of_trail = table.position("tenant").filter(|_| table.is_of_trail());
        let of_trail = of_trail.map(Self::TenantOrShared);
        of_trail.or_else(|| table.roles.tenant.map(Self::Tenant))
    }
}
