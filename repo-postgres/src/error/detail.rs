//! The columns of a key, from what the server says of two rows that have the same.
//!
//! `Key (tenant_id, email)=(7, ann@example.com) already exists.`: the words are translated and the values are of a row,
//! but names stand first and as SQL writes them. Nothing behind them is looked at.

/// The columns of the key. None where a part of it is an expression, and where the values are not told.
pub(super) fn columns(detail: &str) -> Option<Vec<String>> {
    let (_, mut rest) = detail.split_once('(')?;
    let mut columns = Vec::new();
    loop {
        let (column, behind) = identifier(rest)?;
        columns.push(column);
        match behind.strip_prefix(", ") {
            Some(next) => rest = next,
            None => return behind.starts_with(")=(").then_some(columns),
        }
    }
}

/// The name that `text` begins with, and what is behind it.
fn identifier(text: &str) -> Option<(String, &str)> {
    let Some(mut rest) = text.strip_prefix('"') else {
        let is_plain = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '_';
        let (name, behind) = text.split_at(text.find(|c| !is_plain(c))?);
        return (!name.is_empty()).then(|| (name.to_owned(), behind));
    };
    let mut name = String::new();
    loop {
        let (part, behind) = rest.split_once('"')?;
        name.push_str(part);
        let Some(again) = behind.strip_prefix('"') else { return Some((name, behind)) };
        name.push('"');
        rest = again;
    }
}

#[cfg(test)]
mod tests {
    use super::columns;

    #[test]
    fn the_names_of_a_key_are_read_in_any_language() {
        for (detail, expected) in [
            ("Key (email)=(x) already exists.", &["email"][..]),
            ("Key (tenant_id, a_1)=(7, (b)=(c)) already exists.", &["tenant_id", "a_1"]),
            ("Schl\u{fc}ssel \u{bb}(n)=(1)\u{ab} existiert bereits.", &["n"]),
            (
                "Key (\"Stra\u{df}e\", \"a\"\"b, )=(c\", d)=(1, 2, 3)",
                &["Stra\u{df}e", "a\"b, )=(c", "d"],
            ),
            ("Key (room)=(1) conflicts with existing key (room)=(1).", &["room"]),
        ] {
            assert_eq!(columns(detail).unwrap_or_default(), expected, "{detail}");
        }
    }

    #[test]
    fn of_an_expression_and_of_anything_else_nothing_is_read() {
        for detail in [
            "",
            "Key already exists.",
            "Key (lower(email))=(secret) already exists.",
            "Key (tenant_id, lower(email))=(7, secret) already exists.",
            "Key ((a || b))=(secret) already exists.",
            "Key (\"open",
            "Key (email",
            "Key ()=(secret)",
            "(secret)",
        ] {
            assert_eq!(columns(detail), None, "{detail}");
        }
    }
}
