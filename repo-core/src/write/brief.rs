//! A change of one row by itself, of which nothing but an entry tells, as short statements that a backend
//! runs at once.
//!
//! What is written is what `perform.rs` and `insert.rs` write in a transaction, where a backend does not do it
//! this way; the entry is made while the row lies in the database's hands, of the columns that it is about.

use crate::audit::append::Pending;
use crate::audit::author::Author;
use crate::audit::{Action, image};
use crate::backend::{BriefChange, Effect, OnRow, Row, Statement, Steps};
use crate::dialect::{Dialect, ImageOf};
use crate::error::Result;
use crate::error::failure::complete_statement;
use crate::schema::table::{Chaining, Table};
use crate::session::Session;
use crate::session::scope::Scope;
use crate::sql::change::{BriefSql, ChangeSql, effect_of, images};
use crate::value::Value;
use crate::write::added::{Added, made_number};

/// What is changed, and who does it.
struct Brief<'c> {
    table: &'static Table,
    dialect: &'c dyn Dialect,
    author: &'c Author,
    /// How the entries of the table follow each other.
    chaining: Chaining,
}

/// What a statement did: the entry of it, unless it met no row.
type Done = Result<Option<Pending>>;

/// Changes or removes a row and records it. Returns whether it did: not where the backend does not do that at once.
///
/// As `perform`.
pub(crate) async fn change<S: Scope>(
    session: &Session<S>,
    (table, sql, brief): (&'static Table, &ChangeSql, &BriefSql),
    params: &[Value<'_>],
    author: &Author,
    read: OnRow<'_>,
) -> Result<bool> {
    let Some(this) = Brief::of(session, table, author) else { return Ok(false) };
    let mut work = |steps: &mut dyn Steps| this.change(steps, sql, brief, params, &mut *read);
    make(session, table, &sql.plain, &mut work).await
}

/// Adds a row with the values of all columns but an identity, and records it. None where the backend does not
/// do that at once.
pub(crate) async fn insert<S: Scope>(
    session: &Session<S>,
    (table, sql): (&'static Table, &str),
    params: &[Value<'_>],
    author: &Author,
) -> Result<Option<Added<i64>>> {
    let Some(this) = Brief::of(session, table, author) else { return Ok(None) };
    let mut added = Added::Nothing;
    let mut work = |steps: &mut dyn Steps| {
        added = this.add(steps, sql, params)?;
        let Added::Row(made) = added else { return Ok(None) };
        let mut row: Vec<_> = params.iter().map(Value::borrowed).collect();
        if let Some(made) = made {
            row.insert(table.roles.id, Value::I64(made));
        }
        let after = image::whole(table, &row);
        Ok(Some(this.pending(Action::Create, &row[table.roles.id], [None, Some(after)])))
    };
    let is_made = make(session, table, sql, &mut work).await?;
    Ok(is_made.then_some(added))
}

/// Has the backend do the work and append the entry.
async fn make<S: Scope>(
    session: &Session<S>,
    table: &'static Table,
    write: &str,
    work: &mut (dyn FnMut(&mut dyn Steps) -> Done + Send),
) -> Result<bool> {
    let Some(trail) = session.database().trail().filter(|_| session.is_plain()) else {
        return Ok(false);
    };
    let [insert, set_head] = trail.writes();
    let mut steps = |steps: &mut dyn Steps| match work(steps)? {
        Some(entry) => trail.append(steps, &entry),
        None => Ok(()),
    };
    let writes = [write, insert, set_head];
    let change = BriefChange { table, writes: &writes, steps: &mut steps };
    let made = session.make(change).await;
    made.map_err(|error| session.with_reference(error, table))
}

impl<'c> Brief<'c> {
    /// None of a table that is not recorded.
    fn of<S: Scope>(
        session: &'c Session<S>,
        table: &'static Table,
        author: &'c Author,
    ) -> Option<Self> {
        let (chaining, dialect) = (table.audit?, session.dialect());
        Some(Self { table, dialect, author, chaining })
    }

    fn change(
        &self,
        steps: &mut dyn Steps,
        sql: &ChangeSql,
        brief: &BriefSql,
        params: &[Value<'_>],
        read: OnRow<'_>,
    ) -> Done {
        let Some(was) = self.before(steps, brief, params)? else { return Ok(None) };
        let mut entry = None;
        let mut on_row = |row: &dyn Row| {
            entry = self.entry(sql.action, &brief.was, &was, row)?;
            read(row)
        };
        self.run(steps, (&sql.plain, effect_of(sql.action, self.table)), params, &mut on_row)?;
        Ok(entry)
    }

    fn add(&self, steps: &mut dyn Steps, sql: &str, params: &[Value<'_>]) -> Result<Added<i64>> {
        let mut made = None;
        let mut on_row = |row: &dyn Row| {
            made = made_number(self.table, row, 0)?;
            Ok(())
        };
        let added = self.run(steps, (sql, Effect::Insert), params, &mut on_row)?;
        Ok(Added::of(self.table, added, made))
    }

    /// The columns of the row as it was, which are none where the change answers with it; none where there is
    /// no such row.
    fn before(
        &self,
        steps: &mut dyn Steps,
        brief: &BriefSql,
        params: &[Value<'_>],
    ) -> Result<Option<Vec<Value<'static>>>> {
        let Some(select) = &brief.select else { return Ok(Some(Vec::new())) };
        let mut was = None;
        let mut on_row = |row: &dyn Row| {
            let columns = brief.was.iter().enumerate();
            let values =
                columns.map(|(at, column)| Ok(self.table.read(row, at, *column)?.into_owned()));
            was = Some(values.collect::<Result<_>>()?);
            Ok(())
        };
        self.run(steps, (select, Effect::Lock), params, &mut on_row)?;
        Ok(was)
    }

    /// The entry of a row that the change answers with; none where nothing differs.
    fn entry(
        &self,
        action: Action,
        columns: &[usize],
        was: &[Value<'static>],
        row: &dyn Row,
    ) -> Done {
        let is = columns.iter().map(|column| self.table.read(row, *column, *column));
        let is = is.collect::<Result<Vec<_>>>()?;
        let id = self.table.roles.id;
        let id = self.table.read(row, id, id)?;
        let (before, after) = images(action, self.table);
        if after == ImageOf::Nothing {
            let gone = image::whole(self.table, &is);
            return Ok(Some(self.pending(action, &id, [Some(gone), None])));
        }
        let both = columns.iter().zip(was).zip(&is).map(|((column, was), is)| (*column, was, is));
        let Some((old, new)) = image::differing(self.table, both) else { return Ok(None) };
        let old = if before == ImageOf::Row { image::whole(self.table, was) } else { old };
        Ok(Some(self.pending(action, &id, [Some(old), Some(new)])))
    }

    fn pending(&self, action: Action, id: &Value<'_>, images: [Option<String>; 2]) -> Pending {
        Pending::of_row(self.author, (self.table, self.chaining), id, action, images)
    }

    fn run(
        &self,
        steps: &mut dyn Steps,
        (sql, effect): (&str, Effect),
        params: &[Value<'_>],
        on_row: OnRow<'_>,
    ) -> Result<u64> {
        tracing::trace!(target: "repo::sql", sql);
        let statement = Statement { sql, params, effect, table: self.table };
        let ran = steps.run(statement, on_row);
        ran.map_err(|error| complete_statement(error, self.dialect, statement))
    }
}
