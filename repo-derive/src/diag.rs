//! The mistakes found in one input, reported together.
//!
//! A mistake is a problem, which is a fact about the user's code, and a help, which is the one change
//! that puts it right. No rule lives here.

use std::fmt::Display;

use proc_macro2::TokenStream;
use quote::ToTokens;

/// Collects mistakes, so that one compile shows them all.
#[derive(Debug, Default)]
pub(crate) struct Diag {
    errors: Option<syn::Error>,
}

impl Diag {
    /// Reports what is wrong at `tokens`, and the one change that puts it right.
    ///
    /// Takes tokens, not a span: on stable, a span covers only the first token of `Vec<u8>`.
    pub(crate) fn error(
        &mut self,
        tokens: impl ToTokens,
        problem: impl Display,
        help: impl Display,
    ) {
        self.push(syn::Error::new_spanned(tokens, format_args!("{problem}\nhelp: {help}")));
    }

    /// Adds a mistake that syn found.
    pub(crate) fn push(&mut self, error: syn::Error) {
        match &mut self.errors {
            Some(errors) => errors.combine(error),
            None => self.errors = Some(error),
        }
    }

    /// Whether there was no mistake so far.
    pub(crate) fn is_empty(&self) -> bool {
        self.errors.is_none()
    }

    /// One `compile_error!` for each mistake; nothing when there is none.
    pub(crate) fn into_tokens(self) -> TokenStream {
        self.errors.map(|errors| errors.to_compile_error()).unwrap_or_default()
    }
}
