//! The members of one JSON object, taken one by one, so that none is passed over.
//!
//! Values stay text until they are taken: a price never goes through a float. What a member means is in
//! `entry.rs`.

use std::fmt;

use serde::Deserialize;
use serde::de::{Deserializer, MapAccess, Visitor};
use serde_json::value::RawValue;

/// The members of an object in their order, those with the same name included.
#[derive(Debug)]
pub(crate) struct Members<'t>(pub(crate) Vec<(String, &'t RawValue)>);

/// A member that is not kept as it is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Remark {
    pub(crate) field: String,
    /// What is in the file, as text, shortened.
    pub(crate) given: String,
    /// What became of it, and why.
    pub(crate) remark: String,
}

/// Members that wait to be taken, and what was wrong with those that were.
#[derive(Debug)]
pub(crate) struct Fields<'t> {
    waiting: Vec<(String, &'t RawValue)>,
    taken: Vec<&'static str>,
    pub(crate) remarks: Vec<Remark>,
}

/// A value that was read, or the reason why not, in words that complete "it ...".
pub(crate) type Read<T> = Result<T, String>;

impl<'t> Fields<'t> {
    pub(crate) fn new(members: Members<'t>) -> Self {
        Self { waiting: members.0, taken: Vec::new(), remarks: Vec::new() }
    }

    /// A member without which the entry is of no use.
    pub(crate) fn required<T>(
        &mut self,
        name: &'static str,
        read: impl FnOnce(&str) -> Read<T>,
    ) -> Read<T> {
        let Some(value) = self.take(name) else { return Err(format!("has no `{name}`")) };
        read(value.get())
            .map_err(|reason| format!("its `{name}` {reason}: {}", shorten(value.get())))
    }

    /// A member that is left out where it cannot be read, which is remarked.
    pub(crate) fn optional<T>(
        &mut self,
        name: &'static str,
        read: impl FnOnce(&str) -> Read<T>,
    ) -> Option<T> {
        let value = self.take(name)?;
        match read(value.get()) {
            Ok(read) => Some(read),
            Err(reason) => {
                self.remark(name, value, format!("left out: it {reason}"));
                None
            }
        }
    }

    /// Remarks every member that nobody took.
    pub(crate) fn finish(mut self) -> Vec<Remark> {
        for (name, value) in std::mem::take(&mut self.waiting) {
            let twice = self.taken.contains(&name.as_str());
            let reason = if twice { "it is there twice" } else { "a model has no such field" };
            self.remark(&name, value, format!("left out: {reason}"));
        }
        self.remarks
    }

    /// Remarks what became of a member.
    pub(crate) fn remark(&mut self, field: &str, given: &RawValue, remark: String) {
        let (field, given) = (shorten(field), shorten(given.get()));
        self.remarks.push(Remark { field, given, remark });
    }

    /// The first member of that name that still waits.
    pub(crate) fn peek(&self, name: &str) -> Option<&'t RawValue> {
        self.waiting.iter().find(|(member, _)| member == name).map(|(_, value)| *value)
    }

    /// The first member of that name; `null` says as little as no member.
    fn take(&mut self, name: &'static str) -> Option<&'t RawValue> {
        let at = self.waiting.iter().position(|(member, _)| member == name)?;
        self.taken.push(name);
        let (_, value) = self.waiting.remove(at);
        Some(value).filter(|value| value.get() != "null")
    }
}

/// At most 60 characters of a text, on one line.
pub(crate) fn shorten(text: &str) -> String {
    const MOST: usize = 60;
    let shown: String = text.chars().map(|c| if c.is_control() { ' ' } else { c }).collect();
    if shown.chars().count() <= MOST {
        return shown;
    }
    shown.chars().take(MOST - 1).chain(['…']).collect()
}

impl<'de: 't, 't> Deserialize<'de> for Members<'t> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_map(MembersVisitor)
    }
}

struct MembersVisitor;

impl<'de> Visitor<'de> for MembersVisitor {
    type Value = Members<'de>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("an object")
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Members<'de>, A::Error> {
        let mut members = Vec::with_capacity(map.size_hint().unwrap_or(16));
        while let Some(member) = map.next_entry::<String, &'de RawValue>()? {
            members.push(member);
        }
        Ok(Members(members))
    }
}
