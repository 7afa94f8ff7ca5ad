//! `IncidentPatch`: a setter for each column that may change.

use proc_macro2::TokenStream;
use quote::quote;

use super::{codec, doc, docs_or, lenient};
use crate::model::{Column, Entity};
use crate::names;

/// The struct; nothing for an immutable entity.
pub(crate) fn types(entity: &Entity) -> TokenStream {
    if entity.immutable {
        return TokenStream::new();
    }
    let (_, ty_generics, where_clause) = entity.generics.split_for_impl();
    let Entity { krate, vis, ident, generics, name, .. } = entity;
    let patch = &entity.names.patch;
    let lenient = lenient(entity);
    let article = names::article(name);
    let docs = doc(&format!(
        "The changes to {article} [`{name}`]: the columns that are not set stay as they are."
    ));
    quote! {
        #docs
        #lenient
        #vis struct #patch #generics (#krate::Patch<#ident #ty_generics>) #where_clause;
    }
}

/// The impls; nothing for an immutable entity.
pub(crate) fn impls(entity: &Entity) -> TokenStream {
    if entity.immutable {
        return TokenStream::new();
    }
    let setters = setters(entity);
    let traits = traits(entity);
    quote!(#setters #traits)
}

fn setters(entity: &Entity) -> TokenStream {
    let (impl_generics, ty_generics, where_clause) = entity.generics.split_for_impl();
    let vis = &entity.vis;
    let patch = &entity.names.patch;
    let add = add(entity);
    let setters =
        entity.columns.iter().filter(|column| column.is_changeable()).map(|it| setter(entity, it));
    quote! {
        #[automatically_derived]
        impl #impl_generics #patch #ty_generics #where_clause {
            /// Changes nothing yet.
            #[must_use]
            #vis fn new() -> Self {
                Self(__core::Patch::new())
            }

            #add
            #(#setters)*
        }
    }
}

/// `add`, unless a column is called so.
fn add(entity: &Entity) -> TokenStream {
    if entity.columns.iter().any(|column| names::plain(&column.ident) == "add") {
        return TokenStream::new();
    }
    let (_, ty_generics, _) = entity.generics.split_for_impl();
    let (vis, owner) = (&entity.vis, &entity.ident);
    // A parameter of the entity may be called `T`.
    quote! {
        /// Adds to the number that is in a column when the row is changed.
        #[must_use]
        #vis fn add<__T: __core::ColumnType>(
            self,
            column: __core::Column<#owner #ty_generics, __T>,
            amount: impl __core::query::Operand<__T::Bare>,
        ) -> Self
        where
            <__T::Bare as __core::ColumnType>::Class: __core::Numeric,
        {
            Self(self.0.add(column, amount))
        }
    }
}

fn setter(entity: &Entity, column: &Column) -> TokenStream {
    let (_, ty_generics, _) = entity.generics.split_for_impl();
    let owner = &entity.ident;
    let vis = &entity.vis;
    let codec = codec(column);
    let Column { ident, ty, constant, .. } = column;
    let docs = docs_or(column, &format!("Sets `{}`.", names::plain(ident)));
    quote! {
        #docs
        #[must_use]
        #vis fn #ident(self, value: impl __private::Settable<#ty>) -> Self {
            Self(#codec::set(self.0, <#owner #ty_generics>::#constant, value.into()))
        }
    }
}

fn traits(entity: &Entity) -> TokenStream {
    let (impl_generics, ty_generics, where_clause) = entity.generics.split_for_impl();
    let ident = &entity.ident;
    let patch = &entity.names.patch;
    quote! {
        #[automatically_derived]
        impl #impl_generics ::core::default::Default for #patch #ty_generics #where_clause {
            fn default() -> Self {
                Self::new()
            }
        }

        #[automatically_derived]
        impl #impl_generics ::core::clone::Clone for #patch #ty_generics #where_clause {
            fn clone(&self) -> Self {
                Self(::core::clone::Clone::clone(&self.0))
            }
        }

        #[automatically_derived]
        impl #impl_generics ::core::fmt::Debug for #patch #ty_generics #where_clause {
            fn fmt(&self, f: &mut ::core::fmt::Formatter<'_>) -> ::core::fmt::Result {
                ::core::fmt::Debug::fmt(&self.0, f)
            }
        }

        #[automatically_derived]
        impl #impl_generics ::core::convert::From<#patch #ty_generics>
            for __core::Patch<#ident #ty_generics> #where_clause
        {
            fn from(patch: #patch #ty_generics) -> Self {
                patch.0
            }
        }
    }
}
