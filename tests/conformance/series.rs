//! The newest rows, those of the last while, and ranges of time.

use std::time::Duration;

use chrono::TimeDelta;
use repo_core::{Bucket, Error, WindowRequest, schema};

use crate::entities::*;
use crate::expect::assert_error;
use crate::fixture::{Fixture, acme, bolt, moment};

fn devices(rows: &[Measure]) -> String {
    rows.iter().map(|row| row.device.as_deref().unwrap_or("-")).collect()
}

pub(crate) async fn the_latest_row_is_the_one_with_the_greatest_value(fixture: Fixture) {
    let db = fixture.with(&schema![Measure]).await;
    let measures = acme(&db).repo::<Measure>();
    let sent = |device, at, sent| NewMeasure { sent_at: Some(moment(sent)), ..measure(device, at) };
    measures.create(sent("a", "2026-01-01T00:00:00Z", "2026-01-03T00:00:00Z")).await.unwrap();
    measures.create(measure("b", "2026-01-02T00:00:00Z")).await.unwrap();
    measures.create(measure("c", "2026-01-02T00:00:00Z")).await.unwrap();
    let last = measures.create(measure("d", "2026-01-03T00:00:00Z")).await.unwrap();
    measures.delete(last.id).await.unwrap();
    bolt(&db).repo::<Measure>().create(measure("e", "2026-01-09T00:00:00Z")).await.unwrap();
    let latest = measures.query().latest(Measure::AT).await.unwrap().unwrap();
    assert_eq!(latest.device.as_deref(), Some("c"), "of two, the one with the highest id");
    let query = measures.query().order_by(Measure::DEVICE.asc());
    let latest = query.latest(Measure::AT).await.unwrap().unwrap();
    assert_eq!(latest.device.as_deref(), Some("b"), "or as the query has it");
    let sent = measures.query().latest(Measure::SENT_AT).await.unwrap().unwrap();
    assert_eq!(sent.device.as_deref(), Some("a"), "NULL is not new");
    let filtered = measures.filter(Measure::DEVICE.eq("a")).latest(Measure::AT).await.unwrap();
    assert_eq!(filtered, Some(sent));
    let deleted = measures.query().with_deleted().latest(Measure::AT).await.unwrap().unwrap();
    assert_eq!(deleted.id, last.id);
}

pub(crate) async fn of_rows_that_are_alike_in_all_the_id_decides(fixture: Fixture) {
    let db = fixture.with(&schema![Measure]).await;
    let measures = acme(&db).repo::<Measure>();
    let rows = (0..4).map(|_| measure("same", "2026-01-01T00:00:00Z"));
    let rows = measures.create_many(rows).await.unwrap();
    for order in [Measure::DEVICE.asc(), Measure::DEVICE.desc()] {
        let query = || measures.query().order_by(order);
        let latest = query().latest(Measure::AT).await.unwrap();
        assert_eq!(latest.as_ref(), Some(&rows[3]), "the highest, whatever the direction");
        let earliest = query().earliest(Measure::AT).await.unwrap();
        assert_eq!(earliest.as_ref(), Some(&rows[0]), "the lowest, whatever the direction");
        let all = db.all_tenants("a case").repo::<Measure>().query().order_by(order);
        assert_eq!(all.latest(Measure::AT).await.unwrap().as_ref(), Some(&rows[3]));
    }
    let by_id = || measures.query().order_by(Measure::ID.asc());
    assert_eq!(by_id().latest(Measure::AT).await.unwrap().as_ref(), Some(&rows[0]));
    let by_id = measures.query().order_by(Measure::ID.desc());
    assert_eq!(by_id.earliest(Measure::AT).await.unwrap().as_ref(), Some(&rows[3]));
}

pub(crate) async fn each_key_has_its_latest_row(fixture: Fixture) {
    let db = fixture.with(&schema![Measure]).await;
    let measures = acme(&db).repo::<Measure>();
    let none = |at| NewMeasure { device: None, ..measure("", at) };
    let rows = [
        measure("a", "2026-01-01T00:00:00Z"),
        measure("a", "2026-01-02T00:00:00Z"),
        measure("b", "2026-01-02T00:00:00Z"),
        measure("b", "2026-01-02T00:00:00Z"),
        none("2026-01-03T00:00:00Z"),
        none("2026-01-01T00:00:00Z"),
    ];
    let rows = measures.create_many(rows).await.unwrap();
    let later = measures.create(measure("a", "2026-01-09T00:00:00Z")).await.unwrap();
    measures.delete(later.id).await.unwrap();
    bolt(&db).repo::<Measure>().create(measure("a", "2026-01-09T00:00:00Z")).await.unwrap();
    let latest = || measures.query();
    let found = latest().latest_per(Measure::DEVICE, Measure::AT).await.unwrap();
    assert_eq!(found, [rows[1].clone(), rows[3].clone(), rows[4].clone()]);
    let newest = latest().order_by(Measure::AT.desc()).limit(2);
    let newest = newest.latest_per(Measure::DEVICE, Measure::AT).await.unwrap();
    assert_eq!(devices(&newest), "-b");
    let day = (Measure::DEVICE, Measure::AT.bucket(Bucket::days(1)));
    let found = latest().latest_per(day, Measure::AT).await.unwrap();
    assert_eq!(devices(&found), "aab--");
    assert_eq!(latest().latest_per(Measure::DEVICE, Measure::SENT_AT).await.unwrap(), []);
    let found = latest().with_deleted().latest_per(Measure::DEVICE, Measure::AT).await.unwrap();
    assert_eq!(found[0].id, later.id);
    let locked = latest().for_update().latest_per(Measure::DEVICE, Measure::AT).await;
    assert_error!(locked, Error::InvalidInput { column, .. } if column == "latest_per");
    let all = db.all_tenants("a case").repo::<Measure>().query();
    let all = all.latest_per((Measure::TENANT_ID, Measure::DEVICE), Measure::AT).await.unwrap();
    assert_eq!(devices(&all), "ab-a");
}

pub(crate) async fn the_earliest_row_is_the_one_with_the_least_value_and_each_key_has_its_own(
    fixture: Fixture,
) {
    let db = fixture.with(&schema![Measure]).await;
    let measures = acme(&db).repo::<Measure>();
    let rows = [
        measure("a", "2026-01-02T00:00:00Z"),
        measure("a", "2026-01-03T00:00:00Z"),
        measure("b", "2026-01-02T00:00:00Z"),
        measure("b", "2026-01-02T00:00:00Z"),
    ];
    let rows = measures.create_many(rows).await.unwrap();
    let sooner = measures.create(measure("a", "2026-01-01T00:00:00Z")).await.unwrap();
    measures.delete(sooner.id).await.unwrap();
    bolt(&db).repo::<Measure>().create(measure("a", "2026-01-01T00:00:00Z")).await.unwrap();
    let earliest = measures.query().earliest(Measure::AT).await.unwrap();
    assert_eq!(earliest.as_ref(), Some(&rows[0]), "of several, the one with the lowest id");
    assert_eq!(measures.query().earliest(Measure::SENT_AT).await.unwrap(), None, "NULL is not old");
    let query = || measures.query();
    let found = query().earliest_per(Measure::DEVICE, Measure::AT).await.unwrap();
    assert_eq!(found, [rows[0].clone(), rows[2].clone()]);
    let first = query().order_by(Measure::DEVICE.desc()).limit(1);
    let first = first.earliest_per(Measure::DEVICE, Measure::AT).await.unwrap();
    assert_eq!(devices(&first), "b");
    assert_eq!(query().earliest_per(Measure::DEVICE, Measure::SENT_AT).await.unwrap(), []);
    let locked = query().for_update().earliest_per(Measure::DEVICE, Measure::AT).await;
    assert_error!(locked, Error::InvalidInput { column, .. } if column == "earliest_per");
}

pub(crate) async fn recent_rows_are_those_of_the_last_while(fixture: Fixture) {
    let (db, clock) = fixture.with_clock(&schema![Measure]).await;
    let measures = acme(&db).repo::<Measure>();
    let rows = [
        measure("a", "2026-01-31T11:00:00.123456Z"),
        measure("b", "2026-01-31T11:00:00.123457Z"),
        measure("c", "2026-01-31T12:00:00.123456Z"),
        measure("d", "2026-01-31T12:00:00.123457Z"),
    ];
    measures.create_many(rows).await.unwrap();
    let recent = async |duration| {
        devices(&measures.query().recent(Measure::AT, duration).all().await.unwrap())
    };
    let hour = Duration::from_secs(3_600);
    assert_eq!(recent(hour).await, "bc", "up to now, and not from the start");
    assert_eq!(recent(Duration::MAX).await, "abc");
    assert_eq!(recent(Duration::from_secs(3_600 * 24 * 366 * 2_100)).await, "abc");
    assert_eq!(recent(Duration::ZERO).await, "");
    clock.advance(TimeDelta::hours(1));
    assert_eq!(recent(hour).await, "d", "the next hour has the others");
    let counted = measures.query().recent(Measure::AT, 2 * hour).count().await.unwrap();
    assert_eq!(counted, 3);
}

pub(crate) async fn a_cursor_of_recent_rows_is_one_of_their_moment(fixture: Fixture) {
    let (db, clock) = fixture.with_clock(&schema![Measure]).await;
    let measures = acme(&db).repo::<Measure>();
    let at = "2026-01-31T12:00:00Z";
    measures.create_many(["a", "b", "c"].map(|device| measure(device, at))).await.unwrap();
    let recent = || measures.query().recent(Measure::AT, Duration::from_secs(3_600));
    let fixed = || measures.filter(Measure::AT.gt(moment("2026-01-31T11:00:00Z")));
    let first = |rows| WindowRequest::first(rows);
    let of_recent = recent().window(first(1)).await.unwrap().end.unwrap();
    let of_fixed = fixed().window(first(1)).await.unwrap().end.unwrap();
    clock.advance(TimeDelta::seconds(1));
    assert_error!(recent().window(first(2).after(of_recent)).await, Error::InvalidCursor { .. });
    let next = fixed().window(first(2).after(of_fixed)).await.unwrap();
    assert_eq!(devices(&next.items), "bc", "of a fixed start it goes on");
}

pub(crate) async fn a_range_of_time_is_half_open(fixture: Fixture) {
    let db = fixture.with(&schema![Measure]).await;
    let measures = acme(&db).repo::<Measure>();
    let rows = [
        measure("a", "2026-01-30T23:59:59.999999Z"),
        measure("b", "2026-01-31T00:00:00Z"),
        measure("c", "2026-01-31T23:59:59.999999Z"),
        measure("d", "2026-02-01T00:00:00Z"),
    ];
    measures.create_many(rows).await.unwrap();
    let range = moment("2026-01-31T00:00:00Z")..moment("2026-02-01T00:00:00Z");
    let query = || measures.filter(Measure::AT.within(range.clone()));
    assert_eq!(devices(&query().all().await.unwrap()), "bc");
    assert_eq!(query().min(Measure::DEVICE).await.unwrap().as_deref(), Some("b"));
    let latest = query().latest(Measure::AT).await.unwrap().unwrap();
    assert_eq!(latest.device.as_deref(), Some("c"));
}
