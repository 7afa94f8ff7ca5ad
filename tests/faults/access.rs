//! Databases that are not there, or do not let the user in: one line that says so, and no password.

use std::net::TcpListener;
use std::time::{Duration, Instant};

use repo_core::{Database, Error, Result};

use crate::server::Server;
use crate::site::File;

/// As an application that knows both.
async fn connect(url: &str) -> Result<Database> {
    repo_core::connect(url, &[&repo_sqlite::Driver, &repo_postgres::Driver]).await
}

fn check_text(error: &Error, words: &str, url: &str) {
    let text = error.to_string();
    assert!(text.contains(words) && !text.contains('\n'), "{url}: {text}");
    for text in [text, format!("{error:?}")] {
        assert!(!text.contains("hunter2"), "{url}: {text}");
    }
}

#[tokio::test]
async fn a_server_that_refuses_is_a_connection_error() {
    let server = Server::start();
    let password = server.url.split([':', '@']).nth(2).expect("a password").to_owned();
    let refused = |from: &str, to: &str| server.url.replacen(from, to, 1);
    let missing =
        server.url.strip_suffix("/postgres").expect("the database").to_owned() + "/missing";
    let nobody = TcpListener::bind("127.0.0.1:0").expect("a port").local_addr().expect("bound");
    for (url, words) in [
        (refused(&password, "hunter2"), "password authentication failed"),
        (
            refused("postgres://repo:", "postgres://nobody:hunter2"),
            "password authentication failed",
        ),
        (missing, "database \"missing\" does not exist"),
        (format!("postgres://repo:hunter2@{nobody}/postgres"), "onnection refused"),
        // The words are those of the system.
        ("postgres://repo:hunter2@host.invalid/postgres".to_owned(), ""),
    ] {
        let error = connect(&url).await.expect_err(&url);
        assert!(matches!(error, Error::Connection { .. }), "{url}: {error:?}");
        check_text(&error, words, &url);
    }
}

#[tokio::test]
async fn a_server_that_does_not_answer_is_given_up_in_time() {
    let silent = TcpListener::bind("127.0.0.1:0").expect("a port");
    let url = format!("postgres://repo:hunter2@{}/x", silent.local_addr().expect("it is bound"));
    let timeout = Duration::from_millis(300);
    let options = repo_postgres::Options::new(&url).expect("a URL").connect_timeout(timeout);
    let since = Instant::now();
    let error = options.connect().await.expect_err("nobody answers");
    assert!(matches!(error, Error::Connection { .. }), "{error:?}");
    check_text(&error, "did not answer within 300ms", &url);
    assert!(since.elapsed() < timeout * 10, "{:?}", since.elapsed());
}

#[tokio::test]
async fn a_url_or_a_file_that_cannot_be_used_is_a_configuration_error() {
    let file = File::new();
    let folder = file.path().parent().expect("a folder").display().to_string();
    for (url, words) in [
        (format!("sqlite://{folder}/missing/books.db"), "does not exist"),
        (format!("sqlite://{folder}/books.db?mode=ro"), "does not exist"),
        (format!("sqlite://{folder}"), "is a folder"),
        ("mysql://repo:hunter2@localhost/books".to_owned(), "no database driver for `mysql:`"),
        ("repo:hunter2@localhost/books".to_owned(), "no database driver for `repo:`"),
        ("postgres://repo:hunter2@localhost:port/books".to_owned(), "cannot be used"),
    ] {
        let error = connect(&url).await.expect_err(&url);
        assert!(matches!(error, Error::Configuration { .. }), "{url}: {error:?}");
        check_text(&error, words, &url);
    }
}
