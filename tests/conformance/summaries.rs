//! Groups of rows as structs.

use chrono::{DateTime, Utc};
use repo_core::{Bucket, Database, Error, Summary, count, schema};
use rust_decimal::Decimal;
use uuid::Uuid;

use crate::entities::*;
use crate::expect::assert_error;
use crate::fixture::{ACME, Fixture, acme, bolt, moment};

#[derive(Debug, PartialEq, Summary)]
#[summary(entity = Measure)]
struct DeviceDay {
    // The values are between the keys: cells come in another order than fields.
    #[summary(value = count())]
    measures: u64,
    #[summary(key = Measure::DEVICE)]
    device: Option<String>,
    #[summary(value = Measure::COUNT.sum())]
    total: Option<i64>,
    #[summary(key = Measure::AT.bucket(Bucket::days(1)))]
    day: DateTime<Utc>,
}

/// More keys and values than a tuple has.
#[derive(Debug, PartialEq, Summary)]
#[summary(entity = Measure)]
struct Wide {
    #[summary(key = Measure::TENANT_ID)]
    tenant: Uuid,
    #[summary(key = Measure::DEVICE)]
    device: Option<String>,
    #[summary(key = Measure::AT.bucket(Bucket::years(1)))]
    year: DateTime<Utc>,
    #[summary(key = Measure::AT.bucket(Bucket::months(1)))]
    month: DateTime<Utc>,
    #[summary(key = Measure::COUNT)]
    count: i64,
    #[summary(value = count())]
    measures: u64,
    #[summary(value = Measure::AMOUNT.count())]
    amounts: u64,
    #[summary(value = Measure::AMOUNT.sum())]
    amount: Option<Decimal>,
    #[summary(value = Measure::AMOUNT.avg())]
    average: Option<Decimal>,
    #[summary(value = Measure::AT.min())]
    first: Option<DateTime<Utc>>,
    #[summary(value = Measure::AT.max())]
    last: Option<DateTime<Utc>>,
    #[summary(value = Measure::AT.percentile(0.5))]
    middle: Option<DateTime<Utc>>,
}

#[derive(Debug, PartialEq, Summary)]
#[summary(entity = Measure)]
struct Total {
    #[summary(value = count())]
    measures: u64,
    #[summary(value = Measure::COUNT.sum())]
    total: Option<i64>,
    #[summary(value = Measure::COUNT.percentile(1.0))]
    most: Option<i64>,
}

async fn measured(fixture: &Fixture) -> Database {
    let db = fixture.with(&schema![Measure]).await;
    let row = |device, at, count| NewMeasure { count, ..measure(device, at) };
    let rows = [
        row("a", "2026-01-01T08:00:00Z", 1),
        row("a", "2026-01-01T09:00:00Z", 2),
        row("a", "2026-01-02T08:00:00Z", 4),
        row("b", "2026-01-01T08:00:00Z", 8),
        NewMeasure { device: None, ..row("", "2026-01-01T08:00:00Z", 16) },
    ];
    let measures = acme(&db).repo::<Measure>();
    measures.create_many(rows).await.unwrap();
    let gone = measures.create(row("a", "2026-01-01T08:00:00Z", 100)).await.unwrap();
    measures.delete(gone.id).await.unwrap();
    bolt(&db).repo::<Measure>().create(row("a", "2026-01-01T08:00:00Z", 1_000)).await.unwrap();
    db
}

fn day(device: Option<&str>, day: u32, measures: u64, total: i64) -> DeviceDay {
    let day = moment(&format!("2026-01-{day:02}T00:00:00Z"));
    DeviceDay { device: device.map(str::to_owned), day, measures, total: Some(total) }
}

pub(crate) async fn a_group_is_a_struct_of_keys_and_values(fixture: Fixture) {
    let db = measured(&fixture).await;
    let measures = acme(&db).repo::<Measure>();
    let days = || measures.query().summaries::<DeviceDay>();
    let expected = [
        day(Some("a"), 1, 2, 3),
        day(Some("a"), 2, 1, 4),
        day(Some("b"), 1, 1, 8),
        day(None, 1, 1, 16),
    ];
    assert_eq!(days().all().await.unwrap(), expected);
    let total = Measure::COUNT.sum();
    let picked = days().having(total.gt(3)).order_by(total.desc()).limit(2).all().await.unwrap();
    assert_eq!(picked, [day(None, 1, 1, 16), day(Some("b"), 1, 1, 8)]);
    let last = days().descending().limit(1).all().await.unwrap();
    assert_eq!(last, [day(None, 1, 1, 16)]);
    let of_b = measures.filter(Measure::DEVICE.eq("b")).summaries::<DeviceDay>();
    assert_eq!(of_b.one().await.unwrap(), day(Some("b"), 1, 1, 8));
    assert_error!(days().one().await, Error::MoreThanOne { entity: "Measure" });
    let of_none = measures.filter(Measure::DEVICE.eq("c")).summaries::<DeviceDay>();
    assert_error!(of_none.one().await, Error::NoMatch { entity: "Measure" });
}

pub(crate) async fn a_struct_has_as_many_keys_and_values_as_it_likes(fixture: Fixture) {
    let db = measured(&fixture).await;
    let new = |at, amount| NewMeasure {
        device: Some("wide".to_owned()),
        amount: Some(Decimal::new(amount, 6)),
        ..measure("", at)
    };
    let rows = [new("2026-02-01T00:00:00Z", 1_000_000), new("2026-02-03T00:00:00Z", 2_000_000)];
    let measures = acme(&db).repo::<Measure>();
    measures.create_many(rows).await.unwrap();
    let wide = measures.filter(Measure::DEVICE.eq("wide")).summaries::<Wide>().one().await;
    let expected = Wide {
        tenant: ACME,
        device: Some("wide".to_owned()),
        year: moment("2026-01-01T00:00:00Z"),
        month: moment("2026-02-01T00:00:00Z"),
        count: 1,
        measures: 2,
        amounts: 2,
        amount: Some(Decimal::new(3_000_000, 6)),
        average: Some(Decimal::new(1_500_000, 6)),
        first: Some(moment("2026-02-01T00:00:00Z")),
        last: Some(moment("2026-02-03T00:00:00Z")),
        middle: Some(moment("2026-02-01T00:00:00Z")),
    };
    assert_eq!(wide.unwrap(), expected);
    let tenants = db.all_tenants("a case").repo::<Measure>().query().summaries::<Wide>();
    assert_eq!(tenants.all().await.unwrap().len(), 7);
}

pub(crate) async fn a_struct_without_keys_sums_up_all_rows(fixture: Fixture) {
    let db = measured(&fixture).await;
    let measures = acme(&db).repo::<Measure>();
    let total = measures.query().summaries::<Total>().one().await.unwrap();
    assert_eq!(total, Total { measures: 5, total: Some(31), most: Some(16) });
    let of_none = measures.filter(Measure::DEVICE.eq("c")).summaries::<Total>();
    assert_eq!(of_none.all().await.unwrap(), [Total { measures: 0, total: None, most: None }]);
    let picked = measures.query().summaries::<Total>().having(count().gt(9)).one().await;
    assert_error!(picked, Error::InvalidInput { column, .. } if column == "summaries");
    let limited = measures.query().limit(1).summaries::<Total>().one().await;
    assert_error!(limited, Error::InvalidInput { column, .. } if column == "summaries");
    let ordered = measures.query().order_by(Measure::AT.asc()).summaries::<DeviceDay>();
    assert_error!(ordered.all().await, Error::InvalidInput { .. });
}
