//! `#[derive(SqlRow)]`: a struct whose fields are what SQL by hand answers with, by their names.

use proc_macro2::{Ident, Span, TokenStream};
use quote::{format_ident, quote, quote_spanned};
use syn::parse::ParseStream;
use syn::spanned::Spanned as _;
use syn::{Attribute, DeriveInput, Expr, Path, Type, parse_quote};

use crate::attr::{Given, Reader, value};
use crate::diag::Diag;
use crate::{fallback, lints, names, projection};

const STRUCT_KEYS: [&str; 1] = ["crate"];
const FIELD_KEYS: [&str; 1] = ["column"];

/// A field, and the column that it is read as.
struct Field<'i> {
    ident: &'i Ident,
    ty: &'i Type,
    column: Option<Expr>,
}

/// The expansion, or every mistake.
pub(crate) fn derive(input: &DeriveInput) -> TokenStream {
    let mut diag = Diag::default();
    let krate = krate(&input.attrs, &mut diag);
    let krate = krate.map_or_else(|| parse_quote!(::repo_core), |given| given.value);
    let fields = projection::fields(input, "SqlRow", &mut diag).and_then(|all| {
        let fields: Vec<_> = all.iter().filter_map(|it| field(it, &mut diag)).collect();
        (fields.len() == all.len()).then_some(fields)
    });
    let mut tokens = match fields {
        Some(fields) => expand(input, &krate, &fields),
        None => fallback::sql_row(input, &krate),
    };
    tokens.extend(diag.into_tokens());
    tokens
}

fn krate(attributes: &[Attribute], diag: &mut Diag) -> Option<Given<Path>> {
    let mut found = None;
    Reader::new(diag, "sql_row").read(attributes, &mut |reader, key, input: ParseStream<'_>| {
        if key != "crate" {
            reader.unknown(key, &STRUCT_KEYS, ("a field", &FIELD_KEYS));
            return Ok(false);
        }
        reader.put(&mut found, key, value(key, input, "crate = path")?);
        Ok(true)
    });
    found
}

/// The field, unless there is a mistake in it.
fn field<'i>(field: &'i syn::Field, diag: &mut Diag) -> Option<Field<'i>> {
    let (mut column, mut is_read) = (None, true);
    Reader::new(diag, "sql_row").read(&field.attrs, &mut |reader, key, input: ParseStream<'_>| {
        if key != "column" {
            is_read = false;
            reader.unknown(key, &FIELD_KEYS, ("the struct", &STRUCT_KEYS));
            return Ok(false);
        }
        let read = value(key, input, "column = Entity::COLUMN");
        reader.put(&mut column, key, read.inspect_err(|_| is_read = false)?);
        Ok(true)
    });
    let column = column.map(|given: Given<Expr>| given.value);
    is_read.then_some(Field { ident: field.ident.as_ref()?, ty: &field.ty, column })
}

fn expand(input: &DeriveInput, krate: &Path, fields: &[Field<'_>]) -> TokenStream {
    let (impl_generics, ty_generics, where_clause) = input.generics.split_for_impl();
    let (ident, what) = (&input.ident, names::plain(&input.ident));
    // Constants, so that a decimal without a column does not compile; those know no type parameters.
    let is_generic = input.generics.type_params().next().is_some();
    let is_constant = |field: &Field<'_>| field.column.is_none() && !is_generic;
    let constants = fields.iter().enumerate().filter(|(_, it)| is_constant(it)).map(|(at, it)| {
        let (name, problem, ty) = (format_ident!("FIELD_{at}"), problem(it.ident), it.ty);
        let read = quote_spanned!(ty.span()=> __private::field_of::<#ty>(#problem));
        quote!(const #name: __private::ReadField<#ty> = #read;)
    });
    let values = fields.iter().enumerate().map(|(at, field)| {
        let Field { ident, ty, column } = field;
        // Where the field is, with the names that are known here: its type may come from another macro.
        let span = Span::call_site().located_at(ty.span());
        let value = match column {
            Some(column) => {
                quote_spanned!(span=> __private::SqlFields::field_as::<#ty>(row, #column, #at)?)
            }
            None if is_generic => {
                quote_spanned!(span=> __private::SqlFields::field::<#ty>(row, #at)?)
            }
            None => {
                let name = format_ident!("FIELD_{at}");
                quote!(#name(row, #at)?)
            }
        };
        quote!(#ident: #value)
    });
    let names = fields.iter().map(|it| names::plain(it.ident));
    let deprecated = lints::deprecated(input);
    quote! {
        const _: () = {
            use #krate::__private;
            #(#constants)*
            #[automatically_derived]
            #deprecated
            #[allow(unused_qualifications)]
            impl #impl_generics #krate::SqlRow for #ident #ty_generics #where_clause {
                type Tenancy = #krate::Shared;

                fn layout() -> __private::SqlLayout<Self> {
                    __private::SqlLayout::new(#what, &[#(#names),*], |row| {
                        ::core::result::Result::Ok(Self { #(#values),* })
                    })
                }
            }
        };
    }
}

/// What is said of a decimal without a column.
fn problem(ident: &Ident) -> String {
    format!(
        "`{}` is a decimal, and only a column says its digits: write `#[sql_row(column = Entity::COLUMN)]`",
        names::plain(ident),
    )
}
