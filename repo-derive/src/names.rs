//! Spellings: the case of generated names, lists of words for messages, and "did you mean".

use proc_macro2::{Ident, Span, TokenStream};
use quote::ToTokens;
use syn::ext::IdentExt as _;
use syn::{VisRestricted, Visibility};

/// The longest name that Postgres keeps whole, in bytes.
pub(crate) const MAX_NAME_LENGTH: usize = 63;

/// The name of an identifier, without `r#`.
pub(crate) fn plain(ident: &Ident) -> String {
    ident.unraw().to_string()
}

/// How the name of a variant is spelled in the database.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(crate) enum Case {
    #[default]
    Snake,
    ScreamingSnake,
    Kebab,
    Camel,
    Pascal,
    Lower,
    Upper,
}

impl Case {
    /// The cases by the names that serde gives them.
    pub(crate) const ALL: [(&'static str, Self); 7] = [
        ("snake_case", Self::Snake),
        ("SCREAMING_SNAKE_CASE", Self::ScreamingSnake),
        ("kebab-case", Self::Kebab),
        ("camelCase", Self::Camel),
        ("PascalCase", Self::Pascal),
        ("lowercase", Self::Lower),
        ("UPPERCASE", Self::Upper),
    ];

    /// The case with this name.
    pub(crate) fn of(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|(known, _)| *known == name).map(|(_, case)| case)
    }

    /// The name of a variant in this case.
    pub(crate) fn apply(self, variant: &str) -> String {
        let capitalized = |word: &String| {
            let (first, rest) = word.split_at(word.chars().next().map_or(0, char::len_utf8));
            first.to_uppercase() + &rest.to_lowercase()
        };
        let pascal: String = words(variant).iter().map(capitalized).collect();
        match self {
            Self::Snake => snake_case(variant),
            Self::ScreamingSnake => screaming_snake_case(variant),
            Self::Kebab => snake_case(variant).replace('_', "-"),
            Self::Camel => {
                let (first, rest) =
                    pascal.split_at(pascal.chars().next().map_or(0, char::len_utf8));
                first.to_lowercase() + rest
            }
            Self::Pascal => pascal,
            Self::Lower => pascal.to_lowercase(),
            Self::Upper => pascal.to_uppercase(),
        }
    }
}

/// `HTTPServer` and `httpServer` as `http_server`.
pub(crate) fn snake_case(name: &str) -> String {
    words(name).join("_").to_lowercase()
}

/// `CREATED_AT`, the constant of the field `created_at`: with the underscore in front where nothing can be called so
/// without it, and as the field where nothing is left.
pub(crate) fn constant(field: &Ident) -> Ident {
    let name = screaming_snake_case(&plain(field));
    [name.clone(), format!("_{name}")]
        .iter()
        .find(|name| syn::parse_str::<Ident>(name).is_ok())
        .map_or_else(|| expanded(field.clone()), |name| ident_at(name, field))
}

/// `find_by_queue_and_number`, which finds a row by these fields.
pub(crate) fn finder(fields: &[String]) -> String {
    format!("find_by_{}", fields.join("_and_"))
}

/// `incident`, the function of the field `incident_id`: as the field where nothing can be called so.
pub(crate) fn relation(field: &Ident) -> Ident {
    let plain = plain(field);
    let name = plain.strip_suffix("_id").unwrap_or(&plain);
    usable_at(name, field).unwrap_or_else(|| expanded(field.clone()))
}

/// `created_at` and `createdAt` as `CREATED_AT`.
pub(crate) fn screaming_snake_case(name: &str) -> String {
    snake_case(name).to_uppercase()
}

/// The words of a name in any case: at underscores, and where capitals begin.
pub(crate) fn words(name: &str) -> Vec<String> {
    let chars: Vec<char> = name.chars().collect();
    let mut words = vec![String::new()];
    for (at, char) in chars.iter().enumerate() {
        let starts = char.is_uppercase()
            && at > 0
            && (!chars[at - 1].is_uppercase()
                || chars.get(at + 1).is_some_and(|c| c.is_lowercase()));
        if starts || *char == '_' {
            words.push(String::new());
        }
        if *char != '_' {
            words.last_mut().expect("it starts with one word").push(*char);
        }
    }
    words.retain(|word| !word.is_empty());
    words
}

/// An identifier that points at `place` and belongs to the expansion, so that lints about code that a
/// person wrote leave it alone.
pub(crate) fn ident_at(name: &str, place: &Ident) -> Ident {
    expanded(Ident::new(name, place.span()))
}

/// The same, with `r#` where the name is a keyword; none where nothing can be called so.
fn usable_at(name: &str, place: &Ident) -> Option<Ident> {
    let usable = syn::parse_str::<Ident>(name).or_else(|_| syn::parse_str(&format!("r#{name}")));
    let mut ident = usable.ok()?;
    ident.set_span(place.span());
    Some(expanded(ident))
}

/// The same identifier, as part of the expansion, which is of a later edition than the struct may be: `gen` is a name
/// in the one and a keyword in the other.
pub(crate) fn expanded(mut ident: Ident) -> Ident {
    let span = ident.span().resolved_at(Span::call_site());
    if ident == "gen" {
        return Ident::new_raw("gen", span);
    }
    ident.set_span(span);
    ident
}

/// The same visibility for what is generated. An item belongs to whoever wrote its first token: that may be a macro of
/// the program's own, in which lints look at names that nobody uses.
pub(crate) fn visibility(vis: &Visibility) -> Visibility {
    let mut vis = vis.clone();
    if let Visibility::Public(token)
    | Visibility::Restricted(VisRestricted { pub_token: token, .. }) = &mut vis
    {
        token.span = token.span.resolved_at(Span::call_site());
    }
    vis
}

/// The same tokens, reported at `place`.
pub(crate) fn at(place: Span, tokens: impl ToTokens) -> TokenStream {
    let moved = tokens.into_token_stream().into_iter().map(|mut token| {
        token.set_span(place);
        token
    });
    moved.collect()
}

/// The known word that `word` was probably meant to be.
pub(crate) fn similar<'a>(word: &str, known: impl IntoIterator<Item = &'a str>) -> Option<&'a str> {
    let most = word.chars().count().max(3) / 3;
    known
        .into_iter()
        .map(|candidate| (strsim::damerau_levenshtein(word, candidate), candidate))
        .filter(|(distance, candidate)| {
            *distance <= most || (word.len() > 3 && candidate.starts_with(word))
        })
        .min()
        .map(|(_, candidate)| candidate)
}

/// "did you mean `x`?" or, when nothing is similar, what there is.
pub(crate) fn did_you_mean<'a>(
    word: &str,
    known: impl IntoIterator<Item = &'a str> + Clone,
    what: &str,
) -> String {
    match similar(word, known.clone()) {
        Some(candidate) => format!("did you mean `{candidate}`?"),
        None => format!("{what} {}", list(known)),
    }
}

/// "`a`, `b`, `c`".
pub(crate) fn list<'a>(words: impl IntoIterator<Item = &'a str>) -> String {
    words.into_iter().map(|word| format!("`{word}`")).collect::<Vec<_>>().join(", ")
}

/// "a" or "an", as `word` is spoken.
pub(crate) fn article(word: &str) -> &'static str {
    if word.starts_with(['a', 'e', 'i', 'o', 'A', 'E', 'I', 'O']) { "an" } else { "a" }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn any_case_becomes_snake_case() {
        for (name, expected) in [
            ("New", "new"),
            ("InReview", "in_review"),
            ("HTTPServer", "http_server"),
            ("httpServer", "http_server"),
            ("Level2", "level2"),
            ("created_at", "created_at"),
            ("_hidden", "hidden"),
        ] {
            assert_eq!(snake_case(name), expected);
        }
        assert_eq!(screaming_snake_case("createdAt"), "CREATED_AT");
    }

    #[test]
    fn every_field_has_a_constant() {
        for (field, expected) in [
            ("createdAt", "CREATED_AT"),
            ("r#type", "TYPE"),
            ("_hidden", "HIDDEN"),
            ("_1", "_1"),
            ("_2fa_enabled", "_2FA_ENABLED"),
            ("__", "__"),
        ] {
            let field = syn::parse_str::<Ident>(field).expect("it is an identifier");
            assert_eq!(constant(&field), expected);
        }
    }

    #[test]
    fn what_the_next_edition_keeps_for_itself_is_written_raw() {
        for (field, function) in [("gen", "r#gen"), ("r#gen", "r#gen"), ("gen_id", "r#gen")] {
            let field = syn::parse_str::<Ident>(field).expect("it is an identifier");
            assert_eq!(relation(&field), function);
        }
    }

    #[test]
    fn a_variant_is_spelled_in_each_case() {
        for (case, expected) in [
            ("snake_case", "in_review"),
            ("SCREAMING_SNAKE_CASE", "IN_REVIEW"),
            ("kebab-case", "in-review"),
            ("camelCase", "inReview"),
            ("PascalCase", "InReview"),
            ("lowercase", "inreview"),
            ("UPPERCASE", "INREVIEW"),
        ] {
            let case = Case::of(case).expect("it is a case");
            assert_eq!(case.apply("InReview"), expected);
        }
    }

    #[test]
    fn a_near_word_is_suggested_and_a_far_one_is_not() {
        let known = ["soft_delete", "immutable", "index", "id"];
        assert_eq!(similar("softdelete", known), Some("soft_delete"));
        assert_eq!(similar("imutable", known), Some("immutable"));
        assert_eq!(similar("idx", known), Some("id"));
        assert_eq!(similar("audited", known), None);
    }
}
