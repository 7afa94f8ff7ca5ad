//! Queries by hand whose rows are checked: each is what a [`SqlRow`] says, by the names of its fields.

use std::fmt;
use std::marker::PhantomData;

use super::named::{Numbered, columns_of, named, number};
use super::sql_row::SqlRow;
use super::{Bindable, UncheckedRow, UncheckedSql, parameter};
use crate::column::Column;
use crate::entity::Entity;
use crate::error::{Error, Result};
use crate::session::Session;
use crate::session::scope::{Scope, Shared, Tenancy};
use crate::value::column_type::ColumnType;
use crate::value::{InvalidValue, Value};

/// A query by hand, made by [`Session::sql`] and [`UncheckedSql::sql`].
#[must_use = "a query does nothing until it is asked for rows: `.all().await`"]
pub struct Sql<'s, S: Scope, P> {
    session: &'s Session<S>,
    sql: String,
    /// Why no policy checks it; none where it may not name what belongs to tenants.
    reason: Option<String>,
    params: Vec<(String, Value<'static>)>,
    error: Option<Error>,
    rows: PhantomData<fn() -> P>,
}

/// The tenancy of rows that SQL by hand may read without a reason.
#[diagnostic::on_unimplemented(
    message = "SQL by hand reads rows of a tenant's entity past its policies: it is `{Self}`",
    label = "the rows belong to tenants",
    note = "say why: `session.unchecked_sql(reason).sql::<..>(..)`"
)]
pub trait OpenToSql: Tenancy {}

impl OpenToSql for Shared {}

/// Rows of which [`OpenToSql`] is asked. Named, so that what is no row at all is said to be none.
#[doc(hidden)]
#[diagnostic::on_unimplemented(
    message = "`{Self}` is nothing that SQL by hand can make of its rows",
    label = "not a row of SQL by hand",
    note = "derive it: `#[derive(SqlRow)]`, or `#[derive(Projection)]` for columns of an entity"
)]
pub trait OpenRow {}

impl<P: SqlRow<Tenancy: OpenToSql>> OpenRow for P {}

impl<S: Scope> Session<S> {
    /// A query by hand whose rows are what `P` says: columns are found by the names of its fields, of an
    /// entity by those of its columns. They are of the kind that the entity stores, or that the type of the field is
    /// stored as where `P` is a struct of its own, with `#[derive(SqlRow)]`.
    ///
    /// ```no_run
    /// # use repo_core::{Database, Projection, Repository, Result};
    /// # use uuid::Uuid;
    /// #[derive(Repository)]
    /// #[repository(table = "models")]
    /// struct Model {
    ///     id: Uuid,
    ///     provider: String,
    ///     price: i64,
    /// }
    ///
    /// #[derive(Projection)]
    /// #[projection(entity = Model)]
    /// struct Cheapest {
    ///     provider: String,
    ///     price: i64,
    /// }
    ///
    /// # async fn f(db: Database) -> Result<()> {
    /// let sql = "SELECT provider, min(price) AS price FROM models WHERE price >= :least GROUP BY provider";
    /// let cheapest: Vec<Cheapest> = db.session().sql(sql).bind("least", 1_i64).all().await?;
    /// # Ok(())
    /// # }
    /// ```
    ///
    /// It only reads, and only what belongs to no tenant: a query that names the table of a tenant's entity is
    /// [`Error::InvalidInput`]. For those say why, with [`UncheckedSql::sql`].
    pub fn sql<P: SqlRow + OpenRow>(&self, sql: &str) -> Sql<'_, S, P> {
        Sql::new(self, sql, None)
    }
}

impl<'s, S: Scope> UncheckedSql<'s, S> {
    /// A query by hand whose rows are what `P` says, as [`Session::sql`] makes it, of any tables. The tenant is a
    /// parameter like others: no policy adds it.
    pub fn sql<P: SqlRow>(self, sql: &str) -> Sql<'s, S, P> {
        let Self { session, reason, params, mut error } = self;
        if !params.is_empty() {
            let reason = "of a typed query have names: bind them after `sql`";
            error.get_or_insert(Error::invalid_input("parameters", reason));
        }
        Sql { error, ..Sql::new(session, sql, Some(reason)) }
    }
}

impl<'s, S: Scope, P: SqlRow> Sql<'s, S, P> {
    fn new(session: &'s Session<S>, sql: &str, reason: Option<String>) -> Self {
        let (params, error) = (Vec::new(), None);
        Self { session, sql: sql.to_owned(), reason, params, error, rows: PhantomData }
    }

    /// The value of the parameter `:name`, wherever it stands. A decimal is bound with
    /// [`bind_as`](Self::bind_as), as only a column says its digits.
    pub fn bind<T: ColumnType>(self, name: &str, value: T) -> Self {
        self.with(name, parameter::of_type(&value))
    }

    /// The value of the parameter `:name` as `column` stores it: of its type, or an `Option` of that. A literal takes
    /// the type of the column.
    pub fn bind_as<E, T>(
        self,
        column: Column<E, T>,
        name: &str,
        value: impl Bindable<T::Bare>,
    ) -> Self
    where
        E: Entity,
        T: ColumnType,
    {
        self.with(name, parameter::of_column(column, &value))
    }

    fn with(mut self, name: &str, value: Result<Value<'static>, InvalidValue>) -> Self {
        if self.params.iter().any(|(known, _)| known == name) {
            self.error.get_or_insert(Error::invalid_input(name.to_owned(), "is bound twice"));
        }
        match value {
            Ok(value) => self.params.push((name.to_owned(), value)),
            Err(invalid) => {
                let error = Error::invalid_input(name.to_owned(), invalid.into_reason());
                self.error.get_or_insert(error);
            }
        }
        self
    }

    /// All rows, in the order of the query.
    ///
    /// # Errors
    ///
    /// - [`Error::InvalidInput`]: a parameter is not bound, or not there; the query is more than one statement, or
    ///   names what belongs to tenants.
    /// - [`Error::Backend`]: the query has no column with the name of a field, or is none.
    /// - [`Error::Decode`]: a value is not of the type of its field.
    /// - [`Error::MissingActor`]: a session over all tenants says not who looks, and audited entities are known.
    pub async fn all(self) -> Result<Vec<P>> {
        let Self { session, sql, reason, params, error, .. } = self;
        if let Some(error) = error {
            return Err(error);
        }
        super::control::refuse(&sql, session.dialect())?;
        if reason.is_none() {
            refuse_tenants(session, &sql)?;
        }
        let Numbered { sql, names } = number(&sql)?;
        let params = in_order(&names, params)?;
        let layout = P::layout();
        let sql = columns_of(&sql, &layout.names);
        let read = |row: &UncheckedRow<'_>| (layout.read)(row.row);
        let unchecked = UncheckedSql { session, params, error: None, reason: String::new() };
        match reason {
            Some(reason) => UncheckedSql { reason, ..unchecked }.fetch(&sql, read).await,
            None => unchecked.read(&sql, read).await,
        }
    }

    /// The only row.
    ///
    /// # Errors
    ///
    /// As for [`all`](Self::all); [`is_not_found`](Error::is_not_found) where there is none, and
    /// [`Error::MoreThanOne`] where there are several.
    pub async fn one(self) -> Result<P> {
        let row = self.at_most_one().await?;
        row.ok_or_else(|| Error::NoMatch { entity: P::layout().what })
    }

    /// The only row, or none.
    ///
    /// # Errors
    ///
    /// As for [`all`](Self::all); [`Error::MoreThanOne`] where there are several.
    pub async fn at_most_one(self) -> Result<Option<P>> {
        let mut rows = self.all().await?;
        if rows.len() > 1 {
            return Err(Error::MoreThanOne { entity: P::layout().what });
        }
        Ok(rows.pop())
    }
}

/// How functions of Postgres end that run SQL which is a text.
const HIDING: [&str; 3] = ["_to_xml", "_to_xmlschema", "_to_xml_and_xmlschema"];

/// Refuses a query that names the table of a tenant's entity, as far as the database knows its entities.
fn refuse_tenants<S: Scope>(session: &Session<S>, sql: &str) -> Result<()> {
    let (registry, names) = (session.database().registry(), named(sql));
    let escapes = ["u&\"", "u&'"];
    let is_hidden = |name: &String| HIDING.iter().any(|it| name.to_ascii_lowercase().ends_with(it));
    if escapes.iter().any(|it| sql.to_ascii_lowercase().contains(it)) || names.iter().any(is_hidden)
    {
        let reason = "hides what it reads: say why with `unchecked_sql`";
        return Err(Error::invalid_input("sql", reason));
    }
    let named = registry
        .of_tenants()
        .find(|table| names.iter().any(|name| name.eq_ignore_ascii_case(table)));
    named.map_or(Ok(()), |name| {
        let reason =
            format!("names `{name}`, whose rows belong to tenants: say why with `unchecked_sql`");
        Err(Error::invalid_input("sql", reason))
    })
}

/// The values of the parameters by their numbers.
fn in_order(
    names: &[String],
    mut params: Vec<(String, Value<'static>)>,
) -> Result<Vec<Value<'static>>> {
    let mut values = Vec::with_capacity(names.len());
    for name in names {
        let at = params.iter().position(|(known, _)| known == name);
        let at = at.ok_or_else(|| Error::invalid_input(name.clone(), "has no value: bind it"))?;
        values.push(params.swap_remove(at).1);
    }
    match params.into_iter().next() {
        Some((name, _)) => {
            Err(Error::invalid_input(name, "is bound, and no parameter of the query"))
        }
        None => Ok(values),
    }
}

impl<S: Scope, P> fmt::Debug for Sql<'_, S, P> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Sql").field("sql", &self.sql).finish_non_exhaustive()
    }
}
