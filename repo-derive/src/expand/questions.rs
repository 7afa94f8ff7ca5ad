//! What only the compiler knows of the types of the fields, asked once for each field and at its type.
//!
//! The rest of the expansion goes through functions that take any type, so that a field whose type is a
//! mistake is reported here and nowhere else. The type of the id is asked for by `Entity::Id`.

use proc_macro2::TokenStream;
use quote::{ToTokens as _, format_ident, quote, quote_spanned};
use syn::Type;
use syn::spanned::Spanned as _;

use super::tenancy;
use crate::model::{Column, Entity, Reference, Role, Storage};
use crate::{names, types};

/// The questions.
pub(crate) fn ask(entity: &Entity) -> TokenStream {
    let (impl_generics, _, where_clause) = entity.generics.split_for_impl();
    let columns = entity.columns.iter().enumerate().filter(|(_, column)| !column.is_mistaken);
    let fields = columns.map(|(at, column)| match column.role {
        Some(role) => managed(role, column),
        None => given(entity, at, column),
    });
    let references = entity.references.iter().map(|it| reference(entity, it));
    let documents = entity.columns.iter().filter(|it| it.is_json() && stands_alone(entity, it));
    let movable = documents.map(|column| movable(&column.ty));
    // By itself, so that a default may call a function of the same name.
    quote! {
        const _: () = {
            #(const _: () = { #movable };)*
            fn questions #impl_generics () #where_clause {
                #(#fields)*
                #(#references)*
            }
        };
    }
}

/// Can rows with the type go from thread to thread? Asked by the signature of a function, which is looked at before
/// the impls that need it.
fn movable(ty: &Type) -> TokenStream {
    let question = quote_spanned!(ty.span()=> #ty: __private::Movable);
    quote!(#[allow(trivial_bounds)] fn movable() where #question {})
}

/// Is the type an `Option` that is called something else?
fn is_no_option(ty: &Type) -> TokenStream {
    quote_spanned!(ty.span()=> __private::Document::<#ty>::is_no_option();)
}

/// Whether the type means the same without the parameters of the struct.
fn stands_alone(entity: &Entity, column: &Column) -> bool {
    let mut numbers = entity.generics.const_params();
    let ty = column.ty.to_token_stream();
    !column.is_generic && !numbers.any(|number| types::mentions(ty.clone(), &number.ident))
}

/// Can the type hold what the repository writes, and is it a text where its length is declared?
fn managed(role: Role, column: &Column) -> TokenStream {
    let length = column.max_length.map(|_| answer(&class(&column.ty), "IsText"));
    let written = match role {
        // Whether it is an id at all is asked by `Entity::Id`.
        Role::Id if !column.assigned => {
            let ty = &column.ty;
            quote_spanned!(ty.span()=> __private::Managed::<#ty>::is_made();)
        }
        Role::Tenant if column.is_generic => {
            answer(&column.ty.to_token_stream(), "TenantParameter")
        }
        _ => written(role, &column.ty),
    };
    quote!(#written #length)
}

fn written(role: Role, ty: &Type) -> TokenStream {
    let question = match role {
        Role::Id => return TokenStream::new(),
        Role::Tenant => "TenantField",
        Role::Version => "VersionField",
        Role::CreatedAt => "CreatedAtField",
        Role::UpdatedAt => "UpdatedAtField",
        Role::DeletedAt => "DeletedAtField",
        Role::DeletionId => "DeletionIdField",
        Role::CorrelationId => {
            return quote_spanned! {ty.span()=>
                let _ = <#ty as __core::Correlation>::from_correlation;
            };
        }
    };
    answer(&quote!(#ty), question)
}

/// Does the type fit in a column, and has it what the keys of its field need?
fn given(entity: &Entity, at: usize, column: &Column) -> TokenStream {
    let ty = &column.ty;
    let document = match &column.storage {
        Storage::Json => Some(quote!(#ty)),
        Storage::OptionalJson(inner) => Some(quote!(#inner)),
        Storage::Plain => None,
    };
    if let Some(document) = document {
        let movable = (!stands_alone(entity, column)).then(|| answer(&document, "Movable"));
        let document = answer(&document, "JsonDocument");
        let option = matches!(column.storage, Storage::Json).then(|| is_no_option(ty));
        return quote!(#document #option #movable);
    }
    if column.is_generic {
        // A parameter need not say of what class it is.
        return quote_spanned!(ty.span()=> let _ = <#ty as __core::ColumnType>::KIND;);
    }
    let class = class(ty);
    let questions = [
        Some(if column.decimal.is_some() { "IsDecimal" } else { "KnownSize" }),
        column.max_length.map(|_| "IsText"),
        entity.is_indexed(at).then_some("IsIndexable"),
    ];
    questions.into_iter().flatten().map(|question| answer(&class, question)).collect()
}

/// The class of the type, spanning all of it: on stable, the span of a type is that of its first token.
fn class(ty: &Type) -> TokenStream {
    let last = ty.to_token_stream().into_iter().last().map_or(ty.span(), |token| token.span());
    let trait_part = quote_spanned!(ty.span()=> <#ty as __core::ColumnType>);
    let class = quote_spanned!(last=> ::Class);
    quote!(#trait_part #class)
}

fn answer(ty: &TokenStream, question: &str) -> TokenStream {
    let question = format_ident!("{question}");
    quote_spanned!(ty.span()=> let () = <#ty as __private::#question>::ANSWER;)
}

/// Is the parent an entity, and can this column hold its id?
fn reference(
    entity: &Entity,
    Reference { column, parent, cascade, .. }: &Reference,
) -> TokenStream {
    let ty = &entity.columns[*column].ty;
    let tenancy = names::at(parent.span(), tenancy(entity));
    let together = cascade.then(|| together(entity, parent));
    quote_spanned! {parent.span()=>
        let _ = <#parent as __core::Entity>::TABLE;
        __private::Parent::<#parent>::is_referred_to_by::<#ty, #tenancy>();
        #together
    }
}

/// Can rows be deleted with the parent, and come back with it?
fn together(entity: &Entity, parent: &Type) -> TokenStream {
    let (_, ty_generics, _) = entity.generics.split_for_impl();
    let owner = &entity.ident;
    let owner = names::at(parent.span(), quote!(#owner #ty_generics));
    let tenancy = names::at(parent.span(), tenancy(entity));
    quote_spanned! {parent.span()=>
        __private::Parent::<#parent>::takes_along::<#owner, #tenancy>();
    }
}
