//! What each statement took lately, by its text: which are short enough for a thread of the runtime.
//!
//! A table of fixed size without locks. Two texts in one slot forget each other, which costs a hand-over
//! and nothing else: no answer depends on what is here.

use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

const SLOTS: usize = 1_024;
/// Up to this a statement runs where it is called.
const SHORT: Duration = Duration::from_micros(500);
/// What a run of a shape that was short counts at most: it may have been an accident, such as a thread that was
/// not running, and a second one soon after tells.
const ACCIDENT: Duration = Duration::from_micros(1_200);
/// More than this is not remembered, so that one slow run is soon forgotten.
const MOST: Duration = Duration::from_millis(4);
/// The low bits of a slot are nanoseconds, the others tell texts apart.
const TIME_BITS: u32 = 24;

/// What the statements of one pool took.
#[derive(Debug)]
pub(crate) struct Shapes {
    slots: Box<[AtomicU64]>,
    /// What one run counts at most. Where commits wait for the disk a slow one is no accident.
    most: Duration,
}

/// A statement's text, as a number.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Shape(u64);

/// What is known of a shape.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Speed {
    Unknown,
    Short,
    Long,
}

impl Shapes {
    pub(crate) fn new(is_durable: bool) -> Self {
        let most = if is_durable { MOST } else { ACCIDENT };
        Self { slots: (0..SLOTS).map(|_| AtomicU64::new(0)).collect(), most }
    }

    /// How fast statements of this shape were lately.
    pub(crate) fn speed(&self, shape: Shape) -> Speed {
        match self.time(shape) {
            None => Speed::Unknown,
            Some(time) if time <= SHORT => Speed::Short,
            Some(_) => Speed::Long,
        }
    }

    /// Remembers what a run took that may have failed. One that did so early says nothing of one that does not.
    pub(crate) fn record_attempt<T, E>(&self, shape: Shape, took: Duration, ran: &Result<T, E>) {
        if ran.is_ok() || took > SHORT {
            self.record(shape, took);
        }
    }

    /// Remembers what a run took; the runs before it count too.
    pub(crate) fn record(&self, shape: Shape, took: Duration) {
        let time = match self.time(shape) {
            None => took,
            Some(before) if before <= SHORT => (before * 3 + took.min(self.most)) / 4,
            Some(before) => (before * 3 + took.min(MOST)) / 4,
        };
        self.store(shape, time);
    }

    /// Remembers what a run took, whatever was before.
    pub(crate) fn record_anew(&self, shape: Shape, took: Duration) {
        self.store(shape, took);
    }

    /// Remembers that a run was longer than it was taken for, whatever was before.
    pub(crate) fn surprise(&self, shape: Shape) {
        self.store(shape, MOST);
    }

    fn time(&self, shape: Shape) -> Option<Duration> {
        let stored = self.slot(shape).load(Ordering::Relaxed);
        let is_known = stored >> TIME_BITS == shape.tag();
        is_known.then(|| Duration::from_nanos(stored & ((1 << TIME_BITS) - 1)))
    }

    fn store(&self, shape: Shape, time: Duration) {
        let time = u64::try_from(time.min(MOST).as_nanos()).unwrap_or(0);
        self.slot(shape).store(shape.tag() << TIME_BITS | time, Ordering::Relaxed);
    }

    fn slot(&self, shape: Shape) -> &AtomicU64 {
        &self.slots[shape.0 as usize % SLOTS]
    }
}

impl Shape {
    /// A COMMIT of few changes.
    pub(crate) const COMMIT: Self = Self(u64::MAX);

    /// The shape of a statement with this text.
    pub(crate) fn of(sql: &str) -> Self {
        const FACTOR: u64 = 0x9e37_79b9_7f4a_7c15;
        let mut hash = sql.len() as u64;
        let (words, rest) = sql.as_bytes().as_chunks::<8>();
        for word in words {
            hash = (hash.rotate_left(5) ^ u64::from_le_bytes(*word)).wrapping_mul(FACTOR);
        }
        for byte in rest {
            hash = (hash.rotate_left(5) ^ u64::from(*byte)).wrapping_mul(FACTOR);
        }
        Self(hash ^ hash >> 32)
    }

    /// Not 0, which stands for an empty slot.
    fn tag(self) -> u64 {
        self.0 >> TIME_BITS | 1
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn long_runs_make_a_shape_long_and_short_ones_make_it_short_again() {
        let (shapes, shape) = (Shapes::new(false), Shape::of("SELECT 1"));
        assert_eq!(shapes.speed(shape), Speed::Unknown);
        shapes.record(shape, Duration::from_micros(20));
        assert_eq!(shapes.speed(shape), Speed::Short);
        shapes.record(shape, Duration::from_secs(1));
        assert_eq!(shapes.speed(shape), Speed::Short, "once may be an accident");
        shapes.record(shape, Duration::from_secs(1));
        assert_eq!(shapes.speed(shape), Speed::Long);
        for _ in 0..4 {
            shapes.record(shape, Duration::from_micros(20));
        }
        assert_eq!(shapes.speed(shape), Speed::Short);
        shapes.surprise(shape);
        assert_eq!(shapes.speed(shape), Speed::Long);
        shapes.record_anew(shape, Duration::from_micros(20));
        assert_eq!(shapes.speed(shape), Speed::Short);
    }

    #[test]
    fn what_failed_early_is_not_taken_to_be_short() {
        let (shapes, shape) = (Shapes::new(false), Shape::of("UPDATE t SET a = 1"));
        shapes.record_attempt(shape, Duration::from_micros(20), &Err::<(), ()>(()));
        assert_eq!(shapes.speed(shape), Speed::Unknown);
        shapes.record_attempt(shape, Duration::from_secs(1), &Err::<(), ()>(()));
        assert_eq!(shapes.speed(shape), Speed::Long);
    }

    #[test]
    fn texts_are_told_apart() {
        let texts = ["", "a", "SELECT 1", "SELECT 2", "SELECT 12", "SELECT  1", "SELECT 1 FROM t"];
        for (at, first) in texts.iter().enumerate() {
            for second in &texts[..at] {
                assert_ne!(Shape::of(first), Shape::of(second), "{first}, {second}");
            }
        }
    }
}
