//! What is written in `#[repository(..)]`: syntax only.
//!
//! A key that does not parse is reported and left out, so that the rest is still read. Whether keys go
//! together is decided in `check`.

mod field;
mod reader;
mod structure;

pub(crate) use field::{DeletedParent, Field, OnDelete, read_field};
pub(crate) use reader::{Given, Reader, value};
pub(crate) use structure::{RawColumn, RawIndex, Structure, read_structure};

/// The keys of a struct.
pub(crate) const STRUCT_KEYS: [&str; 14] = [
    "table",
    "formerly",
    "tenant",
    "soft_delete",
    "immutable",
    "versioned",
    "audited",
    "timestamps",
    "correlated",
    "index",
    "unique",
    "validate",
    "events",
    "crate",
];

/// The keys of a field.
pub(crate) const FIELD_KEYS: [&str; 24] = [
    "id",
    "tenant",
    "version",
    "created_at",
    "updated_at",
    "deleted_at",
    "correlation_id",
    "deletion_id",
    "plain",
    "assigned",
    "unique",
    "index",
    "column",
    "json",
    "decimal",
    "max_length",
    "default",
    "fixed",
    "sensitive",
    "formerly",
    "added_with",
    "references",
    "on_delete",
    "deleted",
];

/// The keys of a struct that sums up rows.
pub(crate) const SUMMARY_KEYS: [&str; 2] = ["entity", "crate"];

/// The keys of its fields.
pub(crate) const SUMMARY_FIELD_KEYS: [&str; 2] = ["key", "value"];
