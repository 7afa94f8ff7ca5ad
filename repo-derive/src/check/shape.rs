//! What can be an entity at all: a struct with named fields, without lifetimes.

use proc_macro2::{Ident, TokenStream, TokenTree};
use quote::ToTokens as _;
use syn::punctuated::Punctuated;
use syn::{Data, DataStruct, DeriveInput, Fields, GenericParam, Token};

use super::Field;
use crate::attr;
use crate::diag::Diag;
use crate::model::Entity;
use crate::names;

/// The fields of a struct; `None` when `input` cannot be an entity.
pub(crate) fn fields<'i>(input: &'i DeriveInput, diag: &mut Diag) -> Option<Vec<Field<'i>>> {
    let named = named_fields(input, diag)?;
    if let Some(lifetime) = input.generics.lifetimes().next() {
        diag.error(
            lifetime,
            format_args!("`{}` borrows, and a row outlives what it was made from", input.ident),
            "own the value: `String` instead of `&str`",
        );
        return None;
    }
    let fields = named.iter().map(|syntax| Field {
        ident: syntax.ident.as_ref().expect("the fields are named"),
        syntax,
        attr: attr::read_field(&syntax.attrs, diag),
    });
    Some(fields.collect())
}

/// Whether each type parameter is used by what creates a row: an unused one is no Rust.
pub(crate) fn check_generics(entity: &Entity, diag: &mut Diag) {
    let given = entity.columns.iter().filter(|column| column.is_given());
    let types: TokenStream = given.map(|column| column.ty.to_token_stream()).collect();
    for parameter in &entity.generics.params {
        let GenericParam::Type(parameter) = parameter else { continue };
        if !mentions(types.clone(), &parameter.ident) {
            let name = &parameter.ident;
            diag.error(
                name,
                format_args!("`{name}` is in no column that is given to a new row"),
                format_args!("write a type instead of `{name}`"),
            );
        }
    }
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
            (input.ident.to_token_stream(), "without fields", "add the columns as fields")
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

fn mentions(tokens: TokenStream, word: &Ident) -> bool {
    tokens.into_iter().any(|token| match token {
        TokenTree::Ident(found) => found == *word,
        TokenTree::Group(group) => mentions(group.stream(), word),
        _ => false,
    })
}
