//! The reads that wait for a connection: a line for each text, behind a leader.
//!
//! A line is there as long as it has a leader, and whoever stops to be it, with a connection or without, makes the
//! next one the leader: nobody waits in a line that nobody gets a connection for. Absent: connections and statements.

use std::collections::VecDeque;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use repo_core::Value;
use sqlx::postgres::PgRow;
use tokio::sync::oneshot;

/// The reads that wait, by their texts.
#[derive(Debug, Default)]
pub(crate) struct Lines {
    lines: Mutex<Vec<Line>>,
}

#[derive(Debug)]
struct Line {
    sql: Arc<str>,
    waiting: VecDeque<Waiting>,
    /// How many have been in it.
    numbers: u64,
}

/// A read in a line.
#[derive(Debug)]
pub(super) struct Waiting {
    number: u64,
    /// The parameters of the read.
    pub(super) key: Vec<Value<'static>>,
    /// Dropped, it sends the reader to get a connection of its own.
    pub(super) turn: oneshot::Sender<Turn>,
}

/// What comes to who waits in a line.
#[derive(Debug)]
pub(super) enum Turn {
    /// The duty to get a connection.
    Lead(Lead),
    /// The row of the key, behind the place of the key.
    Row(Option<PgRow>),
}

/// Where a read is that entered a line.
#[derive(Debug)]
pub(super) enum Place {
    Ahead(Lead),
    Behind(Ticket),
}

/// What a reader keeps that waits in a line.
#[derive(Debug)]
pub(super) struct Ticket {
    pub(super) number: u64,
    pub(super) turn: oneshot::Receiver<Turn>,
}

/// The duty to get a connection for a line. Dropped, it is the next one's.
#[derive(Debug)]
pub(super) struct Lead {
    lines: Arc<Lines>,
    sql: Arc<str>,
}

impl Lines {
    /// Puts a read into the line of its text: ahead, where there is none.
    pub(super) fn enter(self: &Arc<Self>, sql: &str, key: &[Value<'_>]) -> Place {
        let mut lines = self.lines();
        if let Some(line) = lines.iter_mut().find(|line| *line.sql == *sql) {
            let (turn, receiver) = oneshot::channel();
            line.numbers += 1;
            let number = line.numbers;
            let key = key.iter().map(|value| value.borrowed().into_owned()).collect();
            line.waiting.push_back(Waiting { number, key, turn });
            return Place::Behind(Ticket { number, turn: receiver });
        }
        let sql: Arc<str> = sql.into();
        lines.push(Line { sql: Arc::clone(&sql), waiting: VecDeque::new(), numbers: 0 });
        Place::Ahead(Lead { lines: Arc::clone(self), sql })
    }

    /// Takes a read out of the line, unless it was taken out already: then its turn has come.
    pub(super) fn leave(&self, sql: &str, number: u64) -> bool {
        let mut lines = self.lines();
        let Some(line) = lines.iter_mut().find(|line| *line.sql == *sql) else { return false };
        let position = line.waiting.iter().position(|waiting| waiting.number == number);
        position.and_then(|position| line.waiting.remove(position)).is_some()
    }

    /// Takes the next ones who still wait, at most so many.
    fn take(&self, sql: &str, most: usize) -> Vec<Waiting> {
        let mut lines = self.lines();
        let Some(line) = lines.iter_mut().find(|line| *line.sql == *sql) else { return Vec::new() };
        let next = std::iter::from_fn(|| line.waiting.pop_front());
        next.filter(|next| !next.turn.is_closed()).take(most).collect()
    }

    /// Takes the next one who still waits. Where there is none, the line is over.
    fn next(&self, sql: &str) -> Option<Waiting> {
        let mut lines = self.lines();
        let at = lines.iter().position(|line| *line.sql == *sql)?;
        while let Some(next) = lines[at].waiting.pop_front() {
            if !next.turn.is_closed() {
                return Some(next);
            }
        }
        lines.swap_remove(at);
        None
    }

    fn lines(&self) -> MutexGuard<'_, Vec<Line>> {
        // Nothing panics in between.
        self.lines.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Lead {
    /// Takes at most so many of those behind, and makes the next one the leader.
    pub(super) fn take(self, most: usize) -> Vec<Waiting> {
        self.lines.take(&self.sql, most)
    }
}

impl Drop for Lead {
    fn drop(&mut self) {
        if let Some(next) = self.lines.next(&self.sql) {
            let lead = Self { lines: Arc::clone(&self.lines), sql: Arc::clone(&self.sql) };
            // Who does not wait any more drops it, and so passes it on.
            let _ = next.turn.send(Turn::Lead(lead));
        }
    }
}
