//! Behind a pooler, which may give each transaction another server connection: it is found when a database is opened,
//! and then no statement stays prepared. What it refuses for good is no lost connection.

use repo_core::backend::Backend as _;
use repo_core::{Error, TransactionOptions};
use repo_postgres::{Options, Postgres};
use tracing::Level;

use crate::between::Between;
use crate::capture::Watching;
use crate::gate::{Gate, Said};
use crate::scratch::{CREATE_NOTES, INSERT_NOTE, Scratch, count, note, script, write};

/// As a connection is opened with it.
const CHECK: &str = "client_connection_check_interval=";
/// A setting that means nothing, of as many letters.
const NOTHING: &str = "repo.a_name_that_nobody_looks_at=";

/// As PgBouncer says it.
const UNSUPPORTED: Said = ("FATAL", "08P01", "unsupported startup parameter: options");
/// As a server before 14 says it.
const UNKNOWN: Said =
    ("FATAL", "42704", "unrecognized configuration parameter \"client_connection_check_interval\"");
const NO_TRANSACTIONS: Said =
    ("FATAL", "08P01", "transaction blocks not allowed in statement pooling mode");

/// How many statements the connection of a pool of one keeps, after it ran some.
async fn kept(db: &Postgres) -> i64 {
    script(db, &CREATE_NOTES.replace("TABLE", "TABLE IF NOT EXISTS")).await;
    write(db, "DELETE FROM notes", &[]).await.unwrap();
    write(db, INSERT_NOTE, &note(1, "first")).await.unwrap();
    count(db, "SELECT count(*) FROM pg_prepared_statements WHERE name <> ''").await
}

async fn open(url: &str) -> Postgres {
    Options::new(url).unwrap().pool_size(1).connect_backend().await.unwrap()
}

#[tokio::test]
async fn no_statement_stays_prepared_behind_a_pooler_that_refuses_a_setting() {
    let Some(scratch) = Scratch::new().await else { return };
    let gate = Gate::new(&scratch.url).await;
    gate.refuse(CHECK, UNSUPPORTED);
    let watching = Watching::for_words(vec!["a pooler is before the server".to_owned()]);
    assert_eq!(kept(&open(&gate.url).await).await, 0);
    assert!(watching.found().iter().any(|line| line.level == Level::INFO), "it is told");
    assert!(kept(&open(&scratch.url).await).await > 0, "there is none before the server itself");
}

#[tokio::test]
async fn no_statement_stays_prepared_behind_a_pooler_that_drops_a_setting() {
    let Some(scratch) = Scratch::new().await else { return };
    let between = Between::new(&scratch.url).await;
    assert!(kept(&open(&between.url).await).await > 0, "nothing is dropped yet");
    between.change(CHECK.as_bytes(), NOTHING.as_bytes());
    assert_eq!(kept(&open(&between.url).await).await, 0);
    // So it is where the URL says it, whatever it says.
    let said = |url: &str| url.replace("options=", &format!("options=-c%20{CHECK}5s%20"));
    assert_eq!(kept(&open(&said(&between.url)).await).await, 0);
    assert!(kept(&open(&said(&scratch.url)).await).await > 0, "nothing is dropped here");
}

#[tokio::test]
async fn as_many_statements_as_were_said_stay_prepared_behind_a_pooler() {
    let Some(scratch) = Scratch::new().await else { return };
    let gate = Gate::new(&scratch.url).await;
    gate.refuse(CHECK, UNSUPPORTED);
    let watching = Watching::for_words(vec!["statements=17".to_owned()]);
    let options = Options::new(&gate.url).unwrap().pool_size(1).statement_cache(17);
    assert!(kept(&options.connect_backend().await.unwrap()).await > 0);
    assert!(watching.found().iter().any(|line| line.level == Level::WARN), "it is told");
}

#[tokio::test]
async fn a_server_that_does_not_know_a_setting_is_no_pooler() {
    let Some(scratch) = Scratch::new().await else { return };
    let gate = Gate::new(&scratch.url).await;
    gate.refuse(CHECK, UNKNOWN);
    assert!(kept(&open(&gate.url).await).await > 0);
}

#[tokio::test]
async fn nothing_is_run_through_a_pooler_that_came_later_until_it_is_known() {
    let Some(scratch) = Scratch::new().await else { return };
    let gate = Gate::new(&scratch.url).await;
    let options = Options::new(&gate.url).unwrap().pool_size(2);
    let db = options.connect_backend().await.unwrap();
    let held = db.begin(TransactionOptions::new()).await.unwrap();
    gate.refuse(CHECK, UNSUPPORTED);
    let error = write(&db, "SELECT 1", &[]).await.unwrap_err();
    assert!(matches!(error, Error::Configuration { .. }), "{error:?}");
    held.rollback().await.unwrap();
    // Opened anew it is known, and so it is where the application said what is kept.
    assert_eq!(kept(&open(&gate.url).await).await, 0);
    let gate = Gate::new(&scratch.url).await;
    let options = Options::new(&gate.url).unwrap().pool_size(2).statement_cache(9);
    let db = options.connect_backend().await.unwrap();
    let held = db.begin(TransactionOptions::new()).await.unwrap();
    gate.refuse(CHECK, UNSUPPORTED);
    assert_eq!(count(&db, "SELECT count(*) FROM pg_catalog.pg_class WHERE false").await, 0);
    held.rollback().await.unwrap();
}

#[tokio::test]
async fn a_pooler_without_transactions_is_told_of_and_not_tried_again() {
    let Some(scratch) = Scratch::new().await else { return };
    let gate = Gate::new(&scratch.url).await;
    let db = open(&gate.url).await;
    gate.refuse(CHECK, UNSUPPORTED);
    gate.refuse("BEGIN", NO_TRANSACTIONS);
    let at_once = Options::new(&gate.url).unwrap().connect_backend().await.unwrap_err();
    let later = db.begin(TransactionOptions::new()).await.unwrap_err();
    for error in [at_once, later] {
        assert!(matches!(error, Error::Configuration { .. }) && !error.is_retryable(), "{error:?}");
        assert!(error.to_string().contains("pool_mode = transaction"), "{error}");
    }
}
