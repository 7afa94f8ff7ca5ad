//! Statements that are not for SQL by hand, whatever they would do: known by their first words.
//!
//! A transaction is ended by who opened it; what ends it by hand is stored, and its entries in the audit trail
//! are not. A connection is another's afterwards. Not here: functions that do such things.

use super::temporary;
use super::words::{READINGS, Word, words};
use crate::dialect::Dialect;
use crate::error::{Error, Result};

/// Begin or end a transaction, or a part of one.
const TRANSACTIONS: [&str; 9] =
    ["ABORT", "BEGIN", "COMMIT", "END", "PREPARE", "RELEASE", "ROLLBACK", "SAVEPOINT", "START"];

/// Change the connection. A cursor may outlive its transaction, with the rows of who declared it.
const CONNECTIONS: [&str; 10] = [
    "ATTACH",
    "DEALLOCATE",
    "DECLARE",
    "DETACH",
    "DISCARD",
    "LISTEN",
    "LOAD",
    "PRAGMA",
    "RESET",
    "UNLISTEN",
];

/// What may stand between `EXPLAIN` and the statement, beside options in parentheses.
const EXPLAINING: [&str; 5] = ["ANALYSE", "ANALYZE", "PLAN", "QUERY", "VERBOSE"];

/// What follows a `SET` that ends with the transaction.
const ENDING: [&str; 3] = ["CONSTRAINTS", "LOCAL", "TRANSACTION"];

/// Refuses such statements, and what no database takes for one.
pub(super) fn refuse(sql: &str, dialect: &dyn Dialect) -> Result<()> {
    if sql.contains('\0') {
        return Err(Error::invalid_input("sql", "holds a NUL character"));
    }
    for reading in READINGS {
        let words = words(sql, reading).skip_while(|it| *it == Word::Sign(';'));
        let words: Vec<_> = words.collect();
        refuse_statement(explained(&words))?;
        temporary::refuse(&words, reading, &|name| dialect.is_temporary_schema(name))?;
    }
    Ok(())
}

/// Refuses what the first words of a statement say.
fn refuse_statement(statement: &[Word<'_>]) -> Result<()> {
    let Some(first) = statement.first() else { return Ok(()) };
    if first.is_one(&TRANSACTIONS) {
        let reason = "begins or ends a transaction: use `transaction` or `begin` of the session";
        return Err(Error::invalid_input("sql", reason));
    }
    let is_set = first.is("SET") && !statement.get(1).is_some_and(|it| it.is_one(&ENDING));
    if is_set || first.is_one(&CONNECTIONS) { Err(lasting()) } else { Ok(()) }
}

/// The statement that is explained, or the one that explains nothing: SQLite runs a `PRAGMA` that it explains.
fn explained<'w, 's>(words: &'w [Word<'s>]) -> &'w [Word<'s>] {
    let mut rest = match words {
        [first, rest @ ..] if first.is("EXPLAIN") => rest,
        _ => return words,
    };
    loop {
        rest = match rest {
            [Word::Sign('('), options @ ..] => {
                let end = options.iter().position(|it| *it == Word::Sign(')'));
                &options[end.map_or(options.len(), |end| end + 1)..]
            }
            [word, rest @ ..] if word.is_one(&EXPLAINING) => rest,
            _ => return rest,
        };
    }
}

pub(super) fn lasting() -> Error {
    Error::invalid_input("sql", "changes the connection, which is another's afterwards")
}

#[cfg(test)]
mod tests {
    use crate::error::Result;
    use crate::testing::PlainDialect;

    fn refuse(sql: &str) -> Result<()> {
        super::refuse(sql, &PlainDialect)
    }

    #[test]
    fn what_ends_a_transaction_or_outlives_it_is_refused_however_it_is_written() {
        for sql in [
            "COMMIT",
            " ;\n;commit and chain",
            "/* /* a */ */ -- b\n END",
            "/* /* a */end",
            "-- a\rcommit",
            "-- a\rSELECT 1\nCOMMIT",
            "SELECT 1 \0 FROM a",
            "-- a\r\nrollback to a",
            "PREPARE TRANSACTION 'a'",
            "SET search_path = a",
            "set /* local */ session authorization a",
            "pragma ignore_check_constraints = on",
            "create temp table a (b int)",
            "CREATE /* a */ OR REPLACE LOCAL TEMPORARY VIEW a AS SELECT 1",
            "-- a\nCREATE TABLE temporary.a (b int)",
            "\u{feff}CREATE TABLE 'temp'.a (b int)",
            "CREATE TABLE PG_TEMP_12.a (b int)",
            "deallocate all",
            "LISTEN a",
            "EXPLAIN PRAGMA query_only = ON",
            "explain /* a */ query plan pragma writable_schema = on",
            "EXPLAIN (COSTS OFF, FORMAT json) DECLARE a CURSOR WITH HOLD FOR SELECT 1",
            "explain analyze verbose commit",
            "EXPLAIN ANALYZE (SELECT 1 AS a INTO TEMP b)",
            "DECLARE a CURSOR WITH HOLD FOR SELECT 1",
            "declare \"a\" binary insensitive cursor for select 1",
        ] {
            assert!(refuse(sql).is_err(), "{sql}");
        }
    }

    #[test]
    fn what_only_reads_or_writes_rows_is_not() {
        for sql in [
            "",
            "SELECT 'COMMIT'",
            "-- COMMIT",
            "/* COMMIT",
            "WITH a AS (SELECT 1) DELETE FROM commits",
            "SET LOCAL lock_timeout = 1",
            "set constraints all deferred",
            "CREATE TABLE temp (a int)",
            "create or replace view temporary as select 1",
            "EXPLAIN SELECT pragma FROM a",
            "EXPLAIN (ANALYZE) (SELECT 1)",
            "WITH a AS (SELECT 1) INSERT INTO temp OVERRIDING SYSTEM VALUE SELECT 1",
            "EXPLAIN QUERY PLAN SELECT 1",
            "EXPLAIN",
            "EXPLAIN (",
            "FETCH ALL FROM a",
            "endless",
        ] {
            assert!(refuse(sql).is_ok(), "{sql}");
        }
    }
}
