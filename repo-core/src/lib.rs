//! The runtime of the repo data-access layer.

mod backend;
mod clock;
mod column_type;
mod column_types;
mod correlation;
mod dialect;
mod encode;
mod error;
mod ids;
mod json;
mod table;
mod value;

pub use backend::{
    Access, Backend, Connection, Health, Insert, InsertRows, Isolation, OnRow, Row, Statement,
    TransactionOptions,
};
pub use clock::{Clock, SystemClock};
pub use column_type::{ColumnType, Comparable, Generated, Searchable, class};
pub use correlation::Correlation;
pub use dialect::{Dialect, TextMatch, generated_name, quote};
pub use encode::{Decoder, Encoder};
pub use error::{DatabaseError, Error, Result};
pub use ids::{IdSource, UuidV7};
pub use json::Json;
pub use table::{ColumnDef, Index, IndexColumn, OnDelete, Reference, Roles, Table};
pub use value::{InvalidValue, Kind, Value};
