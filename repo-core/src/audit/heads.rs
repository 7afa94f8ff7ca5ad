//! The last entry of each chain: the row that a writer locks to append to it.

use crate::schema::table::{ColumnDef, Table};
use crate::value::Kind;

/// What its rows are: no value of it is ever made.
enum Head {}

/// `repo_audit_heads`
pub(crate) static HEADS: Table = Table {
    entity_type: std::any::TypeId::of::<Head>,
    ..Table::bare(
        "AuditHead",
        "repo_audit_heads",
        &[
            column("tenant", Kind::Text),
            column("seq", Kind::I64),
            column("prev_hash", Kind::Bytes),
            column("hash", Kind::Bytes),
        ],
    )
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
        default: None,
    }
}
