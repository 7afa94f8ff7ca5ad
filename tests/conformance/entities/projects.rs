//! Entities whose rows are deleted together: marked with their parent, or removed with it.

use chrono::{DateTime, Utc};
use repo_core::{Repository, Schema, schema};
use uuid::Uuid;

/// Somebody who is referred to, and deleted alone.
#[derive(Debug, Clone, PartialEq, Repository)]
#[repository(table = "persons", tenant, soft_delete)]
pub(crate) struct Person {
    pub(crate) id: Uuid,
    pub(crate) tenant_id: Uuid,
    pub(crate) name: String,
    pub(crate) deleted_at: Option<DateTime<Utc>>,
}

/// The parent of all others, whose changes are recorded.
#[derive(Debug, Clone, PartialEq, Repository)]
#[repository(table = "projects", tenant, soft_delete, versioned, timestamps, audited)]
pub(crate) struct Project {
    pub(crate) id: Uuid,
    pub(crate) tenant_id: Uuid,
    pub(crate) name: String,
    pub(crate) version: i64,
    pub(crate) created_at: DateTime<Utc>,
    pub(crate) updated_at: DateTime<Utc>,
    pub(crate) deleted_at: Option<DateTime<Utc>>,
    #[repository(deletion_id)]
    pub(crate) deletion_id: Option<Uuid>,
}

/// A child of a project and of another task.
#[derive(Debug, Clone, PartialEq, Repository)]
#[repository(table = "tasks", tenant, soft_delete, versioned, timestamps, audited)]
pub(crate) struct Task {
    pub(crate) id: Uuid,
    pub(crate) tenant_id: Uuid,
    #[repository(unique)]
    pub(crate) code: String,
    #[repository(references = Project, on_delete = cascade)]
    pub(crate) project_id: Uuid,
    #[repository(references = Task, on_delete = cascade)]
    pub(crate) parent_id: Option<Uuid>,
    #[repository(references = Person)]
    pub(crate) owner_id: Option<Uuid>,
    pub(crate) version: i64,
    pub(crate) created_at: DateTime<Utc>,
    pub(crate) updated_at: DateTime<Utc>,
    pub(crate) deleted_at: Option<DateTime<Utc>>,
    #[repository(deletion_id)]
    pub(crate) deletion_id: Option<Uuid>,
}

/// A child of a task and, past it, of the project; the database numbers it, and nothing is recorded.
#[derive(Debug, Clone, PartialEq, Repository)]
#[repository(table = "hints", tenant, soft_delete)]
pub(crate) struct Hint {
    pub(crate) id: i64,
    pub(crate) tenant_id: Uuid,
    #[repository(references = Task, on_delete = cascade)]
    pub(crate) task_id: Uuid,
    #[repository(references = Project, on_delete = cascade)]
    pub(crate) project_id: Option<Uuid>,
    #[repository(deleted_at)]
    pub(crate) gone: Option<DateTime<Utc>>,
    #[repository(deletion_id)]
    pub(crate) gone_with: Option<Uuid>,
}

/// A child of a task that keeps no deleted rows, and whose changes are recorded.
#[derive(Debug, Clone, PartialEq, Repository)]
#[repository(table = "hours", tenant, audited)]
pub(crate) struct Hours {
    pub(crate) id: Uuid,
    pub(crate) tenant_id: Uuid,
    #[repository(references = Task, on_delete = cascade)]
    pub(crate) task_id: Uuid,
    pub(crate) spent: i32,
}

/// A parent that keeps no deleted rows and belongs to no tenant.
#[derive(Debug, Clone, PartialEq, Repository)]
#[repository(table = "albums")]
pub(crate) struct Album {
    pub(crate) id: Uuid,
    pub(crate) title: String,
}

/// Its child, of which nothing is recorded.
#[derive(Debug, Clone, PartialEq, Repository)]
#[repository(table = "tracks")]
pub(crate) struct Track {
    pub(crate) id: i64,
    #[repository(references = Album, on_delete = cascade)]
    pub(crate) album_id: Uuid,
    #[repository(references = Track, on_delete = cascade)]
    pub(crate) remix_of: Option<i64>,
}

/// The child of that, whose changes are recorded.
#[derive(Debug, Clone, PartialEq, Repository)]
#[repository(table = "plays", audited)]
pub(crate) struct Play {
    pub(crate) id: i64,
    #[repository(references = Track, on_delete = cascade)]
    pub(crate) track_id: i64,
}

/// A shared row that is deleted with others, and nothing refers to.
#[derive(Debug, Clone, PartialEq, Repository)]
#[repository(table = "notices", soft_delete)]
pub(crate) struct Notice {
    pub(crate) id: Uuid,
    pub(crate) deleted_at: Option<DateTime<Utc>>,
    #[repository(deletion_id)]
    pub(crate) deletion_id: Option<Uuid>,
}

/// A row that goes with another of its table, keeps no mark, and whose changes are recorded.
#[derive(Debug, Clone, PartialEq, Repository)]
#[repository(table = "branches", tenant, versioned, audited)]
pub(crate) struct Branch {
    pub(crate) id: Uuid,
    pub(crate) tenant_id: Uuid,
    pub(crate) name: String,
    #[repository(references = Branch, on_delete = cascade)]
    pub(crate) parent_id: Option<Uuid>,
    pub(crate) version: i64,
}

/// The tables of a project and what is below it.
pub(crate) fn projects() -> Schema {
    schema![Project, Task, Hint, Hours, Person]
}

/// A new project.
pub(crate) fn project(name: &str) -> NewProject {
    NewProject { name: name.to_owned() }
}

/// A new task of a project, below no other and nobody's.
pub(crate) fn task(code: &str, project: &Project) -> NewTask {
    NewTask { code: code.to_owned(), project_id: project.id, parent_id: None, owner_id: None }
}
