//! SQL by hand: the one way past the policies, which says its reason and can be searched for.
//!
//! It runs where the session runs: in its transaction, and with its tenant where the database enforces one.
//! What it writes is recorded in the audit trail with the statement, but without its parameters.

mod control;
mod named;
mod parameter;
mod passage;
mod row;
pub(crate) mod sql_row;
mod temporary;
pub(crate) mod typed;
mod words;

use std::fmt;

use crate::audit::append::{Pending, is_without_trail};
use crate::audit::author::Author;
use crate::audit::{Action, image};
use crate::backend::{Effect, Row, Statement, TransactionOptions};
use crate::column::Column;
use crate::dialect::Dialect;
use crate::entity::Entity;
use crate::error::{Error, Result};
use crate::schema::table::Table;
use crate::session::Session;
use crate::session::scope::Scope;
use crate::value::column_type::ColumnType;
use crate::value::{InvalidValue, Value};
pub use parameter::Bindable;
use passage::{dollar_quoted, passage};
pub use row::UncheckedRow;

/// What an entry of SQL by hand is about.
pub(crate) const SQL: &str = "sql";

/// What errors call a row of such a statement.
pub(crate) static UNCHECKED: Table = Table::bare("row of unchecked SQL", "", &[]);

/// What a query by hand does.
const ONLY_READS: Effect = Effect::ByHand { writes: false };

/// A statement of SQL by hand, made by [`Session::unchecked_sql`].
#[must_use = "SQL is run by `fetch` or `execute`"]
pub struct UncheckedSql<'s, S: Scope> {
    session: &'s Session<S>,
    reason: String,
    params: Vec<Value<'static>>,
    error: Option<Error>,
}

impl<'s, S: Scope> UncheckedSql<'s, S> {
    pub(crate) fn new(session: &'s Session<S>, reason: &str) -> Self {
        let invalid = match reason {
            _ if reason.trim().is_empty() => Some("is empty"),
            _ if reason.contains('\0') => Some("holds a NUL character"),
            _ => None,
        };
        let error = invalid.map(|invalid| Error::invalid_input("reason", invalid));
        Self { session, reason: reason.to_owned(), params: Vec::new(), error }
    }

    /// The value of the next parameter: the first is `$1`, on every database. A decimal is bound with
    /// [`bind_as`](Self::bind_as), as only a column says its digits.
    pub fn bind<T: ColumnType>(self, value: T) -> Self {
        self.with(parameter::of_type(&value))
    }

    /// The value of the next parameter as `column` stores it: of its type, or an `Option` of that. A literal takes the
    /// type of the column.
    ///
    /// So a decimal is what the column is compared with on every database:
    /// [an example](UncheckedRow::get_as).
    pub fn bind_as<E, T>(self, column: Column<E, T>, value: impl Bindable<T::Bare>) -> Self
    where
        E: Entity,
        T: ColumnType,
    {
        self.with(parameter::of_column(column, &value))
    }

    fn with(mut self, value: Result<Value<'static>, InvalidValue>) -> Self {
        let name = format!("${}", self.params.len() + 1);
        // Where it is refused, the statement is not run.
        self.params.push(value.unwrap_or_else(|invalid| {
            self.error.get_or_insert(Error::invalid_input(name, invalid.into_reason()));
            Value::Bool(false)
        }));
        self
    }

    /// Runs a query and returns what `read` makes of each row, in order.
    ///
    /// # Errors
    ///
    /// - [`Error::ReadOnly`]: the statement writes; use [`execute`](Self::execute).
    /// - [`Error::MissingActor`]: a session over all tenants says not who looks, and audited entities are known.
    /// - [`Error::Decode`]: a value is not of the type that `read` asks for.
    /// - [`Error::InvalidInput`]: the statement begins or ends a transaction, or changes the connection for
    ///   whoever has it next; it is empty or holds a NUL character; a parameter has no value, or a value no parameter.
    pub async fn fetch<T: Send>(
        self,
        sql: &str,
        read: impl FnMut(&UncheckedRow<'_>) -> Result<T> + Send,
    ) -> Result<Vec<T>> {
        control::refuse(sql, self.session.dialect())?;
        self.announce()?.read(sql, read).await
    }

    /// Runs a query, in a transaction in which nothing can be written.
    async fn read<T: Send>(
        self,
        sql: &str,
        mut read: impl FnMut(&UncheckedRow<'_>) -> Result<T> + Send,
    ) -> Result<Vec<T>> {
        let Self { session, params, .. } = self;
        let dialect = session.dialect();
        let sql = numbered(dialect, sql, params.len())?;
        session.record_look_by_hand().await?;
        // A transaction, or a savepoint, of its own, in which nothing can be written.
        let (nested, read_only) = match session.in_transaction() {
            true => (session.begin_own().await?, dialect.forbid_writes()),
            false => (session.begin_with(TransactionOptions::new().read_only()).await?, None),
        };
        let mut rows = Vec::new();
        let result = async {
            if let Some(read_only) = read_only {
                run(nested.session(), read_only, &[], ONLY_READS).await?;
            }
            let mut on_row = |row: &dyn Row| {
                rows.push(read(&UncheckedRow { row })?);
                Ok(())
            };
            let statement =
                Statement { sql: &sql, params: &params, effect: ONLY_READS, table: &UNCHECKED };
            nested.session().run(statement, &mut on_row).await
        }
        .await;
        match result {
            Ok(_) => nested.rollback().await.map(|()| rows),
            Err(error) => {
                if let Err(lost) = nested.rollback().await {
                    tracing::warn!(target: "repo", error = %lost, "a rollback was not confirmed");
                }
                Err(error)
            }
        }
    }

    /// Runs a statement that writes, and returns the rows affected. It is recorded in the audit trail with
    /// its text, its reason and the session's actor, in the same transaction.
    ///
    /// # Errors
    ///
    /// - [`Error::MissingActor`]: the session says not who acts.
    /// - [`Error::Immutable`]: it would change or remove a row of an immutable entity.
    /// - [`Error::Configuration`]: the database has no audit trail; nothing was written.
    /// - [`Error::InvalidInput`]: the statement begins or ends a transaction, or changes the connection for
    ///   whoever has it next; it is empty or holds a NUL character; a parameter has no value, or a value no parameter.
    pub async fn execute(self, sql: &str) -> Result<u64> {
        let dialect = self.session.dialect();
        control::refuse(sql, dialect)?;
        let reason = self.reason.clone();
        let Self { session, params, .. } = self.announce()?;
        let reach = session.scope().reach().map_err(|it| Error::invalid_value("tenant", it))?;
        let author = Author::acting(session, reach, UNCHECKED.entity)?;
        let author = Author { reason: Some(reason.into()), ..author };
        let text = numbered(dialect, sql, params.len())?;
        session.record_look_by_hand().await?;
        let own = session.own_transaction().await?;
        let mut has_run = false;
        let done = async {
            let affected =
                run(own.session(), &text, &params, Effect::ByHand { writes: true }).await?;
            has_run = true;
            let said = Some(image::statement(sql, affected));
            let entry = Pending::about_no_row(author, SQL, Action::UncheckedSql, said);
            own.session().record(vec![entry]).await?;
            Ok(affected)
        }
        .await;
        // What the statement itself does not find is told as it is.
        own.finish(done).await.map_err(|error| if has_run { without_trail(error) } else { error })
    }

    /// The session it is of.
    pub(crate) fn session(&self) -> &'s Session<S> {
        self.session
    }

    /// Whether values were bound.
    pub(crate) fn has_params(&self) -> bool {
        !self.params.is_empty()
    }

    /// The session and the reason, once it is counted and logged.
    pub(crate) fn announced(self) -> Result<(&'s Session<S>, String)> {
        self.announce().map(|Self { session, reason, .. }| (session, reason))
    }

    /// Counts and logs it.
    fn announce(mut self) -> Result<Self> {
        if let Some(error) = self.error.take() {
            return Err(error);
        }
        self.session.database().count_unchecked_sql();
        tracing::info!(target: "repo", reason = self.reason, "unchecked SQL is run");
        Ok(self)
    }
}

async fn run<S: Scope>(
    session: &Session<S>,
    sql: &str,
    params: &[Value<'_>],
    effect: Effect,
) -> Result<u64> {
    let mut no_rows = |_: &dyn Row| {
        let reason = "answers with rows: leave out `RETURNING`, or read them with `fetch`";
        Err(Error::invalid_input("sql", reason))
    };
    session.run(Statement { sql, params, effect, table: &UNCHECKED }, &mut no_rows).await
}

fn without_trail(error: Error) -> Error {
    if !is_without_trail(&error) {
        return error;
    }
    let reason = format!(
        "what unchecked SQL writes is recorded, and the database has no audit trail, which `create_tables` makes \
         with an audited entity: {error}"
    );
    Error::Configuration { reason }
}

/// The statement with its parameters as the database spells them, of which there are `given`. What is quoted is left
/// as it is.
fn numbered(dialect: &dyn Dialect, sql: &str, given: usize) -> Result<String> {
    if sql.trim().is_empty() {
        return Err(Error::invalid_input("sql", "is empty"));
    }
    let mut text = String::with_capacity(sql.len());
    let (mut rest, mut last) = (sql, 0);
    while let Some(next) = rest.chars().next() {
        let length = match next {
            '$' => {
                let digits = rest[1..].bytes().take_while(u8::is_ascii_digit).count();
                if digits > 0 {
                    let index = rest[1..=digits].parse().unwrap_or(usize::MAX);
                    if index == 0 || index > given {
                        let name = rest[..=digits].to_owned();
                        return Err(Error::invalid_input(name, "has no value: bind it"));
                    }
                    last = last.max(index);
                    dialect.placeholder(&mut text, index);
                    rest = &rest[1 + digits..];
                    continue;
                }
                dollar_quoted(rest).unwrap_or(1)
            }
            other => passage(rest).unwrap_or(other.len_utf8()),
        };
        text.push_str(&rest[..length]);
        rest = &rest[length..];
    }
    if last < given {
        let name = format!("${given}");
        return Err(Error::invalid_input(name, "is bound, and no parameter of the statement"));
    }
    Ok(text)
}

impl<S: Scope> fmt::Debug for UncheckedSql<'_, S> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("UncheckedSql").field("reason", &self.reason).finish_non_exhaustive()
    }
}
