//! Runs the program in a folder of its own, on a database of its own.

use std::path::{Path, PathBuf};
use std::process::{Command, Output, Stdio};
use std::sync::atomic::{AtomicU32, Ordering};

use repo_core::TransactionOptions;
use repo_core::backend::Backend;
use serde_json::Value;
use tempfile::TempDir;

/// A folder and a database that are gone after the test.
pub(crate) struct Place {
    folder: TempDir,
    database: Database,
}

enum Database {
    Sqlite,
    Postgres { server: String, schema: String, url: String },
}

/// How a run of the program ended.
pub(crate) struct Run {
    pub(crate) code: Option<i32>,
    pub(crate) out: String,
    pub(crate) err: String,
}

/// SQLite, and Postgres where there is one.
pub(crate) fn places() -> Vec<Place> {
    std::iter::once(Place::sqlite()).chain(Place::postgres()).collect()
}

impl Place {
    pub(crate) fn sqlite() -> Self {
        Self { folder: folder(), database: Database::Sqlite }
    }

    pub(crate) fn postgres() -> Option<Self> {
        static NEXT: AtomicU32 = AtomicU32::new(0);
        let Ok(server) = std::env::var("REPO_TEST_POSTGRES_URL") else {
            let required = std::env::var("REPO_TEST_REQUIRE_POSTGRES").is_ok_and(|it| it == "1");
            assert!(
                !required,
                "REPO_TEST_POSTGRES_URL is not set, and REPO_TEST_REQUIRE_POSTGRES is"
            );
            eprintln!("skipped on Postgres: REPO_TEST_POSTGRES_URL is not set");
            return None;
        };
        let number = NEXT.fetch_add(1, Ordering::Relaxed);
        let schema = format!("model_router_{}_{number}", std::process::id());
        script(&server, &format!("CREATE SCHEMA {schema}"));
        let separator = if server.contains('?') { '&' } else { '?' };
        let url = format!("{server}{separator}options=-c%20search_path%3D{schema}");
        let database = Database::Postgres { server, schema, url };
        Some(Self { folder: folder(), database })
    }

    /// `sqlite` or `postgres`.
    pub(crate) fn system(&self) -> &'static str {
        match self.database {
            Database::Sqlite => "sqlite",
            Database::Postgres { .. } => "postgres",
        }
    }

    pub(crate) fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    /// Writes a file and returns its path.
    pub(crate) fn file(&self, name: &str, text: impl AsRef<[u8]>) -> String {
        let path = self.path(name);
        std::fs::write(&path, text).expect("a file in the folder");
        path.into_os_string().into_string().expect("the path is text")
    }

    /// The program, in the folder and on the database.
    pub(crate) fn command(&self, arguments: &[&str]) -> Command {
        let mut command = Command::new(env!("CARGO_BIN_EXE_model-router"));
        command.current_dir(self.folder.path()).args(arguments).stdin(Stdio::null());
        for variable in ["DATABASE_URL", "DB_POOL_SIZE", "DB_POOL_TIMEOUT"] {
            command.env_remove(variable);
        }
        if let Database::Postgres { url, .. } = &self.database {
            command.env("DATABASE_URL", url);
        }
        command
    }

    pub(crate) fn run(&self, arguments: &[&str]) -> Run {
        self.command(arguments).output().expect("the program runs").into()
    }

    /// Runs statements in the database, which is there afterwards.
    pub(crate) fn script(&self, sql: &str) {
        match &self.database {
            Database::Sqlite => {
                let path = self.path("model-router.db");
                script(&format!("sqlite://{}", path.display()), sql);
            }
            Database::Postgres { url, .. } => script(url, sql),
        }
    }

    /// What a run that must succeed prints with `--json`.
    pub(crate) fn json(&self, arguments: &[&str]) -> Value {
        let run = self.run(&[&["--json"], arguments].concat());
        assert_eq!((run.code, run.err.as_str()), (Some(0), ""), "{}", run.out);
        serde_json::from_str(&run.out).expect("one JSON document")
    }
}

impl Drop for Place {
    fn drop(&mut self) {
        if let Database::Postgres { server, schema, .. } = &self.database {
            script(server, &format!("DROP SCHEMA {schema} CASCADE"));
        }
    }
}

impl From<Output> for Run {
    fn from(output: Output) -> Self {
        let text = |bytes| String::from_utf8(bytes).expect("text");
        Self { code: output.status.code(), out: text(output.stdout), err: text(output.stderr) }
    }
}

/// The registry that ships with the program.
pub(crate) fn shipped() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("data/model_registry.json")
}

fn folder() -> TempDir {
    tempfile::tempdir().expect("a folder")
}

fn script(url: &str, sql: &str) {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build();
    runtime.expect("a runtime").block_on(async {
        let backend: Box<dyn Backend> = if url.starts_with("sqlite:") {
            let options = repo_sqlite::Options::new(url).expect("a URL of SQLite");
            Box::new(options.connect_backend().await.expect("the file of the tests"))
        } else {
            let options = repo_postgres::Options::new(url).expect("a URL of Postgres");
            Box::new(options.connect_backend().await.expect("the server of the tests"))
        };
        let begun = backend.begin(TransactionOptions::default()).await;
        let mut connection = begun.expect("a connection");
        connection.execute_script(sql).await.expect(sql);
        connection.commit().await.expect(sql);
        backend.close().await;
    });
}
