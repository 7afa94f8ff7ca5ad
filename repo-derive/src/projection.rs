//! `#[derive(Projection)]`: a struct whose fields are columns of an entity, or of entities that it refers to.
//!
//! Whether a column is there and fits its field is asked of the compiler, at the field.

use proc_macro2::{Ident, TokenStream};
use quote::{ToTokens as _, quote, quote_spanned};
use syn::parse::ParseStream;
use syn::spanned::Spanned as _;
use syn::{Attribute, Data, DeriveInput, Expr, Field, Fields, Path, Type, parse_quote};

use crate::attr::{Given, Reader, value};
use crate::diag::Diag;
use crate::{fallback, lints, names};

const STRUCT_KEYS: [&str; 2] = ["entity", "crate"];
const FIELD_KEYS: [&str; 1] = ["column"];

/// What the user asked for, checked.
struct Projection<'i> {
    krate: Path,
    entity: Type,
    columns: Vec<Column<'i>>,
}

/// A field and its column.
struct Column<'i> {
    ident: &'i Ident,
    ty: &'i Type,
    column: Expr,
}

#[derive(Default)]
struct Structure {
    entity: Option<Given<Type>>,
    krate: Option<Given<Path>>,
}

/// The expansion, or every mistake.
pub(crate) fn derive(input: &DeriveInput) -> TokenStream {
    let mut diag = Diag::default();
    let Structure { entity, krate } = structure(&input.attrs, &mut diag);
    let krate = krate.map_or_else(|| parse_quote!(::repo_core), |given| given.value);
    let fields = fields(input, "Projection", &mut diag);
    let mut tokens = TokenStream::new();
    if let Some(entity) = said(input, entity, fields.is_some(), &mut diag) {
        let columns = fields.and_then(|fields| columns(fields, &entity, &mut diag));
        tokens = match columns {
            Some(columns) => expand(input, &Projection { krate, entity, columns }),
            None => fallback::projection(input, &krate, &entity),
        };
    }
    tokens.extend(diag.into_tokens());
    tokens
}

/// The entity, which must be named.
fn said(
    input: &DeriveInput,
    entity: Option<Given<Type>>,
    has_fields: bool,
    diag: &mut Diag,
) -> Option<Type> {
    if entity.is_none() && has_fields {
        diag.error(
            &input.ident,
            format_args!("`{}` says not which entity it shows", names::plain(&input.ident)),
            "add `#[projection(entity = Entity)]`",
        );
    }
    entity.map(|given| given.value)
}

/// The columns, unless there is a mistake in one of them.
fn columns<'i>(fields: &'i Fields, entity: &Type, diag: &mut Diag) -> Option<Vec<Column<'i>>> {
    let columns: Vec<_> = fields.iter().filter_map(|it| column(it, entity, diag)).collect();
    (columns.len() == fields.len()).then_some(columns)
}

fn structure(attributes: &[Attribute], diag: &mut Diag) -> Structure {
    let mut found = Structure::default();
    Reader::new(diag, "projection").read(attributes, &mut |reader, key, input: ParseStream<'_>| {
        match key.to_string().as_str() {
            "entity" => reader.put(&mut found.entity, key, value(key, input, "entity = Entity")?),
            "crate" => reader.put(&mut found.krate, key, value(key, input, "crate = path")?),
            _ => {
                reader.unknown(key, &STRUCT_KEYS, ("a field", &FIELD_KEYS));
                return Ok(false);
            }
        }
        Ok(true)
    });
    found
}

/// The fields of a struct with names for them, as `derive` takes it.
pub(crate) fn fields<'i>(
    input: &'i DeriveInput,
    derive: &str,
    diag: &mut Diag,
) -> Option<&'i Fields> {
    let name = names::plain(&input.ident);
    let (tokens, what) = match &input.data {
        Data::Struct(data)
            if matches!(data.fields, Fields::Named(_)) && !data.fields.is_empty() =>
        {
            return Some(&data.fields);
        }
        Data::Struct(data) if data.fields.is_empty() => {
            (input.ident.to_token_stream(), "a struct without fields")
        }
        Data::Struct(data) => (data.fields.to_token_stream(), "a tuple struct"),
        Data::Enum(data) => (data.enum_token.to_token_stream(), "an enum"),
        Data::Union(data) => (data.union_token.to_token_stream(), "a union"),
    };
    diag.error(
        tokens,
        format_args!("`{derive}` is for a struct with named fields, and `{name}` is {what}"),
        "write a struct with a field for each column",
    );
    None
}

fn column<'i>(field: &'i Field, entity: &Type, diag: &mut Diag) -> Option<Column<'i>> {
    let mut column = None;
    let mut is_read = true;
    Reader::new(diag, "projection").read(
        &field.attrs,
        &mut |reader, key, input: ParseStream<'_>| {
            match key.to_string().as_str() {
                "column" => {
                    let read = value(key, input, "column = Entity::COLUMN");
                    reader.put(&mut column, key, read.inspect_err(|_| is_read = false)?);
                }
                _ => {
                    is_read = false;
                    reader.unknown(key, &FIELD_KEYS, ("the struct", &STRUCT_KEYS));
                    return Ok(false);
                }
            }
            Ok(true)
        },
    );
    let ident = field.ident.as_ref()?;
    let column = column.map(|given| given.value).unwrap_or_else(|| {
        // As the user's own: rustc then points at the field alone.
        let mut constant = names::constant(ident);
        constant.set_span(ident.span());
        parse_quote!(<#entity>::#constant)
    });
    is_read.then_some(Column { ident, ty: &field.ty, column })
}

fn expand(input: &DeriveInput, projection: &Projection<'_>) -> TokenStream {
    let (impl_generics, ty_generics, where_clause) = input.generics.split_for_impl();
    let (ident, Projection { krate, entity, columns }) = (&input.ident, projection);
    let turbofish = ty_generics.as_turbofish();
    let function = |Column { ident, .. }: &Column<'_>| {
        names::ident_at(&format!("column_{}", names::plain(ident)), ident)
    };
    // A function each, so that a column of another type is reported at the field, and once.
    let functions = columns.iter().map(|it| {
        let (name, ty, column) = (function(it), it.ty, &it.column);
        let shows = quote_spanned!(ty.span()=> impl __private::Shows<#entity, #ty>);
        quote!(fn #name #impl_generics () -> #shows #where_clause { #column })
    });
    let sources = columns.iter().map(|it| {
        let name = function(it);
        quote!(__private::source(#name #turbofish()))
    });
    let values = columns.iter().map(|it| {
        let (ident, name) = (it.ident, function(it));
        quote!(#ident: __private::read(#name #turbofish(), row)?)
    });
    let names = columns.iter().map(|it| names::plain(it.ident));
    let deprecated = lints::deprecated(input);
    quote! {
        const _: () = {
            use #krate::__private;
            #(#functions)*
            #[automatically_derived]
            #deprecated
            #[allow(unused_qualifications)]
            impl #impl_generics #krate::Projection for #ident #ty_generics #where_clause {
                type Entity = #entity;

                fn sources() -> ::core::option::Option<::std::vec::Vec<__private::Source>> {
                    ::core::option::Option::Some(::std::vec![#(#sources),*])
                }

                fn names() -> ::core::option::Option<&'static [&'static ::core::primitive::str]> {
                    ::core::option::Option::Some(&[#(#names),*])
                }

                fn read(row: &mut #krate::Decoder<'_>) -> #krate::Result<Self> {
                    ::core::result::Result::Ok(Self { #(#values),* })
                }
            }
        };
    }
}
