//! The canonical text, as long as possible as a part of the text that is read.

use std::borrow::Cow;
use std::cmp::Ordering;
use std::ops::Range;

/// Either what was read, so far the same, or a text of its own.
pub(super) enum Output<'t> {
    Same { text: &'t str, length: usize },
    Own(String),
}

/// A member of an object, and where it stands in the output.
pub(super) struct Member<'t> {
    pub(super) name: Cow<'t, str>,
    pub(super) range: Range<usize>,
}

impl<'t> Output<'t> {
    pub(super) fn new(text: &'t str) -> Self {
        Output::Same { text, length: 0 }
    }

    pub(super) fn len(&self) -> usize {
        match self {
            Output::Same { length, .. } => *length,
            Output::Own(text) => text.len(),
        }
    }

    pub(super) fn push(&mut self, more: &str) {
        match self {
            Output::Same { text, length } if text[*length..].starts_with(more) => {
                *length += more.len();
            }
            _ => self.own().push_str(more),
        }
    }

    /// Puts the members that were written last into their order.
    pub(super) fn sort(&mut self, mut members: Vec<Member<'t>>) {
        let [first, ..] = &*members else { return };
        if members.is_sorted_by(|a, b| a.order(b).is_lt()) {
            return;
        }
        let start = first.range.start;
        // The last of equal names stays: the sort is stable, and of equal neighbours the first is kept.
        members.reverse();
        members.sort_by(Member::order);
        members.dedup_by(|a, b| a.name == b.name);
        let own = self.own();
        let mut sorted = String::with_capacity(own.len() - start);
        for member in members {
            if !sorted.is_empty() {
                sorted.push_str(", ");
            }
            sorted.push_str(&own[member.range]);
        }
        own.truncate(start);
        own.push_str(&sorted);
    }

    /// The text; borrowed only if it is the whole text that was read.
    pub(super) fn finish(self) -> Cow<'t, str> {
        match self {
            Output::Same { text, length } if length == text.len() => Cow::Borrowed(text),
            Output::Same { text, length } => Cow::Owned(text[..length].to_owned()),
            Output::Own(text) => Cow::Owned(text),
        }
    }

    fn own(&mut self) -> &mut String {
        if let Output::Same { text, length } = self {
            let mut own = String::with_capacity(text.len() + text.len() / 8 + 16);
            own.push_str(&text[..*length]);
            *self = Output::Own(own);
        }
        match self {
            Output::Own(text) => text,
            Output::Same { .. } => unreachable!("it was just made its own"),
        }
    }
}

impl Member<'_> {
    fn order(&self, other: &Self) -> Ordering {
        let (a, b) = (self.name.as_bytes(), other.name.as_bytes());
        a.len().cmp(&b.len()).then_with(|| a.cmp(b))
    }
}
