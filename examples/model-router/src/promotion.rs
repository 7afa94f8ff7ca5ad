//! A shadow model starts to answer.
//!
//! Two people may decide at the same time, both having read the model as it was. The version in the
//! patch lets the first one through and tells the second that something changed.

use repo_core::{Result, Scope, Session};
use serde::Serialize;

use crate::entities::{Model, ModelPatch, Status};

/// What the promotion did.
#[derive(Debug, Serialize)]
#[serde(tag = "result", rename_all = "snake_case")]
pub(crate) enum Promotion {
    /// There is no shadow model.
    Nothing,
    /// An earlier run, or one beside this, promoted this model; one is enough.
    AlreadyPromoted { model: String, status: &'static str, version: i64 },
    /// This run promoted it.
    Promoted {
        model: String,
        status_before: &'static str,
        version_before: i64,
        status: &'static str,
        version: i64,
        /// What a second promotion, from the same reading, is told.
        second_attempt: String,
    },
}

/// Promotes the first shadow model, unless one was promoted before.
pub(crate) async fn promote<S: Scope>(session: &Session<S>) -> Result<Promotion> {
    let models = session.repo::<Model>();
    // A row starts at version 1, and nothing but a promotion changes a model here.
    let promoted = models.filter(Model::STATUS.eq(Status::Active) & Model::VERSION.gt(1));
    if let Some(model) = promoted.first().await? {
        return Ok(already(model));
    }
    let Some(before) = models.first_shadow().await? else { return Ok(Promotion::Nothing) };
    let activate = || {
        models.patch(before.id, ModelPatch::new().status(Status::Active)).if_version(before.version)
    };
    let after = match activate().await {
        // Another program was faster.
        Err(error) if error.is_version_conflict() => {
            return Ok(already(models.get(before.id).await?));
        }
        after => after?,
    };
    let second_attempt = match activate().await {
        Err(error) if error.is_version_conflict() => error.to_string(),
        Err(error) => return Err(error),
        Ok(_) => "was done as well, which must not be".to_owned(),
    };
    Ok(Promotion::Promoted {
        model: after.name,
        status_before: before.status.as_str(),
        version_before: before.version,
        status: after.status.as_str(),
        version: after.version,
        second_attempt,
    })
}

fn already(model: Model) -> Promotion {
    let Model { name, status, version, .. } = model;
    Promotion::AlreadyPromoted { model: name, status: status.as_str(), version }
}
