//! What can be an entity at all: a struct with named fields, without lifetimes.

use proc_macro2::TokenStream;
use quote::ToTokens;
use syn::punctuated::Punctuated;
use syn::{Data, DataStruct, DeriveInput, Fields, Generics, Token, TypeParam};

use super::Field;
use crate::attr;
use crate::diag::Diag;
use crate::model::Entity;
use crate::{names, types};

/// The fields of a struct; `None` when `input` cannot be an entity.
pub(crate) fn fields<'i>(input: &'i DeriveInput, diag: &mut Diag) -> Option<Vec<Field<'i>>> {
    let named = named_fields(input, diag)?;
    if !check_lifetimes(input, diag) {
        return None;
    }
    let fields = named.iter().map(|syntax| Field {
        ident: syntax.ident.as_ref().expect("the fields are named"),
        syntax,
        attr: attr::read_field(&syntax.attrs, diag),
    });
    Some(fields.collect())
}

/// Whether each type parameter has a bound, and is used by what creates a row: Rust allows no other.
pub(crate) fn check_generics(entity: &Entity, diag: &mut Diag) -> bool {
    let given = entity.columns.iter().filter(|column| column.is_given());
    let types: TokenStream = given.map(|column| column.ty.to_token_stream()).collect();
    let mut is_whole = true;
    for parameter in entity.generics.type_params() {
        let name = &parameter.ident;
        if !types::mentions(types.clone(), name) {
            let problem = format_args!("`{name}` is in no column that is given to a new row");
            diag.error(name, problem, format_args!("write a type instead of `{name}`"));
            is_whole = false;
        } else {
            is_whole &= check_bounds(parameter, &entity.generics, diag);
        }
    }
    is_whole
}

/// Whether nothing is borrowed.
pub(crate) fn check_lifetimes(input: &DeriveInput, diag: &mut Diag) -> bool {
    let lifetime = input.generics.lifetimes().next();
    if let Some(lifetime) = lifetime {
        diag.error(
            lifetime,
            format_args!("`{}` borrows, and a row outlives what it was made from", input.ident),
            "own the value: `String` instead of `&str`",
        );
    }
    lifetime.is_none()
}

/// Whether anything is asked of a parameter.
pub(crate) fn check_bounds(parameter: &TypeParam, generics: &Generics, diag: &mut Diag) -> bool {
    let (name, is_bounded) = (&parameter.ident, is_bounded(parameter, generics));
    if !is_bounded {
        let problem = format_args!("`{name}` can be any type, and not every type fits in a column");
        diag.error(name, problem, format_args!("write `{name}: repo_core::ColumnType`"));
    }
    is_bounded
}

fn is_bounded(parameter: &TypeParam, generics: &Generics) -> bool {
    let predicates = generics.where_clause.iter().flat_map(|clause| &clause.predicates);
    let predicates: TokenStream = predicates.map(ToTokens::to_token_stream).collect();
    !parameter.bounds.is_empty() || types::mentions(predicates, &parameter.ident)
}

fn named_fields<'i>(
    input: &'i DeriveInput,
    diag: &mut Diag,
) -> Option<&'i Punctuated<syn::Field, Token![,]>> {
    let name = names::plain(&input.ident);
    let (tokens, what, help) = match &input.data {
        Data::Struct(DataStruct { fields: Fields::Named(fields), .. }) => {
            return Some(&fields.named);
        }
        Data::Struct(DataStruct { fields: Fields::Unnamed(fields), .. }) => {
            let help = if fields.unnamed.len() == 1 {
                "name the fields, or derive `ColumnType` to use it as the type of a column"
            } else {
                "name the fields: they become the columns"
            };
            (fields.to_token_stream(), "a tuple struct", help)
        }
        Data::Struct(_) => {
            (input.ident.to_token_stream(), "a unit struct", "add the columns as fields")
        }
        Data::Enum(data) => (
            data.enum_token.to_token_stream(),
            "an enum",
            "derive `ColumnEnum` to use it as the type of a column",
        ),
        Data::Union(data) => (data.union_token.to_token_stream(), "a union", "write a struct"),
    };
    diag.error(
        tokens,
        format_args!("an entity is a struct with named fields, and `{name}` is {what}"),
        help,
    );
    None
}
