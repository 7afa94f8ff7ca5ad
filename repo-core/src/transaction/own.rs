//! The transaction of an operation that takes several statements.

use crate::error::{Error, Result};
use crate::session::Session;
use crate::session::scope::Scope;
use crate::transaction::{Executor, Handle, Transaction};

/// The transaction of several statements that are one operation: the caller's, or one for it alone.
#[derive(Debug)]
pub(crate) enum Own<S: Scope> {
    Outer(Unfinished<S>),
    Inner(Transaction<S>),
}

/// The caller's transaction, amid an operation of several statements. Until it ends nobody commits, and after
/// it was dropped neither: a change must not be committed without its entry in the audit trail.
#[derive(Debug)]
pub(crate) struct Unfinished<S: Scope> {
    session: Session<S>,
    handle: Handle,
    is_finished: bool,
}

impl<S: Scope> Own<S> {
    /// In the transaction of the caller, if there is one.
    pub(crate) fn outer(session: &Session<S>) -> Option<Self> {
        let Executor::Transaction(handle) = session.executor() else { return None };
        handle.shared.begin_operation(handle.id);
        let (session, handle) = (session.clone(), handle.clone());
        Some(Own::Outer(Unfinished { session, handle, is_finished: false }))
    }

    /// The session to work with.
    pub(crate) fn session(&self) -> &Session<S> {
        match self {
            Own::Outer(outer) => &outer.session,
            Own::Inner(transaction) => transaction.session(),
        }
    }

    /// Ends the transaction if it is for this operation alone.
    pub(crate) async fn finish<T>(self, result: Result<T>) -> Result<T> {
        let transaction = match self {
            Own::Inner(transaction) => transaction,
            Own::Outer(mut outer) => {
                // Met midway, this leaves a part of the operation: then only a rollback is possible.
                outer.is_finished = !matches!(result, Err(Error::OperationNotAwaited));
                return result;
            }
        };
        match result {
            Ok(value) => transaction.commit().await.map(|()| value),
            Err(error) => {
                if let Err(lost) = transaction.rollback().await {
                    tracing::warn!(target: "repo", error = %lost, "a rollback was not confirmed");
                }
                Err(error)
            }
        }
    }
}

impl<S: Scope> Drop for Unfinished<S> {
    fn drop(&mut self) {
        self.handle.shared.end_operation(self.handle.id, !self.is_finished);
    }
}
