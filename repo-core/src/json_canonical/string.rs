//! Strings of JSON: what they say, and how they are written.

use super::no_json;
use crate::value::InvalidValue;

/// Where the closing quote of a string stands, given what follows the opening one.
pub(super) fn end(inside: &str) -> Option<usize> {
    let bytes = inside.as_bytes();
    let mut at = 0;
    loop {
        match bytes.get(at)? {
            b'"' => return Some(at),
            b'\\' => at += 2,
            0..=0x1f => return None,
            _ => at += 1,
        }
    }
}

/// What a string says.
pub(super) fn unescape(inside: &str) -> Result<String, InvalidValue> {
    let mut said = String::with_capacity(inside.len());
    let mut rest = inside;
    while let Some(at) = rest.find('\\') {
        said.push_str(&rest[..at]);
        rest = &rest[at + 1..];
        let (character, length) = escape(rest)?;
        said.push(character);
        rest = &rest[length..];
    }
    said.push_str(rest);
    Ok(said)
}

/// The string in quotes: with an escape only where JSON asks for one.
pub(super) fn quote(said: &str) -> String {
    serde_json::Value::from(said).to_string()
}

/// The character of what follows a backslash, and how long that is.
fn escape(rest: &str) -> Result<(char, usize), InvalidValue> {
    let character = match rest.as_bytes().first() {
        Some(b'u') => return unicode(rest),
        Some(b'b') => '\u{8}',
        Some(b'f') => '\u{c}',
        Some(b'n') => '\n',
        Some(b'r') => '\r',
        Some(b't') => '\t',
        Some(byte @ (b'"' | b'\\' | b'/')) => char::from(*byte),
        _ => return Err(no_json()),
    };
    Ok((character, 1))
}

/// The character of `uXXXX`, or of two of them that are a surrogate pair.
fn unicode(rest: &str) -> Result<(char, usize), InvalidValue> {
    let half = || InvalidValue::new("holds half of a surrogate pair");
    let first = unit(rest).ok_or_else(no_json)?;
    if first == 0 {
        return Err(InvalidValue::new("holds a NUL character"));
    }
    if let Some(character) = char::from_u32(u32::from(first)) {
        return Ok((character, 5));
    }
    let second = rest[5..].strip_prefix('\\').and_then(unit).ok_or_else(half)?;
    let pair = char::decode_utf16([first, second]).next().and_then(Result::ok);
    pair.map(|character| (character, 11)).ok_or_else(half)
}

fn unit(rest: &str) -> Option<u16> {
    let digits = rest.strip_prefix('u')?.get(..4)?;
    let is_hex = digits.bytes().all(|byte| byte.is_ascii_hexdigit());
    is_hex.then(|| u16::from_str_radix(digits, 16).ok()).flatten()
}
