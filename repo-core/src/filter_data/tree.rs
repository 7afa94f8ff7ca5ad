//! Data of any format as a tree, no larger than a filter can be.
//!
//! Members are kept in their order and with their repetitions, so that a name that is given twice is an error
//! and not a choice.

use std::cell::Cell;
use std::fmt;

use serde::de::{DeserializeSeed, Deserializer, Error, MapAccess, SeqAccess, Visitor};

use super::{DEEPEST, MOST_CONDITIONS, MOST_VALUES};

#[derive(Debug, PartialEq)]
pub(super) enum Tree {
    Null,
    Bool(bool),
    Number(Number),
    Text(String),
    List(Vec<Tree>),
    Object(Vec<(String, Tree)>),
}

/// A number as it was given: whole, or with a point.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) enum Number {
    Signed(i64),
    Unsigned(u64),
    Float(f64),
}

/// The only member of a number in a program whose `serde_json` keeps all digits (`arbitrary_precision`).
const NUMBER: &str = "$serde_json::private::Number";

impl Number {
    fn read(digits: &str) -> Option<Self> {
        let signed = digits.parse().map(Self::Signed).ok();
        let whole = signed.or_else(|| digits.parse().map(Self::Unsigned).ok());
        let float = || digits.parse().ok().filter(|it: &f64| it.is_finite()).map(Self::Float);
        whole.or_else(float)
    }
}

impl fmt::Display for Number {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Number::Signed(number) => number.fmt(f),
            Number::Unsigned(number) => number.fmt(f),
            Number::Float(number) => write!(f, "{number:?}"),
        }
    }
}

/// `all` is an object around a list; the rest is what a condition itself has inside.
const MOST_LEVELS: usize = 2 * DEEPEST + 6;
/// A condition is an object of a column, an operator, a value, and perhaps a path.
pub(super) const MOST_NODES: usize = 10 * MOST_CONDITIONS + MOST_VALUES;

pub(super) fn read<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Tree, D::Error> {
    let left = Cell::new(MOST_NODES);
    Seed { levels: MOST_LEVELS, left: &left }.deserialize(deserializer)
}

/// What is still allowed: levels below here, and nodes anywhere.
#[derive(Clone, Copy)]
struct Seed<'b> {
    levels: usize,
    left: &'b Cell<usize>,
}

impl Seed<'_> {
    fn below<E: Error>(self) -> Result<Self, E> {
        let levels = self.levels.checked_sub(1);
        let levels = levels.ok_or_else(|| E::custom("the filter is nested too deeply"))?;
        Ok(Self { levels, ..self })
    }
}

impl<'de> DeserializeSeed<'de> for Seed<'_> {
    type Value = Tree;

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<Tree, D::Error> {
        let left = self.left.get().checked_sub(1);
        self.left.set(left.ok_or_else(|| D::Error::custom("the filter is too long"))?);
        deserializer.deserialize_any(self)
    }
}

impl<'de> Visitor<'de> for Seed<'_> {
    type Value = Tree;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a filter")
    }

    fn visit_bool<E: Error>(self, value: bool) -> Result<Tree, E> {
        Ok(Tree::Bool(value))
    }

    fn visit_i64<E: Error>(self, value: i64) -> Result<Tree, E> {
        Ok(Tree::Number(Number::Signed(value)))
    }

    fn visit_u64<E: Error>(self, value: u64) -> Result<Tree, E> {
        Ok(Tree::Number(i64::try_from(value).map_or(Number::Unsigned(value), Number::Signed)))
    }

    fn visit_f64<E: Error>(self, value: f64) -> Result<Tree, E> {
        Ok(Tree::Number(Number::Float(value)))
    }

    fn visit_str<E: Error>(self, value: &str) -> Result<Tree, E> {
        Ok(Tree::Text(value.to_owned()))
    }

    fn visit_string<E: Error>(self, value: String) -> Result<Tree, E> {
        Ok(Tree::Text(value))
    }

    fn visit_unit<E: Error>(self) -> Result<Tree, E> {
        Ok(Tree::Null)
    }

    fn visit_none<E: Error>(self) -> Result<Tree, E> {
        Ok(Tree::Null)
    }

    fn visit_some<D: Deserializer<'de>>(self, deserializer: D) -> Result<Tree, D::Error> {
        deserializer.deserialize_any(self)
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut access: A) -> Result<Tree, A::Error> {
        let (below, mut items) = (self.below()?, Vec::new());
        while let Some(item) = access.next_element_seed(below)? {
            items.push(item);
        }
        Ok(Tree::List(items))
    }

    fn visit_map<A: MapAccess<'de>>(self, mut access: A) -> Result<Tree, A::Error> {
        let (below, mut members) = (self.below()?, Vec::new());
        while let Some(name) = access.next_key::<String>()? {
            members.push((name, access.next_value_seed(below)?));
        }
        match &members[..] {
            [(name, Tree::Text(digits))] if name == NUMBER => {
                let number = Number::read(digits).map(Tree::Number);
                number.ok_or_else(|| A::Error::custom("a number is out of range"))
            }
            _ => Ok(Tree::Object(members)),
        }
    }
}
