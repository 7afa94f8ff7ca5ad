//! Names that are nothing but names.
//!
//! SQLite takes a name in double quotes that no column has for a text, unless a switch of the connection forbids it.
//! That switch is the application's, and at each change of it SQLite prepares all statements of the connection
//! again. In backquotes a name is a name whatever the switch says.
//!
//! How SQLite tells what is quoted: <https://www.sqlite.org/lang_keywords.html>.

/// The statement with the names that are in double quotes in backquotes.
pub(crate) fn in_backquotes(sql: &str) -> String {
    let mut text = String::with_capacity(sql.len());
    let mut rest = sql;
    while let Some(at) = rest.bytes().position(|byte| b"'\"`[-/".contains(&byte)) {
        text.push_str(&rest[..at]);
        rest = &rest[at..];
        let (length, is_name) = passage(rest);
        let (passage, after) = rest.split_at(length);
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
        [b'"', ..] => match end_of_name(rest.as_bytes()) {
            Some(end) => (end, true),
            None => (rest.len(), false),
        },
        // A quote that is doubled inside is the end of one passage and the beginning of another.
        [b'\'', ..] => (until(1, "'"), false),
        [b'`', ..] => (until(1, "`"), false),
        [b'[', ..] => (until(1, "]"), false),
        [b'-', b'-', ..] => (until(2, "\n"), false),
        [b'/', b'*', ..] => (until(2, "*/"), false),
        _ => (1, false),
    }
}

fn end_of_name(rest: &[u8]) -> Option<usize> {
    let mut at = 1;
    loop {
        at += rest[at..].iter().position(|byte| *byte == b'"')? + 1;
        if rest.get(at) != Some(&b'"') {
            return Some(at);
        }
        at += 1;
    }
}

#[cfg(test)]
mod tests {
    use super::in_backquotes;

    #[test]
    fn names_in_double_quotes_are_names_in_backquotes() {
        let cases = [
            ("SELECT \"a\", \"b c\" FROM \"t\"", "SELECT `a`, `b c` FROM `t`"),
            ("\"say \"\"hi\"\"\"", "`say \"hi\"`"),
            ("\"a`b\"", "`a``b`"),
            ("\"\"", "``"),
            ("\"größe\" = '🦀'", "`größe` = '🦀'"),
        ];
        for (sql, expected) in cases {
            assert_eq!(in_backquotes(sql), expected);
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
