//! What can be told of a type from how it is written.
//!
//! Only what decides which code to write, or what a field was meant to be: whether it is an `Option`. All else is asked of the compiler.

use proc_macro2::{Group, Ident, TokenStream, TokenTree};
use quote::ToTokens;
use syn::punctuated::Punctuated;
use syn::{GenericArgument, PathArguments, PathSegment, Token, Type};

/// The `T` of an `Option<T>`.
pub(crate) fn inside_option(ty: &Type) -> Option<&Type> {
    inside(["option", "Option"], ty)
}

/// The `T` of a `Vec<T>`.
pub(crate) fn inside_vec(ty: &Type) -> Option<&Type> {
    inside(["vec", "Vec"], ty)
}

/// Whether the type is called `bool`.
pub(crate) fn is_bool(ty: &Type) -> bool {
    is_called(ty, "bool")
}

/// Whether the type is called `u8`.
pub(crate) fn is_u8(ty: &Type) -> bool {
    is_called(ty, "u8")
}

/// Whether `words` can be a path to the type: one of the two is the end of the other. A type without a path may be
/// anything.
pub(crate) fn may_be_called(ty: &Type, words: &[&Ident]) -> bool {
    let is_name = |word: &&Ident| *word != "crate" && *word != "self" && *word != "super";
    let Some(segments) = segments(ty) else { return true };
    let own = segments.iter().map(|segment| &segment.ident).filter(is_name).rev();
    own.zip(words.iter().copied().filter(is_name).rev()).all(|(own, word)| own == word)
}

/// Whether the type is called `i64`.
pub(crate) fn is_i64(ty: &Type) -> bool {
    is_called(ty, "i64")
}

/// The `Person` of `Person::id` or `Person::ID`: what is called so is no type.
pub(crate) fn owner_of_a_member(ty: &Type) -> Option<String> {
    let segments = segments(ty)?;
    let mut words = segments.iter().rev().map(|segment| segment.ident.to_string());
    let (member, owner) = (words.next()?, words.next()?);
    let is_type =
        |name: &str| name.starts_with(char::is_uppercase) && name.contains(char::is_lowercase);
    if !is_type(&owner) || is_type(&member) {
        return None;
    }
    let path: Punctuated<_, Token![::]> = segments.iter().take(segments.len() - 1).collect();
    Some(show(path.to_token_stream()))
}

fn is_called(ty: &Type, name: &str) -> bool {
    last_segment(ty).is_some_and(|segment| segment.ident == name)
}

/// The `T` of a type of the standard library, by its name alone or by a path that ends in its module, which macros
/// write from wherever they have it. Another path is another type.
fn inside<'t>([module, name]: [&str; 2], ty: &'t Type) -> Option<&'t Type> {
    let words: Vec<String> = segments(ty)?.iter().map(|it| it.ident.to_string()).collect();
    let words: Vec<&str> = words.iter().map(String::as_str).collect();
    if words != [name] && !words.ends_with(&[module, name]) {
        return None;
    }
    let PathArguments::AngleBracketed(arguments) = &last_segment(ty)?.arguments else {
        return None;
    };
    match arguments.args.first()? {
        GenericArgument::Type(inner) if arguments.args.len() == 1 => Some(inner),
        _ => None,
    }
}

/// The type as a person would write it.
pub(crate) fn show(tokens: TokenStream) -> String {
    let mut text = String::new();
    for word in tokens.to_string().split(' ') {
        let tight = text.is_empty()
            || word.starts_with(['<', '>', ',', ':', ')', ']'])
            || text.ends_with(['<', ':', '(', '[', '&']);
        if !tight {
            text.push(' ');
        }
        text.push_str(word);
    }
    text
}

/// The tokens with `owner` in the place of `Self`: generated code stands in the impls of other types.
pub(crate) fn without_self(tokens: impl ToTokens, owner: &TokenStream) -> TokenStream {
    let replace = |token: TokenTree| match token {
        TokenTree::Ident(word) if word == "Self" => owner.clone(),
        TokenTree::Group(group) => {
            let inside = without_self(group.stream(), owner);
            let mut replaced = Group::new(group.delimiter(), inside);
            replaced.set_span(group.span());
            TokenTree::Group(replaced).into()
        }
        other => other.into(),
    };
    tokens.into_token_stream().into_iter().flat_map(replace).collect()
}

/// Whether `word` is among the tokens, at any depth.
pub(crate) fn mentions(tokens: TokenStream, word: &Ident) -> bool {
    tokens.into_iter().any(|token| match token {
        TokenTree::Ident(found) => found == *word,
        TokenTree::Group(group) => mentions(group.stream(), word),
        _ => false,
    })
}

fn last_segment(ty: &Type) -> Option<&PathSegment> {
    segments(ty)?.last()
}

fn segments(ty: &Type) -> Option<&Punctuated<PathSegment, Token![::]>> {
    match ty {
        Type::Path(path) if path.qself.is_none() => Some(&path.path.segments),
        // A type that came through `macro_rules!` is in an invisible group.
        Type::Group(group) => segments(&group.elem),
        Type::Paren(paren) => segments(&paren.elem),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use quote::quote;
    use syn::parse_quote;

    use super::*;

    #[test]
    fn an_option_is_known_by_its_name_or_its_path() {
        for option in [
            parse_quote!(Option<u8>),
            parse_quote!(::std::option::Option<u8>),
            parse_quote!(core::option::Option<u8>),
        ] {
            let inner = inside_option(&option).expect("it is an option");
            assert_eq!(inner.to_token_stream().to_string(), "u8");
        }
        assert!(inside_option(&parse_quote!(Vec<u8>)).is_none());
        assert!(inside_option(&parse_quote!(Option)).is_none());
        assert!(inside_option(&parse_quote!(my::Option<u8>)).is_none());
    }

    #[test]
    fn a_member_is_known_by_the_names() {
        let owner = |path: &str| owner_of_a_member(&syn::parse_str(path).expect("it is a type"));
        assert_eq!(owner("Person::id").as_deref(), Some("Person"));
        assert_eq!(owner("db::Person::ID").as_deref(), Some("db::Person"));
        for parent in ["Person", "db::Person", "db::person", "T::Parent", "T::ID", "Self"] {
            assert_eq!(owner(parent), None, "{parent}");
        }
    }

    #[test]
    fn a_type_is_shown_as_it_was_written() {
        let written = "Option<Vec<chrono::DateTime<Utc>>>";
        let tokens = written.parse::<TokenStream>().expect("it is a type");
        assert_eq!(show(quote!(#tokens)), written);
    }
}
