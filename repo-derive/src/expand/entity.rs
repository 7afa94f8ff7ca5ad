//! `impl Entity`, and the capabilities that its policies leave it.

use proc_macro2::TokenStream;
use quote::quote;

use super::{codec, managed, table, tenancy};
use crate::model::{Entity, Role};

/// The impls for the struct itself.
pub(crate) fn impls(entity: &Entity) -> TokenStream {
    let (impl_generics, ty_generics, where_clause) = entity.generics.split_for_impl();
    let ident = &entity.ident;
    let types = types(entity);
    let table = table::table(entity);
    let methods = methods(entity);
    let capabilities = capabilities(entity);
    quote! {
        #[automatically_derived]
        impl #impl_generics __core::Entity for #ident #ty_generics #where_clause {
            #types
            const TABLE: &'static __core::schema::Table = #table;
            #methods
        }
        #capabilities
    }
}

fn types(entity: &Entity) -> TokenStream {
    let (_, ty_generics, _) = entity.generics.split_for_impl();
    let repository = super::repository::named(entity);
    let scope = &entity.names.scope;
    let tenancy = tenancy(entity);
    let deletion = deletion(entity);
    let id = &entity.id;
    let new = super::new::input(entity);
    quote! {
        type Id = #id;
        type Tenancy = #tenancy;
        type Deletion = #deletion;
        type New = #new #ty_generics;
        type Repository<#scope: __core::Scope> = #repository;
    }
}

fn deletion(entity: &Entity) -> TokenStream {
    match (entity.column(Role::DeletedAt), entity.column(Role::DeletionId)) {
        (None, _) => quote!(__private::Removed),
        (Some(_), None) => quote!(__private::Marked),
        (Some(_), Some(_)) => quote!(__private::MarkedTogether),
    }
}

fn methods(entity: &Entity) -> TokenStream {
    let id = id(entity);
    let fields: Vec<_> = entity.columns.iter().map(|column| &column.ident).collect();
    let codecs: Vec<_> = entity.columns.iter().map(codec).collect();
    quote! {
        #id

        fn encode<'row>(&'row self, row: &mut __core::Encoder<'row>) {
            #(#codecs::encode(&self.#fields, row);)*
        }

        fn decode(row: &mut __core::Decoder<'_>) -> __core::Result<Self> {
            ::core::result::Result::Ok(Self { #(#fields: #codecs::decode(row)?),* })
        }
    }
}

fn id(entity: &Entity) -> Option<TokenStream> {
    let (column, ty) = (entity.column(Role::Id)?, &entity.id);
    let field = &column.ident;
    let (get, set) = if column.is_mistaken {
        (quote!(::core::unreachable!()), quote!(let _ = id;))
    } else {
        (quote!(&self.#field), quote!(self.#field = id;))
    };
    Some(quote! {
        fn id(&self) -> &#ty {
            #get
        }

        fn set_id(&mut self, id: #ty) {
            #set
        }
    })
}

fn capabilities(entity: &Entity) -> TokenStream {
    let audited = entity.audited.map(|_| capability(entity, "Audited", &TokenStream::new()));
    if entity.immutable {
        return quote!(#audited);
    }
    let (_, ty_generics, _) = entity.generics.split_for_impl();
    let patch = &entity.names.patch;
    let mutable = capability(entity, "Mutable", &quote!(type Patch = #patch #ty_generics;));
    let soft_delete = entity.column(Role::DeletedAt).map(|column| {
        let (managed, field) = (managed(column), &column.ident);
        let body = quote! {
            fn deleted_at(&self) -> ::core::option::Option<__private::Timestamp> {
                #managed::read_deleted_at(&self.#field)
            }
        };
        capability(entity, "SoftDelete", &body)
    });
    let versioned = entity.column(Role::Version).map(|column| {
        let (managed, field) = (managed(column), &column.ident);
        let body = quote! {
            fn version(&self) -> ::core::primitive::i64 {
                #managed::read_version(&self.#field)
            }
        };
        capability(entity, "Versioned", &body)
    });
    quote!(#mutable #soft_delete #versioned #audited)
}

fn capability(entity: &Entity, name: &str, body: &TokenStream) -> TokenStream {
    let (impl_generics, ty_generics, where_clause) = entity.generics.split_for_impl();
    let ident = &entity.ident;
    let name = quote::format_ident!("{name}");
    quote! {
        #[automatically_derived]
        impl #impl_generics __core::#name for #ident #ty_generics #where_clause {
            #body
        }
    }
}
