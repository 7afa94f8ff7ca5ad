//! What the sessions of a transaction share: its connection, at which operations take turns.

mod levels;

use std::future::Future;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Mutex, PoisonError};

pub(crate) use levels::State;
use tokio::sync::Notify;

use crate::backend::Connection;
use crate::error::{Error, Result};
use crate::transaction::turns::{Turn, Turns};

/// Why only a rollback is possible after an operation was dropped.
const CANCELLED: &str = "an operation in it was cancelled before it ended";

/// Why a level was not kept of which an operation goes on elsewhere.
const UNFINISHED: &str = "an operation in it has not ended";

/// The state of a transaction, shared by the sessions in it.
pub(crate) struct Shared {
    turns: Turns<State>,
    /// Told when levels end, and when they are dropped.
    levels_ended: Notify,
    /// Levels that were dropped without an end while nobody could wait: undone by whoever comes next.
    abandoned: Mutex<Vec<u64>>,
    /// The levels of operations of several statements that have begun and not ended.
    unfinished: Mutex<Vec<u64>>,
    /// The levels of those that were dropped before their end.
    cancelled: Mutex<Vec<u64>>,
    /// The outermost level was dropped: whoever holds the state gives the connection up.
    over: AtomicBool,
    read_only: bool,
}

/// A turn, at which abandoned levels are undone.
pub(crate) struct Entered<'a> {
    shared: &'a Shared,
    /// Taken only when this is dropped.
    turn: Option<Turn<'a, State>>,
    /// How many levels were open when it began.
    depth: usize,
}

impl Shared {
    /// A new transaction and the id of its outermost level.
    pub(crate) fn new(connection: Box<dyn Connection>, read_only: bool) -> (Self, u64) {
        let shared = Self {
            turns: Turns::new(State::new(connection)),
            levels_ended: Notify::new(),
            abandoned: Mutex::default(),
            unfinished: Mutex::default(),
            cancelled: Mutex::default(),
            over: AtomicBool::new(false),
            read_only,
        };
        (shared, 0)
    }

    /// Whether a write in it is an error.
    pub(crate) fn is_read_only(&self) -> bool {
        self.read_only
    }

    /// The state, for work at the level `id`: once no operation has a level in it.
    pub(crate) async fn enter(&self, id: u64) -> Result<Entered<'_>> {
        loop {
            // Asked for before the look: a level that is dropped after it is not missed.
            let ended = self.levels_ended.notified();
            let mut entered = self.take().await?;
            entered.settle().await;
            if !entered.waits_for_operation(id) {
                entered.check(id)?;
                return Ok(entered);
            }
            drop(entered);
            self.turns.wait(ended).await?;
        }
    }

    /// The state, whatever is open.
    pub(crate) async fn lock(&self) -> Result<Entered<'_>> {
        let mut entered = self.take().await?;
        entered.settle().await;
        Ok(entered)
    }

    /// The state as it was left: what was dropped in it is not undone yet.
    pub(crate) async fn take(&self) -> Result<Entered<'_>> {
        // Before the wait: whoever gives it up when it is their turn may be the last to come by.
        let mut entered = Entered { shared: self, turn: None, depth: 0 };
        let turn = self.turns.take().await?;
        entered.depth = turn.depth();
        entered.turn = Some(turn);
        Ok(entered)
    }

    /// Does work at the connection, by who has the state.
    pub(crate) async fn watch<F: Future>(&self, work: F) -> F::Output {
        self.turns.watch(work).await
    }

    /// An operation of several statements begins at the level `id`, which is not kept before it ends.
    pub(crate) fn begin_operation(&self, id: u64) {
        self.unfinished.lock().unwrap_or_else(PoisonError::into_inner).push(id);
    }

    /// It ends, or was dropped before its end: what it did then allows a rollback only.
    pub(crate) fn end_operation(&self, id: u64, is_cancelled: bool) {
        if is_cancelled {
            self.cancel(id);
        }
        let mut unfinished = self.unfinished.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(at) = unfinished.iter().position(|it| *it == id) {
            unfinished.swap_remove(at);
        }
    }

    /// What is open at the level `id` allows a rollback only.
    pub(crate) fn cancel(&self, id: u64) {
        self.cancelled.lock().unwrap_or_else(PoisonError::into_inner).push(id);
    }

    /// Whether all operations at the level `id` have ended.
    pub(crate) fn check_finished(&self, id: u64) -> Result<()> {
        let unfinished = self.unfinished.lock().unwrap_or_else(PoisonError::into_inner);
        if unfinished.contains(&id) {
            return Err(Error::TransactionFailed { reason: UNFINISHED.to_owned() });
        }
        Ok(())
    }

    /// Ends the level `id` without waiting.
    pub(crate) fn abandon(&self, id: u64) {
        self.abandoned.lock().unwrap_or_else(PoisonError::into_inner).push(id);
        if id != 0 {
            self.levels_ended.notify_waiters();
            return;
        }
        self.over.store(true, Ordering::SeqCst);
        self.give_up();
    }

    /// Drops the connection, which rolls back, unless somebody is at it: they do it then.
    fn give_up(&self) {
        if let Some(mut state) = self.turns.try_take() {
            drop(state.end());
            drop(state);
            self.levels_ended.notify_waiters();
        }
    }
}

impl Entered<'_> {
    /// Undoes the levels that were dropped without an end.
    pub(crate) async fn settle(&mut self) {
        let take = |ids: &Mutex<Vec<u64>>| {
            std::mem::take(&mut *ids.lock().unwrap_or_else(PoisonError::into_inner))
        };
        let cancelled = take(&self.shared.cancelled);
        for level in cancelled.iter().filter_map(|id| self.position(*id)).collect::<Vec<_>>() {
            self.fail(CANCELLED.to_owned(), level + 1);
        }
        if self.busy {
            // Whoever was here before was dropped amid a statement: nobody knows what the
            // connection would answer next.
            self.busy = false;
            self.connection = None;
            self.fail(CANCELLED.to_owned(), 0);
        }
        if self.loan.as_ref().is_some_and(|loan| loan.strong_count() == 0) {
            self.loan = None;
            self.fail(CANCELLED.to_owned(), 0);
        }
        if self.loan.is_some() {
            // Whoever gives the connection back undoes them.
            return;
        }
        let abandoned = take(&self.shared.abandoned);
        match abandoned.iter().filter_map(|id| self.position(*id)).min() {
            Some(0) => drop(self.end()),
            Some(level) => {
                let shared = self.shared;
                match shared.watch(self.rollback_to(level)).await {
                    // It is undone with the transaction, whose connection is gone.
                    Ok(()) | Err(Error::TransactionEnded) => {}
                    Err(error) => {
                        tracing::warn!(target: "repo", %error, "a savepoint was not rolled back");
                    }
                }
            }
            None => {}
        }
    }
}

/// Gives the connection up if the transaction was dropped while this was held.
impl Drop for Entered<'_> {
    fn drop(&mut self) {
        // Released before the flag is read: whoever set it in between found the turn taken.
        let is_less = self.turn.take().is_some_and(|turn| turn.depth() < self.depth);
        if is_less {
            self.shared.levels_ended.notify_waiters();
        }
        if self.shared.over.load(Ordering::SeqCst) {
            self.shared.give_up();
        }
    }
}

impl std::ops::Deref for Entered<'_> {
    type Target = State;

    fn deref(&self) -> &State {
        self.turn.as_deref().expect("the turn is held until this is dropped")
    }
}

impl std::ops::DerefMut for Entered<'_> {
    fn deref_mut(&mut self) -> &mut State {
        self.turn.as_deref_mut().expect("the turn is held until this is dropped")
    }
}

impl std::fmt::Debug for Shared {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Transaction")
    }
}
