//! Code that must not compile: `<topic>/<mistake>.rs`, and what the compiler says in `<mistake>.stderr`.
//!
//! The messages are those of one toolchain. Another one words them differently: with it, each case must
//! still fail to compile, and the test says that the messages were not compared. Code that must
//! compile is in `tests/generated`.

use std::fs;
use std::io::Write as _;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::path::{Path, PathBuf};
use std::process::Command;

/// The toolchain whose messages are in the `.stderr` files.
const TOOLCHAIN: &str = "rustc 1.95.0";

#[test]
fn each_mistake_is_reported_in_words() {
    let found = toolchain();
    if found.starts_with(TOOLCHAIN) {
        trybuild::TestCases::new().compile_fail("*/*.rs");
        return;
    }
    // Past the capture of output, so that a run that passes shows it too.
    let _ = writeln!(
        std::io::stderr(),
        "note: the messages are those of {TOOLCHAIN} and are not compared: this is {found}"
    );
    assert_nothing_compiles(&copy_without_messages());
}

fn toolchain() -> String {
    let rustc = std::env::var_os("RUSTC").unwrap_or_else(|| "rustc".into());
    let output = Command::new(rustc).arg("--version").output().expect("rustc runs");
    String::from_utf8_lossy(&output.stdout).trim().to_owned()
}

/// The cases without what is expected of them: then trybuild only writes down what it finds.
fn copy_without_messages() -> PathBuf {
    let here = Path::new(env!("CARGO_MANIFEST_DIR"));
    let copies = Path::new(env!("CARGO_TARGET_TMPDIR")).join("ui");
    let _ = fs::remove_dir_all(&copies);
    for topic in here.read_dir().expect("the topics are here").flatten() {
        if !topic.path().is_dir() || topic.file_name() == "wip" {
            continue;
        }
        let to = copies.join(topic.file_name());
        fs::create_dir_all(&to).expect("the target directory can be written");
        for case in topic.path().read_dir().expect("the cases are here").flatten() {
            if case.path().extension().is_some_and(|extension| extension == "rs") {
                fs::copy(case.path(), to.join(case.file_name())).expect("the case can be read");
            }
        }
    }
    copies
}

/// trybuild ends with a panic either way: one for cases that compiled, another for messages that it
/// wrote down because none were expected.
fn assert_nothing_compiles(cases: &Path) {
    let run = AssertUnwindSafe(|| {
        trybuild::TestCases::new().compile_fail(cases.join("*/*.rs"));
    });
    let payload = catch_unwind(run).expect_err("there are cases, and none expects a message");
    let message = payload.downcast_ref::<String>().map_or("", String::as_str);
    let _ = fs::remove_dir_all(Path::new(env!("CARGO_MANIFEST_DIR")).join("wip"));
    assert!(message.starts_with("successfully created"), "a case compiles: {message}");
}
