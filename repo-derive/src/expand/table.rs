//! The constant description of the table.

use proc_macro2::{Ident, Span, TokenStream};
use quote::quote;
use syn::Expr;

use super::codec;
use crate::model::{Column, Entity, Index, Reference, Role};

/// The value of `Entity::TABLE`.
pub(crate) fn table(entity: &Entity) -> TokenStream {
    let Entity { name, table, formerly, immutable, .. } = entity;
    let ids = entity.column(Role::Id).map(ids);
    let audit = audit(entity);
    let hooks = super::hooks::hooks(entity);
    let columns = entity.columns.iter().map(definition);
    let roles = roles(entity);
    let indexes = entity.indexes.iter().map(index);
    let references = entity.references.iter().map(reference);
    quote! {
        &__core::schema::Table {
            entity: #name,
            entity_type: ::core::any::TypeId::of::<Self>,
            name: #table,
            formerly: &[#(#formerly),*],
            columns: &[#(#columns),*],
            roles: #roles,
            ids: #ids,
            immutable: #immutable,
            audit: #audit,
            hooks: #hooks,
            indexes: &[#(#indexes),*],
            references: &[#(#references),*],
        }
    }
}

/// Where the ids of new rows come from.
fn ids(column: &Column) -> TokenStream {
    if column.assigned {
        return quote!(__core::schema::Ids::Assigned);
    }
    let codec = codec(column);
    quote!(#codec::COLUMN.ids())
}

fn audit(entity: &Entity) -> TokenStream {
    match entity.audited {
        Some(true) => quote!(::core::option::Option::Some(__core::schema::Chaining::Chained)),
        Some(false) => quote!(::core::option::Option::Some(__core::schema::Chaining::Unchained)),
        None => quote!(::core::option::Option::None),
    }
}

fn definition(column: &Column) -> TokenStream {
    let codec = codec(column);
    let name = &column.name;
    let decimal = column.decimal.map(|(precision, scale)| quote!(.decimal(#precision, #scale)));
    let max_length = column.max_length.map(|most| quote!(.max_length(#most)));
    let fixed = column.fixed.then(|| quote!(.fixed()));
    let sensitive = column.sensitive.then(|| quote!(.sensitive()));
    let names = &column.formerly;
    let formerly = (!names.is_empty()).then(|| quote!(.formerly(&[#(#names),*])));
    let added_with = column.added_with.as_ref().map(|value| added_with(column, value));
    let defaulted = column.default.as_ref().map(|value| defaulted(column, value));
    let checked = column.is_generic.then(|| quote!(.checked()));
    quote! {
        #codec::COLUMN #decimal #max_length #fixed #sensitive #formerly #added_with #defaulted #checked .named(#name)
    }
}

/// The parameter is one that the expression cannot name.
fn added_with(column: &Column, value: &Expr) -> TokenStream {
    let (codec, ty) = (codec(column), &column.ty);
    let kind = Ident::new("kind", Span::mixed_site());
    let added = Ident::new("added", Span::mixed_site());
    quote!(.added_with(|#kind| { let #added: #ty = #value; #codec::stored(&#added, #kind) }))
}

/// The same of what a new row has. The expression stands as it does where a row is made, so that a mistake in it is told
/// once.
fn defaulted(column: &Column, value: &Expr) -> TokenStream {
    let (codec, ty) = (codec(column), &column.ty);
    let kind = Ident::new("kind", Span::mixed_site());
    quote!(.defaulted(|#kind| #codec::stored(&(|| -> #ty { #value })(), #kind)))
}

fn roles(entity: &Entity) -> TokenStream {
    let id = entity.position(Role::Id);
    let others = Role::ALL.into_iter().filter(|role| *role != Role::Id).map(|role| {
        let name = quote::format_ident!("{}", role.key());
        let position = match entity.position(role) {
            Some(at) => quote!(::core::option::Option::Some(#at)),
            None => quote!(::core::option::Option::None),
        };
        quote!(#name: #position)
    });
    quote!(__core::schema::Roles { id: #id, #(#others),* })
}

fn index(Index { columns, unique, global }: &Index) -> TokenStream {
    let columns = columns.iter().map(|it| {
        let column = it.column;
        if it.descending {
            quote!(__private::desc(#column))
        } else {
            quote!(__private::asc(#column))
        }
    });
    quote!(__core::schema::Index { columns: &[#(#columns),*], unique: #unique, global: #global })
}

fn reference(Reference { column, parent, cascade, .. }: &Reference) -> TokenStream {
    let on_delete = if *cascade { quote!(Cascade) } else { quote!(Restrict) };
    quote! {
        __core::schema::Reference {
            column: #column,
            parent: __private::Parent::<#parent>::table,
            on_delete: __core::schema::OnDelete::#on_delete,
        }
    }
}
