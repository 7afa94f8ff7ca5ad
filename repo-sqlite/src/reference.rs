//! Which reference SQLite refused: of a foreign key that does not hold it says no name.
//!
//! So the statement is run once more, in a transaction or a savepoint that is rolled back, under triggers for the
//! foreign keys that it can come upon: the one that does not hold says which it is. They are temporary, for the
//! connection alone, and made when a statement was refused, never before. Absent: changes of a key that is referred to
//! by SQL by hand, and keys that SQLite finds at the commit.

use repo_core::backend::{Access, Statement, ToldReference, quote, quote_literal};
use rusqlite::{Connection, Row};

use crate::error::{Failure, foreign_key, is_of_reference, said_by_trigger};
use crate::statement::{OnError, execute, step_once};

/// What the triggers say, before the place of the key among those that were found.
const SAID: &str = "repo_reference ";

/// The foreign keys of all tables, a row for each column.
const KEYS: &str = "SELECT m.name, f.id, f.\"table\", f.\"from\", f.\"to\", f.on_delete \
    FROM main.sqlite_schema m, pragma_foreign_key_list(m.name) f \
    WHERE m.type = 'table' ORDER BY m.name, f.id DESC, f.seq";

/// A foreign key.
#[derive(Debug)]
struct Key {
    table: String,
    id: i64,
    columns: Vec<String>,
    parent: String,
    parent_columns: Vec<String>,
    on_delete: String,
}

/// Which keys that refuse a removal are asked together. One that refuses at the end of the statement may hold by then,
/// where its own rows are removed as well: such keys are asked last.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Asked {
    /// Those that refuse at once.
    AtOnce,
    /// Those at the end, of tables that the statement removes nothing from.
    OfStaying,
    /// Those at the end, of the others.
    OfRemoved,
}

/// The failure of a statement, with the reference if it is about one that can be found.
#[cold]
pub(crate) fn explained(
    connection: &Connection,
    statement: &Statement<'_>,
    failure: Failure,
) -> Failure {
    let is_of_reference = matches!(&failure, Failure::Driver(error) if is_of_reference(error));
    if !is_of_reference || statement.access() == Access::Read {
        return failure;
    }
    match find(connection, statement) {
        Ok(Some(key)) => {
            let Key { table, columns, .. } = key;
            let told = ToldReference { table, constraint: String::new(), columns };
            Failure::Ours(foreign_key(statement.table.entity, Some(told)))
        }
        Ok(None) => failure,
        Err(error) => {
            tracing::debug!(?error, "which reference was refused is not known");
            failure
        }
    }
}

fn find(connection: &Connection, statement: &Statement<'_>) -> Result<Option<Key>, Failure> {
    let mut keys = keys(connection)?;
    for asked in [Asked::AtOnce, Asked::OfStaying, Asked::OfRemoved] {
        let triggers = triggers(&keys, statement.table.name, asked);
        if triggers.is_empty() {
            continue;
        }
        let told = undone(connection, || {
            triggers.iter().try_for_each(|trigger| connection.execute_batch(trigger))?;
            let ran = step_once(connection, statement, OnError::Keep, |_| Ok(()));
            let Err(Failure::Driver(error)) = ran else { return Ok(None) };
            Ok(said_by_trigger(&error))
        })?;
        let place = told.as_deref().and_then(|told| told.strip_prefix(SAID)?.parse().ok());
        if let Some(place) = place.filter(|place| *place < keys.len()) {
            return Ok(Some(keys.swap_remove(place)));
        }
    }
    Ok(None)
}

fn keys(connection: &Connection) -> rusqlite::Result<Vec<Key>> {
    let mut keys: Vec<Key> = Vec::new();
    let mut prepared = connection.prepare(KEYS)?;
    let mut rows = prepared.query([])?;
    while let Some(row) = rows.next()? {
        let (table, id): (String, i64) = (row.get(0)?, row.get(1)?);
        if keys.last().is_none_or(|last| (&last.table, last.id) != (&table, id)) {
            keys.push(key(row, table, id)?);
        }
        let (from, to): (String, Option<String>) = (row.get(3)?, row.get(4)?);
        if let Some(key) = keys.last_mut() {
            key.columns.push(from);
            key.parent_columns.extend(to);
        }
    }
    // One that names no columns of its parent means the key, which need not be looked at here.
    keys.retain(|key| key.columns.len() == key.parent_columns.len());
    Ok(keys)
}

fn key(row: &Row<'_>, table: String, id: i64) -> rusqlite::Result<Key> {
    let (columns, parent_columns) = (Vec::new(), Vec::new());
    let (parent, on_delete) = (row.get(2)?, row.get(5)?);
    Ok(Key { table, id, columns, parent, parent_columns, on_delete })
}

/// The triggers of a write of `table`: for what its rows refer to, and for what refers to rows of it, or of a table
/// whose rows SQLite removes with them.
fn triggers(keys: &[Key], table: &str, asked: Asked) -> Vec<String> {
    let mut removed = vec![table];
    let mut next = 0;
    while let Some(parent) = removed.get(next).copied() {
        next += 1;
        for key in keys.iter().filter(|key| key.on_delete == "CASCADE" && key.refers_to(parent)) {
            if !removed.iter().any(|it| it.eq_ignore_ascii_case(&key.table)) {
                removed.push(&key.table);
            }
        }
    }
    let is_asked = |key: &Key| {
        let is_removed = removed.iter().any(|it| it.eq_ignore_ascii_case(&key.table));
        match &*key.on_delete {
            "RESTRICT" => asked == Asked::AtOnce,
            "NO ACTION" if is_removed => asked == Asked::OfRemoved,
            "NO ACTION" => asked == Asked::OfStaying,
            _ => false,
        }
    };
    let mut triggers = Vec::new();
    for (place, key) in keys.iter().enumerate() {
        if key.table.eq_ignore_ascii_case(table) {
            triggers.push(key.stray(place, "INSERT"));
            triggers.push(key.stray(place, "UPDATE"));
        }
        if is_asked(key) && removed.iter().any(|parent| key.refers_to(parent)) {
            triggers.push(key.referred(place));
        }
    }
    triggers
}

impl Key {
    fn refers_to(&self, table: &str) -> bool {
        self.parent.eq_ignore_ascii_case(table)
    }

    /// Refuses a row that refers to none.
    fn stray(&self, place: usize, event: &str) -> String {
        let given: Vec<_> =
            self.columns.iter().map(|it| format!("NEW.{} IS NOT NULL", quoted(it))).collect();
        let when = format!(
            "{} AND NOT EXISTS (SELECT 1 FROM {} WHERE {})",
            given.join(" AND "),
            quoted(&self.parent),
            equal(&self.parent_columns, "NEW", &self.columns),
        );
        trigger(place, &format!("AFTER {event} ON main.{}", quoted(&self.table)), &when)
    }

    /// Refuses to remove a row that is referred to.
    fn referred(&self, place: usize) -> String {
        let when = format!(
            "EXISTS (SELECT 1 FROM {} WHERE {})",
            quoted(&self.table),
            equal(&self.columns, "OLD", &self.parent_columns),
        );
        trigger(place, &format!("BEFORE DELETE ON main.{}", quoted(&self.parent)), &when)
    }
}

fn trigger(place: usize, head: &str, when: &str) -> String {
    let event = head.split(' ').nth(1).unwrap_or_default().to_lowercase();
    let mut sql = format!(
        "CREATE TEMP TRIGGER {} {head} WHEN {when} ",
        quoted(&format!("repo_{event}_{place}"))
    );
    sql.push_str("BEGIN SELECT RAISE(ABORT, ");
    quote_literal(&mut sql, &format!("{SAID}{place}"));
    sql.push_str("); END");
    sql
}

/// `"column" = NEW."of"` for each of both.
fn equal(columns: &[String], row: &str, of: &[String]) -> String {
    let pairs = columns.iter().zip(of);
    let equal = pairs.map(|(column, of)| format!("{} = {row}.{}", quoted(column), quoted(of)));
    equal.collect::<Vec<_>>().join(" AND ")
}

fn quoted(name: &str) -> String {
    let mut sql = String::new();
    quote(&mut sql, name);
    sql
}

/// Does the work and undoes it.
fn undone<T>(
    connection: &Connection,
    work: impl FnOnce() -> rusqlite::Result<T>,
) -> Result<T, Failure> {
    let is_alone = connection.is_autocommit();
    execute(connection, if is_alone { "BEGIN IMMEDIATE" } else { "SAVEPOINT repo_reference" })?;
    let done = work();
    // Some errors end the transaction.
    if !connection.is_autocommit() {
        let undo: &[_] = if is_alone {
            &["ROLLBACK"]
        } else {
            &["ROLLBACK TO repo_reference", "RELEASE repo_reference"]
        };
        undo.iter().try_for_each(|sql| execute(connection, sql))?;
    }
    Ok(done?)
}

#[cfg(test)]
mod tests {
    use repo_core::Error;
    use repo_core::backend::Effect;
    use repo_core::schema::Table;

    use super::*;
    use crate::statement::step;

    static TREES: Table = Table::bare("Tree", "trees", &[]);

    #[test]
    fn a_key_between_rows_that_go_together_is_not_blamed_for_another() {
        let connection = Connection::open_in_memory().expect("memory");
        let tables = "PRAGMA foreign_keys = ON;
            CREATE TABLE trees (id INTEGER PRIMARY KEY, above INTEGER REFERENCES trees (id));
            CREATE TABLE nests (id INTEGER PRIMARY KEY, tree INTEGER REFERENCES trees (id));
            INSERT INTO trees VALUES (1, NULL), (2, 1), (3, 2);
            INSERT INTO nests VALUES (1, 2)";
        connection.execute_batch(tables).expect("tables");
        for (sql, column) in [
            ("DELETE FROM trees WHERE id <= 3", "tree"),
            ("DELETE FROM trees WHERE id = 1", "above"),
        ] {
            let statement = Statement { sql, params: &[], effect: Effect::Delete, table: &TREES };
            let Err(Failure::Ours(error)) =
                step(&connection, &statement, OnError::Keep, |_| Ok(()))
            else {
                panic!("{sql}");
            };
            let Error::ForeignKey { told: Some(told), .. } = error else { panic!("{error:?}") };
            assert_eq!(told.columns, [column], "{sql}");
        }
        let left: i64 = connection
            .query_row("SELECT count(*) FROM temp.sqlite_schema", [], |row| row.get(0))
            .expect("a count");
        assert_eq!(left, 0, "nothing is left of looking for it");
    }
}
