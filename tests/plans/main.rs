//! How the databases find what is asked for, by what they say themselves: over 500 tenants of 1,000 rows and one
//! of 100,000, every read of a tenant goes by an index that starts with the tenant, a count reads no row, and a
//! window far in costs what the first one costs. Not so in an order that turns its direction behind a column that
//! many rows share: no range of an index holds the rows after a position then.
//!
//! Costs are counted (pages read, rows dropped, steps of the virtual machine), never timed. The statements are
//! those that the repository sends, with their parameters.
#![cfg(test)]

mod chunks;
mod explain;
mod noting;
mod parcel;
mod postgres;
mod reads;
mod sqlite;

use std::sync::Arc;

use repo_core::__beside::backend;
use repo_core::{Cursor, Database, Query, Result, Tenant, WindowRequest};

use crate::explain::{Explain, Plan};
use crate::noting::Noting;
use crate::parcel::{LARGE, Parcel, SMALL};
use crate::postgres::Postgres;
use crate::sqlite::Sqlite;

/// Rows of a window of which the large tenant has 10,000, and one more.
const SIZE: u64 = 10;

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn on_sqlite_reads_go_by_the_tenants_indexes_and_windows_cost_the_same_anywhere() {
    examine(Sqlite::new().await).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn on_postgres_reads_go_by_the_tenants_indexes_and_windows_cost_the_same_anywhere() {
    examine(Postgres::new().await).await;
}

async fn examine(mut database: impl Explain) {
    let noting = Noting::new(Arc::clone(backend(database.database())));
    let db = Database::new(Arc::new(noting.clone()));
    parcel::seed(&db).await.expect("rows");
    while let Some(state) = database.next_state().await {
        every_read_has_its_index(&mut database, state, &noting, &db).await.expect("reads");
        windows_cost_the_same(&mut database, state, &noting, &db).await.expect("windows");
    }
}

async fn every_read_has_its_index(
    database: &mut impl Explain,
    state: &str,
    noting: &Noting,
    db: &Database,
) -> Result<()> {
    let parcels = db.tenant(SMALL / 2).repo::<Parcel>();
    for (name, sent) in reads::sent(&parcels, noting).await? {
        let plan = database.plan(SMALL / 2, &sent).await;
        println!("{state}: {name}: {}", plan.scans.join("; "));
        let Plan { text, problems, .. } = &plan;
        assert!(problems.is_empty(), "{state}: {name}: {problems:?}\n{}\n{text}", sent.sql);
        // Which rows are deleted is in the index as well.
        let is_count = name == "count" || name.starts_with("group_by");
        assert!(!is_count || plan.is_of_indexes(), "{state}: {name}: {}\n{text}", sent.sql);
    }
    Ok(())
}

async fn windows_cost_the_same(
    database: &mut impl Explain,
    state: &str,
    noting: &Noting,
    db: &Database,
) -> Result<()> {
    let parcels = db.tenant(LARGE).repo::<Parcel>();
    for (name, ordered) in reads::ORDERS {
        let query = || ordered(parcels.query());
        noting.take();
        query().window(WindowRequest::first(SIZE)).await?;
        let first = database.cost(LARGE, &noting.take()[0]).await;
        for (page, before) in far_in(query).await? {
            noting.take();
            let far = query().window(WindowRequest::first(SIZE).after(before)).await?;
            assert_eq!((far.items.len() as u64, far.has_next), (SIZE, true), "{name}");
            let sent = noting.take();
            let far = database.cost(LARGE, &sent[0]).await;
            let figures = format!("window by {name}: page 1 {first:?}, page {page} {far:?}");
            println!("{state}: {figures}");
            let is_in_two = sent[0].sql.contains(" UNION ALL ");
            assert!(far.is_like(first, is_in_two), "{state}: {figures}");
        }
    }
    Ok(())
}

/// Pages in the middle and at the end, each with the position before it.
async fn far_in(
    query: impl Fn() -> Query<Parcel, Tenant<i64>>,
) -> Result<Vec<(&'static str, Cursor)>> {
    let mut chunks = query().chunks(1_000);
    for _ in 0..50 {
        chunks.next().await?;
    }
    let middle = chunks.position().cloned();
    // After the last row of page 9,999 come page 10,000 and one row.
    let last = query().window(WindowRequest::last(SIZE + 2)).await?.start;
    Ok(vec![("5,001", middle.expect("rows")), ("10,000", last.expect("rows"))])
}
