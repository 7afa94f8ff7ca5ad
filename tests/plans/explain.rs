//! What is asked of a database about a statement.

use repo_core::Database;

use crate::noting::Sent;

/// A database that tells how it runs a statement.
pub(crate) trait Explain {
    fn database(&self) -> &Database;

    /// Goes on to the next state in which plans are looked at, and names it.
    async fn next_state(&mut self) -> Option<&'static str>;

    /// How it finds the rows of this tenant.
    async fn plan(&mut self, tenant: i64, sent: &Sent) -> Plan;

    /// What it does to find them.
    async fn cost(&mut self, tenant: i64, sent: &Sent) -> Cost;
}

/// How a statement finds its rows.
#[derive(Debug, Default)]
pub(crate) struct Plan {
    /// Each place at which the table is read, in the database's words.
    pub(crate) scans: Vec<String>,
    /// Those that go by no index of the tenant.
    pub(crate) problems: Vec<String>,
    pub(crate) text: String,
}

impl Plan {
    /// Whether it reads indexes alone, and no row.
    pub(crate) fn is_of_indexes(&self) -> bool {
        let is_covered =
            |scan: &String| scan.contains("COVERING INDEX") || scan.starts_with("Index Only Scan");
        !self.scans.is_empty() && self.scans.iter().all(is_covered)
    }
}

/// What a statement did, counted.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Cost {
    /// Rows that were read and dropped again.
    pub(crate) dropped: u64,
    /// Pages of the database, or steps of SQLite's virtual machine.
    pub(crate) work: u64,
}

impl Cost {
    /// Whether it is no more than the other, but for how full pages happen to be and how long a condition is: in two
    /// ranges, values and then `NULL`s, which are read, joined and ordered, it is some times as much.
    pub(crate) fn is_like(self, other: Cost, is_in_two: bool) -> bool {
        let times = if is_in_two { 6 } else { 2 };
        self.dropped <= other.dropped + 20 && self.work <= times * other.work + 20
    }
}
