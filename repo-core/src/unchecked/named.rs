//! A query by hand as a table: its named parameters numbered, and what would end it refused.

use crate::dialect::quote;
use crate::error::{Error, Result};

use super::passage::{name, passage};
use super::words::{READINGS, Word, words};

/// A query, and the names of its parameters in the order of their numbers.
#[derive(Debug, PartialEq)]
pub(super) struct Numbered {
    pub(super) sql: String,
    pub(super) names: Vec<String>,
}

/// Gives each `:name` its number: `$1` is the first.
pub(super) fn number(query: &str) -> Result<Numbered> {
    let mut found = Numbered { sql: String::with_capacity(query.len()), names: Vec::new() };
    let (mut rest, mut depth) = (query, 0_usize);
    while let Some(next) = rest.chars().next() {
        let length = match next {
            '$' => return Err(refused("has parameters with names: write `:name`")),
            ';' if is_over(&rest[1..]) => break,
            ';' => return Err(refused("is more than one statement")),
            ':' if rest.starts_with("::") => 2,
            ':' if name(&rest[1..]) > 0 => {
                let length = name(&rest[1..]);
                found.parameter(&rest[1..=length]);
                rest = &rest[1 + length..];
                continue;
            }
            other => {
                depth = match other {
                    '(' => depth + 1,
                    ')' => depth.checked_sub(1).ok_or_else(|| refused("closes too much"))?,
                    _ => depth,
                };
                passage(rest).unwrap_or(other.len_utf8())
            }
        };
        found.sql.push_str(&rest[..length]);
        rest = &rest[length..];
    }
    Ok(found)
}

/// Whether nothing comes any more but comments.
fn is_over(rest: &str) -> bool {
    let rest = rest.trim_start();
    let comment = passage(rest).filter(|_| rest.starts_with("--") || rest.starts_with("/*"));
    rest.is_empty() || comment.is_some_and(|length| is_over(&rest[length..]))
}

/// The query for these columns of another query.
pub(super) fn columns_of(query: &str, columns: &[&str]) -> String {
    let mut sql = String::from("SELECT ");
    for (position, column) in columns.iter().enumerate() {
        sql.push_str(if position > 0 { ", " } else { "" });
        quote(&mut sql, column);
    }
    // On lines of its own: it may end in a comment.
    sql.push_str(" FROM (\n");
    sql.push_str(query);
    sql.push_str("\n) AS \"repo_sql\"");
    sql
}

/// What of a query may be names, as each database reads it: SQLite takes every kind of quotes for those of a name.
pub(super) fn named(query: &str) -> Vec<String> {
    let words = READINGS.into_iter().flat_map(|reading| words(query, reading));
    words.filter_map(Word::name).map(|it| it.replace("\"\"", "\"").replace("``", "`")).collect()
}

impl Numbered {
    fn parameter(&mut self, name: &str) {
        let known = self.names.iter().position(|known| known == name);
        let index = known.unwrap_or_else(|| {
            self.names.push(name.to_owned());
            self.names.len() - 1
        });
        self.sql.push_str(&format!("${}", index + 1));
    }
}

fn refused(reason: &'static str) -> Error {
    Error::invalid_input("sql", reason)
}

#[cfg(test)]
mod tests {
    use super::{Numbered, named, number};

    #[test]
    fn names_get_numbers_outside_of_quotes_and_comments() {
        let sql = "SELECT a::text, ':x', \":y\" -- :z\n FROM t /* :w */ WHERE a = :a AND b = :b_1 OR c = :a;";
        let Numbered { sql, names } = number(sql).expect("it is a query");
        assert_eq!(names, ["a", "b_1"]);
        assert!(sql.ends_with("WHERE a = $1 AND b = $2 OR c = $1"), "{sql}");
        assert!(sql.contains("a::text, ':x', \":y\" -- :z\n"), "{sql}");
    }

    #[test]
    fn an_escaped_quote_is_within_its_quotes() {
        let sql = "SELECT E'\\'' || :a, e'\\\\', date'1' WHERE type = ':b'";
        let Numbered { sql, names } = number(sql).expect("it is a query");
        assert_eq!(names, ["a"]);
        assert!(sql.contains("|| $1, e'"), "{sql}");
        assert!(named("SELECT E'\\'', a FROM tasks WHERE b = ''").contains(&"tasks".to_owned()));
    }

    #[test]
    fn what_would_end_the_query_is_refused() {
        for sql in ["SELECT 1; DROP TABLE t", "SELECT 1) AS x, (SELECT 2", "SELECT $1"] {
            assert!(number(sql).is_err(), "{sql}");
        }
        assert!(number("SELECT 1; -- a\n DROP TABLE t").is_err());
        for sql in ["SELECT ';)', (1);  ", "SELECT 1; -- a", "SELECT 1;\n/* a */ -- b\n"] {
            assert!(number(sql).is_ok(), "{sql}");
        }
    }

    #[test]
    fn the_words_are_those_that_may_be_names() {
        let found = named("SELECT t.\"Ab\" FROM Tasks t -- not this\nWHERE x = 'nor this'");
        let on_both = ["SELECT", "t", "Ab", "FROM", "Tasks", "t", "WHERE", "x"];
        assert_eq!(found[..8], on_both);
        assert_eq!(found[8..16], on_both);
        assert_eq!(found[16..], ["nor this"]);
    }

    #[test]
    fn a_name_is_seen_in_every_kind_of_quotes_and_behind_every_end_of_a_line() {
        for sql in ["FROM \"a \"\"b\"\"\"", "FROM [a \"b\"]", "FROM `a \"b\"`"] {
            assert!(named(sql).contains(&"a \"b\"".to_owned()), "{sql}: {:?}", named(sql));
        }
        for sql in ["x[(SELECT n FROM tasks)]", "a ` b FROM tasks `", "-- a\rFROM tasks"] {
            assert!(named(sql).contains(&"tasks".to_owned()), "{sql}: {:?}", named(sql));
        }
    }

    #[test]
    fn a_comment_in_a_comment_hides_no_name() {
        for sql in ["/* /* */ ' */ FROM tasks /* ' */", "/* /* */ FROM tasks -- */"] {
            assert!(named(sql).contains(&"tasks".to_owned()), "{sql}: {:?}", named(sql));
        }
    }
}
