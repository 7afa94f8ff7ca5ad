//! Tables about requests: what a tenant sees of its own, and what who runs the router sees of all.

use std::fmt::Write as _;

use chrono::{DateTime, Utc};
use comfy_table::{Cell, Table};
use rust_decimal::Decimal;

use super::{line, number, section, table};
use crate::answers::Report;
use crate::requests::TenantLog;
use crate::usage::{Day, Hour, Usage, name_of};

pub(super) fn render(text: &mut String, report: &Report) {
    section(text, "Requests, as each tenant sees them", &tenants(&report.tenants));
    for log in &report.tenants {
        line(text, logged(log));
    }
    for log in &report.tenants {
        section(
            text,
            &format!("What {} used each day, as it sees it", log.tenant),
            &days(&log.days),
        );
    }
    let title = "What each tenant used each day, as who runs the router sees it";
    section(text, title, &days(&report.usage.days));
    let title = "Error rate per model by hour, in UTC: per cent of how many requests";
    section(text, title, &error_rates(&report.usage));
}

fn tenants(logs: &[TenantLog]) -> Table {
    let mut table = table([
        "tenant",
        "requests",
        "answered",
        "input tokens",
        "output tokens",
        "slowest, ms",
        "cost, dollars",
    ]);
    table.add_rows(logs.iter().map(|log| {
        vec![
            Cell::new(log.tenant),
            number(log.requests),
            number(log.answered),
            number(log.input_tokens),
            number(log.output_tokens),
            number(log.slowest_ms),
            number(&log.cost),
        ]
    }));
    table
}

fn days(days: &[Day]) -> Table {
    let mut table = table(["tenant", "day", "requests", "95 % within, ms", "cost, dollars"]);
    table.add_rows(days.iter().map(|it| {
        vec![
            Cell::new(name_of(it.tenant)),
            Cell::new(it.day.date_naive()),
            number(it.requests),
            number(it.slow_ms.unwrap_or(0)),
            number(it.cost.unwrap_or(Decimal::ZERO).normalize()),
        ]
    }));
    table
}

/// A row for each model, a column for each hour.
fn error_rates(usage: &Usage) -> Table {
    let hours: Vec<DateTime<Utc>> = usage.hours.iter().map(|it| it.hour).collect();
    let names: Vec<String> =
        hours.iter().map(|hour| hour.format("%d. %H:00").to_string()).collect();
    let mut table = table(std::iter::once("model").chain(names.iter().map(String::as_str)));
    let row = |name: &str, of: &[Hour]| {
        let cell = |hour| number(error_rate(of.iter().find(|it| it.hour == hour)));
        let cells = hours.iter().copied().map(cell);
        std::iter::once(Cell::new(name)).chain(cells).collect::<Vec<_>>()
    };
    table.add_rows(usage.models.iter().map(|it| row(&it.model, &it.hours)));
    table.add_row(row("all", &usage.hours));
    table
}

fn error_rate(hour: Option<&Hour>) -> String {
    let rate = hour.and_then(|it| Some(format!("{} % of {}", it.error_rate()?, it.requests)));
    rate.unwrap_or_else(|| "-".to_owned())
}

fn logged(log: &TenantLog) -> String {
    let TenantLog { tenant, logged, already_there, foreign_request, .. } = log;
    let mut text = format!("{tenant}: {logged} requests logged now, {already_there} there before");
    if let Some(answer) = foreign_request {
        let _ = write!(text, "; asks for a request of the other tenant: {answer}");
    }
    text
}
