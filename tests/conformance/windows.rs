//! Windows beside a cursor: walking them in either direction sees what `all()` sees.

use repo_core::{Cursor, Error, Order, Window, WindowRequest, schema};

use crate::entities::*;
use crate::expect::assert_error;
use crate::fixture::{Fixture, acme, bolt};

type Items = ItemRepository<repo_core::NoTenant>;

/// Rows with every pair of three sizes and three shelves, NULL among them, and each pair twice.
async fn stocked(fixture: &Fixture) -> Items {
    let db = fixture.with(&schema![Item]).await;
    let items = db.session().repo::<Item>();
    let mut rows = Vec::new();
    for size in [Some(1), None, Some(2)] {
        for shelf in [Some("y"), None, Some("x")] {
            for copy in ["first", "second"] {
                let shelf = shelf.map(str::to_owned);
                let name = format!("{copy} {size:?} {shelf:?}");
                rows.push(NewItem { name, size, shelf });
            }
        }
    }
    items.create_many(rows).await.unwrap();
    items
}

fn orders() -> Vec<Vec<Order<Item>>> {
    let sizes = [
        Item::SIZE.asc(),
        Item::SIZE.desc(),
        Item::SIZE.asc().nulls_first(),
        Item::SIZE.desc().nulls_last(),
    ];
    let shelves = [Item::SHELF.asc(), Item::SHELF.desc(), Item::SHELF.desc().nulls_last()];
    let mut orders =
        vec![vec![], vec![Item::ID.desc()], vec![Item::NAME.asc()], vec![Item::NAME.desc()]];
    for size in sizes {
        orders.push(vec![size]);
        orders.push(vec![size, Item::ID.asc()]);
        orders.extend(shelves.map(|shelf| vec![shelf, size]));
    }
    orders
}

async fn window(items: &Items, order: &[Order<Item>], request: WindowRequest) -> Window<Item> {
    let query = order.iter().fold(items.query(), |query, order| query.order_by(*order));
    query.window(request).await.unwrap()
}

pub(crate) async fn a_walk_forwards_sees_every_row_once(fixture: Fixture) {
    let items = stocked(&fixture).await;
    for order in orders() {
        let query = order.iter().fold(items.query(), |query, order| query.order_by(*order));
        let all = query.all().await.unwrap();
        for size in [1, 4, 18, 30] {
            let mut seen = Vec::new();
            let mut request = WindowRequest::first(size);
            loop {
                let window = window(&items, &order, request).await;
                assert_eq!(window.has_previous, !seen.is_empty(), "{order:?}");
                let next = window.next_cursor();
                assert_eq!(next.is_some(), window.has_next, "{order:?}");
                seen.extend(window.items);
                assert_eq!(window.has_next, seen.len() < all.len(), "{order:?}");
                let Some(next) = next else { break };
                assert_eq!(Some(&next), window.end.as_ref());
                request = WindowRequest::first(size).after(next);
            }
            assert_eq!(seen, all, "{order:?} by {size}");
        }
    }
}

pub(crate) async fn a_walk_backwards_is_the_exact_reverse(fixture: Fixture) {
    let items = stocked(&fixture).await;
    for order in orders() {
        let query = order.iter().fold(items.query(), |query, order| query.order_by(*order));
        let all = query.all().await.unwrap();
        for size in [1, 4, 30] {
            let mut seen: Vec<Item> = Vec::new();
            let mut request = WindowRequest::last(size);
            loop {
                let window = window(&items, &order, request).await;
                assert_eq!(window.has_next, !seen.is_empty(), "{order:?}");
                let previous = window.previous_cursor();
                assert_eq!(previous.is_some(), window.has_previous, "{order:?}");
                seen.splice(0..0, window.items);
                assert_eq!(window.has_previous, seen.len() < all.len(), "{order:?}");
                let Some(previous) = previous else { break };
                assert_eq!(Some(&previous), window.start.as_ref());
                request = WindowRequest::last(size).before(previous);
            }
            assert_eq!(seen, all, "{order:?} by {size}");
        }
    }
}

pub(crate) async fn every_row_is_a_place_to_start_from(fixture: Fixture) {
    let items = stocked(&fixture).await;
    for order in orders() {
        let query = order.iter().fold(items.query(), |query, order| query.order_by(*order));
        let all = query.all().await.unwrap();
        for place in 0..all.len() {
            let to_here = window(&items, &order, WindowRequest::first(place as u64 + 1)).await;
            let cursor = to_here.end.unwrap();
            let next = WindowRequest::first(2).after(cursor.clone());
            let end = all.len().min(place + 3);
            assert_eq!(window(&items, &order, next).await.items, all[place + 1..end]);
            let near = WindowRequest::last(2).before(cursor.clone());
            let start = place.saturating_sub(2);
            assert_eq!(window(&items, &order, near).await.items, all[start..place]);
            let far = WindowRequest::first(2).before(cursor.clone());
            assert_eq!(window(&items, &order, far).await.items, all[..place.min(2)]);
            let last = WindowRequest::last(1).after(cursor);
            let expected = if place + 1 < all.len() { &all[all.len() - 1..] } else { &[] };
            assert_eq!(window(&items, &order, last).await.items, expected);
        }
    }
}

pub(crate) async fn between_two_cursors_lies_what_is_between_them(fixture: Fixture) {
    let items = stocked(&fixture).await;
    let order = [Item::SIZE.desc(), Item::SHELF.asc()];
    let all = window(&items, &order, WindowRequest::first(30)).await.items;
    let start = window(&items, &order, WindowRequest::first(3)).await.end.unwrap();
    let end = window(&items, &order, WindowRequest::first(9)).await.end.unwrap();
    let between = WindowRequest::first(30).after(start.clone()).before(end.clone());
    assert_eq!(window(&items, &order, between).await.items, all[3..8]);
    let nothing = WindowRequest::first(30).after(end).before(start);
    assert_eq!(window(&items, &order, nothing).await.items, []);
}

pub(crate) async fn a_row_added_or_removed_moves_nothing(fixture: Fixture) {
    let items = stocked(&fixture).await;
    let order = [Item::NAME.asc()];
    let all = window(&items, &order, WindowRequest::first(30)).await.items;
    let first = window(&items, &order, WindowRequest::first(5)).await;
    let cursor = first.end.unwrap();
    items.delete(all[4].id).await.unwrap();
    items.delete(all[0].id).await.unwrap();
    items.create(item("a before everything")).await.unwrap();
    items.create(item("z after everything")).await.unwrap();
    let rest = window(&items, &order, WindowRequest::first(30).after(cursor.clone())).await;
    let names: Vec<_> = rest.items.iter().map(|row| row.name.as_str()).collect();
    let mut expected: Vec<_> = all[5..].iter().map(|row| row.name.as_str()).collect();
    expected.push("z after everything");
    assert_eq!(names, expected, "also although the row at the cursor is gone");
    let before = window(&items, &order, WindowRequest::last(30).before(cursor)).await;
    assert_eq!(before.items.len(), 4);
}

pub(crate) async fn an_empty_window_has_no_cursors(fixture: Fixture) {
    let items = stocked(&fixture).await;
    let empty = items.filter(Item::NAME.eq("x")).window(WindowRequest::first(5)).await.unwrap();
    assert_eq!((empty.items, empty.start, empty.end), (Vec::new(), None, None));
    assert!(!empty.has_next && !empty.has_previous);
    let all = window(&items, &[], WindowRequest::first(30)).await;
    let beyond = window(&items, &[], WindowRequest::first(5).after(all.end.unwrap())).await;
    assert_eq!(beyond.items, []);
    assert!(beyond.has_previous && !beyond.has_next);
    assert_eq!((beyond.previous_cursor(), beyond.next_cursor()), (None, None));
}

pub(crate) async fn a_cursor_is_text_that_comes_back(fixture: Fixture) {
    let items = stocked(&fixture).await;
    let first = window(&items, &[], WindowRequest::first(3)).await;
    let cursor = first.end.unwrap();
    let text = cursor.to_string();
    assert!(
        text.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"-_".contains(&byte)),
        "{text}"
    );
    assert_eq!(text.parse::<Cursor>().unwrap(), cursor);
    let json = serde_json::to_string(&cursor).unwrap();
    assert_eq!(serde_json::from_str::<Cursor>(&json).unwrap(), cursor);
}

pub(crate) async fn a_cursor_of_another_query_is_refused(fixture: Fixture) {
    let db = fixture.with(&schema![Item, Ticket, Counter]).await;
    let items = db.session().repo::<Item>();
    items.create_many([item("a"), item("b"), item("c")]).await.unwrap();
    let cursor = items.query().window(WindowRequest::first(1)).await.unwrap().end.unwrap();
    let request = || WindowRequest::first(1).after(cursor.clone());
    assert_eq!(items.query().window(request()).await.unwrap().items.len(), 1);
    for query in [
        items.query().order_by(Item::ID.desc()),
        items.query().order_by(Item::NAME.asc()),
        items.query().order_by(Item::SIZE.asc()),
        items.filter(Item::NAME.eq("b")),
        items.filter(Item::SIZE.is_null()),
    ] {
        assert_error!(query.window(request()).await, Error::InvalidCursor { .. });
    }
    let counters = db.session().repo::<Counter>();
    assert_error!(counters.query().window(request()).await, Error::InvalidCursor { .. });

    let filtered = |name: &str| items.filter(Item::NAME.ge(name));
    let of_a = filtered("a").window(WindowRequest::first(1)).await.unwrap().end.unwrap();
    let of_b = filtered("b").window(WindowRequest::first(1).after(of_a.clone())).await;
    assert_error!(of_b, Error::InvalidCursor { .. });
    filtered("a").window(WindowRequest::first(1).after(of_a)).await.unwrap();
}

pub(crate) async fn a_cursor_tells_a_text_from_a_number_in_a_document(fixture: Fixture) {
    let samples = fixture.with(&schema![Optional]).await.session().repo::<Optional>();
    samples.create_many(["a", "b"].map(nothing)).await.unwrap();
    let place = || Optional::JSON.path(["zz"]);
    let filters = || [!place().eq(""), !place().eq(0i64), !place().eq(0.0), !place().eq(false)];
    for (of, filter) in filters().into_iter().enumerate() {
        let start = samples.filter(filter).window(WindowRequest::first(1)).await.unwrap();
        let cursor = start.end.unwrap();
        for (at, filter) in filters().into_iter().enumerate() {
            let request = WindowRequest::first(1).after(cursor.clone());
            let next = samples.filter(filter).window(request).await;
            match at == of {
                true => assert_eq!(next.unwrap().items.len(), 1),
                false => assert_error!(next, Error::InvalidCursor { .. }),
            }
        }
    }
}

pub(crate) async fn a_cursor_of_another_tenant_or_visibility_is_refused(fixture: Fixture) {
    let db = fixture.with(&schema![Ticket]).await;
    let (ours, theirs) = (acme(&db).repo::<Ticket>(), bolt(&db).repo::<Ticket>());
    ours.create_many([ticket("A-1"), ticket("A-2")]).await.unwrap();
    theirs.create_many([ticket("A-1"), ticket("A-2")]).await.unwrap();
    let cursor = ours.query().window(WindowRequest::first(1)).await.unwrap().end.unwrap();
    let request = || WindowRequest::first(1).after(cursor.clone());
    assert_error!(theirs.query().window(request()).await, Error::InvalidCursor { .. });
    let deleted = ours.query().with_deleted().window(request()).await;
    assert_error!(deleted, Error::InvalidCursor { .. });
    let all = db.all_tenants("a case").repo::<Ticket>();
    assert_error!(all.query().window(request()).await, Error::InvalidCursor { .. });
    let again = acme(&db).repo::<Ticket>().query().window(request()).await.unwrap();
    assert_eq!(again.items[0].code, "A-2");
}

pub(crate) async fn a_changed_cursor_is_refused(fixture: Fixture) {
    let items = stocked(&fixture).await;
    let order = [Item::SIZE.asc(), Item::NAME.asc()];
    let text = window(&items, &order, WindowRequest::first(7)).await.end.unwrap().to_string();
    let attempt = async |text: &str| -> Result<Window<Item>, Error> {
        let cursor: Cursor = text.parse()?;
        let query = order.iter().fold(items.query(), |query, order| query.order_by(*order));
        query.window(WindowRequest::first(1).after(cursor)).await
    };
    attempt(&text).await.unwrap();
    for place in 0..text.len() {
        let mut changed = text.clone().into_bytes();
        changed[place] = if changed[place] == b'A' { b'B' } else { b'A' };
        let changed = String::from_utf8(changed).unwrap();
        assert_error!(attempt(&changed).await, Error::InvalidCursor { .. });
        assert_error!(attempt(&text[..place]).await, Error::InvalidCursor { .. });
    }
    for nonsense in ["", "a", "AAAA", "not a cursor", "🦀", &text.repeat(2), &format!("{text}A")]
    {
        assert_error!(attempt(nonsense).await, Error::InvalidCursor { .. });
    }
}

pub(crate) async fn a_key_keeps_others_from_making_cursors(fixture: Fixture) {
    let db = fixture.with(&schema![Item]).await;
    db.session().repo::<Item>().create_many([item("a"), item("b")]).await.unwrap();
    let cursor = async |key: &str| {
        let items = db.clone().with_cursor_key(key).session().repo::<Item>();
        items.query().window(WindowRequest::first(1)).await.unwrap().end.unwrap()
    };
    let (ours, theirs) = (cursor("ours").await, cursor("theirs").await);
    let items = db.clone().with_cursor_key("ours").session().repo::<Item>();
    items.query().window(WindowRequest::first(1).after(ours)).await.unwrap();
    let forged = items.query().window(WindowRequest::first(1).after(theirs)).await;
    assert_error!(forged, Error::InvalidCursor { .. });
}

pub(crate) async fn a_window_over_all_tenants_sees_every_row_once(fixture: Fixture) {
    let db = fixture.with(&schema![Ticket]).await;
    let counting = || db.clone().with_ids(repo_core::testing::SequentialIds::new());
    let rows = || (0..5).map(|n| ticket(&n.to_string()));
    acme(&counting()).repo::<Ticket>().create_many(rows()).await.unwrap();
    bolt(&counting()).repo::<Ticket>().create_many(rows()).await.unwrap();
    let all = db.all_tenants("a case").repo::<Ticket>();
    let expected = all.query().order_by(Ticket::STATUS.desc()).all().await.unwrap();
    assert_eq!(expected.len(), 10);
    let (mut seen, mut request) = (Vec::new(), WindowRequest::first(3));
    loop {
        let window = all.query().order_by(Ticket::STATUS.desc()).window(request).await.unwrap();
        seen.extend(window.items);
        if !window.has_next {
            break;
        }
        request = WindowRequest::first(3).after(window.end.unwrap());
    }
    assert_eq!(seen, expected, "although two rows have each id");
}

pub(crate) async fn every_type_orders_a_window(fixture: Fixture) {
    let db = fixture.with(&schema![Optional]).await;
    let samples = db.session().repo::<Optional>();
    let start = crate::fixture::moment("1969-12-31T23:59:59.999998Z");
    for n in 0..4_i16 {
        let moment = start + chrono::TimeDelta::microseconds(n.into());
        let new = NewOptional {
            flag: Some(n > 1),
            small: Some(n - 2),
            large: Some(i64::MIN + i64::from(n)),
            single: Some(f32::from(n) / 3.0),
            double: Some(f64::from(n) / 3.0 - 0.5),
            text: Some(format!("é{n}")),
            bytes: Some(vec![n as u8; n as usize]),
            uuid: Some(uuid::Uuid::from_u128(n as u128)),
            moment: Some(moment),
            date: Some(moment.date_naive()),
            time: Some(moment.time()),
            fraction: Some(rust_decimal::Decimal::new((n - 2).into(), 18)),
            status: Some(if n == 2 { Status::New } else { Status::Done }),
            ..nothing(&n.to_string())
        };
        samples.create(new).await.unwrap();
    }
    samples.create(nothing("null")).await.unwrap();
    for order in [
        Optional::FLAG.desc(),
        Optional::SMALL.asc(),
        Optional::LARGE.desc(),
        Optional::SINGLE.asc(),
        Optional::DOUBLE.desc(),
        Optional::TEXT.asc(),
        Optional::BYTES.desc(),
        Optional::UUID.asc(),
        Optional::MOMENT.desc(),
        Optional::DATE.asc(),
        Optional::TIME.asc(),
        Optional::FRACTION.desc(),
        Optional::STATUS.asc(),
    ] {
        let all = samples.query().order_by(order).all().await.unwrap();
        let (mut seen, mut request) = (Vec::new(), WindowRequest::first(1));
        loop {
            let window = samples.query().order_by(order).window(request).await.unwrap();
            seen.extend(window.items);
            if !window.has_next {
                break;
            }
            request = WindowRequest::first(1).after(window.end.unwrap());
        }
        assert_eq!(seen, all, "{order:?}");
    }
}

pub(crate) async fn sizes_that_mean_nothing_are_refused(fixture: Fixture) {
    let items = stocked(&fixture).await;
    for size in [0, WindowRequest::MAX_SIZE + 1, u64::MAX] {
        let refused = items.query().window(WindowRequest::first(size)).await;
        assert_error!(refused, Error::InvalidInput { .. });
        let refused = items.query().window(WindowRequest::last(size)).await;
        assert_error!(refused, Error::InvalidInput { .. });
    }
    let limited = items.query().limit(3).window(WindowRequest::first(1)).await;
    assert_error!(limited, Error::InvalidInput { column, .. } if column == "window");
}

pub(crate) async fn a_cursor_never_shows_a_sensitive_column(fixture: Fixture) {
    let db = fixture.with(&schema![Ticket]).await;
    let tickets = acme(&db).repo::<Ticket>();
    let query = tickets.query().order_by(Ticket::REPORTER.asc());
    let refused = query.window(WindowRequest::first(1)).await;
    assert_error!(refused, Error::InvalidInput { column, .. } if column == "reporter");
}
