//! Windows and pages, over 1,000 rows with many ties and `NULL`s: put together they are the list, in any order by two
//! columns, of any size, forwards and backwards, on every database the same; and what comes and goes beside a walk
//! loses nothing else and repeats nothing.

use std::collections::{BTreeSet, HashSet};

use proptest::prelude::*;
use proptest::strategy::ValueTree as _;
use proptest::test_runner::{Config, TestRunner};
use repo_core::{Cursor, Error, PageRequest, Repo, Tenant, Window, WindowRequest, schema};
use uuid::Uuid;

use crate::spans::{By, Span, Spans, compare, new, ordered, orders, rows};
use crate::world::{Run, World};
use crate::{number, random, rng};

const ROWS: usize = 1_000;
/// In every order: a last piece with one row, and all rows in one piece.
const LARGE_SIZES: [u64; 2] = [999, 1_000];
/// In so many orders, other ones at each run: pieces of these sizes, of which there are many.
const SMALL_SIZES: [(usize, &[u64]); 2] = [(1, &[1, 2]), (5, &[7])];
/// Walks during which rows come and go.
const WALKS: usize = 24;

#[test]
fn pieces_of_any_order_and_size_are_the_list() {
    let (seed, mut runner) = runner();
    println!("REPO_PROPERTIES_SEED={seed}");
    let orders = orders();
    let mut sizes: Vec<Vec<u64>> = orders.iter().map(|_| LARGE_SIZES.to_vec()).collect();
    for (count, small) in SMALL_SIZES {
        (0..count).for_each(|_| sizes[drawn(&mut runner, 0..orders.len())].extend(small));
    }
    let values = rows(&mut runner, ROWS);
    in_world("pieces", async |world| {
        for (name, db) in &world.databases {
            let spans = Run::new(db, [1, 2]).session(0).repo::<Span>();
            let mut stored =
                spans.create_many(values.iter().cloned().map(new)).await.expect("rows");
            for (order, sizes) in orders.iter().zip(&sizes) {
                let context = format!("seed {seed}, {name}, {order:?}");
                stored.sort_by(|left, right| compare(order, left, right));
                let query = || ordered(spans.query(), order);
                check_refusals(query).await;
                for size in sizes {
                    let context = format!("{context}, size {size}");
                    check_windows(query, *size, &stored, &context).await;
                    check_pages(query, *size, &stored, &context).await;
                }
            }
        }
    });
}

#[test]
fn what_comes_and_goes_beside_a_walk_loses_and_repeats_nothing_else() {
    let (seed, mut runner) = runner();
    println!("REPO_PROPERTIES_SEED={seed}");
    let orders = orders();
    in_world("meanwhile", async |world| {
        for walk in 0..WALKS {
            let order = orders[drawn(&mut runner, 0..orders.len())];
            let size = [7, 40, 333][walk % 3];
            let changes: Vec<Change> =
                (0..ROWS / size as usize + 1).map(|_| change(&mut runner)).collect();
            let values = rows(&mut runner, ROWS);
            for (name, db) in &world.databases {
                let tenant = i64::try_from(walk).expect("few") + 1;
                let spans = Run::new(db, [tenant, 0]).session(0).repo::<Span>();
                let stored =
                    spans.create_many(values.iter().cloned().map(new)).await.expect("rows");
                let backwards = walk % 2 == 1;
                let context = format!("seed {seed}, {name}, {order:?}, size {size}, {backwards}");
                let walk = Walk { spans: &spans, order: &order, size, backwards };
                walk.check(stored, &changes, &context).await;
            }
        }
    });
}

/// What is done between two windows, near the position: rows by their distance from it.
#[derive(Debug, Clone)]
enum Change {
    Delete(Vec<i64>),
    Purge(Vec<i64>),
    /// Rows that sort like those at these distances, but for their ids.
    Insert(Vec<i64>),
}

struct Walk<'w> {
    spans: &'w Repo<Span, Tenant<i64>>,
    order: &'w [By; 2],
    size: u64,
    backwards: bool,
}

impl Walk<'_> {
    /// Every window is what is beside the position at that time; rows that stay come once.
    async fn check(&self, mut live: Vec<Span>, changes: &[Change], context: &str) {
        let mut stay: HashSet<Uuid> = live.iter().map(|span| span.id).collect();
        let mut seen: Vec<Uuid> = Vec::new();
        let mut beside: Option<(Span, Cursor)> = None;
        for change in changes.iter().chain(std::iter::repeat(&Change::Insert(Vec::new()))) {
            let window = self.window(beside.as_ref().map(|(_, cursor)| cursor)).await;
            let expected = self.expected(&mut live, beside.as_ref().map(|(span, _)| span));
            assert_eq!(window.items, expected, "{context}");
            seen.extend(window.items.iter().map(|span| span.id));
            let (next, cursor, more) = if self.backwards {
                (window.items.first(), window.start, window.has_previous)
            } else {
                (window.items.last(), window.end, window.has_next)
            };
            if !more {
                break;
            }
            let next = next.expect("there are more").clone();
            self.change(&mut live, &mut stay, &next, change).await;
            beside = Some((next, cursor.expect("a window with rows has cursors")));
        }
        let once: HashSet<Uuid> = seen.iter().copied().collect();
        assert_eq!(once.len(), seen.len(), "{context}: a row came twice");
        assert!(stay.is_subset(&once), "{context}: a row that stayed did not come");
    }

    async fn window(&self, beside: Option<&Cursor>) -> Window<Span> {
        let request = match (self.backwards, beside.cloned()) {
            (false, None) => WindowRequest::first(self.size),
            (true, None) => WindowRequest::last(self.size),
            (false, Some(cursor)) => WindowRequest::first(self.size).after(cursor),
            (true, Some(cursor)) => WindowRequest::last(self.size).before(cursor),
        };
        ordered(self.spans.query(), self.order).window(request).await.expect("a window")
    }

    fn expected(&self, live: &mut [Span], beside: Option<&Span>) -> Vec<Span> {
        live.sort_by(|left, right| compare(self.order, left, right));
        let is_ahead = |span: &&Span| {
            beside.is_none_or(|beside| {
                let ordering = compare(self.order, span, beside);
                if self.backwards { ordering.is_lt() } else { ordering.is_gt() }
            })
        };
        let mut ahead: Vec<Span> = live.iter().filter(is_ahead).cloned().collect();
        let size = usize::try_from(self.size).expect("small");
        if self.backwards {
            return ahead.split_off(ahead.len().saturating_sub(size));
        }
        ahead.truncate(size);
        ahead
    }

    async fn change(
        &self,
        live: &mut Vec<Span>,
        stay: &mut HashSet<Uuid>,
        position: &Span,
        change: &Change,
    ) {
        let at = live.iter().position(|span| span.id == position.id).expect("it is there");
        let near = |distances: &[i64]| -> Vec<Span> {
            let at = i64::try_from(at).expect("few");
            let index =
                |by: &i64| usize::try_from(at + by).ok().filter(|index| *index < live.len());
            let indexes: BTreeSet<usize> = distances.iter().filter_map(index).collect();
            indexes.into_iter().map(|index| live[index].clone()).collect()
        };
        match change {
            Change::Delete(distances) | Change::Purge(distances) => {
                let gone: HashSet<Uuid> = near(distances).iter().map(|span| span.id).collect();
                for id in &gone {
                    self.spans.delete(*id).await.expect("deleted");
                    if matches!(change, Change::Purge(_)) {
                        self.spans.purge(*id).await.expect("purged");
                    }
                }
                live.retain(|span| !gone.contains(&span.id));
                stay.retain(|id| !gone.contains(id));
            }
            Change::Insert(distances) => {
                let copies = near(distances).into_iter();
                let copies =
                    copies.map(|Span { rank, label, weight, .. }| new((rank, label, weight)));
                live.extend(self.spans.create_many(copies).await.expect("rows"));
            }
        }
    }
}

async fn check_windows(query: impl Fn() -> Spans, size: u64, stored: &[Span], context: &str) {
    for backwards in [false, true] {
        let (mut seen, mut beside) = (Vec::new(), None);
        loop {
            let request = match (backwards, beside) {
                (false, None) => WindowRequest::first(size),
                (true, None) => WindowRequest::last(size),
                (false, Some(cursor)) => WindowRequest::first(size).after(cursor),
                (true, Some(cursor)) => WindowRequest::last(size).before(cursor),
            };
            let mut window = query().window(request).await.expect("a window");
            let more = if backwards { window.has_previous } else { window.has_next };
            beside = if backwards { window.start } else { window.end };
            if backwards {
                window.items.reverse();
            }
            seen.append(&mut window.items);
            if !more {
                break;
            }
        }
        if backwards {
            seen.reverse();
        }
        assert!(seen == stored, "{context}, backwards {backwards}: {}", difference(&seen, stored));
    }
}

async fn check_pages(query: impl Fn() -> Spans, size: u64, stored: &[Span], context: &str) {
    let (mut seen, total) = (Vec::new(), stored.len() as u64);
    for number in 1..=total.div_ceil(size) {
        let page = query().page(PageRequest::number(number).size(size)).await.expect("a page");
        assert_eq!(page.total, total, "{context}, page {number}");
        seen.extend(page.items);
    }
    assert!(seen == stored, "{context}, pages: {}", difference(&seen, stored));
}

/// Neither has more than 1,000 rows.
async fn check_refusals(query: impl Fn() -> Spans) {
    let window = query().window(WindowRequest::first(1_001)).await;
    assert!(matches!(window, Err(Error::InvalidInput { .. })), "{window:?}");
    let page = query().page(PageRequest::number(1).size(1_001)).await;
    assert!(matches!(page, Err(Error::InvalidInput { .. })), "{page:?}");
}

fn difference(seen: &[Span], stored: &[Span]) -> String {
    let at = seen.iter().zip(stored).position(|(seen, stored)| seen != stored);
    let at = at.unwrap_or(seen.len().min(stored.len()));
    format!(
        "{} rows of {}, at {at} {:?} for {:?}",
        seen.len(),
        stored.len(),
        seen.get(at),
        stored.get(at)
    )
}

fn change(runner: &mut TestRunner) -> Change {
    let distances = || prop::collection::vec(-3..4_i64, 0..4);
    let change = prop_oneof![
        distances().prop_map(Change::Delete),
        distances().prop_map(Change::Purge),
        distances().prop_map(Change::Insert),
    ];
    change.new_tree(runner).expect("nothing is rejected").current()
}

fn drawn(runner: &mut TestRunner, range: std::ops::Range<usize>) -> usize {
    range.new_tree(runner).expect("nothing is rejected").current()
}

fn runner() -> (u64, TestRunner) {
    let seed = number("REPO_PROPERTIES_SEED").unwrap_or_else(random);
    (seed, TestRunner::new_with_rng(Config::default(), rng(seed)))
}

fn in_world(name: &str, test: impl AsyncFnOnce(&World)) {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build();
    runtime.expect("a runtime").block_on(async {
        let world = World::new(name, &schema![Span]).await;
        test(&world).await;
        world.remove().await;
    });
}
