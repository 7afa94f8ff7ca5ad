//! What was measured: Markdown tables, with the targets, and JSON.

use std::fmt;

use serde::Serialize;

/// All workloads on one database.
#[derive(Debug, Clone, Serialize)]
pub struct Table {
    /// The database and its settings.
    pub title: String,
    /// Whether all commits wait for the disk.
    pub commits_wait: bool,
    /// The contenders beside ours, in the order of the columns.
    pub rivals: Vec<String>,
    /// One workload each.
    pub lines: Vec<Line>,
}

/// One workload.
#[derive(Debug, Clone, Serialize)]
pub struct Line {
    /// What was done.
    pub workload: String,
    /// How many operations a sample has.
    pub operations: usize,
    /// How many rounds there were.
    pub rounds: usize,
    /// What one operation takes through a repository.
    pub microseconds: f64,
    /// The others.
    pub rivals: Vec<Rival>,
}

/// One contender beside ours.
#[derive(Debug, Clone, Serialize)]
pub struct Rival {
    /// What it is called.
    pub name: String,
    /// What it is.
    pub kind: String,
    /// What one operation takes.
    pub microseconds: f64,
    /// Ours as a part of it: the median of the rounds' ratios.
    pub ratio: f64,
    /// The most that the ratio may be.
    pub target: Option<f64>,
}

impl Rival {
    fn is_met(&self) -> bool {
        // Two digits are shown.
        self.target.is_none_or(|target| (self.ratio * 100.0).round() / 100.0 <= target)
    }
}

impl Line {
    /// The targets that are more than being ahead.
    fn targets(&self) -> String {
        let told = |rival: &&Rival| {
            rival.target.is_some_and(|target| target != 1.0 || rival.kind == "Limit")
        };
        let target =
            |rival: &Rival| format!("{} <= {:.2}", rival.name, rival.target.unwrap_or(f64::NAN));
        let targets: Vec<String> = self.rivals.iter().filter(told).map(target).collect();
        targets.join(", ")
    }

    fn verdict(&self) -> String {
        let missed = self.rivals.iter().filter(|rival| !rival.is_met());
        let missed: Vec<&str> = missed.map(|rival| rival.name.as_str()).collect();
        if missed.is_empty() { "yes".to_owned() } else { format!("no: {}", missed.join(", ")) }
    }
}

impl fmt::Display for Table {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let wait = if self.commits_wait { "wait" } else { "do not wait" };
        writeln!(f, "{}; commits {wait} for the disk.\n", self.title)?;
        write!(f, "| workload | repository, us |")?;
        self.rivals.iter().try_for_each(|name| write!(f, " {name} |"))?;
        writeln!(f, " targets | met |")?;
        write!(f, "|---|--:|{}", "--:|".repeat(self.rivals.len()))?;
        writeln!(f, "---|---|")?;
        for line in &self.lines {
            write!(f, "| {} | {} |", line.workload, microseconds(line.microseconds))?;
            for name in &self.rivals {
                match line.rivals.iter().find(|rival| rival.name == *name) {
                    Some(rival) => write!(f, " {} |", cell(rival))?,
                    None => write!(f, " - |")?,
                }
            }
            writeln!(f, " {} | {} |", line.targets(), line.verdict())?;
        }
        Ok(())
    }
}

fn cell(rival: &Rival) -> String {
    format!("**{:.2}** ({})", rival.ratio, microseconds(rival.microseconds))
}

/// Three digits that count, and groups of three before the point.
pub fn microseconds(value: f64) -> String {
    if value < 100.0 {
        return format!("{value:.1}");
    }
    grouped(&format!("{value:.0}"))
}

/// Digits in groups of three.
pub fn grouped(digits: &str) -> String {
    let mut grouped = String::with_capacity(digits.len() * 4 / 3);
    for (index, digit) in digits.chars().enumerate() {
        if index > 0 && (digits.len() - index).is_multiple_of(3) {
            grouped.push(',');
        }
        grouped.push(digit);
    }
    grouped
}
