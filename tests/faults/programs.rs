//! Connections that are not ours: the programs `psql` and `sqlite3`, and bare ones of the drivers.
//!
//! A program that is not on the machine is told and left out; the bare connection is there always.

use std::fmt;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use sqlx::{AssertSqlSafe, Connection as _, PgConnection};

use crate::site::{File, Schema};

/// Somebody who runs SQL and knows nothing of the repositories.
pub(crate) enum Outsider {
    Psql {
        program: PathBuf,
        url: String,
    },
    Sqlx {
        url: String,
    },
    Sqlite3 {
        program: PathBuf,
        file: PathBuf,
    },
    /// With the pragmas that the program has.
    Rusqlite {
        file: PathBuf,
    },
}

impl Outsider {
    /// Those who reach a schema of the test server.
    pub(crate) fn of_schema(schema: &Schema) -> Vec<Self> {
        let folder = std::env::var_os("REPO_TEST_POSTGRES_BIN").map(PathBuf::from);
        let program = folder.map(|folder| folder.join("psql")).filter(|psql| psql.exists());
        let url = || schema.url.clone();
        let psql = installed("psql", program).map(|program| Self::Psql { program, url: url() });
        psql.into_iter().chain([Self::Sqlx { url: url() }]).collect()
    }

    /// Those who reach a file.
    pub(crate) fn of_file(file: &File) -> Vec<Self> {
        let program = installed("sqlite3", None);
        let sqlite3 = program.map(|program| Self::Sqlite3 { program, file: file.path() });
        sqlite3.into_iter().chain([Self::Rusqlite { file: file.path() }]).collect()
    }

    /// Runs SQL without parameters, to its first error, which is returned as it was told.
    pub(crate) async fn run(&self, sql: &str) -> Result<(), String> {
        match self {
            Outsider::Psql { program, url } => {
                let options = ["-X", "-q", "-v", "ON_ERROR_STOP=1", "-d", url, "-c", sql];
                ended(Command::new(program).args(options))
            }
            Outsider::Sqlite3 { program, file } => {
                let options = ["-batch", "-bail", "-init", "/dev/null"];
                ended(Command::new(program).args(options).arg(file).arg(sql))
            }
            Outsider::Sqlx { url } => {
                // The server's simple protocol, which takes several statements as psql does.
                let mut connection = PgConnection::connect(url).await.expect("the server");
                let done = sqlx::raw_sql(AssertSqlSafe(sql.to_owned())).execute(&mut connection);
                done.await.map(drop).map_err(|error| error.to_string())
            }
            Outsider::Rusqlite { file } => {
                let connection = rusqlite::Connection::open(file).expect("the file");
                let pragmas = "PRAGMA foreign_keys = OFF; PRAGMA recursive_triggers = OFF";
                connection.execute_batch(pragmas).expect("pragmas");
                connection.execute_batch(sql).map_err(|error| error.to_string())
            }
        }
    }
}

/// Who it is; not how it connects, as there may be a password in that.
impl fmt::Debug for Outsider {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Outsider::Psql { .. } => "psql",
            Outsider::Sqlx { .. } => "a bare connection to Postgres",
            Outsider::Sqlite3 { .. } => "sqlite3",
            Outsider::Rusqlite { .. } => "a bare connection to SQLite",
        })
    }
}

/// The program, if it is on the machine; otherwise says that it is not.
pub(crate) fn installed(name: &str, program: Option<PathBuf>) -> Option<PathBuf> {
    let program = program.unwrap_or_else(|| Path::new(name).to_owned());
    let found = Command::new(&program).arg("--version").stdout(Stdio::null()).status();
    if found.is_ok_and(|status| status.success()) {
        return Some(program);
    }
    println!("note: `{name}` is not installed: a bare connection stands for it");
    None
}

fn ended(command: &mut Command) -> Result<(), String> {
    let output = command.stdin(Stdio::null()).output().expect("the program runs");
    let said = String::from_utf8_lossy(&output.stderr).into_owned();
    if output.status.success() { Ok(()) } else { Err(said) }
}
