//! The last entry of each chain: the row that a writer locks to append to it.

use crate::hooks::Hooks;
use crate::schema::table::{ColumnDef, Roles, Table};
use crate::value::Kind;

/// What its rows are: no value of it is ever made.
enum Head {}

/// `repo_audit_heads`
pub(crate) static HEADS: Table = Table {
    entity: "AuditHead",
    entity_type: std::any::TypeId::of::<Head>,
    name: "repo_audit_heads",
    formerly: &[],
    columns: &[
        column("tenant", Kind::Text),
        column("seq", Kind::I64),
        column("prev_hash", Kind::Bytes),
        column("hash", Kind::Bytes),
    ],
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
    identity: false,
    immutable: false,
    audit: None,
    hooks: Hooks::NONE,
    indexes: &[],
    references: &[],
};

const fn column(name: &'static str, kind: Kind) -> ColumnDef {
    ColumnDef {
        name,
        kind,
        nullable: false,
        variants: &[],
        max_length: None,
        fixed: false,
        sensitive: false,
        formerly: &[],
        added_with: None,
    }
}
