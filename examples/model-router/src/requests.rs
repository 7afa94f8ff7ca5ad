//! The request logs of two tenants: each is written and read in a session of its tenant.
//!
//! The requests are made up, the same in every run, and each has a key of its own: a second run finds
//! them there and adds none. What all tenants together use is in `usage.rs`.

use std::collections::HashSet;

use chrono::{DateTime, TimeDelta, Utc};
use repo_core::{Database, Projection, Result, Session, Summary, Tenant, count};
use rust_decimal::Decimal;
use serde::Serialize;
use uuid::Uuid;

use crate::entities::{NewRequest, Outcome, Request};
use crate::import::again_on_conflict;
use crate::offers::Offer;
use crate::usage::{self, Day};

/// The tenants: a name, an id, and how many requests they make.
pub(crate) const TENANTS: [(&str, Uuid, usize); 2] = [
    ("acme", Uuid::from_u128(0x01990000_0000_7000_8000_000000000001), 40),
    ("globex", Uuid::from_u128(0x01990000_0000_7000_8000_000000000002), 25),
];

/// What a tenant sees of its requests.
#[derive(Debug, Serialize)]
pub(crate) struct TenantLog {
    pub(crate) tenant: &'static str,
    /// Added by this run.
    pub(crate) logged: usize,
    /// Added by an earlier one.
    pub(crate) already_there: usize,
    pub(crate) requests: u64,
    pub(crate) answered: u64,
    pub(crate) input_tokens: i64,
    pub(crate) output_tokens: i64,
    /// US dollars.
    pub(crate) cost: String,
    pub(crate) slowest_ms: i64,
    /// What it used each day.
    pub(crate) days: Vec<Day>,
    /// What the tenant is told when it asks for a request of the other.
    pub(crate) foreign_request: Option<String>,
}

/// All requests of a tenant.
#[derive(Debug, Summary)]
#[summary(entity = Request)]
struct Sums {
    #[summary(value = count())]
    requests: u64,
    #[summary(value = Request::INPUT_TOKENS.sum())]
    input_tokens: Option<i64>,
    #[summary(value = Request::OUTPUT_TOKENS.sum())]
    output_tokens: Option<i64>,
    #[summary(value = Request::COST.sum())]
    cost: Option<Decimal>,
    #[summary(value = Request::LATENCY_MS.max())]
    slowest_ms: Option<i64>,
}

/// What a tenant calls a request.
#[derive(Debug, Projection)]
#[projection(entity = Request)]
struct Key {
    key: String,
}

/// Logs the requests of both tenants to `models`, and reads back what each of them sees.
pub(crate) async fn log(db: &Database, models: &[Offer]) -> Result<Vec<TenantLog>> {
    let mut added = Vec::new();
    for (_, id, count) in TENANTS {
        added.push(add(&db.tenant(id), count, models).await?);
    }
    let mut logs = Vec::new();
    for (at, (tenant, id, _)) in TENANTS.into_iter().enumerate() {
        let (logged, already_there) = added[at];
        let (_, other, _) = TENANTS[1 - at];
        let session = db.tenant(id);
        let requests = session.repo::<Request>();
        let sums: Sums = requests.query().summaries::<Sums>().one().await?;
        logs.push(TenantLog {
            tenant,
            logged,
            already_there,
            requests: sums.requests,
            answered: requests.filter(Request::OUTCOME.eq(Outcome::Answered)).count().await?,
            input_tokens: sums.input_tokens.unwrap_or(0),
            output_tokens: sums.output_tokens.unwrap_or(0),
            cost: sums.cost.unwrap_or_default().normalize().to_string(),
            slowest_ms: sums.slowest_ms.unwrap_or(0),
            days: usage::days(&session).await?,
            foreign_request: ask_for_foreign(&session, &db.tenant(other)).await?,
        });
    }
    Ok(logs)
}

/// Adds the requests that are not there yet. Returns how many were added, and how many were there.
async fn add(
    session: &Session<Tenant<Uuid>>,
    count: usize,
    models: &[Offer],
) -> Result<(usize, usize)> {
    let add = async || {
        session
            .transaction(async |tx| {
                let repo = tx.repo::<Request>();
                let wanted = requests(count, models);
                let keys = wanted.iter().map(|request| request.key.as_str());
                let there = repo.filter(Request::KEY.in_list(keys)).project::<Key>().all().await?;
                let there: HashSet<String> = there.into_iter().map(|it| it.key).collect();
                let is_new = |new: &NewRequest| !there.contains(&new.key);
                let added = repo.create_many(wanted.into_iter().filter(is_new)).await?;
                Ok((added.len(), there.len()))
            })
            .await
    };
    again_on_conflict(add).await
}

/// What `session` is told about a request of `other`; `None` if that has none.
async fn ask_for_foreign(
    session: &Session<Tenant<Uuid>>,
    other: &Session<Tenant<Uuid>>,
) -> Result<Option<String>> {
    let Some(foreign) = other.repo::<Request>().first().await? else { return Ok(None) };
    match session.repo::<Request>().get(foreign.id).await {
        Ok(_) => Ok(Some("shown, which must not be".to_owned())),
        Err(error) if error.is_not_found() => Ok(Some(error.to_string())),
        Err(error) => Err(error),
    }
}

/// Some requests to those of `models` whose prices are known, one after the other.
fn requests(count: usize, models: &[Offer]) -> Vec<NewRequest> {
    let priced: Vec<(&Offer, Decimal, Decimal)> = models
        .iter()
        .filter_map(|model| Some((model, model.input_price?, model.output_price?)))
        .collect();
    // Numbers that look like traffic and are the same in every run: a linear congruential generator.
    let mut state = 20_260_101 + count as i64;
    let mut next = move |least: i64, most: i64| {
        state = (state * 1_103_515_245 + 12_345) % (1 << 31);
        least + (state >> 8) % (most - least + 1)
    };
    let mut request = |number, (model, input_price, output_price): &(&Offer, Decimal, Decimal)| {
        let outcome = match next(1, 20) {
            1 => Outcome::TimedOut,
            2 => Outcome::Refused,
            _ => Outcome::Answered,
        };
        let input_tokens = next(200, 8_000);
        let output_tokens = if outcome == Outcome::Answered { next(20, 2_000) } else { 0 };
        NewRequest {
            key: format!("sample-{number:04}"),
            model_id: model.id,
            input_tokens,
            output_tokens,
            cost: *input_price * Decimal::from(input_tokens)
                + *output_price * Decimal::from(output_tokens),
            latency_ms: next(80, 9_000),
            outcome,
            sent_at: sent_at(number),
        }
    };
    (1..=count).zip(priced.iter().cycle()).map(|(number, to)| request(number, to)).collect()
}

/// Every seven minutes one, across midnight, with a pause after the twentieth.
fn sent_at(number: usize) -> DateTime<Utc> {
    let evening = DateTime::from_timestamp(1_795_125_600, 0).expect("2026-11-19 at 22:00");
    let pause = if number > 20 { 120 } else { 0 };
    evening + TimeDelta::minutes(7 * number as i64 + pause)
}
