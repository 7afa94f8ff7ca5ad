//! Samples of rounds, their medians and ratios.
//!
//! What is compared is sampled in alternating rounds, so that a busy moment of the machine meets all
//! sides. A ratio is the median of the rounds' ratios, not the ratio of the medians.

use std::time::Duration;

/// The time of one operation on each side, round by round.
#[derive(Debug, Clone, Default)]
pub struct Samples {
    sides: Vec<Vec<f64>>,
}

impl Samples {
    /// Nothing yet, of this many sides.
    pub fn new(sides: usize) -> Self {
        Self { sides: vec![Vec::new(); sides] }
    }

    /// Adds the time that one of `operations` on this side took, in microseconds.
    pub fn push(&mut self, side: usize, elapsed: Duration, operations: usize) {
        self.sides[side].push(elapsed.as_secs_f64() * 1e6 / operations.max(1) as f64);
    }

    /// The median of a side, in microseconds.
    pub fn median(&self, side: usize) -> f64 {
        median(self.sides[side].clone())
    }

    /// The median of the rounds' ratios of one side to another.
    pub fn ratio(&self, side: usize, to: usize) -> f64 {
        let pairs = self.sides[side].iter().zip(&self.sides[to]);
        median(pairs.map(|(a, b)| a / b).collect())
    }
}

/// The middle value, or NaN of none.
pub fn median(mut values: Vec<f64>) -> f64 {
    values.sort_by(f64::total_cmp);
    values.get(values.len() / 2).copied().unwrap_or(f64::NAN)
}
