//! Doing a change of one row, and what is done about it: validating, recording and telling of it.
//!
//! A change that is only recorded is one statement where the database can do that, or goes the short way of
//! `brief.rs` where a backend has one. Any other whose row must be
//! seen is a transaction: the caller's, whose entries and events wait for its end, or one of its own.

use crate::audit::append::Pending;
use crate::audit::author::Author;
use crate::audit::{Action, image};
use crate::backend::{Effect, Row, Statement};
use crate::dialect::ImageOf;
use crate::entity::Entity;
use crate::error::Result;
use crate::hooks::note;
use crate::schema::table::Table;
use crate::session::Session;
use crate::session::scope::Scope;
use crate::sql::change::{Before, ChangeSql, effect_of, images};
use crate::value::{InvalidValue, Kind, Value};
use crate::write::brief;

/// What is read of a row.
pub(crate) type Read<T> = fn(&dyn Row) -> Result<T>;

/// Does a change, and returns what `read` makes of the row: as it is afterwards, or as it was where it is
/// gone.
///
/// None when the statement changed no row: it met none, nothing differs, or a trigger left it as it was.
pub(crate) async fn perform<E: Entity, S: Scope, T: Send>(
    session: &Session<S>,
    sql: &ChangeSql,
    params: Vec<Value<'_>>,
    author: Option<&Author>,
    read: Read<T>,
) -> Result<Option<T>> {
    let Some(seen) = &sql.seen else {
        return one(session, (E::TABLE, sql.action), &sql.plain, &params, &mut |row| read(row))
            .await;
    };
    let text = seen.recorded.as_ref().filter(|_| !session.in_transaction());
    if let Some((author, text)) = author.zip(text) {
        return recorded::<E, S, T>(session, (text, sql.action), params, author, read).await;
    }
    if let Some((author, brief)) = author.zip(seen.brief.as_ref()).filter(|_| session.is_plain()) {
        let mut met = None;
        let mut on_row = |row: &dyn Row| {
            met = Some(read(row)?);
            Ok(())
        };
        let parts = (E::TABLE, sql, brief);
        if brief::change(session, parts, &params, author, &mut on_row).await? {
            return Ok(met);
        }
    }
    let own = session.transaction_for(E::TABLE, sql.action).await?;
    let change = Change { session: own.session(), table: E::TABLE, sql, params: &params, author };
    let done = change.perform(&seen.before, read).await;
    own.finish(done).await
}

/// Does a change and records it, by one statement for both.
pub(crate) async fn recorded<E: Entity, S: Scope, T: Send>(
    session: &Session<S>,
    (text, action): (&str, Action),
    mut params: Vec<Value<'_>>,
    author: &Author,
    read: Read<T>,
) -> Result<Option<T>> {
    params.extend(author.params(E::TABLE.name, action));
    one(session, (E::TABLE, action), text, &params, &mut |row| read(row)).await
}

/// A change in a transaction, whose entry is appended later and whose event is told then.
struct Change<'c, S: Scope> {
    session: &'c Session<S>,
    table: &'static Table,
    sql: &'c ChangeSql,
    params: &'c [Value<'c>],
    author: Option<&'c Author>,
}

impl<S: Scope> Change<'_, S> {
    async fn perform<T: Send>(&self, before: &Before, read: Read<T>) -> Result<Option<T>> {
        match before {
            Before::Answer => self.gone(read).await,
            Before::Both(text) => self.both(text, read).await,
            Before::Select(text) => self.selected(text, read).await,
        }
    }

    async fn gone<T: Send>(&self, read: Read<T>) -> Result<Option<T>> {
        let Some((was, row)) = self.row(self.plain(), read).await? else { return Ok(None) };
        self.note(&was, None).await?;
        Ok(Some(row))
    }

    async fn selected<T: Send>(&self, select: &str, read: Read<T>) -> Result<Option<T>> {
        let Some((was, _)) = self.row((select, Effect::Lock), read).await? else { return Ok(None) };
        let Some((is, after)) = self.row(self.plain(), read).await? else { return Ok(None) };
        self.note(&was, Some(&is[..])).await?;
        Ok(Some(after))
    }

    async fn both<T: Send>(&self, text: &str, read: Read<T>) -> Result<Option<T>> {
        let (table, width) = (self.table, self.table.columns.len());
        let mut met = None;
        let mut on_row = |row: &dyn Row| {
            let was = values(table, row)?;
            let after = Later { row, by: width };
            met = Some((was, values(table, &after)?, read(&after)?));
            Ok(())
        };
        self.run((text, self.plain().1), &mut on_row).await?;
        let Some((was, is, row)) = met else { return Ok(None) };
        self.note(&was, Some(&is[..])).await?;
        Ok(Some(row))
    }

    async fn row<T: Send>(
        &self,
        text: (&str, Effect),
        read: Read<T>,
    ) -> Result<Option<(Vec<Value<'static>>, T)>> {
        let mut met = None;
        let mut on_row = |row: &dyn Row| {
            met = Some((values(self.table, row)?, read(row)?));
            Ok(())
        };
        self.run(text, &mut on_row).await?;
        Ok(met)
    }

    /// The statement that changes the row, and what it does.
    fn plain(&self) -> (&str, Effect) {
        (&self.sql.plain, effect_of(self.sql.action, self.table))
    }

    async fn run(
        &self,
        (sql, effect): (&str, Effect),
        on_row: crate::backend::OnRow<'_>,
    ) -> Result<u64> {
        let (params, table) = (self.params, self.table);
        self.session.run(Statement { sql, params, effect, table }, on_row).await
    }

    async fn note(&self, was: &[Value<'static>], is: Option<&[Value<'static>]>) -> Result<()> {
        note(self.session, self.table, self.sql.action, self.author, &[(Some(was), is)]).await
    }
}

/// The entry of a change of a row; none where nothing differs.
pub(crate) fn entry(
    table: &'static Table,
    action: Action,
    author: &Author,
    was: Option<&[Value<'_>]>,
    is: Option<&[Value<'_>]>,
) -> Result<Option<Pending>> {
    let (Some(chaining), Some(row)) = (table.audit, is.or(was)) else { return Ok(None) };
    let changed = was.zip(is).map(|(was, is)| image::changed(table, was, is));
    let (old, new) = match changed {
        Some(None) => return Ok(None),
        Some(Some((old, new))) => (Some(old), Some(new)),
        None => (None, None),
    };
    let whole = |row: Option<&[Value<'_>]>| row.map(|row| image::whole(table, row));
    let (before, after) = images(action, table);
    let before = if before == ImageOf::Row { whole(was) } else { old };
    let after = if after == ImageOf::Row { whole(is) } else { new };
    let id = &row[table.roles.id];
    Ok(Some(Pending::of_row(author, (table, chaining), id, action, [before, after])))
}

/// What `read` makes of the only row that the statement of a change answers with.
pub(crate) async fn one<S: Scope, T: Send>(
    session: &Session<S>,
    (table, action): (&'static Table, Action),
    sql: &str,
    params: &[Value<'_>],
    read: &mut (dyn FnMut(&dyn Row) -> Result<T> + Send),
) -> Result<Option<T>> {
    let mut met = None;
    let mut on_row = |row: &dyn Row| {
        met = Some(read(row)?);
        Ok(())
    };
    let statement = Statement { sql, params, effect: effect_of(action, table), table };
    session.run(statement, &mut on_row).await?;
    Ok(met)
}

/// All values of a row, owned.
pub(crate) fn values(table: &'static Table, row: &dyn Row) -> Result<Vec<Value<'static>>> {
    let columns = 0..table.columns.len();
    columns.map(|column| table.read(row, column, column).map(Value::into_owned)).collect()
}

/// The columns of a row after the first few.
pub(crate) struct Later<'r> {
    pub(crate) row: &'r dyn Row,
    pub(crate) by: usize,
}

impl Row for Later<'_> {
    fn value(&self, index: usize, kind: Kind) -> Result<Value<'_>, InvalidValue> {
        self.row.value(index + self.by, kind)
    }
}
