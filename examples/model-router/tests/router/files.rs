//! The catalogue as files, from one database to another.

use crate::program::{Place, places};
use serde_json::json;

/// A place whose database has the models of the registry.
fn filled(place: Place) -> Place {
    place.json(&["--today", "2026-11-21"]);
    place
}

fn both(place: &Place, name: &str) -> [Vec<u8>; 2] {
    let (stem, extension) = name.split_once('.').expect("a name and an extension");
    let beside = format!("{stem}.providers.{extension}");
    [name, &beside].map(|it| std::fs::read(place.path(it)).expect("the file is there"))
}

/// Copies what `from` exported into the empty `to`, and exports it there: the same bytes.
fn carry(from: &Place, to: &Place, extension: &str) {
    let name = format!("registry.{extension}");
    let exported = from.json(&["export", &name]);
    assert_eq!((&exported["providers"], &exported["models"]), (&json!(152), &json!(4541)));
    let bytes = both(from, &name);
    to.file(&name, &bytes[0]);
    to.file(&format!("registry.providers.{extension}"), &bytes[1]);
    let imported = to.json(&["import", &name]);
    assert_eq!(imported, exported);
    let again = format!("again.{extension}");
    to.json(&["export", &again]);
    let route = format!("{} to {}, {extension}", from.system(), to.system());
    assert!(both(to, &again) == bytes, "the files differ: {route}");
}

#[test]
fn what_is_exported_imported_and_exported_again_is_the_same_to_the_byte() {
    for from in places().into_iter().map(filled) {
        for extension in ["jsonl", "csv"] {
            for to in places() {
                carry(&from, &to, extension);
            }
        }
    }
}

#[test]
fn an_imported_catalogue_is_one_that_the_registry_finds_there_already() {
    for (from, to) in places().into_iter().map(filled).zip(places()) {
        carry(&from, &to, "jsonl");
        let report = to.json(&["--today", "2026-11-21"]);
        assert_eq!(report["import"]["already_there"], 4541);
        assert_eq!(report["import"]["different"], json!([]));
        assert_eq!(report["promotion"]["result"], "already_promoted", "versions came with it");
    }
}

#[test]
fn an_import_is_all_or_nothing_and_names_the_file_and_the_line() {
    for (from, to) in places().into_iter().map(filled).zip(places()) {
        from.json(&["export", "registry.jsonl"]);
        let [models, providers] = both(&from, "registry.jsonl");
        let models = String::from_utf8(models).expect("text");
        let line_100 = |(at, line): (usize, &str)| match at {
            99 => line.replace("\"mode\":\"", "\"mode\":\"quick_"),
            _ => line.to_owned(),
        };
        let broken: Vec<_> = models.lines().enumerate().map(line_100).collect();
        to.file("registry.jsonl", broken.join("\n"));
        to.file("registry.providers.jsonl", providers);
        let run = to.run(&["import", "registry.jsonl"]);
        assert_eq!((run.code, run.out.as_str()), (Some(1), ""));
        let expected = "model-router: `registry.jsonl`: line 100: `mode` ";
        assert!(run.err.starts_with(expected), "{}", run.err);
        let there = to.json(&["search"]);
        assert_eq!(there["total"], 0);
        to.file("registry.jsonl", models);
        to.json(&["import", "registry.jsonl"]);
        let twice = to.run(&["import", "registry.jsonl"]);
        let expected = "model-router: `registry.providers.jsonl`: line 2: ";
        assert!(twice.err.starts_with(expected), "{}", twice.err);
    }
}

#[test]
fn a_file_that_is_not_there_or_has_another_name_leaves_no_database_behind() {
    let place = Place::sqlite();
    for (arguments, expected) in [
        (["import", "nowhere.csv"], "cannot read `nowhere.providers.csv`: No such file"),
        (["import", "registry.txt"], "`registry.txt` ends neither in `.jsonl`"),
        (["export", "registry"], "`registry` ends neither in `.jsonl`"),
    ] {
        let run = place.run(&arguments);
        assert_eq!((run.code, run.out.as_str()), (Some(1), ""));
        assert!(run.err.starts_with(&format!("model-router: {expected}")), "{}", run.err);
        assert!(!place.path("model-router.db").exists());
    }
}
