//! Transactions in transactions: savepoints, undone alone or kept with what is around them.

use repo_core::{Error, TransactionOptions, schema};

use crate::entities::*;
use crate::expect::assert_error;
use crate::fixture::{Fixture, names};

pub(crate) async fn a_nested_one_is_undone_alone(fixture: Fixture) {
    let db = fixture.with(&schema![Item]).await;
    let outcome: Result<(), Error> = db
        .session()
        .transaction(async |tx| {
            tx.repo::<Item>().create(item("1")).await?;
            let undone: Result<(), Error> = tx
                .transaction(async |inner| {
                    inner.repo::<Item>().create_many([item("2"), item("3")]).await?;
                    inner
                        .transaction(async |innermost| {
                            innermost.repo::<Item>().create(item("4")).await.map(drop)
                        })
                        .await?;
                    Err(Error::TransactionEnded)
                })
                .await;
            assert_error!(undone, Error::TransactionEnded);
            tx.transaction(async |inner| inner.repo::<Item>().create(item("5")).await).await?;
            let level = tx.begin().await?;
            level.repo::<Item>().create(item("6")).await?;
            drop(level);
            let level = tx.begin().await?;
            level.repo::<Item>().create(item("7")).await?;
            level.commit().await?;
            let level = tx.begin().await?;
            level.repo::<Item>().create(item("8")).await?;
            level.rollback().await?;
            tx.repo::<Item>().create(item("9")).await.map(drop)
        })
        .await;
    outcome.unwrap();
    assert_eq!(names(&db).await, ["1", "5", "7", "9"]);
}

pub(crate) async fn a_nested_one_goes_with_the_one_around_it(fixture: Fixture) {
    let db = fixture.with(&schema![Item]).await;
    let tx = db.session().begin().await.unwrap();
    tx.transaction(async |inner| inner.repo::<Item>().create(item("a")).await).await.unwrap();
    tx.rollback().await.unwrap();
    assert_eq!(names(&db).await, [""; 0]);
}

pub(crate) async fn an_error_in_a_nested_one_is_survived(fixture: Fixture) {
    let db = fixture.with(&schema![Item]).await;
    let outcome: Result<(), Error> = db
        .session()
        .transaction(async |tx| {
            tx.repo::<Item>().create(item("a")).await?;
            let conflict: Result<_, Error> = tx
                .transaction(async |inner| {
                    inner.repo::<Item>().create(item("b")).await?;
                    inner.repo::<Item>().create(item("a")).await
                })
                .await;
            assert_error!(conflict, Error::Conflict { .. });
            let many: Result<_, Error> = tx
                .transaction(async |inner| {
                    inner.repo::<Item>().create_many([item("b"), item("b")]).await
                })
                .await;
            assert_error!(many, Error::Conflict { .. });
            let swallowed: Result<(), Error> = tx
                .transaction(async |inner| {
                    let _ = inner.repo::<Item>().create(item("a")).await;
                    Ok(())
                })
                .await;
            assert_error!(swallowed, Error::TransactionFailed { .. });
            tx.repo::<Item>().create(item("c")).await.map(drop)
        })
        .await;
    outcome.unwrap();
    assert_eq!(names(&db).await, ["a", "c"]);
}

pub(crate) async fn the_outer_one_waits_for_the_inner_one(fixture: Fixture) {
    let db = fixture.with(&schema![Item]).await;
    let tx = db.session().begin().await.unwrap();
    let inner = tx.begin().await.unwrap();
    inner.repo::<Item>().create(item("a")).await.unwrap();
    assert_error!(tx.repo::<Item>().create(item("b")).await, Error::InnerTransactionOpen);
    assert_error!(tx.repo::<Item>().count().await, Error::InnerTransactionOpen);
    assert_error!(tx.begin().await, Error::InnerTransactionOpen);
    inner.commit().await.unwrap();
    tx.repo::<Item>().create(item("c")).await.unwrap();
    let inner = tx.begin().await.unwrap();
    assert_error!(tx.commit().await, Error::InnerTransactionOpen);
    assert_error!(inner.repo::<Item>().count().await, Error::TransactionEnded);
    drop(inner);
    assert_eq!(names(&db).await, [""; 0], "and was rolled back");
}

pub(crate) async fn options_belong_to_the_outermost(fixture: Fixture) {
    let db = fixture.with(&schema![Item]).await;
    let tx = db.session().begin().await.unwrap();
    let nested = tx.begin_with(TransactionOptions::new().read_only()).await;
    assert_error!(nested, Error::InvalidInput { column, .. } if column == "options");
    tx.repo::<Item>().create(item("a")).await.unwrap();
    tx.commit().await.unwrap();
}

pub(crate) async fn a_level_that_was_dropped_keeps_nothing_of_its_own(fixture: Fixture) {
    let db = fixture.with(&schema![Item]).await;
    let tx = db.session().begin().await.unwrap();
    tx.repo::<Item>().create(item("kept")).await.unwrap();
    let inner = tx.begin().await.unwrap();
    inner.repo::<Item>().create(item("dropped")).await.unwrap();
    drop(inner);
    tx.commit().await.unwrap();
    assert_eq!(names(&db).await, ["kept"]);
}

pub(crate) async fn the_levels_end_with_the_one_around_them(fixture: Fixture) {
    let db = fixture.with(&schema![Item]).await;
    let tx = db.session().begin().await.unwrap();
    let inner = tx.begin().await.unwrap();
    let innermost = inner.begin().await.unwrap();
    innermost.repo::<Item>().create(item("a")).await.unwrap();
    inner.rollback().await.unwrap();
    assert_error!(innermost.repo::<Item>().count().await, Error::TransactionEnded);
    assert_error!(innermost.commit().await, Error::TransactionEnded);
    tx.repo::<Item>().create(item("b")).await.unwrap();
    let inner = tx.begin().await.unwrap();
    tx.rollback().await.unwrap();
    assert_error!(inner.repo::<Item>().count().await, Error::TransactionEnded);
    assert_error!(inner.rollback().await, Error::TransactionEnded);
    assert_eq!(names(&db).await, [""; 0]);
}

pub(crate) async fn levels_may_be_many_and_deep(fixture: Fixture) {
    let db = fixture.with(&schema![Item]).await;
    let tx = db.session().begin().await.unwrap();
    let mut levels = vec![tx];
    for depth in 0..30 {
        let session = levels.last().unwrap().session().clone();
        session.repo::<Item>().create(item(&format!("{depth:02}"))).await.unwrap();
        levels.push(session.begin().await.unwrap());
    }
    // One of them is undone, with all that was kept of those in it.
    while let Some(level) = levels.pop() {
        if levels.len() == 20 {
            level.rollback().await.unwrap()
        } else {
            level.commit().await.unwrap()
        }
    }
    let expected: Vec<_> = (0..20).map(|depth| format!("{depth:02}")).collect();
    assert_eq!(names(&db).await, expected);
}
