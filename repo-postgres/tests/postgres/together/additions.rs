//! Rows to add that wait for a connection: they share statements, and each has the outcome of its own.

use std::future::poll_fn;
use std::pin::{Pin, pin};
use std::sync::Arc;
use std::task::Poll;
use std::time::Duration;

use chrono::{DateTime, Utc};
use repo_core::testing::Recorder;
use repo_core::{Backend, Database, Error, Repository, Tenant, TransactionOptions, schema};
use repo_postgres::Postgres;
use serde_json::{Value as Json, json};
use sqlx::{AssertSqlSafe, PgConnection, query_scalar};
use tokio::task::{JoinHandle, yield_now};
use uuid::Uuid;

use super::{ACME, BOLT};
use crate::scratch::{Scratch, count};

/// Nothing that others do is in the way of a new one.
#[derive(Debug, Clone, PartialEq, Repository)]
#[repository(table = "Readings \"1\"", tenant, soft_delete, versioned)]
struct Reading {
    id: Uuid,
    tenant_id: Uuid,
    #[repository(max_length = 12)]
    meter: String,
    value: Option<f64>,
    labels: Json,
    raw: Vec<u8>,
    version: i64,
    deleted_at: Option<DateTime<Utc>>,
}

/// Its name may be taken by somebody who has not committed.
#[derive(Debug, Clone, PartialEq, Repository)]
#[repository(table = "meters", tenant)]
struct Meter {
    id: Uuid,
    tenant_id: Uuid,
    #[repository(unique)]
    name: String,
}

struct Plant {
    scratch: Scratch,
    pool: Postgres,
    db: Database,
}

type Created<E> = JoinHandle<repo_core::Result<E>>;

impl Plant {
    async fn open(connections: usize) -> Option<Self> {
        let scratch = Scratch::new().await?;
        let options = scratch.options().pool_size(connections).application_name(&scratch.schema);
        let pool = options.pool_timeout(Duration::from_secs(20)).connect_backend().await.unwrap();
        let db = Database::new(Arc::new(pool.clone()));
        db.create_tables(&schema![Reading, Meter]).await.unwrap();
        Some(Self { scratch, pool, db })
    }

    fn readings(&self, tenant: Uuid) -> ReadingRepository<Tenant<Uuid>> {
        self.db.tenant(tenant).repo::<Reading>()
    }

    /// Tasks that add readings one after the other; each waits when this returns.
    async fn all_adding(
        &self,
        readings: impl IntoIterator<Item = NewReading>,
    ) -> Vec<Created<Reading>> {
        let mut adding = Vec::new();
        for (number, new) in readings.into_iter().enumerate() {
            let readings = self.readings(if number % 2 == 0 { ACME } else { BOLT });
            adding.push(tokio::spawn(async move { readings.create(new).await }));
            yield_now().await;
        }
        adding
    }

    /// A connection beside the pool that keeps everybody from writing readings.
    async fn locked(&self) -> PgConnection {
        let mut connection = self.scratch.sqlx().await;
        let lock = r#"BEGIN; LOCK TABLE "Readings ""1""" IN SHARE MODE"#;
        sqlx::raw_sql(lock).execute(&mut connection).await.unwrap();
        connection
    }

    /// The process of the pool's connection that waits for a lock.
    async fn waiting_for_lock(&self, beside: &mut PgConnection) -> i32 {
        let sql = "SELECT pid FROM pg_stat_activity \
            WHERE application_name = $1 AND wait_event_type = 'Lock'";
        for _ in 0..400 {
            let pid = query_scalar(sql).bind(&self.scratch.schema);
            if let Some(pid) = pid.fetch_optional(&mut *beside).await.unwrap() {
                return pid;
            }
            tokio::time::sleep(Duration::from_millis(10)).await;
        }
        panic!("nobody waits for the lock")
    }

    async fn stored(&self) -> i64 {
        count(&self.pool, r#"SELECT count(*) FROM "Readings ""1""""#).await
    }

    /// How many transactions the rows were added by.
    async fn transactions(&self) -> i64 {
        count(&self.pool, r#"SELECT count(DISTINCT xmin::text) FROM "Readings ""1""""#).await
    }
}

fn reading(number: usize) -> NewReading {
    NewReading {
        meter: format!("m \"{number}\" ü"),
        value: number.is_multiple_of(3).then_some(0.1 + number as f64),
        labels: json!({ "n": number, "of": [null, "{\"}", 1.5] }),
        raw: vec![0, 0xff, b'\\', b'"', number as u8],
    }
}

/// Polls once.
async fn is_pending<F: Future>(mut future: Pin<&mut F>) -> bool {
    poll_fn(|context| Poll::Ready(future.as_mut().poll(context).is_pending())).await
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn everybody_is_answered_with_the_row_that_is_stored_for_them() {
    for connections in [1, 3] {
        let Some(plant) = Plant::open(connections).await else { return };
        let mut adding = Vec::new();
        for number in 0..200 {
            let tenant = if number % 2 == 0 { ACME } else { BOLT };
            let readings = plant.readings(tenant);
            adding.push(tokio::spawn(async move {
                let new = reading(number);
                let created = readings.create(reading(number)).await.unwrap();
                assert_eq!((created.tenant_id, &created.meter), (tenant, &new.meter));
                assert_eq!((created.value, &created.labels), (new.value, &new.labels));
                assert_eq!(readings.get(created.id).await.unwrap(), created);
            }));
        }
        for task in adding {
            task.await.unwrap();
        }
        assert_eq!(plant.stored().await, 200);
    }
}

#[tokio::test]
async fn many_rows_that_wait_are_few_statements() {
    let Some(plant) = Plant::open(1).await else { return };
    let held = plant.pool.begin(TransactionOptions::new()).await.unwrap();
    let adding = plant.all_adding((0..40).map(reading)).await;
    held.rollback().await.unwrap();
    for task in adding {
        task.await.unwrap().unwrap();
    }
    assert_eq!(plant.stored().await, 40);
    let transactions = plant.transactions().await;
    assert!((1..=8).contains(&transactions), "{transactions} statements for 40 rows");
}

#[tokio::test]
async fn a_row_that_finds_a_connection_is_added_by_itself() {
    let Some(plant) = Plant::open(1).await else { return };
    for number in 0..3 {
        plant.readings(ACME).create(reading(number)).await.unwrap();
    }
    assert_eq!(plant.transactions().await, 3);
}

#[tokio::test]
async fn a_row_that_is_refused_is_nobody_elses_error() {
    let Some(plant) = Plant::open(1).await else { return };
    let mut beside = plant.scratch.sqlx().await;
    let check = r#"ALTER TABLE "Readings ""1""" ADD CONSTRAINT small CHECK (value < 30)"#;
    sqlx::raw_sql(check).execute(&mut beside).await.unwrap();
    let held = plant.pool.begin(TransactionOptions::new()).await.unwrap();
    let adding = plant.all_adding((0..40).map(reading)).await;
    held.rollback().await.unwrap();
    for (number, task) in adding.into_iter().enumerate() {
        let created = task.await.unwrap();
        match created {
            Ok(created) => assert_eq!(created.meter, reading(number).meter),
            Err(Error::Check { entity: "Reading", constraint }) if constraint == "small" => {
                assert!(number >= 30 && number.is_multiple_of(3), "{number} is small");
            }
            Err(error) => panic!("{number}: {error:?}"),
        }
    }
    assert_eq!(plant.stored().await, 36);
}

#[tokio::test]
async fn a_row_that_may_wait_for_somebody_elses_keeps_nobody_waiting() {
    let Some(plant) = Plant::open(3).await else { return };
    let of = |tenant: Uuid| plant.db.tenant(tenant).repo::<Meter>();
    let open = plant.db.tenant(ACME).begin().await.unwrap();
    open.session().repo::<Meter>().create(NewMeter { name: "a".into() }).await.unwrap();
    let held = plant.pool.begin(TransactionOptions::new()).await.unwrap();
    let other = plant.pool.begin(TransactionOptions::new()).await.unwrap();
    let mut adding = Vec::new();
    for (tenant, name) in [(ACME, "a"), (BOLT, "a"), (BOLT, "b"), (ACME, "c")] {
        let meters = of(tenant);
        let new = NewMeter { name: name.into() };
        adding.push(tokio::spawn(async move { meters.create(new).await }));
        yield_now().await;
    }
    held.rollback().await.unwrap();
    other.rollback().await.unwrap();
    let taken = adding.remove(0);
    for task in adding {
        task.await.unwrap().unwrap();
    }
    assert!(!taken.is_finished(), "its name may still become free");
    open.commit().await.unwrap();
    assert!(taken.await.unwrap().unwrap_err().is_conflict());
}

#[tokio::test]
async fn who_goes_away_while_waiting_leaves_no_row_and_keeps_nobody_from_theirs() {
    let Some(plant) = Plant::open(1).await else { return };
    for gone in [&[0][..], &[0, 1, 2], &[5, 6, 16, 17], &[39]] {
        let before = plant.stored().await;
        let held = plant.pool.begin(TransactionOptions::new()).await.unwrap();
        let adding = plant.all_adding((0..40).map(reading)).await;
        for gone in gone {
            adding[*gone].abort();
        }
        yield_now().await;
        held.rollback().await.unwrap();
        for (number, task) in adding.into_iter().enumerate() {
            match task.await {
                Ok(created) => assert_eq!(created.unwrap().meter, reading(number).meter),
                Err(_) => assert!(gone.contains(&number)),
            }
        }
        assert_eq!(plant.stored().await - before, 40 - gone.len() as i64);
    }
}

#[tokio::test]
async fn who_goes_away_while_the_rows_are_added_leaves_nobody_in_the_dark() {
    let Some(plant) = Plant::open(1).await else { return };
    let mut beside = plant.scratch.sqlx().await;
    for gone in [0, 4] {
        let before = plant.stored().await;
        let held = plant.pool.begin(TransactionOptions::new()).await.unwrap();
        let mut adding = plant.all_adding((0..10).map(reading)).await;
        let mut locked = plant.locked().await;
        held.rollback().await.unwrap();
        plant.waiting_for_lock(&mut beside).await;
        let gone = adding.remove(gone);
        gone.abort();
        assert!(gone.await.unwrap_err().is_cancelled());
        sqlx::raw_sql("ROLLBACK").execute(&mut locked).await.unwrap();
        for task in adding {
            task.await.unwrap().unwrap();
        }
        assert_eq!(plant.stored().await - before, 10);
    }
}

#[tokio::test]
async fn rows_whose_connection_is_killed_are_not_added_and_each_is_told() {
    let Some(plant) = Plant::open(1).await else { return };
    let mut beside = plant.scratch.sqlx().await;
    let held = plant.pool.begin(TransactionOptions::new()).await.unwrap();
    let adding = plant.all_adding((0..10).map(reading)).await;
    let mut locked = plant.locked().await;
    held.rollback().await.unwrap();
    let pid = plant.waiting_for_lock(&mut beside).await;
    let kill = query_scalar("SELECT pg_terminate_backend($1, 5000)").bind(pid);
    let killed: bool = kill.fetch_one(&mut beside).await.unwrap();
    assert!(killed);
    sqlx::raw_sql("ROLLBACK").execute(&mut locked).await.unwrap();
    for task in adding {
        let error = task.await.unwrap().unwrap_err();
        assert!(
            matches!(error, Error::Connection { .. } | Error::CommitUnknown { .. }),
            "{error:?}"
        );
    }
    assert_eq!(plant.stored().await, 0);
    plant.readings(ACME).create(reading(0)).await.unwrap();
}

#[tokio::test]
async fn a_row_whose_statement_takes_long_is_added_once() {
    let Some(plant) = Plant::open(2).await else { return };
    let mut beside = plant.scratch.sqlx().await;
    let held = plant.pool.begin(TransactionOptions::new()).await.unwrap();
    let other = plant.pool.begin(TransactionOptions::new()).await.unwrap();
    let mut adding = plant.all_adding((0..10).map(reading)).await;
    let mut locked = plant.locked().await;
    held.rollback().await.unwrap();
    plant.waiting_for_lock(&mut beside).await;
    // For longer than anybody waits for others before they look for a connection themselves.
    tokio::time::sleep(Duration::from_millis(50)).await;
    adding.extend(plant.all_adding((10..25).map(reading)).await);
    other.rollback().await.unwrap();
    tokio::time::sleep(Duration::from_millis(50)).await;
    sqlx::raw_sql("ROLLBACK").execute(&mut locked).await.unwrap();
    for task in adding {
        task.await.unwrap().unwrap();
    }
    assert_eq!(plant.stored().await, 25);
}

#[tokio::test]
async fn a_row_ahead_that_nobody_polls_keeps_nobody_waiting() {
    let Some(plant) = Plant::open(2).await else { return };
    let held = plant.pool.begin(TransactionOptions::new()).await.unwrap();
    let other = plant.pool.begin(TransactionOptions::new()).await.unwrap();
    let readings = plant.readings(ACME);
    let mut ahead = pin!(readings.create(reading(0)).into_future());
    assert!(is_pending(ahead.as_mut()).await);
    let adding = plant.all_adding((1..20).map(reading)).await;
    held.rollback().await.unwrap();
    other.rollback().await.unwrap();
    for task in adding {
        task.await.unwrap().unwrap();
    }
    assert_eq!(plant.stored().await, 19);
    assert_eq!(ahead.await.unwrap().meter, reading(0).meter);
}

#[tokio::test]
async fn a_table_that_changed_meanwhile_takes_each_row_or_refuses_it() {
    let Some(plant) = Plant::open(1).await else { return };
    for change in [r#"ALTER meter TYPE varchar(200)"#, "ADD note text", "DROP value"] {
        let before = plant.stored().await;
        let held = plant.pool.begin(TransactionOptions::new()).await.unwrap();
        let adding = plant.all_adding((0..20).map(reading)).await;
        let mut beside = plant.scratch.sqlx().await;
        let change = format!(r#"ALTER TABLE "Readings ""1""" {change}"#);
        sqlx::raw_sql(AssertSqlSafe(change.as_str())).execute(&mut beside).await.unwrap();
        held.rollback().await.unwrap();
        let is_gone = change.ends_with("DROP value");
        for task in adding {
            let created = task.await.unwrap();
            assert_eq!(created.is_err(), is_gone, "{change}: {created:?}");
        }
        assert_eq!(plant.stored().await - before, if is_gone { 0 } else { 20 });
    }
}

#[tokio::test]
async fn a_backend_around_it_sees_each_row() {
    let Some(plant) = Plant::open(1).await else { return };
    let recorder = Recorder::new(Arc::new(plant.pool.clone()));
    let db = Database::new(Arc::new(recorder.clone()));
    let readings = db.tenant(ACME).repo::<Reading>();
    recorder.clear();
    readings.create(reading(1)).await.unwrap();
    assert_eq!(recorder.sql().len(), 1);
}
