//! What waits for a connection: a line for each text, behind a leader.
//!
//! A line is there as long as it has a leader, and whoever stops to be it, with a connection or without, makes the
//! next one the leader: nobody waits in a line that nobody gets a connection for. All in a line are of one runtime, so
//! that nobody waits for what another one, which may rest or end, does for them. Absent: connections and statements.

use std::collections::VecDeque;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use repo_core::Value;
use tokio::runtime::Id;
use tokio::sync::oneshot;

/// The operations that wait, by their texts and runtimes. A `T` is what comes to who was taken along.
#[derive(Debug)]
pub(crate) struct Lines<T> {
    lines: Mutex<Vec<Line<T>>>,
    /// How many have been in any of them: a number is nobody else's, also where a line is over and there is a new one
    /// of its kind.
    numbers: AtomicU64,
}

#[derive(Debug)]
struct Line<T> {
    sql: Arc<str>,
    runtime: Option<Id>,
    waiting: VecDeque<Waiting<T>>,
}

/// What all in a line have in common: the text that they share, and the runtime.
#[derive(Debug, Clone, Copy)]
pub(super) struct Kin<'a> {
    pub(super) sql: &'a str,
    pub(super) runtime: Option<Id>,
}

/// An operation in a line.
#[derive(Debug)]
pub(super) struct Waiting<T> {
    number: u64,
    pub(super) params: Vec<Value<'static>>,
    /// Dropped, it sends who waits to get a connection of their own.
    pub(super) turn: oneshot::Sender<Turn<T>>,
}

/// What comes to who waits in a line.
#[derive(Debug)]
pub(super) enum Turn<T> {
    /// The duty to get a connection.
    Lead(Lead<T>),
    /// What somebody else did for them.
    Done(T),
}

/// Where an operation is that entered a line.
#[derive(Debug)]
pub(super) enum Place<T> {
    Ahead(Lead<T>),
    Behind(Ticket<T>),
}

/// What is kept by who waits in a line.
#[derive(Debug)]
pub(super) struct Ticket<T> {
    pub(super) number: u64,
    pub(super) turn: oneshot::Receiver<Turn<T>>,
}

/// The duty to get a connection for a line. Dropped, it is the next one's.
#[derive(Debug)]
pub(super) struct Lead<T> {
    lines: Arc<Lines<T>>,
    sql: Arc<str>,
    runtime: Option<Id>,
}

impl<T> Line<T> {
    fn is_of(&self, kin: Kin<'_>) -> bool {
        *self.sql == *kin.sql && self.runtime == kin.runtime
    }
}

impl<T> Lines<T> {
    /// Puts an operation into the line of its kind: ahead, where there is none.
    pub(super) fn enter(self: &Arc<Self>, kin: Kin<'_>, params: &[Value<'_>]) -> Place<T> {
        let mut lines = self.lines();
        if let Some(line) = lines.iter_mut().find(|line| line.is_of(kin)) {
            let (turn, receiver) = oneshot::channel();
            let number = self.numbers.fetch_add(1, Ordering::Relaxed);
            line.waiting.push_back(Waiting { number, params: owned(params), turn });
            return Place::Behind(Ticket { number, turn: receiver });
        }
        let (sql, runtime): (Arc<str>, _) = (kin.sql.into(), kin.runtime);
        lines.push(Line { sql: Arc::clone(&sql), runtime, waiting: VecDeque::new() });
        Place::Ahead(Lead { lines: Arc::clone(self), sql, runtime })
    }

    /// Takes an operation out of the line, unless it was taken out already: then its turn has come.
    pub(super) fn leave(&self, kin: Kin<'_>, number: u64) -> bool {
        let mut lines = self.lines();
        let Some(line) = lines.iter_mut().find(|line| line.is_of(kin)) else { return false };
        // They stand in the order in which they came.
        let position = line.waiting.binary_search_by_key(&number, |waiting| waiting.number);
        position.is_ok_and(|position| line.waiting.remove(position).is_some())
    }

    /// Takes the next ones who still wait, at most so many.
    pub(super) fn take(&self, kin: Kin<'_>, most: usize) -> Vec<Waiting<T>> {
        let mut lines = self.lines();
        let Some(line) = lines.iter_mut().find(|line| line.is_of(kin)) else { return Vec::new() };
        let next = std::iter::from_fn(|| line.waiting.pop_front());
        next.filter(|next| !next.turn.is_closed()).take(most).collect()
    }

    /// Takes the next one who still waits. Where there is none, the line is over.
    fn next(&self, kin: Kin<'_>) -> Option<Waiting<T>> {
        let mut lines = self.lines();
        let at = lines.iter().position(|line| line.is_of(kin))?;
        while let Some(next) = lines[at].waiting.pop_front() {
            if !next.turn.is_closed() {
                return Some(next);
            }
        }
        lines.swap_remove(at);
        None
    }

    fn lines(&self) -> MutexGuard<'_, Vec<Line<T>>> {
        // Nothing panics in between.
        self.lines.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl<T> Default for Lines<T> {
    fn default() -> Self {
        Self { lines: Mutex::default(), numbers: AtomicU64::default() }
    }
}

impl<T> Lead<T> {
    /// Takes at most so many of those behind, and makes the next one the leader.
    pub(super) fn take(self, most: usize) -> Vec<Waiting<T>> {
        self.lines.take(self.kin(), most)
    }

    fn kin(&self) -> Kin<'_> {
        Kin { sql: &self.sql, runtime: self.runtime }
    }
}

impl<T> Drop for Lead<T> {
    fn drop(&mut self) {
        if let Some(next) = self.lines.next(self.kin()) {
            let (lines, sql) = (Arc::clone(&self.lines), Arc::clone(&self.sql));
            let lead = Self { lines, sql, runtime: self.runtime };
            // Who does not wait any more drops it, and so passes it on.
            let _ = next.turn.send(Turn::Lead(lead));
        }
    }
}

pub(super) fn owned(params: &[Value<'_>]) -> Vec<Value<'static>> {
    params.iter().map(|value| value.borrowed().into_owned()).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    const SQL: Kin<'_> = Kin { sql: "SELECT 1", runtime: None };

    fn ahead(lines: &Arc<Lines<()>>) -> Lead<()> {
        match lines.enter(SQL, &[]) {
            Place::Ahead(lead) => lead,
            Place::Behind(_) => panic!("somebody is ahead"),
        }
    }

    fn behind(lines: &Arc<Lines<()>>, key: i64) -> Ticket<()> {
        match lines.enter(SQL, &[Value::I64(key)]) {
            Place::Behind(ticket) => ticket,
            Place::Ahead(_) => panic!("nobody is ahead"),
        }
    }

    fn params(taken: &[Waiting<()>]) -> Vec<Value<'static>> {
        taken.iter().flat_map(|waiting| waiting.params.clone()).collect()
    }

    fn lead_of(mut ticket: Ticket<()>) -> Lead<()> {
        match ticket.turn.try_recv() {
            Ok(Turn::Lead(lead)) => lead,
            other => panic!("{other:?} is not the lead"),
        }
    }

    #[test]
    fn a_leader_takes_the_next_ones_along_and_the_one_behind_them_leads() {
        let lines = Arc::new(Lines::<()>::default());
        let lead = ahead(&lines);
        let mut tickets: Vec<Ticket<()>> = (0..5).map(|key| behind(&lines, key)).collect();
        let taken = lead.take(3);
        assert_eq!(params(&taken), [Value::I64(0), Value::I64(1), Value::I64(2)]);
        let last = tickets.pop().expect("there are five");
        let lead = lead_of(tickets.pop().expect("there are five"));
        assert_eq!(params(&lead.take(3)), [Value::I64(4)]);
        drop(last);
        drop(ahead(&lines));
    }

    #[test]
    fn a_lead_that_is_dropped_anywhere_is_the_next_ones() {
        let lines = Arc::new(Lines::<()>::default());
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
        let lines = Arc::new(Lines::<()>::default());
        let lead = ahead(&lines);
        let tickets: Vec<Ticket<()>> = (0..4).map(|key| behind(&lines, key)).collect();
        assert!(lines.leave(SQL, tickets[1].number));
        assert!(!lines.leave(SQL, tickets[1].number));
        let mut kept = tickets;
        drop(kept.remove(2));
        assert_eq!(params(&lead.take(4)), [Value::I64(0), Value::I64(3)]);
    }

    #[test]
    fn who_was_taken_along_cannot_leave() {
        let lines = Arc::new(Lines::<()>::default());
        let lead = ahead(&lines);
        let ticket = behind(&lines, 7);
        let taken = lead.take(1);
        assert!(!lines.leave(SQL, ticket.number));
        assert_eq!(params(&taken), [Value::I64(7)]);
    }

    #[test]
    fn who_was_in_a_line_that_is_over_takes_nobody_out_of_the_next_one() {
        let lines = Arc::new(Lines::default());
        let lead = ahead(&lines);
        let earlier = behind(&lines, 1);
        assert_eq!(params(&lead.take(1)), [Value::I64(1)]);
        let lead = ahead(&lines);
        let _later = behind(&lines, 2);
        assert!(!lines.leave(SQL, earlier.number), "it was taken along");
        assert_eq!(params(&lead.take(1)), [Value::I64(2)]);
    }

    #[test]
    fn who_is_of_another_runtime_stands_in_another_line() {
        let runtime = tokio::runtime::Builder::new_current_thread().build().expect("one is made");
        let there = Kin { runtime: Some(runtime.handle().id()), ..SQL };
        let lines = Arc::new(Lines::default());
        let lead = ahead(&lines);
        let Place::Ahead(other) = lines.enter(there, &[]) else { panic!("somebody is ahead") };
        let Place::Behind(behind_other) = lines.enter(there, &[Value::I64(1)]) else {
            panic!("nobody is ahead")
        };
        assert_eq!(lead.take(4).len(), 0);
        assert!(!lines.leave(SQL, behind_other.number));
        assert_eq!(params(&other.take(4)), [Value::I64(1)]);
    }
}
