//! From entries of the registry to rows, in one transaction: all that is new, or nothing.
//!
//! A model that is there already stays as it is, because people may have changed it; where the registry
//! says something else by now, the report says so.

use std::collections::HashMap;

use chrono::NaiveDate;
use repo_core::{Result, Scope, Session};
use serde::Serialize;
use uuid::Uuid;

use crate::entities::{Model, NewModel, NewProvider, Provider, Status};
use crate::progress::Progress;
use crate::registry::{Entry, Registry, Rejected};

/// How many models go to the database at once.
const BATCH: usize = 500;

/// What became of each entry.
#[derive(Debug, Default, Serialize)]
pub(crate) struct Import {
    pub(crate) entries: usize,
    pub(crate) loaded: usize,
    pub(crate) already_there: usize,
    pub(crate) rejected: Vec<Rejected>,
    /// Models that are there already and of which the registry says something else now.
    pub(crate) different: Vec<String>,
    /// Fields of loaded entries that are not kept as they are in the registry.
    pub(crate) remarks: Vec<FieldRemark>,
}

/// A field of an entry that is not kept as it is.
#[derive(Debug, Serialize)]
pub(crate) struct FieldRemark {
    pub(crate) entry: String,
    pub(crate) field: String,
    pub(crate) given: String,
    pub(crate) remark: String,
}

/// A model's key: its provider and its name.
type Key = (Uuid, String);

/// Adds what is new in `registry`. `today` decides which models are retired.
pub(crate) async fn import<S: Scope>(
    session: &Session<S>,
    registry: &Registry,
    today: NaiveDate,
    progress: &Progress,
) -> Result<Import> {
    again_on_conflict(async || {
        progress.restart();
        let mut report = Import {
            entries: registry.len(),
            rejected: registry.rejected.clone(),
            ..Import::default()
        };
        session
            .transaction(async |tx| {
                let providers = providers(tx, &registry.entries).await?;
                let new = sort_out(tx, &registry.entries, &providers, today, &mut report).await?;
                progress.advance(report.entries - new.len());
                load(tx, new, progress).await
            })
            .await?;
        Ok(report)
    })
    .await
}

/// Does `work`, and does it once more where another program added the same rows at the same time: the
/// second time, `work` finds them.
pub(crate) async fn again_on_conflict<T>(work: impl AsyncFn() -> Result<T>) -> Result<T> {
    match work().await {
        Err(error) if error.is_conflict() => work().await,
        done => done,
    }
}

/// The ids of all providers by name, new ones included.
async fn providers<S: Scope>(tx: &Session<S>, entries: &[Entry]) -> Result<HashMap<String, Uuid>> {
    let repo = tx.repo::<Provider>();
    let mut known: HashMap<_, _> = repo.all().await?.into_iter().map(by_name).collect();
    let mut new: Vec<&str> = entries.iter().map(|entry| entry.provider.as_str()).collect();
    new.retain(|name| !known.contains_key(*name));
    new.sort_unstable();
    new.dedup();
    let new = new.into_iter().map(|name| NewProvider { name: name.to_owned() });
    known.extend(repo.create_many(new).await?.into_iter().map(by_name));
    Ok(known)
}

fn by_name(provider: Provider) -> (String, Uuid) {
    (provider.name, provider.id)
}

/// The models to add. What becomes of the other entries goes into the report.
async fn sort_out<S: Scope>(
    tx: &Session<S>,
    entries: &[Entry],
    providers: &HashMap<String, Uuid>,
    today: NaiveDate,
    report: &mut Import,
) -> Result<Vec<NewModel>> {
    let stored = tx.repo::<Model>().all().await?;
    let stored: HashMap<Key, Model> =
        stored.into_iter().map(|model| ((model.provider_id, model.name.clone()), model)).collect();
    let mut new = Vec::new();
    for entry in entries {
        let key = (providers[&entry.provider], entry.name.clone());
        let model = new_model(entry, key.0, today);
        report.remarks.extend(field_remarks(entry));
        match stored.get(&key) {
            None => {
                report.loaded += 1;
                new.push(model);
            }
            Some(stored) => {
                report.already_there += 1;
                if !says_the_same(stored, &model) {
                    report.different.push(key.1);
                }
            }
        }
    }
    Ok(new)
}

async fn load<S: Scope>(
    tx: &Session<S>,
    mut models: Vec<NewModel>,
    progress: &Progress,
) -> Result<()> {
    let repo = tx.repo::<Model>();
    while !models.is_empty() {
        let rest = models.split_off(models.len().min(BATCH));
        let batch = std::mem::replace(&mut models, rest);
        let added = repo.create_many(batch).await?;
        progress.advance(added.len());
    }
    Ok(())
}

fn new_model(entry: &Entry, provider_id: Uuid, today: NaiveDate) -> NewModel {
    NewModel {
        provider_id,
        name: entry.name.clone(),
        mode: entry.mode,
        status: status(entry, today),
        input_price: entry.input_price,
        output_price: entry.output_price,
        max_input_tokens: entry.max_input_tokens,
        max_output_tokens: entry.max_output_tokens,
        capabilities: entry.capabilities,
        deprecated_on: entry.deprecated_on,
        source: entry.source.clone(),
    }
}

/// A model past its last day is retired; a preview is a shadow until somebody promotes it.
fn status(entry: &Entry, today: NaiveDate) -> Status {
    let mut words = entry.name.split(|c: char| !c.is_alphanumeric());
    if entry.deprecated_on.is_some_and(|day| day < today) {
        Status::Retired
    } else if words.any(|word| ["preview", "experimental", "exp"].contains(&word)) {
        Status::Shadow
    } else {
        Status::Active
    }
}

/// Whether the registry still says what is stored. The status is not the registry's.
fn says_the_same(stored: &Model, new: &NewModel) -> bool {
    stored.mode == new.mode
        && stored.input_price == new.input_price
        && stored.output_price == new.output_price
        && stored.max_input_tokens == new.max_input_tokens
        && stored.max_output_tokens == new.max_output_tokens
        && stored.capabilities == new.capabilities
        && stored.deprecated_on == new.deprecated_on
        && stored.source == new.source
}

fn field_remarks(entry: &Entry) -> impl Iterator<Item = FieldRemark> {
    entry.remarks.iter().map(|remark| FieldRemark {
        entry: entry.name.clone(),
        field: remark.field.clone(),
        given: remark.given.clone(),
        remark: remark.remark.clone(),
    })
}
