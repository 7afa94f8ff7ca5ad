//! `NewIncident`, the columns of a new row that its creator gives, and `IncidentDraft`, which holds the
//! columns with a default as well.

use proc_macro2::{Ident, Span, TokenStream};
use quote::quote;

use super::{clone, codec, doc, docs_or, lenient, managed};
use crate::model::{Column, Entity, Role};
use crate::names;

/// The structs.
pub(crate) fn types(entity: &Entity) -> TokenStream {
    let Entity { vis, generics, name, .. } = entity;
    let where_clause = &generics.where_clause;
    let new = &entity.names.new;
    let lenient = lenient(entity);
    let docs = doc(&format!("The columns of a new [`{name}`] that its creator gives."));
    let fields = entity.columns.iter().filter(|column| column.is_given()).map(|column| {
        let Column { ident, ty, .. } = column;
        let docs = docs_or(column, &format!("The column `{}`.", column.name));
        quote!(#docs #vis #ident: #ty)
    });
    let draft = has_draft(entity).then(|| draft(entity));
    quote! {
        #docs
        #lenient
        #vis struct #new #generics #where_clause {
            #(#fields,)*
        }
        #draft
    }
}

/// The impls.
pub(crate) fn impls(entity: &Entity) -> TokenStream {
    let crate::model::Names { new, draft, .. } = &entity.names;
    let clone_new = clone::of_new(entity);
    let debug_new = debug(entity, new, &show_given(entity));
    let into_entity = into_entity(entity);
    let draft = has_draft(entity).then(|| {
        let clone = clone::of_draft(entity);
        let debug = debug(entity, draft, &show_draft(entity));
        let setters = setters(entity);
        quote!(#clone #debug #setters)
    });
    quote!(#clone_new #debug_new #into_entity #draft)
}

/// The type that `create` takes.
pub(crate) fn input(entity: &Entity) -> &Ident {
    if has_draft(entity) { &entity.names.draft } else { &entity.names.new }
}

pub(super) fn has_draft(entity: &Entity) -> bool {
    defaulted(entity).next().is_some()
}

fn given(entity: &Entity) -> impl Iterator<Item = (usize, &Column)> {
    entity.columns.iter().enumerate().filter(|(_, column)| column.is_given())
}

fn defaulted(entity: &Entity) -> impl Iterator<Item = (usize, &Column)> {
    entity.columns.iter().enumerate().filter(|(_, column)| column.default.is_some())
}

fn draft(entity: &Entity) -> TokenStream {
    let Entity { vis, generics, name, .. } = entity;
    let (_, ty_generics, where_clause) = generics.split_for_impl();
    let crate::model::Names { new, draft, .. } = &entity.names;
    let lenient = lenient(entity);
    let docs = doc(&format!(
        "A [`{new}`] and those columns with a default that are set: a new [`{name}`]."
    ));
    let fields = defaulted(entity)
        .map(|(_, Column { ident, ty, .. })| quote!(#ident: ::core::option::Option<#ty>));
    quote! {
        #docs
        #lenient
        #vis struct #draft #generics #where_clause {
            new: #new #ty_generics,
            #(#fields,)*
        }
    }
}

/// `Debug` that hides sensitive columns: what is shown, and under which name.
fn debug(entity: &Entity, shown: &Ident, fields: &TokenStream) -> TokenStream {
    let (impl_generics, ty_generics, where_clause) = entity.generics.split_for_impl();
    let ident = &entity.ident;
    let name = shown.to_string();
    quote! {
        #[automatically_derived]
        impl #impl_generics __private::Show for #shown #ty_generics #where_clause {
            fn show(&self, shown: &mut __private::Shown<'_, '_>) {
                #fields
            }
        }

        #[automatically_derived]
        impl #impl_generics ::core::fmt::Debug for #shown #ty_generics #where_clause {
            fn fmt(&self, f: &mut ::core::fmt::Formatter<'_>) -> ::core::fmt::Result {
                __private::debug::<#ident #ty_generics>(f, #name, self)
            }
        }
    }
}

fn show_given(entity: &Entity) -> TokenStream {
    let fields = given(entity).map(|(at, column)| {
        let (codec, field) = (codec(column), &column.ident);
        quote!(#codec::show(shown, #at, &self.#field);)
    });
    fields.collect()
}

fn show_draft(entity: &Entity) -> TokenStream {
    let fields = defaulted(entity).map(|(at, column)| {
        let (codec, field) = (codec(column), &column.ident);
        quote! {
            if let ::core::option::Option::Some(value) = &self.#field {
                #codec::show(shown, #at, value);
            }
        }
    });
    quote! {
        __private::Show::show(&self.new, shown);
        #(#fields)*
    }
}

fn into_entity(entity: &Entity) -> TokenStream {
    let (impl_generics, ty_generics, where_clause) = entity.generics.split_for_impl();
    let ident = &entity.ident;
    let input = input(entity);
    let given = if has_draft(entity) { quote!(self.new) } else { quote!(self) };
    let fields = entity.columns.iter().enumerate().map(|(at, column)| {
        let field = &column.ident;
        let value = value(at, column, &given);
        quote!(#field: #value)
    });
    let into_valid = super::hooks::into_valid(entity);
    let creation = creation();
    quote! {
        #[automatically_derived]
        impl #impl_generics __core::NewEntity for #input #ty_generics #where_clause {
            type Entity = #ident #ty_generics;

            fn into_entity(
                self,
                #creation: &mut __core::Creation<'_>,
            ) -> __core::Result<#ident #ty_generics> {
                ::core::result::Result::Ok(#ident { #(#fields),* })
            }

            #into_valid
        }
    }
}

/// The parameter beside which defaults stand: whatever they call so is something else.
fn creation() -> Ident {
    Ident::new("creation", Span::mixed_site())
}

/// The value of a column of a new row.
fn value(at: usize, column: &Column, given: &TokenStream) -> TokenStream {
    let managed = managed(column);
    let codec = codec(column);
    let creation = creation();
    let Column { ident, ty, .. } = column;
    match (column.role, &column.default) {
        (Some(Role::Id), _) if !column.assigned => quote!(#managed::new_id(#creation)?),
        (Some(Role::Tenant), _) => quote!(#managed::session_tenant(#creation)?),
        (Some(Role::Version), _) => quote!(#managed::first_version(#creation)),
        (Some(Role::CreatedAt | Role::UpdatedAt), _) => {
            quote!(#managed::time_of_creation(#creation))
        }
        (Some(Role::DeletedAt), _) => quote!(#managed::not_deleted()),
        (Some(Role::DeletionId), _) => quote!(#managed::no_deletion()),
        (Some(Role::CorrelationId), _) => quote!(#managed::session_correlation(#creation)?),
        (None | Some(Role::Id), Some(default)) => {
            quote!(#codec::given_or(#creation, #at, self.#ident, || -> #ty { #default }))
        }
        (None | Some(Role::Id), None) => quote!(#codec::given(#creation, #at, #given.#ident)),
    }
}

/// A setter for each column with a default, on both types.
fn setters(entity: &Entity) -> TokenStream {
    let (impl_generics, ty_generics, where_clause) = entity.generics.split_for_impl();
    let vis = &entity.vis;
    let crate::model::Names { new, draft, .. } = &entity.names;
    let columns: Vec<_> = entity.defaulted().collect();
    let fields: Vec<_> = columns.iter().map(|column| &column.ident).collect();
    let types: Vec<_> = columns.iter().map(|column| &column.ty).collect();
    let docs: Vec<_> = columns
        .iter()
        .map(|column| {
            let name = names::plain(&column.ident);
            doc(&format!("Sets `{name}`, which otherwise has its default."))
        })
        .collect();
    quote! {
        #[automatically_derived]
        impl #impl_generics #new #ty_generics #where_clause {
            #(
                #docs
                #vis fn #fields(self, value: impl __private::Settable<#types>) -> #draft #ty_generics {
                    <#draft #ty_generics as ::core::convert::From<Self>>::from(self).#fields(value)
                }
            )*
        }

        #[automatically_derived]
        impl #impl_generics #draft #ty_generics #where_clause {
            #(
                #docs
                #[must_use]
                #vis fn #fields(mut self, value: impl __private::Settable<#types>) -> Self {
                    self.#fields = ::core::option::Option::Some(value.into());
                    self
                }
            )*
        }

        #[automatically_derived]
        impl #impl_generics ::core::convert::From<#new #ty_generics> for #draft #ty_generics #where_clause {
            fn from(new: #new #ty_generics) -> Self {
                Self { new, #(#fields: ::core::option::Option::None),* }
            }
        }
    }
}
