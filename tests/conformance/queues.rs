//! Queues of work: rows are locked by who takes them, and by nobody else.

use std::time::Duration;

use repo_core::{Database, Error, Result, TransactionOptions, schema};

use crate::entities::*;
use crate::expect::assert_error;
use crate::fixture::{Fixture, acme, bolt};

/// Takes some jobs that are not done and does them; returns how many.
async fn take(db: &Database, most: u64) -> Result<usize> {
    let tx = db.session().begin().await?;
    let jobs = tx.repo::<Counter>();
    let taken = jobs.filter(Counter::VALUE.eq(0)).limit(most).skip_locked().all().await?;
    for job in &taken {
        tokio::task::yield_now().await;
        let done = CounterPatch::new().add(Counter::VALUE, 1);
        jobs.patch(job.id, done).if_version(job.version).await?;
    }
    tx.commit().await?;
    Ok(taken.len())
}

/// Takes jobs until there are none that nobody has.
async fn work(db: Database) -> Result<usize> {
    let mut total = 0;
    loop {
        match take(&db, 5).await? {
            0 => return Ok(total),
            taken => total += taken,
        }
    }
}

async fn assert_each_done_once(db: &Database) {
    let jobs = db.session().repo::<Counter>();
    assert_eq!(jobs.count().await.unwrap(), 200);
    let once = jobs.filter(Counter::VALUE.eq(1)).filter(Counter::VERSION.eq(2));
    assert_eq!(once.count().await.unwrap(), 200);
}

pub(crate) async fn each_job_is_taken_by_one_worker(fixture: Fixture) {
    let db = fixture.with(&schema![Counter]).await;
    let jobs = (0..200).map(|job| counter(&job.to_string()));
    db.session().repo::<Counter>().create_many(jobs).await.unwrap();
    let beside = fixture.beside(8).await;
    let workers: Vec<_> = (0..8).map(|_| tokio::spawn(work(beside.clone()))).collect();
    let mut total = 0;
    for worker in workers {
        total += worker.await.unwrap().unwrap();
    }
    assert_eq!(total, 200);
    assert_each_done_once(&db).await;
    beside.close().await;
}

pub(crate) async fn jobs_of_a_worker_that_is_gone_are_left_to_others(fixture: Fixture) {
    let db = fixture.with(&schema![Counter]).await;
    let jobs = (0..200).map(|job| counter(&job.to_string()));
    db.session().repo::<Counter>().create_many(jobs).await.unwrap();
    let (taken, told) = tokio::sync::oneshot::channel();
    let theirs = db.clone();
    let worker = tokio::spawn(async move {
        let tx = theirs.session().begin().await.unwrap();
        let jobs = tx.repo::<Counter>();
        let query = jobs.filter(Counter::VALUE.eq(0)).limit(5).skip_locked();
        let mine = query.all().await.unwrap();
        jobs.patch(mine[0].id, CounterPatch::new().value(1)).await.unwrap();
        taken.send(mine.len()).unwrap();
        std::future::pending::<()>().await;
    });
    assert_eq!(told.await.unwrap(), 5);
    worker.abort();
    assert!(worker.await.unwrap_err().is_cancelled());
    let others = async {
        let mut total = 0;
        // What the database still holds for it is let go when it notices.
        while total < 200 {
            total += take(&db, 50).await.unwrap();
        }
        total
    };
    let total = tokio::time::timeout(Duration::from_secs(20), others).await.unwrap();
    assert_eq!(total, 200);
    assert_each_done_once(&db).await;
}

pub(crate) async fn rows_that_nobody_holds_are_locked_alike(fixture: Fixture) {
    let db = fixture.with(&schema![Ticket]).await;
    let tickets = acme(&db).repo::<Ticket>();
    let made = tickets.create_many(["a", "b", "c"].map(ticket)).await.unwrap();
    bolt(&db).repo::<Ticket>().create(ticket("d")).await.unwrap();
    tickets.delete(made[2].id).await.unwrap();
    let tx = acme(&db).begin().await.unwrap();
    let tickets = tx.repo::<Ticket>();
    let query = || tickets.query().order_by(Ticket::CODE.desc());
    let expected = [made[1].clone(), made[0].clone()];
    assert_eq!(query().skip_locked().all().await.unwrap(), expected);
    assert_eq!(query().no_wait().all().await.unwrap(), expected);
    assert_eq!(query().for_update().all().await.unwrap(), expected);
    assert_eq!(query().skip_locked().first().await.unwrap().as_ref(), expected.first());
    tickets.patch(made[0].id, TicketPatch::new().weight(7)).await.unwrap();
    tx.commit().await.unwrap();
}

pub(crate) async fn rows_are_locked_where_a_transaction_writes(fixture: Fixture) {
    let db = fixture.with(&schema![Item]).await;
    let items = db.session().repo::<Item>();
    assert_error!(items.query().skip_locked().all().await, Error::NoTransaction { .. });
    assert_error!(items.query().no_wait().first().await, Error::NoTransaction { .. });
    let options = TransactionOptions::new().read_only();
    let tx = db.session().begin_with(options).await.unwrap();
    let items = tx.repo::<Item>();
    assert_error!(items.query().skip_locked().all().await, Error::ReadOnly { .. });
    assert_error!(items.query().no_wait().all().await, Error::ReadOnly { .. });
}
