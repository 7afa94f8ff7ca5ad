//! Why a change met no row.
//!
//! Asked after the change: versions only grow, so that what is found then still tells what the change met.

use crate::audit::image::is_same;
use crate::backend::{Effect, Row, Statement};
use crate::entity::Entity;
use crate::error::{Error, Result};
use crate::read::{decode, encode_id, pack};
use crate::repo::{Repo, id_in_words, not_found};
use crate::schema::table::Table;
use crate::session::scope::Scope;
use crate::value::Value;
use crate::value::column_type::ColumnType as _;
use crate::write::patch::sum;
use crate::write::perform::values;

/// Which rows a change is for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Wants {
    Live,
    Deleted,
}

/// What a change that met no row met instead.
pub(crate) enum Verdict<E> {
    Refused(Error),
    /// The row is there, and what is asked for is so already.
    Unchanged(E),
    /// The row as it is now, which the change is for: it was another in between, or something keeps it as it is.
    Again(E, Vec<Value<'static>>),
}

/// What a change that met no row asked for.
#[derive(Clone, Copy)]
pub(crate) struct Asked<'a> {
    pub(crate) wants: Wants,
    pub(crate) expected: Option<i64>,
    /// Of an update, all columns: those fixed at creation must agree.
    pub(crate) fixed: Option<&'a [Value<'a>]>,
    /// The columns that were to be set.
    pub(crate) set: &'a [(usize, Value<'a>)],
    /// What was to be added to others.
    pub(crate) add: &'a [(usize, Value<'a>)],
}

/// The row of a change that would set nothing.
pub(crate) async fn as_it_is<E: Entity, S: Scope>(
    repo: &Repo<E, S>,
    tenant: Option<&Value<'_>>,
    id: &E::Id,
    asked: Asked<'_>,
) -> Result<E> {
    match diagnose(repo, tenant, id, asked).await? {
        Verdict::Refused(error) => Err(error),
        Verdict::Unchanged(entity) => Ok(entity),
        Verdict::Again(entity, _) => Ok(entity),
    }
}

/// Why a change met no row.
pub(crate) async fn diagnose<E: Entity, S: Scope>(
    repo: &Repo<E, S>,
    tenant: Option<&Value<'_>>,
    id: &E::Id,
    asked: Asked<'_>,
) -> Result<Verdict<E>> {
    look(repo, (&repo.crud().find_any, Effect::Read), tenant, id, asked).await
}

/// The same of the row that a query for one, live or deleted, answers with.
pub(crate) async fn look<E: Entity, S: Scope>(
    repo: &Repo<E, S>,
    (sql, effect): (&str, Effect),
    tenant: Option<&Value<'_>>,
    id: &E::Id,
    asked: Asked<'_>,
) -> Result<Verdict<E>> {
    let mut verdict = Verdict::Refused(not_found::<E>(id));
    let fixed = &repo.crud().fixed_columns;
    let mut on_row = |row: &dyn Row| {
        verdict = Found { table: E::TABLE, row }.verdict::<E>(id, asked, fixed)?;
        Ok(())
    };
    let (params, count) = pack([tenant.map(Value::borrowed), Some(encode_id::<E>(id)?)]);
    let params = &params[..count];
    let statement = Statement { sql, params, effect, table: E::TABLE };
    repo.session().run(statement, &mut on_row).await?;
    Ok(verdict)
}

/// A row that a change did not meet.
struct Found<'r> {
    table: &'static Table,
    row: &'r dyn Row,
}

impl Found<'_> {
    fn value(&self, column: usize) -> Result<Value<'_>> {
        self.table.read(self.row, column, column)
    }

    fn is_live(&self) -> Result<bool> {
        let deleted_at =
            self.table.roles.deleted_at.map(|column| self.value(column)).transpose()?;
        Ok(deleted_at.is_none_or(|at| at.is_null()))
    }

    fn version(&self) -> Result<Option<i64>> {
        let Some(column) = self.table.roles.version else { return Ok(None) };
        i64::decode(self.value(column)?).map(Some).map_err(|invalid| {
            Error::decode(self.table.entity, self.table.columns[column].name, invalid)
        })
    }

    fn differs(&self, column: usize, given: &Value<'_>) -> Result<bool> {
        Ok(!is_same(&self.value(column)?, given))
    }

    /// Whether the column stays what it is when this is added.
    fn stays(&self, column: usize, amount: &Value<'_>) -> Result<bool> {
        let stored = self.value(column)?;
        let sum = sum(self.table.columns[column].kind, &stored, amount);
        Ok(sum.is_some_and(|it| is_same(&it, &stored)))
    }

    /// Whether all that was to be set or added to is so.
    fn is_as_asked(&self, asked: Asked<'_>) -> Result<bool> {
        for (column, value) in asked.set {
            if self.differs(*column, value)? {
                return Ok(false);
            }
        }
        for (column, amount) in asked.add {
            if !self.stays(*column, amount)? {
                return Ok(false);
            }
        }
        Ok(true)
    }

    fn verdict<E: Entity>(
        &self,
        id: &E::Id,
        asked: Asked<'_>,
        fixed: &[usize],
    ) -> Result<Verdict<E>> {
        let entity = E::TABLE.entity;
        let refused = |error| Ok(Verdict::Refused(error));
        match (asked.wants, self.is_live()?) {
            (Wants::Live, false) => return refused(not_found::<E>(id)),
            (Wants::Deleted, true) => {
                return refused(Error::NotDeleted { entity, id: id_in_words::<E>(id) });
            }
            _ => {}
        }
        let actual = self.version()?;
        if let Some(expected) = asked.expected.filter(|expected| actual != Some(*expected)) {
            let id = id_in_words::<E>(id);
            return refused(Error::VersionConflict { entity, id, expected, actual });
        }
        let given = asked.fixed.unwrap_or_default();
        for column in fixed {
            let Some(given) = given.get(*column) else { continue };
            if self.differs(*column, given)? {
                let name = E::TABLE.columns[*column].name;
                let reason = "is set at creation and never changed";
                return refused(Error::invalid_input(name, reason));
            }
        }
        let asks = asked.fixed.is_some() || !asked.set.is_empty() || !asked.add.is_empty();
        if asks && self.is_as_asked(asked)? {
            return decode::<E>(self.row).map(Verdict::Unchanged);
        }
        Ok(Verdict::Again(decode(self.row)?, values(E::TABLE, self.row)?))
    }
}
