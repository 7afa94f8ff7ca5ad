//! `Clone` of `NewIncident` and `IncidentDraft`, where all their fields are.
//!
//! Neither a column type nor a document need be `Clone`. The bounds begin with `for<'field>`, which a type has no part in:
//! without it, one that does not hold would be an error, and not an impl that is not there.

use std::collections::HashSet;

use proc_macro2::{Ident, TokenStream};
use quote::{ToTokens as _, quote};

use crate::model::{Column, Entity};

/// The impl for the columns that are given.
pub(crate) fn of_new(entity: &Entity) -> TokenStream {
    let given: Vec<_> = given(entity).collect();
    let fields: Vec<_> = given.iter().map(|column| &column.ident).collect();
    let fields = quote!(#(#fields: ::core::clone::Clone::clone(&self.#fields)),*);
    clone(entity, &entity.names.new, &given, &fields)
}

/// The impl for these and the columns with a default.
pub(crate) fn of_draft(entity: &Entity) -> TokenStream {
    let columns: Vec<_> = given(entity).chain(entity.defaulted()).collect();
    let fields: Vec<_> = entity.defaulted().map(|column| &column.ident).collect();
    let fields = quote! {
        new: ::core::clone::Clone::clone(&self.new),
        #(#fields: ::core::clone::Clone::clone(&self.#fields)),*
    };
    clone(entity, &entity.names.draft, &columns, &fields)
}

fn given(entity: &Entity) -> impl Iterator<Item = &Column> {
    entity.columns.iter().filter(|column| column.is_given())
}

fn clone(entity: &Entity, name: &Ident, columns: &[&Column], fields: &TokenStream) -> TokenStream {
    let mut generics = entity.generics.clone();
    let mut bound = HashSet::new();
    for Column { ty, .. } in columns {
        if bound.insert(ty.to_token_stream().to_string()) {
            let is_clone = syn::parse_quote!(for<'field> #ty: ::core::clone::Clone);
            generics.make_where_clause().predicates.push(is_clone);
        }
    }
    let (impl_generics, ty_generics, where_clause) = generics.split_for_impl();
    quote! {
        #[automatically_derived]
        impl #impl_generics ::core::clone::Clone for #name #ty_generics #where_clause {
            fn clone(&self) -> Self {
                Self { #fields }
            }
        }
    }
}
