//! `#[derive(Summary)]`: a struct of the keys and aggregates of a group of rows.
//!
//! Which expression goes with which field is read here. What it is of, and whether it has the type of its
//! field, is asked of the compiler in the expansion.

use proc_macro2::{Ident, Span, TokenStream};
use quote::{ToTokens as _, format_ident, quote, quote_spanned};
use syn::parse::ParseStream;
use syn::spanned::Spanned as _;
use syn::{Data, DataStruct, DeriveInput, Expr, Fields, FieldsNamed, Path, Type, parse_quote};

use crate::attr::{Given, Reader, SUMMARY_FIELD_KEYS, SUMMARY_KEYS, value};
use crate::diag::Diag;
use crate::{lints, names};

/// What the user asked for, checked.
struct Summary<'i> {
    krate: Path,
    entity: Type,
    input: &'i DeriveInput,
    fields: Vec<Field<'i>>,
}

struct Field<'i> {
    ident: &'i Ident,
    ty: &'i Type,
    /// What it is in the expansion.
    local: Ident,
    is_key: bool,
    expression: Expr,
}

#[derive(Default)]
struct Attributes {
    entity: Option<Given<Type>>,
    krate: Option<Given<Path>>,
}

/// The expansion, or every mistake.
pub(crate) fn derive(input: &DeriveInput) -> TokenStream {
    let mut diag = Diag::default();
    let attributes = attributes(input, &mut diag);
    let entity = entity(input, attributes.entity, &mut diag);
    let krate = attributes.krate.map_or_else(|| parse_quote!(::repo_core), |given| given.value);
    let fields = fields(input, &mut diag);
    let mut tokens = TokenStream::new();
    if let Some(entity) = entity {
        tokens = match fields {
            Some(fields) => expand(&Summary { krate, entity, input, fields }),
            None => fallback(input, &krate, &entity),
        };
    }
    tokens.extend(diag.into_tokens());
    tokens
}

fn attributes(input: &DeriveInput, diag: &mut Diag) -> Attributes {
    let mut found = Attributes::default();
    Reader::new(diag, "summary").read(&input.attrs, &mut |reader, key, input: ParseStream<'_>| {
        match key.to_string().as_str() {
            "entity" => reader.put(&mut found.entity, key, value(key, input, "entity = Entity")?),
            "crate" => reader.put(&mut found.krate, key, value(key, input, "crate = path")?),
            _ => {
                reader.unknown(key, &SUMMARY_KEYS, ("a field", &SUMMARY_FIELD_KEYS));
                return Ok(false);
            }
        }
        Ok(true)
    });
    found
}

fn entity(input: &DeriveInput, given: Option<Given<Type>>, diag: &mut Diag) -> Option<Type> {
    if given.is_none() {
        diag.error(
            &input.ident,
            format_args!("`{}` does not say which rows it sums up", names::plain(&input.ident)),
            "write `#[summary(entity = Entity)]` at the struct",
        );
    }
    given.map(|given| given.value)
}

/// The fields, unless there is a mistake in one of them.
fn fields<'i>(input: &'i DeriveInput, diag: &mut Diag) -> Option<Vec<Field<'i>>> {
    let named = named_fields(input, diag)?;
    let count = named.named.len();
    let fields: Vec<_> =
        named.named.iter().enumerate().filter_map(|(at, it)| field(at, it, diag)).collect();
    if fields.len() < count {
        return None;
    }
    if fields.iter().all(|field| field.is_key) {
        diag.error(
            &input.ident,
            format_args!("`{}` has no value", names::plain(&input.ident)),
            "write `#[summary(value = count())]` at a field of `u64`",
        );
        return None;
    }
    Some(fields)
}

fn named_fields<'i>(input: &'i DeriveInput, diag: &mut Diag) -> Option<&'i FieldsNamed> {
    let (tokens, what) = match &input.data {
        Data::Struct(DataStruct { fields: Fields::Named(fields), .. }) => return Some(fields),
        Data::Struct(DataStruct { fields: Fields::Unnamed(fields), .. }) => {
            (fields.to_token_stream(), "a tuple struct")
        }
        Data::Struct(_) => (input.ident.to_token_stream(), "a unit struct"),
        Data::Enum(data) => (data.enum_token.to_token_stream(), "an enum"),
        Data::Union(data) => (data.union_token.to_token_stream(), "a union"),
    };
    let name = names::plain(&input.ident);
    diag.error(
        tokens,
        format_args!("a summary is a struct with named fields, and `{name}` is {what}"),
        "write a struct with a field for each key and each value",
    );
    None
}

fn field<'i>(at: usize, syntax: &'i syn::Field, diag: &mut Diag) -> Option<Field<'i>> {
    let ident = syntax.ident.as_ref()?;
    let (mut key, mut summed) = (None, None);
    let mut is_read = true;
    let attributes = &syntax.attrs;
    Reader::new(diag, "summary").read(attributes, &mut |reader, name, input: ParseStream<'_>| {
        let place = match name.to_string().as_str() {
            "key" => (&mut key, "key = Entity::COLUMN"),
            "value" => (&mut summed, "value = Entity::COLUMN.sum()"),
            _ => {
                is_read = false;
                reader.unknown(name, &SUMMARY_FIELD_KEYS, ("the struct", &SUMMARY_KEYS));
                return Ok(false);
            }
        };
        let expression = value::<Expr>(name, input, place.1).inspect_err(|_| is_read = false)?;
        reader.put(place.0, name, expression);
        Ok(true)
    });
    let (is_key, expression) = match (key, summed) {
        (Some(key), None) => (true, key.value),
        (None, Some(summed)) => (false, summed.value),
        // What could not be read is reported already.
        (None, None) if !is_read => return None,
        (_, both) => {
            report(ident, both.map(|given| given.key), diag);
            return None;
        }
    };
    let local = format_ident!("field_{at}", span = Span::mixed_site());
    Some(Field { ident, ty: &syntax.ty, local, is_key, expression })
}

/// A field is a key and, by `value`, a value as well, or it is neither.
fn report(ident: &Ident, value: Option<Ident>, diag: &mut Diag) {
    let name = names::plain(ident);
    match value {
        Some(value) => {
            let problem = format_args!("`{name}` is both a key and a value");
            diag.error(value, problem, "remove one of the two");
        }
        None => diag.error(
            ident,
            format_args!("`{name}` has neither key nor value"),
            "write `#[summary(key = Entity::COLUMN)]`, or `#[summary(value = count())]`",
        ),
    }
}

fn expand(Summary { krate, entity, input, fields }: &Summary<'_>) -> TokenStream {
    let (impl_generics, ty_generics, where_clause) = input.generics.split_for_impl();
    let ident = &input.ident;
    let locals: Vec<_> = fields.iter().map(|field| &field.local).collect();
    let parts = fields.iter().map(|Field { is_key, expression, .. }| {
        let function = format_ident!("{}", if *is_key { "summary_key" } else { "summary_value" });
        let krate = names::at(expression.span(), krate);
        quote_spanned! {expression.span()=>
            #krate::__private::#function::<#entity, _>(#expression)
        }
    });
    let deprecated = lints::deprecated(input);
    // As they come from the database: the keys first.
    let (keys, values) = fields.iter().partition::<Vec<_>, _>(|field| field.is_key);
    let made = keys.into_iter().chain(values).map(|Field { ident, ty, local, .. }| {
        // At the type of the field, so that another one is reported there.
        let method = quote_spanned!(ty.span()=> field::<#ty>);
        quote!(#ident: #local.#method(cells)?)
    });
    quote! {
        const _: () = {
            #[automatically_derived]
            #deprecated
            #[allow(unused_qualifications)]
            impl #impl_generics #krate::Summary<#entity> for #ident #ty_generics #where_clause {
                fn plan() -> #krate::__private::SummaryPlan<Self> {
                    #(let #locals = #parts;)*
                    let asked = [#(#locals.asked()),*];
                    #krate::__private::SummaryPlan::new(asked, move |cells| {
                        ::core::result::Result::Ok(Self { #(#made),* })
                    })
                }
            }
        };
    }
}

/// A summary that is never asked for: code that uses it still compiles.
fn fallback(input: &DeriveInput, krate: &Path, entity: &Type) -> TokenStream {
    let (impl_generics, ty_generics, where_clause) = input.generics.split_for_impl();
    let ident = &input.ident;
    quote! {
        const _: () = {
            #[automatically_derived]
            impl #impl_generics #krate::Summary<#entity> for #ident #ty_generics #where_clause {
                fn plan() -> #krate::__private::SummaryPlan<Self> {
                    ::core::unreachable!()
                }
            }
        };
    }
}
