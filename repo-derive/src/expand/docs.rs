//! What generated items say about themselves: the first words of their field, where these mean the same in another
//! place.
//!
//! Links are not among them, as `Self` is another type there; neither are examples, which would be run again.

use proc_macro2::TokenStream;
use quote::{ToTokens as _, quote};
use syn::{Attribute, Expr, ExprLit, Lit, Meta};

use crate::model::Column;

/// What may be a link, HTML, or code that is run.
const ELSEWHERE: [&str; 5] = ["[", "<", "://", "```", "~~~"];

/// The first paragraph of a field's documentation, or what can be said without it.
pub(super) fn docs_or(column: &Column, otherwise: &str) -> TokenStream {
    let hidden = column.docs.iter().filter(|attribute| is_hidden(attribute));
    let hidden: TokenStream = hidden.map(|attribute| attribute.to_token_stream()).collect();
    let lines = first_paragraph(&column.docs);
    let says =
        lines.map_or_else(|| doc(otherwise), |lines| lines.iter().map(|it| doc(it)).collect());
    quote!(#hidden #says)
}

/// One line of documentation.
pub(super) fn doc(line: &str) -> TokenStream {
    let line = format!(" {line}");
    quote!(#[doc = #line])
}

fn is_hidden(attribute: &Attribute) -> bool {
    matches!(&attribute.meta, Meta::List(list) if list.tokens.to_string() == "hidden")
}

fn first_paragraph(docs: &[Attribute]) -> Option<Vec<String>> {
    let text: Vec<String> = docs.iter().filter_map(text).collect();
    let lines = text.iter().flat_map(|text| text.split('\n'));
    let lines = lines.skip_while(|line| line.trim().is_empty());
    let lines: Vec<&str> = lines.take_while(|line| !line.trim().is_empty()).collect();
    let is_code = |line: &&str| line.starts_with("     ") || line.contains('\t');
    let stays_here = |line: &&str| ELSEWHERE.iter().any(|word| line.contains(word));
    let is_plain = !lines.is_empty() && !lines.iter().any(|it| is_code(it) || stays_here(it));
    is_plain.then(|| lines.iter().map(|line| line.trim().to_owned()).collect())
}

/// The text of `/// text`; none of `#[doc(hidden)]`, and of what a macro says.
fn text(attribute: &Attribute) -> Option<String> {
    let Meta::NameValue(said) = &attribute.meta else { return None };
    match &said.value {
        Expr::Lit(ExprLit { lit: Lit::Str(text), .. }) => Some(text.value()),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use syn::parse_quote;

    use super::*;

    #[test]
    fn the_first_words_are_those_that_mean_the_same_elsewhere() {
        let field: syn::ItemStruct = parse_quote! {
            ///
            /// What it costs,
            ///   in `cents`.
            ///
            /// See [`Self::total`].
            struct Field;
        };
        let words = ["What it costs,", "in `cents`."].map(str::to_owned);
        assert_eq!(first_paragraph(&field.attrs), Some(words.to_vec()));
    }

    #[test]
    fn links_html_and_examples_stay_where_they_are() {
        let fields: [syn::ItemStruct; 6] = [
            parse_quote!(
                /** See [`Self::total`]. */
                struct A;
            ),
            parse_quote!(
                /** A `Vec<u8>`. */
                struct A;
            ),
            parse_quote!(
                /** Of https://example.com. */
                struct A;
            ),
            parse_quote!(
                #[doc = " ```\n assert!(true);\n ```"]
                struct A;
            ),
            parse_quote!(
                #[doc = "     assert!(true);"]
                struct A;
            ),
            parse_quote!(
                #[doc = include_str!("a.md")]
                struct A;
            ),
        ];
        for field in fields {
            assert_eq!(first_paragraph(&field.attrs), None);
        }
    }
}
