//! Postgres: `EXPLAIN`, on a connection beside the repository's, with plans made for the parameters, with the
//! plan that a prepared statement has for all of them, and for a role that row-level security binds.

use chrono::SecondsFormat;
use repo_core::{Database, Kind, Value, schema};
use serde_json::Value as Json;
use sqlx::{AssertSqlSafe, Connection as _, PgConnection, Row as _};

use crate::explain::{Cost, Explain, Plan};
use crate::noting::Sent;
use crate::parcel::Parcel;

pub(crate) struct Postgres {
    db: Database,
    beside: PgConnection,
    states: Vec<&'static str>,
    server: String,
    url: String,
    schema: String,
}

const FOR_ALL: &str = "Postgres, one plan for all parameters";
const WITH_POLICIES: &str = "Postgres with row-level security";

impl Postgres {
    pub(crate) async fn new() -> Self {
        let server = std::env::var("REPO_TEST_POSTGRES_URL").expect(
            "REPO_TEST_POSTGRES_URL names a Postgres server: run this test with `scripts/test -p plans`",
        );
        let schema = format!("plans_{}", std::process::id());
        execute(&mut connect(&server).await, &format!("CREATE SCHEMA {schema}")).await;
        let separator = if server.contains('?') { '&' } else { '?' };
        let settings = format!("-c%20search_path%3D{schema}%20-c%20synchronous_commit%3Doff");
        let url = format!("{server}{separator}options={settings}");
        let db = repo_postgres::connect(&url).await.expect("the server takes connections");
        let beside = connect(&url).await;
        Self { db, beside, states: vec![WITH_POLICIES, FOR_ALL, "Postgres"], server, url, schema }
    }

    /// Has the table guarded, and goes on as a role of the name of the schema, which owns it then.
    async fn become_bound(&mut self) {
        let name = &self.schema;
        let sql = format!(
            "CREATE ROLE {name} LOGIN PASSWORD '{name}'; ALTER SCHEMA {name} OWNER TO {name}; \
             ALTER TABLE parcels OWNER TO {name}"
        );
        execute(&mut self.beside, &sql).await;
        let (scheme, rest) = self.url.split_once("://").expect("a URL");
        let host = rest.rsplit_once('@').map_or(rest, |(_, host)| host);
        let options = repo_postgres::Options::new(&format!("{scheme}://{name}:{name}@{host}"));
        let options = options.expect("a URL of Postgres").row_level_security(true);
        let db = options.connect().await.expect("the server takes connections");
        db.create_tables(&schema![Parcel]).await.expect("policies");
        db.close().await;
        execute(&mut self.beside, &format!("SET ROLE {name}")).await;
    }

    /// What `EXPLAIN` with these options says.
    async fn explain(&mut self, options: &str, tenant: i64, sent: &Sent) -> Json {
        let setting = format!("SELECT set_config('repo.tenant', '{tenant}', false)");
        execute(&mut self.beside, &setting).await;
        let types: Vec<_> = sent.params.iter().map(sql_type).collect();
        let prepare = format!("PREPARE asked ({}) AS {}", types.join(", "), sent.sql);
        execute(&mut self.beside, &prepare).await;
        let values: Vec<_> = sent.params.iter().map(literal).collect();
        let sql = format!("EXPLAIN ({options}, FORMAT JSON) EXECUTE asked ({})", values.join(", "));
        let row = sqlx::raw_sql(AssertSqlSafe(sql)).fetch_one(&mut self.beside).await;
        let text: String = row.expect("a plan").try_get_unchecked(0).expect("text");
        execute(&mut self.beside, "DEALLOCATE asked").await;
        let mut explained: Json = serde_json::from_str(&text).expect("JSON");
        explained[0]["Plan"].take()
    }
}

impl Explain for Postgres {
    fn database(&self) -> &Database {
        &self.db
    }

    async fn next_state(&mut self) -> Option<&'static str> {
        let state = self.states.pop()?;
        let mode = if state == FOR_ALL { "force_generic_plan" } else { "force_custom_plan" };
        execute(&mut self.beside, &format!("SET plan_cache_mode = {mode}")).await;
        execute(&mut self.beside, "VACUUM ANALYZE parcels").await;
        if state == WITH_POLICIES {
            self.become_bound().await;
        }
        Some(state)
    }

    async fn plan(&mut self, tenant: i64, sent: &Sent) -> Plan {
        let top = self.explain("COSTS off", tenant, sent).await;
        let mut plan = Plan { text: format!("{top:#}"), ..Plan::default() };
        for node in nodes(&top) {
            let (kind, condition) = (text(node, "Node Type"), text(node, "Index Cond"));
            let scan = format!("{kind} {} {condition}", text(node, "Index Name"));
            if kind.contains("Index") {
                if !condition.contains("tenant_id = ") {
                    plan.problems.push(scan.clone());
                }
                plan.scans.push(scan);
            } else if text(node, "Relation Name") == sent.table.name && kind != "Bitmap Heap Scan" {
                plan.problems.push(scan);
            }
        }
        plan
    }

    async fn cost(&mut self, tenant: i64, sent: &Sent) -> Cost {
        let top = self.explain("ANALYZE, BUFFERS, TIMING off", tenant, sent).await;
        let number = |node: &Json, name| node[name].as_u64().unwrap_or(0);
        let dropped = nodes(&top).into_iter().map(|node| number(node, "Rows Removed by Filter"));
        let pages = number(&top, "Shared Hit Blocks") + number(&top, "Shared Read Blocks");
        Cost { dropped: dropped.sum(), work: pages }
    }
}

/// Also after a panic: so not in the runtime of the test, which may be gone.
impl Drop for Postgres {
    fn drop(&mut self) {
        let (server, name) = (self.server.clone(), self.schema.clone());
        let remove = move || {
            let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build();
            runtime.expect("a runtime").block_on(async {
                let sql = format!("DROP SCHEMA {name} CASCADE; DROP ROLE IF EXISTS {name}");
                execute(&mut connect(&server).await, &sql).await;
            });
        };
        let _ = std::thread::spawn(remove).join();
    }
}

async fn connect(url: &str) -> PgConnection {
    PgConnection::connect(url).await.expect("the server takes connections")
}

async fn execute(connection: &mut PgConnection, sql: &str) {
    sqlx::raw_sql(AssertSqlSafe(sql)).execute(connection).await.expect(sql);
}

/// A node of a plan and all below it.
fn nodes(node: &Json) -> Vec<&Json> {
    let below = node["Plans"].as_array().into_iter().flatten();
    std::iter::once(node).chain(below.flat_map(nodes)).collect()
}

fn text<'n>(node: &'n Json, name: &str) -> &'n str {
    node[name].as_str().unwrap_or_default()
}

fn sql_type(value: &Value<'_>) -> String {
    let name = match value {
        Value::I16(_) => "smallint",
        Value::I64(_) => "bigint",
        Value::Text(_) => "text",
        Value::Uuid(_) | Value::List(Kind::Uuid, _) => "uuid",
        Value::Timestamp(_) => "timestamptz",
        other => panic!("a parameter of the reads: {other:?}"),
    };
    let array = if matches!(value, Value::List(..)) { "[]" } else { "" };
    format!("{name}{array}")
}

fn literal(value: &Value<'_>) -> String {
    match value {
        Value::I16(number) => number.to_string(),
        Value::I64(number) => number.to_string(),
        Value::Text(text) => format!("'{text}'"),
        Value::Uuid(id) => format!("'{id}'"),
        Value::Timestamp(at) => format!("'{}'", at.to_rfc3339_opts(SecondsFormat::Micros, false)),
        Value::List(_, values) => {
            let values: Vec<_> = values.iter().map(literal).collect();
            format!("ARRAY[{}]::uuid[]", values.join(", "))
        }
        other => panic!("a parameter of the reads: {other:?}"),
    }
}
