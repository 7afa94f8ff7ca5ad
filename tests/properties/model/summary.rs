//! What aggregates, groups and series answer.

use std::cmp::Ordering;

use chrono::{DateTime, Datelike as _, NaiveDate, TimeDelta, Utc};
use repo_core::{Error, Result};
use rust_decimal::Decimal;

use super::{Model, order};
use crate::entity::{Item, Status};
use crate::generate::epoch;
use crate::operation::{Ask, Condition, Key, OrderColumn, Selection, Test};
use crate::operation_parts::{By, GroupOrder, Groups, Keys, Length, MomentTest, Per};

/// How many rows, the sum of their scores, how many different notes.
type Summary = (u64, Option<i64>, u64);

/// A key of groups: its parts in the order of the database, and what is answered.
type GroupKey = (Vec<Option<Part>>, String);

#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
enum Part {
    Text(String),
    Bool(bool),
    Moment(DateTime<Utc>),
}

impl Model {
    pub(super) fn summarize(&mut self, tenant: Option<i64>, selection: &Selection, ask: Ask) {
        match ask {
            Ask::Aggregates => {
                let items = about_all(selection, "aggregate");
                let items = items.and_then(|()| self.matching(tenant, selection));
                match items {
                    Ok(items) => {
                        self.trace.add("numbers", &Ok(numbers(&items)));
                        self.trace.add("values", &Ok(values(&items)));
                    }
                    Err(error) => self.trace.add::<()>("numbers", &Err(error)),
                }
            }
            Ask::Groups(groups) => {
                let answer = self.groups(tenant, selection, groups);
                self.trace.add("groups", &answer);
            }
            Ask::Latest(by) => {
                let mut selection = with_value(selection, by);
                selection.order.insert(0, descending(by));
                let id = OrderColumn::Id;
                selection.order.push(Key { column: id, descending: true, nulls_first: None });
                let latest = self.all(tenant, &selection);
                self.trace.add("latest", &latest.map(|rows| rows.into_iter().next()));
            }
            Ask::LatestPer(per, by) => {
                let latest = self.latest_per(tenant, selection, per, by);
                self.trace.add("latest_per", &latest);
            }
            _ => unreachable!("only summaries come here"),
        }
    }

    fn latest_per(
        &self,
        tenant: Option<i64>,
        selection: &Selection,
        per: Per,
        by: By,
    ) -> Result<Vec<Item>> {
        if selection.for_update {
            return Err(Error::invalid_input(
                "latest_per",
                "locks no rows: leave out `for_update`",
            ));
        }
        let newest = Selection { order: vec![descending(by)], ..with_value(selection, by) };
        let mut seen = Vec::new();
        let mut rows = self.matching(tenant, &newest)?;
        rows.retain(|item| {
            let key = per_key(per, item);
            let is_new = !seen.contains(&key);
            seen.push(key);
            is_new
        });
        if selection.order.is_empty() {
            rows.sort_by(|left, right| {
                let keys = compare_keys(&per_key(per, left), &per_key(per, right));
                keys.then(order::compare(&[], left, right))
            });
        } else {
            rows.sort_by(|left, right| order::compare(&selection.order, left, right));
        }
        let offset = selection.offset.map_or(0, |offset| offset as usize);
        let limit = selection.limit.map_or(usize::MAX, |limit| limit as usize);
        Ok(rows.into_iter().skip(offset).take(limit).collect())
    }

    fn groups(
        &self,
        tenant: Option<i64>,
        selection: &Selection,
        groups: Groups,
    ) -> Result<Vec<String>> {
        if !selection.order.is_empty() {
            let reason = "orders groups, not rows: leave out `order_by`";
            return Err(Error::invalid_input("group_by", reason));
        }
        about_all(selection, "group_by")?;
        let mut selection = selection.clone();
        if let Keys::Filled(_, from, to) = groups.keys {
            let within = MomentTest::Within(from, to);
            let within = Condition::Moment(crate::operation_parts::Moment::CreatedAt, within);
            selection.conditions.push(within);
        }
        let items = self.matching(tenant, &selection)?;
        let mut found: Vec<(GroupKey, Vec<Item>)> = Vec::new();
        for item in items {
            let key = key_of(groups.keys, &item);
            match found.iter_mut().find(|(known, _)| *known == key) {
                Some((_, items)) => items.push(item),
                None => found.push((key, vec![item])),
            }
        }
        let answers = found.into_iter().map(|(key, items)| (key, summary(&items))).collect();
        Ok(match groups.keys {
            Keys::Filled(length, from, to) => filled(length, from, to, answers),
            _ => chosen(groups, answers),
        })
    }
}

/// Every bucket that the range touches.
fn filled(
    length: Length,
    from: DateTime<Utc>,
    to: DateTime<Utc>,
    answers: Vec<(GroupKey, Summary)>,
) -> Vec<String> {
    let mut lines = Vec::new();
    let mut start = bucket(length, from);
    while start < to && from < to {
        let key = (vec![Some(Part::Moment(start))], format!("{start:?}"));
        let found = answers.iter().find(|(known, _)| *known == key);
        let summary = found.map_or((0, None, 0), |(_, summary)| *summary);
        lines.push(format!("{} {summary:?}", key.1));
        start = after(length, start);
    }
    lines
}

/// Those that the conditions of the groups let through, in their order.
fn chosen(groups: Groups, mut answers: Vec<(GroupKey, Summary)>) -> Vec<String> {
    answers.retain(|(_, (rows, sum, _))| {
        let by_rows = groups.having_rows.is_none_or(|(how, number)| how.holds(rows, &number));
        let by_sum = groups
            .having_sum
            .is_none_or(|(how, number)| sum.is_some_and(|sum| how.holds(&sum, &number)));
        by_rows && by_sum
    });
    answers.sort_by(|(left, of_left), (right, of_right)| {
        let keys = compare_keys(&left.0, &right.0);
        let keys = if groups.descending { keys.reverse() } else { keys };
        let first =
            groups.order.map_or(Ordering::Equal, |order| by_aggregate(order, of_left, of_right));
        first.then(keys)
    });
    let limit = groups.limit.map_or(usize::MAX, |limit| limit as usize);
    let line = |((_, key), summary): ((_, String), Summary)| format!("{key} {summary:?}");
    answers.into_iter().take(limit).map(line).collect()
}

fn by_aggregate(order: GroupOrder, left: &Summary, right: &Summary) -> Ordering {
    let value = |(rows, sum, _): &Summary| if order.by_sum { *sum } else { Some(*rows as i64) };
    let (left, right) = (value(left), value(right));
    let rank =
        |value: Option<i64>| value.is_none() != order.nulls_first.unwrap_or(order.descending);
    let values = left.zip(right).map_or(Ordering::Equal, |(left, right)| left.cmp(&right));
    rank(left).cmp(&rank(right)).then(if order.descending { values.reverse() } else { values })
}

/// `NULL` above every value.
fn compare_keys(left: &[Option<Part>], right: &[Option<Part>]) -> Ordering {
    let part = |(left, right): (&Option<Part>, &Option<Part>)| match (left, right) {
        (None, None) => Ordering::Equal,
        (None, Some(_)) => Ordering::Greater,
        (Some(_), None) => Ordering::Less,
        (Some(left), Some(right)) => left.cmp(right),
    };
    left.iter().zip(right).map(part).find(|ordering| ordering.is_ne()).unwrap_or(Ordering::Equal)
}

fn key_of(keys: Keys, item: &Item) -> GroupKey {
    let moment = |at: Option<DateTime<Utc>>| vec![at.map(Part::Moment)];
    match keys {
        Keys::Status | Keys::StatusSummary => {
            (vec![Some(status(item))], format!("{:?}", item.status))
        }
        Keys::NoteAndDone => {
            let parts = vec![item.note.clone().map(Part::Text), Some(Part::Bool(item.done))];
            (parts, format!("{:?}", (&item.note, item.done)))
        }
        Keys::Created(length) | Keys::Filled(length, ..) => {
            let start = bucket(length, item.created_at);
            (moment(Some(start)), format!("{start:?}"))
        }
        Keys::Deleted(length) => {
            let start = item.deleted_at.map(|at| bucket(length, at));
            (moment(start), format!("{start:?}"))
        }
    }
}

fn per_key(per: Per, item: &Item) -> Vec<Option<Part>> {
    match per {
        Per::Note => vec![item.note.clone().map(Part::Text)],
        Per::StatusAndDone => vec![Some(status(item)), Some(Part::Bool(item.done))],
        Per::Created(length) => vec![Some(Part::Moment(bucket(length, item.created_at)))],
    }
}

fn status(item: &Item) -> Part {
    Part::Text(item.status.as_str().to_owned())
}

/// The start of the bucket of a moment after 1970.
fn bucket(length: Length, at: DateTime<Utc>) -> DateTime<Utc> {
    let seconds = |length: i64, first: i64| {
        let start = at.timestamp() - (at.timestamp() - first).rem_euclid(length);
        DateTime::from_timestamp(start, 0).expect("a moment of 2025")
    };
    match length {
        Length::SevenSeconds => seconds(7, 0),
        Length::ThreeMinutes => seconds(180, 0),
        // The first Monday of 1970.
        Length::Week => seconds(7 * 86_400, 4 * 86_400),
        Length::FiveMonths => {
            let month = (at.year() - 1970) * 12 + at.month0() as i32;
            first_of(month - month.rem_euclid(5))
        }
    }
}

fn after(length: Length, start: DateTime<Utc>) -> DateTime<Utc> {
    match length {
        Length::SevenSeconds => start + TimeDelta::seconds(7),
        Length::ThreeMinutes => start + TimeDelta::minutes(3),
        Length::Week => start + TimeDelta::days(7),
        Length::FiveMonths => first_of((start.year() - 1970) * 12 + start.month0() as i32 + 5),
    }
}

/// The first day of a month, counted from January 1970.
fn first_of(month: i32) -> DateTime<Utc> {
    let day = NaiveDate::from_ymd_opt(1970 + month / 12, month.unsigned_abs() % 12 + 1, 1);
    day.and_then(|day| day.and_hms_opt(0, 0, 0)).unwrap_or(epoch().naive_utc()).and_utc()
}

fn summary(items: &[Item]) -> Summary {
    let scores: Vec<i64> = items.iter().filter_map(|item| item.score).map(i64::from).collect();
    let sum = (!scores.is_empty()).then(|| scores.iter().sum());
    (items.len() as u64, sum, different_notes(items))
}

fn different_notes(items: &[Item]) -> u64 {
    let mut notes: Vec<_> = items.iter().filter_map(|item| item.note.as_ref()).collect();
    notes.sort();
    notes.dedup();
    notes.len() as u64
}

type Numbers = (u64, u64, Option<i64>, Option<f64>, Option<i32>, Option<i32>);

fn numbers(items: &[Item]) -> Numbers {
    let scores: Vec<i32> = items.iter().filter_map(|item| item.score).collect();
    let (_, sum, _) = summary(items);
    let average = sum.map(|sum| sum as f64 / scores.len() as f64);
    let (least, greatest) = (scores.iter().min().copied(), scores.iter().max().copied());
    (items.len() as u64, scores.len() as u64, sum, average, least, greatest)
}

type Values =
    (Option<Decimal>, Option<Decimal>, Option<String>, Option<String>, u64, Option<Status>);

fn values(items: &[Item]) -> Values {
    let units: i128 = items.iter().map(|item| item.price.mantissa()).sum();
    let is_any = !items.is_empty();
    let sum = is_any.then(|| Decimal::from_i128_with_scale(units, 2));
    let average = is_any.then(|| {
        let (exact, count) = (units * 1_000_000, items.len() as i128);
        let away = if exact < 0 { -count } else { count };
        Decimal::from_i128_with_scale((2 * exact + away) / (2 * count), 8)
    });
    let notes = || items.iter().filter_map(|item| item.note.clone());
    let status = items.iter().map(|item| item.status).max_by_key(|status| status.as_str());
    (sum, average, notes().min(), notes().max(), different_notes(items), status)
}

fn with_value(selection: &Selection, by: By) -> Selection {
    let mut selection = selection.clone();
    match by {
        By::Score => selection.conditions.push(Condition::Score(Test::IsNotNull)),
        By::DeletedAt => selection.conditions.push(Condition::DeletedAt(Test::IsNotNull)),
        By::Price | By::CreatedAt => {}
    }
    selection
}

fn descending(by: By) -> Key {
    let column = match by {
        By::Score => OrderColumn::Score,
        By::Price => OrderColumn::Price,
        By::CreatedAt => OrderColumn::CreatedAt,
        By::DeletedAt => OrderColumn::DeletedAt,
    };
    Key { column, descending: true, nulls_first: None }
}

pub(super) fn about_all(selection: &Selection, method: &'static str) -> Result<()> {
    if selection.limit.is_none() && selection.offset.is_none() {
        return Ok(());
    }
    Err(Error::invalid_input(method, "is about all rows: leave out `limit` and `offset`"))
}
