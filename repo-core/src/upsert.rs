//! Adding a row, or giving the one that has its key the same values.
//!
//! The key is one that the database keeps unique among the live rows of a tenant: a deleted row does not have
//! it. Each row is an insert that does nothing where the key is there, and then a change of the row that has it,
//! locked, as `update` makes it. Of many rows a database may be asked together (`upsert/together.rs`).

mod together;

use std::collections::HashMap;

use self::together::{CHUNK, upsert_together};
use chrono::{DateTime, Utc};

use crate::audit::author::Author;
use crate::audit::image::is_same;
use crate::backend::{Effect, Row, Statement};
use crate::entity::{Entity, Mutable};
use crate::error::{Error, Result};
use crate::read::decode;
use crate::repo::Repo;
use crate::session::scope::{Scope, WritableFrom};
use crate::sql::keys::Unless;
use crate::transaction::Own;
use crate::value::Value;
use crate::write::added::{Added, with_id};
use crate::write::change::Writing;
use crate::write::column_set::ColumnSet;
use crate::write::creation::Completed;
use crate::write::idempotent::{Once, UniqueColumns, attempts, check};
use crate::write::insert::{check_parents, encode};
use crate::write::keyed::{Keyed, Outcome};
use crate::write::patch::Patch;
use crate::write::perform::values;

impl<E: Entity, S: Scope> Repo<E, S> {
    /// Adds a row, or gives the live row that has the same key the values that the caller gave. A column with a
    /// `default` that was not set has it where the row is added, and stays as it is where it is there. Its id,
    /// tenant, times and correlation stay, its version counts the change.
    ///
    /// `key` is a column that is `unique`, or a tuple of the columns of `unique(a, b)` in their order:
    /// `(Price::INSTRUMENT_ID, Price::DAY)`. The id is one too where it is `assigned`. Of many at once one adds the row.
    ///
    /// ```no_run
    /// # use repo_core::{Database, Error, Outcome, Repository};
    /// # #[derive(Repository)]
    /// # #[repository(table = "prices")]
    /// # struct Price { id: uuid::Uuid, #[repository(unique)] article: String, cents: i64 }
    /// # async fn f(db: Database) -> Result<(), Error> {
    /// let prices = db.session().repo::<Price>();
    /// let new = NewPrice { article: "A-7".into(), cents: 250 };
    /// if prices.upsert(Price::ARTICLE, new).await?.outcome == Outcome::Updated {
    ///     println!("the price changed");
    /// }
    /// # Ok(())
    /// # }
    /// ```
    ///
    /// # Errors
    ///
    /// - [`is_conflict`](Error::is_conflict): another row has the same value in another unique column, or `key` is the id
    ///   and a deleted row has it.
    /// - [`is_invalid_input`](Error::is_invalid_input): `key` is no unique key, a part of it is `None`, or a
    ///   `fixed` column or an assigned id differs.
    /// - [`Error::ParentDeleted`]: it would refer to a deleted row.
    pub fn upsert(
        &self,
        key: impl UniqueColumns<E>,
        new: impl Into<E::New>,
    ) -> Writing<'_, Keyed<E>>
    where
        E: Mutable,
        E::Tenancy: WritableFrom<S>,
    {
        let (key, completed) = (key.columns(), self.complete_now(new.into()));
        Writing::new(async move {
            let (completed, now) = completed?;
            let upserted = upsert(self, &key, vec![completed], now).await;
            let mut rows = upserted.map_err(Error::into_cause)?;
            rows.pop().ok_or(Error::NoMatch { entity: E::TABLE.entity })
        })
    }

    /// The same for many rows, in their order, each with the columns that were set for it. All or none.
    ///
    /// On Postgres 1,000 of them are looked for by one statement; those side by side that are new, and those that are
    /// the same, take no statement of their own.
    ///
    /// # Errors
    ///
    /// As for [`upsert`](Self::upsert), of the row that [`row`](Error::row) tells: the first whose values do not
    /// fit, or else that `validate` refuses, or else that the database refuses after those before it;
    /// [`is_invalid_input`](Error::is_invalid_input) if it has the same key as one before it.
    pub fn upsert_many<N: Into<E::New>>(
        &self,
        key: impl UniqueColumns<E>,
        new: impl IntoIterator<Item = N>,
    ) -> Writing<'_, Vec<Keyed<E>>>
    where
        E: Mutable,
        E::Tenancy: WritableFrom<S>,
    {
        let (key, completed) = (key.columns(), self.complete_many(new, |completed| completed));
        Writing::new(async move {
            let (rows, now) = completed?;
            upsert(self, &key, rows, now).await
        })
    }
}

/// By what the rows are found, and who writes them.
#[derive(Debug, Clone, Copy)]
struct By<'b> {
    key: &'b [usize],
    author: Option<&'b Author>,
    /// Whether the operation is in a transaction of the caller's.
    is_in_callers: bool,
}

async fn upsert<E: Mutable, S: Scope>(
    repo: &Repo<E, S>,
    key: &[usize],
    rows: Vec<Completed<E>>,
    now: DateTime<Utc>,
) -> Result<Vec<Keyed<E>>>
where
    E::Tenancy: WritableFrom<S>,
{
    let author = Author::at(repo.session(), E::TABLE, now)?;
    refuse_repeated(key, &rows)?;
    let is_in_callers = repo.session().in_transaction();
    let by = By { key, author: author.as_ref(), is_in_callers };
    let own = Own::Inner(repo.session().begin_own().await?);
    let done = async {
        let repo = Repo::<E, S>::new(own.session().clone());
        let mut upserted = Vec::with_capacity(rows.len());
        let mut rows = rows.into_iter();
        while rows.len() > 0 {
            let chunk = rows.by_ref().take(CHUNK);
            upsert_chunk(&repo, by, chunk, &mut upserted).await?;
        }
        Ok(upserted)
    }
    .await;
    own.finish(done).await
}

/// The next of the rows: together where that can be, or one by one.
async fn upsert_chunk<E: Mutable, S: Scope>(
    repo: &Repo<E, S>,
    by: By<'_>,
    rows: impl Iterator<Item = Completed<E>>,
    upserted: &mut Vec<Keyed<E>>,
) -> Result<()>
where
    E::Tenancy: WritableFrom<S>,
{
    let (mut entities, left): (Vec<E>, Vec<_>) = rows.map(|row| (row.entity, row.left)).unzip();
    if let Some(met) = upsert_together(repo, by, &mut entities, &left).await? {
        let added = entities.into_iter().map(Keyed::created);
        upserted.extend(met.into_iter().zip(added).map(|(met, added)| met.unwrap_or(added)));
        return Ok(());
    }
    for (entity, left) in entities.into_iter().zip(left) {
        let done = upsert_one(repo, by, Completed { entity, left }).await;
        upserted.push(done.map_err(|error| error.in_row(upserted.len()))?);
    }
    Ok(())
}

/// In a transaction, which may be in one of the caller's.
async fn upsert_one<E: Mutable, S: Scope>(
    repo: &Repo<E, S>,
    By { key, author, is_in_callers }: By<'_>,
    Completed { entity, left }: Completed<E>,
) -> Result<Keyed<E>>
where
    E::Tenancy: WritableFrom<S>,
{
    let (crud, session) = (repo.crud(), repo.session());
    let dialect = session.dialect();
    let sql = crud.keys.of(dialect, E::TABLE, crud, key);
    let once = Once { repo, sql: &sql, key, author };
    for attempt in 0..attempts(E::TABLE, key) {
        if attempt > 0 {
            // Neither added nor there: it may be that it would refer to a deleted row.
            check_parents(session, std::slice::from_ref(&entity)).await?;
        }
        if let Added::Row(made) = once.insert(&entity, Unless::of(attempt)).await? {
            return Ok(Keyed::created(with_id(entity, made)));
        }
        let given = encode(&entity)?;
        if let Some((there, stored)) = find_locked(repo, &sql.find_locked, key, &given).await? {
            return change(repo, (there, &stored), (&given, &left)).await;
        }
    }
    Err(once.unseen(dialect, is_in_callers))
}

/// The row that has the key of `given`, which nobody else changes until the transaction ends.
async fn find_locked<E: Entity, S: Scope>(
    repo: &Repo<E, S>,
    sql: &str,
    key: &[usize],
    given: &[Value<'_>],
) -> Result<Option<(E, Vec<Value<'static>>)>>
where
    E::Tenancy: WritableFrom<S>,
{
    let tenant = E::TABLE.roles.tenant.filter(|tenant| !key.contains(tenant));
    let params: Vec<_> = tenant.iter().chain(key).map(|column| given[*column].borrowed()).collect();
    let mut found = None;
    let mut on_row = |row: &dyn Row| {
        found = Some((decode::<E>(row)?, values(E::TABLE, row)?));
        Ok(())
    };
    let statement = Statement { sql, params: &params, effect: Effect::Lock, table: E::TABLE };
    repo.session().run(statement, &mut on_row).await?;
    Ok(found)
}

/// Gives a row the values of a new one, where they differ and were not left to their defaults.
async fn change<E: Mutable, S: Scope>(
    repo: &Repo<E, S>,
    (there, stored): (E, &[Value<'_>]),
    (given, left): (&[Value<'_>], &ColumnSet),
) -> Result<Keyed<E>>
where
    E::Tenancy: WritableFrom<S>,
{
    let differs =
        |column: &usize| !left.contains(*column) && !is_same(&stored[*column], &given[*column]);
    let crud = repo.crud();
    let is_fixed =
        |column: &usize| E::TABLE.is_assigned_id(*column) || crud.fixed_columns.contains(column);
    if let Some(column) = (0..given.len()).find(|column| is_fixed(column) && differs(column)) {
        let reason = "is set at creation and never changed";
        return Err(Error::invalid_input(E::TABLE.columns[column].name, reason));
    }
    let changed = crud.update_columns.iter().copied().filter(differs);
    let set: Vec<_> = changed.map(|column| (column, given[column].clone().into_owned())).collect();
    if set.is_empty() {
        return Ok(Keyed::unchanged(there));
    }
    let entity = repo.patch(there.id().clone(), Patch::of(set)).await?;
    Ok(Keyed { entity, outcome: Outcome::Updated })
}

/// A statement of many rows would change one of them twice on one database, and fail on the other.
fn refuse_repeated<E: Entity>(key: &[usize], rows: &[Completed<E>]) -> Result<()> {
    let mut seen = HashMap::with_capacity(rows.len());
    for (index, row) in rows.iter().enumerate() {
        let given = encode(&row.entity).map_err(|error| error.in_row(index))?;
        check(E::TABLE, key, &given).map_err(|error| error.in_row(index))?;
        let own: Vec<String> = key.iter().map(|column| format!("{:?}", given[*column])).collect();
        if let Some(first) = seen.insert(own, index) {
            let names: Vec<_> = key.iter().map(|column| E::TABLE.columns[*column].name).collect();
            let reason = format!("is the same in the rows {first} and {index}, counted from 0");
            return Err(Error::invalid_input(names.join(", "), reason).in_row(index));
        }
    }
    Ok(())
}
