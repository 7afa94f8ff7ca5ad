//! Cost of an operation as the data and the tenants grow.
//!
//! Each size is a database of its own. Page and count read all rows of a tenant that they are about, so they grow
//! with these; a get, a window, a create and a patch should not.

use std::collections::HashMap;
use std::collections::hash_map::Entry;
use std::time::{Duration, Instant};

use serde::Serialize;

use crate::Result;
use crate::contenders::Kind;
use crate::contest::Contest;
use crate::place::{Place, Setting};
use crate::report::{grouped, microseconds};
use crate::runs::{Run, place};
use crate::samples::Samples;
use crate::seed::{Seed, Size};
use crate::svg::{Anchor, Svg};
use crate::workload::{System, Workload};

/// What is measured through a repository.
const WORKLOADS: [Workload; 6] = [
    Workload::Get,
    Workload::Page,
    Workload::Window,
    Workload::Create,
    Workload::Patch,
    Workload::Groups,
];

/// What reads all rows of a tenant takes a second where these are a million: a sample has fewer of it then.
const LONGEST: Duration = Duration::from_millis(200);

/// Costs by size.
#[derive(Debug, Serialize)]
pub struct Growth {
    /// What grows.
    pub axis: String,
    /// Its values.
    pub sizes: Vec<usize>,
    /// One series for each workload, and the get by hand.
    pub series: Vec<Series>,
}

/// The cost of one workload at each size.
#[derive(Debug, Serialize)]
pub struct Series {
    /// What was done.
    pub name: String,
    /// Microseconds of one operation, by size.
    pub microseconds: Vec<f64>,
}

/// What was measured of databases by their rows and tenants: a size that two axes share is filled once.
#[derive(Debug, Default)]
pub struct Known {
    costs: HashMap<(usize, usize), Vec<f64>>,
}

/// Measures databases of these many rows and tenants.
pub fn grow(
    system: System,
    axis: &str,
    sizes: &[(usize, usize)],
    rounds: usize,
    known: &mut Known,
) -> Result<Option<Growth>> {
    let outside = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
    let mut names = WORKLOADS.map(|workload| workload.name().to_owned()).to_vec();
    names.push(format!("get, {} by hand", Kind::Limit.name(system)));
    let mut series: Vec<Series> =
        names.into_iter().map(|name| Series { name, microseconds: Vec::new() }).collect();
    for (rows, tenants) in sizes {
        let costs = match known.costs.entry((*rows, *tenants)) {
            Entry::Occupied(known) => known.into_mut(),
            Entry::Vacant(unknown) => {
                let Some(place) = outside.block_on(place(system))? else { return Ok(None) };
                let costs = measure(&place, *rows, *tenants, rounds);
                outside.block_on(place.remove())?;
                unknown.insert(costs?)
            }
        };
        for (series, cost) in series.iter_mut().zip(costs) {
            series.microseconds.push(*cost);
        }
    }
    let is_rows = axis == "rows";
    let sizes = sizes.iter().map(|(rows, tenants)| if is_rows { *rows } else { *tenants });
    Ok(Some(Growth { axis: axis.to_owned(), sizes: sizes.collect(), series }))
}

fn measure(place: &Place, rows: usize, tenants: usize, rounds: usize) -> Result<Vec<f64>> {
    let size = Size { tenants, tickets: rows / tenants, batch: 1, discussed: 0 };
    let run = Run { place, size, commits_wait: false, kinds: &[] };
    let started = Instant::now();
    let seed = run.fill()?;
    let filled = started.elapsed().as_secs();
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
    let costs = runtime.block_on(costs(place, &seed, rounds));
    let (name, measured) = (place.system().name(), started.elapsed().as_secs() - filled);
    eprintln!(
        "{name}: {rows} rows, {tenants} tenants: filled in {filled} s, measured in {measured} s"
    );
    costs
}

/// The medians of the workloads, and of the get by hand; rounds alternate between them.
async fn costs(place: &Place, seed: &Seed, rounds: usize) -> Result<Vec<f64>> {
    let setting = Setting { connections: 4, is_shared: false, is_durable: false };
    let sides =
        vec![Kind::Ours.open(place, setting).await?, Kind::Limit.open(place, setting).await?];
    let contest = Contest { place, database: place.database(setting).await?, seed, sides };
    let mut entrants: Vec<(usize, Workload)> = WORKLOADS.map(|workload| (0, workload)).to_vec();
    entrants.push((1, Workload::Get));
    let samples: Samples = contest.rounds(&entrants, rounds, LONGEST).await?;
    Ok((0..entrants.len()).map(|entrant| samples.median(entrant)).collect())
}

impl Growth {
    /// The table.
    pub fn markdown(&self) -> String {
        let mut table = format!("| {}, us |", self.axis);
        for size in &self.sizes {
            table += &format!(" {} |", grouped(&size.to_string()));
        }
        table += " last / first |\n|---|";
        table += &"--:|".repeat(self.sizes.len() + 1);
        for Series { name, microseconds: costs } in &self.series {
            table += &format!("\n| {name} |");
            for cost in costs {
                table += &format!(" {} |", microseconds(*cost));
            }
            let growth =
                costs.last().zip(costs.first()).map_or(f64::NAN, |(last, first)| last / first);
            table += &format!(" {growth:.2} |");
        }
        table + "\n"
    }

    /// The plot: both axes are logarithmic.
    pub fn plot(&self, title: &str) -> String {
        let (width, height, left, right, top, bottom) = (900.0, 480.0, 80.0, 40.0, 100.0, 420.0);
        let mut svg = Svg::new(width, height, title);
        let names: Vec<(usize, &str)> =
            self.series.iter().map(|series| series.name.as_str()).enumerate().collect();
        let (first, second) = names.split_at(names.len().div_ceil(2));
        svg.legend((24.0, 52.0), first);
        svg.legend((24.0, 74.0), second);
        let costs = || self.series.iter().flat_map(|series| series.microseconds.iter().copied());
        let low = costs().fold(f64::INFINITY, f64::min).log10().floor();
        let high = costs().fold(1.0, f64::max).log10().ceil().max(low + 1.0);
        let y = |cost: f64| bottom - (cost.log10() - low) / (high - low) * (bottom - top);
        let ends =
            (self.sizes.first().copied().unwrap_or(1), self.sizes.last().copied().unwrap_or(1));
        let (start, end) = ((ends.0 as f64).ln(), (ends.1 as f64).ln());
        let x = |size: usize| {
            let part = ((size as f64).ln() - start) / (end - start).max(f64::MIN_POSITIVE);
            left + part * (width - left - right)
        };
        for exponent in low as i32..=high as i32 {
            let cost = 10_f64.powi(exponent);
            svg.line("grid", (left, y(cost)), (width - right, y(cost)));
            svg.text((left - 8.0, y(cost) + 4.0), Anchor::End, "small", &microseconds(cost));
        }
        svg.text((left - 8.0, top - 12.0), Anchor::End, "small", "us");
        for size in &self.sizes {
            svg.line("grid", (x(*size), top), (x(*size), bottom));
            let label = grouped(&size.to_string());
            svg.text((x(*size), bottom + 18.0), Anchor::Middle, "small", &label);
        }
        svg.text(((left + width) / 2.0, bottom + 40.0), Anchor::Middle, "label", &self.axis);
        for (number, series) in self.series.iter().enumerate() {
            let points: Vec<(f64, f64)> = self
                .sizes
                .iter()
                .zip(&series.microseconds)
                .map(|(size, cost)| (x(*size), y(*cost)))
                .collect();
            svg.path(number, &points);
            for (point, cost) in points.iter().zip(&series.microseconds) {
                svg.point(number, *point, &format!("{}: {cost:.1} us", series.name));
            }
        }
        svg.finish()
    }
}
