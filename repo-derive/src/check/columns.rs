//! What each field becomes: its name, its storage, and the keys that go together.

use proc_macro2::Ident;
use quote::ToTokens as _;
use syn::{Attribute, Expr, Generics, LitInt, Type};

use super::{Field, kept};
use crate::attr::Given;
use crate::diag::Diag;
use crate::model::{Column, Role, Storage};
use crate::{attr, names, types};

/// The columns, in the order of the fields.
pub(crate) fn check(
    fields: &[Field<'_>],
    roles: &[Option<Role>],
    generics: &Generics,
    diag: &mut Diag,
) -> Vec<Column> {
    let mut columns = Vec::<Column>::new();
    for (field, role) in fields.iter().zip(roles) {
        let mut column = column(field, *role, generics, diag);
        check_repeats(&mut column, field, &columns, diag);
        columns.push(column);
    }
    kept::check_former(fields, &columns, diag);
    columns
}

fn column(field: &Field<'_>, role: Option<Role>, generics: &Generics, diag: &mut Diag) -> Column {
    let Field { ident, syntax, attr } = field;
    if let Some(role) = role {
        check_managed(role, field, diag);
    }
    let is_mistaken = check_type(field, role, diag);
    let (is_managed, is_json) = (role.is_some(), attr.json.is_some());
    Column {
        ident: names::expanded((*ident).clone()),
        vis: names::visibility(&syntax.vis),
        ty: syntax.ty.clone(),
        docs: docs(&syntax.attrs),
        name: name(field, diag),
        constant: names::constant(ident),
        storage: if is_managed { Storage::Plain } else { storage(field) },
        is_generic: is_generic(&syntax.ty, generics),
        is_mistaken,
        role,
        assigned: is_assigned(field, role, diag),
        decimal: attr.decimal.as_ref().filter(|_| !is_json).map(|given| digits(given, diag)),
        max_length: attr
            .max_length
            .as_ref()
            .filter(|_| !is_json && may_be_text(field, role))
            .and_then(|given| length(given, diag)),
        default: attr
            .default
            .as_ref()
            .filter(|_| may_have_default(field, role))
            .map(|given| given.value.clone()),
        fixed: attr.fixed.is_some(),
        sensitive: attr.sensitive.is_some(),
        formerly: attr.formerly.iter().map(syn::LitStr::value).collect(),
        added_with: added_with(field, role, diag),
    }
}

fn name(field: &Field<'_>, diag: &mut Diag) -> String {
    let given = field.attr.column.as_ref().map(|given| &given.value);
    let name = given.map_or_else(|| names::plain(field.ident), syn::LitStr::value);
    kept::check_column(field.ident, given, &name, diag);
    name
}

fn storage(field: &Field<'_>) -> Storage {
    match types::inside_option(&field.syntax.ty) {
        _ if field.attr.json.is_none() => Storage::Plain,
        Some(inner) => Storage::OptionalJson(Box::new(inner.clone())),
        None => Storage::Json,
    }
}

/// What rows have that were there before the column, if the audit trail may tell it.
fn added_with(field: &Field<'_>, role: Option<Role>, diag: &mut Diag) -> Option<Expr> {
    let given = field.attr.added_with.as_ref()?;
    let ident = field.ident;
    let problem = match role {
        Some(role @ (Role::Id | Role::Tenant)) => {
            format!(
                "`{ident}` is the `{}`, without which there was no entry of the row",
                role.key()
            )
        }
        _ if field.attr.sensitive.is_some() => {
            format!("`{ident}` is sensitive: `as_of` gives no value of it")
        }
        _ => return Some(given.value.clone()),
    };
    diag.error(&given.key, problem, "remove `added_with`");
    None
}

fn docs(attributes: &[Attribute]) -> Vec<Attribute> {
    attributes.iter().filter(|attribute| attribute.path().is_ident("doc")).cloned().collect()
}

/// Reports keys that mean nothing on a column that the repository writes by itself.
fn check_managed(role: Role, field: &Field<'_>, diag: &mut Diag) {
    let attr = &field.attr;
    let keys = [
        attr.plain.as_ref().map(|given| &given.key),
        attr.json.as_ref().map(|given| &given.key),
        attr.default
            .as_ref()
            .filter(|_| !may_have_default(field, Some(role)))
            .map(|given| &given.key),
        attr.fixed.as_ref().map(|given| &given.key),
        attr.sensitive.as_ref().map(|given| &given.key),
        attr.decimal.as_ref().map(|given| &given.key),
        attr.max_length
            .as_ref()
            .filter(|_| !may_be_text(field, Some(role)))
            .map(|given| &given.key),
        attr.references.as_ref().filter(|_| !may_refer(role)).map(|given| &given.key),
    ];
    for key in keys.into_iter().flatten() {
        let why = match &attr.assigned {
            Some(_) if role == Role::Id => "which is given, never changes and is shown",
            _ => "which the repository writes",
        };
        diag.error(
            key,
            format_args!("`{}` is the `{}`, {why}", field.ident, role.key()),
            format_args!("remove `{key}`"),
        );
    }
}

/// Whether what the program says may stand there, of which the compiler knows whether it is a text.
fn may_be_text(field: &Field<'_>, role: Option<Role>) -> bool {
    match role {
        Some(Role::Id) => field.attr.assigned.is_some(),
        Some(role) => matches!(role, Role::Tenant | Role::CorrelationId),
        None => true,
    }
}

/// Whether the program says what stands there where nobody gives it.
fn may_have_default(field: &Field<'_>, role: Option<Role>) -> bool {
    role.is_none_or(|role| role == Role::Id && field.attr.assigned.is_some())
}

/// Whether the id is given; reports another field of which that is said, and an id that refers to a row and is made.
fn is_assigned(field: &Field<'_>, role: Option<Role>, diag: &mut Diag) -> bool {
    let Field { ident, attr, .. } = field;
    match (&attr.assigned, role) {
        (Some(_), Some(Role::Id)) => true,
        (Some(given), _) => {
            let problem = format_args!("`{ident}` is not the id, and only an id is assigned");
            let help = match role {
                Some(_) => "remove `assigned`",
                None => "remove `assigned`, or write `id, assigned` if it is the id",
            };
            diag.error(&given.key, problem, help);
            false
        }
        (None, Some(Role::Id)) => {
            if let Some(given) = &attr.references {
                let problem =
                    format_args!("`{ident}` refers to a row, and a new id would refer to none");
                let help = "add `assigned`: whoever creates a row gives its id";
                diag.error(&given.key, problem, help);
            }
            false
        }
        (None, _) => false,
    }
}

/// Whether the value may be the id of a row: of the tenant's own, of what this one extends, of a request.
pub(super) fn may_refer(role: Role) -> bool {
    matches!(role, Role::Id | Role::Tenant | Role::CorrelationId)
}

/// Reports what is wrong with a type as it is written; returns whether anything is.
fn check_type(field: &Field<'_>, role: Option<Role>, diag: &mut Diag) -> bool {
    let Field { ident, syntax, attr } = field;
    if let Some(json) = &attr.json {
        for key in beside_json(attr) {
            let problem = format_args!("`{ident}` is a JSON document and cannot be `{key}`");
            let help =
                format_args!("remove `{key}`, or `{}` for a column of its own type", json.key);
            diag.error(key, problem, help);
        }
        return false;
    }
    let inner = types::inside_option(&syntax.ty);
    if inner.is_some() && matches!(role, Some(Role::Id | Role::Tenant)) {
        return true;
    }
    if inner.and_then(types::inside_option).is_some() {
        let problem =
            format_args!("`{ident}` has two ways to be missing, and a column has one `NULL`");
        diag.error(&syntax.ty, problem, "write one `Option`");
        return true;
    }
    false
}

fn is_generic(ty: &Type, generics: &Generics) -> bool {
    let mut parameters = generics.type_params();
    parameters.any(|parameter| types::mentions(ty.to_token_stream(), &parameter.ident))
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

/// The digits of a decimal; any where they are a mistake.
fn digits(given: &Given<Vec<LitInt>>, diag: &mut Diag) -> (u8, u8) {
    let [precision, scale] = given.value.as_slice() else { return (1, 0) };
    let example = "write `decimal(12, 2)`";
    let digits = precision.base10_parse::<u8>().ok().filter(|digits| (1..=18).contains(digits));
    let Some(digits) = digits else {
        diag.error(precision, "a decimal has 1 to 18 digits", example);
        return (1, 0);
    };
    let after = scale.base10_parse::<u8>().ok().filter(|after| *after <= digits);
    if after.is_none() {
        let problem =
            format_args!("a decimal of {digits} digits has 0 to {digits} after the point");
        diag.error(scale, problem, example);
    }
    (digits, after.unwrap_or(0))
}

fn length(given: &Given<LitInt>, diag: &mut Diag) -> Option<u32> {
    let length = given.value.base10_parse::<u32>().ok().filter(|length| *length > 0);
    if length.is_none() {
        let help = "write the most characters that the text may have: `max_length = 200`";
        diag.error(&given.value, "a length is a number from 1 to 4294967295", help);
    }
    length
}

/// Reports names that two columns would share, and gives the second one another.
fn check_repeats(column: &mut Column, field: &Field<'_>, earlier: &[Column], diag: &mut Diag) {
    let (name, ident) = (&column.name, field.ident);
    // SQLite tells no columns apart by case.
    if let Some(other) = earlier.iter().find(|other| other.name.eq_ignore_ascii_case(name)) {
        let problem = format_args!(
            "two columns are called `{name}`: those of `{}` and `{ident}`",
            other.ident
        );
        let help = "give one of them another name: `#[repository(column = \"name\")]`";
        match &field.attr.column {
            Some(given) => diag.error(&given.value, problem, help),
            None => diag.error(ident, problem, help),
        }
    }
    let constant = column.constant.to_string();
    if let Some(other) = earlier.iter().find(|other| other.constant == constant) {
        let problem =
            format_args!("`{}` and `{ident}` would share the constant `{constant}`", other.ident);
        diag.error(ident, problem, "rename one of the fields");
        column.constant = names::ident_at(&format!("{constant}_{}", earlier.len()), ident);
    }
    if names::plain(ident) == "new" && (column.is_changeable() || column.default.is_some()) {
        diag.error(
            ident,
            "a setter `new` would hide the function `new` of a generated type",
            "rename the field, and keep its column with `#[repository(column = \"new\")]`",
        );
        (column.fixed, column.default) = (true, None);
    }
}
