//! Removing what was deleted long ago: `purge_deleted_before`.
//!
//! The rows and all that goes with them are removed in chunks, the oldest first, each chunk in a transaction
//! of its own: nothing is locked for long, and what was removed stays removed when a later chunk fails. How a chunk is
//! removed, and which of its rows stay, is in `purge/job.rs`.

mod job;
mod referring;

use std::fmt;
use std::future::{Future, IntoFuture};
use std::ops::AddAssign;
use std::pin::Pin;

use chrono::{DateTime, Utc};

use crate::cascade::known;
use crate::entity::{Entity, SoftDelete};
use crate::error::{Error, Result};
use crate::purge::job::{Doing, Job};
use crate::repo::Repo;
use crate::session::scope::{ReachableFrom, Scope};
use crate::value::Kind;
use crate::value::column_type::ColumnType as _;

/// The rows of a chunk, unless it is told.
const CHUNK: u32 = 1_000;

/// A removal of rows that were deleted long ago, done when it is awaited. Made by
/// [`Repo::purge_deleted_before`].
#[must_use = "rows are removed when this is awaited"]
pub struct PurgeDeleted<'r, E: Entity, S: Scope> {
    repo: &'r Repo<E, S>,
    before: DateTime<Utc>,
    chunk: u32,
    is_dry: bool,
}

/// What was removed, or would be.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
#[non_exhaustive]
pub struct Purged {
    /// Rows of the entity.
    pub rows: u64,
    /// Rows of other entities, which went with them.
    pub below: u64,
    /// Rows of the entity that were to go and stayed, as something refers to them or a rule refuses. They are found
    /// as `query().only_deleted().filter(..)`.
    pub kept: u64,
}

impl<E: Entity, S: Scope> Repo<E, S> {
    /// Removes the rows that were deleted before `time` for good, and with each what refers to it with
    /// `on_delete = cascade`, in chunks that are transactions of their own; inside a transaction,
    /// savepoints.
    ///
    /// In a session over all tenants it removes the deleted rows of every tenant. It is the only method of a repository
    /// by which such a session changes rows of tenants. To keep the rows of one tenant longer than those of another,
    /// purge in a session of each tenant.
    ///
    /// Of an `audited` entity each row is an entry in the trail of its tenant.
    ///
    /// A row stays if something refers to it, or to a row that goes with it, without `on_delete = cascade`, and if a row
    /// that goes with it was never deleted, and its `validate(delete)` refuses. The others go: a chunk that is refused
    /// is taken apart until only such rows are left. [`kept`](Purged::kept) tells how many stayed.
    ///
    /// ```no_run
    /// # use chrono::{DateTime, TimeDelta, Utc};
    /// # use repo_core::{Actor, Database, Error, Repository};
    /// # #[derive(Repository)]
    /// # #[repository(table = "notes", soft_delete)]
    /// # struct Note { id: uuid::Uuid, deleted_at: Option<DateTime<Utc>> }
    /// # async fn f(db: Database) -> Result<(), Error> {
    /// let notes = db.session().actor(Actor::System("retention")).repo::<Note>();
    /// let last_year = Utc::now() - TimeDelta::days(365);
    /// let would = notes.purge_deleted_before(last_year).dry_run().await?;
    /// let removed = notes.purge_deleted_before(last_year).chunk(500).await?;
    /// println!("{} of {} rows, {} stayed", removed.rows, would.rows, removed.kept);
    /// # Ok(())
    /// # }
    /// ```
    ///
    /// # Errors
    ///
    /// What no row causes, such as a lost connection, ends the run: nothing of that chunk is removed; the chunks before
    /// it are.
    ///
    /// - [`Error::Configuration`]: what goes with the rows is not known: see
    ///   [`Database::register`](crate::Database::register).
    /// - [`Error::MissingActor`]: it is recorded, and nobody acts. In a session over all tenants that is so too where
    ///   what refers to the rows is `audited`: it is looked at.
    /// - [`is_invalid_input`](Error::is_invalid_input): a chunk of no rows; a time that no column holds.
    pub fn purge_deleted_before(&self, time: DateTime<Utc>) -> PurgeDeleted<'_, E, S>
    where
        E: SoftDelete,
        E::Tenancy: ReachableFrom<S>,
    {
        PurgeDeleted { repo: self, before: time, chunk: CHUNK, is_dry: false }
    }
}

impl<E: Entity, S: Scope> PurgeDeleted<'_, E, S> {
    /// At most `rows` of the entity in one transaction; 1,000 unless it is told. What goes with them comes
    /// on top.
    pub fn chunk(mut self, rows: u32) -> Self {
        self.chunk = rows;
        self
    }

    /// Only counts what would be removed, and what would stay as something refers to it. Rules are not asked, and of
    /// tables that the database was not told of, of triggers, and of rows that the session does not see it knows
    /// nothing: what they refuse is counted as removed.
    pub fn dry_run(mut self) -> Self {
        self.is_dry = true;
        self
    }
}

impl<'r, E: Entity, S: Scope> IntoFuture for PurgeDeleted<'r, E, S>
where
    E::Tenancy: ReachableFrom<S>,
{
    type Output = Result<Purged>;
    type IntoFuture = Pin<Box<dyn Future<Output = Result<Purged>> + Send + 'r>>;

    fn into_future(self) -> Self::IntoFuture {
        Box::pin(run(self))
    }
}

async fn run<E: Entity, S: Scope>(purge: PurgeDeleted<'_, E, S>) -> Result<Purged>
where
    E::Tenancy: ReachableFrom<S>,
{
    if purge.chunk == 0 {
        return Err(Error::invalid_input("chunk", "has at least one row"));
    }
    if !purge.is_dry {
        purge.repo.session().refuse_within_transaction()?;
    }
    let before = purge.before.encode(Kind::Timestamp);
    let before = before.map_err(|invalid| Error::invalid_value("time", invalid))?.into_owned();
    let session = purge.repo.session();
    let registry = known(session.database(), E::TABLE)?;
    let job = Job { session, table: E::TABLE, registry: &registry, before, chunk: purge.chunk };
    let author = job.author()?;
    let tenants = match (E::TABLE.roles.tenant, purge.repo.tenant()?) {
        (None, _) => vec![None],
        (Some(_), Some(tenant)) => vec![Some(tenant.into_owned())],
        (Some(column), None) => job.tenants(column).await?,
    };
    job.looks_at_what_refers()?;
    let mut purged = Purged::default();
    for tenant in tenants {
        let doing = if purge.is_dry { Doing::counting() } else { Doing::Removing(author.as_ref()) };
        purged += job.of_tenant(tenant.as_ref(), doing).await?;
    }
    Ok(purged)
}

impl AddAssign for Purged {
    fn add_assign(&mut self, other: Self) {
        self.rows += other.rows;
        self.below += other.below;
        self.kept += other.kept;
    }
}

impl<E: Entity, S: Scope> fmt::Debug for PurgeDeleted<'_, E, S> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("PurgeDeleted")
            .field("table", &E::TABLE.name)
            .field("before", &self.before)
            .field("chunk", &self.chunk)
            .field("dry_run", &self.is_dry)
            .finish()
    }
}
