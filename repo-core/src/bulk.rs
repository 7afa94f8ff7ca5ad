//! Changes of all rows that a query names: in one transaction, a savepoint in the caller's.
//!
//! What one statement can do is one statement. Rows that are seen, or take others along, are locked and changed
//! in chunks, by id: validated, recorded and told of. Deleted rows are never met.

mod by_id;
mod chunks;
mod deletion;
mod walk;

pub use self::chunks::DeleteInChunks;
use self::deletion::Deletion;
use self::walk::Walk;
use crate::audit::Action;
use crate::audit::author::Author;
use crate::backend::{Effect, Statement, no_rows};
use crate::cascade::{self, Cascade, Stored};
use crate::entity::{Entity, Mutable};
use crate::error::{Error, Result};
use crate::query::{Query, Selection, Visibility};
use crate::read::held::Held;
use crate::repo::Repo;
use crate::schema::registry::Registry;
use crate::session::Session;
use crate::session::scope::{Scope, WritableFrom};
use crate::sql::clauses::and_differs;
use crate::sql::writer::Writer;
use crate::transaction::Own;
use crate::value::Value;
use crate::write::change::Writing;
use crate::write::parents::{self, Parents};
use crate::write::patch::{Changes, IntoPatch};
use crate::write::target::out_of_range;

/// How many rows are held at once; all of them, where one may be deleted with another.
const CHUNK: usize = 1_000;

impl<E: Entity, S: Scope> Query<E, S> {
    /// Makes the changes in all rows of the query, and returns how many were changed: a row in which nothing
    /// differs is not. All or none; its order does not matter.
    ///
    /// Versions, times and entries of the audit trail are those of as many patches.
    ///
    /// ```no_run
    /// # use repo_core::{Database, Error, Repository};
    /// # #[derive(Repository)]
    /// # #[repository(table = "notes", versioned)]
    /// # struct Note { id: uuid::Uuid, done: bool, version: i64 }
    /// # async fn f(db: Database) -> Result<(), Error> {
    /// let notes = db.session().repo::<Note>();
    /// let changed = notes.filter(Note::DONE.eq(false)).patch_all(NotePatch::new().done(true)).await?;
    /// # Ok(())
    /// # }
    /// ```
    ///
    /// # Errors
    ///
    /// - [`Error::InvalidInput`]: the query has a limit or an offset, asks for deleted rows, or passes over rows
    ///   that others hold; a value does not fit its column.
    /// - [`is_conflict`](Error::is_conflict): two rows would have the same value in a unique column.
    pub fn patch_all(self, patch: impl IntoPatch<E>) -> Writing<'static, u64>
    where
        E: Mutable,
        E::Tenancy: WritableFrom<S>,
    {
        let patch = patch.into();
        Writing::new(async move { Bulk::new(self, "patch_all")?.patch(&patch.finish()?).await })
    }

    /// Deletes all rows of the query, as [`delete`](Repo::delete) does each of them, and returns how many. All
    /// or none.
    ///
    /// # Errors
    ///
    /// - [`Error::InvalidInput`]: the query has a limit or an offset, asks for deleted rows, or passes over rows
    ///   that others hold.
    /// - [`Error::ForeignKey`]: a row refers to one of them, and they were to be removed.
    pub fn delete_all(self) -> Writing<'static, u64>
    where
        E: Mutable,
        E::Tenancy: WritableFrom<S>,
    {
        Writing::new(async move { Bulk::new(self, "delete_all")?.delete().await })
    }
}

/// A change of the rows of a query.
struct Bulk<E: Entity, S: Scope> {
    repo: Repo<E, S>,
    selection: Selection,
}

impl<E: Entity, S: Scope> Bulk<E, S>
where
    E::Tenancy: WritableFrom<S>,
{
    fn new(query: Query<E, S>, method: &'static str) -> Result<Self> {
        let (repo, mut selection) = query.into_parts();
        if selection.limit.is_some() || selection.offset.is_some() {
            let reason = "is about all rows of the query: leave out `limit` and `offset`";
            return Err(Error::invalid_input(method, reason));
        }
        if selection.visibility != Visibility::Live {
            return Err(Error::invalid_input(method, "is about live rows only"));
        }
        if selection.held != Held::Awaited {
            let reason = "is about all rows: leave out `skip_locked` and `no_wait`";
            return Err(Error::invalid_input(method, reason));
        }
        selection.tenant = repo.tenant()?.map(Value::into_owned);
        repo.session().looks_at(selection.linked())?;
        selection.order.clear();
        Ok(Self { repo, selection })
    }

    async fn patch(self, changes: &Changes) -> Result<u64> {
        let author = Author::of(self.repo.session(), E::TABLE)?;
        if changes.count() == 0 {
            return Ok(0);
        }
        let refers = changes.set.iter().any(|(column, _)| {
            parents::marked(E::TABLE).any(|(reference, _)| reference == *column)
        });
        let dialect = self.repo.session().dialect();
        let patched = if !E::TABLE.is_seen(Action::Update) && !refers {
            self.patch_at_once(changes).await
        } else {
            self.in_chunks(&Work::Patch { changes, author: author.as_ref() }).await
        };
        patched.map_err(|error| out_of_range::<E>(error, dialect, changes))
    }

    async fn patch_at_once(&self, changes: &Changes) -> Result<u64> {
        let session = self.repo.session();
        let mut writer = Writer::new(session.dialect(), E::TABLE);
        writer.changes(changes, Value::Timestamp(session.database().now()?));
        writer.restrict(&self.selection, &[])?;
        let differs = differs(&mut writer, changes);
        writer.push(&differs);
        self.at_once(&writer, Effect::Update).await
    }

    /// One statement, by itself or as a savepoint in the caller's transaction.
    async fn at_once(&self, writer: &Writer<'_>, effect: Effect) -> Result<u64> {
        let session = self.repo.session();
        if !session.in_transaction() {
            return write(session, writer, effect).await;
        }
        let own = Own::Inner(session.begin_own().await?);
        let done = write(own.session(), writer, effect).await;
        own.finish(done).await
    }

    /// Locks the rows and does the work on them, chunk by chunk.
    async fn in_chunks(&self, work: &Work<'_>) -> Result<u64> {
        // What is wrong with the query is told before anything else.
        let dialect = self.repo.session().dialect();
        Writer::new(dialect, E::TABLE).restrict(&self.selection, &[])?;
        let session = self.repo.session();
        let own = Own::Inner(match work {
            Work::Patch { .. } => session.begin_own().await?,
            Work::Delete(_) => session.begin_looking_anew().await?,
        });
        let done = async {
            if let Work::Patch { changes, .. } = work {
                self.check_parents(own.session(), changes).await?;
            }
            // What is changed may change which of the rest are chosen by other rows.
            let chunk = if self.selection.is_linked() { all() } else { work.chunk() };
            let (mut changed, mut walk) = (0, Walk::default());
            while walk.goes_on(self, own.session()).await? {
                let rows = walk.next(self, own.session(), chunk).await?;
                changed += match work {
                    Work::Patch { changes, author } => {
                        self.patch_rows(own.session(), changes, author.cloned(), &rows).await?
                    }
                    Work::Delete(deletion) => {
                        self.delete_rows(own.session(), deletion, rows).await?
                    }
                };
            }
            Ok(changed)
        }
        .await;
        own.finish(done).await
    }

    /// The next rows by id, locked; of `ids` those that the query has, where they are told.
    async fn next(
        &self,
        session: &Session<S>,
        ids: Option<&[Value<'static>]>,
        most: usize,
    ) -> Result<Vec<Stored>> {
        session.executor().check_lock()?;
        let dialect = session.dialect();
        let mut writer = Writer::new(dialect, E::TABLE);
        writer.push("SELECT ").all_columns().push(" FROM ").table_name();
        match ids {
            None => writer.restrict(&self.selection, &[])?,
            Some(ids) => writer.restrict_among(&self.selection, E::TABLE.roles.id, ids)?,
        }
        writer.push(" ORDER BY ").column(E::TABLE.roles.id);
        writer.push(&format!(" LIMIT {most}"));
        dialect.lock_rows(&mut writer.sql);
        cascade::answers(session, &writer, Effect::Lock).await
    }

    async fn patch_rows(
        &self,
        session: &Session<S>,
        changes: &Changes,
        author: Option<Author>,
        rows: &[Stored],
    ) -> Result<u64> {
        let (table, dialect) = (E::TABLE, session.dialect());
        if rows.is_empty() {
            return Ok(0);
        }
        let registry = Registry::default();
        let now = author.as_ref().map_or_else(|| session.database().now(), |it| Ok(it.at))?;
        let tenant = self.selection.tenant.as_ref();
        let cascade = Cascade::new(session, &registry, tenant, author, now);
        let ids = cascade::ids(table, rows);
        let mut writer = Writer::new(dialect, table);
        writer.changes(changes, Value::Timestamp(now));
        cascade.among(table, table.roles.id, &ids).condition(&mut writer);
        writer.and_live();
        let differs = differs(&mut writer, changes);
        writer.push(&differs);
        if !table.is_seen(Action::Update) {
            return write(session, &writer, Effect::Update).await;
        }
        writer.push(" RETURNING ").all_columns();
        let after = cascade::answers(session, &writer, Effect::Update).await?;
        let count = after.len() as u64;
        cascade.note_pairs(table, Action::Update, rows, after).await?;
        Ok(count)
    }

    /// Refuses if the rows would come to refer to a deleted one.
    async fn check_parents(&self, session: &Session<S>, changes: &Changes) -> Result<()> {
        let nothing: Vec<_> = E::TABLE.columns.iter().map(|it| Value::Null(it.kind)).collect();
        let mut parents = Parents::of(E::TABLE);
        parents.add_changes(&changes.set, &nothing);
        parents.check(session, self.selection.tenant.as_ref()).await
    }
}

/// What is done to the rows.
enum Work<'w> {
    Patch { changes: &'w Changes, author: Option<&'w Author> },
    Delete(&'w Deletion),
}

impl Work<'_> {
    fn chunk(&self) -> usize {
        match self {
            Self::Patch { .. } => CHUNK,
            Self::Delete(deletion) => deletion.chunk,
        }
    }
}

/// As many rows as there are: the limit of a statement is an `i64`.
fn all() -> usize {
    usize::try_from(i64::MAX).unwrap_or(usize::MAX)
}

/// ` AND` something differs from what the changes make of it.
fn differs(writer: &mut Writer<'_>, changes: &Changes) -> String {
    let (set, add) = changes.columns();
    and_differs(writer, &set, &add)
}

async fn write<S: Scope>(session: &Session<S>, writer: &Writer<'_>, effect: Effect) -> Result<u64> {
    let (sql, params, table) = (&writer.sql, &writer.params, writer.table);
    let statement = Statement { sql, params, effect, table };
    session.run(statement, &mut no_rows).await
}
