//! The attributes of a field.

use proc_macro2::Ident;
use syn::ext::IdentExt as _;
use syn::parse::ParseStream;
use syn::{Attribute, Expr, LitInt, LitStr, Type};

use super::reader::{Given, Reader, items, problem, value, value_or};
use super::{FIELD_KEYS, STRUCT_KEYS};
use crate::diag::Diag;
use crate::model::Role;

/// The keys of a field, as they were written.
#[derive(Default)]
pub(crate) struct Field {
    pub(crate) roles: Vec<Given<Role>>,
    /// It has no role, whatever its name.
    pub(crate) plain: Option<Given<()>>,
    /// Whoever creates a row gives its id.
    pub(crate) assigned: Option<Given<()>>,
    pub(crate) unique: Option<Given<()>>,
    pub(crate) index: Option<Given<()>>,
    pub(crate) column: Option<Given<LitStr>>,
    pub(crate) json: Option<Given<()>>,
    pub(crate) decimal: Option<Given<Vec<LitInt>>>,
    pub(crate) max_length: Option<Given<LitInt>>,
    pub(crate) default: Option<Given<Expr>>,
    pub(crate) fixed: Option<Given<()>>,
    pub(crate) sensitive: Option<Given<()>>,
    /// Former names: the key may be repeated.
    pub(crate) formerly: Vec<LitStr>,
    /// What rows have that were there before the column.
    pub(crate) added_with: Option<Given<Expr>>,
    pub(crate) references: Option<Given<Type>>,
    pub(crate) on_delete: Option<Given<OnDelete>>,
    pub(crate) deleted: Option<Given<DeletedParent>>,
}

/// What deleting the parent does.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum OnDelete {
    Restrict,
    Cascade,
}

/// Whether a parent that is deleted is seen.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum DeletedParent {
    Hide,
    Show,
}

/// All values of `on_delete`. A key of the database that sets a reference to NULL would do so with the tenant, and
/// record nothing.
const WAYS_OF_DELETION: &str = "write `on_delete = restrict`, which keeps the parent while rows refer to it, or \
    `on_delete = cascade`, which deletes them with it; nothing sets the reference to NULL by itself: patch it to `None` \
    before you delete the parent";

/// Reads the attributes of a field.
pub(crate) fn read_field(attributes: &[Attribute], diag: &mut Diag) -> Field {
    let mut read = Field::default();
    Reader::new(diag, "repository")
        .read(attributes, &mut |reader, key, input| read.key(reader, key, input));
    read
}

impl Field {
    fn key(
        &mut self,
        reader: &mut Reader<'_>,
        key: &Ident,
        input: ParseStream<'_>,
    ) -> syn::Result<bool> {
        match key.to_string().as_str() {
            "plain" => reader.put(&mut self.plain, key, ()),
            "assigned" => reader.put(&mut self.assigned, key, ()),
            "unique" => reader.put(&mut self.unique, key, alone(key, input)?),
            "index" => reader.put(&mut self.index, key, alone(key, input)?),
            "column" => reader.put(&mut self.column, key, value(key, input, "column = \"name\"")?),
            "json" => reader.put(&mut self.json, key, ()),
            "decimal" => {
                // Without digits where they cannot be read: it is a decimal all the same.
                let digits = decimal(key, input);
                let read = digits.clone().unwrap_or_default();
                reader.put(&mut self.decimal, key, read);
                digits?;
            }
            "max_length" => {
                reader.put(&mut self.max_length, key, value(key, input, "max_length = 200")?);
            }
            "default" => {
                reader.put(&mut self.default, key, value(key, input, "default = expression")?)
            }
            "fixed" => reader.put(&mut self.fixed, key, ()),
            "sensitive" => reader.put(&mut self.sensitive, key, ()),
            "formerly" => self.formerly.push(value(key, input, "formerly = \"name\"")?),
            "added_with" => {
                let value = value(key, input, "added_with = expression")?;
                reader.put(&mut self.added_with, key, value);
            }
            "references" => {
                reader.put(&mut self.references, key, value(key, input, "references = Parent")?);
            }
            "on_delete" => {
                reader.put(&mut self.on_delete, key, value_or(key, input, WAYS_OF_DELETION)?);
            }
            "deleted" => {
                reader.put(&mut self.deleted, key, value(key, input, "deleted = show")?);
            }
            word => return Ok(self.role(word, reader, key)),
        }
        Ok(true)
    }

    fn role(&mut self, word: &str, reader: &mut Reader<'_>, key: &Ident) -> bool {
        let Some(role) = Role::ALL.into_iter().find(|role| role.key() == word) else {
            reader.unknown(key, &FIELD_KEYS, ("the struct", &STRUCT_KEYS));
            return false;
        };
        let same = self.roles.iter().position(|given| given.value == role);
        let mut place = same.map(|at| self.roles.remove(at));
        reader.put(&mut place, key, role);
        self.roles.extend(place);
        true
    }
}

/// `unique` and `index` list columns on the struct, not on a field.
fn alone(key: &Ident, input: ParseStream<'_>) -> syn::Result<()> {
    if !input.peek(syn::token::Paren) {
        return Ok(());
    }
    Err(problem(
        key,
        format_args!("`{key}` on a field is for that field alone"),
        format_args!("write `{key}`, or move `{key}(..)` to the `#[repository(..)]` of the struct"),
    ))
}

fn decimal(key: &Ident, input: ParseStream<'_>) -> syn::Result<Vec<LitInt>> {
    let example = "decimal(12, 2)";
    let digits = items(key, input, |input| input.parse::<LitInt>(), example)?;
    if digits.len() == 2 {
        return Ok(digits);
    }
    Err(problem(
        key,
        "`decimal` takes two numbers: all digits, and those after the point",
        format_args!("write `{example}`"),
    ))
}

impl syn::parse::Parse for DeletedParent {
    fn parse(input: ParseStream<'_>) -> syn::Result<Self> {
        let word = input.call(Ident::parse_any)?;
        match word.to_string().as_str() {
            "hide" => Ok(Self::Hide),
            "show" => Ok(Self::Show),
            _ => Err(input.error("neither `hide` nor `show`")),
        }
    }
}

impl syn::parse::Parse for OnDelete {
    fn parse(input: ParseStream<'_>) -> syn::Result<Self> {
        let word = input.call(Ident::parse_any)?;
        match word.to_string().as_str() {
            "restrict" => Ok(Self::Restrict),
            "cascade" => Ok(Self::Cascade),
            _ => Err(input.error("neither `restrict` nor `cascade`")),
        }
    }
}
