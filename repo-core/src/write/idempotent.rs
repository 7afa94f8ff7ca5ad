//! Creating a row once, however often it is asked for: by a unique key that the caller gives.

use chrono::{DateTime, Utc};

use crate::audit::Action;
use crate::audit::author::Author;
use crate::audit::image::is_same;
use crate::backend::{Effect, Row, Statement};
use crate::column::Column;
use crate::dialect::Dialect;
use crate::entity::Entity;
use crate::error::failure::complete;
use crate::error::{DatabaseError, Error, Result};
use crate::hooks::note;
use crate::read::{decode, encode_id};
use crate::repo::Repo;
use crate::schema::table::Table;
use crate::session::Session;
use crate::session::scope::Scope;
use crate::sql::keys::{InsertSql, KeySql, Unless, is_global};
use crate::sql::names::told;
use crate::value::Value;
use crate::value::column_type::ColumnType;
use crate::write::added::{Added, made_id, with_id};
use crate::write::column_set::ColumnSet;
use crate::write::creation::Completed;
use crate::write::insert::{check_parents, encode, insert_values};
use crate::write::keyed::Keyed;
use crate::write::perform::{one, values};

/// How often a row is looked for that is there when it is added and gone when it is read.
const ATTEMPTS: usize = 10;

/// The same by an id that deleted rows keep: after this it is one of theirs.
const ATTEMPTS_BY_ID: usize = 3;

pub(crate) fn attempts(table: &Table, key: &[usize]) -> usize {
    if is_kept_by_deleted(table, key) { ATTEMPTS_BY_ID } else { ATTEMPTS }
}

/// The columns of a unique key: one column, or a tuple of up to four.
#[diagnostic::on_unimplemented(
    message = "a `{Self}` is no unique key of `{E}`",
    label = "expected the column, or the columns, of a unique key",
    note = "the unique key comes first, and then the row: the key is a column such as `{E}::NUMBER`, or a tuple of up to four"
)]
pub trait UniqueColumns<E> {
    /// The columns, as indexes into the table's.
    fn columns(&self) -> Vec<usize>;
}

impl<E: Entity, T: ColumnType> UniqueColumns<E> for Column<E, T> {
    fn columns(&self) -> Vec<usize> {
        vec![self.index()]
    }
}

#[diagnostic::do_not_recommend]
impl<E: Entity, A: ColumnType, B: ColumnType> UniqueColumns<E> for (Column<E, A>, Column<E, B>) {
    fn columns(&self) -> Vec<usize> {
        vec![self.0.index(), self.1.index()]
    }
}

#[diagnostic::do_not_recommend]
impl<E: Entity, A: ColumnType, B: ColumnType, C: ColumnType> UniqueColumns<E>
    for (Column<E, A>, Column<E, B>, Column<E, C>)
{
    fn columns(&self) -> Vec<usize> {
        vec![self.0.index(), self.1.index(), self.2.index()]
    }
}

#[diagnostic::do_not_recommend]
impl<E: Entity, A: ColumnType, B: ColumnType, C: ColumnType, D: ColumnType> UniqueColumns<E>
    for (Column<E, A>, Column<E, B>, Column<E, C>, Column<E, D>)
{
    fn columns(&self) -> Vec<usize> {
        vec![self.0.index(), self.1.index(), self.2.index(), self.3.index()]
    }
}

/// Adds the row, or returns the one that has its key, if it has the values that were given.
pub(crate) async fn create_or_get<E: Entity, S: Scope>(
    repo: &Repo<E, S>,
    tenant: Option<Value<'_>>,
    key: &[usize],
    Completed { entity, left }: Completed<E>,
    now: DateTime<Utc>,
) -> Result<Keyed<E>> {
    // Also where it would only be read: what a call does must not depend on what is there.
    repo.session().refuse_within_transaction()?;
    let author = Author::at(repo.session(), E::TABLE, now)?;
    let given = encode(&entity)?;
    check(E::TABLE, key, &given)?;
    let dialect = repo.session().dialect();
    let crud = repo.crud();
    let sql = crud.keys.of(dialect, E::TABLE, crud, key);
    let mut params: Vec<_> = tenant.filter(|_| !has_tenant(E::TABLE, key)).into_iter().collect();
    params.extend(key.iter().map(|column| given[*column].borrowed()));
    let once = Once { repo, sql: &sql, key, author: author.as_ref() };
    for attempt in 0..attempts(E::TABLE, key) {
        if let Some(found) = once.find(&params, (&given, &left)).await? {
            return Ok(Keyed::unchanged(found));
        }
        if attempt > 0 {
            // Neither added nor there: it may be that it would refer to a deleted row.
            check_parents(repo.session(), std::slice::from_ref(&entity)).await?;
        }
        if let Added::Row(made) = once.insert(&entity, Unless::of(attempt)).await? {
            drop(params);
            drop(given);
            return Ok(Keyed::created(with_id(entity, made)));
        }
    }
    let error = once.unseen(dialect, repo.session().in_transaction());
    // As where the database itself says it: nobody goes on as if the row was there.
    repo.session().fail(&error).await;
    Err(error)
}

/// Whether the tenant is a column of the key itself.
fn has_tenant(table: &Table, key: &[usize]) -> bool {
    table.roles.tenant.is_some_and(|tenant| key.contains(&tenant))
}

/// A key must be one that the database keeps unique, and that has no part that is `NULL`.
pub(crate) fn check(table: &Table, key: &[usize], given: &[Value<'_>]) -> Result<()> {
    let names: Vec<_> = key.iter().map(|column| table.columns[*column].name).collect();
    let is_unique = table.indexes.iter().any(|index| {
        index.unique && index.columns.iter().map(|part| part.column).eq(key.iter().copied())
    });
    if !is_unique && !is_the_id(table, key) {
        return Err(Error::invalid_input(names.join(", "), "is no unique key"));
    }
    match key.iter().find(|column| given[**column].is_null()) {
        Some(column) => {
            let name = table.columns[*column].name;
            Err(Error::invalid_input(name, "is NULL, which no other row is found by"))
        }
        None => Ok(()),
    }
}

/// Whether the key is the id, which can be a key where it is given.
fn is_the_id(table: &Table, key: &[usize]) -> bool {
    matches!(key, [column] if table.is_assigned_id(*column))
}

/// Whether deleted rows keep the key: ids stay taken.
fn is_kept_by_deleted(table: &Table, key: &[usize]) -> bool {
    table.roles.deleted_at.is_some() && is_the_id(table, key)
}

/// One attempt.
pub(crate) struct Once<'o, E: Entity, S: Scope> {
    pub(crate) repo: &'o Repo<E, S>,
    pub(crate) sql: &'o KeySql,
    pub(crate) key: &'o [usize],
    pub(crate) author: Option<&'o Author>,
}

impl<E: Entity, S: Scope> Once<'_, E, S> {
    /// The row that has the key, which must have the values of the new one but in the columns that were left to
    /// their defaults.
    async fn find(
        &self,
        params: &[Value<'_>],
        (given, left): (&[Value<'_>], &ColumnSet),
    ) -> Result<Option<E>> {
        let mut found = None;
        let mut on_row = |row: &dyn Row| {
            found = Some((decode::<E>(row)?, values(E::TABLE, row)?));
            Ok(())
        };
        let (sql, table) = (&*self.sql.find, E::TABLE);
        let statement = Statement { sql, params, effect: Effect::Read, table };
        self.repo.session().run(statement, &mut on_row).await?;
        let Some((entity, stored)) = found else { return Ok(None) };
        let is_creators =
            |column: usize| E::TABLE.is_assigned_id(column) || !E::TABLE.is_managed(column);
        let is_given = |column: &usize| is_creators(*column) && !left.contains(*column);
        let mut columns = (0..stored.len()).filter(is_given);
        if columns.all(|column| is_same(&stored[column], &given[column])) {
            return Ok(Some(entity));
        }
        let name = |column: &usize| E::TABLE.columns[*column].name.to_owned();
        let columns = self.key.iter().map(name).collect();
        Err(Error::IdempotencyMismatch { entity: E::TABLE.entity, columns })
    }

    /// Adds the row unless its key is there.
    pub(crate) async fn insert(&self, entity: &E, unless: Unless) -> Result<Added<E::Id>> {
        let session = self.repo.session();
        let InsertSql { alone, recorded } = self.sql.insert(unless);
        if !E::TABLE.is_seen(Action::Create) {
            return self.unless_there(insert_alone(session, alone, entity, None).await, unless);
        }
        let recorded = recorded.as_ref().filter(|_| !session.in_transaction());
        if let Some((author, sql)) = self.author.zip(recorded) {
            let inserted = insert_alone(session, sql, entity, Some(author)).await;
            let added = self.unless_there(inserted, unless)?;
            if E::TABLE.is_hooked(Action::Create) {
                self.note(session, None, entity, &added).await?;
            }
            return Ok(added);
        }
        let own = session.own_transaction().await?;
        let done = async {
            let added = insert_alone(own.session(), alone, entity, None).await?;
            self.note(own.session(), self.author, entity, &added).await?;
            Ok(added)
        }
        .await;
        self.unless_there(own.finish(done).await, unless)
    }

    /// Records a row that was added, and tells of it.
    async fn note(
        &self,
        session: &Session<S>,
        author: Option<&Author>,
        entity: &E,
        added: &Added<E::Id>,
    ) -> Result<()> {
        let Added::Row(made) = added else { return Ok(()) };
        let mut row = encode(entity)?;
        if let Some(id) = made {
            row[E::TABLE.roles.id] = encode_id::<E>(id)?;
        }
        note(session, E::TABLE, Action::Create, author, &[(None, Some(&row))]).await
    }

    /// The key was neither added nor met: it belongs to another tenant, or to a deleted row, whose id stays taken, as do
    /// other keys where an index of the application's counts those too; or the caller's transaction does not see it.
    pub(crate) fn unseen(&self, dialect: &dyn Dialect, is_in_transaction: bool) -> Error {
        if is_kept_by_deleted(E::TABLE, self.key)
            || is_global(E::TABLE, self.key)
            || !is_in_transaction
        {
            return self.conflict(dialect);
        }
        let message = "a row with the same key is there, and not seen by this transaction";
        Error::Serialization { source: DatabaseError::new(message) }
    }

    fn conflict(&self, dialect: &dyn Dialect) -> Error {
        let name = |column: &usize| E::TABLE.columns[*column].name.to_owned();
        let columns: Vec<_> = self.key.iter().map(name).collect();
        let (entity, constraint) = (E::TABLE.entity, String::new());
        complete(Error::Conflict { entity, constraint, columns }, dialect, E::TABLE)
    }

    /// An immutable table of SQLite refuses by a trigger what would be a conflict that does nothing.
    fn unless_there(&self, inserted: Result<Added<E::Id>>, unless: Unless) -> Result<Added<E::Id>> {
        let is_key =
            |columns: &[String]| unless == Unless::AnyKey || told(E::TABLE, self.key) == columns;
        match inserted {
            Err(Error::Conflict { columns, .. })
                if is_key(&columns) && !self.repo.session().in_transaction() =>
            {
                Ok(Added::Nothing)
            }
            other => other,
        }
    }
}

/// Runs the insert, which adds nothing when the key is there.
async fn insert_alone<E: Entity, S: Scope>(
    session: &Session<S>,
    sql: &str,
    entity: &E,
    author: Option<&Author>,
) -> Result<Added<E::Id>> {
    let mut params = insert_values(entity)?;
    if let Some(author) = author {
        params.extend(author.params(E::TABLE.name, Action::Create));
    }
    let mut read = |row: &dyn Row| made_id::<E>(row, E::TABLE.roles.id);
    one(session, (E::TABLE, Action::Create), sql, &params, &mut read).await.map(Added::of_answer)
}
