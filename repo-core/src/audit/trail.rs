//! Reading the audit trail.
//!
//! Whatever asks for entries is a [`Query`], to be filtered, ordered and paged further. Unless it is told
//! otherwise it answers in the order of the entries' numbers.

use std::fmt;
use std::ops::Deref;

use chrono::{DateTime, TimeDelta, Utc};

use super::chain::{AuditChain, Chain};
use super::entry::{AuditEntry, FIRST_UNCHAINED};
use super::image;
use super::replay::{self, AsOf, Replay};
use crate::backend::Row;
use crate::column_types::temporal::EARLIEST;
use crate::database::CLOCK;
use crate::entity::{Audited, Entity as _};
use crate::error::Result;
use crate::filter::{Filter, Node};
use crate::query::Query;
use crate::read;
use crate::repo::Repo;
use crate::schema::table::{Chaining, Table};
use crate::session::actor::Actor;
use crate::session::scope::{NoTenant, RecordedFor, Scope, Tenant};
use crate::sql::shape::Shape;
use crate::value::column_type::ColumnType;
use crate::value::stored::stored;

/// The entries of the audit trail that a session reaches.
///
/// It derefs to [`Repo`]: entries are read, filtered, paged and counted as the rows of any entity.
///
/// ```no_run
/// # use repo_core::{AuditEntry, Database, Error, Repository, WindowRequest};
/// # #[derive(Repository)]
/// # #[repository(table = "claims", tenant, audited)]
/// # struct Claim { id: uuid::Uuid, tenant_id: i64, amount: i64 }
/// # async fn f(db: Database, id: uuid::Uuid, then: chrono::DateTime<chrono::Utc>) -> Result<(), Error> {
/// let trail = db.tenant(7).audit();
/// let what_happened = trail.history::<Claim>(id).all().await?;
/// let of_alice = trail.by_actor("alice").filter(AuditEntry::ENTITY.eq("claims")).count().await?;
/// let newest = trail.recent(24).order_by(AuditEntry::SEQ.desc()).window(WindowRequest::first(50)).await?;
/// let as_it_was = trail.as_of::<Claim>(id, then).await?.map(|then| then.entity.amount);
/// # Ok(())
/// # }
/// ```
pub struct Audit<S: Scope> {
    repo: Repo<AuditEntry, S>,
}

impl<S: Scope> Audit<S> {
    pub(crate) fn new(repo: Repo<AuditEntry, S>) -> Self {
        Self { repo }
    }

    /// What happened to a row, in order.
    ///
    /// Entries under a name that the table had before are found by its `formerly`. Of an entity in a chain these are
    /// entries of the chain alone: nothing proves others. Images are as they were recorded: of a column that became
    /// sensitive later they hold the values of before.
    pub fn history<E: Audited>(&self, id: E::Id) -> Query<AuditEntry, S>
    where
        E::Tenancy: RecordedFor<S>,
    {
        let column = E::TABLE.id();
        let id = match stored(&id, column.kind) {
            Ok(id) => AuditEntry::ENTITY_ID.eq(image::text(&id).as_ref()),
            // Told when the query runs.
            Err(invalid) => Filter::new(Node::Invalid { column: column.name, invalid }),
        };
        let of_row = of_table(E::TABLE) & id;
        let entries = self.repo.filter(match E::TABLE.audit {
            Some(Chaining::Chained) => of_row & AuditEntry::SEQ.lt(FIRST_UNCHAINED),
            _ => of_row,
        });
        // Under one name they lie together, in their order.
        if E::TABLE.formerly.is_empty() { entries } else { entries.sparse() }
    }

    /// What somebody did, in order. A text is the id of a user, as for
    /// [`Session::actor`](crate::Session::actor).
    pub fn by_actor(&self, actor: impl Into<Actor>) -> Query<AuditEntry, S> {
        self.repo.filter(AuditEntry::ACTOR.eq(actor.into()))
    }

    /// What was done for a request or a job, in order.
    pub fn by_correlation(&self, id: impl ToString) -> Query<AuditEntry, S> {
        self.repo.filter(AuditEntry::CORRELATION_ID.eq(id.to_string()))
    }

    /// What was done from `from` on and before `to`, in order.
    pub fn between(&self, from: DateTime<Utc>, to: DateTime<Utc>) -> Query<AuditEntry, S> {
        self.repo.filter(AuditEntry::AT.ge(from) & AuditEntry::AT.lt(to))
    }

    /// What was done in the last hours, by the clock of the database's handle, in order.
    ///
    /// The moment is part of the filter: with the same call later, a [`Cursor`](crate::Cursor) of this query is
    /// [`Error::InvalidCursor`](crate::Error::InvalidCursor). Where windows follow each other, ask for what was done
    /// [`between`](Self::between) fixed moments instead, and keep them with the cursor.
    pub fn recent(&self, hours: u32) -> Query<AuditEntry, S> {
        let now = match self.repo.session().database().told() {
            Ok(now) => now,
            Err(invalid) => {
                return self.repo.filter(Filter::new(Node::Invalid { column: CLOCK, invalid }));
            }
        };
        let since =
            TimeDelta::try_hours(i64::from(hours)).and_then(|hours| now.checked_sub_signed(hours));
        let since = since.unwrap_or(EARLIEST).max(EARLIEST);
        self.repo.filter(AuditEntry::AT.ge(since))
    }

    /// What a row was at some moment: nothing if it was not there yet, or removed, by the entries of the trail.
    ///
    /// Changes count up to the first that came later: a time is when a change was begun, and of two that met
    /// the later one may be recorded first. So it is always a state that the row was in.
    ///
    /// It is made from the images in the trail. A table or a column that has another name now is found by its
    /// `formerly`; a column that was not there then is `None`, and so is one that is sensitive now, whatever the images
    /// hold of it.
    ///
    /// # Errors
    ///
    /// - [`Error::Redacted`](crate::Error::Redacted): a sensitive column takes no `NULL`.
    /// - [`Error::Decode`](crate::Error::Decode): the trail does not hold the row's creation, or not a column
    ///   that takes no `NULL`; or the beginning of the chain was removed, and no entry that is left tells whether the
    ///   row was there.
    pub async fn as_of<E: Audited>(&self, id: E::Id, at: DateTime<Utc>) -> Result<Option<AsOf<E>>>
    where
        E::Tenancy: RecordedFor<S>,
    {
        let (repo, selection) = self.history::<E>(id).ready()?;
        let shape = Shape::of::<AuditEntry>(AuditEntry::TABLE);
        let mut replay = Replay::new(at);
        let mut on_row = |row: &dyn Row| {
            if !replay.is_over() {
                replay.step::<E>(shape.read(row)?);
            }
            Ok(())
        };
        read::each(&repo, &shape, &selection, &[], &mut on_row).await?;
        if replay.tells_nothing() && E::TABLE.audit == Some(Chaining::Chained) {
            // A row that was created at first was not there before, back to the first entry that is left. One that no
            // entry tells of may have been there all the time.
            let is_known = |first: &AuditEntry| first.at <= at && !replay.is_untouched();
            if self.first_left().await?.is_some_and(|first| !is_known(&first)) {
                return Err(replay::begins_after::<E>());
            }
        }
        replay.into_row()
    }

    /// The first entry of a chain whose first entries were removed.
    async fn first_left(&self) -> Result<Option<AuditEntry>> {
        let chain = self.repo.filter(AuditEntry::SEQ.lt(FIRST_UNCHAINED));
        Ok(chain.first().await?.filter(|first| first.seq > 1))
    }
}

impl Audit<NoTenant> {
    /// The chain of the rows that belong to no tenant, to be verified.
    pub fn chain(&self) -> AuditChain {
        self.repo.session().database().audit_chain(Chain::Shared)
    }
}

impl<T: ColumnType + Clone + fmt::Debug> Audit<Tenant<T>> {
    /// The chain of the tenant's rows, to be verified.
    ///
    /// ```no_run
    /// # async fn f(db: repo_core::Database) -> Result<(), repo_core::Error> {
    /// let verification = db.tenant(7_i64).audit().chain()?.verify().await?;
    /// assert!(verification.is_intact(), "{verification}");
    /// # Ok(())
    /// # }
    /// ```
    ///
    /// # Errors
    ///
    /// [`Error::InvalidInput`](crate::Error::InvalidInput): the tenant's id is nothing that a column can hold, or a text
    /// without characters.
    pub fn chain(&self) -> Result<AuditChain> {
        let session = self.repo.session();
        Ok(session.database().audit_chain(Chain::tenant(session.scope().id())?))
    }
}

/// The entries of a table, whatever it was called when they were written.
fn of_table(table: &Table) -> Filter<AuditEntry> {
    match table.formerly {
        [] => AuditEntry::ENTITY.eq(table.name),
        former => AuditEntry::ENTITY.in_list(former.iter().copied().chain([table.name])),
    }
}

impl<S: Scope> Deref for Audit<S> {
    type Target = Repo<AuditEntry, S>;

    fn deref(&self) -> &Self::Target {
        &self.repo
    }
}

impl<S: Scope> Clone for Audit<S> {
    fn clone(&self) -> Self {
        Self { repo: self.repo.clone() }
    }
}

impl<S: Scope> fmt::Debug for Audit<S> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("Audit").field(&self.repo).finish()
    }
}
