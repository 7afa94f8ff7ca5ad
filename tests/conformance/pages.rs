//! Pages by number: items and total from one snapshot.

use repo_core::{Error, PageRequest, schema};

use crate::entities::*;
use crate::expect::assert_error;
use crate::fixture::{Fixture, acme};

async fn numbered(fixture: &Fixture, rows: usize) -> ItemRepository<repo_core::NoTenant> {
    let db = fixture.with(&schema![Item]).await;
    let items = db.session().repo::<Item>();
    items.create_many((0..rows).map(|n| item(&format!("{n:03}")))).await.unwrap();
    items
}

pub(crate) async fn a_page_has_its_rows_and_the_total(fixture: Fixture) {
    let items = numbered(&fixture, 7).await;
    let mut seen = Vec::new();
    for (number, size) in [(1, 3), (2, 3), (3, 1)] {
        let page = items.query().order_by(Item::NAME.desc());
        let page = page.page(PageRequest::number(number).size(3)).await.unwrap();
        assert_eq!((page.items.len(), page.total, page.pages()), (size, 7, 3));
        assert_eq!((page.number, page.size), (number, 3));
        assert_eq!((page.has_next(), page.has_previous()), (number < 3, number > 1));
        seen.extend(page.map(|row| row.name).items);
    }
    let expected: Vec<_> = (0..7).rev().map(|n| format!("{n:03}")).collect();
    assert_eq!(seen, expected);
}

pub(crate) async fn beyond_the_end_there_is_the_right_total(fixture: Fixture) {
    let items = numbered(&fixture, 7).await;
    for number in [4, 5, 1_000_000] {
        let page = items.query().page(PageRequest::number(number).size(3)).await.unwrap();
        assert_eq!((page.items.len(), page.total), (0, 7));
        assert!(!page.has_next());
    }
    let filtered = items.filter(Item::NAME.lt("002")).page(PageRequest::number(9)).await.unwrap();
    assert_eq!((filtered.items.len(), filtered.total), (0, 2));
    let none = items.filter(Item::NAME.eq("x")).page(PageRequest::number(1)).await.unwrap();
    assert_eq!((none.items.len(), none.total, none.pages()), (0, 0, 0));
}

pub(crate) async fn a_row_of_nulls_is_a_row(fixture: Fixture) {
    let items = numbered(&fixture, 1).await;
    let page = items.query().page(PageRequest::number(1)).await.unwrap();
    assert_eq!(page.items.len(), 1);
}

pub(crate) async fn sizes_and_numbers_that_mean_nothing_are_refused(fixture: Fixture) {
    let items = numbered(&fixture, 1).await;
    for request in [
        PageRequest::number(0),
        PageRequest::number(1).size(0),
        PageRequest::number(1).size(PageRequest::MAX_SIZE + 1),
        PageRequest::number(u64::MAX).size(1_000),
        PageRequest::number(i64::MAX as u64).size(2),
    ] {
        assert_error!(items.query().page(request).await, Error::InvalidInput { .. });
    }
    let largest = PageRequest::number(1).size(PageRequest::MAX_SIZE);
    assert_eq!(items.query().page(largest).await.unwrap().items.len(), 1);
    let farthest = PageRequest::number(i64::MAX as u64).size(1);
    assert_eq!(items.query().page(farthest).await.unwrap().total, 1);
}

pub(crate) async fn a_page_has_its_own_size(fixture: Fixture) {
    let items = numbered(&fixture, 3).await;
    let limited = items.query().limit(1).page(PageRequest::number(1)).await;
    assert_error!(limited, Error::InvalidInput { column, .. } if column == "page");
    let moved = items.query().offset(1).page(PageRequest::number(1)).await;
    assert_error!(moved, Error::InvalidInput { column, .. } if column == "page");
}

pub(crate) async fn a_page_can_lock_its_rows(fixture: Fixture) {
    let db = fixture.with(&schema![Ticket]).await;
    let session = acme(&db);
    session.repo::<Ticket>().create(ticket("A-1")).await.unwrap();
    let page: Result<_, Error> = session
        .transaction(async |tx| {
            tx.repo::<Ticket>().query().for_update().page(PageRequest::number(1)).await
        })
        .await;
    assert_eq!(page.unwrap().total, 1);
}
