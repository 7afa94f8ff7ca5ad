//! Keys and rows as a table: the elements of one array for each of their parts.

use repo_core::Kind;
use repo_core::backend::{Dialect as _, quote};

use super::{PostgresDialect, push};

/// How long rows of several callers wait together for somebody else's lock of a row.
///
/// By what is known of their table they never do; it may have keys and triggers that nobody told of.
const LOCK_TIMEOUT: &str =
    "(SELECT set_config('lock_timeout', '100ms', true) OFFSET 0) AS \"repo_patience\"";

/// `unnest($1::bigint[], $2::uuid[]) WITH ORDINALITY AS "name" ("key_1", "key_2", "place")`
pub(super) fn write(sql: &mut String, name: &str, kinds: &[Kind]) {
    arrays(sql, kinds);
    sql.push_str(" WITH ORDINALITY AS ");
    columns(sql, name, kinds);
    sql.push_str(", \"place\")");
}

/// The same without the place, and with a limit of how long a lock is waited for.
pub(super) fn write_rows(sql: &mut String, name: &str, kinds: &[Kind]) {
    sql.push_str(LOCK_TIMEOUT);
    sql.push_str(", ");
    arrays(sql, kinds);
    sql.push_str(" AS ");
    columns(sql, name, kinds);
    sql.push(')');
}

fn arrays(sql: &mut String, kinds: &[Kind]) {
    sql.push_str("unnest(");
    for (position, kind) in kinds.iter().enumerate() {
        let separator = if position > 0 { ", " } else { "" };
        push(sql, format_args!("{separator}${}::{}[]", position + 1, element(*kind)));
    }
    sql.push(')');
}

/// The type of the elements of an array of keys.
pub(super) fn element(kind: Kind) -> String {
    let mut column_type = String::new();
    PostgresDialect::default().column_type(&mut column_type, kind);
    // An array of text has no collation: the columns that it is compared with have theirs.
    column_type.split(" COLLATE").next().unwrap_or_default().to_owned()
}

fn columns(sql: &mut String, name: &str, kinds: &[Kind]) {
    quote(sql, name);
    for position in 1..=kinds.len() {
        let separator = if position > 1 { ", " } else { " (" };
        push(sql, format_args!("{separator}\"key_{position}\""));
    }
}
