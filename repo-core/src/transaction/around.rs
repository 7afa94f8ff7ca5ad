//! The transaction around a write: one that is open while its closure is called, on another connection than the
//! write's.
//!
//! Such a write may wait for the transaction, which waits for it: on SQLite it always does, on Postgres where both
//! change one row or one chain of the trail, and neither database can tell. It is known here while the closure's future
//! is polled, on that thread and for that database. A write that the closure hands to another task is that task's.
//! A transaction that only reads is around nothing: no write waits for it.

use std::cell::RefCell;
use std::future::{Future, poll_fn};
use std::pin::pin;
use std::sync::Arc;

use crate::database::Database;
use crate::error::{Error, Result};

thread_local! {
    /// The databases whose transactions are around what this thread polls, the innermost last.
    static AROUND: RefCell<Vec<usize>> = const { RefCell::new(Vec::new()) };
}

/// Ends being around what is polled, also where that panics.
struct Entered;

impl Drop for Entered {
    fn drop(&mut self) {
        AROUND.with_borrow_mut(Vec::pop);
    }
}

/// Does the work of a transaction of this database.
pub(crate) async fn around<F: Future>(database: &Database, work: F) -> F::Output {
    let (key, mut work) = (key(database), pin!(work));
    poll_fn(|context| {
        AROUND.with_borrow_mut(|around| around.push(key));
        let _entered = Entered;
        work.as_mut().poll(context)
    })
    .await
}

/// Refuses a write on a connection of its own within a transaction of this database.
pub(crate) fn refuse_within(database: &Database) -> Result<()> {
    match AROUND.with_borrow(|around| around.contains(&key(database))) {
        true => Err(Error::OutsideTransaction),
        false => Ok(()),
    }
}

/// The same for all clones of a database.
fn key(database: &Database) -> usize {
    Arc::as_ptr(database.unscoped_backend()).cast::<()>().addr()
}
