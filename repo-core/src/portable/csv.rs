//! Records of CSV as RFC 4180 has them, and one thing more: a field without quotes that is empty is `NULL`, and
//! one in quotes, `""`, is the empty text.

/// Appends a record; `None` is `NULL`.
pub(super) fn write<'f>(text: &mut String, fields: impl IntoIterator<Item = Option<&'f str>>) {
    for (index, field) in fields.into_iter().enumerate() {
        if index > 0 {
            text.push(',');
        }
        match field {
            None => {}
            Some(field) if is_plain(field) => text.push_str(field),
            Some(field) => {
                text.push('"');
                text.push_str(&field.replace('"', "\"\""));
                text.push('"');
            }
        }
    }
    text.push_str("\r\n");
}

/// Whether a field means itself without quotes, also to readers that cut spaces, or take `#` for a comment.
fn is_plain(field: &str) -> bool {
    let is_edge = |c: char| c.is_whitespace() || matches!(c, '#' | '\u{feff}');
    !field.is_empty()
        && !field.starts_with(is_edge)
        && !field.ends_with(is_edge)
        && !field.contains(['"', ',', '\r', '\n'])
}

/// Whether a record that is over before this text is not after it, because a quote is open.
pub(super) fn turns(text: &[u8]) -> bool {
    text.iter().filter(|byte| **byte == b'"').count() % 2 == 1
}

/// The fields of a whole record, with or without its line break.
pub(super) fn read(record: &str) -> Result<Vec<Option<String>>, &'static str> {
    let record = record.strip_suffix('\n').unwrap_or(record);
    let record = record.strip_suffix('\r').unwrap_or(record);
    let (mut fields, mut rest) = (Vec::new(), record);
    loop {
        let (field, after) = field(rest)?;
        fields.push(field);
        match after.strip_prefix(',') {
            Some(after) => rest = after,
            None if after.is_empty() => return Ok(fields),
            None => return Err("has something after a quote that closes a field"),
        }
    }
}

/// The first field, and what follows it.
fn field(text: &str) -> Result<(Option<String>, &str), &'static str> {
    let Some(quoted) = text.strip_prefix('"') else {
        let (field, after) = text.split_at(text.find(',').unwrap_or(text.len()));
        if field.contains(['"', '\r', '\n']) {
            return Err("has a quote or a line break in a field without quotes");
        }
        return Ok(((!field.is_empty()).then(|| field.to_owned()), after));
    };
    let (mut field, mut rest) = (String::new(), quoted);
    loop {
        let (part, after) = rest.split_once('"').ok_or("has a quote that nothing closes")?;
        field.push_str(part);
        let Some(again) = after.strip_prefix('"') else { return Ok((Some(field), after)) };
        field.push('"');
        rest = again;
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used, reason = "a test that cannot go on has failed")]
mod tests {
    use super::*;

    fn written(fields: &[Option<&str>]) -> String {
        let mut text = String::new();
        write(&mut text, fields.iter().copied());
        text
    }

    #[test]
    fn what_needs_quotes_has_them() {
        for (fields, expected) in [
            (&[None, Some(""), Some("a")][..], ",\"\",a\r\n"),
            (
                &[Some("a,b"), Some("say \"hi\""), Some("a\nb")],
                "\"a,b\",\"say \"\"hi\"\"\",\"a\nb\"\r\n",
            ),
            (&[Some(" a"), Some("#a"), Some("=1+1"), Some("null")], "\" a\",\"#a\",=1+1,null\r\n"),
        ] {
            assert_eq!(written(fields), expected);
        }
    }

    #[test]
    fn what_is_written_is_read() {
        let pieces = [
            "", "a", "\"", "\"\"", ",", "\r", "\n", "\r\n", " ", "\u{feff}", "🦀", "#", "\u{1}",
            "'",
        ];
        let mut texts: Vec<String> = pieces.iter().map(ToString::to_string).collect();
        for first in pieces {
            texts.extend(pieces.iter().map(|second| format!("{first}{second}")));
            texts.extend(pieces.iter().map(|second| format!("x{first}{second}x")));
        }
        for text in &texts {
            for fields in [
                vec![Some(text.as_str())],
                vec![None, Some(text), None],
                vec![Some("a"), Some(text), Some(text)],
            ] {
                let record = written(&fields);
                assert!(!turns(record.as_bytes()), "{record:?}");
                let read = read(&record).unwrap();
                assert_eq!(read.iter().map(Option::as_deref).collect::<Vec<_>>(), fields);
            }
        }
    }

    #[test]
    fn other_line_breaks_are_read_and_other_quotes_are_not() {
        let two = vec![Some("a".to_owned()), None];
        for record in ["a,", "a,\n", "a,\r\n", "\"a\",\n"] {
            assert_eq!(read(record).unwrap(), two, "{record:?}");
        }
        for record in ["a\"b", "\"a\"b", "\"a", "a\rb\n"] {
            assert!(read(record).is_err(), "{record:?}");
        }
    }
}
