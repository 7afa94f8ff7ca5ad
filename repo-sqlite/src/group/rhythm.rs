//! Whether a write will have company, guessed from those before it.
//!
//! Where a write never waits, nobody is ever seen to wait for it: on one thread, each of many tasks has the
//! connection to itself. But when the write just before was another task's, more are likely to follow at
//! once, and it pays to open a group and let them. A guess that was wrong is not soon made again.

use std::time::{Duration, Instant};

use tokio::task;

/// A write so shortly before belongs to the same crowd.
const SHORTLY: Duration = Duration::from_micros(500);
/// The most writes without a guess, after guesses that were wrong.
const LONGEST_PAUSE: u32 = 64;

/// Who wrote last, and how the guesses went.
#[derive(Debug, Default)]
pub(crate) struct Rhythm {
    last: Option<(Option<task::Id>, Instant)>,
    pause: u32,
    left: u32,
}

impl Rhythm {
    /// Whether others are likely to write at once.
    pub(crate) fn expects_company(&mut self) -> bool {
        let Some((task, at)) = self.last else { return false };
        if task == task::try_id() || at.elapsed() > SHORTLY {
            return false;
        }
        let is_pause = self.left > 0;
        self.left = self.left.saturating_sub(1);
        !is_pause
    }

    /// The current task wrote.
    pub(crate) fn wrote(&mut self) {
        self.last = Some((task::try_id(), Instant::now()));
    }

    /// A group ended that had so many members.
    pub(crate) fn grouped(&mut self, members: usize) {
        self.pause = if members > 1 { 0 } else { (self.pause * 2).clamp(1, LONGEST_PAUSE) };
        self.left = self.pause;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn one_task_expects_nobody_and_many_expect_each_other() {
        let mut rhythm = Rhythm::default();
        rhythm.wrote();
        assert!(!rhythm.expects_company(), "the last write was its own");
        let mut rhythm = tokio::spawn(async move {
            rhythm.wrote();
            rhythm
        })
        .await
        .expect("no panic");
        rhythm.last = rhythm.last.map(|(task, _)| (task, Instant::now()));
        assert!(rhythm.expects_company());
        for _ in 0..10 {
            rhythm.grouped(1);
        }
        assert!(!rhythm.expects_company(), "nobody came");
        rhythm.last = rhythm.last.map(|(task, _)| (task, Instant::now()));
        rhythm.grouped(2);
        assert!(rhythm.expects_company(), "somebody came");
    }
}
