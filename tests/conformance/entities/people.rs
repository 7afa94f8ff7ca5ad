//! Entities that refer to each other: within a tenant, to a shared parent, to their own table.

use chrono::{DateTime, Utc};
use repo_core::Repository;
use uuid::Uuid;

/// A shared parent.
#[derive(Debug, Clone, PartialEq, Repository)]
#[repository(table = "countries")]
pub(crate) struct Country {
    pub(crate) id: i64,
    #[repository(unique)]
    pub(crate) code: String,
}

/// A parent within the tenant.
#[derive(Debug, Clone, PartialEq, Repository)]
#[repository(table = "teams", tenant)]
pub(crate) struct Team {
    pub(crate) id: Uuid,
    pub(crate) tenant_id: Uuid,
    pub(crate) name: String,
}

/// A child of both, and of itself.
#[derive(Debug, Clone, PartialEq, Repository)]
#[repository(table = "members", tenant)]
pub(crate) struct Member {
    pub(crate) id: Uuid,
    pub(crate) tenant_id: Uuid,
    pub(crate) name: String,
    #[repository(references = Team)]
    pub(crate) team_id: Uuid,
    #[repository(references = Country)]
    pub(crate) country_id: Option<i64>,
    #[repository(references = Member)]
    pub(crate) mentor_id: Option<Uuid>,
}

/// A child that goes with its parent.
#[derive(Debug, Clone, PartialEq, Repository)]
#[repository(table = "remarks", tenant)]
pub(crate) struct Remark {
    pub(crate) id: i64,
    pub(crate) tenant_id: Uuid,
    #[repository(references = Member, on_delete = cascade)]
    pub(crate) member_id: Uuid,
    pub(crate) text: String,
}

/// A new team.
pub(crate) fn team(name: &str) -> NewTeam {
    NewTeam { name: name.to_owned() }
}

/// A new member of a team, without a country and a mentor.
pub(crate) fn member(name: &str, team: &Team) -> NewMember {
    NewMember { name: name.to_owned(), team_id: team.id, country_id: None, mentor_id: None }
}

/// A parent that is only marked when it is deleted.
#[derive(Debug, Clone, PartialEq, Repository)]
#[repository(table = "folders", tenant, soft_delete)]
pub(crate) struct Folder {
    pub(crate) id: Uuid,
    pub(crate) tenant_id: Uuid,
    pub(crate) name: String,
    pub(crate) deleted_at: Option<DateTime<Utc>>,
}

/// Its child.
#[derive(Debug, Clone, PartialEq, Repository)]
#[repository(table = "files", tenant)]
pub(crate) struct File {
    pub(crate) id: Uuid,
    pub(crate) tenant_id: Uuid,
    #[repository(references = Folder)]
    pub(crate) folder_id: Uuid,
}
