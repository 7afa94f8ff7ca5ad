//! What only the text of a `CREATE TABLE` tells of its columns, its references, and of what becomes of a row
//! that breaks a constraint.

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

/// The collation of a column, of none that the text does not name.
pub(super) fn collation_of<'a>(columns: &'a [Column], name: &str) -> &'a str {
    let column = columns.iter().find(|column| column.name.eq_ignore_ascii_case(name));
    column.map_or(BINARY, |column| column.collation.as_str())
}

/// Whether each reference, in the order of the text, is looked at only when a transaction ends.
pub(super) fn deferred(sql: &str) -> Vec<bool> {
    let tokens = tokens(sql);
    let mut deferred = Vec::new();
    for part in parts(&tokens) {
        let starts = part.iter().enumerate().filter(|(_, token)| token.is("REFERENCES"));
        let starts: Vec<_> = starts.map(|(at, _)| at).collect();
        for (nth, start) in starts.iter().enumerate() {
            let end = starts.get(nth + 1).copied().unwrap_or(part.len());
            deferred.push(is_deferred(&part[*start..end]));
        }
    }
    deferred
}

/// What a constraint does with a row that breaks it, where that is not to undo the statement.
pub(super) fn on_conflict(sql: &str) -> Option<String> {
    let tokens = tokens(sql);
    parts(&tokens).into_iter().find_map(|part| {
        let mut clauses = part.windows(3).filter(|it| it[0].is("ON") && it[1].is("CONFLICT"));
        let other = clauses.find(|it| !it[2].is("ABORT"))?;
        Some(other[2].text.to_ascii_uppercase())
    })
}

/// `NOT DEFERRABLE INITIALLY DEFERRED` is not.
fn is_deferred(words: &[&Token<'_>]) -> bool {
    words.windows(4).any(|four| match four {
        [before, deferrable, initially, deferred] => {
            !before.is("NOT")
                && deferrable.is("DEFERRABLE")
                && initially.is("INITIALLY")
                && deferred.is("DEFERRED")
        }
        _ => false,
    })
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

    #[test]
    fn references_that_wait_are_told() {
        let sql = "CREATE TABLE t (
            a INT REFERENCES p (x) ON DELETE CASCADE DEFERRABLE INITIALLY DEFERRED REFERENCES q,
            b INT references p not deferrable initially deferred,
            c INT REFERENCES p DEFERRABLE INITIALLY IMMEDIATE,
            FOREIGN KEY (a, b) REFERENCES p (x, y) /* ( */ deferrable initially deferred
        )";
        assert_eq!(deferred(sql), [true, false, false, false, true]);
    }

    #[test]
    fn what_becomes_of_a_row_that_breaks_a_constraint_is_told() {
        let of = |end: &str| on_conflict(&format!("CREATE TABLE t (a TEXT, \"on\" TEXT {end})"));
        assert_eq!(of("DEFAULT 'ON CONFLICT REPLACE'"), None);
        assert_eq!(of("NOT NULL ON CONFLICT ABORT REFERENCES t ON DELETE CASCADE"), None);
        assert_eq!(of("NOT NULL on conflict ignore").as_deref(), Some("IGNORE"));
        assert_eq!(of(", UNIQUE (a) ON CONFLICT REPLACE").as_deref(), Some("REPLACE"));
    }
}
