//! Reads a list of keys, `a, b = value, c(..)`, and goes on after a mistake.

use std::fmt::Display;

use proc_macro2::{Ident, TokenStream, TokenTree};
use quote::ToTokens;
use syn::ext::IdentExt as _;
use syn::parse::{ParseStream, Parser as _};
use syn::{Attribute, Meta, Token};

use crate::diag::Diag;
use crate::names;

/// A key and its value.
#[derive(Debug, Clone)]
pub(crate) struct Given<T> {
    pub(crate) key: Ident,
    pub(crate) value: T,
}

/// Reads the values of keys and collects mistakes.
pub(crate) struct Reader<'d> {
    pub(crate) diag: &'d mut Diag,
    /// The name of the attribute, for messages.
    name: &'static str,
}

/// What a key does with the input after it. `Ok(false)`: there is no such key.
type Key<'f> = &'f mut dyn FnMut(&mut Reader<'_>, &Ident, ParseStream<'_>) -> syn::Result<bool>;

impl<'d> Reader<'d> {
    pub(crate) fn new(diag: &'d mut Diag, name: &'static str) -> Self {
        Self { diag, name }
    }

    /// Calls `key` for each key of the attributes with this reader's name.
    pub(crate) fn read(&mut self, attributes: &[Attribute], key: Key<'_>) {
        for attribute in attributes.iter().filter(|found| found.path().is_ident(self.name)) {
            self.attribute(attribute, key);
        }
    }

    fn attribute(&mut self, attribute: &Attribute, key: Key<'_>) {
        let name = self.name;
        match &attribute.meta {
            Meta::List(list) if !list.tokens.is_empty() => {
                let parsed =
                    (|input: ParseStream<'_>| self.keys(input, key)).parse2(list.tokens.clone());
                if let Err(error) = parsed {
                    self.diag.push(error);
                }
            }
            meta => self.diag.error(
                meta,
                format_args!("`#[{name}]` says nothing"),
                format_args!("name a key: `#[{name}(..)]`, or remove the attribute"),
            ),
        }
    }

    fn keys(&mut self, input: ParseStream<'_>, read: Key<'_>) -> syn::Result<()> {
        while !input.is_empty() {
            if let Err(error) = self.key(input, read) {
                self.diag.push(error);
                skip(input)?;
            }
            if !input.is_empty() {
                input.parse::<Token![,]>()?;
            }
        }
        Ok(())
    }

    fn key(&mut self, input: ParseStream<'_>, read: Key<'_>) -> syn::Result<()> {
        if !input.peek(syn::Ident::peek_any) {
            return Err(problem(
                input.parse::<TokenTree>()?,
                "a key is a name",
                format_args!(
                    "write `key`, `key = value` or `key(..)` inside `#[{}(..)]`",
                    self.name
                ),
            ));
        }
        let key = input.call(Ident::parse_any)?;
        if !read(self, &key, input)? {
            skip(input)?;
        }
        if input.is_empty() || input.peek(Token![,]) {
            return Ok(());
        }
        Err(unexpected(&key, input))
    }

    /// Puts a value in its place, which must be empty.
    pub(crate) fn put<T>(&mut self, place: &mut Option<Given<T>>, key: &Ident, value: T) {
        if place.is_some() {
            let help = "remove one of the two";
            self.diag.error(key, format_args!("`{key}` is given twice"), help);
        } else {
            *place = Some(Given { key: key.clone(), value });
        }
    }
}

/// The value after `key =`; `example` shows one.
pub(crate) fn value<T: syn::parse::Parse>(
    key: &Ident,
    input: ParseStream<'_>,
    example: &str,
) -> syn::Result<T> {
    value_or(key, input, format_args!("write `{example}`"))
}

/// The same with the help of where there is none that can be read.
pub(crate) fn value_or<T: syn::parse::Parse>(
    key: &Ident,
    input: ParseStream<'_>,
    help: impl Display,
) -> syn::Result<T> {
    let missing = || problem(key, format_args!("`{key}` needs a value"), &help);
    if !input.peek(Token![=]) {
        return Err(missing());
    }
    input.parse::<Token![=]>()?;
    let found = rest(&input.fork())?;
    if found.is_empty() {
        return Err(missing());
    }
    input.parse::<T>().map_err(|_| problem(found, format_args!("`{key}` has no such value"), &help))
}

/// The items in the parentheses after `key`; `example` shows some.
pub(crate) fn items<T>(
    key: &Ident,
    input: ParseStream<'_>,
    item: fn(ParseStream<'_>) -> syn::Result<T>,
    example: &str,
) -> syn::Result<Vec<T>> {
    let wrong = |tokens: TokenStream| {
        problem(
            tokens,
            format_args!("`{key}` needs its values in parentheses"),
            format_args!("write `{example}`"),
        )
    };
    if !input.peek(syn::token::Paren) {
        return Err(wrong(key.to_token_stream()));
    }
    let content;
    syn::parenthesized!(content in input);
    let found = rest(&content.fork())?;
    let items = content.parse_terminated(item, Token![,]).map_err(|error| {
        // What is left would be a mistake by itself.
        let _ = content.parse::<TokenStream>();
        if error.to_string().contains("\nhelp: ") {
            return error;
        }
        let help = format_args!("write `{example}`");
        problem(&found, format_args!("`{key}` cannot be read"), help)
    })?;
    if items.is_empty() {
        return Err(wrong(key.to_token_stream()));
    }
    Ok(items.into_iter().collect())
}

/// The mistake `problem` at `tokens`, for parsers.
pub(crate) fn problem(
    tokens: impl ToTokens,
    problem: impl std::fmt::Display,
    help: impl std::fmt::Display,
) -> syn::Error {
    syn::Error::new_spanned(tokens, format_args!("{problem}\nhelp: {help}"))
}

fn unexpected(key: &Ident, input: ParseStream<'_>) -> syn::Error {
    let next = input.fork().parse::<TokenTree>().map(TokenTree::into_token_stream);
    let next = next.unwrap_or_else(|_| key.to_token_stream());
    if input.peek(syn::Ident::peek_any) {
        return problem(
            &next,
            format_args!("a comma is missing after `{key}`"),
            format_args!("write `{key}, {next}`"),
        );
    }
    problem(
        next,
        format_args!("`{key}` takes nothing more"),
        format_args!("remove what follows `{key}`"),
    )
}

/// Moves on to the next comma, or to the end.
fn skip(input: ParseStream<'_>) -> syn::Result<()> {
    rest(input).map(drop)
}

/// The tokens up to the next comma. Commas in groups do not count.
fn rest(input: ParseStream<'_>) -> syn::Result<TokenStream> {
    let mut tokens = TokenStream::new();
    while !input.is_empty() && !input.peek(Token![,]) {
        tokens.extend([input.parse::<TokenTree>()?]);
    }
    Ok(tokens)
}

impl Reader<'_> {
    /// Reports a key that is not one of `known`, or that belongs to `elsewhere`.
    pub(crate) fn unknown(&mut self, key: &Ident, known: &[&str], elsewhere: (&str, &[&str])) {
        let name = self.name;
        let word = names::plain(key);
        if elsewhere.1.contains(&word.as_str()) {
            let place = elsewhere.0;
            self.diag.error(
                key,
                format_args!("`{word}` does not belong here"),
                format_args!("move `{word}` to the `#[{name}(..)]` of {place}"),
            );
            return;
        }
        let help = names::did_you_mean(&word, known.iter().copied(), "the keys here are");
        self.diag.error(key, format_args!("there is no key `{word}`"), help);
    }
}
