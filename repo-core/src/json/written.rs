//! A document as the text that `jsonb` prints, written at once: plain numbers, its spaces, and the members of each
//! object put into order when it ends.
//!
//! Floats are written without exponents and always with a decimal point, because `jsonb` would turn `1e16` into an
//! integer. What is not known here is left to `json_canonical`: text that a type gives as it is, names with
//! escapes in them or given twice, and NUL.

use std::borrow::Cow;
use std::cell::{Cell, RefCell};
use std::io;

use serde::Serialize;
use serde_json::ser::{CharEscape, CompactFormatter, Formatter};

use crate::json_canonical::{DEEPEST, canonical};
use crate::value::InvalidValue;

/// The canonical text of a document.
pub(super) fn text<T: Serialize>(document: &T) -> Result<String, InvalidValue> {
    let bytes = RefCell::new(Vec::with_capacity(128));
    let written = Written { bytes, is_certain: Cell::new(true) };
    let mut serializer = serde_json::Serializer::with_formatter(&written, Ordered::new(&written));
    document
        .serialize(&mut serializer)
        .map_err(|error| InvalidValue::new(format!("is not JSON: {error}")))?;
    let text = String::from_utf8(written.bytes.take())
        .map_err(|_| InvalidValue::new("is not JSON: it is not UTF-8"))?;
    if written.is_certain.get() {
        return Ok(text);
    }
    let reordered = match canonical(&text)? {
        Cow::Borrowed(_) => None,
        Cow::Owned(text) => Some(text),
    };
    Ok(reordered.unwrap_or(text))
}

/// The text so far, which the serializer writes and the formatter looks at.
struct Written {
    bytes: RefCell<Vec<u8>>,
    /// Whether the text is canonical as far as it goes.
    is_certain: Cell<bool>,
}

impl io::Write for &Written {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.write_all(bytes).map(|()| bytes.len())
    }

    #[inline]
    fn write_all(&mut self, bytes: &[u8]) -> io::Result<()> {
        self.bytes.borrow_mut().extend_from_slice(bytes);
        Ok(())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

/// Where a member stands in the text.
#[derive(Clone, Copy)]
struct Member {
    start: usize,
    name_end: usize,
    end: usize,
}

/// The formatter.
struct Ordered<'t> {
    written: &'t Written,
    depth: usize,
    /// The members of the objects that are open; before those of each, a mark with where those around it begin.
    members: Vec<Member>,
    /// Where the members of the innermost object begin.
    first: usize,
    is_in_name: bool,
}

impl<'t> Ordered<'t> {
    fn new(written: &'t Written) -> Self {
        Self { written, depth: 0, members: Vec::new(), first: 0, is_in_name: false }
    }

    fn enter(&mut self) -> io::Result<()> {
        self.depth += 1;
        if self.depth <= DEEPEST {
            return Ok(());
        }
        Err(io::Error::other(format!("it is nested deeper than {DEEPEST}")))
    }

    fn at(&self) -> usize {
        self.written.bytes.borrow().len()
    }

    /// Puts the members of the innermost object, which ends here, into their order.
    fn order(&mut self) {
        let members = &mut self.members[self.first..];
        let Some(start) = members.first().map(|member| member.start) else { return };
        let mut bytes = self.written.bytes.borrow_mut();
        if members.is_sorted_by(|a, b| a.name(&bytes) < b.name(&bytes)) {
            return;
        }
        members.sort_by(|a, b| a.name(&bytes).cmp(&b.name(&bytes)));
        if members.windows(2).any(|pair| pair[0].name(&bytes) == pair[1].name(&bytes)) {
            self.written.is_certain.set(false);
            return;
        }
        let unordered = bytes.split_off(start);
        for (position, member) in members.iter().enumerate() {
            bytes.extend_from_slice(if position == 0 { b"" } else { b", " });
            bytes.extend_from_slice(&unordered[member.start - start..member.end - start]);
        }
    }
}

impl Member {
    /// What the order is by: the length of the name, then its bytes.
    fn name<'b>(&self, bytes: &'b [u8]) -> (usize, &'b [u8]) {
        (self.name_end - self.start, &bytes[self.start..self.name_end])
    }
}

impl Formatter for Ordered<'_> {
    // Adding zero takes the sign off `-0.0`, which `jsonb` does not keep, and changes nothing else.
    fn write_f64<W: ?Sized + io::Write>(&mut self, writer: &mut W, value: f64) -> io::Result<()> {
        write_plain(writer, &(value + 0.0).to_string())
    }

    fn write_f32<W: ?Sized + io::Write>(&mut self, writer: &mut W, value: f32) -> io::Result<()> {
        write_plain(writer, &(value + 0.0).to_string())
    }

    fn write_number_str<W: ?Sized + io::Write>(
        &mut self,
        writer: &mut W,
        value: &str,
    ) -> io::Result<()> {
        self.written.is_certain.set(false);
        writer.write_all(value.as_bytes())
    }

    fn write_raw_fragment<W: ?Sized + io::Write>(
        &mut self,
        writer: &mut W,
        fragment: &str,
    ) -> io::Result<()> {
        self.written.is_certain.set(false);
        writer.write_all(fragment.as_bytes())
    }

    fn write_char_escape<W: ?Sized + io::Write>(
        &mut self,
        writer: &mut W,
        escape: CharEscape,
    ) -> io::Result<()> {
        if self.is_in_name || matches!(escape, CharEscape::AsciiControl(0)) {
            self.written.is_certain.set(false);
        }
        CompactFormatter.write_char_escape(writer, escape)
    }

    fn begin_array<W: ?Sized + io::Write>(&mut self, writer: &mut W) -> io::Result<()> {
        self.enter()?;
        writer.write_all(b"[")
    }

    fn begin_array_value<W: ?Sized + io::Write>(
        &mut self,
        writer: &mut W,
        first: bool,
    ) -> io::Result<()> {
        if first { Ok(()) } else { writer.write_all(b", ") }
    }

    fn end_array<W: ?Sized + io::Write>(&mut self, writer: &mut W) -> io::Result<()> {
        self.depth -= 1;
        writer.write_all(b"]")
    }

    fn begin_object<W: ?Sized + io::Write>(&mut self, writer: &mut W) -> io::Result<()> {
        self.enter()?;
        self.members.push(Member { start: self.first, name_end: 0, end: 0 });
        self.first = self.members.len();
        writer.write_all(b"{")
    }

    fn begin_object_key<W: ?Sized + io::Write>(
        &mut self,
        writer: &mut W,
        first: bool,
    ) -> io::Result<()> {
        if !first {
            writer.write_all(b", ")?;
        }
        let start = self.at();
        self.members.push(Member { start, name_end: start, end: start });
        self.is_in_name = true;
        Ok(())
    }

    fn end_object_key<W: ?Sized + io::Write>(&mut self, _: &mut W) -> io::Result<()> {
        self.is_in_name = false;
        let end = self.at();
        if let Some(member) = self.members.last_mut() {
            member.name_end = end;
        }
        Ok(())
    }

    fn begin_object_value<W: ?Sized + io::Write>(&mut self, writer: &mut W) -> io::Result<()> {
        writer.write_all(b": ")
    }

    fn end_object_value<W: ?Sized + io::Write>(&mut self, _: &mut W) -> io::Result<()> {
        let end = self.at();
        if let Some(member) = self.members.last_mut() {
            member.end = end;
        }
        Ok(())
    }

    fn end_object<W: ?Sized + io::Write>(&mut self, writer: &mut W) -> io::Result<()> {
        self.depth -= 1;
        self.order();
        self.members.truncate(self.first);
        self.first = self.members.pop().map_or(0, |around| around.start);
        writer.write_all(b"}")
    }
}

fn write_plain<W: ?Sized + io::Write>(writer: &mut W, number: &str) -> io::Result<()> {
    writer.write_all(number.as_bytes())?;
    if number.contains('.') { Ok(()) } else { writer.write_all(b".0") }
}

#[cfg(test)]
#[allow(clippy::unwrap_used, reason = "a test that cannot go on has failed")]
mod tests {
    use super::*;

    #[derive(Serialize)]
    struct Nested {
        service: &'static str,
        lines: f64,
        tags: Vec<Option<Inner>>,
        a: (),
    }

    #[derive(Serialize)]
    struct Inner {
        z: bool,
        a: i8,
    }

    /// Members in the order in which they are given, names twice or not.
    struct Pairs(Vec<(&'static str, u8)>);

    impl Serialize for Pairs {
        fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
            serializer.collect_map(self.0.iter().copied())
        }
    }

    #[test]
    fn members_are_written_in_the_order_of_jsonb() {
        let inner = || Inner { z: true, a: -1 };
        let tags = vec![Some(inner()), None, Some(inner())];
        let nested = Nested { service: "a \"b\"\n", lines: 1e16, tags, a: () };
        let inner = r#"{"a": -1, "z": true}"#;
        let tags = format!("[{inner}, null, {inner}]");
        let expected = format!(
            r#"{{"a": null, "tags": {tags}, "lines": 10000000000000000.0, "service": "a \"b\"\n"}}"#
        );
        assert_eq!(text(&nested).unwrap(), expected);
        assert_eq!(canonical(&expected), Ok(Cow::Borrowed(&*expected)));
    }

    #[test]
    fn every_order_of_members_becomes_the_same() {
        let names = ["", "b", "a", "bb", "é", "ab", "a\n"];
        for start in 0..names.len() {
            for step in 1..names.len() {
                let pairs =
                    (0..names.len()).map(|at| (names[(start + at * step) % names.len()], 1));
                let expected = r#"{"": 1, "a": 1, "b": 1, "a\n": 1, "ab": 1, "bb": 1, "é": 1}"#;
                assert_eq!(text(&Pairs(pairs.collect())).unwrap(), expected);
            }
        }
    }

    #[test]
    fn what_is_not_certain_is_looked_at_again() {
        assert_eq!(
            text(&Pairs(vec![("b", 1), ("a", 2), ("b", 3)])).unwrap(),
            r#"{"a": 2, "b": 3}"#
        );
        assert_eq!(text(&Pairs(vec![("a", 1), ("a", 2)])).unwrap(), r#"{"a": 2}"#);
        assert!(text(&"\0").is_err());
        assert!(text(&Pairs(vec![("\0", 1)])).is_err());
        let numbers: std::collections::HashMap<i64, f32> = [(10, -0.0), (9, 0.5)].into();
        assert_eq!(text(&numbers).unwrap(), r#"{"9": 0.5, "10": 0.0}"#);
    }
}
