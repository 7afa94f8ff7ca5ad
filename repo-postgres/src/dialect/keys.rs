//! Keys as a table: the elements of one array for each part of a key, and their places.

use repo_core::{Dialect as _, Kind, quote};

use super::{PostgresDialect, push};

/// `unnest($1::bigint[], $2::uuid[]) WITH ORDINALITY AS "name" ("key_1", "key_2", "place")`
pub(super) fn write(sql: &mut String, name: &str, kinds: &[Kind]) {
    sql.push_str("unnest(");
    for (position, kind) in kinds.iter().enumerate() {
        let mut column_type = String::new();
        PostgresDialect::default().column_type(&mut column_type, *kind);
        // An array of text has no collation: the columns that it is compared with have theirs.
        let element = column_type.split(" COLLATE").next().unwrap_or_default();
        let separator = if position > 0 { ", " } else { "" };
        push(sql, format_args!("{separator}${}::{element}[]", position + 1));
    }
    sql.push_str(") WITH ORDINALITY AS ");
    quote(sql, name);
    sql.push_str(" (");
    for position in 1..=kinds.len() {
        push(sql, format_args!("\"key_{position}\", "));
    }
    sql.push_str("\"place\")");
}
