//! Operations of a transaction that have begun and are not awaited: the next one does not wait for ever.

use std::future::IntoFuture as _;

use futures_util::FutureExt as _;
use repo_core::{Error, Repository, schema};
use sqlx::Connection as _;
use uuid::Uuid;

use crate::scratch::Scratch;

#[derive(Debug, Clone, PartialEq, Repository)]
#[repository(table = "jobs")]
struct Job {
    id: Uuid,
    title: String,
}

fn job(title: &str) -> NewJob {
    NewJob { title: title.to_owned() }
}

#[tokio::test]
async fn one_that_is_kept_is_told_of_and_may_go_on() {
    let Some(scratch) = Scratch::new().await else { return };
    let db = scratch.options().pool_size(1).connect().await.unwrap();
    db.create_tables(&schema![Job]).await.unwrap();
    let tx = db.session().begin().await.unwrap();
    let jobs = tx.repo::<Job>();
    // The server answers to no insert before it is polled once, and to it afterwards.
    let lock = scratch.locked("jobs IN SHARE MODE").await;
    let mut kept = Box::pin(jobs.create(job("a")).into_future());
    assert!(kept.as_mut().now_or_never().is_none());
    lock.close().await.unwrap();
    let refused = jobs.count().await;
    assert!(matches!(refused, Err(Error::OperationNotAwaited)), "{refused:?}");
    kept.await.unwrap();
    assert_eq!(jobs.count().await.unwrap(), 1);
    tx.commit().await.unwrap();
    assert_eq!(db.session().repo::<Job>().count().await.unwrap(), 1);
}

#[tokio::test]
async fn one_of_several_statements_that_is_kept_is_told_of_and_undone_when_it_is_dropped() {
    let Some(scratch) = Scratch::new().await else { return };
    let db = scratch.options().pool_size(1).connect().await.unwrap();
    db.create_tables(&schema![Job]).await.unwrap();
    let tx = db.session().begin().await.unwrap();
    let jobs = tx.repo::<Job>();
    let lock = scratch.locked("jobs IN SHARE MODE").await;
    let mut kept = Box::pin(jobs.create_many(["a", "b"].map(job)).into_future());
    assert!(kept.as_mut().now_or_never().is_none());
    lock.close().await.unwrap();
    let refused = tx.commit().await;
    assert!(matches!(refused, Err(Error::OperationNotAwaited)), "{refused:?}");
    drop(kept);
    assert_eq!(db.session().repo::<Job>().count().await.unwrap(), 0);
}
