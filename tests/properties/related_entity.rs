//! Entities that find each other in every way: by a reference, from the other side of it, through a join, and
//! among themselves. Deleted authors are hidden, deleted editors are shown.

use chrono::{DateTime, Utc};
use repo_core::{HasMany, HasOne, ManyToMany, Projection, Repository, Schema, schema};
use uuid::Uuid;

/// Of all tenants.
#[derive(Debug, Clone, PartialEq, Repository)]
#[repository(table = "kinds")]
pub(crate) struct Kind {
    pub(crate) id: i64,
    pub(crate) name: String,
}

#[derive(Debug, Clone, PartialEq, Repository)]
#[repository(table = "people", tenant, soft_delete)]
pub(crate) struct Person {
    pub(crate) id: Uuid,
    pub(crate) tenant_id: i64,
    pub(crate) name: String,
    pub(crate) rank: Option<i32>,
    pub(crate) deleted_at: Option<DateTime<Utc>>,
}

#[derive(Debug, Clone, PartialEq, Repository)]
#[repository(table = "works", tenant, soft_delete)]
#[repository(index(author_id, pages))]
pub(crate) struct Work {
    pub(crate) id: Uuid,
    pub(crate) tenant_id: i64,
    pub(crate) title: String,
    pub(crate) pages: Option<i32>,
    #[repository(references = Person)]
    pub(crate) author_id: Uuid,
    #[repository(references = Person, deleted = show)]
    pub(crate) editor_id: Option<Uuid>,
    #[repository(references = Kind)]
    pub(crate) kind_id: Option<i64>,
    #[repository(references = Work)]
    pub(crate) sequel_of: Option<Uuid>,
    pub(crate) deleted_at: Option<DateTime<Utc>>,
}

/// The one of its kind that a work has.
#[derive(Debug, Clone, PartialEq, Repository)]
#[repository(table = "covers", tenant)]
pub(crate) struct Cover {
    pub(crate) id: Uuid,
    pub(crate) tenant_id: i64,
    #[repository(references = Work, unique)]
    pub(crate) work_id: Uuid,
    pub(crate) color: String,
}

#[derive(Debug, Clone, PartialEq, Repository)]
#[repository(table = "marks", tenant)]
pub(crate) struct Mark {
    pub(crate) id: Uuid,
    pub(crate) tenant_id: i64,
    pub(crate) name: String,
}

/// What puts a mark on a work, twice if need be.
#[derive(Debug, Clone, PartialEq, Repository)]
#[repository(table = "work_marks", tenant)]
pub(crate) struct WorkMark {
    pub(crate) id: Uuid,
    pub(crate) tenant_id: i64,
    #[repository(references = Work)]
    pub(crate) work_id: Uuid,
    #[repository(references = Mark)]
    pub(crate) mark_id: Uuid,
}

/// Some columns of a work, and of what it finds.
#[derive(Debug, Clone, PartialEq, Projection)]
#[projection(entity = Work)]
pub(crate) struct Entry {
    pub(crate) title: String,
    #[projection(column = Work::author().column(Person::NAME))]
    pub(crate) author: Option<String>,
    #[projection(column = Work::editor().column(Person::RANK))]
    pub(crate) editor_rank: Option<i32>,
    #[projection(column = Work::kind().column(Kind::NAME))]
    pub(crate) kind: Option<String>,
    #[projection(column = Work::sequel_of().column(Work::TITLE))]
    pub(crate) before: Option<String>,
    #[projection(column = Work::cover().column(Cover::COLOR))]
    pub(crate) color: Option<String>,
}

/// A kind as a query by hand gives it.
#[derive(Debug, Clone, PartialEq, Projection)]
#[projection(entity = Kind)]
pub(crate) struct Named {
    #[projection(column = Kind::NAME)]
    pub(crate) called: String,
    pub(crate) id: i64,
}

pub(crate) fn library() -> Schema {
    schema![Kind, Person, Work, Cover, Mark, WorkMark]
}

impl Person {
    pub(crate) fn works() -> HasMany<Self, Work> {
        Work::author().many()
    }

    pub(crate) fn edited() -> HasMany<Self, Work> {
        Work::editor().many()
    }
}

impl Work {
    pub(crate) fn sequels() -> HasMany<Self, Work> {
        Work::sequel_of().many()
    }

    pub(crate) fn cover() -> HasOne<Self, Cover> {
        Cover::work().one()
    }

    pub(crate) fn marks() -> ManyToMany<Self, WorkMark, Mark> {
        WorkMark::work().many().through(WorkMark::mark())
    }
}
