//! The entities of the cases: together they use every attribute and every column type.

mod claims;
mod desk;
mod invoices;
mod library;
mod measures;
mod names;
mod people;
mod projects;
mod samples;
mod settings;
mod specimens;
mod tenancies;

pub(crate) use claims::*;
pub(crate) use desk::*;
pub(crate) use invoices::*;
pub(crate) use library::*;
pub(crate) use measures::*;
pub(crate) use names::*;
pub(crate) use people::*;
pub(crate) use projects::*;
pub(crate) use samples::*;
pub(crate) use settings::*;
pub(crate) use specimens::*;
pub(crate) use tenancies::*;
