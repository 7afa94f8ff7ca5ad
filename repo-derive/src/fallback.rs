//! What stands in for an entity, a projection, a row or a column type that could not be read.
//!
//! Code that uses it still compiles as far as it can, so that the mistakes in the type are the only ones
//! reported.

use proc_macro2::TokenStream;
use quote::quote;
use syn::{DeriveInput, Generics, Path, Type, parse_quote};

/// An entity without columns.
pub(crate) fn entity(input: &DeriveInput, krate: &Path) -> TokenStream {
    if input.generics.lifetimes().next().is_some() {
        return TokenStream::new();
    }
    let generics = bounded(input);
    let (impl_generics, ty_generics, where_clause) = generics.split_for_impl();
    let ident = &input.ident;
    quote! {
        const _: () = {
            #[automatically_derived]
            impl #impl_generics #krate::Entity for #ident #ty_generics #where_clause {
                type Id = ::core::primitive::i64;
                type Tenancy = #krate::Shared;
                type Deletion = #krate::__private::MarkedTogether;
                type New = #krate::__private::Unknown<Self>;
                type Repository<S: #krate::Scope> = ::std::boxed::Box<#krate::Repo<Self, S>>;
                const TABLE: &'static #krate::schema::Table = #krate::__private::UNKNOWN_TABLE;
                fn id(&self) -> &::core::primitive::i64 {
                    ::core::unreachable!()
                }
                fn set_id(&mut self, _: ::core::primitive::i64) {}
                fn encode<'row>(&'row self, _: &mut #krate::Encoder<'row>) {}
                fn decode(_: &mut #krate::Decoder<'_>) -> #krate::Result<Self> {
                    ::core::unreachable!()
                }
            }
            #[automatically_derived]
            impl #impl_generics #krate::Mutable for #ident #ty_generics #where_clause {
                type Patch = #krate::Patch<Self>;
            }
            #[automatically_derived]
            impl #impl_generics #krate::SoftDelete for #ident #ty_generics #where_clause {
                fn deleted_at(&self) -> ::core::option::Option<#krate::__private::Timestamp> {
                    ::core::unreachable!()
                }
            }
            #[automatically_derived]
            impl #impl_generics #krate::__private::ValidatedOnUpdate for #ident #ty_generics #where_clause {}
            #[automatically_derived]
            impl #impl_generics #krate::__private::ValidatedOnDelete for #ident #ty_generics #where_clause {}
            #[automatically_derived]
            impl #impl_generics #krate::__private::Observed for #ident #ty_generics #where_clause {}
            #[automatically_derived]
            impl #impl_generics #krate::Audited for #ident #ty_generics #where_clause {}
            #[automatically_derived]
            impl #impl_generics #krate::Versioned for #ident #ty_generics #where_clause {
                fn version(&self) -> ::core::primitive::i64 {
                    ::core::unreachable!()
                }
            }
        };
    }
}

/// A projection of no columns.
pub(crate) fn projection(input: &DeriveInput, krate: &Path, entity: &Type) -> TokenStream {
    if input.generics.lifetimes().next().is_some() {
        return TokenStream::new();
    }
    let generics = bounded(input);
    let (impl_generics, ty_generics, where_clause) = generics.split_for_impl();
    let ident = &input.ident;
    quote! {
        #[automatically_derived]
        impl #impl_generics #krate::Projection for #ident #ty_generics #where_clause {
            type Entity = #entity;

            fn sources() -> ::core::option::Option<::std::vec::Vec<#krate::__private::Source>> {
                ::core::unreachable!()
            }

            fn names() -> ::core::option::Option<&'static [&'static ::core::primitive::str]> {
                ::core::unreachable!()
            }

            fn read(_: &mut #krate::Decoder<'_>) -> #krate::Result<Self> {
                ::core::unreachable!()
            }
        }
    }
}

/// A row of SQL by hand without columns.
pub(crate) fn sql_row(input: &DeriveInput, krate: &Path) -> TokenStream {
    if input.generics.lifetimes().next().is_some() {
        return TokenStream::new();
    }
    let generics = bounded(input);
    let (impl_generics, ty_generics, where_clause) = generics.split_for_impl();
    let ident = &input.ident;
    quote! {
        #[automatically_derived]
        impl #impl_generics #krate::SqlRow for #ident #ty_generics #where_clause {
            type Tenancy = #krate::Shared;

            fn layout() -> #krate::__private::SqlLayout<Self> {
                ::core::unreachable!()
            }
        }
    }
}

/// A column type of texts.
pub(crate) fn column_type(input: &DeriveInput, krate: &Path) -> TokenStream {
    if input.generics.lifetimes().next().is_some() {
        return TokenStream::new();
    }
    let generics = bounded(input);
    let (impl_generics, ty_generics, where_clause) = generics.split_for_impl();
    let ident = &input.ident;
    quote! {
        #[automatically_derived]
        impl #impl_generics #krate::ColumnType for #ident #ty_generics #where_clause {
            type Bare = Self;
            type Class = #krate::class::Text;
            const KIND: #krate::Kind = #krate::Kind::Text;

            fn encode(
                &self,
                _: #krate::Kind,
            ) -> ::core::result::Result<#krate::Value<'_>, #krate::InvalidValue> {
                ::core::unreachable!()
            }

            fn decode(_: #krate::Value<'_>) -> ::core::result::Result<Self, #krate::InvalidValue> {
                ::core::unreachable!()
            }
        }
    }
}

/// The parameters of the input, of which nothing more is asked.
pub(crate) fn bounded(input: &DeriveInput) -> Generics {
    let mut generics = input.generics.clone();
    for parameter in generics.type_params_mut() {
        parameter.bounds.push(parse_quote!(::core::marker::Send));
        parameter.bounds.push(parse_quote!(::core::marker::Sync));
        parameter.bounds.push(parse_quote!('static));
    }
    generics
}
