//! A server that stops, starts, dies, and does not let everyone in.

use std::time::{Duration, Instant};

use repo_core::backend::{Access, Backend};
use repo_core::{Error, Kind, TransactionOptions, Value};
use repo_postgres::{Options, Postgres};

use crate::scratch::{
    CREATE_NOTES, INSERT_NOTE, count, no_rows, note, read, script, statement, write,
};
use crate::server::Server;

const PID: &str = "SELECT pg_backend_pid()::int8";

async fn connect(server: &Server, connections: usize) -> Postgres {
    let options = Options::new(&server.url).unwrap().pool_size(connections);
    let db = options.connect_backend().await.unwrap();
    let mut held = Vec::new();
    for _ in 0..connections {
        held.push(db.begin(TransactionOptions::new()).await.unwrap());
    }
    for transaction in held {
        transaction.rollback().await.unwrap();
    }
    db
}

#[tokio::test]
async fn a_restart_between_statements_costs_one_error_at_most() {
    let Some(server) = Server::start() else { return };
    let db = connect(&server, 4).await;
    script(&db, CREATE_NOTES).await;
    let rounds = [(false, false), (false, true), (true, false), (true, true)];
    for (round, (crashes, first_writes)) in rounds.into_iter().enumerate() {
        if crashes {
            server.crash()
        } else {
            server.stop()
        }
        server.start_again();
        let mut errors = Vec::new();
        for number in 0..8 {
            let result = if (number % 2 == 0) == first_writes {
                let id = i32::try_from(round * 8 + number).unwrap();
                write(&db, INSERT_NOTE, &note(id, "a note")).await.map(drop)
            } else {
                read(&db, PID, &[], Kind::I64).await.map(drop)
            };
            errors.extend(result.err());
        }
        assert!(errors.len() <= 1, "crashes: {crashes}, {errors:?}");
        for error in errors {
            // A server that says nothing before it goes leaves it open whether it got the write.
            let is_silent = crashes && first_writes;
            let is_expected = match error {
                Error::Connection { .. } => true,
                Error::CommitUnknown { .. } => is_silent,
                _ => false,
            };
            assert!(is_expected, "crashes: {crashes}, {error:?}");
        }
    }
}

#[tokio::test]
async fn a_server_that_is_down_is_a_connection_error_until_it_is_back() {
    let Some(server) = Server::start() else { return };
    let db = connect(&server, 2).await;
    server.stop();
    let started = Instant::now();
    for _ in 0..5 {
        let error = read(&db, PID, &[], Kind::I64).await.unwrap_err();
        assert!(matches!(error, Error::Connection { .. }), "{error:?}");
        let error = db.begin(TransactionOptions::new()).await.unwrap_err();
        assert!(matches!(error, Error::Connection { .. }), "{error:?}");
    }
    assert!(started.elapsed() < Duration::from_secs(5));
    server.start_again();
    count(&db, PID).await;
}

#[tokio::test]
async fn a_server_that_dies_leaves_a_write_unknown_and_a_read_repeatable() {
    let Some(server) = Server::start() else { return };
    let db = connect(&server, 1).await;
    script(&db, CREATE_NOTES).await;

    let slow = "INSERT INTO notes SELECT 1, pg_sleep(20)::text || 'a note'";
    let error = killed_during(&server, &db, slow, Access::Write).await;
    assert!(matches!(error, Error::CommitUnknown { .. }), "{error:?}");
    let error = killed_during(&server, &db, "SELECT pg_sleep(20)", Access::Read).await;
    assert!(matches!(error, Error::Connection { .. }), "{error:?}");
    assert_eq!(recovered(&db, "SELECT count(*) FROM notes").await, 0);
}

/// The number that a query returns once the server has recovered: it may still let in whom it then drops.
async fn recovered(db: &Postgres, sql: &str) -> i64 {
    for _ in 0..200 {
        if let Ok([Value::I64(number)]) = read(db, sql, &[], Kind::I64).await.as_deref() {
            return *number;
        }
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
    panic!("the server did not recover")
}

async fn killed_during(server: &Server, db: &Postgres, sql: &str, access: Access) -> Error {
    let pid = recovered(db, PID).await;
    let kill = async {
        tokio::time::sleep(Duration::from_millis(200)).await;
        server.kill(pid);
    };
    let mut on_row = no_rows;
    let run = db.run(statement(sql, &[], access), &mut on_row);
    let (result, ()) = tokio::join!(run, kill);
    result.unwrap_err()
}

#[tokio::test]
async fn who_is_not_let_in_gets_one_line_without_the_password() {
    let Some(server) = Server::start() else { return };
    let (port, password) = (server.port(), server.password());
    let url = |user: &str, password: &str, port: u16, database: &str| {
        format!("postgres://{user}:{password}@127.0.0.1:{port}/{database}")
    };
    let wrong = [
        (url("repo", "wr0ng", port, "postgres"), "password authentication failed"),
        (url("nobody", "wr0ng", port, "postgres"), "password authentication failed"),
        (url("repo", password, port, "missing"), "database \"missing\" does not exist"),
        (url("repo", "wr0ng", 1, "postgres"), "onnection refused"),
        ("postgres://repo:wr0ng@host.invalid/x".to_owned(), "failed to lookup address"),
        (format!("{}?sslmode=require", server.url), "server does not support TLS"),
    ];
    for (url, reason) in wrong {
        let error = repo_postgres::connect(&url).await.unwrap_err();
        assert!(matches!(error, Error::Connection { .. }), "{url}: {error:?}");
        let text = error.to_string();
        assert!(text.contains(reason), "{text}");
        for text in [text, format!("{error:?}")] {
            assert!(!text.contains("wr0ng") && !text.contains(password), "{text}");
        }
    }
}
