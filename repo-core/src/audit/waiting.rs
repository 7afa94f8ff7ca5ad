//! The entries that a transaction has made: those that wait for its end, and those that were appended in a
//! savepoint around which they were made.
//!
//! What is undone with a savepoint takes along whatever was appended in it. So an entry of a level further
//! out is remembered until the savepoint is kept, and waits again when it is undone. Levels are counted from
//! 1, the transaction itself.

use super::append::Pending;

/// The entries of a transaction.
#[derive(Debug, Default)]
pub(crate) struct Waiting {
    /// Each with the level that it was made at.
    entries: Vec<(usize, Pending)>,
    appended: Vec<Appended>,
}

/// An entry that was appended at a level further in than the one it was made at.
#[derive(Debug)]
struct Appended {
    made_at: usize,
    level: usize,
    entry: Pending,
}

impl Waiting {
    /// How many wait.
    pub(crate) fn len(&self) -> usize {
        self.entries.len()
    }

    /// With entries that were made at this level.
    pub(crate) fn add(&mut self, level: usize, entries: Vec<Pending>) {
        self.entries.extend(entries.into_iter().map(|entry| (level, entry)));
    }

    /// What waits, to be appended at this level, the innermost.
    pub(crate) fn take(&mut self, level: usize) -> Vec<Pending> {
        let entries = std::mem::take(&mut self.entries).into_iter();
        let remember = |(made_at, entry): (usize, Pending)| {
            if made_at < level {
                self.appended.push(Appended { made_at, level, entry: entry.clone() });
            }
            entry
        };
        entries.map(remember).collect()
    }

    /// The levels further in than this one were kept: what they hold is part of it.
    pub(crate) fn keep(&mut self, level: usize) {
        self.entries.iter_mut().for_each(|(made_at, _)| *made_at = (*made_at).min(level));
        self.appended.iter_mut().for_each(|it| it.level = it.level.min(level));
        self.appended.retain(|it| it.made_at < it.level);
    }

    /// The levels further in than this one were undone, and what was appended in them.
    pub(crate) fn undo(&mut self, level: usize) {
        let (undone, appended) =
            std::mem::take(&mut self.appended).into_iter().partition(|it| it.level > level);
        self.appended = appended;
        let undone: Vec<Appended> = undone;
        // They were made before whatever came to wait since.
        let again = undone.into_iter().map(|it| (it.made_at, it.entry));
        self.entries = again.chain(std::mem::take(&mut self.entries)).collect();
        self.entries.retain(|(made_at, _)| *made_at <= level);
    }
}
