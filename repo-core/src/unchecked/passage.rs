//! Passages of SQL by hand in which nothing is a name or a parameter: what is quoted, and comments.
//!
//! Dollar quotes are apart: a query with named parameters cannot have them.

/// The length of the passage, or of the name, that the text starts with.
pub(super) fn passage(text: &str) -> Option<usize> {
    let next = text.chars().next()?;
    let length = match next {
        '\'' | '"' => quoted(text, next),
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

/// The length of the name that the text starts with.
pub(super) fn name(text: &str) -> usize {
    let is_first = text.starts_with(|c: char| c.is_alphabetic() || c == '_');
    let end = text.find(|c: char| !c.is_alphanumeric() && c != '_').unwrap_or(text.len());
    if is_first { end } else { 0 }
}

/// The length of what is quoted, with its quotes. A doubled quote ends it, and starts the next.
fn quoted(text: &str, quote: char) -> usize {
    text[1..].find(quote).map_or(text.len(), |at| at + 2)
}

/// The same where a backslash takes a quote its meaning: `E'\''` of Postgres.
fn escaped(text: &str) -> usize {
    let mut is_escaped = false;
    let end = text[1..].find(|c: char| {
        let is_end = c == '\'' && !is_escaped;
        is_escaped = c == '\\' && !is_escaped;
        is_end
    });
    end.map_or(text.len(), |at| at + 2)
}

#[cfg(test)]
mod tests {
    use super::dollar_quoted;

    #[test]
    fn what_is_between_two_tags_is_a_passage() {
        for (text, length) in [
            ("$$ SELECT $1 $$ x", Some(15)),
            ("$a$ $$ $1 $a$;", Some(13)),
            ("$$$$", Some(4)),
            ("$$ no end", None),
            ("$a no tag", None),
            ("$ 1", None),
            ("a", None),
        ] {
            assert_eq!(dollar_quoted(text), length, "{text}");
        }
    }
}
