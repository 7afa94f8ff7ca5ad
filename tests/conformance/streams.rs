//! Reading many rows, some at a time.

use std::time::Duration;

use futures_util::{FutureExt as _, StreamExt as _, TryStreamExt as _};
use repo_core::{Error, schema};

use crate::entities::*;
use crate::expect::assert_error;
use crate::fixture::{Fixture, acme, bolt};

pub(crate) async fn chunks_are_the_whole_list(fixture: Fixture) {
    let db = fixture.with(&schema![Ticket]).await;
    let tickets = acme(&db).repo::<Ticket>();
    tickets.create_many((0..250).map(|n| ticket(&format!("{:03}", n * 7 % 250)))).await.unwrap();
    bolt(&db).repo::<Ticket>().create(ticket("theirs")).await.unwrap();
    let gone = tickets.find_by_code("100").await.unwrap().unwrap();
    tickets.delete(gone.id).await.unwrap();
    let query = tickets.query().order_by(Ticket::TITLE.desc());
    let all = query.clone().all().await.unwrap();
    assert_eq!(all.len(), 249);
    for size in [1, 2, 83, 248, 249, 250] {
        let mut chunks = query.clone().chunks(size);
        let mut rows = Vec::new();
        while let Some(chunk) = chunks.next().await.unwrap() {
            assert!(!chunk.is_empty() && chunk.len() as u64 <= size);
            rows.extend(chunk);
        }
        assert_eq!(rows, all, "{size}");
        assert_eq!(chunks.next().await.unwrap(), None, "after the end as well");
    }
    let streamed: Vec<Ticket> = query.stream().try_collect().await.unwrap();
    assert_eq!(streamed, all);
    let none = tickets.filter(Ticket::CODE.eq("none"));
    assert_eq!(none.clone().chunks(10).next().await.unwrap(), None);
    assert_eq!(none.stream().count().await, 0);
}

pub(crate) async fn chunks_go_on_where_they_were(fixture: Fixture) {
    let db = fixture.with(&schema![Ticket]).await;
    let tickets = acme(&db).repo::<Ticket>();
    let rows = tickets.create_many((0..10).map(|n| ticket(&n.to_string()))).await.unwrap();
    let query = tickets.query().order_by(Ticket::CODE.asc());
    let mut chunks = query.clone().chunks(4);
    assert_eq!(chunks.position(), None);
    assert_eq!(chunks.next().await.unwrap().unwrap(), rows[..4]);
    let position = chunks.position().unwrap().clone();
    // What was read and what comes later may change meanwhile.
    tickets.delete(rows[3].id).await.unwrap();
    tickets.create(ticket("35")).await.unwrap();
    let mut chunks = query.clone().chunks(3).after(position.clone());
    let next = chunks.next().await.unwrap().unwrap();
    let codes: Vec<_> = next.iter().map(|row| row.code.as_str()).collect();
    assert_eq!(codes, ["35", "4", "5"]);
    let mut other = tickets.query().order_by(Ticket::TITLE.asc()).chunks(3).after(position);
    assert_error!(other.next().await, Error::InvalidCursor { .. });
}

pub(crate) async fn a_chunk_that_is_dropped_comes_again(fixture: Fixture) {
    let db = fixture.with(&schema![Ticket]).await;
    let tickets = acme(&db).repo::<Ticket>();
    let rows = tickets.create_many((0..6).map(|n| ticket(&n.to_string()))).await.unwrap();
    let mut chunks = tickets.query().order_by(Ticket::CODE.asc()).chunks(3);
    // Polled once and dropped; where that was enough, the rows were read.
    let mut read: Vec<Ticket> = match chunks.next().now_or_never() {
        Some(chunk) => chunk.unwrap().unwrap(),
        None => Vec::new(),
    };
    while let Some(chunk) = chunks.next().await.unwrap() {
        read.extend(chunk);
    }
    assert_eq!(read, rows);
    tokio::time::timeout(Duration::from_secs(30), tickets.count()).await.unwrap().unwrap();
}

pub(crate) async fn a_stream_ends_after_an_error(fixture: Fixture) {
    let db = fixture.with(&schema![Ticket]).await;
    let tickets = acme(&db).repo::<Ticket>();
    let limited: Vec<_> = tickets.query().limit(3).stream().collect().await;
    assert_eq!(limited.len(), 1);
    assert_error!(&limited[0], Error::InvalidInput { .. });
    let mut chunks = tickets.query().chunks(0);
    assert_error!(chunks.next().await, Error::InvalidInput { .. });
}
