//! Blocks of PL/pgSQL, which look in the catalog before they make something.
//!
//! What is there already is neither locked nor has to be one's own: `CREATE INDEX IF NOT EXISTS` locks the
//! table against writers before it looks, and every `CREATE` asks first for the right to make something.

use std::fmt::Write as _;

use repo_core::backend::{Named, NeededName};

/// Appends a block that runs `statement` where nothing in the search path is called `table`.
pub(super) fn create_table(sql: &mut String, table: &str, statement: &str) {
    run_unless(sql, &schema_of(table), statement);
}

/// Appends a block that runs `statement` where nothing in the schema of `table` is called `name`.
///
/// Whatever has that name in another schema of the path is of another table.
pub(super) fn create_beside(sql: &mut String, table: &str, name: &str, statement: &str) {
    let found = format!(
        "SELECT FROM pg_catalog.pg_class WHERE relname = {} AND relnamespace = ({})",
        literal(name),
        schema_of(table)
    );
    run_unless(sql, &found, statement);
}

/// Appends a block that makes a sequence of numbers from `start` on in the schema of `table`, where nothing there is
/// called `name`.
pub(super) fn create_sequence(sql: &mut String, table: &str, name: &str, start: i64) {
    let statement = format!(
        "EXECUTE format('CREATE SEQUENCE %s.%I MINVALUE {start} NO CYCLE', ({})::regnamespace, {})",
        schema_of(table),
        literal(name)
    );
    create_beside(sql, table, name, &statement);
}

/// A query for those of these names that an index of another table has, or something that is no index, in the schema
/// where they are looked for or made. The key of a table that is there is not made, whatever it is called, and an index
/// of a partition goes with its table. Each name is looked up in the index of names (`OFFSET 0`): a server may have many
/// thousands of tables.
pub(super) fn names_elsewhere(needed: &[NeededName]) -> Option<String> {
    let value = |it: &NeededName| {
        let is_key = it.of == Named::PrimaryKey;
        format!("({}, {}, {is_key})", literal(&it.name), literal(it.table.name))
    };
    let needed = needed.iter().filter(|it| it.of != Named::Trigger);
    let values: Vec<_> = needed.map(value).collect();
    let own = table_in_path("c.oid, c.relnamespace", "w.owner");
    let has = format!(
        "SELECT w.name, w.owner, t.relname::text \
         FROM (VALUES {}) AS w (name, owner, is_key) LEFT JOIN LATERAL ({own}) own ON true \
         CROSS JOIN LATERAL (SELECT oid FROM pg_catalog.pg_class WHERE relname = w.name AND relnamespace = \
         coalesce(own.relnamespace, (SELECT oid FROM pg_catalog.pg_namespace WHERE nspname = current_schema())) \
         OFFSET 0) r \
         LEFT JOIN LATERAL (SELECT indrelid FROM pg_catalog.pg_index WHERE indexrelid = r.oid OFFSET 0) i ON true \
         LEFT JOIN pg_catalog.pg_class t ON t.oid = i.indrelid \
         WHERE own.oid IS NULL OR NOT w.is_key AND (t.oid IS NULL OR t.oid <> own.oid \
         AND NOT EXISTS (SELECT FROM pg_partition_ancestors(t.oid) AS a (oid) WHERE a.oid = own.oid))",
        values.join(", ")
    );
    (!values.is_empty()).then_some(has)
}

/// A query for the schema of the search path in which a statement finds `table`, were there no temporary tables.
fn schema_of(table: &str) -> String {
    table_in_path("c.relnamespace", &literal(table))
}

/// The same for any columns, with the name as SQL.
fn table_in_path(columns: &str, name: &str) -> String {
    format!(
        "SELECT {columns} FROM pg_catalog.pg_class c \
         JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace \
         WHERE c.relname = {name} AND c.relpersistence <> 't' AND n.nspname = ANY(current_schemas(false)) \
         ORDER BY array_position(current_schemas(false), n.nspname) LIMIT 1"
    )
}

/// Appends a block that runs `statement` where the query finds nothing.
fn run_unless(sql: &mut String, query: &str, statement: &str) {
    run(sql, &format!("BEGIN\nIF NOT EXISTS ({query}) THEN\n{statement};\nEND IF;\nEND"));
}

/// A text of the program as a literal: a name, an action, a body of code.
pub(crate) fn literal(text: &str) -> String {
    let doubled = text.replace('\'', "''");
    // A backslash has a meaning of its own where the server is set so; in this form it always has.
    if doubled.contains('\\') {
        return format!("E'{}'", doubled.replace('\\', "\\\\"));
    }
    format!("'{doubled}'")
}

/// Appends a block of code. It stands between dollars, so that its statements can be read, and taken over into a
/// migration, as they are.
pub(crate) fn run(sql: &mut String, code: &str) {
    let mut tag = String::from("repo");
    while code.contains(&format!("${tag}$")) {
        tag.push('_');
    }
    write!(sql, "DO ${tag}$\n{code}\n${tag}$;\n")
        .expect("a String takes whatever is written to it");
}

#[cfg(test)]
mod tests {
    use super::run;

    #[test]
    fn no_code_ends_its_block() {
        let mut sql = String::new();
        run(&mut sql, "SELECT '$repo$ $repo_$'");
        assert_eq!(sql, "DO $repo__$\nSELECT '$repo$ $repo_$'\n$repo__$;\n");
    }
}
