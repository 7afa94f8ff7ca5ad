//! What goes wrong while reads wait or share a statement: nobody gets another's row, or none, or waits forever.

use std::pin::pin;
use std::time::Duration;

use repo_core::backend::Backend;
use repo_core::{Database, Error, TransactionOptions, schema};
use sqlx::{AssertSqlSafe, Connection as _, query_scalar};
use tokio::task::yield_now;

use super::{ACME, Desk, NewPlace, Place, answers, some};
use crate::scratch::{Scratch, is_pending};

#[tokio::test]
async fn who_waits_for_too_long_is_told_so_whoever_is_ahead() {
    let Some(scratch) = Scratch::new().await else { return };
    let wait = Duration::from_millis(100);
    let options = scratch.options().pool_size(1).pool_timeout(wait);
    let pool = options.connect_backend().await.unwrap();
    let db = Database::new(std::sync::Arc::new(pool.clone()));
    db.create_tables(&schema![Place]).await.unwrap();
    let places = db.session().repo::<Place>();
    let place = places.create(NewPlace { name: "here".into() }).await.unwrap();
    let held = pool.begin(TransactionOptions::new()).await.unwrap();
    let mut tasks = Vec::new();
    for _ in 0..20 {
        let (places, id) = (places.clone(), place.id);
        tasks.push(tokio::spawn(async move { places.get(id).await }));
        yield_now().await;
    }
    for task in tasks {
        let error = task.await.unwrap().unwrap_err();
        assert!(
            matches!(error, Error::PoolTimeout { size: 1, idle: 0, waited } if waited == wait),
            "{error:?}"
        );
    }
    held.rollback().await.unwrap();
    assert_eq!(places.get(place.id).await.unwrap(), place);
}

#[tokio::test]
async fn a_pool_that_is_closed_sends_all_away_who_wait() {
    let Some(desk) = Desk::open(1).await else { return };
    let held = desk.pool.begin(TransactionOptions::new()).await.unwrap();
    let finding = desk.all_finding(&desk.of_acme[..20]).await;
    desk.db.close().await;
    for task in finding {
        assert!(matches!(task.await.unwrap(), Err(Error::Closed)));
    }
    held.rollback().await.unwrap();
}

#[tokio::test]
async fn who_goes_away_while_waiting_keeps_nobody_from_an_answer() {
    let Some(desk) = Desk::open(1).await else { return };
    for gone in [&[0][..], &[0, 1, 2], &[1], &[5, 6, 16, 17], &[39]] {
        let held = desk.pool.begin(TransactionOptions::new()).await.unwrap();
        let finding = desk.all_finding(&desk.of_acme).await;
        for gone in gone {
            finding[*gone].abort();
        }
        held.rollback().await.unwrap();
        for (number, task) in finding.into_iter().enumerate() {
            match task.await {
                Ok(found) => assert_eq!(found.unwrap().as_ref(), Some(&desk.of_acme[number])),
                Err(_) => assert!(gone.contains(&number)),
            }
        }
    }
}

#[tokio::test]
async fn a_read_ahead_that_nobody_polls_keeps_nobody_waiting() {
    let Some(desk) = Desk::open(2).await else { return };
    let held = desk.pool.begin(TransactionOptions::new()).await.unwrap();
    let other = desk.pool.begin(TransactionOptions::new()).await.unwrap();
    let tickets = desk.tickets(ACME);
    let mut ahead = pin!(tickets.find(desk.of_acme[0].id));
    assert!(is_pending(ahead.as_mut()).await);
    let finding = desk.all_finding(&desk.of_acme[1..]).await;
    held.rollback().await.unwrap();
    other.rollback().await.unwrap();
    assert_eq!(answers(finding).await, some(&desk.of_acme[1..]));
    assert_eq!(ahead.await.unwrap().as_ref(), Some(&desk.of_acme[0]));
}

#[tokio::test]
async fn a_shared_statement_that_nobody_polls_keeps_nobody_waiting() {
    let Some(desk) = Desk::open(2).await else { return };
    let mut beside = desk.scratch.sqlx().await;
    let held = desk.pool.begin(TransactionOptions::new()).await.unwrap();
    let other = desk.pool.begin(TransactionOptions::new()).await.unwrap();
    let tickets = desk.tickets(ACME);
    let mut ahead = pin!(tickets.find(desk.of_acme[0].id));
    assert!(is_pending(ahead.as_mut()).await);
    let finding = desk.all_finding(&desk.of_acme[1..10]).await;
    let mut locked = desk.locked().await;
    held.rollback().await.unwrap();
    tokio::select! {
        _ = &mut ahead => panic!("the table is locked"),
        _ = desk.scratch.waiting_for_lock(&mut beside) => {}
    }
    sqlx::raw_sql("ROLLBACK").execute(&mut locked).await.unwrap();
    other.rollback().await.unwrap();
    assert_eq!(answers(finding).await, some(&desk.of_acme[1..10]));
    assert_eq!(ahead.await.unwrap().as_ref(), Some(&desk.of_acme[0]));
}

#[tokio::test]
async fn a_shared_statement_that_is_dropped_is_run_by_each_reader() {
    let Some(desk) = Desk::open(1).await else { return };
    let mut beside = desk.scratch.sqlx().await;
    let held = desk.pool.begin(TransactionOptions::new()).await.unwrap();
    let mut finding = desk.all_finding(&desk.of_acme[..10]).await;
    let mut locked = desk.locked().await;
    held.rollback().await.unwrap();
    desk.scratch.waiting_for_lock(&mut beside).await;
    let leader = finding.remove(0);
    leader.abort();
    assert!(leader.await.unwrap_err().is_cancelled());
    sqlx::raw_sql("ROLLBACK").execute(&mut locked).await.unwrap();
    assert_eq!(answers(finding).await, some(&desk.of_acme[1..10]));
}

#[tokio::test]
async fn a_shared_statement_whose_connection_is_killed_is_run_by_each_reader() {
    let Some(desk) = Desk::open(1).await else { return };
    let mut beside = desk.scratch.sqlx().await;
    let held = desk.pool.begin(TransactionOptions::new()).await.unwrap();
    let finding = desk.all_finding(&desk.of_acme[..10]).await;
    let mut locked = desk.locked().await;
    held.rollback().await.unwrap();
    let pid = desk.scratch.waiting_for_lock(&mut beside).await;
    let kill = query_scalar("SELECT pg_terminate_backend($1, 5000)").bind(pid);
    let killed: bool = kill.fetch_one(&mut beside).await.unwrap();
    assert!(killed);
    sqlx::raw_sql("ROLLBACK").execute(&mut locked).await.unwrap();
    assert_eq!(answers(finding).await, some(&desk.of_acme[..10]));
}

#[tokio::test]
async fn a_shared_statement_that_fails_is_nobodys_error() {
    let Some(desk) = Desk::open(1).await else { return };
    for change in ["", "ALTER TABLE tickets ALTER title TYPE varchar"] {
        let held = desk.pool.begin(TransactionOptions::new()).await.unwrap();
        let finding = desk.all_finding(&desk.of_acme[..20]).await;
        let mut beside = desk.scratch.sqlx().await;
        sqlx::raw_sql(AssertSqlSafe(change)).execute(&mut beside).await.unwrap();
        beside.close().await.unwrap();
        held.rollback().await.unwrap();
        assert_eq!(answers(finding).await, some(&desk.of_acme[..20]));
    }
    let held = desk.pool.begin(TransactionOptions::new()).await.unwrap();
    let finding = desk.all_finding(&desk.of_acme[..20]).await;
    let mut beside = desk.scratch.sqlx().await;
    let rename = "ALTER TABLE tickets RENAME TO gone";
    sqlx::raw_sql(rename).execute(&mut beside).await.unwrap();
    held.rollback().await.unwrap();
    for task in finding {
        // Each has the error of its own statement.
        let error = task.await.unwrap().unwrap_err().to_string();
        assert!(error.contains(r#"relation "tickets" does not exist"#), "{error}");
    }
}
