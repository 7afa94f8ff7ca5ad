//! The registry: a JSON object that has an entry for each model, by name.
//!
//! Each entry is read on its own: what is wrong in one keeps no other out, and every entry is either
//! an [`Entry`] or [`Rejected`] with the reasons.

use std::collections::HashSet;
use std::path::Path;

use chrono::NaiveDate;
use rust_decimal::Decimal;
use serde::Serialize;
use serde_json::value::RawValue;

use crate::entities::{Capabilities, MAX_MODEL_NAME, MAX_PROVIDER_NAME, Mode};
use crate::failure::Failure;
use crate::fields::{Fields, Members, Remark, shorten};
use crate::values;

/// The registry that ships with the program.
const SHIPPED: &str = include_str!("../data/model_registry.json");

/// What a registry says.
#[derive(Debug, Default)]
pub(crate) struct Registry {
    pub(crate) entries: Vec<Entry>,
    pub(crate) rejected: Vec<Rejected>,
}

/// A model, as far as its entry is sound.
#[derive(Debug)]
pub(crate) struct Entry {
    pub(crate) provider: String,
    pub(crate) name: String,
    pub(crate) mode: Mode,
    pub(crate) input_price: Option<Decimal>,
    pub(crate) output_price: Option<Decimal>,
    pub(crate) max_input_tokens: Option<i64>,
    pub(crate) max_output_tokens: Option<i64>,
    pub(crate) capabilities: Capabilities,
    pub(crate) deprecated_on: Option<NaiveDate>,
    pub(crate) source: Option<String>,
    pub(crate) remarks: Vec<Remark>,
}

/// An entry that no model can be made of.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub(crate) struct Rejected {
    pub(crate) entry: String,
    pub(crate) reason: String,
}

/// Reads the registry at `path`, or the one that ships with the program.
pub(crate) fn read(path: Option<&Path>) -> Result<Registry, Failure> {
    let Some(path) = path else {
        return Ok(parse(SHIPPED).expect("the shipped registry is JSON, which a test checks"));
    };
    let text = std::fs::read_to_string(path)
        .map_err(|source| Failure::Read { path: path.to_owned(), source })?;
    parse(&text).map_err(|source| Failure::Format { path: path.to_owned(), source })
}

/// Reads all entries of a registry.
fn parse(text: &str) -> Result<Registry, serde_json::Error> {
    let Members(members) = serde_json::from_str(text)?;
    let mut registry = Registry::default();
    let mut known = HashSet::new();
    for (name, value) in members {
        match read_entry(&name, value) {
            Ok(entry) if !known.insert((entry.provider.clone(), name.clone())) => {
                registry.reject(&name, "is there twice; the first is kept".to_owned());
            }
            Ok(entry) => registry.entries.push(entry),
            Err(reasons) => registry.reject(&name, reasons.join("; ")),
        }
    }
    Ok(registry)
}

impl Registry {
    /// How many entries the registry has.
    pub(crate) fn len(&self) -> usize {
        self.entries.len() + self.rejected.len()
    }

    fn reject(&mut self, name: &str, reason: String) {
        self.rejected.push(Rejected { entry: shorten(name), reason });
    }
}

/// The model that an entry describes, or all reasons why it describes none.
fn read_entry(name: &str, value: &RawValue) -> Result<Entry, Vec<String>> {
    let members =
        serde_json::from_str(value.get()).map_err(|_| vec!["is not an object".to_owned()]);
    let mut fields = Fields::new(members?);
    let named = values::check_name(name, MAX_MODEL_NAME).map_err(|why| format!("its name {why}"));
    let provider = fields.required("provider", |json| values::name(json, MAX_PROVIDER_NAME));
    let mode = fields.required("mode", values::mode);
    let (provider, mode) = match (named, provider, mode) {
        (Ok(()), Ok(provider), Ok(mode)) => (provider, mode),
        (named, provider, mode) => {
            return Err([named.err(), provider.err(), mode.err()].into_iter().flatten().collect());
        }
    };
    Ok(Entry {
        provider,
        name: name.to_owned(),
        mode,
        input_price: price(&mut fields, "input_cost_per_token"),
        output_price: price(&mut fields, "output_cost_per_token"),
        max_input_tokens: fields.optional("max_input_tokens", |json| values::tokens(json, 1)),
        // An embedding has no tokens.
        max_output_tokens: fields.optional("max_output_tokens", |json| values::tokens(json, 0)),
        capabilities: Capabilities {
            function_calling: fields.optional("supports_function_calling", values::flag),
            vision: fields.optional("supports_vision", values::flag),
            prompt_caching: fields.optional("supports_prompt_caching", values::flag),
        },
        deprecated_on: fields.optional("deprecation_date", values::day),
        source: fields.optional("source", values::text),
        remarks: fields.finish(),
    })
}

/// A price with the digits that its column has.
fn price(fields: &mut Fields<'_>, name: &'static str) -> Option<Decimal> {
    let given = fields.peek(name);
    let price = fields.optional(name, values::price)?;
    let kept = values::kept(price);
    if let Some(given) = given.filter(|_| kept != price) {
        fields.remark(name, given, format!("rounded to {kept}"));
    }
    Some(kept)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn reasons(text: &str) -> Vec<String> {
        let registry = parse(text).expect("an object");
        registry.rejected.into_iter().map(|it| format!("{}: {}", it.entry, it.reason)).collect()
    }

    fn remarks(fields: &str) -> Vec<String> {
        let text = format!(r#"{{"m": {{"provider": "p", "mode": "chat", {fields}}}}}"#);
        let mut registry = parse(&text).expect("an object");
        let entry = registry.entries.remove(0);
        let line = |it: Remark| format!("{} {}: {}", it.field, it.given, it.remark);
        entry.remarks.into_iter().map(line).collect()
    }

    #[test]
    fn an_entry_without_provider_or_mode_is_rejected_with_all_reasons() {
        let text = r#"{
            "a": {}, "b": 7, "c": {"provider": "p", "mode": "dance"},
            "": {"provider": "two words", "mode": null},
            "d": {"provider": "p", "mode": "ocr"}, "d": {"provider": "p", "mode": "chat"}
        }"#;
        assert_eq!(
            reasons(text),
            [
                "a: has no `provider`; has no `mode`",
                "b: is not an object",
                "c: its `mode` is not a known mode: \"dance\"",
                ": its name is empty; its `provider` is not a name, for it has blanks: \"two words\"; \
                 has no `mode`",
                "d: is there twice; the first is kept",
            ]
        );
    }

    #[test]
    fn a_field_that_cannot_be_kept_is_left_out_and_named() {
        assert_eq!(
            remarks(
                r#""max_input_tokens": "many", "supports_vision": 1, "speed": 3, "mode": "ocr""#
            ),
            [
                "max_input_tokens \"many\": left out: it is not a whole number",
                "supports_vision 1: left out: it is neither true nor false",
                "speed 3: left out: a model has no such field",
                "mode \"ocr\": left out: it is there twice",
            ]
        );
    }

    #[test]
    fn a_price_with_more_digits_than_the_column_is_rounded_and_named() {
        assert_eq!(
            remarks(r#""input_cost_per_token": 8.900000000000001E-7"#),
            ["input_cost_per_token 8.900000000000001E-7: rounded to 0.00000089"]
        );
        assert!(remarks(r#""input_cost_per_token": 8.9E-7"#).is_empty());
    }

    #[test]
    fn the_shipped_registry_has_4553_entries() {
        let registry = parse(SHIPPED).expect("the data file is JSON");
        assert_eq!(registry.len(), 4553);
        assert_eq!(registry.rejected.len(), 12);
    }
}
