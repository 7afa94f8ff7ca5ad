//! A Markdown table of what was measured, each figure beside its target.

use std::fmt;

/// The lines of a report, in order.
#[derive(Debug, Clone, Default)]
pub struct Report {
    lines: Vec<Line>,
}

/// One comparison.
#[derive(Debug, Clone)]
pub struct Line {
    /// What was done.
    pub workload: String,
    /// How long it took through a repository, in microseconds.
    pub ours: f64,
    /// What it is compared with.
    pub rival: String,
    /// How long that took, in microseconds.
    pub theirs: f64,
    /// Ours as a part of theirs.
    pub ratio: f64,
    /// The most that the ratio may be; none where there is no target.
    pub target: Option<f64>,
}

impl Report {
    /// Adds a line.
    pub fn push(&mut self, line: Line) {
        self.lines.push(line);
    }
}

impl fmt::Display for Report {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(f, "| workload | repo, us | compared with | us | ratio | target | met |")?;
        writeln!(f, "|---|--:|---|--:|--:|--:|---|")?;
        self.lines.iter().try_for_each(|line| writeln!(f, "{line}"))
    }
}

impl fmt::Display for Line {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Line { workload, rival, ratio, .. } = self;
        let (ours, theirs) = (microseconds(self.ours), microseconds(self.theirs));
        write!(f, "| {workload} | {ours} | {rival} | {theirs} | {ratio:.2} |")?;
        match self.target {
            Some(target) => {
                let met = if *ratio <= target { "yes" } else { "no" };
                write!(f, " <= {target:.2} | {met} |")
            }
            None => write!(f, " | |"),
        }
    }
}

/// Three digits that count, and groups of three before the point.
fn microseconds(value: f64) -> String {
    if value < 100.0 {
        return format!("{value:.1}");
    }
    let digits = format!("{value:.0}");
    let mut grouped = String::with_capacity(digits.len() * 4 / 3);
    for (index, digit) in digits.chars().enumerate() {
        if index > 0 && (digits.len() - index).is_multiple_of(3) {
            grouped.push(',');
        }
        grouped.push(digit);
    }
    grouped
}
