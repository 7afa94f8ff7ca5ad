//! `model-router search`: models by what the command line says of them.
//!
//! The struct is both the arguments and the filter: what is not given is no condition.

use clap::Args;
use repo_core::{Filter, PageRequest, Result, Scope, Search, Session};
use rust_decimal::Decimal;
use serde::Serialize;

use crate::entities::{Mode, Model, Provider, Status};
use crate::offers::Offer;
use crate::values;

/// What is sought.
#[derive(Debug, Args, Search)]
#[search(entity = Model)]
pub(crate) struct ModelSearch {
    /// Models of this provider
    #[arg(long, value_name = "NAME")]
    #[search(skip)]
    provider: Option<String>,
    /// Models that do this
    #[arg(long)]
    mode: Option<Mode>,
    /// Models with this status
    #[arg(long)]
    status: Option<Status>,
    /// Models whose name has this text, in capitals or not
    #[arg(long, value_name = "TEXT")]
    #[search(icontains, column = NAME)]
    text: Option<String>,
    /// Models that take at least so many tokens
    #[arg(long, value_name = "TOKENS")]
    #[search(ge, column = MAX_INPUT_TOKENS)]
    min_context: Option<i64>,
    /// Models with at most this price, in US dollars for one token of the request
    #[arg(long, value_name = "DOLLARS", value_parser = values::price)]
    #[search(le, column = INPUT_PRICE)]
    max_input_price: Option<Decimal>,
    /// Models with at most this price, in US dollars for one token of the answer
    #[arg(long, value_name = "DOLLARS", value_parser = values::price)]
    #[search(le, column = OUTPUT_PRICE)]
    max_output_price: Option<Decimal>,
    /// Models that are known to see pictures
    #[arg(long)]
    #[search(skip)]
    vision: bool,
    /// Which page of what is found
    #[arg(long, default_value_t = 1)]
    #[search(skip)]
    page: u64,
    /// How many models a page has
    #[arg(long, default_value_t = 20)]
    #[search(skip)]
    size: u64,
}

/// A page of what is found, the cheapest first.
#[derive(Debug, Serialize)]
pub(crate) struct Found {
    pub(crate) number: u64,
    pub(crate) pages: u64,
    pub(crate) total: u64,
    pub(crate) models: Vec<Offer>,
}

/// The models that are sought.
pub(crate) async fn search<S: Scope>(
    session: &Session<S>,
    mut sought: ModelSearch,
) -> Result<Found> {
    let request = PageRequest::number(sought.page).size(sought.size);
    let provider = sought.provider.take();
    let more = Filter::all([
        provider.map(|name| Model::provider().has(Provider::NAME.ieq(name))),
        sought.vision.then(|| Model::CAPABILITIES.path(["vision"]).eq(true)),
    ]);
    let page = session
        .repo::<Model>()
        .filter(sought)
        .filter(more)
        .order_by(Model::INPUT_PRICE.asc())
        .order_by(Model::NAME.asc())
        .project::<Offer>()
        .page(request)
        .await?;
    Ok(Found { number: page.number, pages: page.pages(), total: page.total, models: page.items })
}
