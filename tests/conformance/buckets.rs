//! Rows in buckets of time: where they start and end, those that are empty, and those between given moments.

use chrono::{DateTime, NaiveDate, TimeDelta, Utc};
use repo_core::{Bucket, Error, Repository, Summary, Tenant, count, schema};
use uuid::Uuid;

use crate::entities::*;
use crate::expect::assert_error;
use crate::fixture::{Fixture, acme, moment};

/// What came on a day.
#[derive(Debug, Clone, PartialEq, Repository)]
#[repository(table = "deliveries", tenant)]
struct Delivery {
    id: i64,
    tenant_id: Uuid,
    day: NaiveDate,
    due: Option<NaiveDate>,
}

type Measures = MeasureRepository<Tenant<Uuid>>;

/// A measurement at each of some moments on the edges of buckets.
async fn at_the_edges(fixture: &Fixture) -> Measures {
    let db = fixture.with(&schema![Measure]).await;
    let measures = acme(&db).repo::<Measure>();
    let moments = [
        "0001-01-01T00:00:00Z",
        "1969-12-31T22:59:59.999999Z",
        "1969-12-31T23:00:00Z",
        "1969-12-31T23:59:59.999999Z",
        "1970-01-01T00:00:00Z",
        "2026-01-31T12:59:59.999999Z",
        "2026-01-31T13:00:00Z",
        "2026-02-28T23:59:59.999999Z",
        "9999-12-31T23:59:59.999999Z",
    ];
    let rows = moments.map(|at| NewMeasure { sent_at: Some(moment(at)), ..measure("a", at) });
    measures.create_many(rows).await.unwrap();
    measures
}

pub(crate) async fn a_bucket_has_its_start_and_not_its_end(fixture: Fixture) {
    let measures = at_the_edges(&fixture).await;
    for (bucket, expected) in [
        (
            Bucket::hours(1),
            "0001-01-01T00 1, 1969-12-31T22 1, 1969-12-31T23 2, 1970-01-01T00 1, 2026-01-31T12 1, \
             2026-01-31T13 1, 2026-02-28T23 1, 9999-12-31T23 1, ",
        ),
        (
            Bucket::days(1),
            "0001-01-01T00 1, 1969-12-31T00 3, 1970-01-01T00 1, 2026-01-31T00 2, 2026-02-28T00 1, \
             9999-12-31T00 1, ",
        ),
        (
            Bucket::weeks(1),
            "0001-01-01T00 1, 1969-12-29T00 4, 2026-01-26T00 2, 2026-02-23T00 1, 9999-12-27T00 1, ",
        ),
        (
            Bucket::months(1),
            "0001-01-01T00 1, 1969-12-01T00 3, 1970-01-01T00 1, 2026-01-01T00 2, 2026-02-01T00 1, \
             9999-12-01T00 1, ",
        ),
        (
            Bucket::years(1),
            "0001-01-01T00 1, 1969-01-01T00 3, 1970-01-01T00 1, 2026-01-01T00 3, 9999-01-01T00 1, ",
        ),
    ] {
        let groups = measures.query().group_by(Measure::AT.bucket(bucket)).select(count());
        let shown = groups.all().await.unwrap().into_iter();
        let shown: String =
            shown.map(|(at, n)| format!("{} {n}, ", at.format("%Y-%m-%dT%H"))).collect();
        assert_eq!(shown, expected, "{bucket:?}");
    }
}

pub(crate) async fn a_bucket_may_be_long_or_one_of_several_keys(fixture: Fixture) {
    let measures = at_the_edges(&fixture).await;
    measures.create(measure("a", "2026-01-31T13:00:00Z")).await.unwrap();
    let ages = Measure::SENT_AT.bucket(Bucket::years(4_000));
    let groups = measures.query().group_by(ages).select(count()).all().await.unwrap();
    let starts: Vec<_> = groups.iter().map(|(at, _)| at.map(|at| at.to_string())).collect();
    assert_eq!(
        starts[1..],
        [
            Some("1970-01-01 00:00:00 UTC".to_owned()),
            Some("9970-01-01 00:00:00 UTC".to_owned()),
            None
        ]
    );
    assert_eq!(starts[0].as_deref().map(|at| at.contains("-2030-01-01")), Some(true), "{starts:?}");
    let quarters = (Measure::AT.bucket(Bucket::minutes(15)), Measure::DEVICE);
    let groups = measures.query().group_by(quarters).select(count()).all().await.unwrap();
    assert_eq!(groups.len(), 9);
}

pub(crate) async fn empty_buckets_are_there_on_request(fixture: Fixture) {
    let db = fixture.with(&schema![Measure]).await;
    let measures = acme(&db).repo::<Measure>();
    let rows = ["2025-01-01T00:00:00Z", "2025-01-01T23:59:59.999999Z", "2026-02-04T12:00:00Z"];
    measures.create_many(rows.map(|at| measure("a", at))).await.unwrap();
    let day = || measures.query().group_by(Measure::AT.bucket(Bucket::days(1)));
    let fill = |from: &str, to: &str| {
        let groups = day().fill(moment(from)..moment(to));
        groups.select((count(), Measure::COUNT.sum())).all()
    };
    let days = fill("2025-01-01T00:00:00Z", "2026-02-05T00:00:00Z").await.unwrap();
    assert_eq!(days.len(), 400);
    assert_eq!(days[0], (moment("2025-01-01T00:00:00Z"), (2, Some(2))));
    assert_eq!(days[399], (moment("2026-02-04T00:00:00Z"), (1, Some(1))));
    assert!(days[1..399].iter().all(|(_, empty)| *empty == (0, None)));
    assert!(days.windows(2).all(|pair| (pair[1].0 - pair[0].0).num_hours() == 24));
    let part = fill("2025-01-01T12:00:00Z", "2025-01-02T00:00:00.000001Z").await.unwrap();
    let first = (moment("2025-01-01T00:00:00Z"), (1, Some(1)));
    assert_eq!(part, [first, (moment("2025-01-02T00:00:00Z"), (0, None))], "rows of the range");
    assert_eq!(fill("2026-01-01T00:00:00Z", "2026-01-01T00:00:00Z").await.unwrap(), []);
    assert_eq!(fill("2026-01-02T00:00:00Z", "2026-01-01T00:00:00Z").await.unwrap(), []);
    let before = fill("1969-12-31T00:00:00Z", "1970-01-02T00:00:00Z").await.unwrap();
    assert_eq!(before.len(), 2);
    let months = measures.query().group_by(Measure::SENT_AT.bucket(Bucket::months(1)));
    let range = moment("2025-01-31T00:00:00Z")..moment("2025-03-01T00:00:00Z");
    let months = months.fill(range).select(count()).all().await.unwrap();
    let start = |text| (moment(text), 0);
    assert_eq!(months, [start("2025-01-01T00:00:00Z"), start("2025-02-01T00:00:00Z")]);
}

/// The midnights of Berlin around the day on which its clocks are put forward, which has 23 hours.
const MIDNIGHTS: [&str; 4] = [
    "2026-03-27T23:00:00Z",
    "2026-03-28T23:00:00Z",
    "2026-03-29T22:00:00Z",
    "2026-03-30T22:00:00Z",
];

/// Measurements around and between these midnights, and in none of the two last days.
async fn around_midnights(fixture: &Fixture) -> Measures {
    let db = fixture.with(&schema![Measure]).await;
    let measures = acme(&db).repo::<Measure>();
    let moments = [
        ("a", "2026-03-27T22:59:59.999999Z"),
        ("a", "2026-03-27T23:00:00Z"),
        ("b", "2026-03-28T22:59:59.999999Z"),
        ("a", "2026-03-30T21:59:59.999999Z"),
        ("b", "2026-03-30T22:00:00Z"),
    ];
    let rows = moments.map(|(device, at)| NewMeasure {
        sent_at: Some(moment(at)).filter(|_| device == "a"),
        ..measure(device, at)
    });
    measures.create_many(rows).await.unwrap();
    measures
}

pub(crate) async fn a_moment_is_in_the_bucket_of_the_last_edge_before_it(fixture: Fixture) {
    let measures = around_midnights(&fixture).await;
    let edges = MIDNIGHTS.map(moment);
    let days = || measures.query().group_by(Measure::AT.bucket_between(&edges));
    let counted: Vec<(DateTime<Utc>, u64)> = days().select(count()).all().await.unwrap();
    assert_eq!(counted, [(edges[0], 2), (edges[2], 1)], "nothing outside of the edges");
    let down = days().select(count()).having(count().gt(0)).descending().limit(1);
    assert_eq!(down.all().await.unwrap(), [(edges[2], 1)]);
    let filled = days().fill(..).select((count(), Measure::COUNT.sum())).all().await.unwrap();
    assert_eq!(filled[1], (edges[1], (0, None)));
    let filled: Vec<_> = filled.iter().map(|(at, (n, _))| (*at, *n)).collect();
    assert_eq!(filled, [(edges[0], 2), (edges[1], 0), (edges[2], 1)]);
    let one = measures.query().group_by(Measure::AT.bucket_between(&edges[2..]));
    assert_eq!(one.select(count()).all().await.unwrap(), [(edges[2], 1)], "one bucket");
    let before = measures.filter(Measure::AT.lt(edges[0]));
    let before = before.group_by(Measure::AT.bucket_between(&edges)).select(count());
    assert_eq!(before.all().await.unwrap(), []);
    let sent = measures.query().group_by(Measure::SENT_AT.bucket_between(&edges));
    let sent: Vec<(DateTime<Utc>, u64)> = sent.select(count()).all().await.unwrap();
    assert_eq!(sent, [(edges[0], 1), (edges[2], 1)], "no row without a moment");
}

pub(crate) async fn buckets_between_edges_are_keys_beside_others(fixture: Fixture) {
    let measures = around_midnights(&fixture).await;
    let edges = MIDNIGHTS.map(moment);
    let device = |name: &str| Some(name.to_owned());
    let day = || Measure::AT.bucket_between(&edges);
    let groups = measures.query().group_by((Measure::DEVICE, day()));
    let groups = groups.select((count(), Measure::COUNT.percentile(0.5))).all().await.unwrap();
    let expected = [
        ((device("a"), edges[0]), (1, Some(1))),
        ((device("a"), edges[2]), (1, Some(1))),
        ((device("b"), edges[0]), (1, Some(1))),
    ];
    assert_eq!(groups, expected);
    let months = Measure::AT.bucket(Bucket::months(1));
    let both = measures.query().group_by((day(), months)).select(count()).all().await.unwrap();
    let march = moment("2026-03-01T00:00:00Z");
    assert_eq!(both, [((edges[0], march), 2), ((edges[2], march), 1)]);
    let latest = measures.query().latest_per(day(), Measure::AT).await.unwrap();
    let latest: Vec<_> = latest.iter().map(|it| it.at.to_rfc3339()).collect();
    assert_eq!(latest, ["2026-03-28T22:59:59.999999+00:00", "2026-03-30T21:59:59.999999+00:00"]);
}

#[derive(Debug, PartialEq, Summary)]
#[summary(entity = Measure)]
struct LocalDay {
    #[summary(key = Measure::AT.bucket_between(&MIDNIGHTS.map(moment)))]
    day: DateTime<Utc>,
    #[summary(value = count())]
    rows: u64,
}

pub(crate) async fn a_summary_has_a_bucket_between_edges(fixture: Fixture) {
    let measures = around_midnights(&fixture).await;
    let [first, _, third, _] = MIDNIGHTS.map(moment);
    let days = measures.query().summaries::<LocalDay>().all().await.unwrap();
    assert_eq!(days, [LocalDay { day: first, rows: 2 }, LocalDay { day: third, rows: 1 }]);
}

pub(crate) async fn a_day_is_in_the_bucket_of_the_last_edge_before_it(fixture: Fixture) {
    let deliveries = on_days(&fixture).await;
    let edges = ["1969-12-31", "1970-01-01", "2026-02-01", "9999-12-31"].map(day);
    let groups = deliveries.query().group_by(Delivery::DAY.bucket_between(&edges));
    let groups: Vec<(NaiveDate, u64)> = groups.select(count()).all().await.unwrap();
    assert_eq!(groups, [(edges[0], 1), (edges[1], 2), (edges[2], 1)]);
    let due = deliveries.query().group_by(Delivery::DUE.bucket_between(&edges)).fill(..);
    let due: Vec<(NaiveDate, u64)> = due.select(count()).all().await.unwrap();
    assert_eq!(due, [(edges[0], 0), (edges[1], 1), (edges[2], 1)]);
}

pub(crate) async fn thousands_of_edges_are_one_statement(fixture: Fixture) {
    let measures = around_midnights(&fixture).await;
    let start = moment("2026-03-27T23:00:00Z");
    let edges: Vec<_> = (0..5_000).map(|minute| start + TimeDelta::minutes(minute)).collect();
    let minutes = measures.query().group_by(Measure::AT.bucket_between(&edges));
    let minutes = minutes.fill(..).select(count()).all().await.unwrap();
    assert_eq!(minutes.len(), 4_999);
    let found: Vec<_> = minutes.iter().filter(|(_, n)| *n > 0).map(|(at, _)| *at).collect();
    let expected = [
        "2026-03-27T23:00:00Z",
        "2026-03-28T22:59:00Z",
        "2026-03-30T21:59:00Z",
        "2026-03-30T22:00:00Z",
    ];
    assert_eq!(found, expected.map(moment));
}

pub(crate) async fn edges_that_do_not_ascend_are_refused(fixture: Fixture) {
    let measures = around_midnights(&fixture).await;
    let [first, second, third, _] = MIDNIGHTS.map(moment);
    let within_a_microsecond = first + TimeDelta::nanoseconds(999);
    let many: Vec<_> = (0..5_001).map(|hour| first + TimeDelta::hours(hour)).collect();
    for (edges, expected) in [
        (&[][..], "has fewer than two edges"),
        (&[first], "has fewer than two edges"),
        (&[first, first], "has the edge 2026-03-27 23:00:00 UTC not before the edge 2026-03-27 23"),
        (&[first, within_a_microsecond], "has the edge 2026-03-27 23:00:00 UTC not before"),
        (&[first, third, second], "has the edge 2026-03-29 22:00:00 UTC not before"),
        (&many, "has more than 5000 edges"),
    ] {
        let days = || measures.query().group_by(Measure::AT.bucket_between(edges));
        let refused = |answer: Result<(), Error>| {
            assert_error!(
                answer,
                Error::InvalidInput { column, reason } if column == "bucket" && reason.starts_with(expected)
            );
        };
        refused(days().select(count()).all().await.map(drop));
        refused(days().fill(..).select(count()).all().await.map(drop));
        let latest = measures.query().latest_per(Measure::AT.bucket_between(edges), Measure::AT);
        refused(latest.await.map(drop));
    }
    let beyond = [first, DateTime::<Utc>::MAX_UTC];
    let beyond = measures.query().group_by(Measure::AT.bucket_between(&beyond)).select(count());
    assert_error!(beyond.all().await, Error::InvalidInput { column, .. } if column == "at");
}

/// A delivery on each of some days on the edges of buckets.
async fn on_days(fixture: &Fixture) -> DeliveryRepository<Tenant<Uuid>> {
    let db = fixture.with(&schema![Delivery]).await;
    let deliveries = acme(&db).repo::<Delivery>();
    let days = ["0001-01-01", "1969-12-31", "1970-01-01", "2026-01-31", "2026-02-01", "9999-12-31"];
    let rows = days.map(|text| NewDelivery {
        day: day(text),
        due: Some(day(text)).filter(|day| *day > NaiveDate::default()),
    });
    deliveries.create_many(rows).await.unwrap();
    deliveries
}

fn day(text: &str) -> NaiveDate {
    text.parse().unwrap()
}

pub(crate) async fn a_day_is_in_a_bucket_of_whole_days(fixture: Fixture) {
    let deliveries = on_days(&fixture).await;
    for (bucket, expected) in [
        (
            Bucket::days(1),
            "0001-01-01 1, 1969-12-31 1, 1970-01-01 1, 2026-01-31 1, 2026-02-01 1, 9999-12-31 1, ",
        ),
        (Bucket::weeks(1), "0001-01-01 1, 1969-12-29 2, 2026-01-26 2, 9999-12-27 1, "),
        (
            Bucket::months(1),
            "0001-01-01 1, 1969-12-01 1, 1970-01-01 1, 2026-01-01 1, 2026-02-01 1, 9999-12-01 1, ",
        ),
        (
            Bucket::months(3),
            "0001-01-01 1, 1969-10-01 1, 1970-01-01 1, 2026-01-01 2, 9999-10-01 1, ",
        ),
        (
            Bucket::years(1),
            "0001-01-01 1, 1969-01-01 1, 1970-01-01 1, 2026-01-01 2, 9999-01-01 1, ",
        ),
    ] {
        let groups = deliveries.query().group_by(Delivery::DAY.bucket(bucket)).select(count());
        let groups: Vec<(NaiveDate, u64)> = groups.all().await.unwrap();
        let shown: String = groups.iter().map(|(day, n)| format!("{day} {n}, ")).collect();
        assert_eq!(shown, expected, "{bucket:?}");
    }
    let due = deliveries.query().group_by(Delivery::DUE.bucket(Bucket::years(100)));
    let due: Vec<(Option<NaiveDate>, u64)> = due.select(count()).all().await.unwrap();
    assert_eq!(due, [(Some(day("1970-01-01")), 2), (Some(day("9970-01-01")), 1), (None, 3)]);
    let latest =
        deliveries.query().latest_per(Delivery::DAY.bucket(Bucket::years(1)), Delivery::DAY);
    let days: Vec<_> = latest.await.unwrap().iter().map(|it| it.day.to_string()).collect();
    assert_eq!(days, ["0001-01-01", "1969-12-31", "1970-01-01", "2026-02-01", "9999-12-31"]);
    for bucket in [Bucket::hours(36), Bucket::minutes(1), Bucket::days(0)] {
        let refused = || deliveries.query().group_by(Delivery::DAY.bucket(bucket));
        assert_error!(refused().select(count()).all().await, Error::InvalidInput { column, .. } if column == "bucket");
        let filled = refused().fill(day("2026-01-01")..day("2026-01-02")).select(count());
        assert_error!(filled.all().await, Error::InvalidInput { column, .. } if column == "bucket");
        let latest = Delivery::DAY.bucket(bucket);
        let latest = deliveries.query().latest_per(latest, Delivery::DAY).await;
        assert_error!(latest, Error::InvalidInput { column, .. } if column == "bucket");
    }
}

pub(crate) async fn empty_buckets_of_days_are_there_on_request(fixture: Fixture) {
    let deliveries = on_days(&fixture).await;
    let fill = |bucket, from: &str, to: &str| {
        let groups = deliveries.query().group_by(Delivery::DUE.bucket(bucket));
        groups.fill(day(from)..day(to)).select(count()).all()
    };
    let days = fill(Bucket::days(1), "2026-01-30", "2026-02-01").await.unwrap();
    assert_eq!(days, [(day("2026-01-30"), 0), (day("2026-01-31"), 1)], "not the end");
    let weeks = fill(Bucket::weeks(1), "2026-01-31", "2026-02-03").await.unwrap();
    assert_eq!(weeks, [(day("2026-01-26"), 2), (day("2026-02-02"), 0)]);
    let months = fill(Bucket::months(1), "2025-12-31", "2026-02-02").await.unwrap();
    let start = |text, n| (day(text), n);
    assert_eq!(months, [start("2025-12-01", 0), start("2026-01-01", 1), start("2026-02-01", 1)]);
    assert_eq!(fill(Bucket::days(1), "2026-02-01", "2026-02-01").await.unwrap(), []);
}
