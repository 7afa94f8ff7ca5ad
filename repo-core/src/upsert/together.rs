//! Upserting many rows with few statements, where the database has a table of keys.
//!
//! What is there is looked at first. The rows are then taken in the order in which they were given, those that are new
//! side by side and those that are there side by side: so they are locked, recorded and told of in the order in which
//! they are one by one. Where a row is refused, or is not what was looked at, all of it is undone, and the rows are then
//! taken one by one, which tells what it was. What no row can be the cause of ends the operation.

use std::ops::Range;

use super::{By, change};
use crate::audit::image::is_same;
use crate::backend::{Effect, Row, Statement};
use crate::entity::{Entity, Mutable};
use crate::error::{Error, Result};
use crate::read::decode;
use crate::repo::Repo;
use crate::session::scope::{Scope, WritableFrom};
use crate::sql::keys::TogetherSql;
use crate::value::column_type::ColumnType as _;
use crate::value::{Kind, Value};
use crate::write::ahead::may_refer_ahead;
use crate::write::column_set::ColumnSet;
use crate::write::insert::{encode, insert_recorded};
use crate::write::keyed::Keyed;
use crate::write::perform::{Later, values};

/// How many rows are looked for at once.
pub(super) const CHUNK: usize = 1_000;

/// What is done with some of the rows.
struct Together<'t, E: Entity, S: Scope> {
    /// In the savepoint of these rows.
    repo: Repo<E, S>,
    sql: &'t TogetherSql,
    by: By<'t>,
    left: &'t [ColumnSet],
}

/// What came of the rows: of each that was there what it is now, none of each that was added. None at all where they
/// are to be taken one by one.
type Done<E> = Option<Vec<Option<Keyed<E>>>>;

/// A row that has a key: its place among those that were asked for, and what it is.
type Found<E> = (i64, E, Vec<Value<'static>>);

/// Upserts rows, in the operation's transaction. Those that are added get the ids that the database makes.
pub(super) async fn upsert_together<E: Mutable, S: Scope>(
    repo: &Repo<E, S>,
    by: By<'_>,
    entities: &mut [E],
    left: &[ColumnSet],
) -> Result<Done<E>>
where
    E::Tenancy: WritableFrom<S>,
{
    // One by one, a row is refused that refers to another which comes later.
    if entities.len() < 2 || may_refer_ahead(entities) {
        return Ok(None);
    }
    let (crud, session) = (repo.crud(), repo.session());
    let sql = crud.keys.of(session.dialect(), E::TABLE, crud, by.key);
    let Some(sql) = &sql.together else { return Ok(None) };
    let own = session.begin_own().await?;
    let repo = Repo::new(own.session().clone());
    let done = Together { repo, sql, by, left }.upsert(entities).await;
    let error = match done {
        Ok(Some(done)) => return own.commit().await.map(|()| Some(done)),
        Ok(None) => None,
        Err(error) => Some(error),
    };
    match (own.rollback().await, error) {
        (Ok(()), Some(error)) if !may_be_of_a_row(&error) => Err(error),
        (Ok(()), _) => Ok(None),
        (Err(_), Some(error)) | (Err(error), None) => Err(error),
    }
}

impl<E: Mutable, S: Scope> Together<'_, E, S>
where
    E::Tenancy: WritableFrom<S>,
{
    async fn upsert(&self, entities: &mut [E]) -> Result<Done<E>> {
        let is_there = self.are_there(entities).await?;
        let (mut done, mut start) = (Vec::with_capacity(entities.len()), 0);
        while start < entities.len() {
            let like_it = is_there[start..].iter().take_while(|it| **it == is_there[start]);
            let rows = start..start + like_it.count();
            start = rows.end;
            if is_there[rows.start] {
                match self.change(entities, rows).await? {
                    Some(changed) => done.extend(changed),
                    None => return Ok(None),
                }
            } else {
                done.extend(rows.clone().map(|_| None));
                insert_recorded(
                    self.repo.session(),
                    &self.repo,
                    &mut entities[rows],
                    self.by.author,
                )
                .await?;
            }
        }
        Ok(Some(done))
    }

    /// Which of the rows have a key that a live row of the tenant has.
    async fn are_there(&self, entities: &[E]) -> Result<Vec<bool>> {
        let mut are_there = vec![false; entities.len()];
        let mut on_row = |row: &dyn Row| {
            let place =
                usize::try_from(place::<E>(row)?).ok().and_then(|place| place.checked_sub(1));
            if let Some(is_there) = place.and_then(|place| are_there.get_mut(place)) {
                *is_there = true;
            }
            Ok(())
        };
        self.run((&self.sql.places, Effect::Read), &encoded(entities)?, &mut on_row).await?;
        Ok(are_there)
    }

    /// Locks rows that were there, and changes those that differ. None where one of them is not what was expected.
    async fn change(
        &self,
        entities: &[E],
        rows: Range<usize>,
    ) -> Result<Option<Vec<Option<Keyed<E>>>>> {
        let given = encoded(&entities[rows.clone()])?;
        let mut found: Vec<Found<E>> = Vec::with_capacity(rows.len());
        let mut on_row = |row: &dyn Row| {
            let stored = Later { row, by: 1 };
            found.push((place::<E>(row)?, decode::<E>(&stored)?, values(E::TABLE, &stored)?));
            Ok(())
        };
        self.run((&self.sql.locked, Effect::Lock), &given, &mut on_row).await?;
        let has_key = |stored: &[Value<'_>], given: &[Value<'_>]| {
            self.by.key.iter().all(|column| is_same(&stored[*column], &given[*column]))
        };
        let mut pairs = found.iter().zip(&given).zip(1_i64..);
        let are_they =
            pairs.all(|(((at, _, stored), given), place)| *at == place && has_key(stored, given));
        if found.len() != given.len() || !are_they {
            return Ok(None);
        }
        let mut changed = Vec::with_capacity(found.len());
        for (((_, there, stored), given), left) in
            found.into_iter().zip(&given).zip(&self.left[rows])
        {
            changed.push(Some(change(&self.repo, (there, &stored), (given, left)).await?));
        }
        Ok(Some(changed))
    }

    /// Runs a statement about the keys of rows.
    async fn run(
        &self,
        (sql, effect): (&str, Effect),
        rows: &[Vec<Value<'_>>],
        on_row: crate::backend::OnRow<'_>,
    ) -> Result<()> {
        let list = |column: &usize| {
            let values = rows.iter().map(|row| row[*column].borrowed());
            Value::List(E::TABLE.columns[*column].kind, values.collect())
        };
        let mut params: Vec<_> = self.by.key.iter().map(list).collect();
        let tenant = E::TABLE.roles.tenant.zip(rows.first());
        params.extend(tenant.map(|(column, row)| row[column].borrowed()));
        let statement = Statement { sql, params: &params, effect, table: E::TABLE };
        self.repo.session().run(statement, on_row).await.map(drop)
    }
}

/// Whether a row may be the cause, or that rows are added together: what else a database says may be of a trigger, or
/// that policies of the application's own take no `COPY`.
fn may_be_of_a_row(error: &Error) -> bool {
    match error.cause() {
        Error::Backend(said) => !said.is_cancelled(),
        Error::Decode { .. } | Error::TenantMismatch { .. } => true,
        error => error.is_of_a_row(),
    }
}

fn encoded<E: Entity>(entities: &[E]) -> Result<Vec<Vec<Value<'_>>>> {
    entities.iter().map(encode).collect()
}

/// The place of the key that a row was found by, from 1.
fn place<E: Entity>(row: &dyn Row) -> Result<i64> {
    let place = row.value(0, Kind::I64).and_then(i64::decode);
    place.map_err(|invalid| Error::decode(E::TABLE.entity, "place", invalid))
}
