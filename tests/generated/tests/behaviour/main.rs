//! What generated code does, without a database.

mod anywhere;
mod enums;
mod inputs;
mod repositories;
mod tables;
