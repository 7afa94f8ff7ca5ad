//! Who has a connection now, and what became of it.
//!
//! A [`Lease`] marks its connection before each operation and clears the mark after it. A connection
//! that comes back marked, because a future was dropped or a callback panicked, or that is still in a
//! transaction, is closed: the server rolls back. Absent: where connections come from (`own.rs`, `adopted.rs`).

use std::time::Duration;

use repo_core::Result;
use sqlx::PgConnection;
#[cfg(feature = "sqlx")]
use sqlx::{PgPool, Postgres, pool::PoolConnection};
#[cfg(feature = "sqlx")]
use tokio::runtime;

#[cfg(feature = "sqlx")]
use crate::adopted::{self, Adopted};
use crate::error::{Aftermath, Failure};
use crate::own::{Held, Own};

/// Connections, how many and for how long: our own, or an application's.
#[derive(Debug)]
pub(crate) enum Pool {
    Own(Own),
    #[cfg(feature = "sqlx")]
    Adopted(Adopted),
}

/// A connection that is taken until the lease is dropped.
#[derive(Debug)]
pub(crate) struct Lease {
    // Only `drop` takes it.
    connection: Option<Taken>,
    is_unfinished: bool,
    in_transaction: bool,
    /// An operation left it of no more use, or left nobody knows what: what is done on it afterwards does not mend that.
    is_broken: bool,
}

#[derive(Debug)]
enum Taken {
    Own(Held),
    #[cfg(feature = "sqlx")]
    /// And the pool that it is of.
    Adopted(PoolConnection<Postgres>, PgPool),
}

impl Pool {
    pub(crate) async fn get(&self) -> Result<Lease> {
        match self {
            Pool::Own(own) => own.get(own.wait()).await,
            #[cfg(feature = "sqlx")]
            // Its future has room for connecting: see `own.rs`.
            Pool::Adopted(adopted) => {
                let connection = Box::pin(adopted.get()).await?;
                Ok(Lease::new(Taken::Adopted(connection, adopted.pool().clone())))
            }
        }
    }

    /// The connections that only this backend uses, if they are that.
    pub(crate) fn own(&self) -> Option<&Own> {
        match self {
            Pool::Own(own) => Some(own),
            #[cfg(feature = "sqlx")]
            Pool::Adopted(_) => None,
        }
    }

    pub(crate) fn size(&self) -> usize {
        match self {
            Pool::Own(own) => own.size(),
            #[cfg(feature = "sqlx")]
            Pool::Adopted(adopted) => adopted.size(),
        }
    }

    pub(crate) fn idle(&self) -> usize {
        match self {
            Pool::Own(own) => own.idle(),
            #[cfg(feature = "sqlx")]
            Pool::Adopted(adopted) => adopted.idle(),
        }
    }

    /// Closes what is idle, and lets nothing more be taken.
    pub(crate) async fn close(&self) {
        match self {
            Pool::Own(own) => own.close().await,
            #[cfg(feature = "sqlx")]
            Pool::Adopted(adopted) => adopted.close(),
        }
    }
}

impl Own {
    /// A connection that becomes free in time.
    pub(crate) async fn get(&self, wait: Duration) -> Result<Lease> {
        self.take(wait).await.map(|held| Lease::new(Taken::Own(held)))
    }

    /// A connection that is free now.
    pub(crate) async fn get_if_free(&self) -> Result<Option<Lease>> {
        let held = self.take_if_free().await?;
        Ok(held.map(|held| Lease::new(Taken::Own(held))))
    }
}

impl Lease {
    fn new(connection: Taken) -> Self {
        Self {
            connection: Some(connection),
            is_unfinished: false,
            in_transaction: false,
            is_broken: false,
        }
    }

    /// The connection, marked until [`finish`](Self::finish) is told what became of the operation.
    pub(crate) fn start(&mut self) -> &mut PgConnection {
        self.is_unfinished = true;
        match self.connection.as_mut().expect("it is there until the lease is dropped") {
            Taken::Own(held) => held.connection(),
            #[cfg(feature = "sqlx")]
            Taken::Adopted(adopted, _) => adopted,
        }
    }

    /// Clears the mark, and says whether the connection is of use still.
    pub(crate) fn finish<T>(&mut self, result: &Result<T, Failure>) {
        let aftermath = result.as_ref().map_or_else(Failure::aftermath, |_| Aftermath::Usable);
        self.is_unfinished = false;
        self.is_broken |= aftermath != Aftermath::Usable;
        if !self.in_transaction && result.as_ref().is_err_and(Failure::is_of_a_failed_transaction) {
            // One that somebody left open: it would refuse all that follows as well.
            self.is_broken = true;
        }
        if aftermath == Aftermath::OthersToo {
            self.retire_others();
        }
        #[cfg(feature = "sqlx")]
        if result.as_ref().is_err_and(Failure::is_of_an_altered_table) {
            self.close_idle_of_adopted();
        }
    }

    /// Says whether the connection has an open transaction, or may have one.
    pub(crate) fn set_in_transaction(&mut self, in_transaction: bool) {
        self.in_transaction = in_transaction;
    }

    /// It is nobody's afterwards: what is run on it may leave settings, locks or tables there.
    pub(crate) fn close_at_the_end(&mut self) {
        self.is_broken = true;
    }

    /// The same where it is of our own pool: what is left on one of an application's is the application's to know.
    #[cfg(feature = "sqlx")]
    pub(crate) fn close_own_at_the_end(&mut self) {
        self.is_broken |= matches!(self.connection, Some(Taken::Own(_)));
    }

    /// Sees to it that no connection as old as this one is used again. The pool of an application tests by itself
    /// whether its connections live.
    fn retire_others(&self) {
        if let Some(Taken::Own(held)) = &self.connection {
            held.retire_others();
        }
    }

    /// The same of an application's pool, which does not test what is prepared on its connections.
    #[cfg(feature = "sqlx")]
    fn close_idle_of_adopted(&self) {
        if let Some(Taken::Adopted(_, pool)) = &self.connection {
            adopted::close_idle(pool);
        }
    }
}

impl Drop for Lease {
    fn drop(&mut self) {
        let Some(connection) = self.connection.take() else { return };
        let is_sound = !self.is_unfinished && !self.in_transaction && !self.is_broken;
        match connection {
            Taken::Own(held) if is_sound => drop(held),
            Taken::Own(held) => held.close(),
            // sqlx takes a connection back on a runtime, and panics where there is none.
            #[cfg(feature = "sqlx")]
            Taken::Adopted(adopted, _) if is_sound && runtime::Handle::try_current().is_ok() => {
                drop(adopted);
            }
            #[cfg(feature = "sqlx")]
            Taken::Adopted(adopted, _) => drop(adopted.detach()),
        }
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used, reason = "a test that cannot go on has failed")]
mod tests {
    use sqlx::postgres::PgConnectOptions;

    use super::*;
    use crate::open::Opener;
    use crate::own::Terms;

    #[test]
    fn what_each_statement_waits_with_has_no_room_for_connecting() {
        let second = Duration::from_secs(1);
        let opener = Opener::new(PgConnectOptions::new_without_pgpass(), None);
        let connecting = size_of_val(&opener.open(second));
        let terms = Terms {
            opener,
            size: 1,
            wait: second,
            connect_timeout: second,
            idle_test_after: second,
            max_lifetime: None,
        };
        let pool = Pool::Own(Own::new(terms).unwrap());
        let waiting = size_of_val(&pool.get());
        assert!(waiting < 2048, "{waiting} bytes, and {connecting} to connect");
    }
}
