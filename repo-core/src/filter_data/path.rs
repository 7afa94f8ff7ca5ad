//! The place in a document: the text that databases are given, as the list of its steps and back.

use serde::ser::{Serialize, SerializeSeq as _, Serializer};

use super::tree::Tree;
use crate::json_canonical::DEEPEST;

/// A path as text, written as the list of its steps: names of members, and numbers of elements.
pub(super) struct Steps<'p>(pub(super) &'p str);

enum Step {
    Member(String),
    Element(u32),
}

/// The text of a path from the list of its steps.
pub(super) fn read(steps: &Tree) -> Result<String, String> {
    let wrong = || "`path` is a list of names and numbers".to_owned();
    let Tree::List(steps) = steps else { return Err(wrong()) };
    if steps.len() > DEEPEST {
        return Err(format!("`path` has at most {DEEPEST} steps"));
    }
    let mut path = String::from("$");
    for step in steps {
        match step {
            Tree::Text(name) if name.contains('\0') => {
                return Err("no member has a name with a NUL character".to_owned());
            }
            Tree::Text(name) => {
                path.push('.');
                path.push_str(&serde_json::Value::from(name.as_str()).to_string());
            }
            Tree::Number(number) => {
                let index: u32 = number.to_string().parse().map_err(|_| wrong())?;
                path.push_str(&format!("[{index}]"));
            }
            _ => return Err(wrong()),
        }
    }
    Ok(path)
}

impl Steps<'_> {
    pub(super) fn count(&self) -> usize {
        self.iter().count()
    }

    fn iter(&self) -> impl Iterator<Item = Step> {
        let mut rest = self.0.strip_prefix('$').unwrap_or(self.0);
        std::iter::from_fn(move || {
            let (step, after) = next(rest)?;
            rest = after;
            Some(step)
        })
    }
}

impl Serialize for Steps<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut steps = serializer.serialize_seq(None)?;
        for step in self.iter() {
            match step {
                Step::Member(name) => steps.serialize_element(&name)?,
                Step::Element(index) => steps.serialize_element(&index)?,
            }
        }
        steps.end()
    }
}

/// The first step, and what follows it.
fn next(path: &str) -> Option<(Step, &str)> {
    if let Some(rest) = path.strip_prefix('[') {
        let (index, rest) = rest.split_once(']')?;
        return Some((Step::Element(index.parse().ok()?), rest));
    }
    let quoted = path.strip_prefix('.')?;
    let mut names = serde_json::Deserializer::from_str(quoted).into_iter::<String>();
    let name = names.next()?.ok()?;
    Some((Step::Member(name), &quoted[names.byte_offset()..]))
}
