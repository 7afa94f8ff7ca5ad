//! `#[derive(ColumnType)]`: a struct around one value, stored as the value is.

use proc_macro2::TokenStream;
use quote::{ToTokens as _, quote, quote_spanned};
use syn::parse::ParseStream;
use syn::spanned::Spanned as _;
use syn::{Data, DeriveInput, Field, Index, Member, Path, parse_quote};

use crate::attr::{Reader, value};
use crate::check::shape;
use crate::diag::Diag;
use crate::{fallback, lints, names, types};

/// The expansion, or every mistake.
pub(crate) fn derive(input: &DeriveInput) -> TokenStream {
    let mut diag = Diag::default();
    let krate = krate(input, &mut diag);
    let is_owned = shape::check_lifetimes(input, &mut diag);
    // Of several fields nobody knows which the column holds, and so of which parameter it asks anything.
    let field = only_field(input, &mut diag);
    let is_whole = field.is_none() || check_parameters(input, &mut diag);
    let field = field.filter(|_| is_owned && is_whole);
    let mut tokens = field
        .map_or_else(|| fallback::column_type(input, &krate), |field| expand(input, &krate, field));
    tokens.extend(diag.into_tokens());
    tokens
}

fn krate(input: &DeriveInput, diag: &mut Diag) -> Path {
    let mut krate = None;
    Reader::new(diag, "column").read(&input.attrs, &mut |reader, key, input: ParseStream<'_>| {
        if key != "crate" {
            reader.unknown(key, &["crate"], ("an enum", &["rename_all"]));
            return Ok(false);
        }
        reader.put(&mut krate, key, value(key, input, "crate = path")?);
        Ok(true)
    });
    krate.map_or_else(|| parse_quote!(::repo_core), |given| given.value)
}

/// Whether the parameters leave a value that a column can hold.
fn check_parameters(input: &DeriveInput, diag: &mut Diag) -> bool {
    let mut is_whole = true;
    for parameter in input.generics.type_params() {
        is_whole &= shape::check_bounds(parameter, &input.generics, diag);
    }
    is_whole
}

fn only_field<'i>(input: &'i DeriveInput, diag: &mut Diag) -> Option<&'i Field> {
    let name = names::plain(&input.ident);
    let (tokens, what, help) = match &input.data {
        Data::Struct(data) if data.fields.len() == 1 => {
            let field = data.fields.iter().next()?;
            check_type(field, diag);
            return Some(field);
        }
        Data::Struct(data) => {
            let tokens = if data.fields.is_empty() {
                input.ident.to_token_stream()
            } else {
                data.fields.to_token_stream()
            };
            let help = "keep one field, or store it with `#[repository(json)]`";
            (tokens, format!("a struct of {} fields", data.fields.len()), help)
        }
        Data::Enum(data) => {
            let help = "derive `ColumnEnum` for an enum";
            (data.enum_token.to_token_stream(), "an enum".to_owned(), help)
        }
        Data::Union(data) => {
            (data.union_token.to_token_stream(), "a union".to_owned(), "write a struct")
        }
    };
    let problem =
        format_args!("`ColumnType` is for a struct around one value, and `{name}` is {what}");
    diag.error(tokens, problem, help);
    None
}

fn check_type(field: &Field, diag: &mut Diag) {
    let Some(inner) = types::inside_option(&field.ty) else { return };
    diag.error(
        &field.ty,
        "a newtype holds a value, and the column says whether it may be missing",
        format_args!(
            "hold `{}`, and write `Option` at the column",
            types::show(inner.to_token_stream())
        ),
    );
}

fn expand(input: &DeriveInput, krate: &Path, field: &Field) -> TokenStream {
    let (impl_generics, ty_generics, where_clause) = input.generics.split_for_impl();
    let ident = &input.ident;
    let member = field.ident.clone().map_or_else(|| Member::Unnamed(Index::from(0)), Member::Named);
    let ty = &field.ty;
    // All at the field, so that a type that does not fit is reported there, once.
    let krate_there = names::at(ty.span(), krate);
    let inner = quote_spanned!(ty.span()=> <#ty as #krate_there::ColumnType>);
    let deprecated = lints::deprecated(input);
    let class = quote_spanned!(ty.span()=> type Class = #inner::Class;);
    quote! {
        #[automatically_derived]
        #deprecated
        #[allow(unused_qualifications)]
        impl #impl_generics #krate::ColumnType for #ident #ty_generics #where_clause {
            type Bare = Self;
            #class
            const KIND: #krate::Kind = #inner::KIND;
            const VARIANTS: &'static [&'static ::core::primitive::str] = #inner::VARIANTS;
            const IS_CHECKED: ::core::primitive::bool = #inner::IS_CHECKED;

            fn encode(
                &self,
                kind: #krate::Kind,
            ) -> ::core::result::Result<#krate::Value<'_>, #krate::InvalidValue> {
                #inner::encode(&self.#member, kind)
            }

            fn decode(
                value: #krate::Value<'_>,
            ) -> ::core::result::Result<Self, #krate::InvalidValue> {
                ::core::result::Result::Ok(Self { #member: #inner::decode(value)? })
            }

            fn read(
                row: &dyn #krate::backend::Row,
                index: ::core::primitive::usize,
                kind: #krate::Kind,
            ) -> ::core::result::Result<Self, #krate::InvalidValue> {
                ::core::result::Result::Ok(Self { #member: #inner::read(row, index, kind)? })
            }

            fn into_stored(self, kind: #krate::Kind) -> Self {
                Self { #member: #inner::into_stored(self.#member, kind) }
            }
        }
    }
}
