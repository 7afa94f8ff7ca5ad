//! `#[derive(Search)]`: a struct of what is sought, most of it optional, as a filter.
//!
//! Each field is a condition by itself: a method of a column's constant, called with the value of the field
//! if there is one. Whether there is such a column, and whether the type fits it, is asked of the compiler.

mod expand;
mod field;

use proc_macro2::TokenStream;
use quote::ToTokens as _;
use syn::parse::ParseStream;
use syn::{Data, DeriveInput, Fields, Path, Type, parse_quote};

use self::field::{FIELD_KEYS, Sought};
use crate::attr::{Given, Reader, value};
use crate::diag::Diag;
use crate::names;

const STRUCT_KEYS: [&str; 2] = ["entity", "crate"];

/// What the user asked for, checked.
struct Search<'i> {
    krate: Path,
    input: &'i DeriveInput,
    entity: Type,
    sought: Vec<Sought<'i>>,
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
    let krate = attributes.krate.map_or_else(|| parse_quote!(::repo_core), |given| given.value);
    let entity = entity(input, attributes.entity, &mut diag);
    let sought = sought(input, entity.as_ref(), &mut diag);
    let mut tokens = match (entity, sought) {
        (Some(entity), Some(sought)) => expand::search(&Search { krate, input, entity, sought }),
        _ => expand::fallback(input, &krate),
    };
    tokens.extend(diag.into_tokens());
    tokens
}

fn attributes(input: &DeriveInput, diag: &mut Diag) -> Attributes {
    let mut found = Attributes::default();
    Reader::new(diag, "search").read(&input.attrs, &mut |reader, key, input: ParseStream<'_>| {
        match key.to_string().as_str() {
            "entity" => {
                reader.put(&mut found.entity, key, value(key, input, "entity = Incident")?);
            }
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

fn entity(input: &DeriveInput, given: Option<Given<Type>>, diag: &mut Diag) -> Option<Type> {
    // A key that could not be read is reported already; the word may be one of a path as well.
    let is_said = |attribute: &syn::Attribute| {
        attribute.path().is_ident("search")
            && attribute.to_token_stream().to_string().contains("entity")
    };
    if given.is_none() && (diag.is_empty() || !input.attrs.iter().any(is_said)) {
        let name = names::plain(&input.ident);
        diag.error(
            &input.ident,
            format_args!("`{name}` does not say what it searches"),
            "name the entity: `#[search(entity = Incident)]`",
        );
    }
    given.map(|given| given.value)
}

/// The conditions; `None` where there cannot be any.
fn sought<'i>(
    input: &'i DeriveInput,
    entity: Option<&Type>,
    diag: &mut Diag,
) -> Option<Vec<Sought<'i>>> {
    let tokens = match &input.data {
        Data::Struct(data) => match &data.fields {
            Fields::Named(fields) => {
                let sought = fields.named.iter().filter_map(|it| field::check(it, entity, diag));
                return Some(sought.collect());
            }
            Fields::Unnamed(fields) => fields.to_token_stream(),
            Fields::Unit => input.ident.to_token_stream(),
        },
        Data::Enum(data) => data.enum_token.to_token_stream(),
        Data::Union(data) => data.union_token.to_token_stream(),
    };
    let name = names::plain(&input.ident);
    let problem = format_args!("`{name}` has no named fields, and each names what is sought");
    diag.error(tokens, problem, "write a struct with a field for each condition");
    None
}
