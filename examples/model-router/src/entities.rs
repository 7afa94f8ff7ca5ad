//! What is stored: providers and their models, shared by all tenants, and the requests of each tenant.
//!
//! A domain query stands beside its entity, as a method of the repository that the derive writes. Where
//! the rows come from is in `import.rs` and `requests.rs`.

use chrono::{DateTime, NaiveDate, Utc};
use clap::ValueEnum;
use repo_core::{ColumnEnum, Query, Repository, Result, Scope};
use rust_decimal::Decimal;
use serde::{Deserialize, Serialize};
use uuid::Uuid;

/// The most characters of a provider's name.
pub(crate) const MAX_PROVIDER_NAME: usize = 100;
/// The most characters of a model's name.
pub(crate) const MAX_MODEL_NAME: usize = 200;
/// The digits after the point of an amount of money: the finest price of one token that is not an
/// artefact of a float has 15.
pub(crate) const MONEY_SCALE: u32 = 15;

/// Who runs models.
#[derive(Debug, Clone, PartialEq, Repository)]
#[repository(table = "providers")]
pub(crate) struct Provider {
    pub(crate) id: Uuid,
    #[repository(unique, max_length = 100)]
    pub(crate) name: String,
}

/// A model that requests can be routed to. What is `None` is not known.
#[derive(Debug, Clone, PartialEq, Repository)]
#[repository(table = "models", versioned, timestamps)]
#[repository(unique(provider_id, name), index(status, mode, input_price))]
pub(crate) struct Model {
    pub(crate) id: Uuid,
    #[repository(references = Provider, fixed)]
    pub(crate) provider_id: Uuid,
    #[repository(fixed, max_length = 200)]
    pub(crate) name: String,
    pub(crate) mode: Mode,
    pub(crate) status: Status,
    /// US dollars for one token of the request.
    #[repository(decimal(18, 15))]
    pub(crate) input_price: Option<Decimal>,
    /// US dollars for one token of the answer.
    #[repository(decimal(18, 15))]
    pub(crate) output_price: Option<Decimal>,
    pub(crate) max_input_tokens: Option<i64>,
    pub(crate) max_output_tokens: Option<i64>,
    #[repository(json)]
    pub(crate) capabilities: Capabilities,
    pub(crate) deprecated_on: Option<NaiveDate>,
    pub(crate) source: Option<String>,
    pub(crate) version: i64,
    pub(crate) created_at: DateTime<Utc>,
    pub(crate) updated_at: DateTime<Utc>,
}

/// A request that a tenant made: added once, never changed.
#[derive(Debug, Clone, PartialEq, Repository)]
#[repository(table = "requests", tenant, immutable, timestamps)]
pub(crate) struct Request {
    pub(crate) id: Uuid,
    pub(crate) tenant_id: Uuid,
    /// What the tenant calls it: the same request is not logged twice.
    #[repository(unique, max_length = 100)]
    pub(crate) key: String,
    #[repository(references = Model)]
    pub(crate) model_id: Uuid,
    pub(crate) input_tokens: i64,
    pub(crate) output_tokens: i64,
    /// US dollars.
    #[repository(decimal(18, 15))]
    pub(crate) cost: Decimal,
    pub(crate) latency_ms: i64,
    pub(crate) outcome: Outcome,
    /// When the tenant made it; it is logged later.
    #[repository(index)]
    pub(crate) sent_at: DateTime<Utc>,
    pub(crate) created_at: DateTime<Utc>,
}

/// What a model does.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ColumnEnum, ValueEnum)]
#[value(rename_all = "snake_case")]
pub(crate) enum Mode {
    AudioSpeech,
    AudioTranscription,
    Chat,
    Completion,
    Decisions,
    Embedding,
    Evaluation,
    Extraction,
    Guardrail,
    ImageEdit,
    ImageGeneration,
    Moderation,
    Ocr,
    Realtime,
    Rerank,
    Responses,
    Search,
    VectorStore,
    VideoGeneration,
}

/// Whether a model gets requests.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ColumnEnum, ValueEnum)]
#[value(rename_all = "snake_case")]
pub(crate) enum Status {
    /// It answers.
    Active,
    /// It gets copies of requests, and its answers are thrown away.
    Shadow,
    /// It gets nothing any more.
    Retired,
}

/// How a request ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ColumnEnum)]
pub(crate) enum Outcome {
    Answered,
    Refused,
    TimedOut,
}

/// What a model can do. What is `None` is not known.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
pub(crate) struct Capabilities {
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) function_calling: Option<bool>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) vision: Option<bool>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) prompt_caching: Option<bool>,
}

impl<S: Scope> ModelRepository<S> {
    /// The active chat models that cost something. The others are run by their user, or paid for in another
    /// way.
    pub(crate) fn priced_chat(&self) -> Query<Model, S> {
        self.filter(Model::STATUS.eq(Status::Active) & Model::MODE.eq(Mode::Chat))
            .filter(Model::INPUT_PRICE.gt(Decimal::ZERO))
    }

    /// Those of them that see, the cheapest first: by the price of the request's tokens, then of the
    /// answer's.
    pub(crate) fn cheapest_with_vision(&self) -> Query<Model, S> {
        self.priced_chat()
            .filter(Model::CAPABILITIES.path(["vision"]).eq(true))
            .order_by(Model::INPUT_PRICE.asc())
            .order_by(Model::OUTPUT_PRICE.asc())
            .order_by(Model::NAME.asc())
    }

    /// The first chat model, by name, that was imported as a shadow and has not changed since.
    pub(crate) async fn first_shadow(&self) -> Result<Option<Model>> {
        self.filter(Model::STATUS.eq(Status::Shadow) & Model::MODE.eq(Mode::Chat))
            .order_by(Model::NAME.asc())
            .first()
            .await
    }
}

#[cfg(test)]
mod tests {
    use repo_core::{Entity, Kind};

    use super::*;

    #[test]
    fn what_the_importer_checks_is_what_the_columns_hold() {
        let column = |table: &'static repo_core::schema::Table, name: &str| {
            table.columns.iter().find(|column| column.name == name).expect("the column is there")
        };
        let provider = column(Provider::TABLE, "name").max_length;
        assert_eq!(provider.map(|most| most as usize), Some(MAX_PROVIDER_NAME));
        let model = column(Model::TABLE, "name").max_length;
        assert_eq!(model.map(|most| most as usize), Some(MAX_MODEL_NAME));
        for name in ["input_price", "output_price"] {
            let kind = Kind::Decimal { precision: 18, scale: MONEY_SCALE as u8 };
            assert_eq!(column(Model::TABLE, name).kind, kind);
        }
    }
}
