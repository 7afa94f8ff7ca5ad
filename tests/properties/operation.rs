//! What can be done, as data: proptest makes it and makes it smaller, the model and the databases
//! carry it out.
//!
//! Nothing here knows what an operation answers.

use chrono::{DateTime, Utc};
use rust_decimal::Decimal;
use serde_json::Value as Json;
use uuid::Uuid;

use crate::entity::{ItemSearch, Status};
use crate::operation_parts::{
    By, Comparison, DocumentTest, Groups, Moment, MomentTest, Pair, Part, Per, Percentiles,
};

/// One operation of one of the two tenants, or a read over both.
#[derive(Debug, Clone)]
pub(crate) enum Step {
    Tenant(usize, Operation),
    /// In a session over all tenants, limited by a filter to the two of this run.
    Both(Selection, Ask),
    /// A cursor made by one session, given to another query or another session.
    Stray {
        maker: usize,
        made_by: Selection,
        use_of: Use,
    },
}

#[derive(Debug, Clone)]
pub(crate) enum Operation {
    Create(Draft),
    CreateMany(Vec<Draft>),
    CreateManyPartial(Vec<Draft>),
    Update {
        id: Id,
        version: Version,
        origin: Option<i16>,
        of_another_tenant: bool,
        draft: Draft,
    },
    Patch {
        id: Id,
        version: Option<Version>,
        changes: Vec<Setting>,
    },
    Delete {
        id: Id,
        version: Option<Version>,
    },
    Restore {
        id: Id,
        version: Option<Version>,
    },
    Purge {
        id: Id,
        version: Option<Version>,
    },
    PatchAll(Selection, Vec<Setting>),
    PatchMany(Vec<(Id, Vec<Setting>)>),
    DeleteAll(Selection),
    DeleteMany(Vec<Id>),
    DeleteInChunks {
        selection: Selection,
        size: u32,
        is_dry: bool,
    },
    /// By the name.
    Upsert(Draft),
    UpsertMany(Vec<Draft>),
    Find(Id),
    Get(Id),
    GetMany(Vec<Id>),
    Exists(Id),
    CountAll,
    First,
    FindByName(String),
    ListByStatus(Status),
    Query(Selection, Ask),
    Search(ItemSearch),
    /// SQL, for rows of the tenant with at least this score.
    ByHand(i32),
    Walk(Walk),
    /// All chunks, but the first by a later query, which goes on from where the first one was.
    Chunks {
        selection: Selection,
        size: u64,
        meanwhile: Option<Box<Operation>>,
    },
    Tick(i64),
    Transaction {
        read_only: bool,
        end: End,
        work: Vec<Operation>,
    },
}

/// A row by the number of its id: of either tenant, deleted, or not there at all.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Id(pub(crate) u8);

impl Id {
    pub(crate) fn uuid(self) -> Uuid {
        Uuid::from_u128(u128::from(self.0))
    }
}

/// The columns that a caller gives.
#[derive(Debug, Clone)]
pub(crate) struct Draft {
    pub(crate) name: String,
    pub(crate) note: Option<String>,
    pub(crate) score: Option<i32>,
    pub(crate) done: bool,
    pub(crate) price: Decimal,
    pub(crate) status: Status,
    pub(crate) doc: Json,
    pub(crate) origin: i16,
}

/// One column of a patch.
#[derive(Debug, Clone)]
pub(crate) enum Setting {
    Name(String),
    Note(Option<String>),
    Score(Option<i32>),
    Done(bool),
    Price(Decimal),
    Status(Status),
    Doc(Json),
    /// What is added to what is there.
    AddScore(i32),
    AddPrice(Decimal),
}

/// The version that a write is based on.
#[derive(Debug, Clone, Copy)]
pub(crate) enum Version {
    /// That of the row, deleted or not; 1 where there is none.
    Current,
    Number(i64),
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum End {
    Commit,
    Rollback,
    Drop,
    /// The closure of `transaction(..)` returns `Ok`.
    ReturnOk,
    /// The closure of `transaction(..)` returns `Err`.
    ReturnErr,
}

#[derive(Debug, Clone, Default)]
pub(crate) struct Selection {
    pub(crate) conditions: Vec<Condition>,
    pub(crate) order: Vec<Key>,
    pub(crate) limit: Option<u64>,
    pub(crate) offset: Option<u64>,
    pub(crate) visibility: Visibility,
    pub(crate) for_update: bool,
    /// Its conditions were written and read as data.
    pub(crate) is_data: bool,
}

#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(crate) enum Visibility {
    #[default]
    Live,
    WithDeleted,
    OnlyDeleted,
}

/// What a query is asked for.
#[derive(Debug, Clone, Copy)]
pub(crate) enum Ask {
    All,
    First,
    One,
    AtMostOne,
    Count,
    Exists,
    Page {
        number: u64,
        size: u64,
    },
    /// The same of a projection.
    Lines,
    LinePage {
        number: u64,
        size: u64,
    },
    Percentiles(Percentiles),
    Aggregates,
    Groups(Groups),
    Latest(By),
    LatestPer(Per, By),
}

/// All windows of a query, one after the other, with something else in between.
#[derive(Debug, Clone)]
pub(crate) struct Walk {
    pub(crate) selection: Selection,
    pub(crate) size: u64,
    pub(crate) backwards: bool,
    /// Of a projection.
    pub(crate) as_lines: bool,
    /// Done after the first window.
    pub(crate) meanwhile: Option<Box<Operation>>,
}

/// What becomes of a cursor.
#[derive(Debug, Clone, Copy)]
pub(crate) enum Use {
    SameQuery,
    OtherTenant,
    OtherVisibility,
    OtherFilter,
    OtherOrder,
    /// A character of it is replaced.
    Changed,
}

#[derive(Debug, Clone, Copy)]
pub(crate) struct Key {
    pub(crate) column: OrderColumn,
    pub(crate) descending: bool,
    pub(crate) nulls_first: Option<bool>,
}

#[derive(Debug, Clone, Copy)]
pub(crate) enum OrderColumn {
    Id,
    Name,
    Note,
    Score,
    Done,
    Price,
    Status,
    Version,
    CreatedAt,
    UpdatedAt,
    DeletedAt,
}

#[derive(Debug, Clone)]
pub(crate) enum Condition {
    Name(TextTest),
    Note(TextTest),
    Score(Test<i32>),
    Done(Test<bool>),
    Price(Test<Decimal>),
    Status(Test<Status>),
    Origin(Test<i16>),
    Version(Test<i64>),
    CreatedAt(Test<DateTime<Utc>>),
    DeletedAt(Test<DateTime<Utc>>),
    Moment(Moment, MomentTest),
    Columns(Pair, Comparison),
    Document(Vec<Part>, DocumentTest),
    All(Vec<Option<Condition>>),
    Any(Vec<Option<Condition>>),
    Not(Box<Condition>),
    Always,
    Never,
}

#[derive(Debug, Clone)]
pub(crate) enum Test<T> {
    Eq(T),
    Ne(T),
    Lt(T),
    Le(T),
    Gt(T),
    Ge(T),
    Between(T, T),
    In(Vec<T>),
    NotIn(Vec<T>),
    IsNull,
    IsNotNull,
}

#[derive(Debug, Clone)]
pub(crate) enum TextTest {
    Compare(Test<String>),
    Contains(String),
    IContains(String),
    StartsWith(String),
    EndsWith(String),
    IEq(String),
}
