//! The code for an entity. Reads the model, cannot fail, and holds no rule.
//!
//! Generated code has no logic: what has a loop or a branch is a function of `repo_core::__private`.
//! Its paths are absolute, because the names around the struct may mean anything.

mod columns;
mod entity;
mod new;
mod patch;
mod questions;
mod repository;
mod table;

use proc_macro2::TokenStream;
use quote::{ToTokens, quote};

use crate::model::{Column, Entity, Storage};

/// The generated items.
pub(crate) fn expand(entity: &Entity) -> TokenStream {
    let krate = &entity.krate;
    let new = new::types(entity);
    let patch = patch::types(entity);
    let repository = repository::types(entity);
    let impls = [
        questions::ask(entity),
        columns::constants(entity),
        entity::impls(entity),
        new::impls(entity),
        patch::impls(entity),
        repository::impls(entity),
    ];
    quote! {
        #new
        #patch
        #repository
        const _: () = {
            #[allow(unused_imports, reason = "answers only where the type of a field is a mistake")]
            use #krate::__private::{Misfit as _, Unmanaged as _, NoParent as _};
            #(#impls)*
        };
    }
}

/// What stands before each generated item that a program may leave unused.
fn lenient() -> TokenStream {
    quote! {
        #[allow(
            dead_code,
            deprecated,
            private_bounds,
            private_interfaces,
            clippy::pedantic,
            reason = "generated, and used as far as the program needs it"
        )]
    }
}

/// The type of repo-core that encodes and decodes a column.
fn codec(entity: &Entity, column: &Column) -> TokenStream {
    let krate = &entity.krate;
    let ty = &column.ty;
    match &column.storage {
        Storage::Plain => quote!(#krate::__private::Field::<#ty>),
        Storage::Json => quote!(#krate::__private::JsonField::<#ty>),
        Storage::OptionalJson(inner) => quote!(#krate::__private::OptionalJsonField::<#inner>),
    }
}

/// The type of repo-core that knows what the repository writes in a column.
fn managed(entity: &Entity, column: &Column) -> TokenStream {
    let krate = &entity.krate;
    let ty = &column.ty;
    quote!(#krate::__private::Managed::<#ty>)
}

/// The tenancy of the entity.
fn tenancy(entity: &Entity) -> TokenStream {
    let krate = &entity.krate;
    match &entity.tenant {
        Some(ty) => quote!(#krate::OwnedBy<#ty>),
        None => quote!(#krate::Shared),
    }
}

/// The documentation of a field, or what can be said without any.
fn docs_or(column: &Column, otherwise: &str) -> TokenStream {
    if column.docs.is_empty() {
        return quote!(#[doc = #otherwise]);
    }
    column.docs.iter().map(ToTokens::to_token_stream).collect()
}
