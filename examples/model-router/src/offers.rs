//! What is asked of the catalogue: models as they are listed, with the name of their provider, and what each
//! provider has.
//!
//! Each list is one statement: the provider's name is a column of the projection. Searches are in `search.rs`.

use std::collections::HashMap;

use repo_core::{
    Cursor, PageRequest, Projection, Result, Scope, Session, Summary, WindowRequest, count,
};
use rust_decimal::Decimal;
use serde::{Serialize, Serializer};
use uuid::Uuid;

use crate::entities::{Mode, Model, Provider, Status};

/// A model in a list.
#[derive(Debug, Clone, Serialize, Projection)]
#[projection(entity = Model)]
pub(crate) struct Offer {
    #[serde(skip)]
    pub(crate) id: Uuid,
    #[projection(column = Model::provider().column(Provider::NAME))]
    pub(crate) provider: Option<String>,
    pub(crate) name: String,
    #[serde(serialize_with = "mode")]
    pub(crate) mode: Mode,
    #[serde(serialize_with = "status")]
    pub(crate) status: Status,
    /// US dollars for one token, exactly.
    #[serde(serialize_with = "exact")]
    pub(crate) input_price: Option<Decimal>,
    #[serde(serialize_with = "exact")]
    pub(crate) output_price: Option<Decimal>,
    pub(crate) max_input_tokens: Option<i64>,
}

/// How many models a provider has.
#[derive(Debug, Default, Clone, Serialize)]
pub(crate) struct ProviderCount {
    pub(crate) provider: String,
    pub(crate) models: u64,
    pub(crate) active: u64,
    pub(crate) shadow: u64,
    pub(crate) retired: u64,
    #[serde(skip)]
    pub(crate) id: Uuid,
}

/// What the chat models of a provider cost, and the one that costs the least.
#[derive(Debug, Serialize)]
pub(crate) struct ProviderPrices {
    pub(crate) provider: String,
    pub(crate) models: u64,
    #[serde(serialize_with = "exact")]
    pub(crate) median_input_price: Option<Decimal>,
    pub(crate) cheapest: String,
    #[serde(serialize_with = "exact")]
    pub(crate) input_price: Option<Decimal>,
    #[serde(serialize_with = "exact")]
    pub(crate) output_price: Option<Decimal>,
}

/// A page by number, by name.
#[derive(Debug, Serialize)]
pub(crate) struct PageOfModels {
    pub(crate) provider: String,
    pub(crate) number: u64,
    pub(crate) pages: u64,
    pub(crate) total: u64,
    pub(crate) models: Vec<Offer>,
}

/// A window, the longest context first.
#[derive(Debug, Serialize)]
pub(crate) struct WindowOfModels {
    pub(crate) provider: String,
    pub(crate) has_previous: bool,
    pub(crate) has_next: bool,
    /// Where the next window starts.
    pub(crate) end: Option<Cursor>,
    pub(crate) models: Vec<Offer>,
}

/// The models of a provider that have one status.
#[derive(Debug, Summary)]
#[summary(entity = Model)]
struct OfStatus {
    #[summary(key = Model::PROVIDER_ID)]
    id: Uuid,
    #[summary(key = Model::provider().column(Provider::NAME))]
    provider: Option<String>,
    #[summary(key = Model::STATUS)]
    status: Status,
    #[summary(value = count())]
    models: u64,
}

/// Counts the models of each provider, those with the most first.
pub(crate) async fn count_per_provider<S: Scope>(
    session: &Session<S>,
) -> Result<Vec<ProviderCount>> {
    let mut counts: HashMap<Uuid, ProviderCount> = HashMap::new();
    for group in session.repo::<Model>().query().summaries::<OfStatus>().all().await? {
        let provider = group.provider.unwrap_or_default();
        let empty = ProviderCount { id: group.id, provider, ..ProviderCount::default() };
        let count = counts.entry(group.id).or_insert(empty);
        count.models += group.models;
        match group.status {
            Status::Active => count.active = group.models,
            Status::Shadow => count.shadow = group.models,
            Status::Retired => count.retired = group.models,
        }
    }
    let mut counts: Vec<_> = counts.into_values().collect();
    counts.sort_by(|one, other| {
        other.models.cmp(&one.models).then_with(|| one.provider.cmp(&other.provider))
    });
    Ok(counts)
}

/// The cheapest chat models with vision.
pub(crate) async fn cheapest<S: Scope>(session: &Session<S>, most: u64) -> Result<Vec<Offer>> {
    let cheapest = session.repo::<Model>().cheapest_with_vision().limit(most);
    cheapest.project::<Offer>().all().await
}

/// The cheapest chat model of each provider, and what those of the provider cost in the middle: of the
/// providers whose cheapest model costs the least.
pub(crate) async fn cheapest_per_provider<S: Scope>(
    session: &Session<S>,
    most: u64,
) -> Result<Vec<ProviderPrices>> {
    let models = session.repo::<Model>();
    let cheapest = models
        .priced_chat()
        .order_by(Model::INPUT_PRICE.asc())
        .order_by(Model::NAME.asc())
        .limit(most)
        .earliest_per(Model::PROVIDER_ID, Model::INPUT_PRICE)
        .await?;
    let providers = models.load(&cheapest, Model::provider()).await?;
    let prices: HashMap<Uuid, (u64, Option<Decimal>)> = models
        .priced_chat()
        .filter(Model::PROVIDER_ID.in_list(cheapest.iter().map(|it| it.provider_id)))
        .group_by(Model::PROVIDER_ID)
        .select((count(), Model::INPUT_PRICE.percentile(0.5)))
        .all()
        .await?
        .into_iter()
        .collect();
    let row = |(model, provider): (Model, Option<Provider>)| {
        let (models, median_input_price) = prices.get(&model.provider_id).copied()?;
        Some(ProviderPrices {
            provider: provider?.name,
            models,
            median_input_price,
            cheapest: model.name,
            input_price: model.input_price,
            output_price: model.output_price,
        })
    };
    Ok(cheapest.into_iter().zip(providers).filter_map(row).collect())
}

/// The second page of a provider's models, by name; the first if there is no second.
pub(crate) async fn page<S: Scope>(
    session: &Session<S>,
    of: &ProviderCount,
) -> Result<PageOfModels> {
    let models = session.repo::<Model>();
    let by_name = models.filter(Model::PROVIDER_ID.eq(of.id)).order_by(Model::NAME.asc());
    let by_name = by_name.project::<Offer>();
    let first = by_name.clone().page(PageRequest::number(1).size(10)).await?;
    let page = match first.has_next() {
        true => by_name.page(PageRequest::number(2).size(10)).await?,
        false => first,
    };
    Ok(PageOfModels {
        provider: of.provider.clone(),
        number: page.number,
        pages: page.pages(),
        total: page.total,
        models: page.items,
    })
}

/// The ten models after the ten with the longest context; the first ten if there are no others.
pub(crate) async fn window<S: Scope>(
    session: &Session<S>,
    of: &ProviderCount,
) -> Result<WindowOfModels> {
    let longest = session
        .repo::<Model>()
        .filter(Model::PROVIDER_ID.eq(of.id))
        .order_by(Model::MAX_INPUT_TOKENS.desc().nulls_last())
        .order_by(Model::NAME.asc())
        .project::<Offer>();
    let first = longest.clone().window(WindowRequest::first(10)).await?;
    let window = match first.next_cursor() {
        Some(next) => longest.window(WindowRequest::first(10).after(next)).await?,
        None => first,
    };
    Ok(WindowOfModels {
        provider: of.provider.clone(),
        has_previous: window.has_previous,
        has_next: window.has_next,
        end: window.end,
        models: window.items,
    })
}

/// A price without zeros at its end.
pub(crate) fn exact<S: Serializer>(price: &Option<Decimal>, to: S) -> Result<S::Ok, S::Error> {
    price.map(|price| price.normalize().to_string()).serialize(to)
}

fn mode<S: Serializer>(mode: &Mode, to: S) -> Result<S::Ok, S::Error> {
    to.serialize_str(mode.as_str())
}

fn status<S: Serializer>(status: &Status, to: S) -> Result<S::Ok, S::Error> {
    to.serialize_str(status.as_str())
}
