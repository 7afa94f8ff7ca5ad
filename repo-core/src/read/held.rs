//! Locking rows that others may have locked: waiting for them, passing them over, or giving up at once.

use crate::entity::Entity;
use crate::query::Query;
use crate::session::scope::Scope;

/// What becomes of a row that is to be locked while another transaction holds it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Held {
    /// The statement waits until it is let go.
    #[default]
    Awaited,
    /// It is passed over.
    Skipped,
    /// The statement is [`Error::Busy`](crate::Error::Busy).
    Refused,
}

impl<E: Entity, S: Scope> Query<E, S> {
    /// Locks the rows as [`for_update`](Self::for_update) does, and leaves out those that another transaction
    /// holds: several workers take from one queue, and none waits for another. A row that is left out counts
    /// for no limit.
    ///
    /// On SQLite a transaction that writes holds the whole database, so that no row is held by another: the
    /// workers take their turns when they begin, and nothing is left out.
    ///
    /// A worker that takes jobs, and leaves them to the others if it does not come to the end:
    ///
    /// ```no_run
    /// # use repo_core::{Database, Error, Repository};
    /// #[derive(Debug, Repository)]
    /// #[repository(table = "jobs", index(done, id))]
    /// struct Job {
    ///     id: uuid::Uuid,
    ///     payload: String,
    ///     #[repository(default = false)]
    ///     done: bool,
    /// }
    ///
    /// # async fn work(_: &Job) -> Result<(), Error> { Ok(()) }
    /// async fn take(db: &Database) -> Result<usize, Error> {
    ///     db.session()
    ///         .transaction(async |tx| {
    ///             let jobs = tx.repo::<Job>();
    ///             let taken = jobs.filter(Job::DONE.eq(false)).limit(5).skip_locked().all().await?;
    ///             for job in &taken {
    ///                 work(job).await?;
    ///                 jobs.patch(job.id, JobPatch::new().done(true)).await?;
    ///             }
    ///             Ok(taken.len())
    ///         })
    ///         .await
    /// }
    /// ```
    ///
    /// # Errors
    ///
    /// As for [`for_update`](Self::for_update).
    pub fn skip_locked(self) -> Self {
        self.lock(Held::Skipped)
    }

    /// Locks the rows as [`for_update`](Self::for_update) does, and waits for nobody: where another
    /// transaction holds one of them, reading is [`Error::Busy`](crate::Error::Busy), which is
    /// [retryable](crate::Error::is_retryable). As any error of the database it allows a rollback only; in a
    /// nested transaction it is survived.
    ///
    /// On SQLite a transaction that writes holds the whole database from its beginning, and it is there that it
    /// waited: reading is never busy.
    ///
    /// # Errors
    ///
    /// As for [`for_update`](Self::for_update).
    pub fn no_wait(self) -> Self {
        self.lock(Held::Refused)
    }
}
