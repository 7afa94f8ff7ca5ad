//! Names that are nothing but names.
//!
//! SQLite takes a name in double quotes that no column has for a text, unless a switch of the connection forbids it.
//! That switch is the application's, and at each change of it SQLite prepares all statements of the connection
//! again. In backquotes a name is a name whatever the switch says.
//!
//! How SQLite tells what is quoted: <https://www.sqlite.org/lang_keywords.html>. What it calls an expression that has
//! no name is the text, and so another one here: SQLite promises none.

/// The statement with the names that are in double quotes in backquotes.
pub(crate) fn in_backquotes(sql: &str) -> String {
    let mut text = String::with_capacity(sql.len());
    let mut rest = sql;
    while let Some(at) = rest.bytes().position(|byte| b"'\"`[-/".contains(&byte)) {
        text.push_str(&rest[..at]);
        rest = &rest[at..];
        let (length, is_name) = passage(rest);
        let (passage, after) = rest.split_at(length);
        if text.ends_with('`') && (is_name || passage.starts_with('`')) {
            // Two names side by side are not one with a quote in it.
            text.push(' ');
        }
        if is_name {
            let name = passage[1..length - 1].replace("\"\"", "\"").replace('`', "``");
            text.push('`');
            text.push_str(&name);
            text.push('`');
        } else {
            text.push_str(passage);
        }
        rest = after;
    }
    text.push_str(rest);
    text
}

/// How long what begins here is, and whether it is a name in double quotes. What nothing ends goes on to the end of
/// the text.
fn passage(rest: &str) -> (usize, bool) {
    let until = |from: usize, end: &str| {
        rest[from..].find(end).map_or(rest.len(), |at| from + at + end.len())
    };
    match rest.as_bytes() {
        [quote @ (b'"' | b'`'), ..] => match end_of_name(rest.as_bytes(), *quote) {
            Some(end) => (end, *quote == b'"'),
            None => (rest.len(), false),
        },
        // A quote that is doubled inside is the end of one passage and the beginning of another.
        [b'\'', ..] => (until(1, "'"), false),
        [b'[', ..] => (until(1, "]"), false),
        [b'-', b'-', ..] => (until(2, "\n"), false),
        [b'/', b'*', ..] => (until(2, "*/"), false),
        _ => (1, false),
    }
}

/// Behind the quote that ends a name. One that is doubled is a part of it.
fn end_of_name(rest: &[u8], quote: u8) -> Option<usize> {
    let mut at = 1;
    loop {
        at += rest[at..].iter().position(|byte| *byte == quote)? + 1;
        if rest.get(at) != Some(&quote) {
            return Some(at);
        }
        at += 1;
    }
}

/// Whether a statement makes something of which SQLite keeps the text.
pub(crate) fn is_kept_as_text(sql: &str) -> bool {
    let mut rest = sql.trim_start();
    while rest.starts_with("--") || rest.starts_with("/*") {
        rest = rest[passage(rest).0..].trim_start();
    }
    let word = rest.split(|c: char| !c.is_ascii_alphabetic()).next().unwrap_or_default();
    ["create", "alter"].iter().any(|it| word.eq_ignore_ascii_case(it))
}

#[cfg(test)]
mod tests {
    use super::{in_backquotes, is_kept_as_text};

    #[test]
    fn names_in_double_quotes_are_names_in_backquotes() {
        let cases = [
            ("SELECT \"a\", \"b c\" FROM \"t\"", "SELECT `a`, `b c` FROM `t`"),
            ("\"say \"\"hi\"\"\"", "`say \"hi\"`"),
            ("\"a`b\"", "`a``b`"),
            ("\"\"", "``"),
            ("\"größe\" = '🦀'", "`größe` = '🦀'"),
            ("`n`\"m\"", "`n` `m`"),
            ("\"n\"`m`", "`n` `m`"),
            ("\"a\"\"b\"'c'\"d\"", "`a\"b`'c'`d`"),
        ];
        for (sql, expected) in cases {
            assert_eq!(in_backquotes(sql), expected);
        }
    }

    #[test]
    fn what_is_made_is_told_by_its_first_word() {
        for sql in
            ["CREATE VIEW v AS SELECT 1", " alter\ttable t", "-- why\n/* that */create table t(n)"]
        {
            assert!(is_kept_as_text(sql), "{sql}");
        }
        for sql in
            ["", "SELECT 'create'", "INSERT INTO created VALUES (1)", "-- create", "/*", "created"]
        {
            assert!(!is_kept_as_text(sql), "{sql}");
        }
    }

    #[test]
    fn texts_comments_and_other_names_stay_as_they_are() {
        for sql in [
            "",
            "'\"a\"'",
            "'it''s \"a\"'",
            "`\"a\"`",
            "`a``\"b\"`",
            "[\"a\"]",
            "1 - 2 / 3 -- \"a\"",
            "-- \"a\"\n1",
            "/* \"a\" */ 1",
            "json_extract(x, '$.\"a b\"')",
            "\"never ends",
            "'never ends \"a\"",
            "/* never ends \"a\"",
        ] {
            assert_eq!(in_backquotes(sql), sql);
        }
        assert_eq!(in_backquotes("-- \"a\"\n\"b\""), "-- \"a\"\n`b`");
        assert_eq!(in_backquotes("/* ' */ \"b\""), "/* ' */ `b`");
    }
}
