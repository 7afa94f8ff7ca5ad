//! Statements that are not for SQL by hand, whatever they would do: known by their first words.
//!
//! A transaction is ended by who opened it; what ends it by hand is stored, and its entries in the audit trail
//! are not. A connection is another's afterwards. Not here: functions that do such things.

use super::temporary;
use crate::error::{Error, Result};

/// Begin or end a transaction, or a part of one.
const TRANSACTIONS: [&str; 9] =
    ["ABORT", "BEGIN", "COMMIT", "END", "PREPARE", "RELEASE", "ROLLBACK", "SAVEPOINT", "START"];

/// Change the connection.
const CONNECTIONS: [&str; 9] =
    ["ATTACH", "DEALLOCATE", "DETACH", "DISCARD", "LISTEN", "LOAD", "PRAGMA", "RESET", "UNLISTEN"];

/// What is made for the connection, by the words between `CREATE` and it, or before it.
const TEMPORARY: [&str; 2] = ["TEMP", "TEMPORARY"];
const BEFORE_TEMPORARY: [&str; 4] = ["GLOBAL", "LOCAL", "OR", "REPLACE"];

/// What follows a `SET` that ends with the transaction.
const ENDING: [&str; 3] = ["CONSTRAINTS", "LOCAL", "TRANSACTION"];

/// Whether a comment holds another, and what ends a line.
const READINGS: [(bool, &[char]); 4] =
    [(true, &['\n']), (false, &['\n']), (true, &['\n', '\r']), (false, &['\n', '\r'])];

/// Refuses such statements, and what no database takes for one.
pub(super) fn refuse(sql: &str) -> Result<()> {
    if sql.contains('\0') {
        return Err(Error::invalid_input("sql", "holds a NUL character"));
    }
    if temporary::is_made(sql) {
        return Err(lasting());
    }
    // Databases differ in whether a comment holds another, and in what ends a line.
    for (nested, ends) in READINGS {
        let (first, rest) = first_word(sql, nested, ends);
        if is_one(first, &TRANSACTIONS) {
            let reason =
                "begins or ends a transaction: use `transaction` or `begin` of the session";
            return Err(Error::invalid_input("sql", reason));
        }
        let following = std::iter::successors(Some((first, rest)), |(_, rest)| {
            Some(first_word(rest, nested, ends)).filter(|(word, _)| !word.is_empty())
        });
        let mut following = following.skip(1).map(|(word, _)| word);
        let is_lasting = match first.to_ascii_uppercase().as_str() {
            "SET" => !following.next().is_some_and(|word| is_one(word, &ENDING)),
            "CREATE" => following
                .find(|word| !is_one(word, &BEFORE_TEMPORARY))
                .is_some_and(|word| is_one(word, &TEMPORARY)),
            _ => is_one(first, &CONNECTIONS),
        };
        if is_lasting {
            return Err(lasting());
        }
    }
    Ok(())
}

fn lasting() -> Error {
    Error::invalid_input("sql", "changes the connection, which is another's afterwards")
}

fn is_one(word: &str, of: &[&str]) -> bool {
    of.iter().any(|it| word.eq_ignore_ascii_case(it))
}

/// The first word, after spaces, comments and empty statements, and what follows it.
fn first_word<'s>(sql: &'s str, nested: bool, ends: &[char]) -> (&'s str, &'s str) {
    let mut rest = sql;
    loop {
        rest = rest.trim_start_matches(|c: char| c.is_whitespace() || c == ';' || c == '\u{feff}');
        rest = if rest.starts_with("--") {
            rest.find(ends).map_or("", |at| &rest[at..])
        } else if rest.starts_with("/*") {
            after_comment(rest, nested)
        } else {
            let end = rest.find(|c: char| !c.is_ascii_alphabetic()).unwrap_or(rest.len());
            return rest.split_at(end);
        };
    }
}

fn after_comment(text: &str, nested: bool) -> &str {
    let (mut depth, mut rest) = (1, &text[2..]);
    while depth > 0 {
        let end = rest.find("*/");
        let start = rest.find("/*").filter(|start| nested && end.is_some_and(|end| *start < end));
        let Some(at) = start.or(end) else { return "" };
        depth = if start.is_some() { depth + 1 } else { depth - 1 };
        rest = &rest[at + 2..];
    }
    rest
}

#[cfg(test)]
mod tests {
    use super::refuse;

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
            "deallocate all",
            "LISTEN a",
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
            "endless",
        ] {
            assert!(refuse(sql).is_ok(), "{sql}");
        }
    }
}
