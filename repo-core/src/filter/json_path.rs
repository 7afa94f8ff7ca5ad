//! Places in JSON columns, to filter by.
//!
//! A comparison is one of a type: a text is equal to no number, whatever its digits, and what is not there
//! meets no comparison. A path has no more steps than a document has levels. Not here: writing parts of documents, and order by them.

use std::fmt;
use std::marker::PhantomData;

use crate::column::Column;
use crate::dialect::JsonType;
use crate::entity::Entity;
use crate::filter::{Comparison, DocumentTest, Filter, Node};
use crate::json_canonical::DEEPEST;
use crate::value::column_type::{ColumnType, class};
use crate::value::stored;
use crate::value::{InvalidValue, Value};

/// A place in a JSON column of `E`. Made by [`Column::path`].
pub struct JsonPath<E> {
    column: usize,
    name: &'static str,
    path: String,
    steps: usize,
    /// Whether a name holds a NUL character, which no document does.
    has_nul: bool,
    entity: PhantomData<fn() -> E>,
}

/// The class whose values have places.
#[diagnostic::on_unimplemented(
    message = "only a JSON column has paths and elements",
    label = "not a JSON column"
)]
pub trait Documents {}

impl Documents for class::Json {}

/// What a place in a document can be compared with: a text, an integer, a float or a bool.
#[diagnostic::on_unimplemented(
    message = "a place in a document cannot be compared with a `{Self}`",
    label = "neither a text nor a number nor a bool"
)]
pub trait JsonOperand {
    /// The value, and what it is compared as.
    #[doc(hidden)]
    fn into_json_operand(self) -> Result<(JsonType, Value<'static>), InvalidValue>;
}

impl<E: Entity, T: ColumnType> Column<E, T> {
    /// The place in the document that is reached through these members, from the outside in:
    /// `Event::PAYLOAD.path(["error", "code"]).eq("timeout")`.
    ///
    /// A query by a path of more than 127 steps is [`Error::InvalidInput`](crate::Error::InvalidInput): no
    /// document has as many levels.
    pub fn path<K: AsRef<str>>(self, members: impl IntoIterator<Item = K>) -> JsonPath<E>
    where
        <T::Bare as ColumnType>::Class: Documents,
    {
        let (column, name, path) = (self.index(), self.name(), String::from("$"));
        let root = JsonPath { column, name, path, steps: 0, has_nul: false, entity: PhantomData };
        members.into_iter().fold(root, |path, member| path.member(member))
    }

    /// The document is an array, and one of its elements is equal to `value`:
    /// `Incident::TAGS.has_element("urgent")`. The same as [`JsonPath::has_element`] of the place that is the
    /// whole document.
    pub fn has_element(self, value: impl JsonOperand) -> Filter<E>
    where
        <T::Bare as ColumnType>::Class: Documents,
    {
        self.path([""; 0]).has_element(value)
    }
}

impl<E: Entity> JsonPath<E> {
    /// The member of the object that is at this place. A name that was given twice means the last.
    #[must_use]
    pub fn member(mut self, name: impl AsRef<str>) -> Self {
        let name = name.as_ref();
        self.has_nul |= name.contains('\0');
        self.step(|path| {
            path.push('.');
            path.push_str(&serde_json::Value::from(name).to_string());
        })
    }

    /// The element of the array that is at this place, counted from 0.
    #[must_use]
    pub fn element(self, index: u32) -> Self {
        self.step(|path| path.push_str(&format!("[{index}]")))
    }

    /// There is something, `null` too.
    pub fn exists(self) -> Filter<E> {
        self.test(DocumentTest::Exists)
    }

    /// There is a `null`. Where nothing is, this does not hold.
    pub fn is_null(self) -> Filter<E> {
        self.test(DocumentTest::Null)
    }

    /// There is a value of this type, and it is equal.
    pub fn eq(self, value: impl JsonOperand) -> Filter<E> {
        self.compare(Comparison::Equal, value)
    }

    /// There is a value of this type, and it is another.
    pub fn ne(self, value: impl JsonOperand) -> Filter<E> {
        self.compare(Comparison::NotEqual, value)
    }

    /// There is a value of this type, and it is less.
    pub fn lt(self, value: impl JsonOperand) -> Filter<E> {
        self.compare(Comparison::Less, value)
    }

    /// There is a value of this type, and it is less or equal.
    pub fn le(self, value: impl JsonOperand) -> Filter<E> {
        self.compare(Comparison::LessOrEqual, value)
    }

    /// There is a value of this type, and it is greater.
    pub fn gt(self, value: impl JsonOperand) -> Filter<E> {
        self.compare(Comparison::Greater, value)
    }

    /// There is a value of this type, and it is greater or equal.
    pub fn ge(self, value: impl JsonOperand) -> Filter<E> {
        self.compare(Comparison::GreaterOrEqual, value)
    }

    /// There is an array, and one of its elements is of this type and equal, as [`eq`](Self::eq) has it:
    /// `Incident::PAYLOAD.path(["tags"]).has_element("urgent")`.
    ///
    /// It does not hold where nothing or no array is, and does not look into the arrays and objects in the array.
    pub fn has_element(self, value: impl JsonOperand) -> Filter<E> {
        self.with(value, DocumentTest::Element)
    }

    /// One step further, which is not written where the path has too many.
    fn step(mut self, write: impl FnOnce(&mut String)) -> Self {
        self.steps = self.steps.saturating_add(1);
        if self.steps <= DEEPEST {
            write(&mut self.path);
        }
        self
    }

    fn compare(self, comparison: Comparison, value: impl JsonOperand) -> Filter<E> {
        self.with(value, |what, value| DocumentTest::Compare(comparison, what, value))
    }

    fn with(
        self,
        value: impl JsonOperand,
        test: impl FnOnce(JsonType, Value<'static>) -> DocumentTest,
    ) -> Filter<E> {
        match value.into_json_operand() {
            Ok((what, value)) => self.test(test(what, value)),
            Err(invalid) => Filter::new(Node::Invalid { column: self.name, invalid }),
        }
    }

    fn test(self, test: DocumentTest) -> Filter<E> {
        let refused = if self.has_nul {
            Some(InvalidValue::new("has no member whose name holds a NUL character"))
        } else if self.steps > DEEPEST {
            Some(InvalidValue::new(format!("has no place of more than {DEEPEST} steps")))
        } else {
            None
        };
        if let Some(invalid) = refused {
            return Filter::new(Node::Invalid { column: self.name, invalid });
        }
        Filter::new(Node::Document { column: self.column, path: self.path, test })
    }
}

/// What a column of `T` stores.
fn stored<T: ColumnType>(
    what: JsonType,
    value: &T,
) -> Result<(JsonType, Value<'static>), InvalidValue> {
    stored::stored(value, T::KIND).map(|value| (what, value.into_owned()))
}

impl JsonOperand for &str {
    fn into_json_operand(self) -> Result<(JsonType, Value<'static>), InvalidValue> {
        self.to_owned().into_json_operand()
    }
}

impl JsonOperand for String {
    fn into_json_operand(self) -> Result<(JsonType, Value<'static>), InvalidValue> {
        stored(JsonType::Text, &self)
    }
}

impl JsonOperand for &String {
    fn into_json_operand(self) -> Result<(JsonType, Value<'static>), InvalidValue> {
        stored(JsonType::Text, self)
    }
}

impl JsonOperand for i64 {
    fn into_json_operand(self) -> Result<(JsonType, Value<'static>), InvalidValue> {
        stored(JsonType::Integer, &self)
    }
}

impl JsonOperand for i32 {
    fn into_json_operand(self) -> Result<(JsonType, Value<'static>), InvalidValue> {
        i64::from(self).into_json_operand()
    }
}

impl JsonOperand for u32 {
    fn into_json_operand(self) -> Result<(JsonType, Value<'static>), InvalidValue> {
        i64::from(self).into_json_operand()
    }
}

impl JsonOperand for f64 {
    fn into_json_operand(self) -> Result<(JsonType, Value<'static>), InvalidValue> {
        stored(JsonType::Float, &self)
    }
}

impl JsonOperand for bool {
    fn into_json_operand(self) -> Result<(JsonType, Value<'static>), InvalidValue> {
        stored(JsonType::Bool, &self)
    }
}

impl<E> Clone for JsonPath<E> {
    fn clone(&self) -> Self {
        Self { path: self.path.clone(), ..*self }
    }
}

impl<E: Entity> fmt::Debug for JsonPath<E> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}.{} {}", E::TABLE.name, self.name, self.path)
    }
}
