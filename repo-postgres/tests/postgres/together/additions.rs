//! Rows to add that wait for a connection: they share statements, and each has the outcome of its own.

use std::future::poll_fn;
use std::pin::{Pin, pin};
use std::sync::Arc;
use std::task::Poll;
use std::time::Duration;

use chrono::{DateTime, NaiveDate, NaiveTime, Utc};
use repo_core::{
    Actor, Backend, ColumnEnum, Database, Error, Repository, Tenant, TransactionOptions, schema,
};
use repo_postgres::Postgres;
use serde_json::{Value as Json, json};
use sqlx::{AssertSqlSafe, PgConnection, query_scalar};
use tokio::task::{JoinHandle, yield_now};
use tokio::time::timeout;
use uuid::Uuid;

use super::{ACME, BOLT};
use crate::capture::Watching;
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
    state: State,
    load: f32,
    phase: i16,
    errors: Option<i32>,
    is_remote: bool,
    day: NaiveDate,
    hour: Option<NaiveTime>,
    read_at: DateTime<Utc>,
    version: i64,
    deleted_at: Option<DateTime<Utc>>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, ColumnEnum)]
enum State {
    Raw,
    Checked,
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

/// Its number is the database's to make.
#[derive(Debug, Clone, PartialEq, Repository)]
#[repository(table = "marks")]
struct Mark {
    id: i64,
    text: String,
}

/// Its meter may be changed by somebody who has not committed.
#[derive(Debug, Clone, PartialEq, Repository)]
#[repository(table = "visits", tenant)]
struct Visit {
    id: Uuid,
    tenant_id: Uuid,
    #[repository(references = Meter)]
    meter_id: Uuid,
}

/// Each has an entry, whose number is that of its tenant's chain.
#[derive(Debug, Clone, PartialEq, Repository)]
#[repository(table = "repairs", tenant, audited)]
struct Repair {
    id: Uuid,
    tenant_id: Uuid,
    what: String,
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
        db.create_tables(&schema![Reading, Meter, Mark, Visit, Repair]).await.unwrap();
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

    /// How many statements for several rows the pool's connections have prepared.
    async fn shared_statements(&self) -> i64 {
        let sql = "SELECT count(*) FROM pg_prepared_statements \
            WHERE statement LIKE '%repo_' || 'rows%'";
        count(&self.pool, sql).await
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
        state: if number.is_multiple_of(2) { State::Raw } else { State::Checked },
        load: 0.1,
        phase: i16::MIN + number as i16,
        errors: number.is_multiple_of(5).then_some(i32::MAX),
        is_remote: number.is_multiple_of(2),
        day: NaiveDate::from_ymd_opt(1999, 12, 31).unwrap(),
        hour: number
            .is_multiple_of(2)
            .then(|| NaiveTime::from_hms_micro_opt(23, 59, 59, 999_999).unwrap()),
        read_at: DateTime::from_timestamp_micros(-1).unwrap(),
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
                assert_eq!((created.hour, created.phase), (new.hour, new.phase));
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
    assert_eq!(plant.shared_statements().await, 1);
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
    assert_eq!(plant.shared_statements().await, 0);
}

#[tokio::test]
async fn rows_that_may_wait_for_somebody_elses_are_each_added_by_themselves() {
    let Some(plant) = Plant::open(1).await else { return };
    let session = plant.db.tenant(ACME).actor(Actor::User("somebody".to_owned()));
    let meter = session.repo::<Meter>().create(NewMeter { name: "first".into() }).await.unwrap();
    let held = plant.pool.begin(TransactionOptions::new()).await.unwrap();
    let mut adding = Vec::new();
    for number in 0..5 {
        let (session, db, meter_id) = (session.clone(), plant.db.clone(), meter.id);
        adding.push(tokio::spawn(async move {
            let name = number.to_string();
            session.repo::<Meter>().create(NewMeter { name: name.clone() }).await.unwrap();
            session.repo::<Visit>().create(NewVisit { meter_id }).await.unwrap();
            session.repo::<Repair>().create(NewRepair { what: name.clone() }).await.unwrap();
            db.session().repo::<Mark>().create(NewMark { text: name }).await.unwrap();
        }));
        yield_now().await;
    }
    held.rollback().await.unwrap();
    for task in adding {
        task.await.unwrap();
    }
    assert_eq!(plant.shared_statements().await, 0);
}

#[tokio::test]
async fn a_row_that_is_large_is_added_by_itself() {
    let Some(plant) = Plant::open(1).await else { return };
    let held = plant.pool.begin(TransactionOptions::new()).await.unwrap();
    let large = |number| NewReading { raw: vec![7; 20_000], ..reading(number) };
    let adding = plant.all_adding((0..6).map(large)).await;
    held.rollback().await.unwrap();
    for task in adding {
        assert_eq!(task.await.unwrap().unwrap().raw.len(), 20_000);
    }
    assert_eq!(plant.transactions().await, 6);
}

#[tokio::test]
async fn a_key_that_nobody_told_of_keeps_the_others_waiting_for_a_moment_only() {
    let Some(plant) = Plant::open(2).await else { return };
    let mut beside = plant.scratch.sqlx().await;
    let key = r#"CREATE UNIQUE INDEX ON "Readings ""1""" (meter)"#;
    sqlx::raw_sql(key).execute(&mut beside).await.unwrap();
    let open = plant.db.tenant(BOLT).begin().await.unwrap();
    open.session().repo::<Reading>().create(reading(3)).await.unwrap();
    let held = plant.pool.begin(TransactionOptions::new()).await.unwrap();
    let mut adding = plant.all_adding((0..6).map(reading)).await;
    held.rollback().await.unwrap();
    let blocked = adding.remove(3);
    for task in adding.drain(..3) {
        timeout(Duration::from_secs(10), task).await.unwrap().unwrap().unwrap();
    }
    assert!(!blocked.is_finished(), "its key may still become free");
    open.rollback().await.unwrap();
    for task in adding.into_iter().chain([blocked]) {
        timeout(Duration::from_secs(10), task).await.unwrap().unwrap().unwrap();
    }
}

#[tokio::test]
async fn a_statement_for_which_nobody_waits_any_more_gives_its_connection_back() {
    let Some(plant) = Plant::open(1).await else { return };
    let mut beside = plant.scratch.sqlx().await;
    let held = plant.pool.begin(TransactionOptions::new()).await.unwrap();
    let adding = plant.all_adding((0..10).map(reading)).await;
    let mut locked = plant.locked().await;
    held.rollback().await.unwrap();
    plant.waiting_for_lock(&mut beside).await;
    for task in adding {
        task.abort();
        assert!(task.await.unwrap_err().is_cancelled());
    }
    // Of another table, which nobody has locked.
    let mark = plant.db.session().repo::<Mark>();
    let mark = timeout(Duration::from_secs(10), mark.create(NewMark { text: "here".into() }));
    mark.await.unwrap().unwrap();
    sqlx::raw_sql("ROLLBACK").execute(&mut locked).await.unwrap();
}

#[tokio::test]
async fn a_runtime_that_ends_leaves_nobody_of_another_one_in_the_dark() {
    let Some(plant) = Plant::open(1).await else { return };
    let mut beside = plant.scratch.sqlx().await;
    let other = tokio::runtime::Builder::new_multi_thread().enable_all().build().unwrap();
    let held = plant.pool.begin(TransactionOptions::new()).await.unwrap();
    let readings = plant.readings(ACME);
    let ahead = other.spawn(async move { readings.create(reading(0)).await });
    tokio::time::sleep(Duration::from_millis(100)).await;
    // Before any of them loses its patience.
    let adding = plant.all_adding((1..6).map(reading)).await;
    let mut locked = plant.locked().await;
    held.rollback().await.unwrap();
    plant.waiting_for_lock(&mut beside).await;
    other.shutdown_background();
    let mut unknown = 0;
    sqlx::raw_sql("ROLLBACK").execute(&mut locked).await.unwrap();
    for task in adding {
        match timeout(Duration::from_secs(10), task).await.unwrap().unwrap() {
            Ok(_) => {}
            Err(Error::CommitUnknown { .. }) => unknown += 1,
            Err(error) => panic!("{error:?}"),
        }
    }
    drop(ahead);
    assert!(unknown > 0, "the statement was shared, and ended with its runtime");
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
async fn what_is_logged_of_a_refusal_has_nothing_of_a_row() {
    let Some(plant) = Plant::open(1).await else { return };
    let mut beside = plant.scratch.sqlx().await;
    let check = r#"ALTER TABLE "Readings ""1""" ADD CONSTRAINT small CHECK (value < 30)"#;
    sqlx::raw_sql(check).execute(&mut beside).await.unwrap();
    let planted = ["m-planted-31".to_owned()];
    let (rows, said) = (Watching::for_words(planted.to_vec()), "shared a statement".to_owned());
    let said = Watching::for_words(vec![said]);
    let held = plant.pool.begin(TransactionOptions::new()).await.unwrap();
    let secret =
        |number| NewReading { meter: planted[0].clone(), value: Some(40.0), ..reading(number) };
    let adding = plant.all_adding((0..6).map(secret)).await;
    held.rollback().await.unwrap();
    for task in adding {
        task.await.unwrap().unwrap_err();
    }
    let lines = |of: &Watching| -> Vec<_> {
        of.found().into_iter().map(|line| (line.level, line.target, line.text)).collect()
    };
    assert!(!lines(&said).is_empty(), "the refusal is logged");
    assert_eq!(lines(&rows), []);
}

#[tokio::test]
async fn a_wait_without_an_end_is_one() {
    let Some(scratch) = Scratch::new().await else { return };
    let options = scratch.options().pool_size(1).pool_timeout(Duration::MAX);
    let pool = options.connect_backend().await.unwrap();
    let db = Database::new(Arc::new(pool.clone()));
    db.create_tables(&schema![Reading]).await.unwrap();
    let readings = db.tenant(ACME).repo::<Reading>();
    let held = pool.begin(TransactionOptions::new()).await.unwrap();
    let adding = tokio::spawn(async move {
        let created = readings.create(reading(0)).await.unwrap();
        readings.get(created.id).await.unwrap()
    });
    yield_now().await;
    held.rollback().await.unwrap();
    assert_eq!(adding.await.unwrap().meter, reading(0).meter);
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
        timeout(Duration::from_secs(10), task).await.unwrap().unwrap().unwrap();
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
