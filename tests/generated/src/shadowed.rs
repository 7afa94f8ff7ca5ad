//! Names of the prelude that mean something else here.

#![no_implicit_prelude]
#![allow(dead_code, reason = "they are here to be in the way")]

use ::repo_core::{ColumnEnum, ColumnType, Repository, SqlRow, Summary};
use ::std::string::String;
use ::uuid::Uuid;

struct Result;
struct Option;
struct Vec;
struct Box;
struct Into;
struct From;
struct Default;
struct Debug;
struct Send;
struct Entity;
struct Column;
struct Field;
struct Patch;
struct Scope;

#[allow(non_camel_case_types, reason = "it is here to be in the way")]
type i64 = i32;

#[allow(non_camel_case_types, reason = "it is here to be in the way")]
struct str;

#[allow(non_camel_case_types, reason = "it is here to be in the way")]
struct usize;

struct Validate;
struct Problems;
struct Event;
struct Hooks;

mod std {}
mod core {}

#[derive(ColumnEnum)]
enum Status {
    Some,
    None,
    Ok,
    Err,
}

#[derive(ColumnType)]
struct Name(String);

#[derive(Repository)]
#[repository(table = "things", tenant, versioned, unique(name, status))]
#[repository(validate(create, update, delete), events)]
struct Thing {
    id: Uuid,
    tenant_id: Uuid,
    name: Name,
    status: Status,
    note: ::std::option::Option<String>,
    #[repository(json)]
    tags: ::std::vec::Vec<String>,
    #[repository(default = 7)]
    count: i64,
    version: ::core::primitive::i64,
}

impl ::repo_core::Validate for NewThing {
    fn validate(&self, _: &mut ::repo_core::Problems<Thing>) {}
}

impl ::repo_core::ValidateUpdate for Thing {
    fn validate_update(&self, _: &Self, _: &mut ::repo_core::Problems<Self>) {}
}

impl ::repo_core::ValidateDelete for Thing {
    fn validate_delete(&self, _: &mut ::repo_core::Problems<Self>) {}
}

#[derive(Summary)]
#[summary(entity = Thing)]
struct Things {
    #[summary(key = Thing::NOTE)]
    note: ::std::option::Option<String>,
    #[summary(key = Thing::NAME)]
    r#type: Name,
    #[summary(value = ::repo_core::count())]
    count: u64,
}

#[derive(::repo_core::Search)]
#[search(entity = Thing)]
struct Search {
    status: ::std::option::Option<Status>,
    #[search(in_list, column = NAME)]
    names: ::std::vec::Vec<Name>,
    #[search(is_null)]
    note: ::std::option::Option<bool>,
}

/// A row of no table.
#[derive(::std::fmt::Debug, SqlRow)]
pub struct Ranked {
    /// The name.
    pub name: String,
    /// The number.
    pub place: ::core::primitive::i64,
}
