//! The code for an entity. Reads the model, cannot fail, and holds no rule.
//!
//! Generated code has no logic: what has a loop or a branch is a function of `repo_core::__private`.
//! Its paths are absolute, because the names around the struct may mean anything: `__core` and
//! `__private` are imported where the impls are, and all others begin with `::`.

mod clone;
mod columns;
mod docs;
mod entity;
mod hooks;
mod new;
mod patch;
mod questions;
mod relations;
mod repository;
mod table;

use proc_macro2::TokenStream;
use quote::quote;

use self::docs::{doc, docs_or};
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
        relations::functions(entity),
        entity::impls(entity),
        new::impls(entity),
        patch::impls(entity),
        hooks::impls(entity),
        repository::impls(entity),
    ];
    let lenient = lenient(entity);
    quote! {
        #new
        #patch
        #repository
        #lenient
        const _: () = {
            use #krate as __core;
            use #krate::__private::{self as __private, Misfit as _, NoOption as _, NoParent as _, Unmanaged as _, Unvalidated as _};
            #(#impls)*
        };
    }
}

/// What stands before generated items, which are called and seen as the struct says.
fn lenient(entity: &Entity) -> TokenStream {
    let deprecated = entity.is_deprecated.then(|| quote!(deprecated,));
    quote! {
        #[allow(#deprecated private_bounds, private_interfaces, unused_qualifications)]
        #[allow(clippy::pub_underscore_fields, clippy::self_named_constructors)]
        #[allow(clippy::iter_not_returning_iterator)]
    }
}

/// The type of repo-core that encodes and decodes a column.
fn codec(column: &Column) -> TokenStream {
    let ty = &column.ty;
    match &column.storage {
        Storage::Plain => quote!(__private::Field::<#ty>),
        Storage::Json => quote!(__private::JsonField::<#ty>),
        Storage::OptionalJson(inner) => quote!(__private::OptionalJsonField::<#inner>),
    }
}

/// The type of repo-core that knows what the repository writes in a column.
fn managed(column: &Column) -> TokenStream {
    let ty = &column.ty;
    quote!(__private::Managed::<#ty>)
}

/// The tenancy of the entity.
fn tenancy(entity: &Entity) -> TokenStream {
    match &entity.tenant {
        Some(ty) => quote!(__core::OwnedBy<#ty>),
        None => quote!(__core::Shared),
    }
}
