//! "Did you mean": the known word that somebody probably meant, for errors about words from outside.

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

/// A word from outside as an error shows it: no longer than a name can be.
pub(crate) fn shown(word: &str) -> String {
    const LONGEST: usize = 64;
    let short: String =
        word.chars().take(LONGEST).map(|c| if c.is_control() { '\u{fffd}' } else { c }).collect();
    if word.chars().nth(LONGEST).is_some() { format!("{short}..") } else { short }
}

fn similar<'a>(word: &str, known: impl IntoIterator<Item = &'a str>) -> Option<&'a str> {
    // What is longer than any name is like none, and not worth the time.
    if word.len() > 128 {
        return None;
    }
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_near_word_is_suggested_and_a_far_one_is_not() {
        let known = ["status", "signature"];
        let suggested = |word| did_you_mean(word, known, "there are");
        assert_eq!(suggested("statsu"), "did you mean `status`?");
        assert_eq!(suggested("sign"), "did you mean `signature`?");
        assert_eq!(suggested("price"), "there are `status`, `signature`");
        assert_eq!(suggested(&"status".repeat(30)), "there are `status`, `signature`");
    }
}
