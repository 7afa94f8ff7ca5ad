//! What is written for a search: an array of a condition each.

use proc_macro2::TokenStream;
use quote::{quote, quote_spanned};
use syn::spanned::Spanned as _;
use syn::{DeriveInput, Path, parse_quote};

use super::Search;
use super::field::{Asked, Sought};
use crate::{lints, names};

pub(super) fn search(search: &Search<'_>) -> TokenStream {
    let Search { krate, input, entity, sought } = search;
    let (impl_generics, ty_generics, where_clause) = input.generics.split_for_impl();
    let ident = &input.ident;
    let deprecated = lints::deprecated(input);
    let conditions = sought.iter().map(|sought| condition(search, sought));
    quote! {
        #[automatically_derived]
        #deprecated
        #[allow(unused_qualifications)]
        impl #impl_generics #krate::query::IntoFilter<#entity> for #ident #ty_generics #where_clause {
            fn into_filter(self) -> #krate::Filter<#entity> {
                #krate::Filter::<#entity>::all::<::core::option::Option<#krate::Filter<#entity>>>(
                    [#(#conditions),*],
                )
            }
        }
    }
}

/// At the type of the field, so that one which does not fit is reported there.
fn condition(search: &Search<'_>, sought: &Sought<'_>) -> TokenStream {
    let Sought { ident, ty, column, asked } = sought;
    let (krate, entity) = (&search.krate, &search.entity);
    let column_there = quote_spanned!(column.span()=> <#entity>::#column);
    let krate_there = names::at(ty.span(), krate);
    match asked {
        Asked::One(method) => quote_spanned! {ty.span()=>
            ::core::option::Option::map(self.#ident, |value| #column_there.#method(value))
        },
        Asked::Many(method) => quote_spanned! {ty.span()=>
            #krate_there::__private::unless_empty(self.#ident, |values| #column_there.#method(values))
        },
        Asked::PerhapsMany(method) => quote_spanned! {ty.span()=>
            ::core::option::Option::and_then(self.#ident, |values| {
                #krate_there::__private::unless_empty(values, |values| #column_there.#method(values))
            })
        },
        Asked::Null => quote_spanned! {ty.span()=>
            ::core::option::Option::map(self.#ident, |is_null| {
                #krate_there::__private::null_or_not(#column_there, is_null)
            })
        },
    }
}

/// A filter of everything, so that the mistakes in the struct are the only ones that are reported.
pub(super) fn fallback(input: &DeriveInput, krate: &Path) -> TokenStream {
    let mut generics = input.generics.clone();
    generics.params.push(parse_quote!(__E));
    let (impl_generics, _, where_clause) = generics.split_for_impl();
    let (_, ty_generics, _) = input.generics.split_for_impl();
    let ident = &input.ident;
    quote! {
        #[automatically_derived]
        impl #impl_generics #krate::query::IntoFilter<__E> for #ident #ty_generics #where_clause {
            fn into_filter(self) -> #krate::Filter<__E> {
                ::core::unreachable!()
            }
        }
    }
}
