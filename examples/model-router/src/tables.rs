//! Answers for a person: tables. Those about requests are in `tables/usage.rs`.

mod usage;

use std::fmt::{Display, Write as _};

use comfy_table::{Cell, CellAlignment, ContentArrangement, Table, presets};
use rust_decimal::Decimal;

use crate::answers::Report;
use crate::files::Moved;
use crate::import::Import;
use crate::offers::{Offer, PageOfModels, ProviderCount, ProviderPrices, WindowOfModels};
use crate::promotion::Promotion;
use crate::search::Found;

/// How many providers are shown; the others are summed up in one line.
const PROVIDERS: usize = 20;
/// The most characters of a line.
const WIDTH: u16 = 144;

/// The whole report as text.
pub(crate) fn render(report: &Report) -> String {
    let mut text = import(&report.import, report.database);
    section(&mut text, "Models per provider", &providers(&report.models_per_provider));
    let title = "The ten cheapest active chat models with vision, those that cost nothing aside \
                 (US dollars per million tokens)";
    section(&mut text, title, &models(&report.cheapest_chat_models_with_vision, true));
    let title = "The ten providers whose cheapest active chat model costs the least (US dollars per million tokens)";
    section(&mut text, title, &prices(&report.cheapest_per_provider));
    if let Some(page) = &report.page {
        section(&mut text, &page_title(page), &models(&page.models, false));
    }
    if let Some(window) = &report.window {
        section(&mut text, &window_title(window), &models(&window.models, false));
        if let Some(end) = window.end.as_ref().filter(|_| window.has_next) {
            line(&mut text, format_args!("The next window starts after {end}"));
        }
    }
    section(&mut text, "Promotion of a shadow model", &promotion(&report.promotion));
    usage::render(&mut text, report);
    text
}

/// What a search found.
pub(crate) fn found(found: &Found) -> String {
    let Found { number, pages, total, models: items } = found;
    let mut text = match total {
        0 => "No model is such; without arguments, the program imports the registry\n".to_owned(),
        _ => {
            format!("Page {number} of {pages} of {total} models (US dollars per million tokens)\n")
        }
    };
    if !items.is_empty() {
        line(&mut text, models(items, true));
    }
    text
}

/// What was written to files.
pub(crate) fn exported(moved: &Moved) -> String {
    let Moved { providers, models, files: [of_providers, of_models] } = moved;
    format!("{providers} providers in {of_providers}, {models} models in {of_models}\n")
}

/// What was read from files.
pub(crate) fn imported(moved: &Moved) -> String {
    let Moved { providers, models, files: [of_providers, of_models] } = moved;
    format!("{providers} providers of {of_providers}, {models} models of {of_models}: imported\n")
}

fn import(import: &Import, database: &str) -> String {
    let Import { entries, loaded, already_there, rejected, different, remarks } = import;
    let mut text = format!(
        "{entries} entries, on {database}: {loaded} loaded, {already_there} already there, {} \
         rejected\n",
        rejected.len()
    );
    if !rejected.is_empty() {
        let mut table = table(["rejected entry", "reason"]);
        table.add_rows(rejected.iter().map(|it| [&it.entry, &it.reason]));
        section(&mut text, "Rejected", &table);
    }
    if !remarks.is_empty() {
        let mut table = table(["entry", "field", "in the registry", "here"]);
        table.add_rows(remarks.iter().map(|it| [&it.entry, &it.field, &it.given, &it.remark]));
        section(&mut text, "Fields that are not kept as they are", &table);
    }
    if !different.is_empty() {
        let mut table = table(["model"]);
        table.add_rows(different.iter().map(|name| [name]));
        let title = "Already there, and left as they are although the registry has changed";
        section(&mut text, title, &table);
    }
    text
}

fn providers(counts: &[ProviderCount]) -> Table {
    let mut table = table(["provider", "models", "active", "shadow", "retired"]);
    let (shown, rest) = counts.split_at(counts.len().min(PROVIDERS));
    let row = |name: String, of: &[ProviderCount]| {
        let sum = |part: fn(&ProviderCount) -> u64| of.iter().map(part).sum::<u64>();
        let numbers =
            [sum(|it| it.models), sum(|it| it.active), sum(|it| it.shadow), sum(|it| it.retired)];
        std::iter::once(Cell::new(name)).chain(numbers.map(number)).collect::<Vec<_>>()
    };
    table.add_rows(shown.iter().map(|it| row(it.provider.clone(), std::slice::from_ref(it))));
    if !rest.is_empty() {
        table.add_row(row(format!("{} others", rest.len()), rest));
    }
    table.add_row(row("all".to_owned(), counts));
    table
}

fn models(models: &[Offer], with_provider: bool) -> Table {
    let first = if with_provider { Some("provider") } else { None };
    let rest = ["model", "mode", "status", "input", "output", "context"];
    let mut table = table(first.into_iter().chain(rest));
    table.add_rows(models.iter().map(|model| {
        let provider = with_provider.then(|| Cell::new(model.provider.as_deref().unwrap_or("-")));
        let words =
            [model.name.as_str(), model.mode.as_str(), model.status.as_str()].map(Cell::new);
        let numbers = [
            number(per_million(model.input_price)),
            number(per_million(model.output_price)),
            number(model.max_input_tokens.map_or_else(|| "-".to_owned(), |it| it.to_string())),
        ];
        provider.into_iter().chain(words).chain(numbers).collect::<Vec<_>>()
    }));
    table
}

fn prices(providers: &[ProviderPrices]) -> Table {
    let header = ["provider", "chat models", "median input", "cheapest", "input", "output"];
    let mut table = table(header);
    table.add_rows(providers.iter().map(|it| {
        vec![
            Cell::new(&it.provider),
            number(it.models),
            number(per_million(it.median_input_price)),
            Cell::new(&it.cheapest),
            number(per_million(it.input_price)),
            number(per_million(it.output_price)),
        ]
    }));
    table
}

/// The price of a million tokens.
fn per_million(price: Option<Decimal>) -> String {
    let million = price.map(|price| (price * Decimal::from(1_000_000)).normalize());
    million.map_or_else(|| "-".to_owned(), |price| price.to_string())
}

fn page_title(page: &PageOfModels) -> String {
    let PageOfModels { provider, number, pages, total, .. } = page;
    format!("Page {number} of {pages} of the {total} models of {provider}, by name")
}

fn window_title(window: &WindowOfModels) -> String {
    let (from, to) = match (window.has_previous, window.has_next) {
        (true, true) => ("others before", "others after"),
        (true, false) => ("others before", "none after"),
        (false, true) => ("none before", "others after"),
        (false, false) => ("none before", "none after"),
    };
    format!("A window of the models of {}, longest context first: {from}, {to}", window.provider)
}

fn promotion(promotion: &Promotion) -> Table {
    let mut table = table(["model", "status", "version", "result"]);
    match promotion {
        Promotion::Nothing => table.add_row(["-", "-", "-", "there is no shadow model"]),
        Promotion::AlreadyPromoted { model, status, version } => {
            let version = version.to_string();
            table.add_row([model, *status, &version, "promoted by another run"])
        }
        Promotion::Promoted {
            model,
            status_before,
            version_before,
            status,
            version,
            second_attempt,
        } => {
            let status = format!("{status_before} -> {status}");
            let version = format!("{version_before} -> {version}");
            table.add_row([model.as_str(), &status, &version, "promoted"]);
            table.add_row([model.as_str(), "", "", &format!("a second attempt: {second_attempt}")])
        }
    };
    table
}

fn table<'h>(header: impl IntoIterator<Item = &'h str>) -> Table {
    let mut table = Table::new();
    table.load_style(presets::UTF8_FULL_CONDENSED).set_header(header);
    // The same in a terminal and in a file.
    table.set_content_arrangement(ContentArrangement::Dynamic).set_width(WIDTH);
    table
}

fn number(number: impl Display) -> Cell {
    Cell::new(number).set_alignment(CellAlignment::Right)
}

fn section(text: &mut String, title: &str, table: &Table) {
    line(text, format_args!("\n{title}"));
    line(text, table);
}

fn line(text: &mut String, line: impl Display) {
    let _ = writeln!(text, "{line}");
}
