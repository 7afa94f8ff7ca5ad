//! Files of rows: what is exported is imported as it was, on every database. What an import refuses is in
//! `imports.rs`.

use std::io;
use std::pin::Pin;
use std::task::{Context, Poll};

use chrono::{NaiveDate, NaiveTime};
use repo_core::{
    Database, Entity, Error, NoTenant, ReachableFrom, Repo, Result, Schema, Scope, WritableFrom,
    schema,
};
use rust_decimal::Decimal;
use serde_json::json;
use tokio::io::AsyncWrite;
use uuid::Uuid;

use crate::entities::*;
use crate::expect::assert_error;
use crate::fixture::{ACME, Fixture, acme, by_hand, moment};

#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) enum Format {
    JsonLines,
    Csv,
}

pub(crate) const FORMATS: [Format; 2] = [Format::JsonLines, Format::Csv];

impl Format {
    /// Every row, deleted ones too where the entity keeps them, and everything of it.
    pub(crate) async fn export<E: Entity, S: Scope>(self, query: repo_core::Query<E, S>) -> String
    where
        E::Tenancy: ReachableFrom<S>,
    {
        let mut file = Vec::new();
        let export = match self {
            Format::JsonLines => query.export_json_lines(&mut file),
            Format::Csv => query.export_csv(&mut file),
        };
        export.with_sensitive().await.unwrap();
        String::from_utf8(file).unwrap()
    }

    pub(crate) async fn import<E: Entity, S: Scope>(
        self,
        repo: &Repo<E, S>,
        file: &str,
    ) -> Result<u64>
    where
        E::Tenancy: WritableFrom<S>,
    {
        match self {
            Format::JsonLines => repo.import_json_lines(file.as_bytes()).await,
            Format::Csv => repo.import_csv(file.as_bytes()).await,
        }
    }
}

/// A database on SQLite with these tables, whatever the case runs on.
pub(crate) async fn elsewhere(schema: &Schema) -> Database {
    let db = repo_sqlite::connect("sqlite::memory:").await.unwrap();
    db.create_tables(schema).await.unwrap();
    db
}

/// Values of every type that a format or a database could treat in its own way.
fn strange() -> Vec<NewOptional> {
    let texts = [
        "",
        " ",
        "null",
        "NULL",
        "\"",
        "\"\"",
        "a,b",
        "a\nb",
        "a\r\nb\r",
        "#a",
        "=1+1",
        "\u{feff}a",
        "🦀",
        "a\u{301}",
        "\u{1}\u{7f}",
        "\\N",
        "'",
        "{}",
        "\u{2028}",
        "a\tb",
    ];
    let texts = texts.iter().enumerate().map(|(index, text)| NewOptional {
        text: Some((*text).to_owned()),
        json: Some(json!({ *text: [text] })),
        payload: Some(Payload { words: vec![(*text).to_owned()], amount: None }),
        ..nothing(&format!("text {index}"))
    });
    let documents = [
        json!(null),
        json!(""),
        json!([]),
        json!({ "a": { "b": null } }),
        json!(1e300),
        json!(u64::MAX),
    ];
    let documents = documents.into_iter().enumerate().map(|(index, document)| NewOptional {
        json: Some(document),
        ..nothing(&format!("document {index}"))
    });
    let floats = [0.1, -0.0, 5e-324, f64::MAX, 1.0 / 3.0, 1e21, 1e-7].into_iter().enumerate();
    let floats = floats.map(|(index, float)| NewOptional {
        double: Some(float),
        single: Some(float as f32).filter(|it| it.is_finite()),
        ..nothing(&format!("float {index}"))
    });
    let limits = [
        NewOptional {
            flag: Some(false),
            small: Some(i16::MIN),
            medium: Some(i32::MIN),
            large: Some(i64::MIN),
            bytes: Some(Vec::new()),
            uuid: Some(Uuid::max()),
            moment: Some(moment("0001-01-01T00:00:00.000001Z")),
            date: NaiveDate::from_ymd_opt(1, 1, 1),
            time: Some(NaiveTime::MIN),
            fraction: Some(Decimal::new(-1, 18)),
            whole: Some(Decimal::new(-999_999_999_999_999_999, 0)),
            status: Some(Status::Done),
            ..nothing("lowest")
        },
        NewOptional {
            flag: Some(true),
            small: Some(i16::MAX),
            medium: Some(i32::MAX),
            large: Some((1 << 53) + 1),
            bytes: Some((0..=255).collect()),
            uuid: Some(Uuid::nil()),
            moment: Some(moment("9999-12-31T23:59:59.999999Z")),
            date: NaiveDate::from_ymd_opt(9999, 12, 31),
            time: NaiveTime::from_hms_micro_opt(23, 59, 59, 999_999),
            fraction: Some(Decimal::new(999_999_999_999_999_999, 18)),
            whole: Some(Decimal::new(10, 0)),
            status: Some(Status::InProgress),
            instant: Some(Instant(moment("2026-01-31T23:59:59.000001Z"))),
            ..nothing("highest")
        },
    ];
    texts.chain(documents).chain(floats).chain(limits).chain([nothing("nothing")]).collect()
}

pub(crate) async fn what_is_exported_is_imported_and_exported_alike(fixture: Fixture) {
    let tables = schema![Optional];
    let db = fixture.with(&tables).await;
    let samples = db.session().repo::<Optional>();
    samples.create_many(strange()).await.unwrap();
    let all = samples.all().await.unwrap();
    for format in FORMATS {
        let file = format.export(samples.query()).await;
        let there = elsewhere(&tables).await.session().repo::<Optional>();
        assert_eq!(format.import(&there, &file).await.unwrap(), all.len() as u64);
        assert_eq!(there.all().await.unwrap(), all, "{format:?}");
        let again = format.export(there.query()).await;
        assert_eq!(again, file, "{format:?}");
        samples.query().delete_all().await.unwrap();
        format.import(&samples, &again).await.unwrap();
        assert_eq!(samples.all().await.unwrap(), all, "{format:?}, and back");
        assert_eq!(format.export(samples.query()).await, file, "{format:?}, and back");
    }
}

pub(crate) async fn what_the_types_do_not_hold_is_exported_all_the_same(fixture: Fixture) {
    let tables = schema![Optional];
    let db = fixture.with(&tables).await;
    let samples = db.session().repo::<Optional>();
    samples.create(nothing("a")).await.unwrap();
    let mut connection = by_hand(&db).await;
    let document = r#"{"more": 123456789012345678901234567890, "words": [], "amount": null}"#;
    let sql = format!("UPDATE optional_samples SET json = '{document}', payload = '{document}'");
    let statement = repo_core::backend::Statement {
        sql: &sql,
        params: &[],
        effect: repo_core::backend::Effect::Update,
        table: Optional::TABLE,
    };
    connection.run(statement, &mut |_| Ok(())).await.unwrap();
    connection.commit().await.unwrap();
    for format in FORMATS {
        let file = format.export(samples.query()).await;
        assert_eq!(file.matches("123456789012345678901234567890").count(), 2, "{file}");
        let there = elsewhere(&tables).await.session().repo::<Optional>();
        format.import(&there, &file).await.unwrap();
        assert_eq!(format.export(there.query()).await, file);
    }
}

pub(crate) async fn rows_come_back_with_their_versions_times_and_marks(fixture: Fixture) {
    let (db, clock) = fixture.with_clock(&schema![Ticket]).await;
    let tickets = acme(&db).correlation("request-1").repo::<Ticket>();
    let one = tickets.create(ticket("one").reporter(Some("ann".to_owned()))).await.unwrap();
    clock.advance(chrono::TimeDelta::microseconds(1));
    tickets.patch(one.id, TicketPatch::new().weight(7)).await.unwrap();
    let two = tickets.create(ticket("two").number(Some(2))).await.unwrap();
    tickets.delete(two.id).await.unwrap();
    let all = tickets.query().with_deleted().all().await.unwrap();
    clock.advance(chrono::TimeDelta::days(1));
    for format in FORMATS {
        let live = format.export(tickets.query()).await;
        assert!(
            live.contains("one") && !live.contains("two"),
            "deleted rows are asked for: {live}"
        );
        let file = format.export(tickets.query().with_deleted()).await;
        let there = elsewhere(&schema![Ticket]).await.tenant(ACME).repo::<Ticket>();
        assert_eq!(format.import(&there, &file).await.unwrap(), 2);
        assert_eq!(there.query().with_deleted().all().await.unwrap(), all, "{format:?}");
        assert_eq!(there.count().await.unwrap(), 1, "a deleted row is one there too");
    }
}

pub(crate) async fn a_file_shows_what_it_holds(fixture: Fixture) {
    let db = fixture.with(&schema![Item]).await;
    let items = db.session().repo::<Item>();
    let new = |name: &str, size, shelf: Option<&str>| NewItem {
        name: name.to_owned(),
        size,
        shelf: shelf.map(str::to_owned),
    };
    items.create(new("a \"b\"", Some(7), Some(""))).await.unwrap();
    items.create(new("c", None, None)).await.unwrap();
    let ids: Vec<_> = items.all().await.unwrap().into_iter().map(|item| item.id).collect();
    let header =
        r#"{"format":1,"table":"items","columns":["id","name","size","shelf"],"redacted":[]}"#;
    let rows =
        [r#""name":"a \"b\"","size":7,"shelf":"""#, r#""name":"c","size":null,"shelf":null"#];
    let [first, second] =
        [0, 1].map(|row: usize| format!(r#"{{"id":"{}",{}}}"#, ids[row], rows[row]));
    let file = Format::JsonLines.export(items.query()).await;
    assert_eq!(file, format!("{{\"export\":{header}}}\n{first}\n{second}\n"));
    let [first, second] = [0, 1].map(|row: usize| ids[row]);
    let file = Format::Csv.export(items.query()).await;
    let rows = format!("{first},\"a \"\"b\"\"\",7,\"\"\r\n{second},c,,\r\n");
    assert_eq!(file, format!("#{header}\r\nid,name,size,shelf\r\n{rows}"));
}

pub(crate) async fn many_rows_are_exported_in_the_order_of_their_query(fixture: Fixture) {
    let db = fixture.with(&schema![Item]).await;
    let items = db.session().repo::<Item>();
    let new = (0..2_500).map(|n| NewItem {
        name: format!("{n:04}"),
        size: (n % 5 > 0).then_some(n % 3),
        shelf: None,
    });
    items.create_many(new).await.unwrap();
    let query = || items.query().order_by(Item::SIZE.desc()).order_by(Item::NAME.asc());
    let names = async |query: ItemQuery| {
        let file = Format::Csv.export(query).await;
        let names = file.lines().skip(2).map(|line| line.split(',').nth(1).unwrap().to_owned());
        names.collect::<Vec<_>>()
    };
    for query in [
        query(),
        query().offset(7),
        query().limit(2_000),
        query().offset(3).limit(1_001),
        query().limit(0),
    ] {
        let expected = query.clone().all().await.unwrap();
        let expected: Vec<_> = expected.into_iter().map(|item| item.name).collect();
        assert_eq!(names(query).await, expected);
    }
}

type ItemQuery = repo_core::Query<Item, NoTenant>;

/// Takes a while, then nothing more.
struct Full(usize);

impl AsyncWrite for Full {
    fn poll_write(
        mut self: Pin<&mut Self>,
        _: &mut Context<'_>,
        bytes: &[u8],
    ) -> Poll<io::Result<usize>> {
        match self.0.checked_sub(bytes.len()) {
            Some(left) => {
                self.0 = left;
                Poll::Ready(Ok(bytes.len()))
            }
            None => Poll::Ready(Err(io::Error::other("no room"))),
        }
    }

    fn poll_flush(self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<io::Result<()>> {
        Poll::Ready(Ok(()))
    }

    fn poll_shutdown(self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<io::Result<()>> {
        Poll::Ready(Ok(()))
    }
}

pub(crate) async fn a_writer_that_fails_ends_the_export(fixture: Fixture) {
    let db = fixture.with(&schema![Item]).await;
    let items = db.session().repo::<Item>();
    let new = (0..1_001).map(|n| NewItem { name: n.to_string(), size: None, shelf: None });
    items.create_many(new).await.unwrap();
    let written = items.query().export_json_lines(Full(50_000)).await;
    assert_error!(written, Error::Io { source } if source.to_string() == "no room");
    assert_eq!(items.query().export_json_lines(Full(1_000_000)).await.unwrap(), 1_001);
}

pub(crate) async fn rows_are_exported_in_the_order_of_what_they_refer_to(fixture: Fixture) {
    let db = fixture.with(&library()).await;
    let session = acme(&db).actor("alice");
    let authors = ["Ada", "Bob"].map(author);
    let authors = session.repo::<Author>().create_many(authors).await.unwrap();
    let new = (0..1_500).map(|n| book(&format!("{n:04}"), &authors[n % 2]));
    let books = session.repo::<Book>();
    books.create_many(new).await.unwrap();
    let query = || books.query().order_by(Book::author().column(Author::NAME).desc());
    let expected = query().all().await.unwrap();
    let lines = Format::JsonLines.export(query()).await;
    let found =
        lines.lines().skip(1).zip(&expected).filter(|(line, book)| line.contains(&book.title));
    assert_eq!((found.count(), expected.len()), (1_500, 1_500));
}
