//! The backend driven through the traits of core, with SQL written by hand.

mod statements;
mod support;
