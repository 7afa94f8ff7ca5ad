//! The report: the questions in their order, and what the database answers.
//!
//! What is asked is in `offers.rs`, `promotion.rs`, `requests.rs` and `usage.rs`.

use repo_core::{Database, Result};
use serde::Serialize;

use crate::import::Import;
use crate::offers::{self, Offer, PageOfModels, ProviderCount, ProviderPrices, WindowOfModels};
use crate::promotion::{Promotion, promote};
use crate::requests::{self, TenantLog};
use crate::usage::{self, Usage};

/// How many models "the cheapest" are, and how many providers.
const CHEAPEST: u64 = 10;

/// Everything that a run tells, as it is printed with `--json`.
#[derive(Debug, Serialize)]
pub(crate) struct Report {
    pub(crate) database: &'static str,
    pub(crate) import: Import,
    pub(crate) models_per_provider: Vec<ProviderCount>,
    pub(crate) cheapest_chat_models_with_vision: Vec<Offer>,
    pub(crate) cheapest_per_provider: Vec<ProviderPrices>,
    /// Of the provider with the most models.
    pub(crate) page: Option<PageOfModels>,
    pub(crate) window: Option<WindowOfModels>,
    pub(crate) promotion: Promotion,
    pub(crate) tenants: Vec<TenantLog>,
    /// Of all tenants, for who runs the router.
    pub(crate) usage: Usage,
}

/// Asks all questions, promotes a model and logs requests.
pub(crate) async fn report(db: &Database, import: Import) -> Result<Report> {
    let session = db.session();
    let models_per_provider = offers::count_per_provider(&session).await?;
    let cheapest = offers::cheapest(&session, CHEAPEST).await?;
    let cheapest_per_provider = offers::cheapest_per_provider(&session, CHEAPEST).await?;
    let (page, window) = match models_per_provider.first() {
        Some(largest) => (
            Some(offers::page(&session, largest).await?),
            Some(offers::window(&session, largest).await?),
        ),
        None => (None, None),
    };
    let promotion = promote(&session).await?;
    let tenants = requests::log(db, &cheapest).await?;
    Ok(Report {
        database: db.system(),
        import,
        models_per_provider,
        cheapest_chat_models_with_vision: cheapest,
        cheapest_per_provider,
        page,
        window,
        promotion,
        tenants,
        usage: usage::of_all_tenants(db).await?,
    })
}
