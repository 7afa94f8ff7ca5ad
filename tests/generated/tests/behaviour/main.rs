//! What generated code does, without a database.

mod enums;
mod inputs;
mod repositories;
mod tables;
