//! The rules of a chain, applied to its entries one after the other.

use crate::checkpoint::Checkpoint;
use crate::entry::{Entry, Head};

/// How far the verification of one chain is.
pub(crate) struct Walk<'k> {
    tenant: String,
    kept: Vec<&'k Checkpoint>,
    head: Option<Head>,
    last: Option<Entry>,
    count: u64,
    /// The first entry that is wrong, and how.
    wrong: Option<(i64, &'static str)>,
}

impl<'k> Walk<'k> {
    pub(crate) fn new(tenant: String, kept: &'k [Checkpoint], head: Option<Head>) -> Self {
        let kept = kept.iter().filter(|checkpoint| checkpoint.tenant == tenant).collect();
        Self { tenant, kept, head, last: None, count: 0, wrong: None }
    }

    pub(crate) fn tenant(&self) -> &str {
        &self.tenant
    }

    /// Looks at the next entry, in the order of the numbers.
    pub(crate) fn step(&mut self, entry: Entry) {
        if self.wrong.is_none() {
            self.wrong = self.fault_of(&entry);
            self.count += u64::from(self.wrong.is_none());
            self.last = Some(entry);
        }
    }

    fn fault_of(&self, entry: &Entry) -> Option<(i64, &'static str)> {
        let (last, zero) = (self.last.as_ref(), vec![0; 32]);
        let next = last.map_or(1, |last| last.seq + 1);
        let follows = last.and_then(|last| last.hash.as_ref()).unwrap_or(&zero);
        let of_entry = |kept: &&&Checkpoint| kept.seq == entry.seq;
        let fault = match entry.seq {
            seq if seq < next && last.is_some() => "duplicate",
            seq if seq > next => return Some((next, "gap")),
            _ if Some(entry.computed()) != entry.hash => "content",
            _ if entry.prev_hash.as_ref() != Some(follows) => "link",
            _ => {
                let kept = self.kept.iter().find(of_entry)?;
                return (Some(&kept.hash) != entry.hash.as_ref())
                    .then_some((entry.seq, "checkpoint"));
            }
        };
        Some((entry.seq, fault))
    }

    /// What is left is where the chain ends. Returns the verdict in words, and whether the chain is intact.
    pub(crate) fn verdict(self) -> (String, bool) {
        let end = self.last.as_ref().map_or(0, |last| last.seq);
        let noted = self.kept.iter().map(|kept| kept.seq).max();
        let wrong = self.wrong.or_else(|| self.wrong_end(end, noted.unwrap_or(0)));
        let chain = if self.tenant.is_empty() { "shared" } else { &self.tenant };
        let intact = format!("{chain}: {} entries are right", self.count);
        match (wrong, noted) {
            (Some((seq, fault)), _) => (format!("{intact}; entry {seq}: {fault}"), false),
            (None, Some(seq)) => (format!("{intact}; tail: proven by checkpoint seq {seq}"), true),
            (None, None) => (format!("{intact}; tail: unproven"), true),
        }
    }

    fn wrong_end(&self, end: i64, noted: i64) -> Option<(i64, &'static str)> {
        let head_seq = self.head.as_ref().map_or(0, |head| head.seq);
        if head_seq.max(noted) > end {
            return Some((end + 1, "truncated"));
        }
        let is_last = |head: &Head| match &self.last {
            Some(last) => {
                head.seq == last.seq
                    && last.hash.as_ref() == Some(&head.hash)
                    && last.prev_hash.as_ref() == Some(&head.prev_hash)
            }
            None => head.seq == 0,
        };
        let is_right = self.head.as_ref().map_or(end == 0, is_last);
        (!is_right).then_some((end, "head"))
    }
}
