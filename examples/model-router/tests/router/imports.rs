//! What becomes of each entry of a registry.

use std::process::Stdio;

use serde_json::{Value, json};

use crate::program::{places, shipped};

const SMALL: &str = r#"{
    "one": {"provider": "p", "mode": "chat", "input_cost_per_token": 1e-7,
            "output_cost_per_token": 2e-7, "supports_vision": true, "max_input_tokens": "8192"},
    "two-preview": {"provider": "p", "mode": "chat"},
    "three": {"provider": "q", "mode": "dance"},
    "four": ["provider"],
    "one": {"provider": "p", "mode": "chat"},
    "old": {"provider": "q", "mode": "ocr", "deprecation_date": "2026-01-31"}
}"#;

fn counts(report: &Value) -> [u64; 4] {
    let import = &report["import"];
    let rejected = import["rejected"].as_array().expect("a list").len() as u64;
    let count = |name: &str| import[name].as_u64().expect("a number");
    [count("entries"), count("loaded"), count("already_there"), rejected]
}

#[test]
fn every_entry_of_the_shipped_registry_is_loaded_or_rejected_and_a_second_run_loads_none() {
    let text = std::fs::read_to_string(shipped()).expect("the data file");
    let file: Value = serde_json::from_str(&text).expect("JSON");
    assert_eq!(file.as_object().expect("an object").len(), 4553);
    for place in places() {
        let first = place.json(&["--today", "2026-11-21"]);
        assert_eq!(first["database"], place.system());
        assert_eq!(counts(&first), [4553, 4541, 0, 12], "{}", place.system());
        let second = place.json(&["--today", "2026-11-21"]);
        assert_eq!(counts(&second), [4553, 0, 4541, 12], "{}", place.system());
        assert_eq!(first["import"]["remarks"], second["import"]["remarks"]);
        assert_eq!(second["import"]["different"], json!([]));
    }
}

#[test]
fn a_rejected_entry_is_named_with_its_reasons_and_a_field_that_is_left_out_as_well() {
    for place in places() {
        let report = place.json(&["--data", &place.file("small.json", SMALL)]);
        assert_eq!(counts(&report), [6, 3, 0, 3]);
        assert_eq!(
            report["import"]["rejected"],
            json!([
                {"entry": "three", "reason": "its `mode` is not a known mode: \"dance\""},
                {"entry": "four", "reason": "is not an object"},
                {"entry": "one", "reason": "is there twice; the first is kept"},
            ])
        );
        assert_eq!(
            report["import"]["remarks"],
            json!([{
                "entry": "one", "field": "max_input_tokens", "given": "\"8192\"",
                "remark": "left out: it is not a whole number",
            }])
        );
        let retired = &report["models_per_provider"][1];
        assert_eq!((&retired["provider"], &retired["retired"]), (&json!("q"), &json!(1)));
    }
}

#[test]
fn a_model_that_is_there_stays_as_it_is_and_the_report_says_that_the_registry_differs() {
    for place in places() {
        place.json(&["--data", &place.file("small.json", SMALL)]);
        let changed = SMALL.replace("1e-7", "9e-7");
        let report = place.json(&["--data", &place.file("changed.json", changed)]);
        assert_eq!(counts(&report), [6, 0, 3, 3]);
        assert_eq!(report["import"]["different"], json!(["one"]));
        let cheapest = &report["cheapest_chat_models_with_vision"][0];
        assert_eq!(cheapest["input_price"], "0.0000001");
    }
}

#[test]
fn an_empty_registry_is_a_registry() {
    for place in places() {
        let report = place.json(&["--data", &place.file("empty.json", "{}")]);
        assert_eq!(counts(&report), [0, 0, 0, 0]);
        assert_eq!(report["page"], Value::Null);
        assert_eq!(report["promotion"]["result"], "nothing");
    }
}

#[test]
fn two_programs_that_import_at_once_load_every_model_once() {
    for place in places() {
        let spawn = || {
            let mut command = place.command(&["--json"]);
            command.stdout(Stdio::piped()).spawn().expect("the program runs")
        };
        let both = [spawn(), spawn()].map(|it| it.wait_with_output().expect("the program ends"));
        let loaded = both.map(|output| {
            assert!(output.status.success(), "on {}", place.system());
            counts(&serde_json::from_slice(&output.stdout).expect("JSON"))[1]
        });
        assert_eq!(loaded.iter().sum::<u64>(), 4541, "{loaded:?} on {}", place.system());
        let requests = &place.json(&[])["tenants"];
        assert_eq!((&requests[0]["requests"], &requests[1]["requests"]), (&json!(40), &json!(25)));
    }
}
