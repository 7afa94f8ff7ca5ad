//! Sums, averages, extremes and counts of the rows of a query.

use chrono::{NaiveDate, NaiveTime};
use repo_core::{Error, count, schema};
use rust_decimal::Decimal;
use uuid::Uuid;

use crate::entities::*;
use crate::expect::assert_error;
use crate::fixture::{Fixture, acme, bolt, moment};

fn decimal(text: &str) -> Decimal {
    text.parse().unwrap()
}

/// What comes first in every type.
fn lowest() -> NewSample {
    NewSample {
        flag: false,
        small: i16::MIN,
        medium: i32::MIN,
        large: i64::MIN,
        single: f32::MIN,
        double: -0.5,
        text: "Z".into(),
        bytes: vec![0x7f, 0xff],
        uuid: Uuid::from_u128(1),
        moment: moment("0001-01-01T00:00:00Z"),
        date: NaiveDate::from_ymd_opt(1, 1, 1).unwrap(),
        time: NaiveTime::MIN,
        price: Decimal::new(-999_999_999_999, 4),
        status: Status::InProgress,
        instant: Instant(moment("1969-12-31T23:59:59.999999Z")),
        ..sample()
    }
}

/// What comes last in every type.
fn highest() -> NewSample {
    NewSample {
        large: i64::MAX,
        text: "ä".into(),
        bytes: vec![0x80],
        uuid: Uuid::from_u128(u128::MAX),
        moment: moment("9999-12-31T23:59:59.999999Z"),
        price: Decimal::new(999_999_999_999, 4),
        status: Status::Done,
        ..sample()
    }
}

pub(crate) async fn numbers_of_every_type_have_a_sum_and_an_average(fixture: Fixture) {
    let samples = fixture.with(&schema![Optional]).await.session().repo::<Optional>();
    let rows = [(1, 10, 100, 0.5, 0.25), (2, -20, 200, 1.5, 0.5), (2, 5, -50, -0.25, 1.0)];
    let rows = rows.into_iter().enumerate().map(|(n, (small, medium, large, single, double))| {
        NewOptional {
            small: Some(small),
            medium: Some(medium),
            large: Some(large),
            single: Some(single),
            double: Some(double),
            whole: Some(Decimal::from(medium)),
            fraction: Some(Decimal::new(large, 3)),
            ..nothing(&n.to_string())
        }
    });
    samples.create_many(rows).await.unwrap();
    samples.create(nothing("NULL counts for nothing")).await.unwrap();
    let query = || samples.query();
    assert_eq!(query().sum(Optional::SMALL).await.unwrap(), Some(5));
    assert_eq!(query().sum(Optional::MEDIUM).await.unwrap(), Some(-5));
    assert_eq!(query().sum(Optional::LARGE).await.unwrap(), Some(250));
    assert_eq!(query().sum(Optional::SINGLE).await.unwrap(), Some(1.75));
    assert_eq!(query().sum(Optional::DOUBLE).await.unwrap(), Some(1.75));
    assert_eq!(query().sum(Optional::WHOLE).await.unwrap(), Some(Decimal::from(-5)));
    assert_eq!(query().sum(Optional::FRACTION).await.unwrap(), Some(decimal("0.250")));
    assert_eq!(query().avg(Optional::SMALL).await.unwrap(), Some(5.0 / 3.0));
    assert_eq!(query().avg(Optional::MEDIUM).await.unwrap(), Some(-5.0 / 3.0));
    assert_eq!(query().avg(Optional::LARGE).await.unwrap(), Some(250.0 / 3.0));
    assert_eq!(query().avg(Optional::SINGLE).await.unwrap(), Some(1.75 / 3.0));
    assert_eq!(query().avg(Optional::DOUBLE).await.unwrap(), Some(1.75 / 3.0));
    assert_eq!(query().avg(Optional::WHOLE).await.unwrap(), Some(decimal("-1.666667")));
    let average = query().avg(Optional::FRACTION).await.unwrap().unwrap();
    assert_eq!(average.to_string(), "0.083333333333333333333333");
}

/// The extremes of these columns are those of the two rows, and so many values differ.
macro_rules! extremes {
    ($samples:ident, $low:ident, $high:ident: $($column:ident $field:ident $different:literal,)+) => {$(
        let query = || $samples.query();
        let name = stringify!($field);
        let (min, max, different) = $samples
            .query()
            .aggregate((
                Sample::$column.min(),
                Sample::$column.max(),
                Sample::$column.count_distinct(),
            ))
            .await
            .unwrap();
        assert_eq!(min.as_ref(), Some(&$low.$field), "{name}");
        assert_eq!(max.as_ref(), Some(&$high.$field), "{name}");
        assert_eq!(different, $different, "{name}");
        assert_eq!(query().min(Sample::$column).await.unwrap(), min, "{name}");
        assert_eq!(query().max(Sample::$column).await.unwrap(), max, "{name}");
        assert_eq!(query().count_distinct(Sample::$column).await.unwrap(), different, "{name}");
    )+};
}

pub(crate) async fn every_type_has_extremes_and_different_values(fixture: Fixture) {
    let db = fixture.with(&schema![Sample]).await;
    let samples = db.session().repo::<Sample>();
    let middle = NewSample { text: "z".into(), bytes: vec![0x7f], ..sample() };
    let low = samples.create(lowest()).await.unwrap();
    samples.create(middle).await.unwrap();
    let high = samples.create(highest()).await.unwrap();
    extremes! { samples, low, high:
        FLAG flag 2, SMALL small 2, MEDIUM medium 2, LARGE large 3, SINGLE single 2, DOUBLE double 2,
        TEXT text 3, UUID uuid 3, MOMENT moment 3, DATE date 2, TIME time 2, PRICE price 3,
        INSTANT instant 2,
    }
    let bytes = (Sample::BYTES.min(), Sample::BYTES.max(), Sample::BYTES.count_distinct());
    let bytes = samples.query().aggregate(bytes).await.unwrap();
    assert_eq!(bytes, (Some(vec![0x7f]), Some(vec![0x80]), 3), "a prefix comes first");
    let status = samples.query().aggregate((Sample::STATUS.min(), Sample::STATUS.max())).await;
    assert_eq!(status.unwrap(), (Some(Status::Done), Some(Status::InProgress)), "by its name");
}

pub(crate) async fn of_no_rows_and_of_null_there_is_nothing(fixture: Fixture) {
    let samples = fixture.with(&schema![Optional]).await.session().repo::<Optional>();
    for rows in 0..2 {
        let query = || samples.query();
        let all = query().aggregate((
            count(),
            Optional::LARGE.count(),
            Optional::LARGE.count_distinct(),
            Optional::LARGE.sum(),
            Optional::WHOLE.avg(),
            Optional::UUID.max(),
        ));
        assert_eq!(all.await.unwrap(), (rows, 0, 0, None, None, None));
        assert_eq!(query().sum(Optional::DOUBLE).await.unwrap(), None);
        assert_eq!(query().avg(Optional::SMALL).await.unwrap(), None);
        assert_eq!(query().avg(Optional::SINGLE).await.unwrap(), None);
        assert_eq!(query().min(Optional::FLAG).await.unwrap(), None);
        assert_eq!(query().max(Optional::BYTES).await.unwrap(), None);
        assert_eq!(query().percentile(Optional::TEXT, 0.5).await.unwrap(), None);
        assert_eq!(query().latest(Optional::MOMENT).await.unwrap(), None);
        samples.create(nothing(&rows.to_string())).await.unwrap();
    }
}

pub(crate) async fn a_sum_is_exact_in_any_order_or_out_of_range(fixture: Fixture) {
    let samples = fixture.with(&schema![Optional]).await.session().repo::<Optional>();
    let most = Decimal::new(999_999_999_999_999_999, 0);
    let row = |n: i64, large, whole, double| NewOptional {
        large: Some(large),
        whole: Some(whole),
        double: Some(double),
        ..nothing(&n.to_string())
    };
    let rows = [
        row(0, i64::MAX, most, f64::MAX),
        row(1, i64::MAX, most, f64::MAX),
        row(2, i64::MIN, -most, 0.0),
        row(3, i64::MIN, -Decimal::ONE, 0.0),
        row(4, 9_007_199_254_740_993, most, 0.0),
        row(5, -1, most, 0.0),
    ];
    let labels = |labels: &[&str]| samples.filter(Optional::LABEL.in_list(labels.to_vec()));
    samples.create_many(rows).await.unwrap();
    let large = labels(&["0", "1", "2", "3", "4"]).sum(Optional::LARGE).await.unwrap();
    assert_eq!(large, Some(9_007_199_254_740_991), "too large only on the way");
    assert_eq!(labels(&["0", "2", "4"]).sum(Optional::LARGE).await.unwrap(), Some(1 << 53));
    assert_eq!(labels(&["2"]).sum(Optional::LARGE).await.unwrap(), Some(i64::MIN));
    let whole = labels(&["0", "1", "3", "4", "5"]).sum(Optional::WHOLE).await.unwrap();
    assert_eq!(whole, Some(decimal("3999999999999999995")), "beyond what a column holds");
    let average = labels(&["0", "1", "3"]).avg(Optional::WHOLE).await.unwrap();
    assert_eq!(average, Some(decimal("666666666666666665.666667")));
    let average = labels(&["0", "1"]).avg(Optional::LARGE).await.unwrap();
    assert_eq!(average, Some(i64::MAX as f64), "the sum of an average may be of any size");
    for labels_of in [&["0", "1"][..], &["0", "4"], &["2", "3"], &["2", "5"]] {
        let sum = labels(labels_of).sum(Optional::LARGE).await;
        assert_error!(sum, Error::OutOfRange { entity: "Optional" });
    }
    assert_error!(labels(&["0", "1"]).sum(Optional::DOUBLE).await, Error::OutOfRange { .. });
    assert_error!(labels(&["0", "1"]).avg(Optional::DOUBLE).await, Error::OutOfRange { .. });
    let many = (10..20).map(|n| row(n, 0, most, 0.0));
    samples.create_many(many).await.unwrap();
    assert_error!(samples.query().sum(Optional::WHOLE).await, Error::OutOfRange { .. });
}

pub(crate) async fn decimals_are_exact_and_averages_rounded_alike(fixture: Fixture) {
    let db = fixture.with(&schema![Measure]).await;
    let measures = acme(&db).repo::<Measure>();
    let amounts = ["900000000000.000001", "99999999999.999999", "0.000001", "-0.000004"];
    let new = |amount: &str| NewMeasure {
        amount: Some(decimal(amount)),
        ..measure("a", "2026-01-01T00:00:00Z")
    };
    measures.create_many(amounts.map(new)).await.unwrap();
    let sum = measures.query().sum(Measure::AMOUNT).await.unwrap().unwrap();
    assert_eq!(sum.to_string(), "999999999999.999997", "beyond 2^53 units");
    let average = measures.query().avg(Measure::AMOUNT).await.unwrap().unwrap();
    assert_eq!(average.to_string(), "249999999999.999999250000");
    let query = || measures.filter(Measure::AMOUNT.lt(decimal("1")));
    let average = query().avg(Measure::AMOUNT).await.unwrap().unwrap();
    assert_eq!(average.to_string(), "-0.000001500000");
    measures.create_many(["0.000001", "0"].map(new)).await.unwrap();
    measures.create_many(["0"; 60].map(new)).await.unwrap();
    let average = query().avg(Measure::AMOUNT).await.unwrap().unwrap();
    assert_eq!(average.to_string(), "-0.000000031250", "of 64 values");
    measures.create_many(["0"; 64].map(new)).await.unwrap();
    let only = || query().filter(Measure::AMOUNT.ne(decimal("-0.000004")));
    let average = only().avg(Measure::AMOUNT).await.unwrap().unwrap();
    assert_eq!(average.to_string(), "0.000000015748", "the last digit is rounded");
}

pub(crate) async fn every_policy_of_the_query_holds(fixture: Fixture) {
    let db = fixture.with(&schema![Ticket]).await;
    let (ours, theirs) = (acme(&db).repo::<Ticket>(), bolt(&db).repo::<Ticket>());
    for (n, weight) in [1, 10, 100].into_iter().enumerate() {
        let new = ticket(&format!("A-{n}")).weight(weight);
        let row = ours.create(new).await.unwrap();
        if weight == 10 {
            ours.delete(row.id).await.unwrap();
        }
    }
    theirs.create(ticket("B-1").weight(1_000)).await.unwrap();
    let sum = Ticket::WEIGHT;
    assert_eq!(ours.query().sum(sum).await.unwrap(), Some(101));
    assert_eq!(ours.query().with_deleted().sum(sum).await.unwrap(), Some(111));
    assert_eq!(ours.query().only_deleted().sum(sum).await.unwrap(), Some(10));
    assert_eq!(ours.filter(Ticket::WEIGHT.gt(1)).sum(sum).await.unwrap(), Some(100));
    assert_eq!(ours.query().max(Ticket::CODE).await.unwrap().as_deref(), Some("A-2"));
    assert_eq!(theirs.query().avg(sum).await.unwrap(), Some(1_000.0));
    assert_eq!(theirs.query().percentile(sum, 0.0).await.unwrap(), Some(1_000));
    let all = db.all_tenants("a case").repo::<Ticket>();
    assert_eq!(all.query().sum(sum).await.unwrap(), Some(1_101));
    assert_eq!(all.query().count_distinct(Ticket::TENANT_ID).await.unwrap(), 2);
}

pub(crate) async fn a_transaction_sees_its_own_rows(fixture: Fixture) {
    let db = fixture.with(&schema![Ticket]).await;
    let session = acme(&db);
    session.repo::<Ticket>().create(ticket("A-1").weight(2)).await.unwrap();
    let undone: Result<(), Error> = session
        .transaction(async |tx| {
            let tickets = tx.repo::<Ticket>();
            tickets.create(ticket("A-2").weight(3)).await?;
            assert_eq!(tickets.query().sum(Ticket::WEIGHT).await?, Some(5));
            let groups = tickets.query().group_by(Ticket::WEIGHT).select(count()).all().await?;
            assert_eq!(groups, [(2, 1), (3, 1)]);
            tickets.create(ticket("A-3").weight(i64::MAX)).await?;
            let sum = tickets.query().sum(Ticket::WEIGHT).await;
            assert_error!(sum, Error::OutOfRange { entity: "Ticket" });
            Ok(())
        })
        .await;
    assert_error!(undone, Error::TransactionFailed { .. });
    let sum = session.repo::<Ticket>().query().sum(Ticket::WEIGHT).await.unwrap();
    assert_eq!(sum, Some(2));
}

pub(crate) async fn what_is_not_about_all_rows_is_refused(fixture: Fixture) {
    let samples = fixture.with(&schema![Optional]).await.session().repo::<Optional>();
    let limited = || samples.query().limit(1);
    assert_error!(limited().sum(Optional::LARGE).await, Error::InvalidInput { .. });
    assert_error!(samples.query().offset(1).max(Optional::LARGE).await, Error::InvalidInput { .. });
    assert_error!(limited().percentile(Optional::LARGE, 0.5).await, Error::InvalidInput { .. });
    let nul = samples.filter(Optional::TEXT.eq("\0")).sum(Optional::LARGE).await;
    assert_error!(nul, Error::InvalidInput { column, .. } if column == "text");
    for share in [-0.1, 1.1, f64::NAN] {
        let percentile = samples.query().percentile(Optional::LARGE, share).await;
        assert_error!(percentile, Error::InvalidInput { column, .. } if column == "share");
    }
}

pub(crate) async fn a_percentile_is_one_of_the_values(fixture: Fixture) {
    let samples = fixture.with(&schema![Optional]).await.session().repo::<Optional>();
    let rows = (1..=10).map(|n| NewOptional {
        medium: Some(n * 10),
        text: Some(format!("{n:02}")),
        uuid: Some(Uuid::from_u128(n.unsigned_abs().into())),
        ..nothing(&n.to_string())
    });
    samples.create_many(rows).await.unwrap();
    samples.create(nothing("NULL")).await.unwrap();
    for (share, expected) in
        [(0.0, 10), (0.1, 10), (0.11, 20), (0.5, 50), (0.95, 100), (0.9, 90), (1.0, 100)]
    {
        let found = samples.query().percentile(Optional::MEDIUM, share).await.unwrap();
        assert_eq!(found, Some(expected), "{share}");
    }
    let median = samples.query().percentile(Optional::TEXT, 0.5).await.unwrap();
    assert_eq!(median.as_deref(), Some("05"));
    let median = samples.query().percentile(Optional::UUID, 0.5).await.unwrap();
    assert_eq!(median, Some(Uuid::from_u128(5)));
}
