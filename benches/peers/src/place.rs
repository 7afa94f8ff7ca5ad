//! Where the rows are: a file of SQLite or a database of Postgres, made for the run and removed after it.
//!
//! All contenders open connections to the same place, with the same settings.

use std::path::{Path, PathBuf};

use repo_core::{Database, schema};
use sqlx::postgres::PgConnectOptions;
use sqlx::{AssertSqlSafe, Connection as _, PgConnection};
use tempfile::TempDir;

use crate::Result;
use crate::entity::{AuditedTicket, Comment, Ticket};
use crate::workload::System;

/// The variable that names a server.
pub const URL: &str = "REPO_TEST_POSTGRES_URL";

/// How a contender opens its connections.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Setting {
    /// The most connections.
    pub connections: usize,
    /// Whether several tasks use them at once.
    pub is_shared: bool,
    /// Whether a commit waits for the disk.
    pub is_durable: bool,
}

/// Where the rows are.
#[derive(Debug)]
pub enum Place {
    /// SQLite.
    File(File),
    /// Postgres.
    Server(Server),
}

/// A file, which is deleted with this.
#[derive(Debug)]
pub struct File {
    _folder: TempDir,
    path: PathBuf,
}

/// A database of a server.
#[derive(Debug)]
pub struct Server {
    url: String,
    name: String,
}

impl Setting {
    /// The pragma of SQLite.
    pub fn synchronous(self) -> &'static str {
        if self.is_durable { "FULL" } else { "NORMAL" }
    }

    fn synchronous_commit(self) -> &'static str {
        if self.is_durable { "on" } else { "off" }
    }
}

impl Place {
    /// A new file.
    pub fn file() -> Result<Self> {
        let folder = tempfile::tempdir_in(target_folder()?)?;
        let path = folder.path().join("peers.db");
        Ok(Self::File(File { _folder: folder, path }))
    }

    /// A new database of the server that [`URL`] names; `None` where it names none.
    pub async fn server(name: &str) -> Result<Option<Self>> {
        let Ok(url) = std::env::var(URL) else { return Ok(None) };
        let mut admin = PgConnection::connect_with(&url.parse()?).await?;
        let name = format!("{name}_{}", std::process::id());
        for sql in [
            format!("DROP DATABASE IF EXISTS {name} WITH (FORCE)"),
            format!("CREATE DATABASE {name}"),
        ] {
            sqlx::raw_sql(AssertSqlSafe(sql)).execute(&mut admin).await?;
        }
        Ok(Some(Self::Server(Server { url, name })))
    }

    /// Which database it is.
    pub fn system(&self) -> System {
        match self {
            Self::File(_) => System::Sqlite,
            Self::Server(_) => System::Postgres,
        }
    }

    /// A repository's database here.
    pub async fn database(&self, setting: Setting) -> Result<Database> {
        match self {
            Self::File(file) => {
                let path = file.path.to_str().ok_or("the target directory is not UTF-8")?;
                let synchronous = match setting.is_durable {
                    true => repo_sqlite::Synchronous::Full,
                    false => repo_sqlite::Synchronous::Normal,
                };
                let options = repo_sqlite::Options::new(path)?.readers(setting.connections - 1);
                Ok(options.synchronous(synchronous).connect().await?)
            }
            Self::Server(server) => {
                let options = repo_postgres::Options::new(&server.url(setting))?;
                Ok(options.pool_size(setting.connections).connect().await?)
            }
        }
    }

    /// Makes the tables, as the repositories have them.
    pub async fn create_tables(&self) -> Result<Database> {
        let setting = Setting { connections: 4, is_shared: false, is_durable: false };
        let database = self.database(setting).await?;
        database.create_tables(&schema![Ticket, AuditedTicket, Comment]).await?;
        Ok(database)
    }

    /// Runs SQL on a connection of its own.
    pub async fn execute(&self, sql: &str) -> Result<()> {
        match self {
            Self::File(file) => Ok(rusqlite::Connection::open(&file.path)?.execute_batch(sql)?),
            Self::Server(server) => {
                let mut connection = server.connect().await?;
                for sql in sql.split(';').filter(|sql| !sql.trim().is_empty()) {
                    sqlx::raw_sql(AssertSqlSafe(sql.to_owned())).execute(&mut connection).await?;
                }
                Ok(connection.close().await?)
            }
        }
    }

    /// The database and its settings, for the head of a report.
    pub async fn describe(&self) -> Result<String> {
        match self {
            Self::File(_) => {
                Ok(format!("SQLite {}: WAL, foreign_keys, recursive_triggers", rusqlite::version()))
            }
            Self::Server(server) => {
                let mut connection = server.connect().await?;
                let query = sqlx::query_scalar("SHOW server_version");
                let version: String = query.fetch_one(&mut connection).await?;
                Ok(format!("Postgres {version}: the same machine, TCP, as initdb configures it"))
            }
        }
    }

    /// Removes what is not removed by itself.
    pub async fn remove(&self) -> Result<()> {
        let Self::Server(server) = self else { return Ok(()) };
        let mut admin = PgConnection::connect_with(&server.url.parse()?).await?;
        let sql = format!("DROP DATABASE IF EXISTS {} WITH (FORCE)", server.name);
        sqlx::raw_sql(AssertSqlSafe(sql)).execute(&mut admin).await?;
        Ok(())
    }
}

impl File {
    /// Where it is.
    pub fn path(&self) -> &Path {
        &self.path
    }
}

impl Server {
    /// The URL of the database, with the settings of the connection.
    pub fn url(&self, setting: Setting) -> String {
        let start = self.url.split('?').next().unwrap_or_default();
        // After the scheme, what follows the first slash is the name of a database.
        let (scheme, rest) = start.split_once("://").unwrap_or(("postgres", start));
        let host = rest.split('/').next().unwrap_or_default();
        let wait = setting.synchronous_commit();
        let options = format!("options=-c%20synchronous_commit%3D{wait}");
        format!("{scheme}://{host}/{}?{options}", self.name)
    }

    async fn connect(&self) -> Result<PgConnection> {
        let options: PgConnectOptions = self.url.parse()?;
        Ok(PgConnection::connect_with(&options.database(&self.name)).await?)
    }
}

/// A folder on the disk of the target directory: temporary folders may be in memory.
pub(crate) fn target_folder() -> Result<PathBuf> {
    let executable = std::env::current_exe()?;
    let folder = executable.parent().and_then(Path::parent).ok_or("no target directory")?;
    Ok(folder.to_owned())
}
