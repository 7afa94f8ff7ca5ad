//! Values of columns in SQL by hand: a decimal is read and bound as a column of it, and in no other way.

use repo_core::{
    ColumnEnum, ColumnType, Database, Error, Json, NoTenant, Projection, Repository, Result,
    Session, schema,
};
use rust_decimal::Decimal;
use serde::{Deserialize, Serialize};

use crate::expect::assert_error;
use crate::fixture::Fixture;

#[derive(Debug, Clone, PartialEq, ColumnType)]
struct Rate(Decimal);

#[derive(Debug, Clone, Copy, PartialEq, Eq, ColumnEnum)]
enum Currency {
    Eur,
    Usd,
}

#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
struct Terms {
    days: i32,
}

/// So many of something at a price.
#[derive(Debug, Clone, PartialEq, Repository)]
#[repository(table = "quotes", audited)]
struct Quote {
    id: i64,
    #[repository(decimal(12, 2))]
    quantity: Decimal,
    #[repository(decimal(12, 4))]
    price: Decimal,
    #[repository(decimal(5, 3))]
    rate: Option<Rate>,
    /// What all of it costs, with the digits of both.
    #[repository(decimal(18, 6))]
    total: Option<Decimal>,
    currency: Currency,
    #[repository(json)]
    terms: Terms,
}

#[derive(Debug, PartialEq, Projection)]
#[projection(entity = Quote)]
struct Priced {
    quantity: Decimal,
    price: Decimal,
}

#[derive(Debug, PartialEq, Projection)]
#[projection(entity = Quote)]
struct Total {
    total: Option<Decimal>,
}

fn decimal(text: &str) -> Decimal {
    text.parse().unwrap()
}

async fn quotes(fixture: &Fixture) -> Database {
    let db = fixture.with(&schema![Quote]).await;
    let new = |quantity, price, rate: Option<&str>, currency| NewQuote {
        quantity: decimal(quantity),
        price: decimal(price),
        rate: rate.map(|rate| Rate(decimal(rate))),
        total: None,
        currency,
        terms: Terms { days: 30 },
    };
    let rows = [
        new("12.34", "2.5000", Some("0.125"), Currency::Eur),
        new("4.00", "0.5000", None, Currency::Usd),
    ];
    db.session().actor("alice").repo::<Quote>().create_many(rows).await.unwrap();
    db
}

pub(crate) async fn a_decimal_is_read_and_bound_as_its_column(fixture: Fixture) {
    let db = quotes(&fixture).await;
    let session = db.session();
    let by_hand = || session.unchecked_sql("decimals by hand");
    let sql = "SELECT quantity, rate FROM quotes WHERE quantity > $1 ORDER BY id";
    let read: Vec<(Decimal, Option<Rate>)> = by_hand()
        .bind_as(Quote::QUANTITY, decimal("0.5"))
        .fetch(sql, |row| Ok((row.get_as(Quote::QUANTITY, 0)?, row.get_as(Quote::RATE, 1)?)))
        .await
        .unwrap();
    let rate = Some(Rate(decimal("0.125")));
    assert_eq!(read, [(decimal("12.34"), rate), (decimal("4.00"), None)]);
    let sql = "SELECT quantity, price FROM quotes WHERE quantity > :least OR rate = :rate";
    let few = by_hand().sql::<Priced>(sql).bind_as(Quote::QUANTITY, "least", decimal("5"));
    let found = few.bind_as(Quote::RATE, "rate", None::<Rate>).one().await.unwrap();
    assert_eq!(found, Priced { quantity: decimal("12.34"), price: decimal("2.5") });
    let fine = by_hand().bind_as(Quote::QUANTITY, decimal("0.005"));
    let fine = fine.fetch("SELECT $1", |row| row.get::<i64>(0)).await;
    assert_error!(fine, Error::InvalidInput { column, .. } if column == "$1");
    let fine = session.sql::<Priced>(sql).bind_as(Quote::QUANTITY, "least", decimal("0.005"));
    assert_error!(fine.all().await, Error::InvalidInput { column, .. } if column == "least");
}

pub(crate) async fn a_literal_is_bound_as_its_column(fixture: Fixture) {
    let db = quotes(&fixture).await;
    let session = db.session();
    let by_hand = || session.unchecked_sql("literals by hand");
    let few = by_hand().bind_as(Quote::ID, 1).bind_as(Quote::RATE, None);
    let sql = "SELECT id FROM quotes WHERE id > $1 AND rate IS NOT DISTINCT FROM $2";
    let found: Vec<i64> = few.fetch(sql, |row| row.get_as(Quote::ID, 0)).await.unwrap();
    assert_eq!(found, [2]);
    let sql = "SELECT quantity, price FROM quotes WHERE id = :id";
    let second = session.sql::<Priced>(sql).bind_as(Quote::ID, "id", 2).one().await.unwrap();
    assert_eq!(second, Priced { quantity: decimal("4"), price: decimal("0.5") });
    let some = session.sql::<Priced>(sql).bind_as(Quote::ID, "id", Some(2)).one().await.unwrap();
    assert_eq!(some, second);
}

pub(crate) async fn a_decimal_is_written_by_hand_as_its_column(fixture: Fixture) {
    let db = quotes(&fixture).await;
    let session = db.session().actor("alice");
    let changed = session
        .unchecked_sql("decimals by hand")
        .bind_as(Quote::RATE, Rate(decimal("1.5")))
        .bind_as(Quote::PRICE, Some(decimal("0.5")))
        .execute("UPDATE quotes SET rate = $1, price = price * 2 WHERE price = $2")
        .await;
    assert_eq!(changed.unwrap(), 1);
    let quote = session.repo::<Quote>().filter(Quote::PRICE.eq(Decimal::ONE)).one().await.unwrap();
    assert_eq!(quote.rate, Some(Rate(decimal("1.500"))));
}

pub(crate) async fn what_is_computed_of_decimals_is_read_with_its_digits(fixture: Fixture) {
    let db = quotes(&fixture).await;
    let session = db.session();
    let by_hand = || session.unchecked_sql("decimals by hand");
    let sql = "SELECT max(price), sum(quantity), sum(quantity + $1), sum(quantity * price) FROM quotes WHERE price > $2";
    let of = async |least: &str| -> Result<Vec<[Option<Decimal>; 4]>> {
        let asked = by_hand().bind_as(Quote::QUANTITY, Decimal::ONE);
        let asked = asked.bind_as(Quote::PRICE, decimal(least));
        let rows = asked.fetch(sql, |row| {
            Ok([
                row.get_as(Quote::PRICE, 0)?,
                row.get_as(Quote::QUANTITY, 1)?,
                row.get_as(Quote::QUANTITY, 2)?,
                row.get_as(Quote::TOTAL, 3)?,
            ])
        });
        rows.await
    };
    let all = ["2.5000", "16.34", "18.34", "32.850000"].map(|text| Some(decimal(text)));
    assert_eq!(of("0").await.unwrap(), [all]);
    assert_eq!(of("100").await.unwrap(), [[None; 4]]);
    let sql = "SELECT sum(quantity * price) AS total FROM quotes";
    let total = session.sql::<Total>(sql).one().await.unwrap();
    assert_eq!(total, Total { total: Some(decimal("32.85")) });
}

pub(crate) async fn a_decimal_of_no_column_is_refused(fixture: Fixture) {
    let db = quotes(&fixture).await;
    let session = db.session();
    let by_hand = || session.unchecked_sql("decimals by hand");
    let sql = "SELECT quantity FROM quotes";
    async fn read<T: ColumnType>(session: &Session<NoTenant>, sql: &str) -> Result<Vec<T>> {
        session.unchecked_sql("decimals by hand").fetch(sql, |row| row.get(0)).await
    }
    for refused in [
        read::<Decimal>(&session, sql).await.map(drop),
        read::<Option<Decimal>>(&session, sql).await.map(drop),
        read::<Rate>(&session, sql).await.map(drop),
        read::<Option<Decimal>>(&session, "SELECT NULL").await.map(drop),
    ] {
        assert_error!(refused, Error::Decode { reason, .. } if reason.contains("`get_as`"));
    }
    let bound = |query: &str| query.replace(":it", "$1");
    let sql = "SELECT * FROM quotes WHERE quantity > :it";
    for refused in [
        by_hand().bind(Decimal::ZERO).fetch(&bound(sql), |_| Ok(())).await.map(drop),
        by_hand().bind(Decimal::TEN).fetch(&bound(sql), |_| Ok(())).await.map(drop),
        by_hand().bind(None::<Decimal>).fetch(&bound(sql), |_| Ok(())).await.map(drop),
        by_hand().bind(Some(Rate(Decimal::ONE))).execute(&bound(sql)).await.map(drop),
        session.sql::<Quote>(sql).bind("it", Decimal::ZERO).all().await.map(drop),
        session.sql::<Quote>(sql).bind("it", None::<Rate>).all().await.map(drop),
    ] {
        assert_error!(refused, Error::InvalidInput { reason, .. } if reason.contains("`bind_as`"));
    }
}

pub(crate) async fn a_value_of_any_type_is_read_and_bound_as_its_column(fixture: Fixture) {
    let db = quotes(&fixture).await;
    let session = db.session();
    let terms = Json(Terms { days: 30 });
    let rows: Vec<(i64, Currency, Json<Terms>)> = session
        .unchecked_sql("other values by hand")
        .bind_as(Quote::CURRENCY, Currency::Usd)
        .bind_as(Quote::TERMS, terms.clone())
        .fetch("SELECT id, currency, terms FROM quotes WHERE currency = $1 AND terms = $2", |row| {
            let id = row.get_as(Quote::ID, 0)?;
            Ok((id, row.get_as(Quote::CURRENCY, 1)?, row.get_as(Quote::TERMS, 2)?))
        })
        .await
        .unwrap();
    assert_eq!(rows, [(2, Currency::Usd, terms)]);
    let wrong = session.unchecked_sql("other values by hand");
    let wrong: Result<Vec<Currency>> =
        wrong.fetch("SELECT 'Btc'", |row| row.get_as(Quote::CURRENCY, 0)).await;
    assert_error!(wrong, Error::Decode { column: "currency", .. });
}
