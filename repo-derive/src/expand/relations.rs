//! `Action::incident()`: a function for each reference, as visible as its field.

use proc_macro2::TokenStream;
use quote::{ToTokens as _, quote};

use super::{codec, doc, lenient};
use crate::model::{Entity, Reference};
use crate::{names, types};

/// The functions.
pub(crate) fn functions(entity: &Entity) -> TokenStream {
    if entity.references.is_empty() {
        return TokenStream::new();
    }
    let (impl_generics, ty_generics, where_clause) = entity.generics.split_for_impl();
    let ident = &entity.ident;
    let functions = entity.references.iter().map(|reference| function(entity, reference));
    let lenient = lenient(entity);
    quote! {
        #[automatically_derived]
        #lenient
        impl #impl_generics #ident #ty_generics #where_clause {
            #(#functions)*
        }
    }
}

fn function(entity: &Entity, reference: &Reference) -> TokenStream {
    let Reference { column: at, parent, shows_deleted, .. } = reference;
    let column = &entity.columns[*at];
    let (vis, field, codec) = (&column.vis, &column.ident, codec(column));
    let plain = names::plain(field);
    let name = names::relation(field);
    let docs = format!("The `{}` that `{plain}` refers to.", types::show(parent.to_token_stream()));
    let docs = doc(&docs);
    let kind = if entity.is_unique(*at) { quote!(__core::One) } else { quote!(__core::Many) };
    let showing = shows_deleted.then(|| quote!(.showing_deleted()));
    quote! {
        #docs
        #vis fn #name() -> __core::BelongsTo<Self, #parent, #kind> {
            __core::BelongsTo::new(#at, |row: &Self| #codec::reference(&row.#field)) #showing
        }
    }
}
