//! The derives of the repo data-access layer: `Repository`, `ColumnEnum`, `ColumnType`, `Projection`,
//! `Search`, `SqlRow` and `Summary`.
//!
//! Use them through `repo_core`, which documents them beside the traits they implement. Each goes
//! `attr -> check -> model -> expand`, and each stage reads only the one before it. What a type can do is
//! asked of the compiler in the expansion; no stage guesses it.

#![cfg_attr(docsrs, feature(doc_cfg))]

mod attr;
mod check;
mod column_enum;
mod column_type;
mod diag;
mod expand;
#[cfg(test)]
mod expansions;
mod fallback;
mod lints;
mod model;
mod names;
mod projection;
mod search;
mod sql_row;
mod summary;
mod types;

use proc_macro::TokenStream;
use syn::{DeriveInput, parse_macro_input};

use crate::diag::Diag;

/// Implements `repo_core::Entity` for a struct with named fields. The code calls `::repo_core`, unless
/// `#[repository(crate = path)]` says where that is.
#[proc_macro_derive(Repository, attributes(repository))]
pub fn derive_repository(input: TokenStream) -> TokenStream {
    let input = parse_macro_input!(input as DeriveInput);
    repository(&input).into()
}

/// Implements `repo_core::ColumnType` for an enum without payload. The code calls `::repo_core`, unless
/// `#[column(crate = path)]` says where that is.
#[proc_macro_derive(ColumnEnum, attributes(column))]
pub fn derive_column_enum(input: TokenStream) -> TokenStream {
    let input = parse_macro_input!(input as DeriveInput);
    column_enum::derive(&input).into()
}

/// Implements `repo_core::ColumnType` for a struct of one field. The code calls `::repo_core`, unless
/// `#[column(crate = path)]` says where that is.
#[proc_macro_derive(ColumnType, attributes(column))]
pub fn derive_column_type(input: TokenStream) -> TokenStream {
    let input = parse_macro_input!(input as DeriveInput);
    column_type::derive(&input).into()
}

/// Implements `repo_core::query::IntoFilter` for a struct of what is sought. The code calls `::repo_core`, unless
/// `#[search(crate = path)]` says where that is.
#[proc_macro_derive(Search, attributes(search))]
pub fn derive_search(input: TokenStream) -> TokenStream {
    let input = parse_macro_input!(input as DeriveInput);
    search::derive(&input).into()
}

/// Implements `repo_core::Projection` for a struct of some columns of an entity. The code calls `::repo_core`,
/// unless `#[projection(crate = path)]` says where that is.
#[proc_macro_derive(Projection, attributes(projection))]
pub fn derive_projection(input: TokenStream) -> TokenStream {
    let input = parse_macro_input!(input as DeriveInput);
    projection::derive(&input).into()
}

/// Implements `repo_core::SqlRow` for a struct with named fields. The code calls `::repo_core`, unless
/// `#[sql_row(crate = path)]` says where that is.
#[proc_macro_derive(SqlRow, attributes(sql_row))]
pub fn derive_sql_row(input: TokenStream) -> TokenStream {
    let input = parse_macro_input!(input as DeriveInput);
    sql_row::derive(&input).into()
}

/// Implements `repo_core::Summary` for a struct with named fields. The code calls `::repo_core`, unless
/// `#[summary(crate = path)]` says where that is.
#[proc_macro_derive(Summary, attributes(summary))]
pub fn derive_summary(input: TokenStream) -> TokenStream {
    let input = parse_macro_input!(input as DeriveInput);
    summary::derive(&input).into()
}

fn repository(input: &DeriveInput) -> proc_macro2::TokenStream {
    let mut diag = Diag::default();
    let mut tokens = match check::check(input, &mut diag) {
        Some(entity) => expand::expand(&entity),
        None => fallback::entity(input, &check::krate_of(input)),
    };
    tokens.extend(diag.into_tokens());
    tokens
}
