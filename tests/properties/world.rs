//! The databases that are compared with the model: a SQLite file, SQLite in memory, Postgres.
//!
//! They stay open for all runs. Each run has two tenants that no other has, and a clock and ids that
//! start anew.

use chrono::TimeDelta;
use repo_core::testing::{FixedClock, SequentialIds};
use repo_core::{Database, Schema, Session, Tenant};
use repo_sqlite::Synchronous;
use sqlx::{AssertSqlSafe, Connection as _, PgConnection};
use tempfile::TempDir;

use crate::answer::Trace;
use crate::generate::epoch;

pub(crate) struct World {
    pub(crate) databases: Vec<(&'static str, Database)>,
    server: String,
    schema: String,
    _folder: TempDir,
}

/// The operations of one case on one database.
pub(crate) struct Run {
    pub(crate) trace: Trace,
    pub(crate) tenants: [i64; 2],
    pub(crate) db: Database,
    clock: FixedClock,
}

impl World {
    /// With these tables, under a name that no other test has.
    pub(crate) async fn new(name: &str, tables: &Schema) -> Self {
        let folder = tempfile::tempdir().expect("a folder");
        let server = server();
        let schema = format!("properties_{name}_{}", std::process::id());
        execute(&server, &format!("CREATE SCHEMA {schema}")).await;
        let world = Self {
            databases: vec![
                ("SQLite file", sqlite(&folder.path().join("rows.db").to_string_lossy()).await),
                ("SQLite memory", sqlite("sqlite::memory:").await),
                ("Postgres", postgres(&server, &schema).await),
            ],
            server,
            schema,
            _folder: folder,
        };
        for (name, db) in &world.databases {
            db.create_tables(tables).await.unwrap_or_else(|error| panic!("{name}: {error}"));
        }
        world
    }

    pub(crate) async fn remove(self) {
        for (_, db) in &self.databases {
            db.close().await;
        }
        execute(&self.server, &format!("DROP SCHEMA {} CASCADE", self.schema)).await;
    }
}

impl Run {
    pub(crate) fn new(db: &Database, tenants: [i64; 2]) -> Self {
        let clock = FixedClock::at(epoch());
        let db = db.clone().with_clock(clock.clone()).with_ids(SequentialIds::new());
        Self { trace: Trace::default(), tenants, db, clock }
    }

    pub(crate) fn session(&self, tenant: usize) -> Session<Tenant<i64>> {
        self.db.tenant(self.tenants[tenant])
    }

    pub(crate) fn tick(&self, microseconds: i64) {
        self.clock.advance(TimeDelta::microseconds(microseconds));
    }
}

/// The Postgres server of the tests.
pub(crate) fn server() -> String {
    std::env::var("REPO_TEST_POSTGRES_URL").expect(
        "REPO_TEST_POSTGRES_URL names a Postgres server: run this test with `scripts/test -p properties`",
    )
}

async fn sqlite(url: &str) -> Database {
    let options = repo_sqlite::Options::new(url).expect("a URL of SQLite");
    options.synchronous(Synchronous::Normal).connect().await.expect("a SQLite database")
}

/// What a crash of the server would lose is of no interest here.
async fn postgres(server: &str, schema: &str) -> Database {
    let separator = if server.contains('?') { '&' } else { '?' };
    let settings = format!("-c%20search_path%3D{schema}%20-c%20synchronous_commit%3Doff");
    let url = format!("{server}{separator}options={settings}");
    repo_postgres::connect(&url).await.expect("the server takes connections")
}

async fn execute(url: &str, sql: &str) {
    let mut connection = PgConnection::connect(url).await.expect("the server takes connections");
    sqlx::raw_sql(AssertSqlSafe(sql)).execute(&mut connection).await.expect(sql);
}
