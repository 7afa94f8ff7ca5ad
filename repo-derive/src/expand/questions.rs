//! What only the compiler knows of the types of the fields, asked once for each field and at its type.
//!
//! The rest of the expansion goes through functions that take any type, so that a field whose type is a
//! mistake is reported here and nowhere else.

use proc_macro2::TokenStream;
use quote::{format_ident, quote, quote_spanned};
use syn::spanned::Spanned as _;

use super::{bare, tenancy};
use crate::model::{Column, Entity, Reference, Role, Storage};

/// The questions.
pub(crate) fn ask(entity: &Entity) -> TokenStream {
    let (impl_generics, _, where_clause) = entity.generics.split_for_impl();
    let fields = entity.columns.iter().enumerate().map(|(at, column)| question(entity, at, column));
    let references = entity.references.iter().map(|it| reference(entity, it));
    quote! {
        #[allow(dead_code, deprecated, clippy::pedantic, reason = "asks the compiler, runs never")]
        fn questions #impl_generics () #where_clause {
            #(#fields)*
            #(#references)*
        }
    }
}

fn question(entity: &Entity, at: usize, column: &Column) -> TokenStream {
    let krate = &entity.krate;
    let ty = match &column.storage {
        Storage::OptionalJson(inner) => inner,
        _ => &column.ty,
    };
    let answered_by = match (column.role, &column.storage) {
        (Some(Role::Id), _) => "IdField",
        (Some(Role::Tenant), _) => "TenantField",
        (Some(Role::Version), _) => "VersionField",
        (Some(Role::CreatedAt), _) => "CreatedAtField",
        (Some(Role::UpdatedAt), _) => "UpdatedAtField",
        (Some(Role::DeletedAt), _) => "DeletedAtField",
        (Some(Role::CorrelationId), _) => {
            return quote_spanned! {ty.span()=>
                let _ = <#ty as #krate::Correlation>::from_correlation;
            };
        }
        (None, Storage::Plain) if entity.is_indexed(at) => "IndexedField",
        (None, Storage::Plain) => {
            return quote_spanned!(ty.span()=> let _ = <#ty as #krate::ColumnType>::KIND;);
        }
        (None, _) => "JsonDocument",
    };
    let answered_by = format_ident!("{answered_by}");
    quote_spanned!(ty.span()=> let () = <#ty as #krate::__private::#answered_by>::ANSWER;)
}

fn reference(entity: &Entity, Reference { column, parent, .. }: &Reference) -> TokenStream {
    let krate = &entity.krate;
    let bare = bare(entity, &entity.columns[*column]);
    let tenancy = tenancy(entity);
    quote_spanned! {parent.span()=>
        let () = <#bare as #krate::__private::IdOf<#parent>>::ANSWER;
        let () = <#tenancy as #krate::__private::RefersTo<
            <#parent as #krate::Entity>::Tenancy,
        >>::ANSWER;
    }
}
