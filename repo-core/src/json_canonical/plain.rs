//! Documents as they are mostly written: the spaces of `jsonb`, and nothing that it would write otherwise but the
//! order of members.
//!
//! A scan that writes nothing tells them, and whether their members are in order; if not, they are put into it. A few
//! canonical texts are left to the reader of the others: those with escapes by number, very long numbers, or
//! members out of order far within.

use std::borrow::Cow;

use super::DEEPEST;

/// Longer numbers are left to the reader, which knows what `numeric` takes.
const LONGEST_NUMBER: usize = 300;
/// Objects and arrays deeper than this are not sorted here: what holds others is scanned once for each.
const DEEPEST_SORTED: usize = 8;

/// The canonical text of a document. `None` where that takes a closer look.
pub(super) fn canonical(text: &str) -> Option<Cow<'_, str>> {
    let mut scan = Scan { is_sorted: true, depth: 0, deepest: 0 };
    if !scan.value(text.as_bytes())?.is_empty() {
        return None;
    }
    if scan.is_sorted {
        return Some(Cow::Borrowed(text));
    }
    (scan.deepest <= DEEPEST_SORTED).then(|| {
        let mut sorted = String::with_capacity(text.len());
        sort(text, &mut sorted);
        Cow::Owned(sorted)
    })
}

/// What is known of a document.
struct Scan {
    is_sorted: bool,
    depth: usize,
    deepest: usize,
}

impl Scan {
    /// What follows the value that `text` starts with.
    fn value<'t>(&mut self, text: &'t [u8]) -> Option<&'t [u8]> {
        match text.first()? {
            b'{' => self.within(&text[1..], Self::object),
            b'[' => self.within(&text[1..], Self::array),
            b'"' => string(&text[1..]).map(|(_, rest)| rest),
            b't' => text.strip_prefix(b"true"),
            b'f' => text.strip_prefix(b"false"),
            b'n' => text.strip_prefix(b"null"),
            _ => number(text),
        }
    }

    fn within<'t>(
        &mut self,
        text: &'t [u8],
        scan: fn(&mut Self, &'t [u8]) -> Option<&'t [u8]>,
    ) -> Option<&'t [u8]> {
        self.depth += 1;
        self.deepest = self.deepest.max(self.depth);
        if self.depth > DEEPEST {
            return None;
        }
        let rest = scan(self, text)?;
        self.depth -= 1;
        Some(rest)
    }

    fn object<'t>(&mut self, text: &'t [u8]) -> Option<&'t [u8]> {
        if let Some(rest) = text.strip_prefix(b"}") {
            return Some(rest);
        }
        let (mut rest, mut last): (_, &[u8]) = (text, b"");
        loop {
            let (name, after) = string(rest.strip_prefix(b"\"")?)?;
            if name.contains(&b'\\') {
                // What an escape stands for is shorter than the escape.
                return None;
            }
            let is_first = rest.len() == text.len();
            self.is_sorted &= is_first || (last.len(), last) < (name.len(), name);
            last = name;
            rest = self.value(after.strip_prefix(b": ")?)?;
            match rest.strip_prefix(b", ") {
                Some(more) => rest = more,
                None => return rest.strip_prefix(b"}"),
            }
        }
    }

    fn array<'t>(&mut self, text: &'t [u8]) -> Option<&'t [u8]> {
        if let Some(rest) = text.strip_prefix(b"]") {
            return Some(rest);
        }
        let mut rest = text;
        loop {
            rest = self.value(rest)?;
            match rest.strip_prefix(b", ") {
                Some(more) => rest = more,
                None => return rest.strip_prefix(b"]"),
            }
        }
    }
}

/// Writes the value that `text`, which was scanned, starts with, and returns what follows.
fn sort<'t>(text: &'t str, out: &mut String) -> &'t str {
    match text.as_bytes().first() {
        Some(b'{') => sort_object(text, out),
        Some(b'[') => sort_array(text, out),
        _ => {
            let (value, rest) = split(text);
            out.push_str(value);
            rest
        }
    }
}

fn sort_object<'t>(text: &'t str, out: &mut String) -> &'t str {
    let mut members: Vec<(&str, &str)> = Vec::with_capacity(8);
    let mut rest = &text[1..];
    while !rest.starts_with('}') {
        let (name, after) = split(rest.strip_prefix(", ").unwrap_or(rest));
        let (value, after) = split(&after[2..]);
        members.push((name, value));
        rest = after;
    }
    // Of equal names the last stays.
    members.reverse();
    members.sort_by_key(|(name, _)| (name.len(), *name));
    members.dedup_by_key(|(name, _)| *name);
    out.push('{');
    for (position, (name, value)) in members.into_iter().enumerate() {
        out.push_str(if position == 0 { "" } else { ", " });
        out.push_str(name);
        out.push_str(": ");
        sort(value, out);
    }
    out.push('}');
    &rest[1..]
}

fn sort_array<'t>(text: &'t str, out: &mut String) -> &'t str {
    out.push('[');
    let mut rest = &text[1..];
    while !rest.starts_with(']') {
        if let Some(more) = rest.strip_prefix(", ") {
            out.push_str(", ");
            rest = more;
        }
        rest = sort(rest, out);
    }
    out.push(']');
    &rest[1..]
}

/// The value that `text`, which was scanned, starts with, and what follows.
fn split(text: &str) -> (&str, &str) {
    let mut scan = Scan { is_sorted: true, depth: 0, deepest: 0 };
    let rest = scan.value(text.as_bytes()).map_or(0, <[u8]>::len);
    text.split_at(text.len() - rest)
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
