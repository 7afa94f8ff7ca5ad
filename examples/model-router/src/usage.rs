//! What is used, and what fails: per tenant and day, and per model and hour.
//!
//! The same summary is a tenant's own view in its session, and the view of who runs the router in one over all
//! tenants, which says why it was opened.

use std::collections::BTreeMap;

use chrono::{DateTime, TimeDelta, Utc};
use repo_core::{
    AllTenants, Bucket, Database, OwnedBy, ReachableFrom, Result, Scope, Session, Summary, count,
};
use rust_decimal::Decimal;
use serde::{Serialize, Serializer};
use uuid::Uuid;

use crate::entities::{Model, Outcome, Request};
use crate::offers::exact;
use crate::requests::TENANTS;

/// What all tenants together use.
#[derive(Debug, Serialize)]
pub(crate) struct Usage {
    pub(crate) days: Vec<Day>,
    /// Each hour from the first request to the last, those without requests too.
    pub(crate) hours: Vec<Hour>,
    /// Those that fail the most first.
    pub(crate) models: Vec<ModelHours>,
}

/// What a tenant used on a day.
#[derive(Debug, Serialize, Summary)]
#[summary(entity = Request)]
pub(crate) struct Day {
    #[serde(serialize_with = "tenant")]
    #[summary(key = Request::TENANT_ID)]
    pub(crate) tenant: Uuid,
    #[serde(serialize_with = "moment")]
    #[summary(key = Request::SENT_AT.bucket(Bucket::days(1)))]
    pub(crate) day: DateTime<Utc>,
    #[summary(value = count())]
    pub(crate) requests: u64,
    /// US dollars.
    #[serde(serialize_with = "exact")]
    #[summary(value = Request::COST.sum())]
    pub(crate) cost: Option<Decimal>,
    #[summary(value = Request::LATENCY_MS.percentile(0.95))]
    pub(crate) slow_ms: Option<i64>,
}

/// The requests of an hour, and how many of them had no answer.
#[derive(Debug, Clone, Copy, Serialize)]
pub(crate) struct Hour {
    #[serde(serialize_with = "moment")]
    pub(crate) hour: DateTime<Utc>,
    pub(crate) requests: u64,
    pub(crate) failed: u64,
}

/// The hours of a model in which it had requests.
#[derive(Debug, Serialize)]
pub(crate) struct ModelHours {
    pub(crate) model: String,
    pub(crate) hours: Vec<Hour>,
}

/// The requests to a model in an hour that ended alike: a count of some of the rows of a group is a group.
#[derive(Debug, Summary)]
#[summary(entity = Request)]
struct Ended {
    #[summary(key = Request::model().column(Model::NAME))]
    model: Option<String>,
    #[summary(key = Request::SENT_AT.bucket(Bucket::hours(1)))]
    hour: DateTime<Utc>,
    #[summary(key = Request::OUTCOME)]
    outcome: Outcome,
    #[summary(value = count())]
    requests: u64,
}

/// What was used each day: by the tenant of the session, or by each one of all.
pub(crate) async fn days<S: Scope>(session: &Session<S>) -> Result<Vec<Day>>
where
    OwnedBy<Uuid>: ReachableFrom<S>,
{
    session.repo::<Request>().query().summaries::<Day>().all().await
}

/// What all tenants use, for who runs the router.
pub(crate) async fn of_all_tenants(db: &Database) -> Result<Usage> {
    let session = db.all_tenants("what the router costs, and which models fail");
    Ok(Usage {
        days: days(&session).await?,
        hours: hours(&session).await?,
        models: models(&session).await?,
    })
}

impl Hour {
    /// The share of the requests that had no answer, in per cent; none where there was no request.
    pub(crate) fn error_rate(&self) -> Option<u64> {
        (100 * self.failed + self.requests / 2).checked_div(self.requests)
    }
}

/// The name of a tenant.
pub(crate) fn name_of(tenant: Uuid) -> String {
    let known = TENANTS.iter().find(|(_, id, _)| *id == tenant);
    known.map_or_else(|| tenant.to_string(), |(name, ..)| (*name).to_owned())
}

/// Each hour in which there could have been a request.
async fn hours(session: &Session<AllTenants>) -> Result<Vec<Hour>> {
    let requests = session.repo::<Request>();
    let ends = (Request::SENT_AT.min(), Request::SENT_AT.max());
    let (Some(first), Some(last)) = requests.query().aggregate(ends).await? else {
        return Ok(Vec::new());
    };
    let range = first..last + TimeDelta::microseconds(1);
    let hour = Request::SENT_AT.bucket(Bucket::hours(1));
    let all = requests.query().group_by(hour).fill(range.clone()).select(count()).all().await?;
    let failed = requests.filter(Request::OUTCOME.ne(Outcome::Answered));
    let failed = failed.group_by(hour).fill(range).select(count()).all().await?;
    // Both have every hour of the range.
    let pairs = all.into_iter().zip(failed);
    Ok(pairs.map(|((hour, requests), (_, failed))| Hour { hour, requests, failed }).collect())
}

/// The hours of each model.
async fn models(session: &Session<AllTenants>) -> Result<Vec<ModelHours>> {
    let mut models: BTreeMap<String, Vec<Hour>> = BTreeMap::new();
    for group in session.repo::<Request>().query().summaries::<Ended>().all().await? {
        let Ended { model, hour, outcome, requests } = group;
        let hours = models.entry(model.unwrap_or_default()).or_default();
        let failed = if outcome == Outcome::Answered { 0 } else { requests };
        match hours.last_mut().filter(|last| last.hour == hour) {
            Some(last) => {
                (last.requests, last.failed) = (last.requests + requests, last.failed + failed)
            }
            None => hours.push(Hour { hour, requests, failed }),
        }
    }
    let of = |(model, hours)| ModelHours { model, hours };
    let mut models: Vec<_> = models.into_iter().map(of).collect();
    models
        .sort_by_key(|it| std::cmp::Reverse(it.hours.iter().map(|hour| hour.failed).sum::<u64>()));
    Ok(models)
}

fn tenant<S: Serializer>(tenant: &Uuid, to: S) -> Result<S::Ok, S::Error> {
    to.serialize_str(&name_of(*tenant))
}

fn moment<S: Serializer>(moment: &DateTime<Utc>, to: S) -> Result<S::Ok, S::Error> {
    to.serialize_str(&moment.to_rfc3339())
}
