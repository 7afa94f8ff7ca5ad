//! `#[derive(ColumnEnum)]`: an enum without payload as a column of its variants' names.

use proc_macro2::{Ident, TokenStream};
use quote::{ToTokens as _, quote};
use syn::parse::ParseStream;
use syn::{Data, DataEnum, DeriveInput, Fields, LitStr, Path, Variant, parse_quote};

use crate::attr::{Given, Reader, value};
use crate::diag::Diag;
use crate::names::{self, Case};
use crate::{fallback, lints};

const ENUM_KEYS: [&str; 2] = ["rename_all", "crate"];
const VARIANT_KEYS: [&str; 1] = ["rename"];

/// What the user asked for, checked.
struct Enum<'i> {
    krate: Path,
    input: &'i DeriveInput,
    variants: Vec<Named<'i>>,
}

/// A variant and its text.
struct Named<'i> {
    ident: &'i Ident,
    text: String,
    /// Always, unless a mistake is reported.
    is_unit: bool,
}

#[derive(Default)]
struct Attributes {
    rename_all: Option<Given<LitStr>>,
    krate: Option<Given<Path>>,
}

/// The expansion, or every mistake.
pub(crate) fn derive(input: &DeriveInput) -> TokenStream {
    let mut diag = Diag::default();
    let Attributes { rename_all, krate } = attributes(input, &mut diag);
    let krate = krate.map_or_else(|| parse_quote!(::repo_core), |given| given.value);
    let case = rename_all.and_then(|given| case(&given.value, &mut diag)).unwrap_or_default();
    let mut tokens = match enumeration(input, &mut diag) {
        Some(data) => {
            let variants = variants(data, case, &mut diag);
            expand(&Enum { krate, input, variants })
        }
        None => fallback::column_type(input, &krate),
    };
    tokens.extend(diag.into_tokens());
    tokens
}

fn variants<'i>(data: &'i DataEnum, case: Case, diag: &mut Diag) -> Vec<Named<'i>> {
    let mut variants: Vec<Named<'_>> = Vec::new();
    for variant in &data.variants {
        let text = text(variant, case, diag);
        check_variant(variant, &text, &variants, diag);
        let is_unit = matches!(variant.fields, Fields::Unit);
        variants.push(Named { ident: &variant.ident, text, is_unit });
    }
    variants
}

fn attributes(input: &DeriveInput, diag: &mut Diag) -> Attributes {
    let mut found = Attributes::default();
    Reader::new(diag, "column").read(&input.attrs, &mut |reader, key, input: ParseStream<'_>| {
        match key.to_string().as_str() {
            "rename_all" => {
                let example = "rename_all = \"snake_case\"";
                reader.put(&mut found.rename_all, key, value(key, input, example)?);
            }
            "crate" => reader.put(&mut found.krate, key, value(key, input, "crate = path")?),
            _ => {
                reader.unknown(key, &ENUM_KEYS, ("a variant", &VARIANT_KEYS));
                return Ok(false);
            }
        }
        Ok(true)
    });
    found
}

fn case(name: &LitStr, diag: &mut Diag) -> Option<Case> {
    let case = Case::of(&name.value());
    if case.is_none() {
        let text = name.value();
        let help = names::did_you_mean(&text, Case::ALL.map(|(name, _)| name), "the cases are");
        diag.error(name, format_args!("there is no case `{text}`"), help);
    }
    case
}

fn enumeration<'i>(input: &'i DeriveInput, diag: &mut Diag) -> Option<&'i DataEnum> {
    let name = names::plain(&input.ident);
    let (tokens, help) = match &input.data {
        Data::Enum(data) if data.variants.is_empty() => {
            let help = "add a variant";
            diag.error(&input.ident, format_args!("`{name}` has no variant to store"), help);
            return None;
        }
        Data::Enum(data) => return Some(data),
        Data::Struct(data) => (
            data.struct_token.to_token_stream(),
            "derive `ColumnType` for a struct around one value, or store it with `#[repository(json)]`",
        ),
        Data::Union(data) => (data.union_token.to_token_stream(), "write an enum"),
    };
    diag.error(
        tokens,
        format_args!("`{name}` is not an enum, and `ColumnEnum` is for enums"),
        help,
    );
    None
}

/// The text of a variant.
fn text(variant: &Variant, case: Case, diag: &mut Diag) -> String {
    let mut rename = None;
    Reader::new(diag, "column").read(&variant.attrs, &mut |reader, key, input: ParseStream<'_>| {
        if key != "rename" {
            reader.unknown(key, &VARIANT_KEYS, ("the enum", &ENUM_KEYS));
            return Ok(false);
        }
        reader.put(&mut rename, key, value::<LitStr>(key, input, "rename = \"name\"")?);
        Ok(true)
    });
    let Some(Given { value, .. }) = rename else {
        let name = names::plain(&variant.ident);
        // Nothing is left of underscores alone.
        return Some(case.apply(&name)).filter(|text| !text.is_empty()).unwrap_or(name);
    };
    if value.value().is_empty() || value.value().contains('\0') {
        diag.error(&value, "no variant can have this name", "write `rename = \"name\"`");
    }
    value.value()
}

fn check_variant(variant: &Variant, text: &str, earlier: &[Named<'_>], diag: &mut Diag) {
    let ident = &variant.ident;
    if !matches!(variant.fields, Fields::Unit) {
        diag.error(
            &variant.fields,
            format_args!("`{ident}` has a payload, and a column holds only the name of a variant"),
            "remove the payload, or store the enum with `#[repository(json)]`",
        );
    }
    if let Some(other) = earlier.iter().find(|other| other.text == text) {
        diag.error(
            ident,
            format_args!("`{}` and `{ident}` are both stored as `{text}`", other.ident),
            "give one of them another name: `#[column(rename = \"name\")]`",
        );
    }
}

fn expand(Enum { krate, input, variants }: &Enum<'_>) -> TokenStream {
    // Variants without payload have no use for a parameter; one that is there is a mistake by itself.
    let generics = fallback::bounded(input);
    let (impl_generics, ty_generics, where_clause) = generics.split_for_impl();
    let (ident, vis) = (&input.ident, names::visibility(&input.vis));
    let idents: Vec<_> = variants.iter().map(|variant| variant.ident).collect();
    let texts: Vec<_> = variants.iter().map(|variant| variant.text.as_str()).collect();
    let units = variants.iter().filter(|variant| variant.is_unit);
    let named = units.map(
        |Named { ident, text, .. }| quote!(#text => ::core::option::Option::Some(Self::#ident)),
    );
    let deprecated = lints::deprecated(input);
    let mismatch = format!("is none of {}", names::list(texts.iter().copied()));
    quote! {
        #[automatically_derived]
        #deprecated
        impl #impl_generics #ident #ty_generics #where_clause {
            /// The text that is stored.
            #[must_use]
            #vis const fn as_str(&self) -> &'static ::core::primitive::str {
                match self {
                    #(Self::#idents { .. } => #texts,)*
                }
            }

            /// The variant that is stored as this text.
            #[must_use]
            #vis fn from_name(
                name: &::core::primitive::str,
            ) -> ::core::option::Option<Self> {
                match name {
                    #(#named,)*
                    _ => ::core::option::Option::None,
                }
            }
        }

        #[automatically_derived]
        #deprecated
        #[allow(unused_qualifications)]
        impl #impl_generics #krate::ColumnType for #ident #ty_generics #where_clause {
            type Bare = Self;
            type Class = #krate::class::Enum;
            const KIND: #krate::Kind = #krate::Kind::Text;
            const VARIANTS: &'static [&'static ::core::primitive::str] = &[#(#texts),*];
            const IS_CHECKED: ::core::primitive::bool = true;

            fn encode(
                &self,
                _: #krate::Kind,
            ) -> ::core::result::Result<#krate::Value<'_>, #krate::InvalidValue> {
                ::core::result::Result::Ok(#krate::__private::text(self.as_str()))
            }

            fn decode(
                value: #krate::Value<'_>,
            ) -> ::core::result::Result<Self, #krate::InvalidValue> {
                let name = #krate::__private::as_text(&value);
                ::core::option::Option::ok_or_else(
                    ::core::option::Option::and_then(name, Self::from_name),
                    || #krate::InvalidValue::new(#mismatch),
                )
            }
        }
    }
}
