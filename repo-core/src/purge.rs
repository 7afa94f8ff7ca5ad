//! Removing what was deleted long ago: `purge_deleted_before`.
//!
//! The rows and all that goes with them are removed in chunks, the oldest first, each chunk in a transaction
//! of its own: nothing is locked for long, and what was removed stays removed when a later chunk fails.

use std::fmt;
use std::future::{Future, IntoFuture};
use std::pin::Pin;

use chrono::{DateTime, Utc};

use crate::audit::author::Author;
use crate::audit::{Action, image};
use crate::backend::{Effect, Row, Statement};
use crate::cascade::{Cascade, Collected, Stored, known};
use crate::entity::{Entity, SoftDelete};
use crate::error::{Error, Result};
use crate::repo::Repo;
use crate::schema::registry::Registry;
use crate::schema::table::Table;
use crate::session::Session;
use crate::session::scope::{Reach, ReachableFrom, Scope};
use crate::sql::together::{chunk_before, tenants_before};
use crate::transaction::Own;
use crate::value::column_type::ColumnType as _;
use crate::value::{Kind, Value};

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
    /// # Ok(())
    /// # }
    /// ```
    ///
    /// # Errors
    ///
    /// - [`Error::ForeignKey`]: a row is referred to without `on_delete = cascade`. Nothing of its chunk is
    ///   removed; the chunks before it are.
    /// - [`Error::Invalid`]: the same, where a row that goes with others was never deleted, and its
    ///   `validate(delete)` refuses.
    /// - [`Error::Configuration`]: what goes with the rows is not known: see
    ///   [`Database::register`](crate::Database::register).
    /// - [`Error::MissingActor`]: it is recorded, and nobody acts.
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

    /// Only counts what would be removed.
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
    let mut purged = Purged::default();
    for tenant in tenants {
        let (rows, below) = if purge.is_dry {
            job.count(tenant.as_ref()).await?
        } else {
            job.remove(tenant.as_ref(), author.as_ref()).await?
        };
        purged = Purged { rows: purged.rows + rows, below: purged.below + below };
    }
    Ok(purged)
}

/// The removal from one table.
struct Job<'j, S: Scope> {
    session: &'j Session<S>,
    table: &'static Table,
    registry: &'j Registry,
    before: Value<'static>,
    chunk: u32,
}

impl<S: Scope> Job<'_, S> {
    /// Who removes the rows, where that is recorded; of which tenant they are is said later.
    fn author(&self) -> Result<Option<Author>> {
        let below = self.registry.below(self.table);
        let audited = std::iter::once(self.table).chain(below).find(|it| it.audit.is_some());
        audited.map(|table| Author::acting(self.session, Reach::Shared, table.entity)).transpose()
    }

    /// The tenants that have such rows.
    async fn tenants(&self, column: usize) -> Result<Vec<Option<Value<'static>>>> {
        let (table, dialect) = (self.table, self.session.dialect());
        let writer = tenants_before(dialect, table, column, self.before.clone());
        let mut tenants = Vec::new();
        let mut on_row = |row: &dyn Row| {
            tenants.push(Some(table.read(row, 0, column)?.into_owned()));
            Ok(())
        };
        let (sql, params) = (&writer.sql, &writer.params);
        let statement = Statement { sql, params, effect: Effect::Read, table };
        self.session.run(statement, &mut on_row).await?;
        Ok(tenants)
    }

    /// Removes all there are of one tenant, and counts them.
    async fn remove(
        &self,
        tenant: Option<&Value<'_>>,
        author: Option<&Author>,
    ) -> Result<(u64, u64)> {
        let mut counts = (0, 0);
        loop {
            let author = author.map(|author| self.of_tenant(author, tenant)).transpose()?;
            let own = Own::Inner(self.session.begin_looking_anew().await?);
            let done = self.remove_chunk(own.session(), tenant, author).await;
            let (chunk, rows, below) = own.finish(done).await?;
            counts = (counts.0 + rows, counts.1 + below);
            // Fewer than a chunk are no end: others may have been taken meanwhile.
            if chunk == 0 {
                return Ok(counts);
            }
        }
    }

    /// Removes the next rows; returns how many were asked for, and what was removed.
    async fn remove_chunk(
        &self,
        session: &Session<S>,
        tenant: Option<&Value<'_>>,
        author: Option<Author>,
    ) -> Result<(usize, u64, u64)> {
        let at = author.as_ref().map_or_else(|| session.database().now(), |it| Ok(it.at))?;
        let cascade = Cascade::new(session, self.registry, tenant, author, at);
        let rows = self.next(&cascade, tenant, None).await?;
        let (chunk, mut collected) = (rows.len(), Collected::default());
        let ids = self.ids(&rows);
        for row in rows {
            collected.is_new(self.table, &row[self.table.roles.id]);
            collected.add(self.table, row);
        }
        if chunk > 0 {
            cascade.collect(self.table, ids, &mut collected).await?;
        }
        let (rows, below) = collected.counts(self.table);
        cascade.remove(collected, self.table, Action::Purge).await?;
        Ok((chunk, rows, below))
    }

    /// Counts all there are of one tenant, and what goes with them.
    async fn count(&self, tenant: Option<&Value<'_>>) -> Result<(u64, u64)> {
        let at = self.session.database().now()?;
        let cascade = Cascade::new(self.session, self.registry, tenant, None, at).only_reading();
        let (mut collected, mut last) = (Collected::default(), None);
        loop {
            let mut rows = self.next(&cascade, tenant, last.as_ref()).await?;
            let chunk = rows.len();
            last = rows.last().map(|row| self.position(row));
            rows.retain(|row| collected.is_new(self.table, &row[self.table.roles.id]));
            cascade.collect(self.table, self.ids(&rows), &mut collected).await?;
            collected.forget();
            if chunk < self.chunk as usize {
                return Ok(collected.counts(self.table));
            }
        }
    }

    async fn next(
        &self,
        cascade: &Cascade<'_, S>,
        tenant: Option<&Value<'_>>,
        after: Option<&(Value<'static>, Value<'static>)>,
    ) -> Result<Vec<Stored>> {
        let dialect = self.session.dialect();
        let (before, size) = (self.before.borrowed(), i64::from(self.chunk));
        let mut writer = chunk_before(dialect, self.table, tenant, before, after, size);
        cascade.lock(&mut writer);
        cascade.answers(&writer).await
    }

    /// When a row was deleted, and its id.
    fn position(&self, row: &Stored) -> (Value<'static>, Value<'static>) {
        let roles = &self.table.roles;
        (row[roles.deleted_at.unwrap_or(roles.id)].clone(), row[roles.id].clone())
    }

    fn ids(&self, rows: &[Stored]) -> Vec<Value<'static>> {
        rows.iter().map(|row| row[self.table.roles.id].clone()).collect()
    }

    fn of_tenant(&self, author: &Author, tenant: Option<&Value<'_>>) -> Result<Author> {
        let tenant = tenant.map(image::text).unwrap_or_default();
        let at = self.session.database().now()?;
        Ok(Author { tenant: (*tenant).into(), at, ..author.clone() })
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
