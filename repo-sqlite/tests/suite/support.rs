//! A table, and short ways to run statements about it.

use std::sync::Arc;

use repo_core::backend::{Access, Backend, Connection, Effect, Insert, InsertRows, Row, Statement};
use repo_core::schema::{ColumnDef, Ids, Index, IndexColumn, Table};
use repo_core::{Error, Kind, Result, TransactionOptions, Value};
use repo_sqlite::Options;
use tempfile::TempDir;

/// `notes`: an identity, a unique title, and a number.
pub(crate) static NOTES: Table = Table {
    ids: Ids::Numbered,
    indexes: &[Index {
        columns: &[IndexColumn { column: 1, descending: false }],
        unique: true,
        global: false,
    }],
    ..Table::bare(
        "Note",
        "notes",
        &[
            column("id", Kind::I64, false),
            column("title", Kind::Text, false),
            column("stars", Kind::I64, true),
        ],
    )
};

const SCHEMA: &str = "
    CREATE TABLE notes (
        id INTEGER PRIMARY KEY AUTOINCREMENT,
        title TEXT NOT NULL,
        stars INTEGER CONSTRAINT notes_stars_check CHECK (stars >= 0)
    ) STRICT;
    CREATE UNIQUE INDEX notes_title_key ON notes (title);
    CREATE TABLE comments (
        id INTEGER PRIMARY KEY,
        note_id INTEGER NOT NULL REFERENCES notes (id) ON DELETE RESTRICT
    ) STRICT;";

pub(crate) const INSERT: &str = "INSERT INTO notes (title, stars) VALUES (?1, ?2) RETURNING id";

pub(crate) const fn column(name: &'static str, kind: Kind, nullable: bool) -> ColumnDef {
    ColumnDef {
        name,
        kind,
        nullable,
        variants: &[],
        max_length: None,
        fixed: false,
        sensitive: false,
        formerly: &[],
        added_with: None,
        default: None,
    }
}

/// A database file that is removed at the end.
pub(crate) struct File {
    pub(crate) folder: TempDir,
}

impl File {
    pub(crate) fn new() -> Self {
        Self { folder: tempfile::tempdir().expect("a folder for the test") }
    }

    pub(crate) fn url(&self) -> String {
        format!("sqlite://{}/notes.db", self.folder.path().display())
    }

    pub(crate) fn options(&self) -> Options {
        Options::new(&self.url()).expect("the URL of the test")
    }

    pub(crate) async fn notes(&self) -> Arc<dyn Backend> {
        with_tables(self.options()).await
    }

    /// A connection that the backend knows nothing of: another process.
    pub(crate) fn stranger(&self) -> rusqlite::Connection {
        rusqlite::Connection::open(self.folder.path().join("notes.db"))
            .expect("a second connection")
    }
}

pub(crate) async fn open(options: Options) -> Arc<dyn Backend> {
    Arc::new(options.connect_backend().await.expect("a database"))
}

/// The database with its tables.
pub(crate) async fn with_tables(options: Options) -> Arc<dyn Backend> {
    let backend = open(options).await;
    let mut connection = backend.begin(TransactionOptions::new()).await.expect("a transaction");
    connection.execute_script(SCHEMA).await.expect("the tables");
    connection.commit().await.expect("a commit");
    backend
}

/// In memory and in a file: what holds of one holds of the other.
pub(crate) async fn both() -> Vec<(&'static str, Arc<dyn Backend>, File)> {
    let file = File::new();
    let memory = Options::new("sqlite::memory:").expect("the URL");
    vec![("memory", with_tables(memory).await, File::new()), ("file", file.notes().await, file)]
}

pub(crate) fn statement<'a>(
    access: Access,
    sql: &'a str,
    params: &'a [Value<'a>],
) -> Statement<'a> {
    let effect = if access == Access::Read { Effect::Read } else { Effect::Update };
    Statement { sql, params, effect, table: &NOTES }
}

pub(crate) fn ignore(_: &dyn Row) -> Result<()> {
    Ok(())
}

pub(crate) fn text(value: &str) -> Value<'_> {
    Value::Text(value.into())
}

/// Adds a note and returns its id.
pub(crate) async fn add(backend: &dyn Backend, title: &str) -> Result<i64> {
    let mut id = 0;
    let params = [text(title), Value::I64(1)];
    backend
        .run(statement(Access::Write, INSERT, &params), &mut |row| {
            id = integer(row)?;
            Ok(())
        })
        .await?;
    Ok(id)
}

pub(crate) async fn add_in(connection: &mut dyn Connection, title: &str) -> Result<u64> {
    let params = [text(title), Value::I64(1)];
    connection.run(statement(Access::Write, INSERT, &params), &mut ignore).await
}

pub(crate) async fn count(backend: &dyn Backend) -> Result<i64> {
    let mut count = 0;
    let sql = "SELECT count(*) FROM notes";
    backend
        .run(statement(Access::Read, sql, &[]), &mut |row| {
            count = integer(row)?;
            Ok(())
        })
        .await?;
    Ok(count)
}

/// The integer in the first column.
pub(crate) fn integer(row: &dyn Row) -> Result<i64> {
    match row.value(0, Kind::I64) {
        Ok(Value::I64(value)) => Ok(value),
        other => panic!("an integer was expected, not {other:?}"),
    }
}

/// Notes with the titles given.
pub(crate) struct Titles(pub(crate) Vec<String>);

impl Titles {
    pub(crate) fn numbered(count: usize) -> Self {
        Self((0..count).map(|n| format!("note {n}")).collect())
    }

    pub(crate) fn insert(&self) -> Insert<'_> {
        Insert { table: &NOTES, columns: &[1, 2], sql: INSERT, rows: self }
    }
}

impl InsertRows for Titles {
    fn len(&self) -> usize {
        self.0.len()
    }

    fn encode<'a>(&'a self, index: usize, values: &mut Vec<Value<'a>>) -> Result<()> {
        if self.0[index] == "refused" {
            return Err(Error::invalid_input("title", "is refused"));
        }
        values.extend([text(&self.0[index]), Value::Null(Kind::I64)]);
        Ok(())
    }
}
