//! One text for one JSON document: the text that `jsonb` prints.
//!
//! The members of an object are sorted by the length of their names, then by the bytes; of equal names the
//! last stays. Numbers have no exponent and keep the zeros of their fraction. What already is that text is
//! borrowed: it is read once and nothing is copied. Absent: numbers as values; their digits are text
//! throughout, so that none is rounded.

mod number;
mod output;
mod plain;
mod string;

use std::borrow::Cow;

use crate::value::InvalidValue;
use output::{Member, Output};

/// The most arrays and objects within each other that `serde_json` reads.
pub(crate) const DEEPEST: usize = 127;

/// The document in the text that Postgres prints of its `jsonb`.
///
/// # Errors
///
/// When it is no JSON, or none that `jsonb` stores: with a NUL character, half a surrogate pair or a number
/// of too many digits in it, or nested deeper than [`DEEPEST`].
pub(crate) fn canonical(text: &str) -> Result<Cow<'_, str>, InvalidValue> {
    if plain::is_plain(text) { Ok(Cow::Borrowed(text)) } else { read(text) }
}

/// The same of any text.
fn read(text: &str) -> Result<Cow<'_, str>, InvalidValue> {
    let mut reader = Reader { text, at: 0, depth: 0, output: Output::new(text) };
    reader.space();
    reader.value()?;
    reader.space();
    if reader.at < text.len() {
        return Err(no_json());
    }
    Ok(reader.output.finish())
}

fn no_json() -> InvalidValue {
    InvalidValue::new("is not JSON")
}

struct Reader<'t> {
    text: &'t str,
    at: usize,
    depth: usize,
    output: Output<'t>,
}

impl<'t> Reader<'t> {
    fn value(&mut self) -> Result<(), InvalidValue> {
        match self.peek() {
            Some(b'{') => self.object(),
            Some(b'[') => self.array(),
            Some(b'"') => self.string().map(drop),
            Some(b'-' | b'0'..=b'9') => self.number(),
            _ => self.word(),
        }
    }

    fn object(&mut self) -> Result<(), InvalidValue> {
        self.enter("{")?;
        let mut members: Vec<Member<'t>> = Vec::new();
        while !self.ends(b'}', members.is_empty())? {
            if self.peek() != Some(b'"') {
                return Err(no_json());
            }
            let start = self.output.len();
            let name = self.string()?;
            self.space();
            self.expect(b':')?;
            self.output.push(": ");
            self.space();
            self.value()?;
            members.push(Member { name, range: start..self.output.len() });
        }
        self.output.sort(members);
        self.leave("}");
        Ok(())
    }

    fn array(&mut self) -> Result<(), InvalidValue> {
        self.enter("[")?;
        let mut is_first = true;
        while !self.ends(b']', is_first)? {
            self.value()?;
            is_first = false;
        }
        self.leave("]");
        Ok(())
    }

    /// Whether the array or object ends here; if not, stands before its next element.
    fn ends(&mut self, end: u8, is_first: bool) -> Result<bool, InvalidValue> {
        self.space();
        if self.peek() == Some(end) {
            self.at += 1;
            return Ok(true);
        }
        if !is_first {
            self.expect(b',')?;
            self.output.push(", ");
            self.space();
        }
        Ok(false)
    }

    /// A string; returns what it says.
    fn string(&mut self) -> Result<Cow<'t, str>, InvalidValue> {
        let start = self.at + 1;
        let inside = &self.text[start..];
        let end = string::end(inside).ok_or_else(no_json)?;
        self.at = start + end + 1;
        let inside = &inside[..end];
        if !inside.contains('\\') {
            self.output.push(&self.text[start - 1..self.at]);
            return Ok(Cow::Borrowed(inside));
        }
        let said = string::unescape(inside)?;
        self.output.push(&string::quote(&said));
        Ok(Cow::Owned(said))
    }

    fn number(&mut self) -> Result<(), InvalidValue> {
        let rest = &self.text[self.at..];
        let is_inside = |byte: u8| matches!(byte, b'0'..=b'9' | b'-' | b'+' | b'.' | b'e' | b'E');
        let end = rest.bytes().position(|byte| !is_inside(byte)).unwrap_or(rest.len());
        self.output.push(&number::plain(&rest[..end])?);
        self.at += end;
        Ok(())
    }

    fn word(&mut self) -> Result<(), InvalidValue> {
        let rest = &self.text[self.at..];
        let found = ["true", "false", "null"].into_iter().find(|word| rest.starts_with(word));
        let word = found.ok_or_else(no_json)?;
        self.output.push(word);
        self.at += word.len();
        Ok(())
    }

    fn enter(&mut self, bracket: &str) -> Result<(), InvalidValue> {
        self.depth += 1;
        if self.depth > DEEPEST {
            return Err(InvalidValue::new(format!("is JSON nested deeper than {DEEPEST}")));
        }
        self.at += 1;
        self.output.push(bracket);
        Ok(())
    }

    fn leave(&mut self, bracket: &str) {
        self.depth -= 1;
        self.output.push(bracket);
    }

    fn space(&mut self) {
        while matches!(self.peek(), Some(b' ' | b'\t' | b'\n' | b'\r')) {
            self.at += 1;
        }
    }

    fn expect(&mut self, byte: u8) -> Result<(), InvalidValue> {
        if self.peek() != Some(byte) {
            return Err(no_json());
        }
        self.at += 1;
        Ok(())
    }

    fn peek(&self) -> Option<u8> {
        self.text.as_bytes().get(self.at).copied()
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used, reason = "a test that cannot go on has failed")]
mod tests {
    use super::*;

    #[test]
    fn a_canonical_document_is_borrowed() {
        for text in [
            "null",
            "[]",
            "{}",
            "-1.50",
            r#""a\nb\u001f""#,
            r#"{"b": 1, "aa": [true, {"": "é"}], "ab": {"c": -0.01}}"#,
        ] {
            assert!(matches!(canonical(text), Ok(Cow::Borrowed(same)) if same == text), "{text}");
            assert!(matches!(read(text), Ok(Cow::Borrowed(same)) if same == text), "{text}");
        }
    }

    /// Whether a text is canonical at a glance, and then it is.
    fn is_plain(text: &str) -> bool {
        let is_plain = plain::is_plain(text);
        assert!(!is_plain || matches!(read(text), Ok(Cow::Borrowed(_))), "{text}");
        is_plain
    }

    #[test]
    fn what_is_canonical_at_a_glance_is_canonical() {
        // Every text of a few of these parts: each rule is kept by some and broken by others.
        let parts =
            ["{", "}", "[", "]", "\"a\"", "\"bb\"", ": ", ", ", " ", "-", "0", "10", ".5", "e1"];
        let mut plain = 0;
        for number in 0..parts.len().pow(5) {
            let part = |place| parts[number / parts.len().pow(place) % parts.len()];
            plain += usize::from(is_plain(&(0..5).map(part).collect::<String>()));
        }
        assert!(plain > 100, "{plain}");
        for text in [
            r#"{"a": 1, "b": {"c": [true, false, null, {}, []]}, "aa": "\n\"\\é"}"#,
            r#"{"tags": ["export", "customer"], "lines": 12, "service": "billing-export"}"#,
            r#"[1, [[], [{"b": "}, {", "bb": [2, {"a": 2, "z": 1}]}]], {"": {"a": 0.0}}]"#,
            "-1.50",
        ] {
            assert!(is_plain(text), "{text}");
        }
    }

    #[test]
    fn what_takes_a_closer_look_is_not_judged_at_a_glance() {
        let deep = |depth| format!("{}{}", "[".repeat(depth), "]".repeat(depth));
        for text in [
            r#"{"a":1}"#,
            r#"{"\n": 1}"#,
            r#"{"b": 1, "a": 1}"#,
            r#"{"a": 1, "a": 1}"#,
            "\"\\u0061\"",
            "\"\\u0000\"",
            "\"\\/\"",
            "\"\u{1}\"",
            "-0",
            "1e3",
            "01",
            "1.",
            "1 2",
            &deep(DEEPEST + 1),
            &"9".repeat(301),
        ] {
            assert!(!is_plain(text), "{text}");
        }
        assert!(is_plain(&deep(DEEPEST)));
    }

    #[test]
    fn a_document_gets_the_text_of_jsonb() {
        for (text, expected) in [
            (" [ 1 ,2,\t[ ] , { } ]\n", "[1, 2, [], {}]"),
            (r#"{"bb":1,"a":2,"c":3}"#, r#"{"a": 2, "c": 3, "bb": 1}"#),
            (r#"{"a":1,"b":2,"a":3,"a":4}"#, r#"{"a": 4, "b": 2}"#),
            (r#"{"é":1,"zz":2,"z":{"q":1,"p":2}}"#, r#"{"z": {"p": 2, "q": 1}, "zz": 2, "é": 1}"#),
            (r#"{"\u0062": 1, "a": 2}"#, r#"{"a": 2, "b": 1}"#),
            (r#""\/\u00e9\ud83e\udd80\u001F\b\f""#, r#""/é🦀\u001f\b\f""#),
            ("0e0", "0"),
            ("[1e3, 1.10e1, -0, -0.0, 1E-2, 12e-1]", "[1000, 11.0, 0, 0.0, 0.01, 1.2]"),
        ] {
            assert_eq!(canonical(text).expect("it is valid"), expected);
            assert!(matches!(canonical(expected), Ok(Cow::Borrowed(_))), "{expected}");
        }
    }

    #[test]
    fn what_is_no_json_is_refused() {
        for text in [
            "",
            "[",
            "[1,]",
            "{,}",
            "{\"a\"}",
            "{\"a\":}",
            "{a:1}",
            "[1 2]",
            "1 2",
            "tru",
            "01",
            "1.",
            ".5",
            "+1",
            "1e",
            "-",
            "\"",
            "\"\n\"",
            "\"\\x\"",
            "\"\\u12\"",
            "\"\\ud800\"",
            "\"\\udc00\\ud800\"",
            "\"\\u0000\"",
            "1e131072",
            "1e-16384",
            "1e99999999999999999999",
        ] {
            assert!(canonical(text).is_err(), "{text}");
        }
        let deep = |depth| format!("{}{}", "[".repeat(depth), "]".repeat(depth));
        assert!(canonical(&deep(DEEPEST)).is_ok());
        assert!(canonical(&deep(DEEPEST + 1)).is_err());
    }
}
