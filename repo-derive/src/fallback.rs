//! What stands in for an entity that could not be read.
//!
//! Code that uses the entity still compiles as far as it can, so that the mistakes in the struct are the
//! only ones reported.

use proc_macro2::TokenStream;
use quote::quote;
use syn::{DeriveInput, Path, parse_quote};

/// An entity without columns.
pub(crate) fn entity(input: &DeriveInput, krate: &Path) -> TokenStream {
    if input.generics.lifetimes().next().is_some() {
        return TokenStream::new();
    }
    let mut generics = input.generics.clone();
    for parameter in generics.type_params_mut() {
        parameter.bounds.push(parse_quote!(::core::marker::Send));
        parameter.bounds.push(parse_quote!(::core::marker::Sync));
        parameter.bounds.push(parse_quote!('static));
    }
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
                const TABLE: &'static #krate::Table = #krate::__private::UNKNOWN_TABLE;
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
            impl #impl_generics #krate::Versioned for #ident #ty_generics #where_clause {
                fn version(&self) -> ::core::primitive::i64 {
                    ::core::unreachable!()
                }
            }
        };
    }
}
