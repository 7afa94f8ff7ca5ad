//! What each field becomes: its name, its storage, and the keys that go together.

use proc_macro2::Ident;
use syn::{Attribute, LitInt};

use super::Field;
use crate::attr::Given;
use crate::diag::Diag;
use crate::model::{Column, Role, Storage};
use crate::{attr, names, types};

/// The columns, in the order of the fields.
pub(crate) fn check(fields: &[Field<'_>], roles: &[Option<Role>], diag: &mut Diag) -> Vec<Column> {
    let mut columns = Vec::<Column>::new();
    for (field, role) in fields.iter().zip(roles) {
        let column = column(field, *role, diag);
        check_repeats(&column, field, &columns, diag);
        columns.push(column);
    }
    columns
}

fn column(field: &Field<'_>, role: Option<Role>, diag: &mut Diag) -> Column {
    let Field { ident, syntax, attr } = field;
    if let Some(role) = role {
        check_managed(role, field, diag);
    }
    check_storage(field, diag);
    let plain = names::plain(ident);
    let constant = names::screaming_snake_case(&plain);
    let is_managed = role.is_some();
    Column {
        ident: names::expanded((*ident).clone()),
        vis: syntax.vis.clone(),
        ty: syntax.ty.clone(),
        docs: docs(&syntax.attrs),
        name: name(field, diag),
        constant: names::ident_at(&constant, ident),
        storage: if is_managed { Storage::Plain } else { storage(field) },
        role,
        decimal: attr.decimal.as_ref().and_then(|given| digits(given, diag)),
        max_length: attr.max_length.as_ref().and_then(|given| length(given, diag)),
        default: attr.default.as_ref().filter(|_| !is_managed).map(|given| given.value.clone()),
        fixed: attr.fixed.is_some(),
        sensitive: attr.sensitive.is_some(),
    }
}

fn name(field: &Field<'_>, diag: &mut Diag) -> String {
    let Some(given) = &field.attr.column else { return names::plain(field.ident) };
    super::check_name(&given.value, "column", diag);
    given.value.value()
}

fn storage(field: &Field<'_>) -> Storage {
    match types::inside_option(&field.syntax.ty) {
        _ if field.attr.json.is_none() => Storage::Plain,
        Some(inner) => Storage::OptionalJson(Box::new(inner.clone())),
        None => Storage::Json,
    }
}

fn docs(attributes: &[Attribute]) -> Vec<Attribute> {
    attributes.iter().filter(|attribute| attribute.path().is_ident("doc")).cloned().collect()
}

/// Reports keys that mean nothing on a column that the repository writes by itself.
fn check_managed(role: Role, field: &Field<'_>, diag: &mut Diag) {
    let attr = &field.attr;
    let keys = [
        attr.json.as_ref().map(|given| &given.key),
        attr.default.as_ref().map(|given| &given.key),
        attr.fixed.as_ref().map(|given| &given.key),
        attr.sensitive.as_ref().map(|given| &given.key),
        attr.decimal.as_ref().map(|given| &given.key),
    ];
    for key in keys.into_iter().flatten() {
        diag.error(
            key,
            format_args!("`{}` is the `{}`, which the repository writes", field.ident, role.key()),
            format_args!("remove `{key}`"),
        );
    }
}

fn check_storage(field: &Field<'_>, diag: &mut Diag) {
    let Field { ident, syntax, attr } = field;
    if let Some(json) = &attr.json {
        for key in beside_json(attr) {
            diag.error(
                key,
                format_args!("`{ident}` is a JSON document and cannot be `{key}`"),
                format_args!("remove `{key}`, or `{}` for a column of its own type", json.key),
            );
        }
        return;
    }
    let inner = types::inside_option(&syntax.ty);
    if inner.and_then(types::inside_option).is_some() {
        diag.error(
            &syntax.ty,
            format_args!("`{ident}` has two ways to be missing, and a column has one `NULL`"),
            "write one `Option`",
        );
    }
    if attr.decimal.is_none() && types::is_decimal(&syntax.ty) {
        diag.error(
            &syntax.ty,
            format_args!("`{ident}` is a decimal of unknown size"),
            "say how many digits it has, and how many of them after the point: \
             `#[repository(decimal(12, 2))]`",
        );
    }
}

fn beside_json(attr: &attr::Field) -> impl Iterator<Item = &Ident> {
    let keys = [
        attr.decimal.as_ref().map(|given| &given.key),
        attr.max_length.as_ref().map(|given| &given.key),
        attr.references.as_ref().map(|given| &given.key),
        attr.unique.as_ref().map(|given| &given.key),
        attr.index.as_ref().map(|given| &given.key),
    ];
    keys.into_iter().flatten()
}

fn digits(given: &Given<Vec<LitInt>>, diag: &mut Diag) -> Option<(u8, u8)> {
    let [precision, scale] = given.value.as_slice() else { return None };
    let example = "write `decimal(12, 2)`";
    let digits = precision.base10_parse::<u8>().ok().filter(|digits| (1..=18).contains(digits));
    let Some(digits) = digits else {
        diag.error(precision, "a decimal has 1 to 18 digits", example);
        return None;
    };
    let after = scale.base10_parse::<u8>().ok().filter(|after| *after <= digits);
    if after.is_none() {
        let problem =
            format_args!("a decimal of {digits} digits has 0 to {digits} after the point");
        diag.error(scale, problem, example);
    }
    after.map(|after| (digits, after))
}

fn length(given: &Given<LitInt>, diag: &mut Diag) -> Option<u32> {
    let length = given.value.base10_parse::<u32>().ok().filter(|length| *length > 0);
    if length.is_none() {
        let help = "write the most characters that the text may have: `max_length = 200`";
        diag.error(&given.value, "a length is a number from 1 to 4294967295", help);
    }
    length
}

fn check_repeats(column: &Column, field: &Field<'_>, earlier: &[Column], diag: &mut Diag) {
    let name = &column.name;
    // SQLite tells no columns apart by case.
    if let Some(other) = earlier.iter().find(|other| other.name.eq_ignore_ascii_case(name)) {
        let help = "give one of them another name: `#[repository(column = \"name\")]`";
        let problem = format_args!(
            "two columns are called `{name}`: those of `{}` and `{}`",
            other.ident, field.ident
        );
        match &field.attr.column {
            Some(given) => diag.error(&given.value, problem, help),
            None => diag.error(field.ident, problem, help),
        }
    } else if let Some(other) = earlier.iter().find(|other| other.constant == column.constant) {
        diag.error(
            field.ident,
            format_args!(
                "`{}` and `{}` would both have the constant `{}`",
                other.ident, field.ident, column.constant
            ),
            "rename one of the fields",
        );
    } else if names::plain(field.ident) == "new" && column.is_changeable() {
        diag.error(
            field.ident,
            "a setter `new` would hide the function that makes a patch",
            "rename the field, and keep its column with `#[repository(column = \"new\")]`",
        );
    }
}
