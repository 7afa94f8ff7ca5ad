//! Whether a text is canonical as it stands: most are, as what is stored is written so.
//!
//! A scan that writes nothing. It says yes of no other text; of a few canonical ones it says no, with escapes by
//! number or very long numbers in them, and leaves them to the reader.

use super::DEEPEST;

/// Longer numbers are left to the reader, which knows what `numeric` takes.
const LONGEST_NUMBER: usize = 300;

/// Whether this is a document in canonical text. `false` where that takes a closer look.
pub(super) fn is_plain(text: &str) -> bool {
    value(text.as_bytes(), DEEPEST).is_some_and(<[u8]>::is_empty)
}

/// What follows the value that `text` starts with.
fn value(text: &[u8], depth: usize) -> Option<&[u8]> {
    match text.first()? {
        b'{' => object(&text[1..], depth.checked_sub(1)?),
        b'[' => array(&text[1..], depth.checked_sub(1)?),
        b'"' => string(&text[1..]).map(|(_, rest)| rest),
        b't' => text.strip_prefix(b"true"),
        b'f' => text.strip_prefix(b"false"),
        b'n' => text.strip_prefix(b"null"),
        _ => number(text),
    }
}

fn object(text: &[u8], depth: usize) -> Option<&[u8]> {
    if let Some(rest) = text.strip_prefix(b"}") {
        return Some(rest);
    }
    let (mut rest, mut last): (_, Option<&[u8]>) = (text, None);
    loop {
        let (name, after) = string(rest.strip_prefix(b"\"")?)?;
        let is_next = last.is_none_or(|last| (last.len(), last) < (name.len(), name));
        // What an escape stands for is shorter than the escape.
        if !is_next || name.contains(&b'\\') {
            return None;
        }
        last = Some(name);
        rest = value(after.strip_prefix(b": ")?, depth)?;
        match rest.strip_prefix(b", ") {
            Some(more) => rest = more,
            None => return rest.strip_prefix(b"}"),
        }
    }
}

fn array(text: &[u8], depth: usize) -> Option<&[u8]> {
    if let Some(rest) = text.strip_prefix(b"]") {
        return Some(rest);
    }
    let mut rest = text;
    loop {
        rest = value(rest, depth)?;
        match rest.strip_prefix(b", ") {
            Some(more) => rest = more,
            None => return rest.strip_prefix(b"]"),
        }
    }
}

/// What stands between the quotes, and what follows the closing one.
fn string(text: &[u8]) -> Option<(&[u8], &[u8])> {
    let mut at = 0;
    loop {
        match *text.get(at)? {
            b'"' => return Some((&text[..at], &text[at + 1..])),
            b'\\' => match text.get(at + 1)? {
                b'"' | b'\\' | b'b' | b'f' | b'n' | b'r' | b't' => at += 2,
                _ => return None,
            },
            0..=0x1f => return None,
            _ => at += 1,
        }
    }
}

/// What follows a number without an exponent, with a sign only where it is -1 or less.
fn number(text: &[u8]) -> Option<&[u8]> {
    let (whole, rest) = digits(text.strip_prefix(b"-").unwrap_or(text))?;
    if whole[0] == b'0' && (whole.len() > 1 || text[0] == b'-') {
        return None;
    }
    let rest = match rest.strip_prefix(b".") {
        Some(fraction) => digits(fraction)?.1,
        None => rest,
    };
    // Of another character of a number the caller finds that nothing may follow so.
    (text.len() - rest.len() <= LONGEST_NUMBER).then_some(rest)
}

/// Digits, of which there is one at least, and what follows them.
fn digits(text: &[u8]) -> Option<(&[u8], &[u8])> {
    let count = text.iter().take_while(|byte| byte.is_ascii_digit()).count();
    (count > 0).then(|| text.split_at(count))
}
