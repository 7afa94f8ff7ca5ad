//! A field of a search: which column it is about, what is asked of it, and when.

use proc_macro2::Ident;
use quote::ToTokens as _;
use syn::parse::ParseStream;
use syn::{Field, Path, Type};

use super::STRUCT_KEYS;
use crate::attr::{Given, Reader, value};
use crate::diag::Diag;
use crate::{names, types};

/// The methods of a column that take one value.
const OF_ONE: [&str; 12] = [
    "eq",
    "ne",
    "lt",
    "le",
    "gt",
    "ge",
    "contains",
    "icontains",
    "starts_with",
    "ends_with",
    "ieq",
    "on",
];

/// The methods of a column that take several.
const OF_MANY: [&str; 2] = ["in_list", "not_in"];

/// The keys of a field.
pub(super) const FIELD_KEYS: [&str; 17] = [
    "eq",
    "ne",
    "lt",
    "le",
    "gt",
    "ge",
    "contains",
    "icontains",
    "starts_with",
    "ends_with",
    "ieq",
    "on",
    "in_list",
    "not_in",
    "is_null",
    "column",
    "skip",
];

/// A condition, if the field has a value.
pub(super) struct Sought<'i> {
    pub(super) ident: &'i Ident,
    pub(super) ty: &'i Type,
    /// The constant of the column, at the place that names it.
    pub(super) column: Ident,
    pub(super) asked: Asked,
}

/// What the field holds, and so what is called.
pub(super) enum Asked {
    /// A method, with the value of an `Option`.
    One(Ident),
    /// A method, with the values of a `Vec` that is not empty.
    Many(Ident),
    /// The same, of an `Option` of a `Vec`.
    PerhapsMany(Ident),
    /// Whether there is a value.
    Null,
}

#[derive(Default)]
struct Keys {
    operator: Option<Ident>,
    column: Option<Given<Path>>,
    skip: Option<Given<()>>,
    /// A mistake is reported already.
    is_mistaken: bool,
}

/// The condition of a field; none if it is left out, or a mistake.
pub(super) fn check<'i>(
    field: &'i Field,
    entity: Option<&Type>,
    diag: &mut Diag,
) -> Option<Sought<'i>> {
    let keys = read(field, diag);
    let ident = field.ident.as_ref()?;
    if let Some(skip) = keys.skip {
        let beside = keys.operator.or(keys.column.map(|given| given.key));
        if let Some(key) = beside {
            let problem = format_args!("`{key}` and `skip` exclude each other");
            diag.error(skip.key, problem, "remove one of the two");
        }
        return None;
    }
    let column = match &keys.column {
        Some(given) => constant(&given.value, entity, diag),
        None => Some(names::constant(ident)),
    };
    // As part of the expansion, as the constant is, so that rustc points at the field and not at the derive.
    let operator = keys.operator.map(names::expanded);
    let asked = asked(ident, &field.ty, operator, diag)?;
    (!keys.is_mistaken).then_some(Sought { ident, ty: &field.ty, column: column?, asked })
}

/// The constant that is named alone, or as one of the entity.
fn constant(path: &Path, entity: Option<&Type>, diag: &mut Diag) -> Option<Ident> {
    let mut words: Vec<_> = path.segments.iter().map(|segment| &segment.ident).collect();
    let constant = words.pop()?;
    let Some(entity) = entity.filter(|entity| !types::may_be_called(entity, &words)) else {
        return Some(constant.clone());
    };
    let (path, entity) =
        (types::show(path.to_token_stream()), types::show(entity.to_token_stream()));
    let problem = format_args!("`{path}` is no column of `{entity}`, which is searched");
    diag.error(constant, problem, format_args!("name one of its columns: `column = {constant}`"));
    None
}

fn read(field: &Field, diag: &mut Diag) -> Keys {
    let mut keys = Keys::default();
    Reader::new(diag, "search").read(&field.attrs, &mut |reader, key, input: ParseStream<'_>| {
        match key.to_string().as_str() {
            "column" => {
                keys.is_mistaken = true;
                let named = value(key, input, "column = CREATED_AT")?;
                keys.is_mistaken = false;
                reader.put(&mut keys.column, key, named);
            }
            "skip" => reader.put(&mut keys.skip, key, ()),
            word if FIELD_KEYS.contains(&word) => keys.operator(reader, key),
            _ => {
                keys.is_mistaken = true;
                reader.unknown(key, &FIELD_KEYS, ("the struct", &STRUCT_KEYS));
                return Ok(false);
            }
        }
        Ok(true)
    });
    keys
}

impl Keys {
    fn operator(&mut self, reader: &mut Reader<'_>, key: &Ident) {
        let Some(first) = &self.operator else {
            self.operator = Some(key.clone());
            return;
        };
        let problem = format_args!("a field is one condition, and this is `{first}` and `{key}`");
        reader.diag.error(key, problem, "write a field for each");
    }
}

/// What is called; none where the type of the field does not go with it.
fn asked(ident: &Ident, ty: &Type, given: Option<Ident>, diag: &mut Diag) -> Option<Asked> {
    let is_default = given.is_none();
    let operator = given.unwrap_or_else(|| names::ident_at("eq", ident));
    let (name, shown) = (names::plain(ident), types::show(ty.to_token_stream()));
    let inner = types::inside_option(ty);
    if OF_MANY.iter().any(|word| operator == word) {
        if types::inside_vec(ty).is_some() {
            return Some(Asked::Many(operator));
        }
        if inner.and_then(types::inside_vec).is_some() {
            return Some(Asked::PerhapsMany(operator));
        }
        let item = inner.map_or(shown, |inner| types::show(inner.to_token_stream()));
        let problem = format_args!("`{operator}` is asked with several values");
        diag.error(ty, problem, format_args!("write `Vec<{item}>`"));
        return None;
    }
    if operator == "is_null" {
        if inner.is_some_and(types::is_bool) {
            return Some(Asked::Null);
        }
        let problem = "`is_null` is asked with a bool: `true` for no value, `false` for any";
        diag.error(ty, problem, "write `Option<bool>`");
        return None;
    }
    let item = types::inside_vec(inner.unwrap_or(ty)).filter(|item| !types::is_u8(item));
    if let Some(item) = item {
        let (default, help) = if is_default {
            (", the default,", "add `in_list`: `#[search(in_list)]`".to_owned())
        } else {
            let item = types::show(item.to_token_stream());
            ("", format!("write `in_list` instead of `{operator}`, or `Option<{item}>`"))
        };
        let problem = format!("`{name}` has several values, and `{operator}`{default} takes one");
        diag.error(ty, problem, help);
        return None;
    }
    if inner.is_some() && OF_ONE.iter().any(|word| operator == word) {
        return Some(Asked::One(operator));
    }
    diag.error(
        ty,
        format_args!("`{name}` is always there, and a search leaves out what is not sought"),
        format_args!("write `Option<{shown}>`, or leave it out of the search: `#[search(skip)]`"),
    );
    None
}
