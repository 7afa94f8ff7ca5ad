//! What each tenant has once.

use repo_core::Repository;
use uuid::Uuid;

/// The settings of a tenant.
#[derive(Debug, Clone, PartialEq, Repository)]
#[repository(table = "settings", tenant, soft_delete, unique(global, tenant_id))]
pub(crate) struct Settings {
    pub(crate) id: Uuid,
    pub(crate) tenant_id: Uuid,
    pub(crate) locale: String,
    pub(crate) deleted_at: Option<chrono::DateTime<chrono::Utc>>,
}

/// The charter of a tenant, which never changes.
#[derive(Debug, Clone, PartialEq, Repository)]
#[repository(table = "charters", tenant, immutable, unique(global, tenant_id))]
pub(crate) struct Charter {
    pub(crate) id: Uuid,
    pub(crate) tenant_id: Uuid,
    pub(crate) words: String,
}

/// New settings.
pub(crate) fn settings(locale: &str) -> NewSettings {
    NewSettings { locale: locale.to_owned() }
}

/// A new charter.
pub(crate) fn charter(words: &str) -> NewCharter {
    NewCharter { words: words.to_owned() }
}
