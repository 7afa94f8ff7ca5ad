//! Where a share of the values lies: of all rows, and of groups.

use repo_core::{Bucket, Database, Error, count, schema};
use rust_decimal::Decimal;
use uuid::Uuid;

use crate::entities::*;
use crate::expect::assert_error;
use crate::fixture::{Fixture, acme, bolt, moment};

/// Ten counts of `a`, 10 to 100, and three of `b`, of two days; amounts of half of them.
async fn measured(fixture: &Fixture) -> Database {
    let db = fixture.with(&schema![Measure]).await;
    let at = |n: i64| if n % 2 == 0 { "2026-01-01T08:00:00Z" } else { "2026-01-02T08:00:00Z" };
    let row = |device, n: i64| NewMeasure {
        count: n * 10,
        amount: (n % 2 == 0).then(|| Decimal::new(n * 1_500_000, 6)),
        ..measure(device, at(n))
    };
    let measures = acme(&db).repo::<Measure>();
    // From the highest to the lowest: their order is not that of the rows.
    let rows = (1..=10).rev().map(|n| row("a", n)).chain((1..=3).rev().map(|n| row("b", n)));
    measures.create_many(rows).await.unwrap();
    let gone = measures.create(row("a", 1_000)).await.unwrap();
    measures.delete(gone.id).await.unwrap();
    bolt(&db).repo::<Measure>().create(row("a", -5_000)).await.unwrap();
    db
}

pub(crate) async fn a_group_has_its_percentiles(fixture: Fixture) {
    let db = measured(&fixture).await;
    let measures = acme(&db).repo::<Measure>();
    let (median, most) = (Measure::COUNT.percentile(0.5), Measure::COUNT.percentile(0.95));
    let half = Measure::AMOUNT.percentile(0.5);
    let some = |device: &str| Some(device.to_owned());
    let devices = || measures.query().group_by(Measure::DEVICE);
    let found = devices().select((count(), median, half, most)).all().await.unwrap();
    let (of_a, of_b) = (Decimal::new(9_000_000, 6), Decimal::new(3_000_000, 6));
    let a = (some("a"), (10, Some(50), Some(of_a), Some(100)));
    let b = (some("b"), (3, Some(20), Some(of_b), Some(30)));
    assert_eq!(found, [a, b]);
    let slow = devices().select(count()).having(most.gt(30)).all().await.unwrap();
    assert_eq!(slow, [(some("a"), 10)]);
    let ordered = devices().select(count()).order_by(median.asc()).all().await.unwrap();
    assert_eq!(ordered, [(some("b"), 3), (some("a"), 10)]);
    let days = (Measure::DEVICE, Measure::AT.bucket(Bucket::days(1)));
    let days = measures.query().group_by(days).select((median, half)).all().await.unwrap();
    let days: Vec<_> = days.into_iter().map(|(_, answers)| answers).collect();
    let (none, single) = (None, Some(Decimal::new(3_000_000, 6)));
    let expected = [(Some(60), Some(of_a)), (Some(50), none), (Some(20), single), (Some(10), none)];
    assert_eq!(days, expected);
    let range = moment("2025-12-31T00:00:00Z")..moment("2026-01-03T00:00:00Z");
    let filled = measures.query().group_by(Measure::AT.bucket(Bucket::days(1))).fill(range);
    let filled = filled.select(median).all().await.unwrap();
    let filled: Vec<_> = filled.into_iter().map(|(_, median)| median).collect();
    assert_eq!(filled, [None, Some(40), Some(30)]);
}

pub(crate) async fn a_percentile_is_the_same_beside_others_and_alone(fixture: Fixture) {
    let db = fixture.with(&schema![Optional]).await;
    let samples = db.session().repo::<Optional>();
    let of_none = samples.query().aggregate((count(), Optional::UUID.percentile(0.5))).await;
    assert_eq!(of_none.unwrap(), (0, None));
    let rows = (1..=9_u8).map(|n| NewOptional {
        flag: Some(n > 4),
        medium: Some(i32::from(n) * 10),
        single: Some(f32::from(n) / 3.0),
        text: Some(format!("{n:02}")),
        bytes: Some(vec![n, 0]),
        uuid: Some(Uuid::from_u128(n.into())),
        moment: Some(moment(&format!("2026-01-0{n}T00:00:00.000001Z"))),
        fraction: Some(Decimal::new(n.into(), 18)),
        ..nothing(&n.to_string())
    });
    samples.create_many(rows).await.unwrap();
    samples.create(nothing("NULL")).await.unwrap();
    for share in [0.0, 0.1, 0.34, 0.5, 0.95, 1.0] {
        let query = || samples.query();
        let beside = (
            Optional::FLAG.percentile(share),
            Optional::SINGLE.percentile(share),
            Optional::TEXT.percentile(share),
            Optional::BYTES.percentile(share),
            Optional::UUID.percentile(share),
            (Optional::MOMENT.percentile(share), Optional::FRACTION.percentile(share)),
        );
        let alone = (
            query().percentile(Optional::FLAG, share).await.unwrap(),
            query().percentile(Optional::SINGLE, share).await.unwrap(),
            query().percentile(Optional::TEXT, share).await.unwrap(),
            query().percentile(Optional::BYTES, share).await.unwrap(),
            query().percentile(Optional::UUID, share).await.unwrap(),
            (
                query().percentile(Optional::MOMENT, share).await.unwrap(),
                query().percentile(Optional::FRACTION, share).await.unwrap(),
            ),
        );
        assert!(alone.0.is_some() && alone.5.1.is_some());
        assert_eq!(query().aggregate(beside).await.unwrap(), alone, "{share}");
    }
}

pub(crate) async fn between_two_values_it_is_in_proportion(fixture: Fixture) {
    let db = measured(&fixture).await;
    let measures = acme(&db).repo::<Measure>();
    let of_a = || measures.filter(Measure::DEVICE.eq("a"));
    for (share, expected) in
        [(0.0, 10.0), (0.25, 32.5), (0.5, 55.0), (0.9, 91.0), (1.0, 100.0), (1.0 / 9.0, 20.0)]
    {
        let found = of_a().percentile_cont(Measure::COUNT, share).await.unwrap().unwrap();
        assert!((found - expected).abs() < 1e-9, "{share}: {found}");
    }
    // 3, 6, 9, 12 and 15 of `a`, and 3 of `b`.
    let amounts = measures.query().percentile_cont(Measure::AMOUNT, 0.5).await.unwrap();
    assert_eq!(amounts, Some(7.5));
    let none = measures.filter(Measure::DEVICE.eq("c")).percentile_cont(Measure::COUNT, 0.5);
    assert_eq!(none.await.unwrap(), None);
    let everybody = db.all_tenants("a case").repo::<Measure>().query();
    let least = everybody.percentile_cont(Measure::COUNT, 0.0).await.unwrap();
    assert_eq!(least, Some(-50_000.0));
}

pub(crate) async fn what_is_no_share_is_refused(fixture: Fixture) {
    let db = measured(&fixture).await;
    let measures = acme(&db).repo::<Measure>();
    for share in [-0.1, 1.1, f64::NAN, f64::INFINITY] {
        let (query, percentile) = (|| measures.query(), Measure::COUNT.percentile(share));
        let beside = query().aggregate((count(), percentile)).await;
        assert_error!(beside, Error::InvalidInput { column, .. } if column == "share");
        let groups = || query().group_by(Measure::DEVICE);
        let selected = groups().select(percentile).all().await;
        assert_error!(selected, Error::InvalidInput { column, .. } if column == "share");
        let picked = groups().select(count()).having(percentile.gt(1) | percentile.lt(1));
        assert_error!(picked.all().await, Error::InvalidInput { column, .. } if column == "share");
        let ordered = groups().select(count()).order_by(percentile.desc()).all().await;
        assert_error!(ordered, Error::InvalidInput { column, .. } if column == "share");
        let between = query().percentile_cont(Measure::COUNT, share).await;
        assert_error!(between, Error::InvalidInput { column, .. } if column == "share");
    }
    let limited = measures.query().limit(1).percentile_cont(Measure::COUNT, 0.5).await;
    assert_error!(limited, Error::InvalidInput { column, .. } if column == "percentile_cont");
}
