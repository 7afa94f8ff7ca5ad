//! What an entity asks of the program: `validate(..)` and `events`.
//!
//! What must be implemented is named once, at the key, so that a missing `impl` is reported there and once.

use proc_macro2::{Ident, TokenStream};
use quote::{format_ident, quote, quote_spanned};

use super::new;
use crate::model::Entity;
use crate::names;

/// The value of `Table::hooks`.
pub(crate) fn hooks(entity: &Entity) -> TokenStream {
    let hooks = &entity.hooks;
    let keys = [&hooks.create, &hooks.update, &hooks.delete, &hooks.events];
    if keys.into_iter().all(Option::is_none) {
        return quote!(__core::schema::Hooks::NONE);
    }
    let new = &entity.names.new;
    let (_, ty_generics, _) = entity.generics.split_for_impl();
    let create = optional(
        hooks.create.as_ref(),
        // That it is implemented is asked where new rows are made.
        |_| quote!(__private::NewRows::<#new #ty_generics>::CHECK),
    );
    let update = optional(
        hooks.update.as_ref(),
        |key| quote_spanned!(key.span()=> __private::check_update::<Self>),
    );
    let delete = optional(
        hooks.delete.as_ref(),
        |key| quote_spanned!(key.span()=> __private::check_delete::<Self>),
    );
    let events = optional(hooks.events.as_ref(), |_| quote!(::core::any::TypeId::of::<Self>));
    quote!(__core::schema::Hooks { create: #create, update: #update, delete: #delete, events: #events })
}

/// The impls that say which keys are given, and what a new row becomes: also without a key, so that one which is
/// missing is the only thing that is reported.
pub(crate) fn impls(entity: &Entity) -> TokenStream {
    let hooks = &entity.hooks;
    let (impl_generics, ty_generics, where_clause) = entity.generics.split_for_impl();
    let (ident, new) = (&entity.ident, &entity.names.new);
    let given = entity.columns.iter().filter(|column| column.is_given());
    let given: Vec<_> = given.map(|column| &column.ident).collect();
    let create = hooks.create.as_ref().map(|_| {
        quote! {
            #[automatically_derived]
            impl #impl_generics __private::ValidatedOnCreate for #new #ty_generics #where_clause {
                fn of_row(row: #ident #ty_generics) -> Self {
                    Self { #(#given: row.#given),* }
                }
            }
        }
    });
    let marks = [
        (&hooks.update, "ValidatedOnUpdate"),
        (&hooks.delete, "ValidatedOnDelete"),
        (&hooks.events, "Observed"),
    ];
    let marks = marks.into_iter().filter(|(key, _)| key.is_some()).map(|(_, name)| {
        let name = format_ident!("{name}");
        quote! {
            #[automatically_derived]
            impl #impl_generics __private::#name for #ident #ty_generics #where_clause {}
        }
    });
    quote! {
        #[automatically_derived]
        impl #impl_generics __private::NewOf for #new #ty_generics #where_clause {
            type Entity = #ident #ty_generics;
        }
        #create
        #(#marks)*
    }
}

/// The method of `NewEntity` that asks whether a new row is valid; nothing where nobody says so.
pub(crate) fn into_valid(entity: &Entity) -> TokenStream {
    let Some(key) = &entity.hooks.create else { return TokenStream::new() };
    let (_, ty_generics, _) = entity.generics.split_for_impl();
    let (ident, new) = (&entity.ident, &entity.names.new);
    let given = if new::has_draft(entity) { quote!(|draft| &draft.new) } else { quote!(|new| new) };
    // The type that must implement it is at the key.
    let validated = names::at(key.span(), quote!(__private::validated::<Self, #new #ty_generics>));
    quote! {
        fn into_valid(
            self,
            creation: &mut __core::Creation<'_>,
        ) -> __core::Result<#ident #ty_generics> {
            #validated(self, #given, creation)
        }
    }
}

fn optional(key: Option<&Ident>, value: impl Fn(&Ident) -> TokenStream) -> TokenStream {
    match key {
        Some(key) => {
            let value = value(key);
            quote!(::core::option::Option::Some(#value))
        }
        None => quote!(::core::option::Option::None),
    }
}
