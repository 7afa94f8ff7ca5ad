//! URLs that mean nothing, settings that cannot work, and what is never shown.

use std::time::{Duration, Instant};

use repo_core::__beside::backend;
use repo_core::backend::Backend as _;
use repo_core::{Driver as _, Error, Kind, Value};
use repo_postgres::{Driver, Options};

use crate::scratch::{Scratch, count, read};

#[test]
fn a_wrong_url_is_one_line_without_the_password() {
    let wrong = [
        "",
        "desk",
        "mysql://desk:s3cret@localhost/desk",
        "postgres://desk:s3cret@localhost:port/desk",
        "postgres://desk:s3cret@localhost/desk?sslmode=perhaps",
        "postgres://desk:s3cret@local host/desk",
    ];
    for url in wrong {
        let error = Options::new(url).unwrap_err();
        let text = error.to_string();
        assert!(matches!(error, Error::Configuration { .. }), "{url}: {error:?}");
        assert!(text.contains("expected postgres://"), "{url}: {text}");
        assert!(!text.contains("s3cret") && !text.contains('\n'), "{url}: {text}");
    }
}

#[test]
fn debug_of_the_options_leaves_out_the_password() {
    let options = Options::new("postgresql://desk:s3cret@localhost/incidents").unwrap();
    let text = format!("{options:?}");
    assert!(text.contains("incidents") && !text.contains("s3cret"), "{text}");
}

#[test]
fn the_driver_knows_both_schemes() {
    assert_eq!(Driver.schemes(), ["postgres", "postgresql"]);
}

#[tokio::test]
async fn a_pool_of_none_is_refused() {
    let options = Options::new("postgres://localhost/desk").unwrap().pool_size(0);
    let error = options.connect().await.unwrap_err();
    assert!(matches!(error, Error::Configuration { .. }), "{error:?}");
}

#[tokio::test]
async fn a_pool_of_more_than_there_can_be_is_refused() {
    let options = Options::new("postgres://localhost/desk").unwrap().pool_size(usize::MAX);
    let error = options.connect().await.unwrap_err();
    assert!(matches!(error, Error::Configuration { .. }), "{error:?}");
}

#[tokio::test]
async fn a_server_that_does_not_answer_is_given_up_in_time() {
    let silent = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let port = silent.local_addr().unwrap().port();
    let options = Options::new(&format!("postgres://127.0.0.1:{port}/desk")).unwrap();
    let started = Instant::now();
    let options = options.connect_timeout(Duration::from_millis(100));
    let error = options.connect().await.unwrap_err();
    assert!(matches!(error, Error::Connection { .. }), "{error:?}");
    assert!(started.elapsed() < Duration::from_secs(5));
}

#[tokio::test]
async fn a_url_makes_a_database_and_its_debug_shows_no_password() {
    let Some(scratch) = Scratch::new().await else { return };
    let db = repo_core::connect(&scratch.url, &[&Driver]).await.unwrap();
    assert_eq!(db.system(), "postgres");
    assert!(!format!("{db:?} {:?}", backend(&db)).contains("options"));
    db.health().await.unwrap();
    db.close().await;
}

#[tokio::test]
async fn the_application_name_is_what_the_server_shows() {
    let Some(scratch) = Scratch::new().await else { return };
    let db = scratch.options().application_name("desk's own").connect_backend().await.unwrap();
    let sql = "SELECT (current_setting('application_name') = 'desk''s own')::int::int8";
    assert_eq!(count(&db, sql).await, 1);
    db.close().await;
}

#[tokio::test]
async fn the_server_looks_whether_we_are_there_as_often_as_the_url_says() {
    let Some(scratch) = Scratch::new().await else { return };
    for (more, each) in [("", 1_000), ("%20-c%20client_connection_check_interval%3D5000", 5_000)] {
        let options = Options::new(&format!("{}{more}", scratch.url)).unwrap();
        let db = options.connect_backend().await.unwrap();
        // None before Postgres 14.
        let sql = "SELECT coalesce(max(setting::int8), $1) FROM pg_settings \
            WHERE name = 'client_connection_check_interval'";
        let found = read(&db, sql, &[Value::I64(each)], Kind::I64).await.unwrap();
        assert_eq!(found, [Value::I64(each)]);
        db.close().await;
    }
}
