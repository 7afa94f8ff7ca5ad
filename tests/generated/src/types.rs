//! Every type that fits in a column, and newtypes over them.

use chrono::{DateTime, NaiveDate, NaiveTime, Utc};
use repo_core::{ColumnEnum, ColumnType, Repository};
use rust_decimal::Decimal;
use uuid::Uuid;

/// The id of an [`Everything`].
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, ColumnType)]
pub struct EverythingId(i64);

/// Metres.
#[derive(Debug, Clone, Copy, PartialEq, ColumnType)]
pub struct Metres {
    /// How many.
    pub count: f64,
}

/// A newtype over anything.
#[derive(Debug, Clone, PartialEq, ColumnType)]
pub struct Tagged<T: ColumnType>(pub T);

/// One of two.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ColumnEnum)]
#[column(rename_all = "SCREAMING_SNAKE_CASE")]
#[repr(u8)]
pub enum Side {
    /// One.
    LeftSide = 1,
    /// The other.
    RightSide = 2,
}

/// A newtype over an enum.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ColumnType)]
pub struct Preferred(pub Side);

/// A timestamp by another name.
pub type Moment = DateTime<Utc>;

/// One of each.
#[derive(Debug, Clone, PartialEq, Repository)]
#[repository(table = "everything", timestamps, soft_delete)]
pub struct Everything {
    /// The id.
    pub id: EverythingId,
    /// A boolean.
    #[repository(index)]
    pub flag: bool,
    /// A small integer.
    pub small: i16,
    /// An integer.
    pub medium: Option<i32>,
    /// A big integer.
    pub big: i64,
    /// A float.
    pub single: f32,
    /// A double.
    pub double: Metres,
    /// A text.
    #[repository(max_length = 10)]
    pub text: Tagged<String>,
    /// Bytes.
    #[repository(unique)]
    pub bytes: Vec<u8>,
    /// A UUID.
    pub uuid: Uuid,
    /// A day.
    pub day: NaiveDate,
    /// A time of day.
    pub time: NaiveTime,
    /// A moment.
    pub moment: Option<Moment>,
    /// A decimal.
    #[repository(decimal(18, 0))]
    pub decimal: Tagged<Decimal>,
    /// A document.
    pub document: Option<serde_json::Value>,
    /// A side.
    #[repository(index)]
    pub side: Option<Side>,
    /// A preference.
    pub preferred: Preferred,
    /// A field that nobody should use.
    #[deprecated(note = "use `text`")]
    pub old: String,
    /// Created.
    pub created_at: Moment,
    /// Changed.
    pub updated_at: Moment,
    /// Deleted.
    pub deleted_at: Option<Moment>,
}

/// Nothing but what the repository writes.
#[derive(Debug, Clone, PartialEq, Repository)]
#[repository(table = "pings", immutable, timestamps)]
pub struct Ping {
    /// The id.
    pub id: Uuid,
    /// When.
    pub created_at: Moment,
}
