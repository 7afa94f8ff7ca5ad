//! Code that lacks a feature must not compile, and the message names the feature. The other mistakes are in `tests/ui`.

use std::io::Write as _;
use std::process::Command;

/// The toolchain whose message is in the `.stderr` file.
const TOOLCHAIN: &str = "rustc 1.95.0";

#[test]
fn a_type_that_needs_a_feature_names_it() {
    let rustc = std::env::var_os("RUSTC").unwrap_or_else(|| "rustc".into());
    let found = Command::new(rustc).arg("--version").output().expect("rustc runs");
    let found = String::from_utf8_lossy(&found.stdout).trim().to_owned();
    if found.starts_with(TOOLCHAIN) {
        trybuild::TestCases::new().compile_fail("decimal.rs");
        return;
    }
    // Past the capture of output, so that a run that passes shows it too.
    let _ = writeln!(
        std::io::stderr(),
        "note: the message is that of {TOOLCHAIN} and is not compared: this is {found}"
    );
}
