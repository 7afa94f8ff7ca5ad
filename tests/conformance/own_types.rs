//! Column types that a program writes by hand: held to what both databases store, whatever they give.

use std::borrow::Cow;

use chrono::{DateTime, NaiveDate, NaiveTime, Utc};
use repo_core::{ColumnType, Error, InvalidValue, Kind, Repository, Value, schema};
use uuid::Uuid;

use crate::expect::assert_error;
use crate::fixture::{Fixture, moment};

/// A type that gives any value for a column of another.
macro_rules! raw {
    ($($name:ident: $of:ty,)*) => {$(
        #[derive(Debug, Clone, PartialEq)]
        struct $name(Value<'static>);

        impl ColumnType for $name {
            type Bare = Self;
            type Class = <$of as ColumnType>::Class;
            const KIND: Kind = <$of as ColumnType>::KIND;

            fn encode(&self, _: Kind) -> Result<Value<'_>, InvalidValue> {
                Ok(self.0.borrowed())
            }

            fn decode(value: Value<'_>) -> Result<Self, InvalidValue> {
                Ok(Self(value.into_owned()))
            }
        }
    )*};
}

raw! {
    Degrees: f64,
    Label: String,
    Count: i64,
    Start: DateTime<Utc>,
    Day: NaiveDate,
    Hour: NaiveTime,
    Amount: rust_decimal::Decimal,
    Document: serde_json::Value,
}

/// A measurement.
#[derive(Debug, Clone, PartialEq, Repository)]
#[repository(table = "readings")]
struct Reading {
    id: Uuid,
    degrees: Option<Degrees>,
    label: Label,
    count: Count,
    start: Start,
    day: Day,
    hour: Hour,
    #[repository(decimal(4, 2))]
    amount: Option<Amount>,
    document: Document,
}

fn text(text: &'static str) -> Value<'static> {
    Value::Text(text.into())
}

fn new() -> NewReading {
    NewReading {
        degrees: None,
        label: Label(text("a")),
        count: Count(Value::I64(1)),
        start: Start(Value::Timestamp(moment("2026-01-31T12:00:00Z"))),
        day: Day(Value::Date(NaiveDate::from_ymd_opt(2026, 1, 31).unwrap())),
        hour: Hour(Value::Time(NaiveTime::MIN)),
        amount: None,
        document: Document(Value::Json("{}".into())),
    }
}

/// A row with a value that no column like it holds, and the name of the column.
fn wrong() -> Vec<(&'static str, NewReading)> {
    let year = NaiveDate::from_ymd_opt(12_000, 1, 1).unwrap();
    let late = year.and_time(NaiveTime::MIN).and_utc();
    let leap = NaiveTime::from_hms_milli_opt(23, 59, 59, 1_500).unwrap();
    let degrees = |value| NewReading { degrees: Some(Degrees(value)), ..new() };
    let amount = |value| NewReading { amount: Some(Amount(value)), ..new() };
    vec![
        ("degrees", degrees(Value::F64(f64::NAN))),
        ("degrees", degrees(Value::F64(f64::INFINITY))),
        ("degrees", degrees(Value::Null(Kind::F64))),
        ("degrees", degrees(Value::I64(1))),
        ("label", NewReading { label: Label(text("a\0b")), ..new() }),
        ("label", NewReading { label: Label(Value::Bytes(Cow::Borrowed(b"a"))), ..new() }),
        ("label", NewReading { label: Label(Value::Null(Kind::Text)), ..new() }),
        ("count", NewReading { count: Count(text("1")), ..new() }),
        ("count", NewReading { count: Count(Value::List(Kind::I64, Vec::new())), ..new() }),
        ("start", NewReading { start: Start(Value::Timestamp(late)), ..new() }),
        ("start", NewReading { start: Start(Value::I64(0)), ..new() }),
        ("day", NewReading { day: Day(Value::Date(year)), ..new() }),
        ("hour", NewReading { hour: Hour(Value::Time(leap)), ..new() }),
        ("amount", amount(Value::Decimal { units: 15, scale: 1 })),
        ("amount", amount(Value::Decimal { units: 10_000, scale: 2 })),
        ("document", NewReading { document: Document(Value::Json("{".into())), ..new() }),
        ("document", NewReading { document: Document(text("{}")), ..new() }),
    ]
}

pub(crate) async fn what_a_type_gives_is_held_to_the_limits_of_its_column(fixture: Fixture) {
    let db = fixture.with(&schema![Reading]).await;
    let session = db.session();
    let readings = session.repo::<Reading>();
    for (name, row) in wrong() {
        let refused = readings.create(row).await;
        assert_error!(refused, Error::InvalidInput { column, .. } if column == name);
    }
    for (name, row) in wrong() {
        let refused = readings.create_many([new(), row]).await;
        assert_error!(refused, Error::InvalidInput { column, .. } if column == name);
    }
    assert_eq!(readings.count().await.unwrap(), 0);
    let there = readings.create(new()).await.unwrap();
    assert_eq!(readings.get(there.id).await.unwrap(), there);

    let patch = ReadingPatch::new().label(Label(text("a\0b")));
    let refused = readings.patch(there.id, patch).await;
    assert_error!(refused, Error::InvalidInput { column, .. } if column == "label");
    let invalid = [
        ("label", Reading::LABEL.eq(Label(text("a\0b")))),
        ("label", Reading::LABEL.in_list([Label(Value::I64(1))])),
        ("count", Reading::COUNT.gt(Count(text("1")))),
        ("start", Reading::START.lt(Start(Value::I64(0)))),
        ("degrees", Reading::DEGREES.eq(Degrees(Value::F64(f64::NAN)))),
    ];
    for (name, filter) in invalid {
        let refused = readings.filter(filter).all().await;
        assert_error!(refused, Error::InvalidInput { column, .. } if column == name);
    }
    let by_hand = session.unchecked_sql("a parameter").bind(Count(text("1")));
    let refused = by_hand.fetch::<i64>("SELECT $1", |row| row.get(0)).await;
    assert_error!(refused, Error::InvalidInput { column, .. } if column == "$1");
    assert_eq!(readings.all().await.unwrap(), [there]);
}

/// A moment, as a newtype by hand has it.
#[derive(Debug, Clone, PartialEq)]
struct Opened(DateTime<Utc>);

impl ColumnType for Opened {
    type Bare = Self;
    type Class = <DateTime<Utc> as ColumnType>::Class;
    const KIND: Kind = <DateTime<Utc> as ColumnType>::KIND;

    fn encode(&self, kind: Kind) -> Result<Value<'_>, InvalidValue> {
        self.0.encode(kind)
    }

    fn decode(value: Value<'_>) -> Result<Self, InvalidValue> {
        DateTime::decode(value).map(Self)
    }
}

/// A text that is stored in small letters.
#[derive(Debug, Clone, PartialEq)]
struct Small(String);

impl ColumnType for Small {
    type Bare = Self;
    type Class = <String as ColumnType>::Class;
    const KIND: Kind = String::KIND;

    fn encode(&self, _: Kind) -> Result<Value<'_>, InvalidValue> {
        Ok(Value::Text(self.0.to_lowercase().into()))
    }

    fn decode(value: Value<'_>) -> Result<Self, InvalidValue> {
        String::decode(value).map(Self)
    }
}

/// A shop.
#[derive(Debug, Clone, PartialEq, Repository)]
#[repository(table = "shops")]
struct Shop {
    id: Uuid,
    #[repository(unique)]
    name: Small,
    opened: Opened,
    closed: Option<Opened>,
    started: Start,
    degrees: Degrees,
}

pub(crate) async fn what_create_returns_is_stored_whatever_the_type_makes_of_it(fixture: Fixture) {
    let db = fixture.with(&schema![Shop]).await;
    let shops = db.session().repo::<Shop>();
    let fine = moment("2026-01-31T12:00:00.123456789Z");
    let new = |name: &str| NewShop {
        name: Small(name.to_owned()),
        opened: Opened(fine),
        closed: Some(Opened(fine)),
        started: Start(Value::Timestamp(fine)),
        degrees: Degrees(Value::F64(-0.0)),
    };
    let created = shops.create(new("A")).await.unwrap();
    assert_eq!(created.name, Small("a".to_owned()));
    assert_eq!(created.opened, Opened(moment("2026-01-31T12:00:00.123456Z")));
    assert!(matches!(created.degrees.0, Value::F64(zero) if zero.is_sign_positive()));
    assert_eq!(shops.get(created.id).await.unwrap(), created);
    let many = shops.create_many([new("B"), new("C")]).await.unwrap();
    assert_eq!(shops.query().offset(1).all().await.unwrap(), many);
    let again = shops.create_or_get(Shop::NAME, new("A")).await.unwrap();
    assert_eq!(again.entity, created);
    let found = shops.filter(Shop::OPENED.eq(Opened(fine))).count().await.unwrap();
    assert_eq!(found, 3);
}
