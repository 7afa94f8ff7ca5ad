//! Passages of SQL by hand in which nothing is a name or a parameter: what is quoted, and comments.
//!
//! Absent: dollar quotes, which a query with named parameters cannot have.

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
