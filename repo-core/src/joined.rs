//! Repositories in a transaction that the driver began: a session on a connection that is only borrowed.
//!
//! The session is as any other, and may be cloned; so its connection is a [`remote`] one, and whoever borrows
//! the connection answers it, in the same task, for as long as the work lasts. What the work did is in the
//! driver's transaction then, which alone knows whether it is committed: [`Joined`] keeps what is to be told
//! of that. Absent: savepoints around the work, which the driver makes and undoes.

pub(crate) mod remote;

use std::fmt;
use std::pin::pin;

use futures_util::future::{Either, select};

use crate::error::{Error, Result};
use crate::session::Session;
use crate::session::scope::Scope;
use crate::transaction::around::around;
use crate::transaction::{Handle, Hook, Transaction, run_hooks};
use remote::{Joinable, serve};

/// What repositories did in a transaction that is not theirs, and has not ended.
///
/// Hooks of [`Session::after_commit`] and listeners of [`Database::on_commit`](crate::Database::on_commit) wait in
/// it: they are told by [`committed`](Self::committed), after whoever began the transaction has committed it.
/// Dropped, nobody is told.
#[must_use = "what waits for the commit is told by `committed`, and dropped by `rolled_back`"]
pub struct Joined<T> {
    value: T,
    hooks: Vec<Hook>,
}

impl<T> Joined<T> {
    /// What the work returned, which is not committed yet.
    pub fn value(&self) -> &T {
        &self.value
    }

    /// Says that the transaction was committed: hooks run and listeners are told, in order, each to its end.
    /// Returns what the work returned.
    pub async fn committed(self) -> T {
        run_hooks(self.hooks).await;
        self.value
    }

    /// Says that the transaction was rolled back: nobody is told anything.
    pub fn rolled_back(self) {}
}

impl<T: fmt::Debug> fmt::Debug for Joined<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Joined").field("value", &self.value).finish_non_exhaustive()
    }
}

/// Runs `work` with `session` on `connection`. When it returns `Ok`, all of it is on the connection, its entries
/// in the audit trail too; otherwise the caller undoes it.
///
/// # Errors
///
/// The error of `work`; [`Error::TransactionFailed`] when an error inside was swallowed;
/// [`Error::InvalidInput`]: the session is in a transaction of its own.
pub async fn join<S, J, T, E>(
    session: &Session<S>,
    connection: &mut J,
    work: impl AsyncFnOnce(&Session<S>) -> Result<T, E>,
) -> Result<Joined<T>, E>
where
    S: Scope,
    J: Joinable,
    E: From<Error>,
{
    if session.in_transaction() {
        let reason = "is in a transaction of its own, on another connection";
        return Err(Error::invalid_input("session", reason).into());
    }
    let (remote, requests) = remote::pair::<J>();
    let transaction = Transaction::new(session, Handle::on(Box::new(remote), false));
    let worked = pin!(run(transaction, work));
    let served = pin!(serve(connection, requests));
    match select(worked, served).await {
        // With the transaction its remote connection is gone. What it asked for last is still answered: a
        // statement is not left in the middle.
        Either::Left((result, served)) => {
            served.await;
            result
        }
        Either::Right(((), worked)) => worked.await,
    }
}

async fn run<S: Scope, T, E: From<Error>>(
    transaction: Transaction<S>,
    work: impl AsyncFnOnce(&Session<S>) -> Result<T, E>,
) -> Result<Joined<T>, E> {
    transaction.session().record_access(None).await?;
    let session = transaction.session();
    let value = around(session.database(), work(session)).await?;
    let ended = transaction.handle.end(session.dialect()).await?;
    Ok(Joined { value, hooks: ended.map(|(_, hooks)| hooks).unwrap_or_default() })
}
