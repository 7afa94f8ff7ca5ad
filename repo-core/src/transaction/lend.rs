//! Lending a transaction's connection: SQL by hand through the driver itself, in the same transaction.
//!
//! It is SQL by hand like any other: it says its reason, is counted, logged, and recorded in the audit trail,
//! though not with its text, which nobody here sees. While the connection is lent the transaction has none: its
//! sessions say so instead of waiting for each other. What a driver lends, and how it is found in order
//! afterwards, is in its crate.

use std::sync::Arc;

use crate::audit::Action;
use crate::audit::append::Pending;
use crate::audit::author::Author;
use crate::backend::Connection;
use crate::error::{Error, Result};
use crate::session::scope::Scope;
use crate::transaction::{Executor, Handle};
use crate::transaction_state::State;
use crate::unchecked::{SQL, UNCHECKED, UncheckedSql};

/// What stands in the audit trail for statements that nobody here sees.
const LENT: &str = "{\"sql\":\"-- on a lent connection\"}";

/// Held by who has the connection of a transaction.
pub(crate) struct Loan;

impl<S: Scope> UncheckedSql<'_, S> {
    /// Lends the connection of the session's transaction, which is a `C`, to `work`. An error of `work` allows a
    /// rollback only, and so does a drop before its end.
    ///
    /// # Errors
    ///
    /// - [`Error::NoTransaction`]: the session is in none.
    /// - [`Error::MissingActor`]: the session says not who acts.
    /// - [`Error::Unsupported`], for `reason`: the connection is no `C`.
    /// - [`Error::InvalidInput`]: values were bound, which belong to the statements of `work`.
    /// - The error of `work`.
    #[doc(hidden)]
    pub async fn lend<C: 'static, T>(
        self,
        reason: &'static str,
        work: impl AsyncFnOnce(&mut C) -> Result<T>,
    ) -> Result<T> {
        let Executor::Transaction(handle) = self.session().executor().clone() else {
            return Err(Error::NoTransaction { operation: "lend" });
        };
        if self.has_params() {
            let reason = "are bound where their statement is: on the connection that is lent";
            return Err(Error::invalid_input("parameters", reason));
        }
        let (session, why) = self.announced()?;
        session.record_look_by_hand().await?;
        let reach = session.scope().reach().map_err(|it| Error::invalid_value("tenant", it))?;
        let author = Author::acting(session, reach, UNCHECKED.entity)?;
        let author = Author { reason: Some(why.into()), ..author };
        let own = session.own_transaction().await?;
        let done = async {
            let value = handle.lend(reason, work).await?;
            let said = Some(LENT.to_owned());
            let entry = Pending::about_no_row(author, SQL, Action::UncheckedSql, said);
            own.session().record(vec![entry]).await?;
            Ok(value)
        }
        .await;
        own.finish(done).await
    }
}

impl Handle {
    /// Takes the connection out of the transaction for `work`, so that a session of the transaction in `work`
    /// finds none, where it would wait for `work` to end.
    async fn lend<C: 'static, T>(
        &self,
        reason: &'static str,
        work: impl AsyncFnOnce(&mut C) -> Result<T>,
    ) -> Result<T> {
        let mut state = self.shared.enter(self.id).await?;
        let (mut connection, loan) = state.lend()?;
        let Some(lent) = connection.as_any().and_then(|it| it.downcast_mut()) else {
            state.give_back(connection, loan);
            return Err(Error::Unsupported { reason: reason.into() });
        };
        drop(state);
        let result = work(lent).await;
        let mut state = self.shared.take().await?;
        state.give_back(connection, loan);
        state.settle().await;
        state.finish(result)
    }
}

impl State {
    /// Takes the connection away. Until it is given back nothing can be done here; with the loan dropped
    /// before, only a rollback.
    fn lend(&mut self) -> Result<(Box<dyn Connection>, Arc<Loan>)> {
        let connection = self.connection.take().ok_or(Error::TransactionEnded)?;
        let loan = Arc::new(Loan);
        self.loan = Some(Arc::downgrade(&loan));
        Ok((connection, loan))
    }

    /// Takes the connection back. If the transaction ended meanwhile it is dropped, which rolls back.
    fn give_back(&mut self, connection: Box<dyn Connection>, loan: Arc<Loan>) {
        self.loan = None;
        drop(loan);
        if !self.open.is_empty() {
            self.connection = Some(connection);
        }
    }
}
