//! What the answers say, and how they are printed.

use std::process::Stdio;

use serde_json::{Value, json};

use crate::program::{Place, places};

fn without_ids(mut report: Value) -> Value {
    for tenant in report["tenants"].as_array_mut().expect("a list") {
        tenant["foreign_request"].take();
    }
    report["promotion"]["second_attempt"].take();
    report["window"]["end"].take();
    report["database"].take();
    report
}

#[test]
fn both_databases_give_the_same_answers() {
    let Some(postgres) = Place::postgres() else { return };
    let sqlite = Place::sqlite().json(&["--today", "2026-11-21"]);
    let postgres = postgres.json(&["--today", "2026-11-21"]);
    assert_eq!(without_ids(sqlite), without_ids(postgres));
}

#[test]
fn the_answers_are_those_of_the_registry() {
    let report = Place::sqlite().json(&["--today", "2026-11-21"]);
    let providers = report["models_per_provider"].as_array().expect("a list");
    let models: u64 = providers.iter().map(|it| it["models"].as_u64().expect("a number")).sum();
    assert_eq!((providers.len(), models), (152, 4541));
    assert_eq!(providers[0]["provider"], "fireworks_ai");
    let cheapest = report["cheapest_chat_models_with_vision"].as_array().expect("a list");
    let named: Vec<_> = cheapest.iter().map(|it| it["name"].as_str().expect("text")).collect();
    assert_eq!(named.len(), 10);
    assert_eq!(
        (named[0], &cheapest[0]["input_price"]),
        ("coralbricks/deepseek-v4.1-flash", &json!("0.00000001"),)
    );
    let page = &report["page"];
    assert_eq!(
        (&page["number"], &page["pages"], &page["total"]),
        (&json!(2), &json!(34), &json!(340),)
    );
    let window = &report["window"];
    assert_eq!((&window["has_previous"], &window["has_next"]), (&json!(true), &json!(true)));
}

#[test]
fn one_shadow_model_is_promoted_once_and_a_stale_promotion_is_refused() {
    for place in places() {
        let first = &place.json(&[])["promotion"];
        assert_eq!(first["result"], "promoted");
        assert_eq!((&first["version_before"], &first["version"]), (&json!(1), &json!(2)));
        let refused = first["second_attempt"].as_str().expect("text");
        assert!(refused.ends_with("changed meanwhile: expected version 1, found 2"), "{refused}");
        let second = &place.json(&[])["promotion"];
        assert_eq!(second["result"], "already_promoted");
        assert_eq!(second["model"], first["model"]);
    }
}

#[test]
fn a_tenant_sees_its_own_requests_which_a_second_run_does_not_log_again() {
    for place in places() {
        let first = place.json(&[]);
        let second = place.json(&[]);
        for (at, requests) in [40, 25].into_iter().enumerate() {
            let (before, after) = (&first["tenants"][at], &second["tenants"][at]);
            assert_eq!(
                (&before["logged"], &before["already_there"]),
                (&json!(requests), &json!(0))
            );
            assert_eq!((&after["logged"], &after["already_there"]), (&json!(0), &json!(requests)));
            assert_eq!(
                (&before["requests"], &after["requests"]),
                (&json!(requests), &json!(requests))
            );
            assert_eq!(before["cost"], after["cost"]);
            let refused = after["foreign_request"].as_str().expect("text");
            assert!(refused.starts_with("no `Request` has the id "), "{refused}");
        }
    }
}

#[test]
fn the_cheapest_model_of_a_provider_costs_no_more_than_the_median_and_the_cheapest_come_first() {
    for place in places() {
        let report = place.json(&["--today", "2026-11-21"]);
        let providers = report["cheapest_per_provider"].as_array().expect("a list");
        let price = |it: &Value, of: &str| -> f64 {
            it[of].as_str().expect("a price").parse().expect("a number")
        };
        let cheapest: Vec<f64> = providers.iter().map(|it| price(it, "input_price")).collect();
        assert!(cheapest.len() == 10 && cheapest.is_sorted(), "{cheapest:?}");
        for provider in providers {
            assert!(price(provider, "input_price") <= price(provider, "median_input_price"));
        }
        let first = &providers[0];
        assert_eq!((&first["provider"], &first["models"]), (&json!("fireworks_ai"), &json!(275)));
    }
}

#[test]
fn what_tenants_use_each_day_adds_up_and_each_of_them_sees_its_own() {
    for place in places() {
        let report = place.json(&[]);
        let all = report["usage"]["days"].as_array().expect("a list");
        let tenants = report["tenants"].as_array().expect("a list");
        let own: Vec<&Value> =
            tenants.iter().flat_map(|it| it["days"].as_array().expect("a list")).collect();
        assert_eq!(all.iter().collect::<Vec<_>>(), own, "on {}", place.system());
        for (tenant, name, requests) in [(&tenants[0], "acme", 40), (&tenants[1], "globex", 25)] {
            let days = tenant["days"].as_array().expect("a list");
            assert!(days.len() == 2 && days.iter().all(|day| day["tenant"] == name));
            let sum: u64 = days.iter().map(|day| day["requests"].as_u64().expect("a number")).sum();
            assert_eq!(sum, requests);
        }
    }
}

#[test]
fn every_hour_is_there_and_those_of_the_models_add_up_to_it() {
    for place in places() {
        let usage = &place.json(&[])["usage"];
        let hours = usage["hours"].as_array().expect("a list");
        let empty: Vec<_> = hours.iter().filter(|hour| hour["requests"] == 0).collect();
        assert_eq!((hours.len(), empty.len()), (7, 1), "{hours:?}");
        assert_eq!(empty[0]["hour"], "2026-11-20T01:00:00+00:00");
        let models = usage["models"].as_array().expect("a list");
        let parts: Vec<&Value> =
            models.iter().flat_map(|it| it["hours"].as_array().expect("a list")).collect();
        for hour in hours {
            let same = parts.iter().filter(|part| part["hour"] == hour["hour"]);
            let of = |it: &Value| {
                [&it["requests"], &it["failed"]].map(|it| it.as_u64().expect("a number"))
            };
            let sum = same.fold([0, 0], |[a, b], part| [a + of(part)[0], b + of(part)[1]]);
            assert_eq!(sum, of(hour), "{}", hour["hour"]);
        }
    }
}

#[test]
fn a_pipe_gets_tables_and_no_progress_bar() {
    let run = Place::sqlite().run(&[]);
    assert_eq!((run.code, run.err.as_str()), (Some(0), ""));
    let first = run.out.lines().next().expect("a line");
    assert_eq!(first, "4553 entries, on sqlite: 4541 loaded, 0 already there, 12 rejected");
    assert!(
        run.out.lines().all(|line| line.starts_with("The next") || line.chars().count() <= 160)
    );
    assert!(!run.out.contains('\r') && !run.out.contains('\u{1b}'));
}

#[test]
fn a_reader_that_stops_reading_is_no_failure() {
    let place = Place::sqlite();
    let mut command = place.command(&[]);
    let mut child = command.stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().expect("it runs");
    drop(child.stdout.take());
    let output = child.wait_with_output().expect("it ends");
    assert_eq!((output.status.code(), output.stderr.as_slice()), (Some(0), &b""[..]));
}
