//! Aggregates, groups and series of a database.

use std::fmt::Debug;

use repo_core::query::{Answered, GroupOrder, Having, Keys as KeyColumns};
use repo_core::{
    Aggregate, Bucket, ColumnType, Comparable, OwnedBy, Query, ReachableFrom, Result, Scope, count,
};

use crate::answer::Trace;
use crate::entity::{Item, StatusSummary};
use crate::operation::Ask;
use crate::operation_parts::{
    self as parts, By, Comparison, Groups, Keys, Length, Per, Percentiles, Ranked,
};

pub(crate) async fn summary<S: Scope>(trace: &mut Trace, query: Query<Item, S>, ask: Ask)
where
    OwnedBy<i64>: ReachableFrom<S>,
{
    match ask {
        Ask::Aggregates => aggregates(trace, query).await,
        Ask::Groups(asked) => trace.add("groups", &groups(query, asked).await),
        Ask::Latest(by) => {
            let latest = match by {
                By::Score => query.latest(Item::SCORE).await,
                By::Price => query.latest(Item::PRICE).await,
                By::CreatedAt => query.latest(Item::CREATED_AT).await,
                By::DeletedAt => query.latest(Item::DELETED_AT).await,
            };
            trace.add("latest", &latest);
        }
        Ask::LatestPer(per, by) => {
            let latest = match by {
                By::Score => latest_per(query, per, Item::SCORE).await,
                By::Price => latest_per(query, per, Item::PRICE).await,
                By::CreatedAt => latest_per(query, per, Item::CREATED_AT).await,
                By::DeletedAt => latest_per(query, per, Item::DELETED_AT).await,
            };
            trace.add("latest_per", &latest);
        }
        _ => unreachable!("only summaries come here"),
    }
}

async fn aggregates<S: Scope>(trace: &mut Trace, query: Query<Item, S>)
where
    OwnedBy<i64>: ReachableFrom<S>,
{
    let (score, price, note) = (Item::SCORE, Item::PRICE, Item::NOTE);
    let numbers = (count(), score.count(), score.sum(), score.avg(), score.min(), score.max());
    let numbers = query.clone().aggregate(numbers).await;
    trace.add("numbers", &numbers);
    if numbers.is_ok() {
        let distinct = note.count_distinct();
        let values =
            (price.sum(), price.avg(), note.min(), note.max(), distinct, Item::STATUS.max());
        trace.add("values", &query.aggregate(values).await);
    }
}

pub(crate) async fn percentiles<S: Scope>(
    query: Query<Item, S>,
    asked: Percentiles,
) -> Result<String>
where
    OwnedBy<i64>: ReachableFrom<S>,
{
    let Percentiles { share, of } = asked;
    let (score, price) = (Item::SCORE, Item::PRICE);
    Ok(match of {
        Ranked::Score => format!("{:?}", query.percentile(score, share).await?),
        Ranked::Note => format!("{:?}", query.percentile(Item::NOTE, share).await?),
        Ranked::Price => format!("{:?}", query.percentile(price, share).await?),
        Ranked::DeletedAt => format!("{:?}", query.percentile(Item::DELETED_AT, share).await?),
        Ranked::ContinuousScore => format!("{:?}", query.percentile_cont(score, share).await?),
        Ranked::ContinuousPrice => format!("{:?}", query.percentile_cont(price, share).await?),
        Ranked::PerStatus(least) => {
            let of_scores = score.percentile(share);
            let groups = query.group_by(Item::STATUS).select((of_scores, price.percentile(share)));
            let groups = match least {
                Some(least) => groups.having(of_scores.ge(least)),
                None => groups,
            };
            format!("{:?}", groups.all().await?)
        }
    })
}

async fn latest_per<S: Scope, T: ColumnType>(
    query: Query<Item, S>,
    per: Per,
    by: repo_core::Column<Item, T>,
) -> Result<Vec<Item>>
where
    OwnedBy<i64>: ReachableFrom<S>,
    <T::Bare as ColumnType>::Class: Comparable,
{
    match per {
        Per::Note => query.latest_per(Item::NOTE, by).await,
        Per::StatusAndDone => query.latest_per((Item::STATUS, Item::DONE), by).await,
        Per::Created(length) => query.latest_per(Item::CREATED_AT.bucket(bucket(length)), by).await,
    }
}

async fn groups<S: Scope>(query: Query<Item, S>, asked: Groups) -> Result<Vec<String>>
where
    OwnedBy<i64>: ReachableFrom<S>,
{
    match asked.keys {
        Keys::Status => grouped(query, Item::STATUS, asked).await,
        Keys::StatusSummary => summed_up(query, asked).await,
        Keys::NoteAndDone => grouped(query, (Item::NOTE, Item::DONE), asked).await,
        Keys::Created(length) => {
            grouped(query, Item::CREATED_AT.bucket(bucket(length)), asked).await
        }
        Keys::Deleted(length) => {
            grouped(query, Item::DELETED_AT.bucket(bucket(length)), asked).await
        }
        Keys::Filled(length, from, to) => {
            let buckets = query.group_by(Item::CREATED_AT.bucket(bucket(length))).fill(from..to);
            let aggregates = (count(), Item::SCORE.sum(), Item::NOTE.count_distinct());
            Ok(lines(buckets.select(aggregates).all().await?))
        }
    }
}

async fn grouped<S: Scope, K: KeyColumns<Item, Output: Debug>>(
    query: Query<Item, S>,
    keys: K,
    asked: Groups,
) -> Result<Vec<String>>
where
    OwnedBy<i64>: ReachableFrom<S>,
{
    let (rows, sum) = (count(), Item::SCORE.sum());
    let mut groups = query.group_by(keys).select((rows, sum, Item::NOTE.count_distinct()));
    if let Some((how, number)) = asked.having_rows {
        groups = groups.having(having(rows, how, number));
    }
    if let Some((how, number)) = asked.having_sum {
        groups = groups.having(having(sum, how, number));
    }
    if let Some(order) = asked.order {
        groups = groups.order_by(if order.by_sum { by(sum, order) } else { by(rows, order) });
    }
    if asked.descending {
        groups = groups.descending();
    }
    if let Some(limit) = asked.limit {
        groups = groups.limit(limit);
    }
    Ok(lines(groups.all().await?))
}

/// As `grouped`, of a struct.
async fn summed_up<S: Scope>(query: Query<Item, S>, asked: Groups) -> Result<Vec<String>>
where
    OwnedBy<i64>: ReachableFrom<S>,
{
    let (rows, sum) = (count(), Item::SCORE.sum());
    let mut summaries = query.summaries::<StatusSummary>();
    if let Some((how, number)) = asked.having_rows {
        summaries = summaries.having(having(rows, how, number));
    }
    if let Some((how, number)) = asked.having_sum {
        summaries = summaries.having(having(sum, how, number));
    }
    if let Some(order) = asked.order {
        summaries = summaries.order_by(if order.by_sum { by(sum, order) } else { by(rows, order) });
    }
    if asked.descending {
        summaries = summaries.descending();
    }
    if let Some(limit) = asked.limit {
        summaries = summaries.limit(limit);
    }
    let all = summaries.all().await?;
    let groups = all.into_iter().map(|it| (it.status, (it.rows, it.scores, it.notes)));
    Ok(lines(groups.collect()))
}

fn lines<K: Debug, A: Debug>(groups: Vec<(K, A)>) -> Vec<String> {
    groups.into_iter().map(|(key, answer)| format!("{key:?} {answer:?}")).collect()
}

fn having<A: Answered>(
    aggregate: Aggregate<Item, A>,
    how: Comparison,
    value: A::Bare,
) -> Having<Item> {
    match how {
        Comparison::Eq => aggregate.eq(value),
        Comparison::Ne => aggregate.ne(value),
        Comparison::Lt => aggregate.lt(value),
        Comparison::Le => aggregate.le(value),
        Comparison::Gt => aggregate.gt(value),
        Comparison::Ge => aggregate.ge(value),
    }
}

fn by<A: Answered>(aggregate: Aggregate<Item, A>, order: parts::GroupOrder) -> GroupOrder<Item> {
    let by = if order.descending { aggregate.desc() } else { aggregate.asc() };
    match order.nulls_first {
        None => by,
        Some(true) => by.nulls_first(),
        Some(false) => by.nulls_last(),
    }
}

fn bucket(length: Length) -> Bucket {
    match length {
        Length::SevenSeconds => Bucket::seconds(7),
        Length::ThreeMinutes => Bucket::minutes(3),
        Length::Week => Bucket::weeks(1),
        Length::FiveMonths => Bucket::months(5),
    }
}
