//! Searches: a struct of what is sought, most of it optional, is a filter.

use chrono::{DateTime, NaiveDate, Utc};
use repo_core::{Search, schema};
use serde::Deserialize;

use crate::entities::*;
use crate::fixture::{Fixture, acme, bolt, moment};

/// Every kind of condition.
#[derive(Debug, Default, Clone, Deserialize, Search)]
#[serde(default)]
#[search(entity = Ticket)]
struct TicketSearch {
    weight: Option<i64>,
    #[search(icontains)]
    title: Option<String>,
    #[search(starts_with, column = CODE)]
    prefix: Option<String>,
    #[serde(skip)]
    #[search(column = CREATED_AT, ge)]
    from: Option<DateTime<Utc>>,
    #[serde(skip)]
    #[search(column = Ticket::CREATED_AT, lt)]
    to: Option<DateTime<Utc>>,
    #[serde(skip)]
    #[search(column = crate::entities::Ticket::CREATED_AT, on)]
    day: Option<NaiveDate>,
    #[search(in_list, column = CODE)]
    codes: Vec<String>,
    #[search(not_in, column = WEIGHT)]
    not: Option<Vec<i64>>,
    owner: Option<String>,
    #[search(is_null, column = OWNER)]
    unassigned: Option<bool>,
    #[search(skip)]
    page: u64,
}

/// What is borrowed is sought as well.
#[derive(Debug, Search)]
#[search(entity = Ticket)]
struct Borrowed<'a, T: AsRef<str>> {
    code: Option<&'a str>,
    #[search(contains)]
    title: Option<T>,
}

pub(crate) async fn what_is_not_sought_is_no_condition(fixture: Fixture) {
    let (db, clock) = fixture.with_clock(&schema![Ticket]).await;
    let tickets = acme(&db).repo::<Ticket>();
    let new = |code, weight| ticket(code).weight(weight);
    tickets.create(new("a-1", 1)).await.unwrap();
    clock.advance(chrono::TimeDelta::days(1));
    tickets.create(new("a-2", 2)).await.unwrap();
    tickets.create(NewTicket { owner: Some("ann".to_owned()), ..ticket("b-1") }).await.unwrap();
    bolt(&db).repo::<Ticket>().create(ticket("theirs")).await.unwrap();
    let found = async |json: &str| {
        let search: TicketSearch = serde_json::from_str(json).unwrap();
        let rows = tickets.filter(search).order_by(Ticket::CODE.asc()).all().await.unwrap();
        rows.into_iter().map(|row| row.code).collect::<Vec<_>>().join(" ")
    };
    for (json, expected) in [
        (r#"{}"#, "a-1 a-2 b-1"),
        (r#"{"page":7,"codes":[],"not":[]}"#, "a-1 a-2 b-1"),
        (r#"{"weight":2}"#, "a-2"),
        (r#"{"title":"OF A"}"#, "a-1 a-2"),
        (r#"{"prefix":"b"}"#, "b-1"),
        (r#"{"codes":["a-1","b-1","theirs"]}"#, "a-1 b-1"),
        (r#"{"not":[1]}"#, "a-2"),
        (r#"{"owner":"ann"}"#, "b-1"),
        (r#"{"unassigned":true}"#, "a-1 a-2"),
        (r#"{"unassigned":false}"#, "b-1"),
        (r#"{"unassigned":true,"weight":1,"codes":["a-1"]}"#, "a-1"),
        (r#"{"unassigned":true,"owner":"ann"}"#, ""),
    ] {
        assert_eq!(found(json).await, expected, "{json}");
    }
    let (day, any) = (moment("2026-02-01T00:00:00Z"), TicketSearch::default);
    for (search, expected) in [
        (TicketSearch { from: Some(day), ..any() }, 2),
        (TicketSearch { to: Some(day), ..any() }, 1),
        (TicketSearch { day: Some(day.date_naive()), ..any() }, 2),
    ] {
        assert_eq!(tickets.filter(search.clone()).count().await.unwrap(), expected, "{search:?}");
        let both = tickets.filter(search).filter(Ticket::WEIGHT.eq(2));
        assert_eq!(both.count().await.unwrap(), expected - 1);
    }
    let code = String::from("a-2");
    let borrowed = Borrowed { code: Some(&code), title: Some("title") };
    assert_eq!(tickets.filter(borrowed).one().await.unwrap().code, "a-2");
}
