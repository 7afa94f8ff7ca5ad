//! Statements that make something temporary: by `TEMP`, or in the schema of temporary things, or that have what follows
//! made there. It lasts as long as the connection, and hides the table of its name from whoever has that next.
//!
//! Only the name of what is made counts, and of the table that an index or a trigger is of. Not here: what a function
//! makes, also one that the statement makes.

use super::words::{Reading, Word, words};
use crate::error::{Error, Result};

const TEMPORARY: [&str; 2] = ["TEMP", "TEMPORARY"];

/// What may stand between `CREATE` or `INTO` and it.
const BEFORE_TEMPORARY: [&str; 4] = ["GLOBAL", "LOCAL", "OR", "REPLACE"];

/// What may follow a table that a query makes, or an `INSERT` adds to, and is no name.
const AFTER_TABLE: [&str; 19] = [
    "AS",
    "DEFAULT",
    "EXCEPT",
    "FETCH",
    "FOR",
    "FROM",
    "GROUP",
    "HAVING",
    "INTERSECT",
    "LIMIT",
    "OFFSET",
    "ORDER",
    "OVERRIDING",
    "SELECT",
    "UNION",
    "USING",
    "WHERE",
    "WINDOW",
    "WITH",
];

/// Refuses a statement that makes something temporary, or under a name that cannot be read.
pub(super) fn refuse(
    statement: &[Word<'_>],
    reading: Reading,
    is_schema: &dyn Fn(&str) -> bool,
) -> Result<()> {
    let start = statement.iter().position(|it| !matches!(it, Word::Sign('(' | ';')));
    let statement = run(&statement[start.unwrap_or(statement.len())..]);
    let Some(first) = statement.first() else { return Ok(()) };
    if first.is("CREATE") {
        refuse_head(created(&statement[1..]), is_schema)
    } else if reading == Reading::Sqlite {
        Ok(())
    } else if first.is_one(&["SELECT", "WITH"]) {
        heads(statement, "INTO").try_for_each(|it| refuse_head(selected(it), is_schema))
    } else if first.is("DO") {
        refuse_code(statement, is_schema)
    } else if first.is("SET") && statement.get(1).is_some_and(|it| it.is("LOCAL")) {
        refuse_setting(&statement[2..], is_schema)
    } else {
        Ok(())
    }
}

/// What is run of the statement: all of it, but where it is only explained.
fn run<'w, 's>(statement: &'w [Word<'s>]) -> &'w [Word<'s>] {
    if !statement.first().is_some_and(|it| it.is("EXPLAIN")) {
        return statement;
    }
    let runs = |it: &Word<'_>| it.is_one(&["CREATE", "SELECT", "WITH"]);
    let at = statement.iter().position(runs).unwrap_or(statement.len());
    let (options, explained) = statement.split_at(at);
    if options.iter().any(|it| it.is_one(&["ANALYSE", "ANALYZE"])) { explained } else { &[] }
}

/// Refuses a block of code, if it or a text in it makes something temporary.
fn refuse_code(block: &[Word<'_>], is_schema: &dyn Fn(&str) -> bool) -> Result<()> {
    let mut texts = texts_in(block);
    while let Some(text) = texts.pop() {
        let code: Vec<_> = words(&text, Reading::Postgres).collect();
        heads(&code, "CREATE").try_for_each(|it| refuse_head(created(it), is_schema))?;
        heads(&code, "INTO").try_for_each(|it| refuse_head(selected(it), is_schema))?;
        texts.extend(texts_in(&code));
    }
    Ok(())
}

/// Refuses to look for tables in that schema first, which makes everything that is made afterwards there.
fn refuse_setting(setting: &[Word<'_>], is_schema: &dyn Fn(&str) -> bool) -> Result<()> {
    let [of, schemas @ ..] = setting else { return Ok(()) };
    let names = |it: &str| of.name().is_some_and(|name| name.eq_ignore_ascii_case(it));
    let is_path = names("search_path") || names("schema") || *of == Word::Escaped;
    let is_found = schemas.iter().any(|word| match word {
        Word::Text(text) => is_schema(text) || text.contains('\\'),
        // `U&'pg!005ftemp'`
        Word::Escaped | Word::Sign('&') => true,
        other => other.name().is_some_and(is_schema),
    });
    if is_path && is_found { Err(super::control::lasting()) } else { Ok(()) }
}

/// The texts among the words, as they are within a text: with quotes that are not doubled.
fn texts_in(words: &[Word<'_>]) -> Vec<String> {
    let text = |word: &Word<'_>| match word {
        Word::Text(text) => Some(text.replace("''", "'")),
        _ => None,
    };
    words.iter().filter_map(text).collect()
}

/// What follows the keyword, wherever it stands.
fn heads<'w, 's>(
    words: &'w [Word<'s>],
    keyword: &'static str,
) -> impl Iterator<Item = &'w [Word<'s>]> {
    let at = words.iter().enumerate().filter(move |(_, word)| word.is(keyword));
    at.map(|(at, _)| &words[at + 1..])
}

/// What follows `CREATE` until the columns, the query or, behind a table, the code begin.
fn created<'w, 's>(words: &'w [Word<'s>]) -> &'w [Word<'s>] {
    let is_end = |it: &Word<'_>| it.is("AS") || matches!(it, Word::Sign('(' | ';'));
    let end = words.iter().position(is_end);
    let head = &words[..end.unwrap_or(words.len())];
    // `ON ONLY pg_temp.`
    let of_table = head.iter().position(|it| it.is("ON")).map(|on| on + 4);
    &head[..of_table.map_or(head.len(), |end| end.min(head.len()))]
}

/// What follows `INTO` until its table ends.
fn selected<'w, 's>(words: &'w [Word<'s>]) -> &'w [Word<'s>] {
    let is_after = |at: &usize| match words[*at] {
        Word::Sign(sign) => sign != '.',
        word if word.is("VALUES") => words.get(at + 1) == Some(&Word::Sign('(')),
        word => word.is_one(&AFTER_TABLE),
    };
    &words[..(0..words.len()).find(is_after).unwrap_or(words.len())]
}

/// Refuses what is made by these words, which end with its name or with the table it is of.
fn refuse_head(head: &[Word<'_>], is_schema: &dyn Fn(&str) -> bool) -> Result<()> {
    if head.contains(&Word::Escaped) {
        let reason = "hides what it makes, which may be temporary: write the name without `U&`";
        return Err(Error::invalid_input("sql", reason));
    }
    let is_dot = |at: usize| head.get(at) == Some(&Word::Sign('.'));
    let is_schema = |word: &Word<'_>| word.name().is_some_and(is_schema);
    let is_named = (0..head.len()).any(|at| is_schema(&head[at]) && is_dot(at + 1));
    let first = head.iter().position(|it| !it.is_one(&BEFORE_TEMPORARY)).unwrap_or(0);
    // By itself, it is a name.
    let is_said = head.get(first).is_some_and(|it| it.is_one(&TEMPORARY))
        && first + 1 < head.len()
        && !is_dot(first + 1);
    if is_named || is_said { Err(super::control::lasting()) } else { Ok(()) }
}

#[cfg(test)]
mod tests {
    use super::refuse;
    use crate::unchecked::words::{READINGS, words};

    fn is_refused(sql: &str, is_schema: &dyn Fn(&str) -> bool) -> bool {
        READINGS.iter().any(|reading| {
            let words: Vec<_> = words(sql, *reading).collect();
            refuse(&words, *reading, is_schema).is_err()
        })
    }

    fn on_sqlite(sql: &str) -> bool {
        is_refused(sql, &|name| name.eq_ignore_ascii_case("temp"))
    }

    fn on_postgres(sql: &str) -> bool {
        is_refused(sql, &|name| name.starts_with("pg_temp"))
    }

    #[test]
    fn what_is_made_for_the_connection_is_refused_on_each_database() {
        for sql in [
            "create temp table a (b int)",
            "CREATE /* a */ OR REPLACE LOCAL TEMPORARY VIEW a AS SELECT 1",
            "CREATE TEMP TRIGGER a AFTER INSERT ON b BEGIN SELECT 1; END",
            "/* /* */ CREATE TEMP TABLE a (b int) /* ' */",
            "SELECT 1 INTO TEMP tasks",
            "SELECT 1 INTO TEMP \"from\"",
            "SELECT 1 INTO TEMP values",
            "((SELECT 1 AS a INTO LOCAL TEMP TABLE shelves))",
            "WITH a AS (SELECT 'into temp') SELECT * INTO TEMPORARY b FROM a",
            "EXPLAIN ANALYZE SELECT 1 INTO TEMP a",
            "explain (analyze, verbose) create temp table a as select 1",
            "DO $$ BEGIN CREATE TEMP TABLE a (b int); END $$",
            "DO LANGUAGE plpgsql 'BEGIN EXECUTE ''CREATE TEMP TABLE a (b int)''; END'",
            "DO $a$ BEGIN EXECUTE format($$CREATE TEMPORARY TABLE %I (b int)$$, 'a'); END $a$",
        ] {
            assert!(on_sqlite(sql) && on_postgres(sql), "{sql}");
        }
    }

    #[test]
    fn what_is_made_in_the_schema_of_sqlite_is_refused_in_every_kind_of_quotes() {
        for sql in [
            "create table \"Temp\" . projects (id int)",
            "CREATE TABLE 'temp'.shelves (id INTEGER)",
            "CREATE TABLE IF NOT EXISTS `TEMP` /* a */ .shelves (id INTEGER)",
            "CREATE VIEW [temp].a AS SELECT 1",
            "/* /* */ CREATE VIEW temp.a AS SELECT 1",
            "-- a\r ' \nCREATE VIEW temp.a AS SELECT 1 --'",
            "CREATE UNIQUE INDEX temp.a ON b (c)",
            "CREATE VIRTUAL TABLE temp.a USING fts5(b)",
            "CREATE TRIGGER begin AFTER UPDATE OF a, b ON 'temp'.c BEGIN SELECT 1; END",
        ] {
            assert!(on_sqlite(sql) && !on_postgres(sql), "{sql}");
        }
    }

    #[test]
    fn what_is_made_in_the_schema_of_postgres_is_refused_however_it_is_written() {
        for sql in [
            "CREATE TABLE pg_temp.projects (LIKE projects)",
            "CREATE UNLOGGED TABLE a.pg_temp_3.projects (LIKE projects)",
            "/* /* */ ' */ CREATE TABLE pg_temp.shelves (a int) /* ' */",
            "CREATE SEQUENCE \"pg_temp\".a",
            "CREATE FUNCTION pg_temp.a() RETURNS int LANGUAGE sql AS $$ SELECT 1 $$",
            "CREATE INDEX ON ONLY pg_temp.a (b)",
            "SELECT 1 AS a INTO pg_temp.tasks",
            "SELECT E'\\'' || 'a', E'b''\\'' INTO TABLE pg_temp.tasks FROM c WHERE d <> ''",
            "DO $$ BEGIN CREATE TABLE pg_temp.a (b int); END $$",
        ] {
            assert!(on_postgres(sql) && !on_sqlite(sql), "{sql}");
        }
        for sql in [
            "CREATE TABLE U&\"pg\\005ftemp\".shelves (a int)",
            "CREATE VIEW u&\"pg!005ftemp\" UESCAPE '!'.shelves AS SELECT 1",
            "SELECT 1 INTO U&\"pg\\005ftemp\".shelves",
            "SET LOCAL search_path = pg_temp, public",
            "set local \"search_path\" to public, 'pg_temp'",
            "SET LOCAL SCHEMA 'pg_temp_3'",
            "SET LOCAL search_path = E'pg\\x5ftemp'",
            "SET LOCAL search_path = U&'pg!005ftemp' UESCAPE '!'",
            "SET LOCAL U&\"search\\005fpath\" = pg_temp",
        ] {
            assert!(on_postgres(sql), "{sql}");
        }
    }

    #[test]
    fn a_table_or_an_alias_that_is_called_so_is_not() {
        for sql in [
            "CREATE TABLE temp (a int)",
            "CREATE TABLE temp AS SELECT 1",
            "INSERT INTO temp SELECT 1",
            "WITH a AS (SELECT 1) INSERT INTO temp SELECT * FROM a",
            "WITH a AS (INSERT INTO temp VALUES (1) RETURNING *) SELECT * FROM a",
            "INSERT INTO temp VALUES ('CREATE TABLE pg_temp.a')",
            "SELECT temp.a FROM temp",
            "SELECT 1 AS a INTO temp FROM b",
            "CREATE VIEW hot AS SELECT temp.n, pg_temp.n FROM shelves temp, shelves pg_temp",
            "CREATE TABLE copies AS SELECT temp.n FROM shelves AS temp",
            "CREATE TABLE a (b text DEFAULT 'pg_temp.c', CHECK (temp.b <> ''))",
            "CREATE TRIGGER a AFTER INSERT ON b WHEN temp.n > 1 BEGIN SELECT temp.n FROM c temp; END",
            "CREATE TRIGGER a AFTER INSERT ON b BEGIN DELETE FROM c WHERE temp.n > 1; END",
            "CREATE FUNCTION a() RETURNS int LANGUAGE sql AS $$ SELECT 1 INTO pg_temp.b $$",
            "CREATE FUNCTION a() RETURNS int LANGUAGE plpgsql AS $$ BEGIN CREATE TEMP TABLE b (); END $$",
            "SELECT $$ into temp a $$, E'\\'', 'into temp a'",
            "EXPLAIN SELECT 1 INTO TEMP a",
            "DO $$ DECLARE temp int; BEGIN SELECT 1 INTO temp FROM b; CREATE TABLE c (temp int); END $$",
        ] {
            assert!(!on_sqlite(sql) && !on_postgres(sql), "{sql}");
        }
        for sql in [
            "CREATE TABLE temp.readings (a int)",
            "CREATE TABLE \"temp\".readings (a int)",
            "CREATE INDEX readings_a ON temp.readings (a)",
            "SET LOCAL search_path = temp, public",
            "SET LOCAL work.note = 'pg_temp'",
        ] {
            assert!(!on_postgres(sql), "{sql}");
        }
        assert!(!on_sqlite("CREATE TABLE pg_temp (a int)"));
    }
}
