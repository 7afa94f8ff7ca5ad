//! What the databases' own programs save and restore: the same rows, the same guards, the same trail.

use std::path::Path;
use std::process::{Command, Stdio};

use repo_core::Database;
use sqlx::{AssertSqlSafe, Connection as _, PgConnection};

use crate::office::{self, assert_is_a_whole_copy};
use crate::programs::installed;
use crate::server::Server;
use crate::site::File;

/// Runs a program of Postgres to its end, and returns what it said if it failed.
fn run(server: &Server, program: &str, arguments: &[&str]) -> Result<(), String> {
    let output = Command::new(server.program(program))
        .args(arguments)
        .stdin(Stdio::null())
        .stdout(Stdio::null())
        .output()
        .expect(program);
    let said = String::from_utf8_lossy(&output.stderr).into_owned();
    if output.status.success() { Ok(()) } else { Err(said) }
}

fn done(server: &Server, program: &str, arguments: &[&str]) {
    run(server, program, arguments).unwrap_or_else(|said| panic!("{program}: {said}"));
}

/// Runs SQL as the superuser of a server, in one of its databases.
async fn execute(url: &str, sql: &str) {
    let mut connection = PgConnection::connect(url).await.expect("the server");
    sqlx::raw_sql(AssertSqlSafe(sql)).execute(&mut connection).await.expect(sql);
}

/// The same server's URL, for another of its databases.
fn database(url: &str, name: &str) -> String {
    let (server, _) = url.rsplit_once('/').expect("a database");
    format!("{server}/{name}")
}

async fn connect(url: &str) -> Database {
    repo_postgres::connect(url).await.expect("the server")
}

fn text(path: &Path) -> &str {
    path.to_str().expect("a path in UTF-8")
}

#[tokio::test]
async fn a_database_of_postgres_that_pg_dump_saved_is_restored_whole() {
    let server = Server::start();
    execute(&server.url, "CREATE DATABASE office").await;
    let url = database(&server.url, "office");
    let db = connect(&url).await;
    office::fill(&db, office::LONG).await;
    let (before, then) = (office::held(&db).await, office::checkpoint(&db).await);
    let folder = tempfile::tempdir().expect("a folder");
    let [plain, archive, rows] = ["plain.sql", "archive", "rows"].map(|it| folder.path().join(it));
    done(&server, "pg_dump", &["-d", &url, "-f", text(&plain)]);
    done(&server, "pg_dump", &["-d", &url, "-Fc", "-f", text(&archive)]);
    done(&server, "pg_dump", &["-d", &url, "-Fc", "--data-only", "-f", text(&rows)]);
    office::go_on(&db).await;
    let later = office::checkpoint(&db).await;
    db.close().await;

    for case in ["plain", "archive", "two jobs", "rows"] {
        let name = case.replace(' ', "_");
        execute(&server.url, &format!("CREATE DATABASE {name}")).await;
        let copy = database(&server.url, &name);
        match case {
            "plain" => {
                let options = ["-X", "-q", "-v", "ON_ERROR_STOP=1", "-d", &copy, "-f"];
                done(&server, "psql", &[&options[..], &[text(&plain)]].concat());
            }
            "archive" => {
                done(&server, "pg_restore", &["--exit-on-error", "-d", &copy, text(&archive)]);
            }
            "two jobs" => done(&server, "pg_restore", &["-j", "2", "-d", &copy, text(&archive)]),
            // Into the tables of a new version of the application.
            _ => {
                let new = connect(&copy).await;
                new.create_tables(&office::all()).await.expect("tables");
                new.close().await;
                done(&server, "pg_restore", &["--exit-on-error", "-d", &copy, text(&rows)]);
            }
        }
        let copy = connect(&copy).await;
        assert_is_a_whole_copy(&copy, (&before, &then, &later), case).await;
        copy.close().await;
    }
}

#[tokio::test]
async fn a_database_with_row_level_security_is_saved_by_a_role_that_sees_all_and_restored_whole() {
    let server = Server::start();
    let role = "CREATE ROLE clerk LOGIN PASSWORD 'clerk'";
    execute(&server.url, role).await;
    for name in ["office", "copy"] {
        execute(&server.url, &format!("CREATE DATABASE {name}")).await;
        let grant = "GRANT CREATE ON SCHEMA public TO clerk";
        execute(&database(&server.url, name), grant).await;
    }
    let (_, host) = server.url.rsplit_once('@').expect("a password");
    let of_clerk = |name| database(&format!("postgres://clerk:clerk@{host}"), name);
    let open = async |name| {
        let options = repo_postgres::Options::new(&of_clerk(name)).expect("a URL");
        options.row_level_security(true).connect().await.expect("the server")
    };
    let db = open("office").await;
    office::fill(&db, office::LONG).await;
    let (before, then) = (office::held(&db).await, office::checkpoint(&db).await);
    let folder = tempfile::tempdir().expect("a folder");
    let archive = folder.path().join("archive");
    // The application's own role does not see the rows, and is told so: it saves nothing that looks whole.
    let options = ["-Fc", "-f", text(&archive), "-d"];
    let refused = run(&server, "pg_dump", &[&options[..], &[&of_clerk("office")]].concat());
    let said = refused.expect_err("policies bind the role");
    assert!(said.contains("would be affected by row-level security"), "{said}");
    let url = database(&server.url, "office");
    done(&server, "pg_dump", &[&options[..], &[&url]].concat());
    office::go_on(&db).await;
    let later = office::checkpoint(&db).await;
    db.close().await;

    let url = database(&server.url, "copy");
    done(&server, "pg_restore", &["--exit-on-error", "-d", &url, text(&archive)]);
    let copy = open("copy").await;
    assert_is_a_whole_copy(&copy, (&before, &then, &later), "a copy").await;
    copy.close().await;
}

/// Runs a command of `sqlite3`, if that is on the machine, and returns what it answers.
fn ask(file: &Path, command: &str) -> Option<Vec<u8>> {
    let mut sqlite3 = Command::new(installed("sqlite3", None)?);
    sqlite3.args(["-batch", "-bail", "-init", "/dev/null"]).arg(file).arg(command);
    let output = sqlite3.stdin(Stdio::null()).output().expect("sqlite3");
    let said = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success() && said.is_empty(), "{command}: {said}");
    Some(output.stdout)
}

/// Copies a file that is in use, and checks the copy when the original has changed.
async fn copies_are_whole(weights: [f64; 6], copy: impl Fn(&Path, &Path) -> bool) {
    let (file, target) = (File::new(), File::new());
    let db = file.options().connect().await.expect("a file");
    office::fill(&db, weights).await;
    let (before, then) = (office::held(&db).await, office::checkpoint(&db).await);
    if !copy(&file.path(), &target.path()) {
        return;
    }
    office::go_on(&db).await;
    let later = office::checkpoint(&db).await;
    let copy = target.options().connect().await.expect("the copy");
    assert_is_a_whole_copy(&copy, (&before, &then, &later), "a copy").await;
}

#[tokio::test]
async fn a_file_of_sqlite_that_vacuum_into_copied_is_whole() {
    let copy = |from: &Path, to: &Path| {
        let reader = rusqlite::Connection::open(from).expect("the file");
        reader.execute("VACUUM INTO ?1", [text(to)]).expect("a copy");
        true
    };
    copies_are_whole(office::LONG, copy).await;
}

#[tokio::test]
async fn a_file_that_sqlite3_copied_is_whole() {
    let copy = |from: &Path, to: &Path| ask(from, &format!(".backup '{}'", text(to))).is_some();
    copies_are_whole(office::LONG, copy).await;
}

/// Floats are written in decimal digits there, of which not every one is read back as it was.
#[tokio::test]
async fn what_sqlite3_dumped_as_sql_is_restored_whole_where_floats_are_short() {
    let copy = |from: &Path, to: &Path| {
        let Some(sql) = ask(from, ".dump") else { return false };
        let script = to.with_extension("sql");
        std::fs::write(&script, sql).expect("a file");
        ask(to, &format!(".read '{}'", text(&script))).is_some()
    };
    copies_are_whole(office::SHORT, copy).await;
}
