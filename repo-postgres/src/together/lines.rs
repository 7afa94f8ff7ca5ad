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
        // They stand in the order in which they came.
        let position = line.waiting.binary_search_by_key(&number, |waiting| waiting.number);
        position.is_ok_and(|position| line.waiting.remove(position).is_some())
    }

    /// Takes the next ones who still wait, at most so many.
    pub(super) fn take(&self, sql: &str, most: usize) -> Vec<Waiting> {
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

#[cfg(test)]
mod tests {
    use super::*;

    const SQL: &str = "SELECT 1";

    fn ahead(lines: &Arc<Lines>) -> Lead {
        match lines.enter(SQL, &[]) {
            Place::Ahead(lead) => lead,
            Place::Behind(_) => panic!("somebody is ahead"),
        }
    }

    fn behind(lines: &Arc<Lines>, key: i64) -> Ticket {
        match lines.enter(SQL, &[Value::I64(key)]) {
            Place::Behind(ticket) => ticket,
            Place::Ahead(_) => panic!("nobody is ahead"),
        }
    }

    fn keys(taken: &[Waiting]) -> Vec<Value<'static>> {
        taken.iter().flat_map(|waiting| waiting.key.clone()).collect()
    }

    fn lead_of(mut ticket: Ticket) -> Lead {
        match ticket.turn.try_recv() {
            Ok(Turn::Lead(lead)) => lead,
            other => panic!("{other:?} is not the lead"),
        }
    }

    #[test]
    fn a_leader_takes_the_next_ones_along_and_the_one_behind_them_leads() {
        let lines = Arc::new(Lines::default());
        let lead = ahead(&lines);
        let mut tickets: Vec<Ticket> = (0..5).map(|key| behind(&lines, key)).collect();
        let taken = lead.take(3);
        assert_eq!(keys(&taken), [Value::I64(0), Value::I64(1), Value::I64(2)]);
        let last = tickets.pop().expect("there are five");
        let lead = lead_of(tickets.pop().expect("there are five"));
        assert_eq!(keys(&lead.take(3)), [Value::I64(4)]);
        drop(last);
        drop(ahead(&lines));
    }

    #[test]
    fn a_lead_that_is_dropped_anywhere_is_the_next_ones() {
        let lines = Arc::new(Lines::default());
        let lead = ahead(&lines);
        let (first, second, third) = (behind(&lines, 1), behind(&lines, 2), behind(&lines, 3));
        drop(second);
        drop(lead);
        // It was sent and is never looked at.
        drop(first);
        assert_eq!(lead_of(third).take(1).len(), 0);
        assert!(lines.lines().is_empty(), "the line is over");
    }

    #[test]
    fn who_left_or_went_away_is_not_taken_along() {
        let lines = Arc::new(Lines::default());
        let lead = ahead(&lines);
        let tickets: Vec<Ticket> = (0..4).map(|key| behind(&lines, key)).collect();
        assert!(lines.leave(SQL, tickets[1].number));
        assert!(!lines.leave(SQL, tickets[1].number));
        let mut kept = tickets;
        drop(kept.remove(2));
        assert_eq!(keys(&lead.take(4)), [Value::I64(0), Value::I64(3)]);
    }

    #[test]
    fn who_was_taken_along_cannot_leave() {
        let lines = Arc::new(Lines::default());
        let lead = ahead(&lines);
        let ticket = behind(&lines, 7);
        let taken = lead.take(1);
        assert!(!lines.leave(SQL, ticket.number));
        assert_eq!(keys(&taken), [Value::I64(7)]);
    }
}
