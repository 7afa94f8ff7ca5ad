//! The documentation as doc comments, so that `cargo test` compiles each block of Rust in it and runs
//! those that are programs. `build.rs` says which is which; all of `docs/` is taken.

pub mod desk;

#[cfg(doctest)]
mod documents {
    include!(concat!(env!("OUT_DIR"), "/documents.rs"));
}
