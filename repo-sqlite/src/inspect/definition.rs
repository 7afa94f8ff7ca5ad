//! What only the text of a `CREATE TABLE` tells of its columns.

use super::text::{Token, tokens};

/// The collation that compares bytes.
pub(super) const BINARY: &str = "BINARY";

/// What the text says of a column.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Column {
    pub(super) name: String,
    pub(super) collation: String,
    pub(super) is_autoincrement: bool,
}

/// The columns, and what looks like some: each part of the text that starts with a name.
pub(super) fn columns(sql: &str) -> Vec<Column> {
    let tokens = tokens(sql);
    let column = |part: Vec<&Token<'_>>| {
        let last = part.windows(2).rfind(|pair| pair[0].is("COLLATE"));
        Some(Column {
            name: part.first()?.name(),
            collation: last.map_or_else(|| BINARY.to_owned(), |pair| pair[1].name()),
            is_autoincrement: part.iter().any(|token| token.is("AUTOINCREMENT")),
        })
    };
    parts(&tokens).into_iter().filter_map(column).collect()
}

/// What stands between the commas of the outermost brackets, without what is in brackets there.
fn parts<'t, 'a>(tokens: &'t [Token<'a>]) -> Vec<Vec<&'t Token<'a>>> {
    let mut parts = vec![Vec::new()];
    let mut depth = 0;
    for token in tokens {
        match (token.text, depth) {
            (")", _) => depth -= 1,
            (",", 1) => parts.push(Vec::new()),
            ("(", _) => depth += 1,
            (_, 1) => parts.last_mut().expect("it starts with one").push(token),
            _ => {}
        }
    }
    parts
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn columns_are_told_whatever_stands_around_them() {
        let sql = r#"CREATE TABLE "t (a" (
            "id" INTEGER PRIMARY KEY AUTOINCREMENT, -- COLLATE NOCASE
            a TEXT CHECK (a COLLATE NOCASE <> 'x, COLLATE RTRIM') DEFAULT (1),
            [b] TEXT collate "NoCase" NOT NULL, "COLLATE" TEXT DEFAULT 'AUTOINCREMENT',
            UNIQUE (a, b COLLATE RTRIM)
        ) STRICT"#;
        let column = |name: &str, collation: &str, is_autoincrement| Column {
            name: name.to_owned(),
            collation: collation.to_owned(),
            is_autoincrement,
        };
        let found = columns(sql);
        let expected = [
            column("id", BINARY, true),
            column("a", BINARY, false),
            column("b", "NoCase", false),
            column("COLLATE", BINARY, false),
        ];
        assert_eq!(found[..4], expected);
    }
}
