//! The quickstart does what it says on both databases.

use std::process::Command;

use repo_core::TransactionOptions;
use repo_core::backend::Backend as _;

fn lines(url: Option<&str>) -> Vec<String> {
    let mut command = Command::new(env!("CARGO_BIN_EXE_quickstart"));
    match url {
        Some(url) => command.env("DATABASE_URL", url),
        None => command.env_remove("DATABASE_URL"),
    };
    let output = command.output().expect("the program runs");
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    let text = String::from_utf8(output.stdout).expect("text");
    text.lines().map(str::to_owned).collect()
}

/// What a run prints, whatever the database and the ids.
fn expect(lines: &[String], system: &str) {
    let first = format!("on {system}: \"Write the report\" is created, version 1");
    assert_eq!(lines[0], first);
    let found = "changed meanwhile: expected version 1, found 2";
    assert!(lines[3].ends_with(found), "{}", lines[3]);
    let expected = [
        "open, page 1 of 2: [\"Answer the mail\", \"Call the bank\"] of 3",
        "\"Write the report\" is done, version 2",
        "deleted: it is found None",
        "restored: version 4",
        "rolled back: another `Task` has the same title; still 4 tasks",
        "another tenant sees 0 tasks",
    ];
    assert_eq!([&lines[1..3], &lines[4..]].concat(), expected);
}

#[test]
fn it_runs_on_sqlite_in_memory() {
    expect(&lines(None), "sqlite");
}

#[test]
fn it_runs_on_a_sqlite_file_twice() {
    let folder = tempfile::tempdir().expect("a folder");
    let url = format!("sqlite://{}", folder.path().join("quickstart.db").display());
    for _ in 0..2 {
        expect(&lines(Some(&url)), "sqlite");
    }
}

#[test]
fn it_runs_on_postgres() {
    let Ok(url) = std::env::var("REPO_TEST_POSTGRES_URL") else {
        let required = std::env::var("REPO_TEST_REQUIRE_POSTGRES").is_ok_and(|it| it == "1");
        assert!(!required, "REPO_TEST_POSTGRES_URL is not set, and REPO_TEST_REQUIRE_POSTGRES is");
        eprintln!("skipped: REPO_TEST_POSTGRES_URL is not set");
        return;
    };
    let schema = format!("quickstart_{}", std::process::id());
    script(&url, &format!("CREATE SCHEMA {schema}"));
    let separator = if url.contains('?') { '&' } else { '?' };
    let lines = lines(Some(&format!("{url}{separator}options=-c%20search_path%3D{schema}")));
    script(&url, &format!("DROP SCHEMA {schema} CASCADE"));
    expect(&lines, "postgres");
}

fn script(url: &str, sql: &str) {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build();
    runtime.expect("a runtime").block_on(async {
        let options = repo_postgres::Options::new(url).expect("a URL of Postgres");
        let server = options.connect_backend().await.expect("the server of the tests");
        let begun = server.begin(TransactionOptions::default()).await;
        let mut connection = begun.expect("a connection");
        connection.execute_script(sql).await.expect(sql);
        connection.commit().await.expect(sql);
    });
}
