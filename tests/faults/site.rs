//! Databases to break: each test has its own, and nothing of it stays behind.

use std::path::PathBuf;
use std::sync::atomic::{AtomicU32, Ordering};

use repo_core::Database;
use sqlx::{AssertSqlSafe, Connection as _, PgConnection};
use tempfile::TempDir;

/// A folder for a SQLite file.
pub(crate) struct File {
    folder: TempDir,
}

/// A schema on the test server.
pub(crate) struct Schema {
    pub(crate) url: String,
    server: String,
    name: String,
}

/// What a database lives in, kept until the end of the test.
pub(crate) enum Site {
    File(#[expect(dead_code, reason = "removed when it is dropped")] File),
    Memory,
    Schema(#[expect(dead_code, reason = "removed when it is dropped")] Schema),
}

/// One database of each kind, whose pools have one connection where there is one to write.
pub(crate) async fn with_one_connection() -> Vec<(&'static str, Database, Site)> {
    let file = File::new();
    let on_file = file.options().readers(1).connect().await.expect("a file");
    let in_memory = repo_sqlite::connect("sqlite::memory:").await.expect("memory");
    let schema = Schema::new().await;
    let on_postgres = schema.options().pool_size(1).connect().await.expect("the server");
    vec![
        ("SQLite file", on_file, Site::File(file)),
        ("SQLite memory", in_memory, Site::Memory),
        ("Postgres", on_postgres, Site::Schema(schema)),
    ]
}

impl File {
    pub(crate) fn new() -> Self {
        Self { folder: tempfile::tempdir().expect("a folder") }
    }

    pub(crate) fn path(&self) -> PathBuf {
        self.folder.path().join("books.db")
    }

    pub(crate) fn url(&self) -> String {
        format!("sqlite://{}", self.path().display())
    }

    pub(crate) fn options(&self) -> repo_sqlite::Options {
        repo_sqlite::Options::new(&self.url()).expect("a URL of SQLite")
    }
}

impl Schema {
    pub(crate) async fn new() -> Self {
        static NEXT: AtomicU32 = AtomicU32::new(0);
        let server = server_url();
        let number = NEXT.fetch_add(1, Ordering::Relaxed);
        let name = format!("faults_{}_{number}", std::process::id());
        execute(&server, &format!("CREATE SCHEMA {name}")).await;
        let separator = if server.contains('?') { '&' } else { '?' };
        let url = format!("{server}{separator}options=-c%20search_path%3D{name}");
        Self { url, server, name }
    }

    /// The connections carry the schema's name.
    pub(crate) fn options(&self) -> repo_postgres::Options {
        let options = repo_postgres::Options::new(&self.url).expect("a URL of Postgres");
        options.application_name(&self.name)
    }

    /// Ends the connections that are in a transaction, and waits until they are gone.
    pub(crate) async fn kill_transactions(&self) {
        let mut connection = PgConnection::connect(&self.server).await.expect("the server");
        let sql = "SELECT count(pg_terminate_backend(pid, 5000)) FROM pg_stat_activity \
            WHERE application_name = $1 AND state LIKE 'idle in transaction%'";
        let killed: i64 = sqlx::query_scalar(sql)
            .bind(&self.name)
            .fetch_one(&mut connection)
            .await
            .expect("an answer");
        assert_eq!(killed, 1, "one transaction was open");
    }
}

/// Also after a panic: so not in the runtime of the test, which may be gone.
impl Drop for Schema {
    fn drop(&mut self) {
        let (server, sql) = (self.server.clone(), format!("DROP SCHEMA {} CASCADE", self.name));
        let remove = move || {
            let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build();
            runtime.expect("a runtime").block_on(execute(&server, &sql));
        };
        let _ = std::thread::spawn(remove).join();
    }
}

fn server_url() -> String {
    std::env::var("REPO_TEST_POSTGRES_URL").expect(
        "REPO_TEST_POSTGRES_URL names a Postgres server: run these tests with `scripts/test -p faults`",
    )
}

async fn execute(url: &str, sql: &str) {
    let mut connection = PgConnection::connect(url).await.expect("the server takes connections");
    sqlx::raw_sql(AssertSqlSafe(sql)).execute(&mut connection).await.expect(sql);
}
