//! Entities of every shape, compiled under the strictest lints: what the derives write must compile and
//! must not warn, wherever the struct stands and whatever its surroundings call themselves.
//!
//! What generated code does is shown in `tests/`.

#![deny(
    warnings,
    missing_docs,
    unreachable_pub,
    missing_debug_implementations,
    unused_qualifications,
    clippy::pedantic,
    rustdoc::all
)]

pub mod conventions;
pub mod documented;
pub mod every_key;
pub mod generic;
pub mod hooked;
pub mod lookalikes;
pub mod places;
pub mod raw;
pub mod renamed;
pub mod shadowed;
pub mod types;
pub mod uncloned;
pub mod underscores;
pub mod visibility;
