//! Passages of SQL by hand in which nothing is a name or a parameter: what is quoted, and comments.
//!
//! Dollar quotes are apart: a query with named parameters cannot have them.

/// The length of the passage, or of the name, that the text starts with.
pub(super) fn passage(text: &str) -> Option<usize> {
    let next = text.chars().next()?;
    let length = match next {
        '\'' | '"' => quoted(text),
        // For Postgres a line ends with either.
        '-' if text.starts_with("--") => text.find(['\n', '\r']).unwrap_or(text.len()),
        '/' if text.starts_with("/*") => text.find("*/").map_or(text.len(), |at| at + 2),
        'e' | 'E' if text[1..].starts_with('\'') => 1 + escaped(&text[1..]),
        _ => name(text),
    };
    (length > 0).then_some(length)
}

/// The length of what is between two `$tag$` of Postgres, with them.
pub(super) fn dollar_quoted(text: &str) -> Option<usize> {
    let tag = 1 + name(text.strip_prefix('$')?);
    text[tag..].starts_with('$').then_some(())?;
    let tag = &text[..=tag];
    let end = text[tag.len()..].find(tag)?;
    Some(end + 2 * tag.len())
}

/// The length of the name that the text starts with. Whatever is not ASCII is a letter.
pub(super) fn name(text: &str) -> usize {
    let is_first = |c: char| c.is_ascii_alphabetic() || c == '_' || !c.is_ascii();
    let end = text.find(|c| !is_first(c) && !c.is_ascii_digit()).unwrap_or(text.len());
    if text.starts_with(is_first) { end } else { 0 }
}

/// The length of what the text starts with in quotes, with them. A doubled quote is one within.
pub(super) fn quoted(text: &str) -> usize {
    ended(text, false)
}

/// The same where a backslash takes a quote its meaning: `E'\''` of Postgres.
pub(super) fn escaped(text: &str) -> usize {
    ended(text, true)
}

fn ended(text: &str, escapes: bool) -> usize {
    let quote = text.chars().next();
    let mut chars = text.char_indices().skip(1).peekable();
    while let Some((at, next)) = chars.next() {
        let follows = chars.peek().map(|(_, follows)| *follows);
        let is_quote = Some(next) == quote;
        if is_quote && follows != quote {
            return at + next.len_utf8();
        }
        if is_quote || escapes && next == '\\' {
            chars.next();
        }
    }
    text.len()
}

#[cfg(test)]
mod tests {
    use super::{dollar_quoted, escaped, quoted};

    #[test]
    fn what_is_between_two_tags_is_a_passage() {
        for (text, length) in [
            ("$$ SELECT $1 $$ x", Some(15)),
            ("$a$ $$ $1 $a$;", Some(13)),
            ("$$$$", Some(4)),
            ("$→$ $1 $→$ x", Some(14)),
            ("$$ no end", None),
            ("$a no tag", None),
            ("$ 1", None),
            ("a", None),
        ] {
            assert_eq!(dollar_quoted(text), length, "{text}");
        }
    }

    #[test]
    fn a_quote_that_is_doubled_or_escaped_is_within() {
        for (text, plain, with_escapes) in [
            ("'a' b", 3, 3),
            ("'a''b' c", 6, 6),
            (r"'a\' b' c", 4, 7),
            (r"'a''\' b' c", 6, 9),
            ("''", 2, 2),
            ("'no end", 7, 7),
        ] {
            assert_eq!((quoted(text), escaped(text)), (plain, with_escapes), "{text}");
        }
    }
}
