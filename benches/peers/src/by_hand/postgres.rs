//! SQL for Postgres. tokio-postgres and sqlx run the same.

use crate::columns;

/// One row. Parameters: tenant, id.
pub const GET: &str = concat!(
    "SELECT ",
    columns!(),
    " FROM tickets WHERE tenant_id = $1 AND id = $2 AND deleted_at IS NULL"
);
/// A page. Parameters: tenant, status.
pub const PAGE: &str = concat!(
    "SELECT ",
    columns!(),
    " FROM tickets WHERE tenant_id = $1 AND status = $2 AND deleted_at IS NULL \
     ORDER BY created_at DESC, id DESC LIMIT 20"
);
/// Its total. Parameters: tenant, status.
pub const TOTAL: &str =
    "SELECT count(*) FROM tickets WHERE tenant_id = $1 AND status = $2 AND deleted_at IS NULL";
/// A page and its total, in column 14. Parameters: tenant, status.
pub const PAGE_WITH_TOTAL: &str = concat!(
    "SELECT ",
    columns!(),
    ", (SELECT count(*) FROM tickets WHERE tenant_id = $1 AND status = $2 AND deleted_at IS NULL) \
     FROM tickets WHERE tenant_id = $1 AND status = $2 AND deleted_at IS NULL \
     ORDER BY created_at DESC, id DESC LIMIT 20"
);
/// The first window and one row more. Parameter: tenant.
pub const FIRST_WINDOW: &str = concat!(
    "SELECT ",
    columns!(),
    " FROM tickets WHERE tenant_id = $1 AND deleted_at IS NULL \
     ORDER BY created_at DESC, id DESC LIMIT 101"
);
/// The window after a row, and one row more. Parameters: tenant, time, id.
pub const NEXT_WINDOW: &str = concat!(
    "SELECT ",
    columns!(),
    " FROM tickets WHERE tenant_id = $1 AND deleted_at IS NULL AND (created_at, id) < ($2, $3) \
     ORDER BY created_at DESC, id DESC LIMIT 101"
);
/// All rows.
pub const ALL: &str =
    concat!("SELECT ", columns!(), " FROM tickets WHERE deleted_at IS NULL ORDER BY tenant_id, id");
/// A new row. Parameters: its columns.
pub const INSERT: &str = concat!(
    "INSERT INTO tickets (",
    columns!(),
    ") VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14)"
);
/// Many new rows.
pub const COPY: &str = concat!("COPY tickets (", columns!(), ") FROM STDIN WITH (FORMAT binary)");
/// A patch. Parameters: status, attempts, now, tenant, id, version.
pub const PATCH: &str = concat!(
    "UPDATE tickets SET status = $1, attempts = $2, version = version + 1, updated_at = $3 \
     WHERE tenant_id = $4 AND id = $5 AND version = $6 AND deleted_at IS NULL RETURNING ",
    columns!()
);
/// The newest tickets. Parameter: tenant.
pub const PARENTS: &str = concat!(
    "SELECT ",
    columns!(),
    " FROM tickets WHERE tenant_id = $1 AND deleted_at IS NULL \
     ORDER BY created_at DESC, id DESC LIMIT 20"
);
/// The comments of tickets. Parameters: tenant, their ids.
pub const CHILDREN: &str = "SELECT id, tenant_id, ticket_id, author, text FROM comments \
     WHERE tenant_id = $1 AND ticket_id = ANY($2) ORDER BY id";
/// How many of each status. Parameter: tenant.
pub const GROUPS: &str = "SELECT status, count(*) FROM tickets \
     WHERE tenant_id = $1 AND deleted_at IS NULL GROUP BY status ORDER BY status";

/// The row that a recorded patch changes, locked. Parameters: tenant, id, version.
pub const AUDITED_BEFORE: &str = concat!(
    "SELECT ",
    columns!(),
    " FROM audited_tickets WHERE tenant_id = $1 AND id = $2 AND version = $3 \
     AND deleted_at IS NULL FOR NO KEY UPDATE"
);
/// A recorded patch, as [`PATCH`].
pub const AUDITED_PATCH: &str = concat!(
    "UPDATE audited_tickets SET status = $1, attempts = $2, version = version + 1, updated_at = $3 \
     WHERE tenant_id = $4 AND id = $5 AND version = $6 AND deleted_at IS NULL RETURNING ",
    columns!()
);
/// The end of a chain, locked. Parameters: tenant, 32 zeros.
pub const HEAD: &str = "INSERT INTO repo_audit_heads (tenant, seq, prev_hash, hash) \
     VALUES ($1, 0, $2, $2) ON CONFLICT (tenant) DO UPDATE SET seq = repo_audit_heads.seq \
     RETURNING seq, hash";
/// An entry. Parameters: its columns.
pub const ENTRY: &str = "INSERT INTO repo_audit (tenant, seq, entity, entity_id, action, actor, \
     correlation_id, reason, at, before, after, prev_hash, hash) \
     VALUES ($1, $2, 'audited_tickets', $3, 'update', $4, NULL, NULL, $5, $6, $7, $8, $9)";
/// The new end of a chain. Parameters: tenant, seq, prev_hash, hash.
pub const SET_HEAD: &str =
    "UPDATE repo_audit_heads SET seq = $2, prev_hash = $3, hash = $4 WHERE tenant = $1";
