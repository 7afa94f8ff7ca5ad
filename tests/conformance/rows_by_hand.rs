//! Rows of queries by hand that are of no entity: each field is the column of its name.

use chrono::{DateTime, NaiveDate, Utc};
use repo_core::{ColumnEnum, ColumnType, Error, Json, Repository, SqlRow, schema};
use rust_decimal::Decimal;
use serde::{Deserialize, Serialize};
use uuid::Uuid;

use crate::entities::*;
use crate::expect::assert_error;
use crate::fixture::{ACME, Fixture, acme};

#[derive(Debug, Clone, Copy, PartialEq, Eq, ColumnEnum)]
enum Side {
    Buy,
    Sell,
}

#[derive(Debug, Clone, PartialEq, ColumnType)]
struct Cents(i64);

#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
struct Terms {
    days: i32,
}

/// What is traded.
#[derive(Debug, Clone, PartialEq, Repository)]
#[repository(table = "trades", tenant)]
struct Trade {
    id: Uuid,
    tenant_id: Uuid,
    side: Side,
    fee: Cents,
    at: DateTime<Utc>,
    day: NaiveDate,
    weight: f64,
    #[repository(json)]
    terms: Terms,
    #[repository(json)]
    extra: Option<Terms>,
    #[repository(decimal(12, 2))]
    price: Decimal,
    scan: Option<Vec<u8>>,
}

/// The same, of no entity, and what a window says of it.
#[derive(Debug, PartialEq, SqlRow)]
struct Ranked {
    place: i64,
    id: Uuid,
    side: Side,
    fee: Cents,
    at: DateTime<Utc>,
    day: NaiveDate,
    weight: f64,
    terms: Json<Terms>,
    extra: Option<Json<Terms>>,
    #[sql_row(column = Trade::PRICE)]
    price: Decimal,
    #[sql_row(column = Trade::PRICE)]
    before: Option<Decimal>,
    scan: Option<Vec<u8>>,
    r#type: String,
}

const RANKED: &str = "SELECT t.*, rank() OVER (ORDER BY price DESC) AS place, 'trade' AS type, \
     lag(price) OVER (ORDER BY price DESC) AS before \
     FROM trades t WHERE tenant_id = :tenant ORDER BY place";

fn trade(price: Decimal) -> NewTrade {
    NewTrade {
        side: Side::Sell,
        fee: Cents(7),
        at: DateTime::from_timestamp_micros(1_700_000_000_000_001).unwrap(),
        day: NaiveDate::from_ymd_opt(2026, 2, 28).unwrap(),
        weight: 0.1 + 0.2,
        terms: Terms { days: 30 },
        extra: None,
        price,
        scan: Some(vec![0, 255]),
    }
}

pub(crate) async fn every_field_is_the_column_of_its_name(fixture: Fixture) {
    let db = fixture.with(&schema![Trade]).await;
    let session = acme(&db);
    let prices = [Decimal::new(250, 2), Decimal::new(1_234, 2)];
    let trades = session.repo::<Trade>().create_many(prices.map(trade)).await.unwrap();
    let by_hand = session.unchecked_sql("windows of SQL");
    let rows: Vec<Ranked> = by_hand.sql(RANKED).bind("tenant", ACME).all().await.unwrap();
    let expected = |place, trade: &Trade, before| Ranked {
        place,
        id: trade.id,
        side: trade.side,
        fee: trade.fee.clone(),
        at: trade.at,
        day: trade.day,
        weight: trade.weight,
        terms: Json(trade.terms.clone()),
        extra: None,
        price: trade.price,
        before,
        scan: trade.scan.clone(),
        r#type: "trade".to_owned(),
    };
    let dearest = Some(prices[1]);
    assert_eq!(rows, [expected(1, &trades[1], None), expected(2, &trades[0], dearest)]);
}

#[derive(Debug, PartialEq, SqlRow)]
struct Counted {
    name: String,
    length: i64,
}

/// For any value.
#[derive(Debug, PartialEq, SqlRow)]
struct Single<T: ColumnType> {
    value: T,
}

pub(crate) async fn a_row_of_no_entity_is_checked_as_any_other(fixture: Fixture) {
    let db = fixture.with(&library()).await;
    let session = db.session();
    let genres = ["essay", "novel"].map(|name| NewGenre { name: name.into() });
    session.repo::<Genre>().create_many(genres).await.unwrap();
    let sql = "SELECT name, CAST(length(name) AS bigint) AS length FROM genres WHERE name > :name";
    let found = session.sql::<Counted>(sql).bind("name", "f".to_owned()).one().await.unwrap();
    assert_eq!(found, Counted { name: "novel".into(), length: 5 });

    let none = session.sql::<Counted>(sql).bind("name", "z".to_owned()).one().await;
    assert_error!(none, Error::NoMatch { entity: "Counted" });
    let several = session.sql::<Counted>(sql).bind("name", String::new()).at_most_one().await;
    assert_error!(several, Error::MoreThanOne { entity: "Counted" });
    let lacking = session.sql::<Counted>("SELECT name FROM genres").all().await;
    assert!(
        matches!(&lacking, Err(Error::Backend(it)) if it.to_string().contains("length")),
        "{lacking:?}"
    );
    for wrong in ["NULL AS name, 1 AS length", "'essay' AS name, 'long' AS length"] {
        let wrong = session.sql::<Counted>(&format!("SELECT {wrong}")).all().await;
        assert_error!(wrong, Error::Decode { entity: "Counted", .. });
    }
    let one = session.sql::<Single<i64>>("SELECT count(*) AS value FROM genres").one().await;
    assert_eq!(one.unwrap(), Single { value: 2 });
    let sum = "SELECT CAST(sum(length(name)) AS bigint) AS value FROM genres";
    assert_eq!(session.sql::<Single<i64>>(sum).one().await.unwrap(), Single { value: 10 });
    let average = "SELECT CAST(avg(length(name) + id) AS double precision) AS value FROM genres";
    assert_eq!(session.sql::<Single<f64>>(average).one().await.unwrap(), Single { value: 6.5 });
    let digits = session.sql::<Single<Decimal>>("SELECT 1 AS value").one().await;
    assert_error!(digits, Error::Decode { column: "value", reason, .. }
        if reason.to_string().contains("#[sql_row(column = ..)]"));
}

pub(crate) async fn a_row_of_no_entity_is_no_way_to_rows_of_tenants(fixture: Fixture) {
    let db = fixture.with(&schema![Trade]).await;
    let session = acme(&db);
    let sql = "SELECT count(*) AS value FROM trades";
    let refused = session.sql::<Single<i64>>(sql).all().await;
    assert_error!(refused, Error::InvalidInput { column, .. } if column == "sql");
    let writes = "DELETE FROM trades RETURNING 1 AS value";
    let by_hand = session.unchecked_sql("tried").sql::<Single<i64>>(writes);
    assert!(by_hand.all().await.is_err());
    let counted = session.unchecked_sql("counted").sql::<Single<i64>>(sql);
    assert_eq!(counted.one().await.unwrap().value, 0);
}
