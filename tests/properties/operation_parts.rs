//! Parts of operations: what groups and series are asked for, and conditions about moments, two columns and
//! places in documents.

use chrono::{DateTime, NaiveDate, Utc};

/// Groups and what is said of each: how many rows, the sum of their scores, how many different notes.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Groups {
    pub(crate) keys: Keys,
    pub(crate) having_rows: Option<(Comparison, u64)>,
    pub(crate) having_sum: Option<(Comparison, i64)>,
    pub(crate) order: Option<GroupOrder>,
    pub(crate) descending: bool,
    pub(crate) limit: Option<u64>,
}

#[derive(Debug, Clone, Copy)]
pub(crate) enum Keys {
    Status,
    /// As a struct.
    StatusSummary,
    NoteAndDone,
    Created(Length),
    Deleted(Length),
    /// Every bucket that the range touches.
    Filled(Length, DateTime<Utc>, DateTime<Utc>),
}

/// How long a bucket is.
#[derive(Debug, Clone, Copy)]
pub(crate) enum Length {
    SevenSeconds,
    ThreeMinutes,
    Week,
    FiveMonths,
}

#[derive(Debug, Clone, Copy)]
pub(crate) struct GroupOrder {
    /// By the sum, or else by the number of rows.
    pub(crate) by_sum: bool,
    pub(crate) descending: bool,
    pub(crate) nulls_first: Option<bool>,
}

/// Where a share of the values lies.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Percentiles {
    pub(crate) share: f64,
    pub(crate) of: Ranked,
}

#[derive(Debug, Clone, Copy)]
pub(crate) enum Ranked {
    Score,
    Note,
    Price,
    DeletedAt,
    /// Between two values.
    ContinuousScore,
    ContinuousPrice,
    /// Of the scores and prices of each status, where that of the scores is at least this.
    PerStatus(Option<i32>),
}

/// A column of which the greatest value is asked for.
#[derive(Debug, Clone, Copy)]
pub(crate) enum By {
    Score,
    Price,
    CreatedAt,
    DeletedAt,
}

/// What each latest row is of.
#[derive(Debug, Clone, Copy)]
pub(crate) enum Per {
    Note,
    StatusAndDone,
    Created(Length),
}

#[derive(Debug, Clone, Copy)]
pub(crate) enum Moment {
    CreatedAt,
    DeletedAt,
}

#[derive(Debug, Clone, Copy)]
pub(crate) enum MomentTest {
    On(NaiveDate),
    Within(DateTime<Utc>, DateTime<Utc>),
}

/// Two columns of one type.
#[derive(Debug, Clone, Copy)]
pub(crate) enum Pair {
    NameNote,
    NoteName,
    CreatedUpdated,
    UpdatedDeleted,
    DeletedCreated,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Comparison {
    Eq,
    Ne,
    Lt,
    Le,
    Gt,
    Ge,
}

/// A step into a document.
#[derive(Debug, Clone)]
pub(crate) enum Part {
    Member(&'static str),
    Element(u32),
}

#[derive(Debug, Clone)]
pub(crate) enum DocumentTest {
    Exists,
    IsNull,
    Text(Comparison, String),
    Integer(Comparison, i64),
    Float(Comparison, f64),
    Bool(Comparison, bool),
    Element(Sought),
}

/// What an array is to have.
#[derive(Debug, Clone)]
pub(crate) enum Sought {
    Text(String),
    Integer(i64),
    Float(f64),
    Bool(bool),
}

impl Comparison {
    pub(crate) fn holds<T: PartialOrd>(self, left: &T, right: &T) -> bool {
        match self {
            Comparison::Eq => left == right,
            Comparison::Ne => left != right,
            Comparison::Lt => left < right,
            Comparison::Le => left <= right,
            Comparison::Gt => left > right,
            Comparison::Ge => left >= right,
        }
    }
}
