//! The stores that the cases run on, and what a case is given.
//!
//! A case gets a [`Fixture`], whose database is empty and its own, and never learns which store it is
//! on. What a store leaves behind is removed when its case ends, also by a panic.

use std::panic::{AssertUnwindSafe, resume_unwind};
use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::Duration;

use chrono::{DateTime, Utc};
use futures_util::FutureExt as _;
pub(crate) use repo_core::__beside::backend;
use repo_core::backend::{Connection, Reach};
use repo_core::testing::FixedClock;
use repo_core::{
    Database, Driver, Schema, Session, Settings, Tenant, TransactionOptions, connect_with,
};
use sqlx::postgres::PgPoolOptions;
use sqlx::sqlite::{SqliteConnectOptions, SqliteJournalMode, SqlitePoolOptions};
use sqlx::{AssertSqlSafe, Connection as _, PgConnection};
use tokio::runtime::Builder;
use uuid::Uuid;

use crate::entities::Item;

/// Two tenants.
pub(crate) const ACME: Uuid = Uuid::from_u128(0xacae);
pub(crate) const BOLT: Uuid = Uuid::from_u128(0xb017);

/// An id that no row has.
pub(crate) const NOBODY: Uuid = Uuid::from_u128(0xffff_ffff);

/// An empty database, and the way to it.
pub(crate) struct Fixture {
    pub(crate) db: Database,
    place: Place,
}

/// Where a database is, and how to connect.
#[derive(Clone)]
pub(crate) struct Place {
    url: String,
    row_level_security: bool,
    adopted: bool,
}

/// A place for one database.
pub(crate) trait Store: Sized {
    /// Makes the place.
    async fn create() -> (Self, Place);

    /// Removes what is left of it.
    async fn remove(self);

    /// The runtime of its cases.
    fn runtime() -> Builder {
        let mut builder = Builder::new_multi_thread();
        builder.worker_threads(2);
        builder
    }
}

/// A file in a folder of its own.
pub(crate) struct Sqlite(tempfile::TempDir);

/// A database in memory, on a runtime of one thread.
pub(crate) struct SqliteMemory;

/// A schema of its own on the server of `REPO_TEST_POSTGRES_URL`.
pub(crate) struct Postgres {
    server: String,
    schema: String,
}

/// The same with row-level security, as a role of its own that owns the schema and nothing else.
pub(crate) struct PostgresRls(Postgres);

/// A pool of sqlx, on a file in a folder of its own.
pub(crate) struct AdoptedSqlite(Sqlite);

/// A pool of sqlx, on a schema of its own.
pub(crate) struct AdoptedPostgres(Postgres);

/// Runs a case on a new database of a store.
pub(crate) fn run<S: Store, C: Future<Output = ()>>(case: impl FnOnce(Fixture) -> C) {
    S::runtime().enable_all().build().expect("a runtime").block_on(async {
        let (store, place) = S::create().await;
        let db = place.connect(4, PATIENCE).await;
        let fixture = Fixture { db: db.clone(), place };
        let outcome = AssertUnwindSafe(case(fixture)).catch_unwind().await;
        db.close().await;
        store.remove().await;
        outcome.unwrap_or_else(|panic| resume_unwind(panic));
    });
}

impl Fixture {
    /// The database, with these tables.
    pub(crate) async fn with(&self, schema: &Schema) -> Database {
        self.db.create_tables(schema).await.expect("the tables are possible");
        self.db.clone()
    }

    /// The database with these tables, and a clock that the case moves.
    pub(crate) async fn with_clock(&self, schema: &Schema) -> (Database, FixedClock) {
        let clock = FixedClock::at(moment("2026-01-31T12:00:00.123456Z"));
        (self.with(schema).await.with_clock(clock.clone()), clock)
    }

    /// Another pool of `size` connections to the same database, as another process has one; of a
    /// database in memory there is one only.
    pub(crate) async fn beside(&self, size: usize) -> Database {
        if self.is_shared() { self.place.connect(size, PATIENCE).await } else { self.db.clone() }
    }

    /// A pool of one connection, for which nobody waits for long, with these tables.
    pub(crate) async fn pool_of_one(&self, schema: &Schema) -> Database {
        let db = self.place.connect(1, Duration::from_millis(100)).await;
        db.create_tables(schema).await.expect("the tables are possible");
        db
    }

    /// Whether two connections reach the same database.
    pub(crate) fn is_shared(&self) -> bool {
        self.place.url != MEMORY
    }
}

/// A session of the tenant that most cases are about.
pub(crate) fn acme(db: &Database) -> Session<Tenant<Uuid>> {
    db.tenant(ACME)
}

/// The same database as another program has it, whose entities are on tables of ours.
pub(crate) fn of_another_program(db: &Database) -> Database {
    Database::new(Arc::clone(backend(db)))
}

/// A connection for SQL by hand, as a session of the tenant that most cases are about has one.
pub(crate) async fn by_hand(db: &Database) -> Box<dyn Connection> {
    let within = backend(db).within(&Reach::Tenant(ACME.to_string()));
    let backend = within.as_ref().unwrap_or_else(|| backend(db));
    backend.begin(TransactionOptions::new()).await.expect("a connection is free")
}

/// A session of the other tenant.
pub(crate) fn bolt(db: &Database) -> Session<Tenant<Uuid>> {
    db.tenant(BOLT)
}

/// The names of all items, in order.
pub(crate) async fn names(db: &Database) -> Vec<String> {
    let items = db.session().repo::<Item>().query().order_by(Item::NAME.asc()).all().await;
    items.expect("items are read").into_iter().map(|row| row.name).collect()
}

/// A moment, as RFC 3339 writes it.
pub(crate) fn moment(text: &str) -> DateTime<Utc> {
    DateTime::parse_from_rfc3339(text).expect("a moment").to_utc()
}

const MEMORY: &str = "sqlite::memory:";

/// How long a case waits for a connection.
const PATIENCE: Duration = Duration::from_secs(20);

impl Place {
    fn at(url: impl Into<String>) -> Self {
        Self { url: url.into(), row_level_security: false, adopted: false }
    }

    async fn connect(&self, size: usize, patience: Duration) -> Database {
        let mut settings = Settings::new();
        settings.pool_size = Some(size);
        settings.pool_timeout = Some(patience);
        if self.adopted {
            return self.adopt(size, patience).await;
        }
        let connected = if self.row_level_security {
            let options = repo_postgres::Options::new(&self.url).expect("a URL of Postgres");
            options.settings(&settings).row_level_security(true).connect().await
        } else {
            let drivers: [&dyn Driver; 2] = [&repo_sqlite::Driver, &repo_postgres::Driver];
            connect_with(&self.url, &settings, &drivers).await
        };
        connected.expect("the database can be reached")
    }

    /// A pool as an application has one, and a database on it.
    async fn adopt(&self, size: usize, patience: Duration) -> Database {
        let size = u32::try_from(size).expect("pools are small");
        // Of sqlx, a pool waits as long for a new connection as for one that is in use.
        let patience = patience.max(Duration::from_secs(2));
        let adopted = if let Some(path) = self.url.strip_prefix("sqlite://") {
            let options = SqliteConnectOptions::new().filename(path).create_if_missing(true);
            let pool = SqlitePoolOptions::new().max_connections(size).acquire_timeout(patience);
            let options = options.journal_mode(SqliteJournalMode::Wal);
            let pool = pool.connect_with(options).await.expect("the file can be opened");
            repo_sqlite::adopt(pool).await
        } else {
            let pool = PgPoolOptions::new().max_connections(size).acquire_timeout(patience);
            let pool = pool.connect(&self.url).await.expect("the server can be reached");
            repo_postgres::adopt(pool).await
        };
        adopted.expect("the pool can be adopted")
    }
}

impl Store for Sqlite {
    async fn create() -> (Self, Place) {
        let folder = tempfile::tempdir().expect("a folder");
        let url = format!("sqlite://{}", folder.path().join("case.db").display());
        (Self(folder), Place::at(url))
    }

    async fn remove(self) {
        self.0.close().expect("the folder can be removed");
    }
}

impl Store for AdoptedSqlite {
    async fn create() -> (Self, Place) {
        let (store, place) = Sqlite::create().await;
        (Self(store), Place { adopted: true, ..place })
    }

    async fn remove(self) {
        self.0.remove().await;
    }
}

impl Store for AdoptedPostgres {
    async fn create() -> (Self, Place) {
        let (store, place) = Postgres::create().await;
        (Self(store), Place { adopted: true, ..place })
    }

    async fn remove(self) {
        self.0.remove().await;
    }
}

impl Store for SqliteMemory {
    async fn create() -> (Self, Place) {
        (Self, Place::at(MEMORY))
    }

    async fn remove(self) {}

    fn runtime() -> Builder {
        Builder::new_current_thread()
    }
}

impl Store for Postgres {
    async fn create() -> (Self, Place) {
        let postgres = Self::numbered();
        execute(&postgres.server, format!("CREATE SCHEMA {}", postgres.schema)).await;
        let place = Place::at(postgres.in_schema(&postgres.server));
        (postgres, place)
    }

    async fn remove(self) {
        execute(&self.server, format!("DROP SCHEMA {} CASCADE", self.schema)).await;
    }
}

impl Postgres {
    fn numbered() -> Self {
        static NEXT: AtomicU32 = AtomicU32::new(0);
        let server = std::env::var("REPO_TEST_POSTGRES_URL").unwrap_or_else(|_| {
            panic!("REPO_TEST_POSTGRES_URL is not set: run `scripts/test`, which starts a server")
        });
        let number = NEXT.fetch_add(1, Ordering::Relaxed);
        Self { server, schema: format!("conformance_{}_{number}", std::process::id()) }
    }

    fn in_schema(&self, url: &str) -> String {
        let separator = if url.contains('?') { '&' } else { '?' };
        format!("{url}{separator}options=-c%20search_path%3D{}", self.schema)
    }
}

impl Store for PostgresRls {
    async fn create() -> (Self, Place) {
        let postgres = Postgres::numbered();
        let name = &postgres.schema;
        let role = format!("CREATE ROLE {name} LOGIN PASSWORD '{name}'");
        execute(&postgres.server, format!("{role}; CREATE SCHEMA {name} AUTHORIZATION {name}"))
            .await;
        let (scheme, rest) = postgres.server.split_once("://").expect("a URL");
        let host = rest.rsplit_once('@').map_or(rest, |(_, host)| host);
        let url = postgres.in_schema(&format!("{scheme}://{name}:{name}@{host}"));
        (Self(postgres), Place { row_level_security: true, ..Place::at(url) })
    }

    async fn remove(self) {
        let Postgres { server, schema } = self.0;
        execute(&server, format!("DROP SCHEMA {schema} CASCADE; DROP ROLE {schema}")).await;
    }
}

async fn execute(url: &str, sql: String) {
    let mut connection = PgConnection::connect(url).await.expect("the server can be reached");
    sqlx::raw_sql(AssertSqlSafe(sql)).execute(&mut connection).await.expect("the schema is ours");
    connection.close().await.expect("the server says goodbye");
}
