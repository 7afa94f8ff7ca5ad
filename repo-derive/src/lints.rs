//! The lints that generated code is spared, each by its name and only where it is needed: a program that forbids one
//! cannot have code that allows it. Names of the expansion are not looked at by lints about names that nobody uses.

use proc_macro2::{TokenStream, TokenTree};
use quote::{ToTokens as _, quote};
use syn::{Attribute, Data, DeriveInput};

/// `#[allow(deprecated)]` where a part of the input is deprecated, or is said to use what is: generated code names
/// every part.
pub(crate) fn deprecated(input: &DeriveInput) -> Option<TokenStream> {
    is_deprecated(input).then(|| quote!(#[allow(deprecated)]))
}

/// Whether the input, a field or a variant has an attribute about what is deprecated.
pub(crate) fn is_deprecated(input: &DeriveInput) -> bool {
    let of_parts: Vec<&Attribute> = match &input.data {
        Data::Struct(data) => data.fields.iter().flat_map(|field| &field.attrs).collect(),
        Data::Enum(data) => data.variants.iter().flat_map(|variant| &variant.attrs).collect(),
        Data::Union(_) => Vec::new(),
    };
    input.attrs.iter().chain(of_parts).any(says_deprecated)
}

/// `#[deprecated]` and `#[allow(deprecated)]`.
fn says_deprecated(attribute: &Attribute) -> bool {
    let is_lint = ["allow", "expect"].iter().any(|level| attribute.path().is_ident(level));
    let mut words = attribute.meta.to_token_stream().into_iter();
    attribute.path().is_ident("deprecated") || is_lint && words.any(|token| names(&token))
}

fn names(token: &TokenTree) -> bool {
    match token {
        TokenTree::Group(group) => group.stream().into_iter().any(|token| names(&token)),
        TokenTree::Ident(word) => word == "deprecated",
        _ => false,
    }
}
