//! The levels that are open on a connection, what each leaves to be done at its end, and what failed in them.

use std::sync::Weak;

use super::{CANCELLED, UNFINISHED};
use crate::audit::append::{Pending, append};
use crate::audit::waiting::Waiting;
use crate::backend::Connection;
use crate::dialect::Dialect;
use crate::error::{Error, Result};
use crate::transaction::Hook;
use crate::transaction::lend::Loan;

/// The most entries of the audit trail that wait for the end of a transaction.
const MOST_ENTRIES: usize = 1_000;

/// The open levels, from the transaction itself to the innermost savepoint.
pub(crate) struct State {
    pub(crate) connection: Option<Box<dyn Connection>>,
    pub(crate) open: Vec<Level>,
    next_id: u64,
    /// A statement was started and not finished.
    pub(super) busy: bool,
    /// The connection is elsewhere, until who has it comes back or is dropped.
    pub(crate) loan: Option<Weak<Loan>>,
    failure: Option<Failure>,
    hooks: Vec<(usize, Hook)>,
    /// Entries of the audit trail that are appended before the end.
    entries: Waiting,
}

/// An open level.
pub(crate) struct Level {
    id: u64,
    /// It belongs to an operation: who comes meanwhile waits for its end.
    is_of_operation: bool,
}

/// The first error that the levels up to `depth` cannot survive.
struct Failure {
    depth: usize,
    reason: String,
}

impl State {
    /// Of a new transaction, whose outermost level is 0.
    pub(super) fn new(connection: Box<dyn Connection>) -> Self {
        Self {
            connection: Some(connection),
            open: vec![Level { id: 0, is_of_operation: false }],
            next_id: 1,
            busy: false,
            loan: None,
            failure: None,
            hooks: Vec::new(),
            entries: Waiting::default(),
        }
    }

    /// Whether work at the level `id` can go on.
    pub(crate) fn check(&self, id: u64) -> Result<()> {
        if self.position(id).is_none() {
            return Err(Error::TransactionEnded);
        }
        if self.loan.is_some() {
            return Err(Error::ConnectionLent);
        }
        if self.waits_for_operation(id) {
            return Err(Error::TransactionFailed { reason: UNFINISHED.to_owned() });
        }
        if !self.inside(id).is_empty() {
            return Err(Error::InnerTransactionOpen);
        }
        match &self.failure {
            None => Ok(()),
            Some(failure) => Err(Error::TransactionFailed { reason: failure.reason.clone() }),
        }
    }

    /// Whether the levels in the level `id` are those of an operation, which ends by itself.
    pub(super) fn waits_for_operation(&self, id: u64) -> bool {
        self.inside(id).first().is_some_and(|level| level.is_of_operation)
    }

    /// The levels in the level `id`.
    fn inside(&self, id: u64) -> &[Level] {
        self.position(id).map_or(&[], |position| &self.open[position + 1..])
    }

    /// The connection, marked as busy until [`finish`](Self::finish).
    pub(crate) fn start(&mut self) -> Result<&mut Box<dyn Connection>> {
        self.busy = self.connection.is_some();
        self.connection.as_mut().ok_or(Error::TransactionEnded)
    }

    /// The result of what was started. An error allows a rollback only.
    pub(crate) fn finish<T>(&mut self, result: Result<T>) -> Result<T> {
        self.busy = false;
        if let Err(error) = &result {
            self.fail(error.to_string(), self.open.len());
        }
        result
    }

    /// The level `id` allows a rollback only.
    pub(crate) fn fail_at(&mut self, id: u64, error: &Error) {
        if let Some(level) = self.position(id) {
            self.fail(error.to_string(), level + 1);
        }
    }

    pub(crate) fn depth(&self) -> usize {
        self.open.len()
    }

    pub(crate) fn position(&self, id: u64) -> Option<usize> {
        self.open.iter().position(|level| level.id == id)
    }

    /// A new innermost level.
    pub(crate) fn push(&mut self, is_of_operation: bool) -> u64 {
        let id = self.next_id;
        self.next_id += 1;
        self.open.push(Level { id, is_of_operation });
        id
    }

    /// The innermost level ends and is kept: its hooks belong to the one around it.
    pub(crate) fn pop(&mut self) {
        self.open.pop();
        let depth = self.open.len();
        self.hooks.iter_mut().for_each(|(at, _)| *at = (*at).min(depth));
        self.entries.keep(depth);
    }

    /// Runs a hook after the commit if the level `id` is kept: somebody else may have opened one in it since.
    pub(crate) fn add_hook(&mut self, id: u64, hook: Hook) -> Result<()> {
        let position = self.position(id).ok_or(Error::TransactionEnded)?;
        self.hooks.push((position + 1, hook));
        Ok(())
    }

    /// Keeps entries of the audit trail for the end, of the level `id`: somebody else may have opened one in
    /// it since the change.
    pub(crate) fn record(&mut self, id: u64, entries: Vec<Pending>) -> Result<()> {
        let position = self.position(id).ok_or(Error::TransactionEnded)?;
        self.entries.add(position + 1, entries);
        Ok(())
    }

    /// Whether so many entries wait that they are better appended now.
    pub(crate) fn is_full(&self) -> bool {
        self.entries.len() >= MOST_ENTRIES
    }

    /// Appends the entries that wait.
    pub(crate) async fn flush(&mut self, dialect: &dyn Dialect) -> Result<()> {
        if self.entries.len() == 0 {
            return Ok(());
        }
        let entries = self.entries.take(self.open.len());
        let connection = self.start()?;
        let result = append(&mut **connection, dialect, entries).await;
        self.finish(result)
    }

    /// The whole transaction ends: its connection and its hooks.
    pub(crate) fn end(&mut self) -> (Option<Box<dyn Connection>>, Vec<Hook>) {
        self.open.clear();
        let hooks = std::mem::take(&mut self.hooks).into_iter().map(|(_, hook)| hook).collect();
        (self.connection.take(), hooks)
    }

    /// Undoes the level at `level`, those in it, and with them their failure.
    pub(crate) async fn rollback_to(&mut self, level: usize) -> Result<()> {
        self.open.truncate(level);
        self.hooks.retain(|(depth, _)| *depth <= level);
        self.entries.undo(level);
        let connection = match self.start() {
            Ok(connection) => connection,
            Err(error) => {
                self.fail(CANCELLED.to_owned(), 0);
                return Err(error);
            }
        };
        let result = connection.rollback_to(level).await;
        self.busy = false;
        match &result {
            Ok(()) => {
                if self.failure.as_ref().is_some_and(|failure| failure.depth > level) {
                    self.failure = None;
                }
            }
            Err(error) => self.fail(error.to_string(), 0),
        }
        result
    }

    pub(super) fn fail(&mut self, reason: String, depth: usize) {
        match &mut self.failure {
            Some(failure) => failure.depth = failure.depth.min(depth),
            None => self.failure = Some(Failure { depth, reason }),
        }
    }
}
