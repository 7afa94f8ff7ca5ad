//! What a search finds, by what the command line says.

use serde_json::Value;

use crate::program::{Place, places};

fn search(place: &Place, arguments: &str) -> Value {
    let words: Vec<&str> = ["search"].into_iter().chain(arguments.split_whitespace()).collect();
    place.json(&words)
}

fn models(found: &Value) -> &[Value] {
    found["models"].as_array().expect("a list")
}

fn price(model: &Value) -> f64 {
    model["input_price"].as_str().expect("a price").parse().expect("a number")
}

#[test]
fn a_search_finds_what_all_its_conditions_hold_for_the_cheapest_first() {
    let found: Vec<Value> = places()
        .iter()
        .map(|place| {
            place.json(&["--today", "2026-11-21"]);
            search(
                place,
                "--provider openai --mode chat --max-input-price 0.000001 --text GPT --size 5",
            )
        })
        .collect();
    for found in &found {
        assert_eq!(
            (&found["total"], &found["pages"], &found["number"]),
            (&29.into(), &6.into(), &1.into())
        );
        let prices: Vec<f64> = models(found).iter().map(price).collect();
        assert_eq!(prices.len(), 5);
        assert!(prices.is_sorted() && prices.iter().all(|price| *price <= 0.000001), "{prices:?}");
        for model in models(found) {
            assert_eq!((&model["provider"], &model["mode"]), (&"openai".into(), &"chat".into()));
            assert!(model["name"].as_str().expect("text").contains("gpt"));
        }
    }
    assert!(found.windows(2).all(|two| two[0] == two[1]), "both databases find the same");
}

#[test]
fn what_is_not_said_is_no_condition_and_a_page_beyond_the_last_is_empty() {
    for place in places() {
        place.json(&["--today", "2026-11-21"]);
        assert_eq!(search(&place, "")["total"], 4541);
        let beyond = search(&place, "--page 9999");
        assert_eq!((&beyond["total"], models(&beyond).len()), (&4541.into(), 0));
        let retired = search(&place, "--status retired --size 1000");
        assert_eq!(retired["total"], 415);
        assert!(models(&retired).iter().all(|it| it["status"] == "retired"));
        let seeing = search(&place, "--vision --min-context 1000000 --size 1000");
        let tokens = |it: &Value| it["max_input_tokens"].as_i64().expect("known");
        assert!(!models(&seeing).is_empty());
        assert!(models(&seeing).iter().all(|it| tokens(it) >= 1_000_000));
    }
}

#[test]
fn a_text_is_looked_for_as_it_is() {
    let place = Place::sqlite();
    let registry =
        r#"{"a%b": {"provider": "p", "mode": "chat"}, "a_b": {"provider": "p", "mode": "chat"}}"#;
    place.json(&["--data", &place.file("two.json", registry)]);
    for (text, expected) in [("%", "a%b"), ("_", "a_b")] {
        let found = search(&place, &format!("--text {text}"));
        assert_eq!(found["total"], 1);
        assert_eq!(models(&found)[0]["name"], expected);
    }
}

#[test]
fn a_search_that_makes_no_sense_is_one_line() {
    let place = Place::sqlite();
    for (arguments, expected) in [
        (&["search", "--page", "0"], "`page number` is 0: pages are counted from 1"),
        (&["search", "--size", "0"], "`page size` "),
        (
            &["search", "--max-input-price", "0.0000000000000001"],
            "`input_price` has more than 15 digits",
        ),
    ] {
        let run = place.run(arguments);
        assert_eq!((run.code, run.out.as_str()), (Some(1), ""));
        assert!(run.err.starts_with(&format!("model-router: {expected}")), "{}", run.err);
    }
    let run = place.run(&["search", "--max-input-price", "cheap"]);
    assert!(run.err.contains("is not a number of at most 28 digits"), "{}", run.err);
    let run = place.run(&["--data", "models.json", "search"]);
    assert!(run.err.contains("are about the import of a registry"), "{}", run.err);
}

#[test]
fn a_search_without_models_says_how_to_get_some() {
    let run = Place::sqlite().run(&["search"]);
    assert_eq!(run.code, Some(0));
    assert!(run.out.contains("imports the registry"), "{}", run.out);
}
