//! Every column type: what is stored is what is read, on every database, and what no database keeps
//! is refused before it is sent.

use chrono::{DateTime, NaiveDate, NaiveTime, TimeDelta, Utc};
use repo_core::{Column, ColumnType, Database, Error, schema};
use rust_decimal::Decimal;
use uuid::Uuid;

use crate::entities::*;
use crate::expect::assert_error;
use crate::fixture::{Fixture, moment, of_another_program};

type Set<T> = fn(&mut NewOptional, Option<T>);

/// Stores each value, and expects it back from `create`, `find`, a filter and `patch`.
async fn kept<T>(db: &Database, column: Column<Optional, Option<T>>, set: Set<T>, values: &[T])
where
    T: ColumnType<Bare = T> + Clone + std::fmt::Debug,
    T::Class: repo_core::Comparable,
{
    let samples = db.session().repo::<Optional>();
    for (index, value) in values.iter().enumerate() {
        let mut new = nothing(&format!("{column:?} {index}"));
        set(&mut new, Some(value.clone()));
        let created = samples.create(new).await.unwrap();
        let found = samples.get(created.id).await.unwrap();
        assert_eq!(found, created, "{value:?}");
        let same = samples.filter(column.eq(value.clone())).filter(Optional::ID.eq(created.id));
        assert_eq!(same.one().await.unwrap(), created, "{value:?}");
        let cleared = repo_core::__private::Field::set(repo_core::Patch::new(), column, None);
        let cleared = samples.patch(created.id, cleared).await.unwrap();
        assert_eq!(cleared, samples.create(nothing("x")).await.map(|x| at(x, &created)).unwrap());
        samples.delete(samples.find_by_label("x").await.unwrap().unwrap().id).await.unwrap();
        let back =
            repo_core::__private::Field::set(repo_core::Patch::new(), column, Some(value.clone()));
        assert_eq!(samples.patch(created.id, back).await.unwrap(), created, "{value:?}");
    }
}

/// `sample` with the id and the label of `other`.
fn at(sample: Optional, other: &Optional) -> Optional {
    Optional { id: other.id, label: other.label.clone(), ..sample }
}

/// Expects each value to be refused, wherever it is given.
async fn refused<T>(db: &Database, column: Column<Optional, Option<T>>, set: Set<T>, values: &[T])
where
    T: ColumnType<Bare = T> + Clone + std::fmt::Debug,
    T::Class: repo_core::Comparable,
{
    let samples = db.session().repo::<Optional>();
    let row = samples.create(nothing(column.name())).await.unwrap();
    for value in values {
        let mut new = nothing("refused");
        set(&mut new, Some(value.clone()));
        let of_column = |error: &Error| matches!(error, Error::InvalidInput { column: of, .. } if of == column.name());
        let error = samples.create(new).await.expect_err("created");
        assert!(of_column(&error), "{value:?}: {error:?}");
        let patch =
            repo_core::__private::Field::set(repo_core::Patch::new(), column, Some(value.clone()));
        let error = samples.patch(row.id, patch).await.expect_err("patched");
        assert!(of_column(&error), "{value:?}: {error:?}");
        let error = samples.filter(column.eq(value.clone())).all().await.expect_err("compared");
        assert!(of_column(&error), "{value:?}: {error:?}");
    }
    assert_eq!(samples.get(row.id).await.unwrap(), row, "nothing was written");
    assert!(!samples.filter(Optional::LABEL.eq("refused")).exists().await.unwrap());
}

pub(crate) async fn a_value_of_every_type_comes_back(fixture: Fixture) {
    let db = fixture.with(&schema![Sample]).await;
    let samples = db.session().repo::<Sample>();
    let created = samples.create(sample()).await.unwrap();
    assert_eq!(created.price, Decimal::new(12_3456, 4));
    assert_eq!(created.payload.words, ["a"]);
    assert_eq!(samples.get(created.id).await.unwrap(), created);
    assert_eq!(samples.update(&created).await.unwrap(), created);
    let many = samples.create_many([sample(), sample()]).await.unwrap();
    let stored = samples.get_many(many.iter().map(|it| it.id)).await.unwrap();
    assert_eq!(stored, many.into_iter().map(Some).collect::<Vec<_>>());
}

pub(crate) async fn a_row_of_nothing_but_null_comes_back(fixture: Fixture) {
    let db = fixture.with(&schema![Optional]).await;
    let samples = db.session().repo::<Optional>();
    let created = samples.create(nothing("one")).await.unwrap();
    assert_eq!(created.text, None);
    assert_eq!(samples.get(created.id).await.unwrap(), created);
    let many = samples.create_many([nothing("two"), nothing("three")]).await.unwrap();
    assert_eq!(samples.get(many[1].id).await.unwrap(), many[1]);
}

pub(crate) async fn rows_that_many_add_at_once_come_back_as_each_gave_them(fixture: Fixture) {
    fixture.with(&schema![Sample]).await;
    let db = fixture.beside(2).await;
    let adding = (0..64_i16).map(|number| {
        let samples = db.session().repo::<Sample>();
        let new = NewSample {
            flag: number % 2 == 0,
            small: i16::MAX - number,
            single: f32::MIN_POSITIVE * f32::from(number),
            double: 0.1 + f64::from(number),
            text: format!("{number} \"quoted\" {{\\, 'NULL', ü, 𝄞}}"),
            bytes: vec![0, 0xff, b'\\', number.to_be_bytes()[1]],
            price: Decimal::new(-i64::from(number), 4),
            json: serde_json::json!({ "n": number, "of": [null, "{}", "\\"] }),
            status: if number % 3 == 0 { Status::Done } else { Status::InProgress },
            ..sample()
        };
        tokio::spawn(async move {
            let text = new.text.clone();
            let created = samples.create(new).await.unwrap();
            assert_eq!((created.small, &created.text), (i16::MAX - number, &text));
            assert_eq!(samples.get(created.id).await.unwrap(), created);
        })
    });
    for adding in adding.collect::<Vec<_>>() {
        adding.await.unwrap();
    }
    assert_eq!(db.session().repo::<Sample>().count().await.unwrap(), 64);
}

pub(crate) async fn integers_keep_their_limits(fixture: Fixture) {
    let db = fixture.with(&schema![Optional]).await;
    kept(&db, Optional::FLAG, |new, v| new.flag = v, &[true, false]).await;
    kept(&db, Optional::SMALL, |new, v| new.small = v, &[i16::MIN, -1, 0, 1, i16::MAX]).await;
    kept(&db, Optional::MEDIUM, |new, v| new.medium = v, &[i32::MIN, 0, i32::MAX]).await;
    let beyond_a_float = (1 << 53) + 1;
    let large = [i64::MIN, -beyond_a_float, 0, beyond_a_float, i64::MAX];
    kept(&db, Optional::LARGE, |new, v| new.large = v, &large).await;
}

pub(crate) async fn floats_keep_every_bit(fixture: Fixture) {
    let db = fixture.with(&schema![Optional]).await;
    let smallest = f64::from_bits(1);
    let double = [f64::MIN, -0.1, 0.0, 0.1 + 0.2, smallest, f64::MIN_POSITIVE, 1e16, f64::MAX];
    kept(&db, Optional::DOUBLE, |new, v| new.double = v, &double).await;
    let single = [f32::MIN, -0.1, 0.0, 0.1 + 0.2, f32::from_bits(1), f32::MIN_POSITIVE, f32::MAX];
    kept(&db, Optional::SINGLE, |new, v| new.single = v, &single).await;
}

pub(crate) async fn a_float_that_is_not_finite_is_refused(fixture: Fixture) {
    let db = fixture.with(&schema![Optional]).await;
    let double = [f64::NAN, f64::INFINITY, f64::NEG_INFINITY];
    refused(&db, Optional::DOUBLE, |new, v| new.double = v, &double).await;
    let single = [f32::NAN, f32::INFINITY, f32::NEG_INFINITY];
    refused(&db, Optional::SINGLE, |new, v| new.single = v, &single).await;
}

pub(crate) async fn zero_has_no_sign(fixture: Fixture) {
    let db = fixture.with(&schema![Optional]).await;
    let samples = db.session().repo::<Optional>();
    let new = NewOptional { double: Some(-0.0), single: Some(-0.0), ..nothing("zero") };
    let created = samples.create(new).await.unwrap();
    let found = samples.get(created.id).await.unwrap();
    for sample in [&created, &found] {
        assert!(sample.double.unwrap().is_sign_positive(), "{sample:?}");
        assert!(sample.single.unwrap().is_sign_positive(), "{sample:?}");
    }
    assert_eq!(samples.filter(Optional::DOUBLE.eq(-0.0)).count().await.unwrap(), 1);
}

pub(crate) async fn text_keeps_every_character_but_nul(fixture: Fixture) {
    let db = fixture.with(&schema![Optional]).await;
    let long = "Größe 🦀 ".repeat(20_000);
    let texts = [
        "",
        " ",
        "NULL",
        "a\nb\r\n\t\u{1}\u{7f}",
        "'; DROP TABLE optional_samples; --",
        "\"quoted\" \\ % _ $1 ?1 :x",
        "🦀 \u{10ffff} e\u{301} é \u{feff}\u{202e}",
        &long,
    ]
    .map(str::to_owned);
    kept(&db, Optional::TEXT, |new, v| new.text = v, &texts).await;
    let nul = ["\0".to_owned(), "a\0b".to_owned()];
    refused(&db, Optional::TEXT, |new, v| new.text = v, &nul).await;
}

pub(crate) async fn empty_text_is_not_null(fixture: Fixture) {
    let db = fixture.with(&schema![Optional]).await;
    let samples = db.session().repo::<Optional>();
    let empty =
        NewOptional { text: Some(String::new()), bytes: Some(Vec::new()), ..nothing("empty") };
    let empty = samples.create(empty).await.unwrap();
    samples.create(nothing("null")).await.unwrap();
    assert_eq!(samples.get(empty.id).await.unwrap().text.as_deref(), Some(""));
    assert_eq!(samples.get(empty.id).await.unwrap().bytes.as_deref(), Some(&[][..]));
    assert_eq!(samples.filter(Optional::TEXT.is_null()).one().await.unwrap().label, "null");
    assert_eq!(samples.filter(Optional::TEXT.eq("")).one().await.unwrap().label, "empty");
    assert_eq!(samples.filter(Optional::BYTES.is_null()).one().await.unwrap().label, "null");
}

pub(crate) async fn bytes_and_uuids_keep_every_bit(fixture: Fixture) {
    let db = fixture.with(&schema![Optional]).await;
    let all: Vec<u8> = (0..=255).collect();
    let bytes = [vec![], vec![0], all.clone(), all.repeat(4_000)];
    kept(&db, Optional::BYTES, |new, v| new.bytes = v, &bytes).await;
    let uuids = [Uuid::nil(), Uuid::max(), Uuid::from_u128(1 << 127), Uuid::new_v4()];
    kept(&db, Optional::UUID, |new, v| new.uuid = v, &uuids).await;
}

pub(crate) async fn moments_days_and_times_keep_their_limits(fixture: Fixture) {
    let db = fixture.with(&schema![Optional]).await;
    let moments = [
        "0001-01-01T00:00:00Z",
        "1969-12-31T23:59:59.999999Z",
        "1970-01-01T00:00:00Z",
        "1999-12-31T23:59:59.000001Z",
        "2000-01-01T00:00:00Z",
        "2024-02-29T12:00:00.5Z",
        "9999-12-31T23:59:59.999999Z",
    ]
    .map(moment);
    kept(&db, Optional::MOMENT, |new, v| new.moment = v, &moments).await;
    let days = moments.map(|moment| moment.date_naive());
    kept(&db, Optional::DATE, |new, v| new.date = v, &days).await;
    let times = moments.map(|moment| moment.time());
    kept(&db, Optional::TIME, |new, v| new.time = v, &times).await;
    kept(&db, Optional::INSTANT, |new, v| new.instant = v, &moments.map(Instant)).await;
}

pub(crate) async fn nanoseconds_are_cut_off_before_anything_sees_them(fixture: Fixture) {
    let db = fixture.with(&schema![Optional]).await;
    let samples = db.session().repo::<Optional>();
    for fine in ["2026-01-31T23:59:59.999999999Z", "1969-01-01T00:00:00.000000999Z"].map(moment) {
        let new = NewOptional {
            moment: Some(fine),
            time: Some(fine.time()),
            instant: Some(Instant(fine)),
            ..nothing(&fine.to_string())
        };
        let created = samples.create(new).await.unwrap();
        let cut = fine - TimeDelta::nanoseconds(fine.timestamp_subsec_nanos() as i64 % 1_000);
        assert_eq!(created.moment, Some(cut));
        assert_eq!(created.time, Some(cut.time()));
        assert_eq!(created.instant, Some(Instant(cut)));
        assert_eq!(samples.get(created.id).await.unwrap(), created);
        let sought = Optional::MOMENT.eq(fine) & Optional::TIME.eq(fine.time());
        assert_eq!(samples.filter(sought).one().await.unwrap(), created);
        let patch = OptionalPatch::new().moment(fine).time(fine.time());
        assert_eq!(samples.patch(created.id, patch).await.unwrap(), created);
        let finer = Optional { moment: Some(fine), ..created.clone() };
        assert_eq!(samples.update(&finer).await.unwrap(), created);
    }
}

pub(crate) async fn what_no_calendar_has_is_refused(fixture: Fixture) {
    let db = fixture.with(&schema![Optional]).await;
    let days = [0, -1, 10_000].map(|year| NaiveDate::from_ymd_opt(year, 1, 1).unwrap());
    refused(&db, Optional::DATE, |new, v| new.date = v, &days).await;
    let leap = NaiveTime::from_hms_nano_opt(23, 59, 59, 1_500_000_000).unwrap();
    refused(&db, Optional::TIME, |new, v| new.time = v, &[leap]).await;
    let mut moments = days.map(|day| day.and_hms_opt(0, 0, 0).unwrap().and_utc()).to_vec();
    moments.push(NaiveDate::from_ymd_opt(2016, 12, 31).unwrap().and_time(leap).and_utc());
    moments.extend([DateTime::<Utc>::MIN_UTC, DateTime::<Utc>::MAX_UTC]);
    refused(&db, Optional::MOMENT, |new, v| new.moment = v, &moments).await;
}

pub(crate) async fn decimals_are_exact(fixture: Fixture) {
    let db = fixture.with(&schema![Optional]).await;
    let most = 10_i64.pow(18) - 1;
    let fractions = [-most, -1, 0, 1, 100_000_000_000_000_000, most].map(|n| Decimal::new(n, 18));
    kept(&db, Optional::FRACTION, |new, v| new.fraction = v, &fractions).await;
    let wholes = [-most, -1, 0, 1, 10_000, most].map(|n| Decimal::new(n, 0));
    kept(&db, Optional::WHOLE, |new, v| new.whole = v, &wholes).await;
}

pub(crate) async fn a_decimal_takes_the_scale_of_its_column(fixture: Fixture) {
    let db = fixture.with(&schema![Sample]).await;
    let samples = db.session().repo::<Sample>();
    for (given, stored) in [("12.5", "12.5000"), ("7.0000000", "7.0000"), ("-0", "0.0000")] {
        let new = NewSample { price: given.parse().unwrap(), ..sample() };
        let created = samples.create(new).await.unwrap();
        assert_eq!(created.price.to_string(), stored);
        assert_eq!(samples.get(created.id).await.unwrap().price.to_string(), stored);
        let given: Decimal = given.parse().unwrap();
        let patched = samples.patch(created.id, SamplePatch::new().price(given)).await.unwrap();
        assert_eq!(patched.price.to_string(), stored);
        let found = samples.filter(Sample::PRICE.eq(given)).one().await.unwrap();
        assert_eq!(found, created);
        samples.delete(created.id).await.unwrap();
    }
}

pub(crate) async fn a_decimal_with_too_many_digits_is_refused(fixture: Fixture) {
    let db = fixture.with(&schema![Optional]).await;
    let fractions = ["1", "-1", "0.0000000000000000001", "79228162514264337593543950335"];
    let fractions = fractions.map(|text| text.parse::<Decimal>().unwrap());
    refused(&db, Optional::FRACTION, |new, v| new.fraction = v, &fractions).await;
    let wholes = ["0.1", "1000000000000000000", "-1000000000000000000", "9223372036854775808"];
    let wholes = wholes.map(|text| text.parse::<Decimal>().unwrap());
    refused(&db, Optional::WHOLE, |new, v| new.whole = v, &wholes).await;
}

pub(crate) async fn a_text_is_no_longer_than_declared(fixture: Fixture) {
    let db = fixture.with(&schema![Ticket]).await;
    let tickets = crate::fixture::acme(&db).repo::<Ticket>();
    let fits = "é🦀".repeat(20);
    let created = tickets.create(ticket(&fits)).await.unwrap();
    assert_eq!(tickets.get(created.id).await.unwrap().code, fits);
    let longer = format!("{fits}!");
    let refused = tickets.create(ticket(&longer)).await;
    assert_error!(refused, Error::InvalidInput { column, .. } if column == "code");
    let refused = tickets.patch(created.id, TicketPatch::new().code(longer)).await;
    assert_error!(refused, Error::InvalidInput { column, .. } if column == "code");
}

pub(crate) async fn an_enum_is_stored_by_its_name(fixture: Fixture) {
    let db = fixture.with(&schema![Optional]).await;
    kept(
        &db,
        Optional::STATUS,
        |new, v| new.status = v,
        &[Status::New, Status::InProgress, Status::Done],
    )
    .await;
    let written: Vec<String> = of_another_program(&db)
        .session()
        .repo::<StatusAsText>()
        .query()
        .order_by(StatusAsText::STATUS.asc())
        .all()
        .await
        .unwrap()
        .into_iter()
        .filter_map(|row| row.status)
        .collect();
    assert_eq!(written, ["done & gone's", "in_progress", "new"]);
}
