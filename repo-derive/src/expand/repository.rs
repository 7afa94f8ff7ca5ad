//! `IncidentRepository<S>`: the repository, with a finder for each unique index and a list for each
//! indexed column.

use proc_macro2::TokenStream;
use quote::quote;
use syn::{GenericParam, Generics};

use super::{codec, doc, lenient, tenancy};
use crate::model::{Entity, Index, Role};
use crate::names;

/// The struct.
pub(crate) fn types(entity: &Entity) -> TokenStream {
    let (_, ty_generics, where_clause) = entity.generics.split_for_impl();
    let Entity { krate, vis, ident, name, .. } = entity;
    let repository = &entity.names.repository;
    let generics = generics(entity);
    let scope = &entity.names.scope;
    let lenient = lenient(entity);
    let docs = doc(&format!("The repository of [`{name}`]."));
    quote! {
        #docs
        #lenient
        #vis struct #repository #generics (#krate::Repo<#ident #ty_generics, #scope>) #where_clause;
    }
}

/// The impls.
pub(crate) fn impls(entity: &Entity) -> TokenStream {
    let traits = traits(entity);
    let finders = finders(entity);
    quote!(#traits #finders)
}

/// The repository with its parameters: `DocRepository<T, S>`.
pub(crate) fn named(entity: &Entity) -> TokenStream {
    let repository = &entity.names.repository;
    let generics = generics(entity);
    let (_, ty_generics, _) = generics.split_for_impl();
    quote!(#repository #ty_generics)
}

/// The parameters of the entity, without defaults, and the scope.
fn generics(entity: &Entity) -> Generics {
    let mut generics = entity.generics.clone();
    for parameter in &mut generics.params {
        match parameter {
            GenericParam::Type(parameter) => parameter.default = None,
            GenericParam::Const(parameter) => parameter.default = None,
            GenericParam::Lifetime(_) => {}
        }
    }
    let (scope, krate) = (&entity.names.scope, &entity.krate);
    generics.params.push(syn::parse_quote!(#scope: #krate::Scope));
    generics
}

fn traits(entity: &Entity) -> TokenStream {
    let generics = generics(entity);
    let (impl_generics, _, where_clause) = generics.split_for_impl();
    let (_, ty_generics, _) = entity.generics.split_for_impl();
    let ident = &entity.ident;
    let (named, scope) = (named(entity), &entity.names.scope);
    let repo = quote!(__core::Repo<#ident #ty_generics, #scope>);
    quote! {
        #[automatically_derived]
        impl #impl_generics ::core::convert::From<#repo> for #named #where_clause {
            fn from(repo: #repo) -> Self {
                Self(repo)
            }
        }

        #[automatically_derived]
        impl #impl_generics ::core::ops::Deref for #named #where_clause {
            type Target = #repo;

            fn deref(&self) -> &Self::Target {
                &self.0
            }
        }

        #[automatically_derived]
        impl #impl_generics ::core::clone::Clone for #named #where_clause {
            fn clone(&self) -> Self {
                Self(::core::clone::Clone::clone(&self.0))
            }
        }

        #[automatically_derived]
        impl #impl_generics ::core::fmt::Debug for #named #where_clause {
            fn fmt(&self, f: &mut ::core::fmt::Formatter<'_>) -> ::core::fmt::Result {
                ::core::fmt::Debug::fmt(&self.0, f)
            }
        }
    }
}

fn finders(entity: &Entity) -> TokenStream {
    let unique = entity.indexes.iter().filter(|index| index.unique);
    let finders: Vec<_> = unique
        .filter_map(|index| finder(entity, index))
        .chain(entity.listed().into_iter().map(|column| lister(entity, column)))
        .collect();
    if finders.is_empty() {
        return TokenStream::new();
    }
    let scope = &entity.names.scope;
    let tenancy = tenancy(entity);
    let mut generics = generics(entity);
    let reachable = syn::parse_quote!(#tenancy: __core::ReachableFrom<#scope>);
    generics.make_where_clause().predicates.push(reachable);
    let (impl_generics, _, where_clause) = generics.split_for_impl();
    let named = named(entity);
    quote! {
        #[automatically_derived]
        impl #impl_generics #named #where_clause {
            #(#finders)*
        }
    }
}

/// None for one row of each tenant, which the session says already.
fn finder(entity: &Entity, index: &Index) -> Option<TokenStream> {
    let columns: Vec<usize> = index
        .columns
        .iter()
        .map(|column| column.column)
        .filter(|column| entity.columns[*column].role != Some(Role::Tenant))
        .collect();
    if columns.is_empty() {
        return None;
    }
    let ident = &entity.ident;
    let (_, ty_generics, _) = entity.generics.split_for_impl();
    let fields: Vec<_> = plain_names(entity, &columns);
    let name = names::finder(&fields);
    let docs = format!("The live row with this {}, if there is one.", tick(&fields, " and "));
    let found = quote!(::core::option::Option<#ident #ty_generics>);
    Some(method(entity, &columns, &name, &docs, &found, &quote!(at_most_one)))
}

fn lister(entity: &Entity, column: usize) -> TokenStream {
    let ident = &entity.ident;
    let (_, ty_generics, _) = entity.generics.split_for_impl();
    let fields = plain_names(entity, &[column]);
    let name = format!("list_by_{}", fields[0]);
    let docs = format!("The live rows with this {}.", tick(&fields, " and "));
    let found = quote!(::std::vec::Vec<#ident #ty_generics>);
    method(entity, &[column], &name, &docs, &found, &quote!(all))
}

fn method(
    entity: &Entity,
    columns: &[usize],
    name: &str,
    docs: &str,
    found: &TokenStream,
    run: &TokenStream,
) -> TokenStream {
    let Entity { vis, ident, .. } = entity;
    let (_, ty_generics, _) = entity.generics.split_for_impl();
    let columns: Vec<_> = columns.iter().map(|column| &entity.columns[*column]).collect();
    let fields: Vec<_> = columns.iter().map(|column| &column.ident).collect();
    let constants = columns.iter().map(|column| &column.constant);
    let types = columns.iter().map(|column| &column.ty);
    let codecs = columns.iter().map(|column| codec(column));
    let (name, docs) = (names::ident_at(name, fields[0]), doc(docs));
    quote! {
        #docs
        ///
        /// # Errors
        ///
        /// When the database cannot be asked, or holds what the entity cannot.
        #vis fn #name(
            &self,
            #(#fields: impl __private::OperandOf<#types>),*
        ) -> __private::Reading<#found> {
            let query = self.0.query()
                #(.filter(#codecs::equals(<#ident #ty_generics>::#constants, #fields)))*;
            __private::Reading::new(query.#run())
        }
    }
}

fn plain_names(entity: &Entity, columns: &[usize]) -> Vec<String> {
    columns.iter().map(|column| names::plain(&entity.columns[*column].ident)).collect()
}

fn tick(names: &[String], between: &str) -> String {
    names.iter().map(|name| format!("`{name}`")).collect::<Vec<_>>().join(between)
}
