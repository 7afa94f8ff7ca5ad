//! The program and the repository's own verification say the same of the same trail.

use std::process::Command;
use std::sync::Arc;

use repo_core::audit::{Chain, Checkpoint};
use repo_core::backend::Backend;
use repo_core::{Database, Repository, TransactionOptions, schema};
use uuid::Uuid;

const TENANT: Uuid = Uuid::from_u128(0xacae);
const OTHER: Uuid = Uuid::from_u128(0xb017);

#[derive(Debug, Clone, Repository)]
#[repository(table = "papers", tenant, audited)]
struct Paper {
    id: Uuid,
    tenant_id: Uuid,
    title: Option<String>,
}

/// What the program prints, and whether it says that all is right.
fn verify(url: &str, kept: Option<&Checkpoint>) -> (String, bool) {
    let mut command = Command::new(env!("CARGO_BIN_EXE_audit-verifier"));
    command.arg(url);
    let file = tempfile::NamedTempFile::new().expect("a file");
    if let Some(kept) = kept {
        std::fs::write(file.path(), format!("{kept}\n")).expect("the file is written");
        command.arg(file.path());
    }
    let output = command.output().expect("the program runs");
    let text = String::from_utf8([output.stdout, output.stderr].concat()).expect("text");
    (text.trim_end().to_owned(), output.status.success())
}

/// Writes a trail of seven entries of a tenant.
async fn write(db: &Database) -> Checkpoint {
    db.create_tables(&schema![Paper]).await.expect("tables");
    let papers = db.tenant(TENANT).actor("alice").because("a naïve \"test\" 🦀").repo::<Paper>();
    let id = papers.create(NewPaper { title: None }).await.expect("a paper").id;
    for number in 2..=7 {
        let patch = PaperPatch::new().title(Some(format!("{number} \\ \u{1} 🦀")));
        papers.patch(id, patch).await.expect("a change");
    }
    chain(db).checkpoint().await.expect("a checkpoint")
}

fn chain(db: &Database) -> repo_core::audit::AuditChain {
    db.audit_chain(Chain::tenant(&TENANT).expect("a tenant"))
}

/// Runs SQL on copies of the tables, which have no guards.
async fn tamper(backend: &dyn Backend, sql: &str) {
    let copy = |table| {
        format!(
            "CREATE TABLE copied AS SELECT * FROM {table}; DROP TABLE {table}; \
             ALTER TABLE copied RENAME TO {table};"
        )
    };
    let script = format!("{} {} {sql}", copy("repo_audit"), copy("repo_audit_heads"));
    run(backend, &script).await;
}

/// Each tampering is made on top of those before it: they come from the end to the start.
async fn agree(db: &Database, backend: &dyn Backend, url: &str) {
    let kept = write(db).await;
    let right = format!("{TENANT}: 7 entries are right; tail:");
    assert_eq!(verify(url, None), (format!("{right} unproven"), true));
    let proven = format!("{right} proven by checkpoint seq 7");
    assert_eq!(verify(url, Some(&kept)), (proven, true));
    let head = "UPDATE repo_audit_heads SET hash = prev_hash";
    for (sql, verdict) in [
        (head, "entry 7: head"),
        ("DELETE FROM repo_audit WHERE seq > 6", "entry 7: truncated"),
        ("UPDATE repo_audit SET seq = 11 - seq WHERE seq IN (5, 6)", "entry 5: content"),
        ("INSERT INTO repo_audit SELECT * FROM repo_audit WHERE seq = 4", "entry 4: duplicate"),
        ("DELETE FROM repo_audit WHERE seq = 4", "entry 4: gap"),
        ("UPDATE repo_audit SET actor = 'user:mallory' WHERE seq = 3", "entry 3: content"),
        ("DELETE FROM repo_audit WHERE seq = 1", "entry 1: gap"),
    ] {
        tamper(backend, sql).await;
        let (printed, is_right) = verify(url, Some(&kept));
        assert!(printed.ends_with(verdict) && !is_right, "{sql}: {printed}");
        let own = chain(db).verify().against(kept.clone()).await.expect("a verification");
        let own = own.first_bad.expect("an entry that is wrong").to_string();
        assert!(own.starts_with(verdict), "{sql}: {own}");
    }
    tamper(backend, "DELETE FROM repo_audit; DELETE FROM repo_audit_heads").await;
    assert_eq!(verify(url, None), (String::new(), true));
    let gone = format!("{TENANT}: 0 entries are right; entry 1: truncated");
    assert_eq!(verify(url, Some(&kept)), (gone, false));
}

/// Whatever a table holds where its guards are gone, each chain has a verdict, and the others theirs.
async fn each_chain_is_told(db: &Database, backend: &dyn Backend, url: &str) {
    write(db).await;
    let other = db.tenant(OTHER).actor("bob").repo::<Paper>();
    other.create_many([1, 2].map(|_| NewPaper { title: None })).await.expect("two papers");
    tamper(backend, "CREATE TABLE kept AS SELECT * FROM repo_audit").await;
    tamper(backend, "CREATE TABLE kept_heads AS SELECT * FROM repo_audit_heads").await;
    let put_back = "DROP TABLE repo_audit; CREATE TABLE repo_audit AS SELECT * FROM kept; \
        DROP TABLE repo_audit_heads; CREATE TABLE repo_audit_heads AS SELECT * FROM kept_heads;";
    let right = "2 entries are right; tail: unproven";
    let mut cases = vec![
        ("UPDATE repo_audit_heads SET prev_hash = NULL WHERE OURS", "entry 7: head", right),
        ("UPDATE repo_audit_heads SET seq = NULL WHERE OURS", "entry 7: head", right),
        (
            "INSERT INTO repo_audit_heads SELECT * FROM repo_audit_heads WHERE OURS",
            "entry 7: head",
            right,
        ),
        (
            "UPDATE repo_audit SET seq = 4611686018427387904 WHERE seq = 4 AND OURS",
            "entry 4: gap",
            right,
        ),
        (
            "INSERT INTO repo_audit SELECT tenant, 9223372036854775807, entity, entity_id, action, actor, \
             correlation_id, reason, at, before, after, hash, hash FROM repo_audit WHERE seq = 7 AND OURS",
            "entry 8: gap",
            right,
        ),
        ("UPDATE repo_audit SET actor = NULL WHERE seq = 3 AND OURS", "entry 3: content", right),
        ("UPDATE repo_audit SET tenant = NULL WHERE seq = 7 AND OURS", "entry 7: truncated", right),
    ];
    cases.extend(match db.system() {
        "sqlite" => SQLITE.map(|(sql, verdict)| (sql, verdict, right)).to_vec(),
        _ => POSTGRES.to_vec(),
    });
    for (sql, verdict, of_other) in cases {
        let sql = sql.replace("OURS", &format!("tenant = '{TENANT}'"));
        run(backend, &format!("{put_back} {sql}")).await;
        let (printed, is_right) = verify(url, None);
        let has = |tenant: Uuid, verdict: &str| {
            let (start, mut lines) = (tenant.to_string(), printed.lines());
            lines.any(|line| line.starts_with(&start) && line.ends_with(verdict))
        };
        assert!(has(TENANT, verdict) && has(OTHER, of_other) && !is_right, "{sql}: {printed}");
        let of_nobody = "a tenant that is no text: 0 entries are right; entry 0: content";
        assert_eq!(printed.contains(of_nobody), sql.contains("SET tenant"), "{printed}");
        // The repository itself reads an integer of any size.
        let own = chain(db).verify().await;
        let is_read = sql.ends_with("TYPE integer");
        assert_eq!(own.is_ok_and(|own| own.is_intact()), is_read, "{sql}");
    }
}

/// What SQLite stores in a table that is not `STRICT`.
const SQLITE: [(&str, &str); 6] = [
    ("UPDATE repo_audit SET after = x'ff' WHERE seq = 5 AND OURS", "entry 5: content"),
    (
        "UPDATE repo_audit SET after = CAST(x'ff' AS TEXT) WHERE seq = 5 AND OURS",
        "entry 5: content",
    ),
    ("UPDATE repo_audit SET hash = 'none' WHERE seq = 5 AND OURS", "entry 5: content"),
    ("UPDATE repo_audit SET seq = 'none' WHERE seq = 7 AND OURS", "entry 7: content"),
    ("UPDATE repo_audit_heads SET hash = 'none' WHERE OURS", "entry 7: head"),
    (
        "UPDATE repo_audit SET tenant = CAST(x'ff' AS TEXT) WHERE seq = 7 AND OURS",
        "entry 7: truncated",
    ),
];

/// What Postgres stores in columns of other types, which is so of every chain.
const POSTGRES: [(&str, &str, &str); 5] = [
    ("ALTER TABLE repo_audit ALTER at TYPE timestamp", "entry 1: content", "entry 1: content"),
    ("ALTER TABLE repo_audit ALTER at TYPE text", "entry 1: content", "entry 1: content"),
    (
        "ALTER TABLE repo_audit ALTER hash TYPE text USING encode(hash, 'hex')",
        "entry 1: content",
        "entry 1: content",
    ),
    (
        "ALTER TABLE repo_audit ALTER after TYPE bytea USING convert_to(after, 'UTF8')",
        "entry 1: content",
        "entry 1: content",
    ),
    ("ALTER TABLE repo_audit_heads ALTER seq TYPE integer", "entry 7: head", "entry 2: head"),
];

#[tokio::test]
async fn on_a_file_of_sqlite() {
    on_sqlite(agree).await;
}

#[tokio::test]
async fn on_postgres() {
    on_a_schema("agrees", agree).await;
}

#[tokio::test]
async fn what_sqlite_stores_keeps_no_chain_from_its_verdict() {
    on_sqlite(each_chain_is_told).await;
}

#[tokio::test]
async fn what_postgres_stores_keeps_no_chain_from_its_verdict() {
    on_a_schema("each", each_chain_is_told).await;
}

async fn on_sqlite(case: impl AsyncFnOnce(&Database, &dyn Backend, &str)) {
    let folder = tempfile::tempdir().expect("a folder");
    let url = format!("sqlite://{}", folder.path().join("app.db").display());
    let options = repo_sqlite::Options::new(&url).expect("a URL of SQLite");
    let backend = Arc::new(options.connect_backend().await.expect("a database"));
    let db = Database::new(Arc::clone(&backend) as _);
    case(&db, &*backend, &url).await;
    db.close().await;
}

async fn on_a_schema(name: &str, case: impl AsyncFnOnce(&Database, &dyn Backend, &str)) {
    let Ok(server) = std::env::var("REPO_TEST_POSTGRES_URL") else {
        assert!(std::env::var_os("REPO_TEST_REQUIRE_POSTGRES").is_none(), "there is no Postgres");
        return;
    };
    let schema = format!("audit_verifier_{name}_{}", std::process::id());
    let admin = postgres(&server).await;
    run(&admin, &format!("CREATE SCHEMA {schema}")).await;
    let separator = if server.contains('?') { '&' } else { '?' };
    let url = format!("{server}{separator}options=-c%20search_path%3D{schema}");
    let backend = Arc::new(postgres(&url).await);
    let db = Database::new(Arc::clone(&backend) as _);
    case(&db, &*backend, &url).await;
    db.close().await;
    run(&admin, &format!("DROP SCHEMA {schema} CASCADE")).await;
}

async fn postgres(url: &str) -> repo_postgres::Postgres {
    let options = repo_postgres::Options::new(url).expect("a URL of Postgres");
    options.connect_backend().await.expect("the server of the tests")
}

async fn run(backend: &dyn Backend, script: &str) {
    let mut connection = backend.begin(TransactionOptions::new()).await.expect("a connection");
    connection.execute_script(script).await.expect("it is possible");
    connection.commit().await.expect("it is committed");
}
