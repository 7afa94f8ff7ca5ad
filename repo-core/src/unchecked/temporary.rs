//! Statements that make something in the schema of temporary things, by its name or by `INTO TEMP`: it lasts as
//! long as the connection, and hides the table of its name from whoever has that next.

use super::passage::{dollar_quoted, passage};

/// Its names: those of SQLite, and that of Postgres.
const SCHEMAS: [&str; 3] = ["temp", "temporary", "pg_temp"];

/// Whether the statement, which makes something or selects, does it there.
pub(super) fn is_made(sql: &str) -> bool {
    let words = words(sql);
    let is = |at: usize, word: &str| words.get(at).is_some_and(|it| it.eq_ignore_ascii_case(word));
    let is_schema = |at| SCHEMAS.iter().any(|schema| is(at, schema));
    let creates = is(0, "create");
    let selects = is(0, "select") || is(0, "with");
    (0..words.len()).any(|at| {
        let is_named = is_schema(at) && is(at + 1, ".");
        let is_into = is(at, "into") && is_schema(at + 1);
        creates && is_named || selects && is_into
    })
}

/// The names and signs of the text, names without their quotes; texts and comments are left out.
fn words(sql: &str) -> Vec<&str> {
    let (mut rest, mut words) = (sql, Vec::new());
    while let Some(next) = rest.chars().next() {
        let bracketed = match next {
            '`' => rest[1..].find('`').map(|at| at + 2),
            '[' => rest.find(']').map(|at| at + 1),
            '$' => dollar_quoted(rest),
            _ => None,
        };
        let length = bracketed.or_else(|| passage(rest)).unwrap_or(next.len_utf8());
        let word = &rest[..length];
        rest = &rest[length..];
        match next {
            '"' | '`' | '[' if length > 2 => words.push(&word[1..length - 1]),
            '\'' | '$' | '-' | '/' => {}
            next if next.is_whitespace() || next == ';' => {}
            _ => words.push(word),
        }
    }
    words
}

#[cfg(test)]
mod tests {
    use super::is_made;

    #[test]
    fn what_is_made_among_temporary_things_is_seen() {
        for sql in [
            "CREATE TABLE pg_temp.projects (LIKE projects)",
            "create table \"temp\" . projects (id int)",
            "CREATE VIEW [temp].a AS SELECT 1",
            "-- a\nCREATE TABLE temporary.a (b int)",
            "SELECT 1 INTO TEMP tasks",
            "WITH a AS (SELECT 'into temp') SELECT * INTO TEMPORARY b FROM a",
            "SELECT 1 AS a INTO pg_temp.tasks",
        ] {
            assert!(is_made(sql), "{sql}");
        }
    }

    #[test]
    fn a_table_that_is_called_so_is_not() {
        for sql in [
            "CREATE TABLE temp (a int)",
            "INSERT INTO temp SELECT 1",
            "INSERT INTO temp VALUES ('CREATE TABLE pg_temp.a')",
            "SELECT temp.a FROM temp",
            "CREATE FUNCTION a() RETURNS int LANGUAGE sql AS $$ SELECT 1 INTO pg_temp.b $$",
            "CREATE TABLE a (b text DEFAULT 'pg_temp.c')",
        ] {
            assert!(!is_made(sql), "{sql}");
        }
    }
}
