//! Rows that another transaction holds: waited for, passed over, or refused.

use std::future::IntoFuture as _;
use std::sync::Arc;
use std::time::Duration;

use repo_core::{Database, Error, Repository, schema};
use repo_postgres::Options;
use uuid::Uuid;

use crate::capture::Watching;
use crate::scratch::Scratch;

#[derive(Debug, Clone, PartialEq, Repository)]
#[repository(table = "jobs")]
struct Job {
    id: Uuid,
    title: String,
}

/// Three jobs, and a pool to reach them by.
async fn jobs(scratch: &Scratch) -> (Database, Vec<Job>) {
    let pool = scratch.options().pool_size(2).connect_backend().await.unwrap();
    let db = Database::new(Arc::new(pool));
    db.create_tables(&schema![Job]).await.unwrap();
    let new = |title: &str| NewJob { title: title.to_owned() };
    let jobs = db.session().repo::<Job>().create_many(["a", "b", "c"].map(new)).await.unwrap();
    (db, jobs)
}

#[tokio::test]
async fn rows_that_are_held_are_skipped_and_count_for_no_limit() {
    let Some(scratch) = Scratch::new().await else { return };
    let (db, jobs) = jobs(&scratch).await;
    let first = db.session().begin().await.unwrap();
    let taken = first.repo::<Job>().query().limit(1).skip_locked().all().await.unwrap();
    assert_eq!(taken, jobs[..1]);
    let second = db.session().begin().await.unwrap();
    let query = || second.repo::<Job>().query();
    assert_eq!(query().limit(1).skip_locked().all().await.unwrap(), jobs[1..2]);
    assert_eq!(query().skip_locked().all().await.unwrap(), jobs[1..]);
    assert_eq!(query().count().await.unwrap(), 3);
    drop(first);
    second.commit().await.unwrap();
}

#[tokio::test]
async fn a_row_that_is_held_is_busy_for_who_does_not_wait() {
    let Some(scratch) = Scratch::new().await else { return };
    let (db, jobs) = jobs(&scratch).await;
    let first = db.session().begin().await.unwrap();
    let held = first.repo::<Job>().filter(Job::TITLE.eq("b")).for_update().one().await.unwrap();
    let second = db.session().begin().await.unwrap();
    let nested = second.begin().await.unwrap();
    let busy = nested.repo::<Job>().query().no_wait().all().await.unwrap_err();
    assert!(matches!(busy, Error::Busy { .. }) && busy.is_retryable(), "{busy:?}");
    nested.rollback().await.unwrap();
    let free = second.repo::<Job>().filter(Job::TITLE.ne("b")).no_wait().all().await.unwrap();
    assert_eq!(free, [jobs[0].clone(), jobs[2].clone()]);
    let waiting = second.repo::<Job>();
    let waiting = waiting.filter(Job::ID.eq(held.id)).for_update().one();
    let waited = tokio::join!(waiting, async {
        tokio::time::sleep(Duration::from_millis(50)).await;
        first.commit().await.unwrap();
    });
    assert_eq!(waited.0.unwrap(), held);
    second.commit().await.unwrap();
}

#[derive(Debug, Clone, PartialEq, Repository)]
#[repository(table = "shelves", versioned)]
struct Shelf {
    id: Uuid,
    books: i64,
    weight: Option<i64>,
    version: i64,
}

#[derive(Debug, Clone, PartialEq, Repository)]
#[repository(table = "books")]
struct Book {
    id: Uuid,
    #[repository(references = Shelf)]
    shelf_id: Uuid,
}

/// A shelf, and a pool to reach it by.
async fn shelf(scratch: &Scratch) -> (Database, Shelf) {
    let pool = scratch.options().pool_size(2).connect_backend().await.unwrap();
    let db = Database::new(Arc::new(pool));
    db.create_tables(&schema![Shelf, Book]).await.unwrap();
    let new = NewShelf { books: 1, weight: None };
    let shelf = db.session().repo::<Shelf>().create(new).await.unwrap();
    (db, shelf)
}

#[tokio::test]
async fn a_patch_that_adds_nothing_waits_for_no_child_and_holds_none_up() {
    let Some(scratch) = Scratch::new().await else { return };
    let (db, shelf) = shelf(&scratch).await;
    let nothing = || ShelfPatch::new().add(Shelf::BOOKS, 0).add(Shelf::WEIGHT, 5);
    let first = db.session().begin().await.unwrap();
    let second = db.session().begin().await.unwrap();
    // Each adds a child, which holds the shelf, and then patches the shelf.
    for tx in [&first, &second] {
        tx.repo::<Book>().create(NewBook { shelf_id: shelf.id }).await.unwrap();
    }
    for tx in [&first, &second] {
        let shelves = tx.repo::<Shelf>();
        let patched = shelves.patch(shelf.id, nothing());
        let patched = tokio::time::timeout(Duration::from_secs(5), patched.into_future()).await;
        assert_eq!(patched.expect("it waits for nobody").unwrap(), shelf);
    }
    second.repo::<Book>().create(NewBook { shelf_id: shelf.id }).await.unwrap();
    first.commit().await.unwrap();
    second.commit().await.unwrap();
}

#[tokio::test]
async fn who_gives_up_waiting_in_a_nested_transaction_is_told_so_and_nothing_is_amiss() {
    let Some(scratch) = Scratch::new().await else { return };
    let (db, jobs) = jobs(&scratch).await;
    let watching = Watching::for_words(vec!["a savepoint was not rolled back".to_owned()]);
    let holder = db.session().begin().await.unwrap();
    holder.repo::<Job>().patch(jobs[0].id, JobPatch::new().title("held")).await.unwrap();
    let outer = db.session().begin().await.unwrap();
    let waiting = outer.transaction(async |tx| {
        tx.repo::<Job>().patch(jobs[0].id, JobPatch::new().title("mine")).await
    });
    assert!(tokio::time::timeout(Duration::from_millis(100), waiting).await.is_err());
    let error = outer.repo::<Job>().query().count().await.unwrap_err();
    assert!(matches!(error, Error::TransactionFailed { .. }), "{error:?}");
    let error = outer.commit().await.unwrap_err();
    assert!(matches!(error, Error::TransactionFailed { .. }), "{error:?}");
    holder.commit().await.unwrap();
    let told = watching.found();
    assert!(!told.iter().any(|line| line.text.contains("is over")), "{told:?}");
}

#[tokio::test]
async fn a_row_that_is_held_is_waited_for_as_long_as_the_options_say() {
    let Some(scratch) = Scratch::new().await else { return };
    let (db, jobs) = jobs(&scratch).await;
    let first = db.session().begin().await.unwrap();
    first.repo::<Job>().patch(jobs[0].id, JobPatch::new().title("d")).await.unwrap();
    // What the options say goes before the URL.
    let url = format!("{}%20-c%20lock_timeout%3D1h", scratch.url);
    for limit in [Duration::ZERO, Duration::from_millis(200)] {
        let hasty = Options::new(&url).unwrap().lock_timeout(limit).connect().await.unwrap();
        let jobs_of_hasty = hasty.session().repo::<Job>();
        let change = jobs_of_hasty.patch(jobs[0].id, JobPatch::new().title("e")).into_future();
        let ended = tokio::time::timeout(Duration::from_secs(20), change).await;
        let busy = ended.expect("it waits no longer").unwrap_err();
        assert!(matches!(busy, Error::Busy { .. }) && busy.is_retryable(), "{busy:?}");
        hasty.close().await;
    }
    first.commit().await.unwrap();
    assert_eq!(db.session().repo::<Job>().get(jobs[0].id).await.unwrap().title, "d");
}
