//! Blocks of PL/pgSQL, which look in the catalog before they make something.
//!
//! What is there already is neither locked nor has to be one's own: `CREATE INDEX IF NOT EXISTS` locks the
//! table against writers before it looks, and every `CREATE` asks first for the right to make something.

use std::fmt::Write as _;

use repo_core::quote_literal;

/// Appends a block that runs `statement` where nothing in the schema is called `name`.
pub(super) fn create_relation(sql: &mut String, name: &str, statement: &str) {
    let mut quoted = String::new();
    quote_literal(&mut quoted, name);
    run(
        sql,
        &format!(
            "BEGIN\n\
             IF NOT EXISTS (SELECT FROM pg_catalog.pg_class c \
             JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace \
             WHERE c.relname = {quoted} AND n.nspname = current_schema()) THEN\n\
             {statement};\nEND IF;\nEND"
        ),
    );
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
