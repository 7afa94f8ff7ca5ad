//! What is kept of a message of the server: one line, without values.

use sqlx::postgres::PgDatabaseError;

/// What is told in place of a message in which it cannot be told where values are.
const UNQUOTED: &str = "a value was refused, in words that may quote it";

pub(super) fn message(error: &PgDatabaseError) -> String {
    let message = one_line(error.message());
    if error.code().starts_with("22") { without_values(&message) } else { message }
}

/// `text` with nothing between its first and its last quote. Where anything else is not ASCII, nothing of it is told.
fn without_values(text: &str) -> String {
    let (before, after) = match (text.find('"'), text.rfind('"')) {
        (Some(first), Some(last)) if first < last => (&text[..=first], &text[last..]),
        _ => (text, ""),
    };
    match after {
        _ if !before.is_ascii() || !after.is_ascii() => UNQUOTED.to_owned(),
        "" => before.to_owned(),
        after => format!("{before}…{after}"),
    }
}

pub(super) fn one_line(text: &str) -> String {
    text.split_whitespace().collect::<Vec<_>>().join(" ")
}

/// What a message quotes first, in any language, without the schema.
pub(super) fn quoted(message: &str) -> Option<&str> {
    let quotes = ['"', '«', '»', '„', '“', '”'];
    let quoted = message.split(quotes).nth(1)?.trim();
    Some(quoted.rsplit('.').next().unwrap_or(quoted))
}

#[cfg(test)]
mod tests {
    use super::{UNQUOTED, one_line, quoted, without_values};

    #[test]
    fn a_message_that_quotes_a_value_loses_it() {
        assert_eq!(
            without_values("invalid input syntax for type integer: \"s3\"cret\""),
            "invalid input syntax for type integer: \"…\""
        );
        assert_eq!(without_values("division by zero"), "division by zero");
        assert_eq!(without_values("a lonely \" quote"), "a lonely \" quote");
    }

    #[test]
    fn a_message_in_another_language_is_told_only_where_its_quotes_are_known() {
        for said in [
            "ungültige Eingabesyntax für Typ bigint: »SECRET77«",
            "ungültige Eingabesyntax für Typ bigint: »SEC\"RET\"77«",
            "syntaxe en entrée invalide pour le type bigint : « SECRET77 »",
            "la sintaxis de entrada no es válida para tipo bigint: «SECRET77»",
            "\u{578b}bigint\u{306e}\u{5165}\u{529b}\u{69cb}\u{6587}\u{304c}\u{4e0d}\u{6b63}\u{3067}\u{3059}: \"SECRET77\"",
            "ogiltig indatasyntax för typen bigint: \"SECRET77\"",
            "ogiltig indatasyntax: ”SECRET77”",
            "invalid input syntax: …SECRET77… \u{201c}SECRET77\u{201d}",
        ] {
            assert_eq!(without_values(said), UNQUOTED, "{said}");
        }
        assert_eq!(
            without_values("sintassi di input non valida per il tipo bigint: \"SECRET77 ß\""),
            "sintassi di input non valida per il tipo bigint: \"…\""
        );
        assert_eq!(without_values("division by zero"), "division by zero");
    }

    #[test]
    fn a_table_that_is_missing_is_named_in_every_language() {
        for said in [
            "relation \"repo_audit\" does not exist",
            "relation \"desk.repo_audit\" does not exist",
            "Relation »repo_audit« existiert nicht",
            "la relation « repo_audit » n'existe pas",
            "no existe la relación «repo_audit»",
            "\u{95a2}\u{4fc2}\"repo_audit\"\u{306f}\u{5b58}\u{5728}\u{3057}\u{307e}\u{305b}\u{3093}",
            "relationen ”repo_audit” existerar inte",
        ] {
            assert_eq!(quoted(said), Some("repo_audit"), "{said}");
        }
        assert_eq!(quoted("it is not there"), None);
    }

    #[test]
    fn a_message_is_one_line() {
        assert_eq!(one_line("first\n\tsecond "), "first second");
    }
}
