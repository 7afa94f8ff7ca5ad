//! `Incident::STATUS`: a constant for each column, as visible as its field.

use proc_macro2::TokenStream;
use quote::quote;

use super::docs_or;
use crate::model::{Column, Entity, Storage};

/// The constants.
pub(crate) fn constants(entity: &Entity) -> TokenStream {
    let (impl_generics, ty_generics, where_clause) = entity.generics.split_for_impl();
    let ident = &entity.ident;
    let constants = entity.columns.iter().enumerate().map(|(at, column)| {
        let Column { vis, constant, .. } = column;
        let docs = docs_or(column, &format!("The column `{}`.", column.name));
        let ty = stored_type(column);
        quote! {
            #docs
            #vis const #constant: __core::Column<Self, #ty> = __core::Column::new(#at);
        }
    });
    quote! {
        #[automatically_derived]
        impl #impl_generics #ident #ty_generics #where_clause {
            #(#constants)*
        }
    }
}

/// The type of the column: that of its field, unless it is stored as JSON.
fn stored_type(column: &Column) -> TokenStream {
    let ty = &column.ty;
    match &column.storage {
        Storage::Plain => quote!(#ty),
        Storage::Json => quote!(__core::Json<#ty>),
        Storage::OptionalJson(inner) => quote!(::core::option::Option<__core::Json<#inner>>),
    }
}
