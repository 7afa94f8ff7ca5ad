//! What goes wrong: one clear line on standard error, nothing else, exit code 1.

use crate::program::{Place, Run, places};

fn line(run: &Run) -> &str {
    assert_eq!((run.code, run.out.as_str()), (Some(1), ""), "{}", run.err);
    let line = run.err.strip_suffix('\n').expect("a whole line");
    assert!(line.starts_with("model-router: ") && !line.contains('\n'), "{line}");
    for debug in ["panicked", "Error {", "Some(", "Os {", "hunter2"] {
        assert!(!line.contains(debug), "{line}");
    }
    line
}

#[test]
fn a_file_that_is_not_there_is_named_and_leaves_no_database_behind() {
    let place = Place::sqlite();
    let run = place.run(&["--data", "nowhere.json"]);
    assert!(line(&run).starts_with("model-router: cannot read `nowhere.json`: No such file"));
    assert!(!place.path("model-router.db").exists());
}

#[test]
fn a_folder_is_no_file() {
    let run = Place::sqlite().run(&["--data", "."]);
    assert!(line(&run).starts_with("model-router: cannot read `.`: "), "{}", run.err);
}

#[test]
fn what_is_no_json_object_is_no_registry() {
    let place = Place::sqlite();
    for (text, expected) in [
        ("", "EOF while parsing a value at line 1 column 0"),
        ("{\"a\": {\"provider\": ", "EOF while parsing a value at line 1 column 19"),
        ("[1, 2]", "invalid type: sequence, expected an object at line 1 column 0"),
        ("{} {}", "trailing characters at line 1 column 4"),
    ] {
        let run = place.run(&["--data", &place.file("bad.json", text)]);
        let line = line(&run);
        assert!(line.ends_with(&format!("is no registry of models: {expected}")), "{line}");
    }
    let run = place.run(&["--data", &place.file("latin1.json", b"{\"\xe9\": {}}")]);
    assert!(line(&run).contains("UTF-8"), "{}", run.err);
    assert!(!place.path("model-router.db").exists());
}

#[test]
fn a_url_that_means_nothing_is_explained_without_its_password() {
    let place = Place::sqlite();
    for url in [
        "nonsense",
        "mysql://root:hunter2@localhost/router",
        "sqlite://",
        "sqlite://router.db?mode=fast",
        "postgres://root:hunter2@localhost:port/router",
    ] {
        line(&place.run(&["--database", url]));
        line(&place.command(&[]).env("DATABASE_URL", url).output().expect("it runs").into());
    }
}

#[test]
fn a_server_that_cannot_be_reached_is_one_line() {
    let run = Place::sqlite().run(&["--database", "postgres://root:hunter2@127.0.0.1:1/router"]);
    assert!(line(&run).contains("no connection to the database"), "{}", run.err);
}

#[test]
fn a_file_that_is_no_database_is_one_line() {
    let place = Place::sqlite();
    place.file("model-router.db", "not a database, but long enough to be looked at".repeat(50));
    line(&place.run(&[]));
}

#[test]
fn a_folder_that_cannot_be_written_is_one_line() {
    let place = Place::sqlite();
    line(&place.run(&["--database", "sqlite://missing/router.db"]));
    // Nobody writes there, the superuser included.
    #[cfg(target_os = "linux")]
    line(&place.run(&["--database", "sqlite:///proc/router.db"]));
}

#[test]
fn a_database_that_cannot_be_written_is_one_line() {
    let place = Place::sqlite();
    assert_eq!(place.run(&["--data", &place.file("empty.json", "{}")]).code, Some(0));
    line(&place.run(&["--database", "sqlite://model-router.db?mode=ro"]));
}

#[test]
fn a_database_of_another_version_of_the_program_is_one_line() {
    for place in places() {
        place.script("CREATE TABLE providers (id TEXT NOT NULL PRIMARY KEY)");
        let run = place.run(&[]);
        let expected =
            "another version of this program: the column `name` of `providers` is missing";
        assert!(line(&run).ends_with(expected), "{}", run.err);
    }
}

#[test]
fn a_pool_that_is_not_a_number_is_one_line() {
    let place = Place::sqlite();
    let output = place.command(&[]).env("DB_POOL_SIZE", "many").output();
    assert!(line(&output.expect("it runs").into()).contains("DB_POOL_SIZE"));
}
