//! Rows to add that wait for a connection: they share statements, and each has the outcome of its own.

mod broken;

use std::sync::Arc;
use std::time::Duration;

use chrono::{DateTime, NaiveDate, NaiveTime, Utc};
use repo_core::backend::Backend;
use repo_core::{Actor, ColumnEnum, Database, Repository, Tenant, TransactionOptions, schema};
use repo_postgres::Postgres;
use serde_json::{Value as Json, json};
use sqlx::PgConnection;
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

/// See [`Plant::stuck`].
struct Stuck {
    adding: Vec<Created<Reading>>,
    locked: PgConnection,
    beside: PgConnection,
    pid: i32,
}

type Created<E> = JoinHandle<repo_core::Result<E>>;

impl Stuck {
    /// Lets the statement go on.
    async fn go_on(&mut self) {
        sqlx::raw_sql("ROLLBACK").execute(&mut self.locked).await.unwrap();
    }
}

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

    /// Tasks of which ten readings share a statement that waits for a lock, who holds it, and the process that waits.
    async fn stuck(&self) -> Stuck {
        let held = self.pool.begin(TransactionOptions::new()).await.unwrap();
        let adding = self.all_adding((0..10).map(reading)).await;
        let locked = self.scratch.locked(r#""Readings ""1""" IN SHARE MODE"#).await;
        let mut beside = self.scratch.sqlx().await;
        held.rollback().await.unwrap();
        let pid = self.scratch.waiting_for_lock(&mut beside).await;
        Stuck { adding, locked, beside, pid }
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
