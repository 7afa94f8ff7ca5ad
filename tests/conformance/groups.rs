//! Aggregates of rows in groups: keys, conditions, orders. Groups by time are in `buckets.rs`.

use std::sync::Arc;

use repo_core::query::Having;
use repo_core::testing::Recorder;
use repo_core::{Bucket, Database, Error, count, schema};
use rust_decimal::Decimal;

use crate::entities::*;
use crate::expect::assert_error;
use crate::fixture::{ACME, BOLT, Fixture, acme, backend, bolt, moment};

/// Measurements of two devices and of none, at two moments.
async fn measured(fixture: &Fixture) -> Database {
    let db = fixture.with(&schema![Measure]).await;
    let (first, second) = ("2026-01-31T12:00:00Z", "2026-01-31T13:00:00Z");
    let of = |device: Option<&str>, at, count, amount: Option<i64>| NewMeasure {
        device: device.map(str::to_owned),
        count,
        amount: amount.map(|units| Decimal::new(units, 2)),
        ..measure("", at)
    };
    let rows = [
        of(Some("b"), first, 1, Some(150)),
        of(Some("b"), second, 2, Some(250)),
        of(Some("a"), first, 30, None),
        of(None, first, 5, Some(1)),
        of(None, second, 5, Some(-1)),
        of(None, second, 5, None),
    ];
    let ours = acme(&db).repo::<Measure>();
    ours.create_many(rows).await.unwrap();
    let deleted = ours.create(of(Some("c"), first, 1_000, None)).await.unwrap();
    ours.delete(deleted.id).await.unwrap();
    bolt(&db).repo::<Measure>().create(of(Some("a"), first, 1_000, None)).await.unwrap();
    db
}

fn some(text: &str) -> Option<String> {
    Some(text.to_owned())
}

pub(crate) async fn a_group_has_its_key_and_its_aggregates(fixture: Fixture) {
    let db = measured(&fixture).await;
    let measures = acme(&db).repo::<Measure>();
    let groups = measures
        .query()
        .group_by(Measure::DEVICE)
        .select((
            count(),
            Measure::COUNT.sum(),
            Measure::AMOUNT.sum(),
            Measure::AMOUNT.avg(),
            Measure::AT.max(),
            Measure::AMOUNT.count(),
        ))
        .all()
        .await
        .unwrap();
    let (first, second) = (moment("2026-01-31T12:00:00Z"), moment("2026-01-31T13:00:00Z"));
    let (four, two) = (Decimal::new(4, 0), Decimal::new(2, 0));
    let expected = [
        (some("a"), (1, Some(30), None, None, Some(first), 0)),
        (some("b"), (2, Some(3), Some(four), Some(two), Some(second), 2)),
        (None, (3, Some(15), Some(Decimal::ZERO), Some(Decimal::ZERO), Some(second), 2)),
    ];
    assert_eq!(groups, expected, "by key, and NULL is one that ranks above all");
    let descending = measures.query().group_by(Measure::DEVICE).select(count()).descending();
    assert_eq!(descending.all().await.unwrap(), [(None, 3), (some("b"), 2), (some("a"), 1)]);
    let nothing = measures.filter(Measure::COUNT.lt(0)).group_by(Measure::AT).select(count());
    assert_eq!(nothing.all().await.unwrap(), []);
}

pub(crate) async fn keys_are_up_to_four_and_of_any_type(fixture: Fixture) {
    let db = measured(&fixture).await;
    let measures = acme(&db).repo::<Measure>();
    let day = Measure::AT.bucket(Bucket::days(1));
    let keys = (Measure::TENANT_ID, day, Measure::COUNT, Measure::DEVICE);
    let groups = measures.query().group_by(keys).select((count(),)).all().await.unwrap();
    let midnight = moment("2026-01-31T00:00:00Z");
    let expected = [
        ((ACME, midnight, 1, some("b")), (1,)),
        ((ACME, midnight, 2, some("b")), (1,)),
        ((ACME, midnight, 5, None), (3,)),
        ((ACME, midnight, 30, some("a")), (1,)),
    ];
    assert_eq!(groups, expected);

    let samples = fixture.with(&schema![Sample]).await.session().repo::<Sample>();
    samples.create_many([sample(), NewSample { flag: false, ..sample() }, sample()]).await.unwrap();
    let query = || samples.query();
    let flags = query().group_by(Sample::FLAG).select(count()).all().await.unwrap();
    assert_eq!(flags, [(false, 1), (true, 2)]);
    let (all, new) = (samples.first().await.unwrap().unwrap(), sample());
    let keys = (Sample::STATUS, Sample::BYTES, Sample::UUID, Sample::PRICE);
    let groups = query().group_by(keys).select(count()).all().await.unwrap();
    assert_eq!(groups, [((new.status, new.bytes, new.uuid, all.price), 3)]);
    let keys = (Sample::DATE, Sample::TIME, Sample::SINGLE, Sample::INSTANT);
    let groups = query().group_by(keys).select(count()).all().await.unwrap();
    assert_eq!(groups, [((new.date, new.time, new.single, all.instant), 3)]);
}

pub(crate) async fn conditions_on_groups_are_nested_so_deep_and_no_deeper(fixture: Fixture) {
    let db = measured(&fixture).await;
    let measures = acme(&db).repo::<Measure>();
    let groups = |condition: Having<Measure>| {
        let groups = measures.query().group_by(Measure::DEVICE).select(count());
        groups.having(condition).all()
    };
    let nested = |levels: usize| {
        (0..levels).fold(count().ge(1), |condition, level| match level % 2 {
            0 => condition | count().ge(9),
            _ => condition & count().ge(1),
        })
    };
    assert_eq!(groups(nested(50)).await.unwrap().len(), 3);
    for levels in [51, 1_200, 50_000] {
        let refused = groups(nested(levels)).await;
        assert_error!(refused, Error::InvalidInput { column, .. } if column == "having");
    }
    let flat = (0..2_000).fold(count().ge(1), |condition, _| condition & count().ge(1));
    assert_eq!(groups(flat).await.unwrap().len(), 3);
}

pub(crate) async fn a_condition_on_an_aggregate_picks_groups(fixture: Fixture) {
    let db = measured(&fixture).await;
    let measures = acme(&db).repo::<Measure>();
    macro_rules! devices {
        ($condition:expr) => {{
            let groups = measures.query().group_by(Measure::DEVICE).select(count());
            let groups = groups.having($condition).all().await.unwrap();
            groups.into_iter().map(|(key, _)| key.unwrap_or("-".into())).collect::<String>()
        }};
    }
    let (sum, amount) = (Measure::COUNT.sum(), Measure::AMOUNT.sum());
    let second = moment("2026-01-31T13:00:00Z");
    assert_eq!(devices!(count().gt(1)), "b-");
    assert_eq!(devices!(count().ne(2)), "a-");
    assert_eq!(devices!(sum.ge(15)), "a-");
    assert_eq!(devices!(sum.gt(15)), "a");
    assert_eq!(devices!(sum.gt(-1)), "ab-");
    assert_eq!(devices!(sum.lt(15) | sum.eq(30)), "ab");
    assert_eq!(devices!(sum.ge(15) & count().le(1)), "a");
    assert_eq!(devices!(amount.eq(Decimal::ZERO)), "-", "None meets no comparison");
    assert_eq!(devices!(amount.ne(Decimal::ZERO)), "b");
    assert_eq!(devices!(amount.gt(Decimal::new(-1, 6))), "b-");
    assert_eq!(devices!(amount.lt(Decimal::new(i64::MAX, 6))), "b-", "of any size");
    assert_eq!(devices!(amount.le(Decimal::new(i64::MIN, 6))), "");
    assert_eq!(devices!(Measure::AMOUNT.avg().ge(Decimal::TWO)), "b");
    assert_eq!(devices!(Measure::AMOUNT.avg().lt(Decimal::new(20000001, 7))), "b-");
    assert_eq!(devices!(Measure::COUNT.avg().eq(1.5)), "b");
    assert_eq!(devices!(Measure::AT.max().lt(second)), "a");
    assert_eq!(devices!(Measure::DEVICE.min().ge("b".to_owned())), "b");
    assert_eq!(devices!(Measure::AMOUNT.count_distinct().eq(2)), "b-");
    let nan = measures.query().group_by(Measure::AT).select(count());
    let nan = nan.having(Measure::COUNT.avg().gt(f64::NAN)).all().await;
    assert_error!(nan, Error::InvalidInput { column, .. } if column == "count");
    let fine = measures.query().group_by(Measure::AT).select(count());
    let fine = fine.having(amount.gt(Decimal::new(1, 7))).all().await;
    assert_error!(fine, Error::InvalidInput { column, .. } if column == "amount");
}

pub(crate) async fn groups_are_ordered_by_aggregates_and_cut(fixture: Fixture) {
    let db = measured(&fixture).await;
    let measures = acme(&db).repo::<Measure>();
    macro_rules! devices {
        ($($order:expr),+; $limit:expr) => {{
            let groups = measures.query().group_by(Measure::DEVICE).select(count());
            let groups = groups$(.order_by($order))+.limit($limit).all().await.unwrap();
            groups.into_iter().map(|(key, _)| key.unwrap_or("-".into())).collect::<String>()
        }};
    }
    assert_eq!(devices!(Measure::COUNT.sum().desc(); 9), "a-b");
    assert_eq!(devices!(Measure::COUNT.sum().asc(); 2), "b-");
    assert_eq!(devices!(Measure::AMOUNT.avg().asc(); 9), "-ba");
    assert_eq!(devices!(Measure::AMOUNT.sum().desc(); 9), "ab-", "None ranks above all");
    assert_eq!(devices!(Measure::AMOUNT.sum().desc().nulls_last(); 9), "b-a");
    assert_eq!(devices!(Measure::AMOUNT.sum().asc().nulls_first(); 9), "a-b");
    assert_eq!(devices!(Measure::AT.max().asc(), count().desc(); 9), "a-b");
    assert_eq!(devices!(Measure::AT.max().desc(); 9), "b-a", "equals by key");
    assert_eq!(devices!(count().asc(); 0), "");
}

pub(crate) async fn large_sums_are_compared_and_ordered_exactly(fixture: Fixture) {
    let db = fixture.with(&schema![Measure]).await;
    let measures = acme(&db).repo::<Measure>();
    let at = "2026-01-31T12:00:00Z";
    let of = |device: &str, count| NewMeasure { count, ..measure(device, at) };
    let rows = [
        of("a", i64::MAX),
        of("a", i64::MAX),
        of("a", -i64::MAX),
        of("b", i64::MAX),
        of("b", -1),
        of("c", -1),
        of("d", i64::MIN),
        of("e", -(1 << 32)),
        of("e", -1),
        of("f", -(1 << 32)),
    ];
    measures.create_many(rows).await.unwrap();
    let sum = Measure::COUNT.sum();
    let groups = || measures.query().group_by(Measure::DEVICE).select(sum);
    let ordered = groups().order_by(sum.asc()).all().await.unwrap();
    let ordered: String = ordered.into_iter().filter_map(|(device, _)| device).collect();
    assert_eq!(ordered, "defcba");
    assert_eq!(
        groups().having(sum.eq(i64::MAX)).all().await.unwrap(),
        [(some("a"), Some(i64::MAX))]
    );
    assert_eq!(groups().having(sum.lt(-(1 << 32))).all().await.unwrap().len(), 2);
    assert_eq!(groups().having(sum.le(-1)).all().await.unwrap().len(), 4);
    assert_eq!(groups().having(sum.gt(i64::MAX - 1)).all().await.unwrap().len(), 1);
    measures.create(of("a", 1)).await.unwrap();
    assert_error!(groups().all().await, Error::OutOfRange { entity: "Measure" });
    let others = groups().having(Measure::COUNT.min().gt(-2)).all().await.unwrap();
    assert_eq!(others, [(some("b"), Some(i64::MAX - 1)), (some("c"), Some(-1))]);
}

pub(crate) async fn groups_are_of_the_tenant_and_one_statement(fixture: Fixture) {
    let db = measured(&fixture).await;
    let recorder = Recorder::new(Arc::clone(backend(&db)));
    let watched = Database::new(Arc::new(recorder.clone()));
    let measures = bolt(&watched).repo::<Measure>();
    let groups = measures.query().group_by(Measure::DEVICE).select(Measure::COUNT.sum()).all();
    assert_eq!(groups.await.unwrap(), [(some("a"), Some(1_000))]);
    let range = moment("2026-01-31T00:00:00Z")..moment("2026-02-01T00:00:00Z");
    let hours = measures.query().group_by(Measure::AT.bucket(Bucket::hours(1))).fill(range);
    assert_eq!(hours.select(count()).all().await.unwrap().len(), 24);
    measures.query().aggregate((count(), Measure::COUNT.avg())).await.unwrap();
    measures.query().latest_per(Measure::DEVICE, Measure::AT).await.unwrap();
    measures.query().percentile(Measure::COUNT, 0.5).await.unwrap();
    let statements = recorder.sql();
    assert_eq!(statements.len(), 5, "{statements:?}");
    for sql in statements {
        assert!(sql.contains("FROM \"measures\" WHERE \"tenant_id\" = "), "{sql}");
        assert!(sql.contains("AND \"deleted_at\" IS NULL"), "{sql}");
    }
    let all = db.all_tenants("a case").repo::<Measure>();
    let tenants = all.query().group_by(Measure::TENANT_ID).select(count()).all().await.unwrap();
    assert_eq!(tenants, [(ACME, 6), (BOLT, 1)]);
    let gone = acme(&db).repo::<Measure>().query().only_deleted();
    let gone = gone.group_by(Measure::DEVICE).select(count()).all().await.unwrap();
    assert_eq!(gone, [(some("c"), 1)]);
}

pub(crate) async fn what_cannot_be_grouped_is_refused(fixture: Fixture) {
    let db = fixture.with(&schema![Measure]).await;
    let measures = acme(&db).repo::<Measure>();
    let range = moment("0001-01-01T00:00:00Z")..moment("9999-01-01T00:00:00Z");
    for bucket in [Bucket::hours(0), Bucket::years(0), Bucket::weeks(u32::MAX)] {
        let groups = measures.query().group_by(Measure::AT.bucket(bucket));
        let filled = groups.fill(range.clone()).select(count()).all().await;
        assert_error!(filled, Error::InvalidInput { column, .. } if column == "bucket");
        let groups = measures.query().group_by(Measure::AT.bucket(bucket)).select(count());
        assert_error!(groups.all().await, Error::InvalidInput { column, .. } if column == "bucket");
        let latest = measures.query().latest_per(Measure::AT.bucket(bucket), Measure::AT).await;
        assert_error!(latest, Error::InvalidInput { column, .. } if column == "bucket");
    }
    let hours = measures.query().group_by(Measure::AT.bucket(Bucket::hours(1)));
    let hours = hours.fill(range).select(count()).all().await;
    assert_error!(hours, Error::InvalidInput { column, .. } if column == "at");
    let ordered = measures.query().order_by(Measure::AT.asc());
    let ordered = ordered.group_by(Measure::DEVICE).select(count()).all().await;
    assert_error!(ordered, Error::InvalidInput { column, .. } if column == "group_by");
    let limited = measures.query().limit(1).group_by(Measure::DEVICE).select(count()).all().await;
    assert_error!(limited, Error::InvalidInput { column, .. } if column == "group_by");
}

pub(crate) async fn an_infinite_sum_is_out_of_range_wherever_it_is_asked_for(fixture: Fixture) {
    let db = fixture.with(&schema![Optional]).await;
    let samples = db.session().repo::<Optional>();
    let of = |label: &str, text: &str, double| NewOptional {
        text: some(text),
        double: Some(double),
        ..nothing(label)
    };
    let rows = [of("1", "large", f64::MAX), of("2", "large", f64::MAX), of("3", "usual", 1.5)];
    samples.create_many(rows).await.unwrap();
    samples.create(nothing("4")).await.unwrap();
    let groups = || samples.query().group_by(Optional::TEXT).select(count());
    let (sum, average) = (Optional::DOUBLE.sum(), Optional::DOUBLE.avg());
    let usual = || samples.filter(Optional::TEXT.is_null() | Optional::TEXT.eq("usual"));
    let found = usual().group_by(Optional::TEXT).select(count()).having(sum.gt(1.0)).all().await;
    assert_eq!(found.unwrap(), [(some("usual"), 1)], "where all are finite");
    let found = usual().group_by(Optional::TEXT).select(count()).order_by(average.desc());
    assert_eq!(found.all().await.unwrap(), [(None, 1), (some("usual"), 1)]);
    for (what, answer) in [
        ("having a sum", groups().having(sum.gt(1.0)).all().await),
        ("having an average", groups().having(average.lt(1.0)).all().await),
        ("having one of two", groups().having(count().gt(0) | sum.gt(1.0)).all().await),
        ("having both", groups().having(count().eq(1) & sum.gt(1.0)).all().await),
        ("by a sum", groups().order_by(sum.desc()).all().await),
        ("by an average", groups().order_by(average.asc()).limit(1).all().await),
        ("by it, left out", groups().having(count().eq(1)).order_by(sum.asc()).all().await),
    ] {
        assert!(
            matches!(answer, Err(Error::OutOfRange { entity: "Optional" })),
            "{what}: {answer:?}"
        );
    }
    let selected = samples.query().group_by(Optional::TEXT).select(sum).having(count().eq(1));
    assert_error!(selected.all().await, Error::OutOfRange { entity: "Optional" });
    assert_eq!(groups().all().await.unwrap().len(), 3, "nothing is summed up");
}
