//! A schema for one test, and tables and statements to fill it with.

use std::future::poll_fn;
use std::pin::Pin;
use std::sync::atomic::{AtomicU32, Ordering};
use std::task::Poll;
use std::time::Duration;

use repo_core::backend::{Access, Backend, Effect, Insert, InsertRows, Row, Statement};
use repo_core::schema::{ColumnDef, Ids, Table};
use repo_core::{Error, Kind, Result, TransactionOptions, Value};
use repo_postgres::{Options, Postgres};
use sqlx::{AssertSqlSafe, Connection as _, PgConnection, query_scalar};

/// A schema of its own on the test server.
pub(crate) struct Scratch {
    pub(crate) url: String,
    pub(crate) schema: String,
    server: String,
    role: Option<String>,
}

impl Scratch {
    /// `None` where there is no server to test with.
    pub(crate) async fn new() -> Option<Self> {
        static NEXT: AtomicU32 = AtomicU32::new(0);
        let server = server()?;
        let number = NEXT.fetch_add(1, Ordering::Relaxed);
        let schema = format!("repo_test_{}_{number}", std::process::id());
        execute(&server, &format!("CREATE SCHEMA {schema}")).await;
        let url = in_schema(&server, &schema);
        Some(Self { url, server, schema, role: None })
    }

    /// The same for a role of its own, of the same name, which owns the schema.
    pub(crate) async fn of_a_role() -> Option<Self> {
        let mut scratch = Self::new().await?;
        let name = scratch.schema.clone();
        let create = format!("CREATE ROLE {name} LOGIN PASSWORD '{name}'");
        execute(&scratch.server, &format!("{create}; ALTER SCHEMA {name} OWNER TO {name}")).await;
        let (scheme, rest) = scratch.server.split_once("://").unwrap();
        let host = rest.rsplit_once('@').map_or(rest, |(_, host)| host);
        scratch.url = in_schema(&format!("{scheme}://{name}:{name}@{host}"), &name);
        scratch.role = Some(name);
        Some(scratch)
    }

    /// The name of the role.
    pub(crate) fn role(&self) -> &str {
        self.role.as_deref().unwrap()
    }

    /// The same schema for the user of the server's URL.
    pub(crate) fn admin_url(&self) -> String {
        in_schema(&self.server, &self.schema)
    }

    /// Runs SQL in the schema as that user.
    pub(crate) async fn admin(&self, sql: &str) {
        execute(&self.admin_url(), sql).await;
    }

    pub(crate) fn options(&self) -> Options {
        Options::new(&self.url).unwrap()
    }

    pub(crate) async fn connect(&self) -> Postgres {
        self.options().connect_backend().await.unwrap()
    }

    /// A connection of plain sqlx, beside ours.
    pub(crate) async fn sqlx(&self) -> PgConnection {
        PgConnection::connect(&self.url).await.unwrap()
    }
}

/// Also after a panic: so not in the runtime of the test, which may be gone.
impl Drop for Scratch {
    fn drop(&mut self) {
        let (server, schema, role) = (self.server.clone(), self.schema.clone(), self.role.take());
        let remove = move || {
            let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build();
            let role = role.map(|role| format!("; DROP OWNED BY {role}; DROP ROLE {role}"));
            let sql = format!("DROP SCHEMA {schema} CASCADE{}", role.unwrap_or_default());
            runtime.unwrap().block_on(execute(&server, &sql));
        };
        let _ = std::thread::spawn(remove).join();
    }
}

fn in_schema(url: &str, schema: &str) -> String {
    let separator = if url.contains('?') { '&' } else { '?' };
    format!("{url}{separator}options=-c%20search_path%3D{schema}")
}

/// The URL of the server to test with.
pub(crate) fn server() -> Option<String> {
    let url = std::env::var("REPO_TEST_POSTGRES_URL").ok();
    if url.is_none() {
        let required = std::env::var("REPO_TEST_REQUIRE_POSTGRES").is_ok_and(|it| it == "1");
        assert!(!required, "REPO_TEST_POSTGRES_URL is not set, and Postgres must be tested");
        eprintln!("skipped: REPO_TEST_POSTGRES_URL is not set");
    }
    url
}

async fn execute(url: &str, sql: &str) {
    let mut connection = PgConnection::connect(url).await.unwrap();
    sqlx::raw_sql(AssertSqlSafe(sql)).execute(&mut connection).await.unwrap();
}

/// A note: an id that the caller makes, and a text that may be unique.
pub(crate) static NOTE: Table = table("Note", "notes", &NOTE_COLUMNS);
static NOTE_COLUMNS: [ColumnDef; 2] = [column("id", Kind::I32), column("body", Kind::Text)];
pub(crate) const CREATE_NOTES: &str = "CREATE TABLE notes (id integer PRIMARY KEY, \
    body text NOT NULL CONSTRAINT notes_body_short CHECK (length(body) < 50))";
pub(crate) const INSERT_NOTE: &str = "INSERT INTO notes (id, body) VALUES ($1, $2)";

/// An event: an id that the database makes, and a text.
pub(crate) static EVENT: Table = table("Event", "Events \"1\"", &EVENT_COLUMNS);
static EVENT_COLUMNS: [ColumnDef; 2] = [column("id", Kind::I64), column("body", Kind::Text)];
pub(crate) const CREATE_EVENTS: &str = "CREATE TABLE \"Events \"\"1\"\"\" \
    (id bigint GENERATED BY DEFAULT AS IDENTITY PRIMARY KEY, body text NOT NULL UNIQUE)";
pub(crate) const INSERT_EVENT: &str =
    "INSERT INTO \"Events \"\"1\"\"\" (body) VALUES ($1) RETURNING id";

/// Every kind, after an id.
pub(crate) static ALL_KINDS: Table = table("AllKinds", "all kinds", &ALL_KINDS_COLUMNS);
static ALL_KINDS_COLUMNS: [ColumnDef; 15] = {
    let names = [
        "id", "c1", "c2", "c3", "c4", "c5", "c6", "c7", "c8", "c9", "c10", "c11", "c12", "c13",
        "c14",
    ];
    let mut columns = [const { column("", Kind::Bool) }; 15];
    let mut index = 0;
    while index < 15 {
        columns[index] = column(names[index], KINDS[index]);
        index += 1;
    }
    columns
};
pub(crate) const DECIMAL: Kind = Kind::Decimal { precision: 18, scale: 4 };
pub(crate) const KINDS: [Kind; 15] = [
    Kind::I32,
    Kind::Bool,
    Kind::I16,
    Kind::I32,
    Kind::I64,
    Kind::F32,
    Kind::F64,
    Kind::Text,
    Kind::Bytes,
    Kind::Uuid,
    Kind::Timestamp,
    Kind::Date,
    Kind::Time,
    DECIMAL,
    Kind::Json,
];

const fn table(entity: &'static str, name: &'static str, columns: &'static [ColumnDef]) -> Table {
    let is_numbered = matches!(columns[0].kind, Kind::I64);
    let ids = if is_numbered { Ids::Numbered } else { Ids::Made };
    Table { ids, ..Table::bare(entity, name, columns) }
}

const fn column(name: &'static str, kind: Kind) -> ColumnDef {
    ColumnDef {
        name,
        kind,
        nullable: false,
        variants: &[],
        max_length: None,
        fixed: false,
        sensitive: false,
        formerly: &[],
        added_with: None,
        default: None,
    }
}

/// A statement about notes.
pub(crate) fn statement<'a>(
    sql: &'a str,
    params: &'a [Value<'a>],
    access: Access,
) -> Statement<'a> {
    let effect = if access == Access::Read { Effect::Read } else { Effect::Update };
    Statement { sql, params, effect, table: &NOTE }
}

pub(crate) fn no_rows(_: &dyn Row) -> Result<()> {
    panic!("a row was returned unasked")
}

/// Runs a write outside a transaction.
pub(crate) async fn write(db: &Postgres, sql: &str, params: &[Value<'_>]) -> Result<u64> {
    db.run(statement(sql, params, Access::Write), &mut no_rows).await
}

/// Reads the first column outside a transaction.
pub(crate) async fn read(
    db: &Postgres,
    sql: &str,
    params: &[Value<'_>],
    kind: Kind,
) -> Result<Vec<Value<'static>>> {
    let mut values = Vec::new();
    let mut on_row = |row: &dyn Row| {
        let value = row.value(0, kind).map_err(|invalid| Error::Decode {
            entity: "Note",
            column: "body",
            reason: invalid.into_reason(),
        })?;
        values.push(value.into_owned());
        Ok(())
    };
    db.run(statement(sql, params, Access::Read), &mut on_row).await?;
    Ok(values)
}

/// The number that a query returns.
pub(crate) async fn count(db: &Postgres, sql: &str) -> i64 {
    match read(db, sql, &[], Kind::I64).await.unwrap()[..] {
        [Value::I64(count)] => count,
        ref other => panic!("{other:?} is not a number"),
    }
}

/// Polls once.
pub(crate) async fn is_pending<F: Future>(mut future: Pin<&mut F>) -> bool {
    poll_fn(|context| Poll::Ready(future.as_mut().poll(context).is_pending())).await
}

impl Scratch {
    /// A connection beside the pool that holds a lock of a table: `"tickets" IN SHARE MODE`.
    pub(crate) async fn locked(&self, lock: &str) -> PgConnection {
        let mut connection = self.sqlx().await;
        let lock = format!("BEGIN; LOCK TABLE {lock}");
        sqlx::raw_sql(AssertSqlSafe(lock)).execute(&mut connection).await.unwrap();
        connection
    }

    /// The process that waits for a lock, of a pool whose connections are called as the schema is.
    pub(crate) async fn waiting_for_lock(&self, beside: &mut PgConnection) -> i32 {
        let sql = "SELECT pid FROM pg_stat_activity \
            WHERE application_name = $1 AND wait_event_type = 'Lock'";
        for _ in 0..400 {
            let pid = query_scalar(sql).bind(&self.schema);
            if let Some(pid) = pid.fetch_optional(&mut *beside).await.unwrap() {
                return pid;
            }
            tokio::time::sleep(Duration::from_millis(10)).await;
        }
        panic!("nobody waits for the lock")
    }
}

/// Runs a script in a transaction of its own.
pub(crate) async fn script(db: &Postgres, sql: &str) {
    let mut transaction = db.begin(TransactionOptions::new()).await.unwrap();
    transaction.execute_script(sql).await.unwrap();
    transaction.commit().await.unwrap();
}

pub(crate) fn note(id: i32, body: &str) -> [Value<'_>; 2] {
    [Value::I32(id), Value::Text(body.into())]
}

/// The script of a schema with the table partitioned by a column, without a partition.
pub(crate) fn partitioned(script: &str, table: &str, by: &str) -> String {
    let start = script.find(&format!("CREATE TABLE IF NOT EXISTS {table} (")).unwrap();
    let end = start + script[start..].find(';').unwrap();
    let (before, after) = script.split_at(end);
    format!("{before} PARTITION BY HASH ({by}){after}")
}

/// Rows that a closure makes, by their index.
pub(crate) struct Rows<F>(pub(crate) usize, pub(crate) F);

impl<F> InsertRows for Rows<F>
where
    F: Fn(usize) -> Result<Vec<Value<'static>>> + Sync,
{
    fn len(&self) -> usize {
        self.0
    }

    fn encode<'a>(&'a self, index: usize, values: &mut Vec<Value<'a>>) -> Result<()> {
        values.extend((self.1)(index)?);
        Ok(())
    }
}

pub(crate) fn notes(rows: &dyn InsertRows) -> Insert<'_> {
    Insert { table: &NOTE, columns: &[0, 1], sql: INSERT_NOTE, rows }
}

pub(crate) fn events(rows: &dyn InsertRows) -> Insert<'_> {
    Insert { table: &EVENT, columns: &[1], sql: INSERT_EVENT, rows }
}
