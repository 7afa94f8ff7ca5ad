//! The constant description of the table.

use proc_macro2::TokenStream;
use quote::quote;

use super::codec;
use crate::model::{Column, Entity, Index, Reference, Role};

/// The value of `Entity::TABLE`.
pub(crate) fn table(entity: &Entity) -> TokenStream {
    let Entity { krate, name, table, immutable, .. } = entity;
    let columns = entity.columns.iter().map(|column| definition(entity, column));
    let roles = roles(entity);
    let indexes = entity.indexes.iter().map(|it| index(entity, it));
    let references = entity.references.iter().map(|it| reference(entity, it));
    quote! {
        &#krate::Table {
            entity: #name,
            name: #table,
            columns: &[#(#columns),*],
            roles: #roles,
            immutable: #immutable,
            indexes: &[#(#indexes),*],
            references: &[#(#references),*],
        }
    }
}

fn definition(entity: &Entity, column: &Column) -> TokenStream {
    let codec = codec(entity, column);
    let name = &column.name;
    let decimal = column.decimal.map(|(precision, scale)| quote!(.decimal(#precision, #scale)));
    let max_length = column.max_length.map(|most| quote!(.max_length(#most)));
    let fixed = column.fixed.then(|| quote!(.fixed()));
    let sensitive = column.sensitive.then(|| quote!(.sensitive()));
    let checked = column.is_generic.then(|| quote!(.checked()));
    quote!(#codec::COLUMN #decimal #max_length #fixed #sensitive #checked .named(#name))
}

fn roles(entity: &Entity) -> TokenStream {
    let krate = &entity.krate;
    let id = entity.position(Role::Id);
    let others = Role::ALL.into_iter().filter(|role| *role != Role::Id).map(|role| {
        let name = quote::format_ident!("{}", role.key());
        let position = match entity.position(role) {
            Some(at) => quote!(::core::option::Option::Some(#at)),
            None => quote!(::core::option::Option::None),
        };
        quote!(#name: #position)
    });
    quote!(#krate::Roles { id: #id, #(#others),* })
}

fn index(entity: &Entity, Index { columns, unique, global }: &Index) -> TokenStream {
    let krate = &entity.krate;
    let columns = columns.iter().map(|it| {
        let (column, descending) = (it.column, it.descending);
        quote!(#krate::IndexColumn { column: #column, descending: #descending })
    });
    quote!(#krate::Index { columns: &[#(#columns),*], unique: #unique, global: #global })
}

fn reference(entity: &Entity, Reference { column, parent, cascade }: &Reference) -> TokenStream {
    let krate = &entity.krate;
    let on_delete = if *cascade { quote!(Cascade) } else { quote!(Restrict) };
    quote! {
        #krate::Reference {
            column: #column,
            parent: #krate::__private::Parent::<#parent>::table,
            on_delete: #krate::OnDelete::#on_delete,
        }
    }
}
