//! A database in which programs of two versions meet, and the migration between them.

use std::path::PathBuf;
use std::sync::atomic::{AtomicU32, Ordering};

use repo_core::{Database, Error, Schema};
use sqlx::{AssertSqlSafe, Connection as _, PgConnection};
use tokio::runtime::Runtime;

use crate::page;

pub(crate) enum Place {
    Sqlite(PathBuf),
    Postgres(String),
}

impl Place {
    pub(crate) fn is_sqlite(&self) -> bool {
        matches!(self, Self::Sqlite(_))
    }

    fn name(&self) -> &'static str {
        if self.is_sqlite() { "SQLite" } else { "Postgres" }
    }

    /// A program that connects, and makes what is missing.
    pub(crate) async fn program(&self, schema: &Schema) -> Database {
        self.try_program(schema).await.unwrap()
    }

    pub(crate) async fn try_program(&self, schema: &Schema) -> Result<Database, Error> {
        let db = self.connect().await;
        db.create_tables(schema).await?;
        Ok(db)
    }

    async fn connect(&self) -> Database {
        match self {
            Self::Sqlite(file) => {
                repo_sqlite::connect(&format!("sqlite://{}", file.display())).await.unwrap()
            }
            Self::Postgres(url) => repo_postgres::connect(url).await.unwrap(),
        }
    }

    /// What the doctor says of a schema, each in a line.
    pub(crate) async fn findings(&self, schema: &Schema) -> Vec<String> {
        let db = self.connect().await;
        let findings = db.doctor(schema).await.unwrap();
        db.close().await;
        findings.iter().map(ToString::to_string).collect()
    }

    /// Runs the blocks of the page under this heading, but for those of later.
    pub(crate) async fn migrate(&self, heading: &str) {
        for sql in self.now(heading) {
            self.run(&sql).await;
        }
    }

    pub(crate) fn now(&self, heading: &str) -> Vec<String> {
        let blocks = page::blocks(heading, self.name());
        blocks.into_iter().filter(|sql| !is_later(sql)).collect()
    }

    /// Those that are run later: `-- Postgres, when ..`.
    pub(crate) fn later(&self, heading: &str) -> Vec<String> {
        let blocks = page::blocks(heading, self.name());
        blocks.into_iter().filter(|sql| is_later(sql)).collect()
    }

    /// The names of the indexes of a table that are not its primary key.
    pub(crate) async fn keys_of(&self, table: &str) -> Vec<String> {
        self.texts(&match self {
            Self::Sqlite(_) => format!(
                "SELECT name FROM pragma_index_list('{table}') WHERE origin <> 'pk' ORDER BY name"
            ),
            Self::Postgres(_) => format!(
                "SELECT c.relname::text FROM pg_index i JOIN pg_class c ON c.oid = i.indexrelid \
                 WHERE i.indrelid = '{table}'::regclass AND NOT i.indisprimary ORDER BY 1"
            ),
        })
        .await
    }

    /// The texts that a query returns.
    pub(crate) async fn texts(&self, sql: &str) -> Vec<String> {
        match self {
            Self::Sqlite(file) => {
                let connection = rusqlite::Connection::open(file).unwrap();
                let mut statement = connection.prepare(sql).unwrap();
                statement.query_map([], |row| row.get(0)).unwrap().map(Result::unwrap).collect()
            }
            Self::Postgres(url) => {
                let mut connection = PgConnection::connect(url).await.unwrap();
                let query = sqlx::query_scalar(AssertSqlSafe(sql.to_owned()));
                query.fetch_all(&mut connection).await.unwrap()
            }
        }
    }

    /// Runs SQL as somebody at `psql` or `sqlite3` does.
    pub(crate) async fn run(&self, sql: &str) {
        self.try_run(sql).await.unwrap_or_else(|error| panic!("{error}: {sql}"));
    }

    pub(crate) async fn try_run(&self, sql: &str) -> Result<(), String> {
        match self {
            Self::Sqlite(file) => {
                let connection = rusqlite::Connection::open(file).unwrap();
                // As our own connections have it: the page's SQL is not to depend on what a tool sets.
                connection
                    .execute_batch("PRAGMA foreign_keys = ON; PRAGMA recursive_triggers = ON")
                    .unwrap();
                connection.execute_batch(sql).map_err(|error| error.to_string())
            }
            Self::Postgres(url) => {
                let mut connection = PgConnection::connect(url).await.unwrap();
                let done = execute_all(&mut connection, sql).await;
                done.map_err(|error| error.to_string())?;
                connection.close().await.map_err(|error| error.to_string())
            }
        }
    }
}

/// Runs statements one by one, as several at once are a transaction, in which nothing is CONCURRENTLY. What holds a
/// table against everybody reads none of its rows.
async fn execute_all(connection: &mut PgConnection, sql: &str) -> Result<(), sqlx::Error> {
    let mut is_open = false;
    for statement in sql.split_inclusive(";\n") {
        is_open = statement == "BEGIN;\n" || (is_open && statement != "COMMIT;\n");
        let holds = statement.contains("ALTER TABLE") && !statement.contains("VALIDATE CONSTRAINT");
        if !holds {
            execute(connection, statement).await?;
        } else if is_open {
            alter(connection, statement).await?;
        } else {
            execute(connection, "BEGIN").await?;
            alter(connection, statement).await?;
            execute(connection, "COMMIT").await?;
        }
    }
    Ok(())
}

async fn alter(connection: &mut PgConnection, statement: &str) -> Result<(), sqlx::Error> {
    let before = scans(connection).await?;
    execute(connection, statement).await?;
    assert_eq!(scans(connection).await?, before, "{statement} reads rows");
    Ok(())
}

/// How often tables were read as a whole.
async fn scans(connection: &mut PgConnection) -> Result<i64, sqlx::Error> {
    let sql = "SELECT coalesce(sum(seq_scan), 0)::bigint FROM pg_stat_xact_all_tables \
        WHERE schemaname = current_schema()";
    sqlx::query_scalar(sql).fetch_one(connection).await
}

async fn execute(connection: &mut PgConnection, statement: &str) -> Result<(), sqlx::Error> {
    sqlx::raw_sql(AssertSqlSafe(statement.to_owned())).execute(connection).await.map(drop)
}

fn is_later(sql: &str) -> bool {
    sql.lines().next().is_some_and(|first| first.contains(", when "))
}

pub(crate) fn on_sqlite(case: impl AsyncFnOnce(Place)) {
    Runtime::new().unwrap().block_on(async {
        let folder = PathBuf::from(env!("CARGO_TARGET_TMPDIR")).join(format!("live_{}", unique()));
        std::fs::create_dir_all(&folder).unwrap();
        case(Place::Sqlite(folder.join("live.db"))).await;
        std::fs::remove_dir_all(folder).unwrap();
    });
}

pub(crate) fn on_postgres(case: impl AsyncFnOnce(Place)) {
    let server = std::env::var("REPO_TEST_POSTGRES_URL").unwrap_or_else(|_| {
        panic!("REPO_TEST_POSTGRES_URL is not set: run `scripts/test`, which starts a server")
    });
    Runtime::new().unwrap().block_on(async {
        let schema = format!("live_{}", unique());
        let server_place = Place::Postgres(server.clone());
        server_place.run(&format!("CREATE SCHEMA {schema}")).await;
        let separator = if server.contains('?') { '&' } else { '?' };
        let url = format!("{server}{separator}options=-c%20search_path%3D{schema}");
        case(Place::Postgres(url)).await;
        server_place.run(&format!("DROP SCHEMA {schema} CASCADE")).await;
    });
}

fn unique() -> String {
    static NEXT: AtomicU32 = AtomicU32::new(0);
    format!("{}_{}", std::process::id(), NEXT.fetch_add(1, Ordering::Relaxed))
}
