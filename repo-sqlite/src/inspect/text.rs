//! What only the text of a schema's statements tells: the checks of a table, the rows of an index.
//!
//! The text is what SQLite itself read and kept, so it is well formed. It is cut into tokens, no more: a
//! quote, a comment or a bracket inside a string is not taken for one.

use std::iter::Peekable;
use std::str::CharIndices;

/// A word, a quoted name, a text, or one character of anything else.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Token<'a> {
    /// As it stands.
    pub(super) text: &'a str,
    start: usize,
}

/// Which rows an index is about.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Predicate {
    /// Those where this column is NULL.
    IsNull(String),
    /// Others.
    Other(String),
}

/// The checks of a `CREATE TABLE`: names, empty where there is none, and conditions.
pub(super) fn checks(sql: &str) -> Vec<(String, String)> {
    let tokens = tokens(sql);
    let mut checks = Vec::new();
    for (at, token) in tokens.iter().enumerate() {
        let open = tokens.get(at + 1).filter(|next| next.text == "(");
        let (true, Some(open)) = (token.is("CHECK"), open) else { continue };
        let end = closing(&tokens[at + 1..]);
        let name = match at.checked_sub(2).map(|before| &tokens[before..at]) {
            Some([constraint, name]) if constraint.is("CONSTRAINT") => name.name(),
            _ => String::new(),
        };
        checks.push((name, sql[open.start + 1..end].trim().to_owned()));
    }
    checks
}

/// The condition of a `CREATE INDEX .. WHERE`.
pub(super) fn predicate(sql: &str) -> Predicate {
    let tokens = tokens(sql);
    let Some(at) = tokens.iter().rposition(|token| token.is("WHERE")) else {
        return Predicate::Other(sql.to_owned());
    };
    let condition = without_brackets(&tokens[at + 1..]);
    if let Some(column) = is_null(condition).and_then(column) {
        return Predicate::IsNull(column);
    }
    match condition {
        [first, .., last] => {
            Predicate::Other(sql[first.start..last.start + last.text.len()].to_owned())
        }
        [only] => Predicate::Other(only.text.to_owned()),
        [] => Predicate::Other(String::new()),
    }
}

/// What is said to be NULL.
fn is_null<'t, 'a>(condition: &'t [Token<'a>]) -> Option<&'t [Token<'a>]> {
    match condition {
        [what @ .., is, null] if is.is("IS") && null.is("NULL") => Some(what),
        [what @ .., isnull] if isnull.is("ISNULL") => Some(what),
        _ => None,
    }
}

/// The name of a column, behind that of its table or not.
fn column(expression: &[Token<'_>]) -> Option<String> {
    let name = match without_brackets(expression) {
        [name] => name,
        [_, dot, name] if dot.text == "." => name,
        [_, dot, _, other, name] if dot.text == "." && other.text == "." => name,
        _ => return None,
    };
    // In such quotes it is a text.
    (!name.text.starts_with('\'')).then(|| name.name())
}

impl Token<'_> {
    pub(super) fn is(&self, keyword: &str) -> bool {
        self.text.eq_ignore_ascii_case(keyword)
    }

    /// Without its quotes.
    pub(super) fn name(&self) -> String {
        let inner = || &self.text[1..self.text.len() - 1];
        match self.text.chars().next() {
            Some(quote @ ('"' | '`' | '\'')) => {
                inner().replace(&format!("{quote}{quote}"), &quote.to_string())
            }
            Some('[') => inner().to_owned(),
            _ => self.text.to_owned(),
        }
    }
}

/// The tokens between brackets that are around all of them.
fn without_brackets<'t, 'a>(mut tokens: &'t [Token<'a>]) -> &'t [Token<'a>] {
    while let [open, inner @ .., close] = tokens
        && open.text == "("
        && closing(tokens) == close.start
    {
        tokens = inner;
    }
    tokens
}

/// Where the bracket that `tokens` start with is closed.
fn closing(tokens: &[Token<'_>]) -> usize {
    let mut depth = 0;
    for token in tokens {
        match token.text {
            "(" => depth += 1,
            ")" => depth -= 1,
            _ => {}
        }
        if depth == 0 {
            return token.start;
        }
    }
    // Not of a text that SQLite has read.
    tokens.last().map_or(0, |token| token.start)
}

pub(super) fn tokens(sql: &str) -> Vec<Token<'_>> {
    let mut chars = sql.char_indices().peekable();
    let mut tokens = Vec::new();
    while let Some((start, first)) = chars.next() {
        let is_token = match first {
            '"' | '`' | '\'' => skip_quoted(&mut chars, first),
            '[' => skip_bracketed(&mut chars),
            '-' if next_is(&mut chars, '-') => skip_until(&mut chars, "\n"),
            '/' if next_is(&mut chars, '*') => skip_until(&mut chars, "*/"),
            first if is_word(first) => {
                while chars.next_if(|(_, next)| is_word(*next)).is_some() {}
                true
            }
            first => !first.is_whitespace(),
        };
        if is_token {
            let end = chars.peek().map_or(sql.len(), |(at, _)| *at);
            tokens.push(Token { text: &sql[start..end], start });
        }
    }
    tokens
}

fn is_word(character: char) -> bool {
    character.is_alphanumeric() || matches!(character, '_' | '$') || !character.is_ascii()
}

fn next_is(chars: &mut Peekable<CharIndices<'_>>, wanted: char) -> bool {
    chars.next_if(|(_, next)| *next == wanted).is_some()
}

/// Passes the end of something quoted, which is doubled where it stands for itself.
fn skip_quoted(chars: &mut Peekable<CharIndices<'_>>, quote: char) -> bool {
    while let Some((_, next)) = chars.next() {
        if next == quote && !next_is(chars, quote) {
            break;
        }
    }
    true
}

/// Passes the end of a name in brackets, which none can stand in.
fn skip_bracketed(chars: &mut Peekable<CharIndices<'_>>) -> bool {
    chars.any(|(_, next)| next == ']');
    true
}

/// Passes a comment.
fn skip_until(chars: &mut Peekable<CharIndices<'_>>, end: &str) -> bool {
    let mut passed = String::new();
    while !passed.ends_with(end) {
        let Some((_, next)) = chars.next() else { break };
        passed.push(next);
    }
    false
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_check_is_found_whatever_stands_around_it() {
        let sql = r#"CREATE TABLE "CHECK (x)" (
            a TEXT NOT NULL CONSTRAINT "t_a_check" CHECK (a IN ('x', ')', 'it''s')), -- CHECK (no)
            b TEXT check(length(b) <= 4) /* CHECK ( */,
            [c d] TEXT CONSTRAINT `odd``name` CHECK ((1) AND "(" <> '[')
        ) STRICT"#;
        let expected = [
            ("t_a_check", "a IN ('x', ')', 'it''s')"),
            ("", "length(b) <= 4"),
            ("odd`name", "(1) AND \"(\" <> '['"),
        ];
        let expected = expected.map(|(name, condition)| (name.to_owned(), condition.to_owned()));
        assert_eq!(checks(sql), expected);
    }

    #[test]
    fn the_rows_of_an_index_are_told() {
        let is_null = |column: &str| Predicate::IsNull(column.to_owned());
        let index = |end: &str| format!("CREATE UNIQUE INDEX \"where\" ON t (a, \"where\") {end}");
        assert_eq!(predicate(&index("WHERE \"gone \"\"at\"\"\" IS NULL")), is_null("gone \"at\""));
        assert_eq!(predicate(&index("where[gone_at]/**/is\nnull -- live")), is_null("gone_at"));
        assert_eq!(predicate(&index("WHERE (( gone_at IS NULL ))")), is_null("gone_at"));
        for same in [
            "gone_at ISNULL",
            "t.gone_at IS NULL",
            "\"t\" . [gone_at] isnull",
            "((main.t.gone_at) IS NULL)",
        ] {
            assert_eq!(predicate(&index(&format!("WHERE {same}"))), is_null("gone_at"), "{same}");
        }
        for other in [
            "gone_at IS NULL AND 1",
            "a = gone_at IS NULL",
            "a + t.gone_at ISNULL",
            "-gone_at ISNULL",
            "'gone_at' IS NULL",
            "gone_at NOTNULL",
        ] {
            let expected = Predicate::Other(other.to_owned());
            assert_eq!(predicate(&index(&format!("WHERE {other}"))), expected);
        }
    }
}
