//! What is asked for: every kind of read of one tenant.

use std::time::Duration;

use chrono::TimeDelta;
use repo_core::{Bucket, PageRequest, Query, Result, Tenant, WindowRequest, count};

use crate::noting::{Noting, Sent};
use crate::parcel::{Parcel, ParcelRepository, start};

type Parcels = Query<Parcel, Tenant<i64>>;

/// A query in an order.
type Ordered = fn(Parcels) -> Parcels;

/// The orders of windows whose costs are compared.
pub(crate) const ORDERS: [(&str, Ordered); 6] = [
    ("id", |parcels| parcels),
    ("arrival, newest first", |parcels| parcels.order_by(Parcel::ARRIVED.desc())),
    ("arrival", |parcels| parcels.order_by(Parcel::ARRIVED.asc())),
    ("arrival, newest first, then id", |parcels| {
        parcels.order_by(Parcel::ARRIVED.desc()).order_by(Parcel::ID.asc())
    }),
    ("due, latest first", |parcels| parcels.order_by(Parcel::DUE.desc())),
    ("due, soonest first", |parcels| parcels.order_by(Parcel::DUE.asc())),
];

/// Runs every read of the parcels of a small tenant, and returns what each of them sent.
pub(crate) async fn sent(
    parcels: &ParcelRepository<Tenant<i64>>,
    noting: &Noting,
) -> Result<Vec<(&'static str, Sent)>> {
    let mut sent = Vec::new();
    let mut note = |name| {
        let [statement] = &noting.take()[..] else { panic!("{name} is one statement") };
        sent.push((name, statement.clone()));
    };
    noting.take();
    keys(parcels, &mut note).await?;
    rows(parcels, &mut note).await?;
    answers(parcels, &mut note).await?;
    Ok(sent)
}

async fn keys(
    parcels: &ParcelRepository<Tenant<i64>>,
    note: &mut impl FnMut(&'static str),
) -> Result<()> {
    let known = parcels.find_by_code("P-500").await?.expect("a parcel");
    note("find_by_code");
    parcels.get(known.id).await?;
    note("get");
    parcels.exists(known.id).await?;
    note("exists");
    parcels.get_many([known.id, known.id]).await?;
    note("get_many");
    Ok(())
}

async fn rows(
    parcels: &ParcelRepository<Tenant<i64>>,
    note: &mut impl FnMut(&'static str),
) -> Result<()> {
    let newest = || parcels.query().order_by(Parcel::ARRIVED.desc());
    let arrived = start() + TimeDelta::seconds(100)..start() + TimeDelta::seconds(110);
    parcels.all().await?;
    note("all");
    parcels.list_by_carrier("carrier 7").await?;
    note("list_by_carrier");
    parcels.filter(Parcel::ARRIVED.within(arrived)).all().await?;
    note("list of ten seconds");
    newest().filter(Parcel::STATE.eq(3)).limit(20).all().await?;
    note("list of a state, newest first");
    newest().page(PageRequest::number(1)).await?;
    note("page 1");
    newest().page(PageRequest::number(40)).await?;
    note("page 40");
    let end = newest().window(WindowRequest::first(900)).await?.end.expect("rows");
    note("first window");
    newest().window(WindowRequest::first(20).after(end)).await?;
    note("window far in");
    newest().recent(Parcel::ARRIVED, Duration::from_secs(60)).all().await?;
    note("recent");
    parcels.query().latest(Parcel::ARRIVED).await?;
    note("latest");
    parcels.filter(Parcel::STATE.eq(3)).latest(Parcel::ARRIVED).await?;
    note("latest of a state");
    parcels.query().latest_per(Parcel::STATE, Parcel::ARRIVED).await?;
    note("latest_per state");
    Ok(())
}

async fn answers(
    parcels: &ParcelRepository<Tenant<i64>>,
    note: &mut impl FnMut(&'static str),
) -> Result<()> {
    parcels.count().await?;
    note("count");
    parcels.filter(Parcel::CARRIER.eq("carrier 7")).exists().await?;
    note("exists of a carrier");
    parcels.query().max(Parcel::ARRIVED).await?;
    note("max");
    parcels.query().group_by(Parcel::STATE).select(count()).all().await?;
    note("group_by state");
    parcels
        .query()
        .group_by(Parcel::ARRIVED.bucket(Bucket::hours(1)))
        .select(count())
        .all()
        .await?;
    note("group_by hour");
    Ok(())
}
