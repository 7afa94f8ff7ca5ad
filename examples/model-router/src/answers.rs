//! The questions, and what the database answers.

use std::collections::HashMap;

use repo_core::{Cursor, Database, PageRequest, Result, Scope, Session, WindowRequest};
use serde::Serialize;
use uuid::Uuid;

use crate::entities::{Model, Provider, Status};
use crate::import::Import;
use crate::promotion::{Promotion, promote};
use crate::requests::{self, TenantLog};

/// How many models "the cheapest" are.
const CHEAPEST: usize = 10;

/// Everything that a run tells, as it is printed with `--json`.
#[derive(Debug, Serialize)]
pub(crate) struct Report {
    pub(crate) database: &'static str,
    pub(crate) import: Import,
    pub(crate) models_per_provider: Vec<ProviderCount>,
    pub(crate) cheapest_chat_models_with_vision: Vec<ModelLine>,
    /// Of the provider with the most models.
    pub(crate) page: Option<PageOfModels>,
    pub(crate) window: Option<WindowOfModels>,
    pub(crate) promotion: Promotion,
    pub(crate) tenants: Vec<TenantLog>,
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
    id: Uuid,
}

/// A model in a list.
#[derive(Debug, Serialize)]
pub(crate) struct ModelLine {
    pub(crate) provider: String,
    pub(crate) name: String,
    pub(crate) mode: &'static str,
    pub(crate) status: &'static str,
    /// US dollars for one token, exactly.
    pub(crate) input_price: Option<String>,
    pub(crate) output_price: Option<String>,
    pub(crate) max_input_tokens: Option<i64>,
}

/// A page by number, by name.
#[derive(Debug, Serialize)]
pub(crate) struct PageOfModels {
    pub(crate) provider: String,
    pub(crate) number: u64,
    pub(crate) pages: u64,
    pub(crate) total: u64,
    pub(crate) models: Vec<ModelLine>,
}

/// A window, the longest context first.
#[derive(Debug, Serialize)]
pub(crate) struct WindowOfModels {
    pub(crate) provider: String,
    pub(crate) has_previous: bool,
    pub(crate) has_next: bool,
    /// Where the next window starts.
    pub(crate) end: Option<Cursor>,
    pub(crate) models: Vec<ModelLine>,
}

/// Asks all questions, promotes a model and logs requests.
pub(crate) async fn report(db: &Database, import: Import) -> Result<Report> {
    let session = db.session();
    let providers = session.repo::<Provider>().all().await?;
    let names: Names = providers.into_iter().map(|it| (it.id, it.name)).collect();
    let models_per_provider = count(&session, &names).await?;
    let cheapest = session.repo::<Model>().cheapest_with_vision(CHEAPEST).await?;
    let largest = models_per_provider.first();
    let (page, window) = match largest {
        Some(largest) => {
            (Some(page(&session, largest).await?), Some(window(&session, largest).await?))
        }
        None => (None, None),
    };
    Ok(Report {
        database: db.system(),
        import,
        cheapest_chat_models_with_vision: cheapest.iter().map(|it| line(it, &names)).collect(),
        page,
        window,
        promotion: promote(&session).await?,
        tenants: requests::log(db, &cheapest).await?,
        models_per_provider,
    })
}

type Names = HashMap<Uuid, String>;

/// Counts the models of each provider, those with the most first.
async fn count<S: Scope>(session: &Session<S>, names: &Names) -> Result<Vec<ProviderCount>> {
    let mut counts: HashMap<Uuid, ProviderCount> = HashMap::new();
    for model in session.repo::<Model>().all().await? {
        let id = model.provider_id;
        let count = counts.entry(id).or_insert_with(|| ProviderCount {
            provider: names.get(&id).cloned().unwrap_or_default(),
            id,
            ..ProviderCount::default()
        });
        count.models += 1;
        match model.status {
            Status::Active => count.active += 1,
            Status::Shadow => count.shadow += 1,
            Status::Retired => count.retired += 1,
        }
    }
    let mut counts: Vec<_> = counts.into_values().collect();
    counts.sort_by(|one, other| {
        other.models.cmp(&one.models).then_with(|| one.provider.cmp(&other.provider))
    });
    Ok(counts)
}

/// The second page of a provider's models, by name; the first if there is no second.
async fn page<S: Scope>(session: &Session<S>, of: &ProviderCount) -> Result<PageOfModels> {
    let models = session.repo::<Model>();
    let by_name = models.filter(Model::PROVIDER_ID.eq(of.id)).order_by(Model::NAME.asc());
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
        models: page.items.iter().map(|it| line_of(it, &of.provider)).collect(),
    })
}

/// The ten models after the ten with the longest context; the first ten if there are no others.
async fn window<S: Scope>(session: &Session<S>, of: &ProviderCount) -> Result<WindowOfModels> {
    let longest = session
        .repo::<Model>()
        .filter(Model::PROVIDER_ID.eq(of.id))
        .order_by(Model::MAX_INPUT_TOKENS.desc().nulls_last())
        .order_by(Model::NAME.asc());
    let first = longest.clone().window(WindowRequest::first(10)).await?;
    let window = match first.end.clone().filter(|_| first.has_next) {
        Some(end) => longest.window(WindowRequest::first(10).after(end)).await?,
        None => first,
    };
    Ok(WindowOfModels {
        provider: of.provider.clone(),
        has_previous: window.has_previous,
        has_next: window.has_next,
        end: window.end,
        models: window.items.iter().map(|it| line_of(it, &of.provider)).collect(),
    })
}

fn line(model: &Model, names: &Names) -> ModelLine {
    line_of(model, names.get(&model.provider_id).map_or("", String::as_str))
}

fn line_of(model: &Model, provider: &str) -> ModelLine {
    let exact = |price: rust_decimal::Decimal| price.normalize().to_string();
    ModelLine {
        provider: provider.to_owned(),
        name: model.name.clone(),
        mode: model.mode.as_str(),
        status: model.status.as_str(),
        input_price: model.input_price.map(exact),
        output_price: model.output_price.map(exact),
        max_input_tokens: model.max_input_tokens,
    }
}
