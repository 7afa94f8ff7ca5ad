//! The attributes of a struct.

use std::fmt;

use proc_macro2::Ident;
use syn::ext::IdentExt as _;
use syn::parse::ParseStream;
use syn::{Attribute, LitStr, Path};

use super::reader::{Given, Reader, items, problem, value};
use super::{FIELD_KEYS, STRUCT_KEYS};
use crate::diag::Diag;
use crate::names;

/// The keys of a struct, as they were written.
#[derive(Default)]
pub(crate) struct Structure {
    pub(crate) table: Option<Given<LitStr>>,
    /// Whether `table` is written, even if its value cannot be read.
    pub(crate) has_table: bool,
    /// The names that the table had before.
    pub(crate) formerly: Vec<LitStr>,
    pub(crate) tenant: Option<Given<()>>,
    pub(crate) soft_delete: Option<Given<()>>,
    pub(crate) immutable: Option<Given<()>>,
    pub(crate) versioned: Option<Given<()>>,
    /// Whether entries form a chain.
    pub(crate) audited: Option<Given<bool>>,
    pub(crate) timestamps: Option<Given<()>>,
    pub(crate) correlated: Option<Given<()>>,
    /// The changes that are validated.
    pub(crate) validate: Option<Given<Vec<Ident>>>,
    pub(crate) events: Option<Given<()>>,
    pub(crate) krate: Option<Given<Path>>,
    pub(crate) indexes: Vec<RawIndex>,
}

/// `index(..)` or `unique(..)`, whose columns are not looked up yet.
pub(crate) struct RawIndex {
    pub(crate) key: Ident,
    pub(crate) unique: bool,
    pub(crate) global: Option<Ident>,
    pub(crate) columns: Vec<RawColumn>,
}

/// A field in an index, and its direction.
pub(crate) struct RawColumn {
    pub(crate) field: Ident,
    /// The word behind it: `asc` or `desc`, unless it is a mistake.
    pub(crate) direction: Option<Ident>,
}

impl fmt::Display for RawColumn {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}", self.field)?;
        self.direction.iter().try_for_each(|direction| write!(f, " {direction}"))
    }
}

/// Reads the attributes of a struct.
pub(crate) fn read_structure(attributes: &[Attribute], diag: &mut Diag) -> Structure {
    let mut read = Structure::default();
    Reader::new(diag, "repository")
        .read(attributes, &mut |reader, key, input| read.key(reader, key, input));
    read
}

impl Structure {
    /// The policy key that was given, by its name.
    pub(crate) fn policy(&self, name: &str) -> Option<&Ident> {
        let given = match name {
            "tenant" => &self.tenant,
            "soft_delete" => &self.soft_delete,
            "versioned" => &self.versioned,
            "timestamps" => &self.timestamps,
            "correlated" => &self.correlated,
            _ => return None,
        };
        given.as_ref().map(|given| &given.key)
    }

    fn key(
        &mut self,
        reader: &mut Reader<'_>,
        key: &Ident,
        input: ParseStream<'_>,
    ) -> syn::Result<bool> {
        match key.to_string().as_str() {
            "table" => {
                self.has_table = true;
                reader.put(&mut self.table, key, value(key, input, "table = \"name\"")?);
            }
            "formerly" => self.formerly.push(value(key, input, "formerly = \"name\"")?),
            "tenant" => reader.put(&mut self.tenant, key, ()),
            "soft_delete" => reader.put(&mut self.soft_delete, key, ()),
            "immutable" => reader.put(&mut self.immutable, key, ()),
            "versioned" => reader.put(&mut self.versioned, key, ()),
            "audited" => {
                let chained = chained(key, input);
                reader.put(&mut self.audited, key, *chained.as_ref().unwrap_or(&true));
                chained?;
            }
            "timestamps" => reader.put(&mut self.timestamps, key, ()),
            "correlated" => reader.put(&mut self.correlated, key, ()),
            "validate" => {
                let changes = changes(reader, key, input)?;
                reader.put(&mut self.validate, key, changes);
            }
            "events" => reader.put(&mut self.events, key, ()),
            "crate" => reader.put(&mut self.krate, key, value(key, input, "crate = path")?),
            "index" | "unique" => self.indexes.push(index(key, input)?),
            _ => {
                reader.unknown(key, &STRUCT_KEYS, ("a field", &FIELD_KEYS));
                return Ok(false);
            }
        }
        Ok(true)
    }
}

/// `audited`, or `audited(unchained)`.
fn chained(key: &Ident, input: ParseStream<'_>) -> syn::Result<bool> {
    if !input.peek(syn::token::Paren) {
        return Ok(true);
    }
    let example = "audited(unchained)";
    let words = items(key, input, Ident::parse_any, example)?;
    match &words[..] {
        [word] if word == "unchained" => Ok(false),
        [first, ..] => Err(problem(
            first,
            "the entries of an audit trail are a chain, or `unchained`",
            format_args!("write `audited` or `{example}`"),
        )),
        [] => Ok(true),
    }
}

/// `validate(create, update, delete)`, or some of them.
fn changes(
    reader: &mut Reader<'_>,
    key: &Ident,
    input: ParseStream<'_>,
) -> syn::Result<Vec<Ident>> {
    const CHANGES: [&str; 3] = ["create", "update", "delete"];
    let mut changes = Vec::new();
    for word in items(key, input, Ident::parse_any, "validate(create, update, delete)")? {
        let name = names::plain(&word);
        if !CHANGES.contains(&name.as_str()) {
            let help = names::did_you_mean(&name, CHANGES, "what can be validated:");
            reader.diag.error(&word, format_args!("there is no change `{name}`"), help);
        } else if changes.contains(&word) {
            let help = "remove one of the two";
            reader.diag.error(&word, format_args!("`{name}` is given twice"), help);
        } else {
            changes.push(word);
        }
    }
    Ok(changes)
}

fn index(key: &Ident, input: ParseStream<'_>) -> syn::Result<RawIndex> {
    let unique = key == "unique";
    let example = if unique { "unique(a, b)" } else { "index(a, b desc)" };
    let mut columns = items(key, input, column, example)?;
    let is_global =
        columns.len() > 1 && columns[0].field == "global" && columns[0].direction.is_none();
    let global = is_global.then(|| columns.remove(0).field);
    Ok(RawIndex { key: key.clone(), unique, global, columns })
}

fn column(input: ParseStream<'_>) -> syn::Result<RawColumn> {
    let field = input.call(Ident::parse_any)?;
    let direction = input.call(|input: ParseStream<'_>| {
        input.peek(syn::Ident::peek_any).then(|| input.call(Ident::parse_any)).transpose()
    })?;
    Ok(RawColumn { field, direction })
}
