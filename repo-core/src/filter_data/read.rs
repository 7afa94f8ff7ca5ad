//! Data to a filter: every word is looked up, every value is made to fit its column.

use super::tree::{Number, Tree};
use super::{Count, Trust, path};
use crate::dialect::{JsonType, TextMatch};
use crate::filter::{Comparison, DocumentTest, Node};
use crate::schema::table::{ColumnDef, Table};
use crate::similar::{did_you_mean, list, shown};
use crate::value::column_type::ColumnType as _;
use crate::value::text;
use crate::value::{Kind, Value};

const JOINING: [&str; 3] = ["all", "any", "not"];

/// What a column can be asked, in the words of its methods.
const OPERATORS: [&str; 21] = [
    "eq",
    "ne",
    "lt",
    "le",
    "gt",
    "ge",
    "between",
    "in_list",
    "not_in",
    "is_null",
    "contains",
    "icontains",
    "starts_with",
    "ends_with",
    "ieq",
    "eq_column",
    "ne_column",
    "lt_column",
    "le_column",
    "gt_column",
    "ge_column",
];

/// What a place in a document can be asked.
const PATH_OPERATORS: [&str; 9] =
    ["eq", "ne", "lt", "le", "gt", "ge", "has_element", "exists", "is_null"];

/// The filter of a tree.
pub(super) fn read(tree: Tree, table: &'static Table, trust: Trust) -> Result<Node, String> {
    Reader { table, trust, count: Count::default() }.node(tree, 0)
}

struct Reader {
    table: &'static Table,
    trust: Trust,
    count: Count,
}

/// A condition on a column, before its operator is read.
struct Condition {
    column: usize,
    path: Option<String>,
    operator: String,
    value: Tree,
}

impl Reader {
    fn node(&mut self, tree: Tree, depth: usize) -> Result<Node, String> {
        let mut members = match tree {
            Tree::Bool(true) => return Ok(Node::Always),
            Tree::Bool(false) => return Ok(Node::Never),
            Tree::Object(members) => members,
            _ => return Err("a filter is an object, `true` or `false`".to_owned()),
        };
        refuse_repeated(&members)?;
        if !members.iter().any(|(name, _)| JOINING.contains(&&**name)) {
            let condition = self.condition(members)?;
            return self.leaf(condition);
        }
        match members.pop() {
            Some((word, inner)) if members.is_empty() => self.joined(&word, inner, depth),
            _ => {
                let word = list(JOINING);
                Err(format!("an object with one of {word} has nothing beside it"))
            }
        }
    }

    fn joined(&mut self, word: &str, inner: Tree, depth: usize) -> Result<Node, String> {
        // Whatever is in it, and if nothing is.
        Count::level(depth + 1)?;
        if word == "not" {
            return Ok(Node::Not(Box::new(self.node(inner, depth + 1)?)));
        }
        let Tree::List(parts) = inner else {
            return Err(format!("`{word}` has a list of filters"));
        };
        let nodes: Result<Vec<_>, _> =
            parts.into_iter().map(|part| self.node(part, depth + 1)).collect();
        Ok(if word == "all" { Node::All(nodes?) } else { Node::Any(nodes?) })
    }

    fn condition(&self, members: Vec<(String, Tree)>) -> Result<Condition, String> {
        let (mut name, mut steps, mut operators) = (None, None, Vec::new());
        for (word, value) in members {
            match word.as_str() {
                "column" => name = Some(value),
                "path" => steps = Some(value),
                _ => operators.push((word, value)),
            }
        }
        let column = self.column(name.as_ref())?;
        let name = self.table.columns[column].name;
        let path = steps.as_ref().map(path::read).transpose()?;
        let known = if path.is_some() { &PATH_OPERATORS[..] } else { &OPERATORS[..] };
        let unknown = |(word, _): &&(String, Tree)| !known.contains(&&**word);
        if let Some((word, _)) = operators.iter().find(unknown) {
            let help = did_you_mean(word, known.iter().copied(), "there are");
            return Err(format!("there is no operator `{}`: {help}", shown(word)));
        }
        let (operator, value) = operators
            .pop()
            .ok_or_else(|| format!("the condition on `{name}` has no operator, such as `eq`"))?;
        if let Some((other, _)) = operators.pop() {
            let problem = format!("the condition on `{name}` has `{other}` and `{operator}`");
            return Err(format!("{problem}: join two conditions by `all`"));
        }
        Ok(Condition { column, path, operator, value })
    }

    fn column(&self, name: Option<&Tree>) -> Result<usize, String> {
        let name = match name {
            Some(Tree::Text(name)) => name,
            Some(_) => return Err("`column` is the name of a column".to_owned()),
            None => return Err("a condition names its `column`".to_owned()),
        };
        let column = self.table.position(name).ok_or_else(|| {
            let visible = (0..self.table.columns.len())
                .filter(|column| self.trust.refuses(self.table, *column).is_none());
            let visible: Vec<_> = visible.map(|column| self.table.columns[column].name).collect();
            let help = did_you_mean(name, visible.iter().copied(), "there are");
            format!("`{}` has no column `{}`: {help}", self.table.entity, shown(name))
        })?;
        self.trust.refuses(self.table, column).map_or(Ok(column), Err)
    }

    fn leaf(&mut self, condition: Condition) -> Result<Node, String> {
        let Condition { column, path, operator, value } = condition;
        let def = &self.table.columns[column];
        self.count.condition(if let Tree::List(values) = &value { values.len() } else { 0 })?;
        if let Some(path) = path {
            if def.kind != Kind::Json {
                return Err(format!("`{}` is no JSON, and only JSON has paths", def.name));
            }
            return Ok(Node::Document { column, path, test: test(def, &operator, value)? });
        }
        if operator == "is_null" {
            return Ok(Node::Null { column, negated: !truth(&operator, &value)? });
        }
        if def.kind == Kind::Json {
            let problem = format!("`{}` is JSON, which is not compared as a whole", def.name);
            return Err(format!("{problem}: give a `path`, or ask whether it `is_null`"));
        }
        if let Some(comparison) = Comparison::of_word(&operator) {
            return Ok(Node::Compare { column, comparison, value: scalar(def, value)? });
        }
        if let Some(place) = TextMatch::of_word(&operator) {
            return search(def, column, place, value);
        }
        if let Some(comparison) = operator.strip_suffix("_column").and_then(Comparison::of_word) {
            let right = self.column(Some(&value))?;
            return columns(self.table, column, comparison, right);
        }
        several(def, column, &operator, value)
    }
}

fn refuse_repeated(members: &[(String, Tree)]) -> Result<(), String> {
    for (index, (name, _)) in members.iter().enumerate() {
        // Of the first few only: what has more is refused anyway, and comparing all is not free.
        if index > 4 {
            return Err("a condition has a column, an operator and perhaps a path".to_owned());
        }
        if members[..index].iter().any(|(earlier, _)| earlier == name) {
            return Err(format!("`{}` is given twice", shown(name)));
        }
    }
    Ok(())
}

fn truth(operator: &str, value: &Tree) -> Result<bool, String> {
    match value {
        Tree::Bool(value) => Ok(*value),
        _ => Err(format!("`{operator}` is `true` or `false`")),
    }
}

/// Between two values, or of a list.
fn several(def: &ColumnDef, column: usize, operator: &str, value: Tree) -> Result<Node, String> {
    let wrong = || {
        let many =
            if operator == "between" { "the lowest and the highest value" } else { "values" };
        format!("`{operator}` has a list of {many}")
    };
    let Tree::List(values) = value else { return Err(wrong()) };
    let values: Result<Vec<_>, _> = values.into_iter().map(|value| scalar(def, value)).collect();
    let values = values?;
    if operator != "between" {
        return Ok(Node::InList { column, values, negated: operator == "not_in" });
    }
    let [low, high] = <[_; 2]>::try_from(values).map_err(|_| wrong())?;
    Ok(Node::Between { column, low, high })
}

fn search(def: &ColumnDef, column: usize, place: TextMatch, value: Tree) -> Result<Node, String> {
    if def.kind != Kind::Text || !def.variants.is_empty() {
        return Err(format!("`{}` is no text, and only text is searched", def.name));
    }
    let Tree::Text(mut text) = value else { return Err(format!("`{}` is not a text", def.name)) };
    text.encode(Kind::Text).map_err(|invalid| format!("`{}` {invalid}", def.name))?;
    if matches!(place, TextMatch::ContainsIgnoreCase | TextMatch::EqualsIgnoreCase) {
        text.make_ascii_lowercase();
    }
    if text.is_empty() && place != TextMatch::EqualsIgnoreCase {
        return Ok(Node::Null { column, negated: true });
    }
    Ok(Node::Text { column, place, text })
}

fn columns(
    table: &Table,
    left: usize,
    comparison: Comparison,
    right: usize,
) -> Result<Node, String> {
    let (one, other) = (&table.columns[left], &table.columns[right]);
    let scale = |kind| if let Kind::Decimal { scale, .. } = kind { Some(scale) } else { None };
    let are_alike = match (scale(one.kind), scale(other.kind)) {
        (Some(one), Some(other)) => one == other,
        _ => one.kind == other.kind && one.variants == other.variants,
    };
    if are_alike {
        return Ok(Node::Columns { left, comparison, right });
    }
    Err(format!("`{}` and `{}` are of different types", one.name, other.name))
}

/// A value of the column.
fn scalar(def: &ColumnDef, value: Tree) -> Result<Value<'static>, String> {
    let text = match (value, def.kind) {
        (Tree::Null, _) => {
            return Err(format!(
                "nothing is compared with null: ask whether `{}` `is_null`",
                def.name
            ));
        }
        (Tree::Bool(value), Kind::Bool) => return Ok(Value::Bool(value)),
        (Tree::Text(_), Kind::Bool) => None,
        (Tree::Text(text), _) => Some(text),
        (Tree::Number(number), kind) => as_number(number, kind),
        _ => None,
    };
    let wrong = || format!("`{}` is not {}", def.name, text::kind_in_words(def.kind));
    let text = text.ok_or_else(wrong)?;
    text::read(&text, def).map_err(|invalid| format!("`{}` {invalid}", def.name))
}

/// The digits of a number, if a column of this kind holds numbers. A decimal with a point is a text, because
/// readers and writers of JSON take it for a float.
fn as_number(number: Number, kind: Kind) -> Option<String> {
    match (number, kind) {
        (Number::Float(_), Kind::F32 | Kind::F64) => Some(number.to_string()),
        (Number::Float(_), _) => None,
        (_, Kind::I16 | Kind::I32 | Kind::I64 | Kind::F32 | Kind::F64 | Kind::Decimal { .. }) => {
            Some(number.to_string())
        }
        _ => None,
    }
}

/// What is asked of a place in a document.
fn test(def: &ColumnDef, operator: &str, value: Tree) -> Result<DocumentTest, String> {
    if let Some(comparison) = Comparison::of_word(operator) {
        let (what, value) = in_document(def, value)?;
        return Ok(DocumentTest::Compare(comparison, what, value));
    }
    if operator == "has_element" {
        let (what, value) = in_document(def, value)?;
        return Ok(DocumentTest::Element(what, value));
    }
    let test = if operator == "exists" { DocumentTest::Exists } else { DocumentTest::Null };
    if truth(operator, &value)? {
        return Ok(test);
    }
    Err(format!("`{operator}` of a path is `true`: put `not` around it for the opposite"))
}

/// A value of a document, and what it is compared as.
fn in_document(def: &ColumnDef, value: Tree) -> Result<(JsonType, Value<'static>), String> {
    Ok(match value {
        Tree::Bool(value) => (JsonType::Bool, Value::Bool(value)),
        Tree::Number(Number::Signed(value)) => (JsonType::Integer, Value::I64(value)),
        Tree::Number(Number::Float(value)) if value.is_finite() => {
            (JsonType::Float, Value::F64(value + 0.0))
        }
        Tree::Text(text) if !text.contains('\0') => (JsonType::Text, Value::Text(text.into())),
        _ => {
            let operands = "is compared with a text, a number or a bool";
            return Err(format!("a place in `{}` {operands}", def.name));
        }
    })
}
