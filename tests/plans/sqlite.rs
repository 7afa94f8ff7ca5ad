//! SQLite: `EXPLAIN QUERY PLAN`, and the counters of a statement, on a connection beside the repository's.
//!
//! Both hold whatever the parameters are: the planner does not look at them (QPSG).

use chrono::SecondsFormat;
use repo_core::{Database, Value};
use repo_sqlite::Synchronous;
use rusqlite::config::DbConfig;
use rusqlite::types::Value as Stored;
use rusqlite::{Connection, StatementStatus};
use tempfile::TempDir;

use crate::explain::{Cost, Explain, Plan};
use crate::noting::Sent;

pub(crate) struct Sqlite {
    db: Database,
    beside: Connection,
    states: Vec<&'static str>,
    _folder: TempDir,
}

const WITH_STATISTICS: &str = "SQLite with statistics";

impl Sqlite {
    pub(crate) async fn new() -> Self {
        let folder = tempfile::tempdir().expect("a folder");
        let path = folder.path().join("parcels.db");
        let options = repo_sqlite::Options::new(&format!("sqlite://{}", path.display()));
        let options = options.expect("a URL of SQLite").synchronous(Synchronous::Normal);
        let db = options.connect().await.expect("a file");
        let beside = Connection::open(&path).expect("the file");
        beside.set_db_config(DbConfig::SQLITE_DBCONFIG_ENABLE_QPSG, true).expect("a switch");
        rusqlite::vtab::array::load_module(&beside).expect("arrays");
        Self { db, beside, states: vec![WITH_STATISTICS, "SQLite"], _folder: folder }
    }
}

impl Explain for Sqlite {
    fn database(&self) -> &Database {
        &self.db
    }

    async fn next_state(&mut self) -> Option<&'static str> {
        let state = self.states.pop()?;
        if state == WITH_STATISTICS {
            self.beside.execute_batch("ANALYZE").expect("statistics");
        }
        Some(state)
    }

    async fn plan(&mut self, _: i64, sent: &Sent) -> Plan {
        let sql = format!("EXPLAIN QUERY PLAN {}", sent.sql);
        let mut statement = self.beside.prepare(&sql).expect(&sql);
        let mut rows = statement.raw_query();
        let (mut plan, mut subqueries) = (Plan::default(), Vec::new());
        while let Some(row) = rows.next().expect("a plan") {
            let (parent, line): (i64, String) =
                (row.get("parent").expect("a number"), row.get("detail").expect("text"));
            plan.text += &format!("{line}\n");
            match line.split_once(' ') {
                // A subquery may have the name of the table; it is read beside the line that names it.
                Some(("CO-ROUTINE" | "MATERIALIZE", name)) => {
                    subqueries.push((parent, format!("SCAN {name}")));
                }
                Some(("SCAN" | "SEARCH", _)) if !subqueries.contains(&(parent, line.clone())) => {
                    add(&mut plan, line, sent.table.name);
                }
                _ => {}
            }
        }
        plan
    }

    async fn cost(&mut self, _: i64, sent: &Sent) -> Cost {
        let mut statement = self.beside.prepare(&sent.sql).expect(&sent.sql);
        for (index, value) in sent.params.iter().enumerate() {
            statement.raw_bind_parameter(index + 1, stored(value)).expect("a parameter");
        }
        let mut rows = statement.raw_query();
        while rows.next().expect("rows").is_some() {}
        drop(rows);
        let counted = |status| u64::try_from(statement.get_status(status)).expect("a counter");
        Cost {
            dropped: counted(StatementStatus::FullscanStep),
            work: counted(StatementStatus::VmStep),
        }
    }
}

/// What reads a subquery or an array reads no table.
fn add(plan: &mut Plan, line: String, table: &str) {
    if !line.split(' ').any(|word| word == table) {
        return;
    }
    if !(line.starts_with("SEARCH") && line.contains("(tenant_id=?")) {
        plan.problems.push(line.clone());
    }
    plan.scans.push(line);
}

/// A parameter as `repo-sqlite` stores it.
fn stored(value: &Value<'_>) -> Stored {
    match value {
        Value::I16(number) => Stored::Integer((*number).into()),
        Value::I64(number) => Stored::Integer(*number),
        Value::Text(text) => Stored::Text(text.to_string()),
        Value::Uuid(id) => Stored::Blob(id.as_bytes().to_vec()),
        Value::Timestamp(at) => Stored::Text(at.to_rfc3339_opts(SecondsFormat::Micros, false)),
        other => panic!("a parameter of windows: {other:?}"),
    }
}
