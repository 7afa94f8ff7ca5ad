//! What generated code calls. Not for people: it changes without notice.
//!
//! Field by field, by the type of the field: [`Field`], [`JsonField`] and [`OptionalJsonField`] carry
//! values to and from columns, [`Managed`] makes what the repository writes. Each has a stand-in for
//! types that do not fit (`private/misfit.rs`), so that only the question about a field
//! (`private/questions.rs`) reports a mistake, and no line that uses it.

mod column;
mod deletion;
mod document;
mod hooks;
mod index;
mod managed;
mod misfit;
mod operand;
mod projection;
mod questions;
mod search;
mod settable;
mod shown;
mod summary;
mod text;

pub use crate::read::reading::Reading;
pub use crate::unchecked::sql_row::{ReadField, SqlFields, SqlLayout, StoredAs, field_of};
pub use column::{ColumnDescription, Field, JsonField, OptionalJsonField};
pub use deletion::{DeletedWith, GoesWith, Marked, MarkedTogether, Removed};
pub use document::{Document, NoOption, WrittenAsOption};
pub use hooks::{
    NewOf, NewRows, Observed, Unvalidated, ValidatedOnCreate, ValidatedOnDelete, ValidatedOnUpdate,
    check_delete, check_update, validated,
};
pub use index::{asc, desc};
pub use managed::{Managed, Parent};
pub use misfit::{Misfit, NoParent, UNKNOWN_TABLE, Unknown, Unmanaged};
pub use operand::OperandOf;
pub use projection::{Shows, Source, read, source};
pub use questions::{
    CreatedAtField, DeletedAtField, DeletionIdField, IdOf, IsDecimal, IsIndexable, IsText,
    JsonDocument, KnownSize, MadeId, Movable, RefersTo, TenantField, TenantParameter,
    UpdatedAtField, VersionField,
};
pub use search::{null_or_not, unless_empty};
pub use settable::Settable;
pub use shown::{Show, Shown, debug};
pub use summary::{Asked, SummaryField, SummaryPart, SummaryPlan, summary_key, summary_value};
pub use text::{as_text, text};

/// A moment, as managed columns hold it.
pub type Timestamp = chrono::DateTime<chrono::Utc>;
