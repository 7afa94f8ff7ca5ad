//! The rules: attributes in, a valid [`Entity`] out, and every mistake on the way.
//!
//! What only the compiler knows, such as whether a type fits in a column, is asked in the expansion
//! (`expand/questions.rs`). After a mistake the rules go on with what the user most likely meant, so
//! that one mistake is reported once.

mod columns;
mod forgotten;
mod indexes;
mod kept;
mod policies;
mod roles;
pub(crate) mod shape;

use proc_macro2::Ident;
use quote::{ToTokens, format_ident, quote};
use syn::{Data, DeriveInput, LitStr, Meta, Type};

use crate::attr::{self, Structure};
use crate::diag::Diag;
use crate::model::{Entity, Index, Names, Reference, Role};
use crate::{lints, names, types};

/// A field and what its attributes say.
pub(crate) struct Field<'i> {
    pub(crate) ident: &'i Ident,
    pub(crate) syntax: &'i syn::Field,
    pub(crate) attr: attr::Field,
}

/// The entity that `input` describes; `None` when too little of it is there.
pub(crate) fn check(input: &DeriveInput, diag: &mut Diag) -> Option<Entity> {
    let input = &without_self(input);
    let structure = attr::read_structure(&input.attrs, diag);
    let fields = shape::fields(input, diag)?;
    policies::check(&structure, diag);
    let mut roles = roles::assign(input, &structure, &fields, diag);
    forgotten::check(input, &structure, &fields, &mut roles, diag);
    let columns = columns::check(&fields, &roles, &input.generics, diag);
    let references = references(&structure, &fields, &roles, diag);
    let is_owned = structure.tenant.is_some();
    let indexes = indexes::check(&structure, &fields, &columns, is_owned, diag);
    let table = table(input, &structure, diag);
    kept::check_former_tables(&structure.formerly, &table, diag);
    let entity = Entity {
        krate: krate(&structure),
        name: names::plain(&input.ident),
        vis: names::visibility(&input.vis),
        ident: input.ident.clone(),
        generics: input.generics.clone(),
        names: generated_names(input),
        table,
        formerly: structure.formerly.iter().map(LitStr::value).collect(),
        columns,
        id: roles::key_type(Role::Id, &fields, &roles),
        tenant: roles::key_type(Role::Tenant, &fields, &roles),
        immutable: structure.immutable.is_some(),
        audited: structure.audited.as_ref().map(|given| given.value),
        hooks: policies::hooks(&structure, diag),
        indexes: with_references(indexes, &references, &roles),
        references,
        is_deprecated: lints::is_deprecated(input),
    };
    let is_whole = shape::check_generics(&entity, diag);
    entity.position(Role::Id).filter(|_| is_whole).map(|_| entity)
}

/// The struct by its name wherever it calls itself `Self`: in the types of fields, and in what their
/// attributes say.
fn without_self(input: &DeriveInput) -> DeriveInput {
    let mut named = input.clone();
    let (_, ty_generics, _) = input.generics.split_for_impl();
    let ident = &input.ident;
    let owner = quote!(#ident #ty_generics);
    let turbofish = ty_generics.as_turbofish();
    let in_expressions = quote!(#ident #turbofish);
    let Data::Struct(data) = &mut named.data else { return named };
    for field in &mut data.fields {
        field.ty = syn::parse2(types::without_self(&field.ty, &owner))
            .expect("a type stays one when it names itself");
        for attribute in &mut field.attrs {
            if let Meta::List(list) = &mut attribute.meta {
                list.tokens = types::without_self(&list.tokens, &in_expressions);
            }
        }
    }
    named
}

/// The path of repo-core for an input that is no entity.
pub(crate) fn krate_of(input: &DeriveInput) -> syn::Path {
    krate(&attr::read_structure(&input.attrs, &mut Diag::default()))
}

fn krate(structure: &Structure) -> syn::Path {
    structure
        .krate
        .as_ref()
        .map_or_else(|| syn::parse_quote!(::repo_core), |given| given.value.clone())
}

fn table(input: &DeriveInput, structure: &Structure, diag: &mut Diag) -> String {
    let Some(given) = &structure.table else {
        let name = names::plain(&input.ident);
        let example = names::snake_case(&name) + "s";
        if !structure.has_table {
            diag.error(
                &input.ident,
                format_args!("`{name}` has no table"),
                format_args!("add `#[repository(table = \"{example}\")]`"),
            );
        }
        return example;
    };
    kept::check_table(&given.value, diag);
    given.value.value()
}

fn references(
    structure: &Structure,
    fields: &[Field<'_>],
    roles: &[Option<Role>],
    diag: &mut Diag,
) -> Vec<Reference> {
    let mut references = Vec::new();
    for (column, Field { ident, attr, .. }) in fields.iter().enumerate() {
        if attr.references.is_some() && !roles[column].is_none_or(columns::may_refer) {
            // It is reported with the other keys that mean nothing there.
            continue;
        }
        if let (None, Some(deleted)) = (&attr.references, &attr.deleted) {
            diag.error(
                &deleted.key,
                format_args!("`{ident}` refers to nothing that could be deleted"),
                "add `references = Parent`, or remove `deleted`",
            );
        }
        match (&attr.references, &attr.on_delete) {
            (Some(parent), _)
                if is_no_parent(&parent.value, diag)
                    || relation_is_taken(ident, &parent.key, fields, &references, diag) => {}
            (Some(parent), on_delete) => {
                let cascade = on_delete.as_ref().filter(|it| it.value == attr::OnDelete::Cascade);
                if let Some(cascade) = cascade {
                    policies::check_cascade(structure, ident, &cascade.key, roles, diag);
                }
                let parent = parent.value.clone();
                let shows = attr::DeletedParent::Show;
                let shows_deleted = attr.deleted.as_ref().is_some_and(|it| it.value == shows);
                let cascade = cascade.is_some();
                references.push(Reference { column, parent, cascade, shows_deleted });
            }
            (None, Some(on_delete)) => diag.error(
                &on_delete.key,
                format_args!("`{ident}` refers to nothing that could be deleted"),
                "add `references = Parent`, or remove `on_delete`",
            ),
            (None, None) => {}
        }
    }
    references
}

/// Reports a column of the parent in its place.
fn is_no_parent(parent: &Type, diag: &mut Diag) -> bool {
    let Some(owner) = types::owner_of_a_member(parent) else { return false };
    let help = format_args!("write `references = {owner}`: it refers to the id");
    diag.error(parent, format_args!("a reference is to an entity, not to a column of it"), help);
    true
}

/// Reports a reference whose function another reference has.
fn relation_is_taken(
    field: &Ident,
    key: &Ident,
    fields: &[Field<'_>],
    earlier: &[Reference],
    diag: &mut Diag,
) -> bool {
    let name = names::relation(field);
    let mut others = earlier.iter().map(|reference| fields[reference.column].ident);
    let Some(other) = others.find(|other| names::relation(other) == name) else { return false };
    diag.error(
        key,
        format_args!("`{other}` and `{field}` would share the function `{name}`"),
        "rename one of the fields, and keep its column with `#[repository(column = \"name\")]`",
    );
    true
}

/// The indexes, and one for each reference that no index starts with, nor the primary key.
fn with_references(
    mut indexes: Vec<Index>,
    references: &[Reference],
    roles: &[Option<Role>],
) -> Vec<Index> {
    for reference in references {
        let is_id = roles[reference.column] == Some(Role::Id);
        if !is_id && !indexes.iter().any(|index| index.columns[0].column == reference.column) {
            indexes.push(indexes::single(reference.column, false));
        }
    }
    indexes
}

fn generated_names(input: &DeriveInput) -> Names {
    let name = names::plain(&input.ident);
    let place = &input.ident;
    let used = words_of(input);
    let scope = ["S", "Scope", "SessionScope", "RepositoryScope"]
        .into_iter()
        .find(|candidate| !used.iter().any(|word| word == candidate))
        .unwrap_or("ScopeOfRepository");
    Names {
        new: names::ident_at(&format!("New{name}"), place),
        draft: names::ident_at(&format!("{name}Draft"), place),
        patch: names::ident_at(&format!("{name}Patch"), place),
        repository: names::ident_at(&format!("{name}Repository"), place),
        scope: format_ident!("{scope}"),
    }
}

/// All identifiers of the struct: names that the expansion must not shadow.
fn words_of(input: &DeriveInput) -> Vec<String> {
    let mut words = Vec::new();
    collect_words(input.to_token_stream(), &mut words);
    words
}

fn collect_words(tokens: proc_macro2::TokenStream, words: &mut Vec<String>) {
    for token in tokens {
        match token {
            proc_macro2::TokenTree::Ident(word) => words.push(word.to_string()),
            proc_macro2::TokenTree::Group(group) => collect_words(group.stream(), words),
            _ => {}
        }
    }
}
