//! The words of SQL by hand, as a database reads them: names, texts and signs, without spaces and comments.
//!
//! Databases differ in what is quoted and in where a comment ends, so each way to read a text is a [`Reading`]. Not
//! here: what the words mean.

use super::passage::{dollar_quoted, escaped, quoted};

/// How a database reads a text.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Reading {
    /// A comment may hold others, and a line ends with `\r` as well. `'a'`, `E'a'` and `$$a$$` are texts, and only in
    /// `E'a'` a backslash escapes, as `standard_conforming_strings` has it where nobody turns that off.
    Postgres,
    /// A comment ends at the first `*/`. `'a'`, `` `a` `` and `[a]` may be names.
    Sqlite,
}

/// All of them: whatever the database at hand is, a text is looked at in each.
pub(super) const READINGS: [Reading; 2] = [Reading::Postgres, Reading::Sqlite];

/// A word of SQL.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Word<'s> {
    /// A keyword, or a name without quotes.
    Bare(&'s str),
    /// A name in quotes, without them.
    Quoted(&'s str),
    /// A name that is written with escapes: `U&"\0061"`.
    Escaped,
    /// A text, without its quotes.
    Text(&'s str),
    /// Anything else, digits too.
    Sign(char),
}

impl<'s> Word<'s> {
    /// Whether it is this keyword.
    pub(super) fn is(self, keyword: &str) -> bool {
        matches!(self, Word::Bare(word) if word.eq_ignore_ascii_case(keyword))
    }

    /// Whether it is one of these keywords.
    pub(super) fn is_one(self, keywords: &[&str]) -> bool {
        keywords.iter().any(|it| self.is(it))
    }

    /// What it names, where it is a name: quotes that are doubled in it stay so.
    pub(super) fn name(self) -> Option<&'s str> {
        match self {
            Word::Bare(name) | Word::Quoted(name) => Some(name),
            _ => None,
        }
    }
}

/// The words of the text, in their order.
pub(super) fn words(sql: &str, reading: Reading) -> impl Iterator<Item = Word<'_>> {
    let mut rest = sql;
    std::iter::from_fn(move || {
        let text = after_spaces(rest, reading);
        let (word, length) = first(text, reading)?;
        rest = &text[length..];
        Some(word)
    })
}

/// The word that the text starts with, and its length.
fn first(text: &str, reading: Reading) -> Option<(Word<'_>, usize)> {
    let next = text.chars().next()?;
    let found = match reading {
        Reading::Postgres => of_postgres(text, next),
        Reading::Sqlite => of_sqlite(text, next),
    };
    let is_name = is_of_name(next) && !next.is_ascii_digit() && next != '$';
    Some(match found {
        Some(found) => found,
        None if next == '"' => (Word::Quoted(inside(&text[..quoted(text)])), quoted(text)),
        None if is_name => {
            let length = text.find(|c| !is_of_name(c)).unwrap_or(text.len());
            (Word::Bare(&text[..length]), length)
        }
        None => (Word::Sign(next), next.len_utf8()),
    })
}

/// The same for what only Postgres quotes so.
fn of_postgres(text: &str, next: char) -> Option<(Word<'_>, usize)> {
    let follows = |what| text[next.len_utf8()..].starts_with(what);
    match next {
        '\'' => Some((Word::Text(inside(&text[..quoted(text)])), quoted(text))),
        'e' | 'E' if follows("'") => {
            let length = 1 + escaped(&text[1..]);
            Some((Word::Text(inside(&text[1..length])), length))
        }
        'u' | 'U' if follows("&\"") => Some((Word::Escaped, 2 + quoted(&text[2..]))),
        '$' => {
            let length = dollar_quoted(text)?;
            let tag = 2 + text[1..].find('$')?;
            Some((Word::Text(&text[tag..length - tag]), length))
        }
        _ => None,
    }
}

/// The same for what only SQLite quotes so.
fn of_sqlite(text: &str, next: char) -> Option<(Word<'_>, usize)> {
    match next {
        '\'' | '`' => Some((Word::Quoted(inside(&text[..quoted(text)])), quoted(text))),
        '[' => {
            let end = text.find(']').unwrap_or(text.len());
            Some((Word::Quoted(&text[1..end]), text.len().min(end + 1)))
        }
        _ => None,
    }
}

/// What is between the quotes, of which the last may be missing.
fn inside(quoted: &str) -> &str {
    let (quote, inside) = quoted.split_at(1);
    inside.strip_suffix(quote).unwrap_or(inside)
}

/// Both databases take whatever is not ASCII for a letter, spaces too.
fn is_of_name(c: char) -> bool {
    c.is_ascii_alphanumeric() || c == '_' || c == '$' || !c.is_ascii()
}

/// What follows spaces, comments and a byte order mark.
fn after_spaces(text: &str, reading: Reading) -> &str {
    let mut rest = text;
    loop {
        rest = rest.trim_start_matches([' ', '\t', '\n', '\r', '\u{b}', '\u{c}', '\u{feff}']);
        rest = if rest.starts_with("--") {
            let end = match reading {
                Reading::Postgres => rest.find(['\n', '\r']),
                Reading::Sqlite => rest.find('\n'),
            };
            end.map_or("", |at| &rest[at..])
        } else if rest.starts_with("/*") {
            after_comment(rest, reading)
        } else {
            return rest;
        };
    }
}

fn after_comment(text: &str, reading: Reading) -> &str {
    let (mut depth, mut rest) = (1, &text[2..]);
    while depth > 0 {
        let end = rest.find("*/");
        let is_within =
            |start: &usize| reading == Reading::Postgres && end.is_some_and(|end| *start < end);
        let start = rest.find("/*").filter(is_within);
        let Some(at) = start.or(end) else { return "" };
        depth = if start.is_some() { depth + 1 } else { depth - 1 };
        rest = &rest[at + 2..];
    }
    rest
}

#[cfg(test)]
mod tests {
    use super::Word::{Bare, Escaped, Quoted, Sign, Text};
    use super::{Reading, Word, words};

    fn read(sql: &str, reading: Reading) -> Vec<Word<'_>> {
        words(sql, reading).collect()
    }

    #[test]
    fn quotes_are_those_of_each_database() {
        let on_postgres = |sql| read(sql, Reading::Postgres);
        let on_sqlite = |sql| read(sql, Reading::Sqlite);
        assert_eq!(on_postgres("a$1.\"b\"\"c\""), [Bare("a$1"), Sign('.'), Quoted("b\"\"c")]);
        assert_eq!(on_postgres("'a''b' E'\\'c' d"), [Text("a''b"), Text("\\'c"), Bare("d")]);
        assert_eq!(on_postgres("$$ a $$ $b$ $$ $b$"), [Text(" a "), Text(" $$ ")]);
        assert_eq!(on_postgres("u&\"a b\" 1"), [Escaped, Sign('1')]);
        assert_eq!(on_postgres("[a]"), [Sign('['), Bare("a"), Sign(']')]);
        assert_eq!(on_sqlite("'a''b' `c` [d e]"), [Quoted("a''b"), Quoted("c"), Quoted("d e")]);
        assert_eq!(on_sqlite("e'\\' f"), [Bare("e"), Quoted("\\"), Bare("f")]);
        assert_eq!(on_sqlite("\u{feff}a\u{a0}b 'no end"), [Bare("a\u{a0}b"), Quoted("no end")]);
    }

    #[test]
    fn comments_end_where_each_database_has_it() {
        for (sql, on_postgres, on_sqlite) in [
            (
                "/* /* a */ b */ c",
                vec![Bare("c")],
                vec![Bare("b"), Sign('*'), Sign('/'), Bare("c")],
            ),
            ("-- a\rb\nc", vec![Bare("b"), Bare("c")], vec![Bare("c")]),
            ("/* no end", vec![], vec![]),
            ("-- no end", vec![], vec![]),
        ] {
            assert_eq!(read(sql, Reading::Postgres), on_postgres, "{sql}");
            assert_eq!(read(sql, Reading::Sqlite), on_sqlite, "{sql}");
        }
    }
}
