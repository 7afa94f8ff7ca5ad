//! The rules of a chain, applied to its entries one after the other.

use crate::checkpoint::Checkpoint;
use crate::entry::{Entry, Head};

/// The hash before the first entry.
const ZERO: [u8; 32] = [0; 32];

/// How far the verification of one chain is.
pub(crate) struct Walk<'k> {
    tenant: String,
    kept: Vec<&'k Checkpoint>,
    /// There is at most one. `None` is one that holds what the table does not allow.
    heads: Vec<Option<Head>>,
    last: Option<Entry>,
    count: u64,
    /// The first entry that is wrong, and how.
    wrong: Option<(i64, &'static str)>,
}

impl<'k> Walk<'k> {
    pub(crate) fn new(tenant: String, kept: &'k [Checkpoint], heads: Vec<Option<Head>>) -> Self {
        let kept = kept.iter().filter(|checkpoint| checkpoint.tenant == tenant).collect();
        Self { tenant, kept, heads, last: None, count: 0, wrong: None }
    }

    /// What has a tenant that is no text: it is of no chain.
    pub(crate) fn of_nobody() -> Self {
        let wrong = Some((0, "content"));
        Self { wrong, ..Self::new("a tenant that is no text".to_owned(), &[], Vec::new()) }
    }

    pub(crate) fn tenant(&self) -> &str {
        &self.tenant
    }

    /// Looks at the next entry, in the order of the numbers; `None` is one whose number is none.
    pub(crate) fn step(&mut self, entry: Option<Entry>) {
        if self.wrong.is_none() {
            self.wrong = match &entry {
                Some(entry) => self.fault_of(entry),
                None => Some((self.next(), "content")),
            };
            self.count += u64::from(self.wrong.is_none());
            self.last = entry.or(self.last.take());
        }
    }

    fn next(&self) -> i64 {
        self.last.as_ref().map_or(1, |last| last.seq + 1)
    }

    fn fault_of(&self, entry: &Entry) -> Option<(i64, &'static str)> {
        let follows = self.last.as_ref().map_or(Some(&ZERO[..]), |last| last.hash.as_deref());
        let is_other =
            |kept: &&Checkpoint| kept.seq == entry.seq && Some(&kept.hash) != entry.hash.as_ref();
        let fault = match entry.seq {
            ..1 => "content",
            seq if seq < self.next() => "duplicate",
            seq if seq > self.next() => return Some((self.next(), "gap")),
            _ if !entry.is_right() => "content",
            _ if entry.prev_hash.as_deref() != follows => "link",
            _ if self.kept.iter().any(is_other) => "checkpoint",
            _ => return None,
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
        let head_seq = self.heads.iter().flatten().map(|head| head.seq).max();
        if head_seq.unwrap_or(0).max(noted) > end {
            return Some((end + 1, "truncated"));
        }
        let of_last = |hash: fn(&Entry) -> &Option<Vec<u8>>| {
            self.last.as_ref().map_or(Some(&ZERO[..]), |last| hash(last).as_deref())
        };
        let is_right = match &self.heads[..] {
            [] => end == 0,
            [Some(head)] => {
                head.seq == end
                    && Some(&head.hash[..]) == of_last(|last| &last.hash)
                    && Some(&head.prev_hash[..]) == of_last(|last| &last.prev_hash)
            }
            _ => false,
        };
        (!is_right).then_some((end, "head"))
    }
}

#[cfg(test)]
mod tests {
    use super::{Walk, ZERO};
    use crate::checkpoint::Checkpoint;
    use crate::entry::{Entry, Head};

    /// An entry with its hash, which follows another.
    fn entry(seq: i64, prev_hash: &[u8], change: impl FnOnce(&mut Entry)) -> Entry {
        let texts = ["", "papers", "create", "user:alice", "", "", "7", "{}", "{}"];
        let mut entry = Entry {
            seq,
            at: Some("2026-01-31T23:59:59.000001+00:00".to_owned()),
            texts: texts.map(|text| Some(text.to_owned())),
            prev_hash: Some(prev_hash.to_vec()),
            hash: None,
        };
        change(&mut entry);
        entry.hash = Some(entry.computed());
        entry
    }

    fn head(of: &Entry) -> Option<Head> {
        let hash = |hash: &Option<Vec<u8>>| hash.clone().expect("it has one");
        Some(Head { seq: of.seq, prev_hash: hash(&of.prev_hash), hash: hash(&of.hash) })
    }

    fn verdict(entries: Vec<Entry>, heads: Vec<Option<Head>>, kept: &[Checkpoint]) -> String {
        let mut walk = Walk::new(String::new(), kept, heads);
        entries.into_iter().for_each(|entry| walk.step(Some(entry)));
        walk.verdict().0
    }

    #[test]
    fn an_entry_that_the_table_does_not_allow_is_wrong_whatever_its_hash() {
        let right = entry(1, &ZERO, |_| {});
        let heads = vec![head(&right)];
        assert_eq!(verdict(vec![right], heads, &[]), "shared: 1 entries are right; tail: unproven");
        let changes: [fn(&mut Entry); 6] = [
            |entry| entry.seq = 0,
            |entry| entry.seq = -5,
            |entry| entry.texts[3] = None,
            |entry| entry.at = None,
            |entry| entry.at = Some("2026-01-31 23:59:59.000001+00:00".to_owned()),
            |entry| entry.prev_hash = None,
        ];
        for change in changes {
            let wrong = entry(1, &ZERO, change);
            let expected = format!("shared: 0 entries are right; entry {}: content", wrong.seq);
            assert_eq!(verdict(vec![wrong], Vec::new(), &[]), expected);
        }
    }

    #[test]
    fn a_chain_has_one_head_and_it_is_the_last_entry() {
        let none = |hash: u8| Some(Head { seq: 0, prev_hash: vec![0; 32], hash: vec![hash; 32] });
        let wrong = "shared: 0 entries are right; entry 0: head";
        assert!(verdict(Vec::new(), vec![none(0)], &[]).ends_with("unproven"));
        assert_eq!(verdict(Vec::new(), vec![none(1)], &[]), wrong);
        assert_eq!(verdict(Vec::new(), vec![none(0), none(1)], &[]), wrong);
        assert_eq!(verdict(Vec::new(), vec![None], &[]), wrong);
        let two = || {
            let first = entry(1, &ZERO, |_| {});
            vec![entry(2, first.hash.as_deref().unwrap_or_default(), |_| {}), first]
        };
        for other in [head(&two()[0]), head(&two()[1]), None] {
            let mut entries = two();
            let heads = vec![head(&entries[0]), other];
            entries.reverse();
            assert!(verdict(entries, heads, &[]).ends_with("entry 2: head"));
        }
    }

    #[test]
    fn of_two_checkpoints_with_one_number_each_is_compared() {
        let first = || entry(1, &ZERO, |_| {});
        let kept = |hash| Checkpoint { tenant: String::new(), seq: 1, hash };
        let [right, wrong] = [first().hash.unwrap_or_default(), vec![7; 32]];
        let kept = [kept(right), kept(wrong)];
        let told = verdict(vec![first()], vec![head(&first())], &kept);
        assert!(told.ends_with("entry 1: checkpoint"), "{told}");
    }
}
