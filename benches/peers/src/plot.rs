//! The plot of a table: for each workload, how many times as long as a repository each contender takes.

use crate::report::Table;
use crate::svg::{Anchor, Svg};

const LEFT: f64 = 250.0;
const RIGHT: f64 = 30.0;
const WIDTH: f64 = 900.0;
const TOP: f64 = 78.0;
const ROW: f64 = 30.0;

/// The ticks of the axis.
const TICKS: [f64; 11] = [0.1, 0.2, 0.5, 1.0, 1.5, 2.0, 3.0, 5.0, 10.0, 20.0, 50.0];

/// Draws a table. A point to the right of 1 takes longer than a repository.
pub fn ratios(table: &Table, title: &str) -> String {
    let height = TOP + ROW * table.lines.len() as f64 + 46.0;
    let mut svg = Svg::new(WIDTH, height, title);
    let names: Vec<(usize, &str)> = table.rivals.iter().map(String::as_str).enumerate().collect();
    svg.legend((24.0, 52.0), &names);
    let scale = Scale::of(table);
    let bottom = TOP + ROW * table.lines.len() as f64;
    for tick in TICKS.into_iter().filter(|tick| scale.has(*tick)) {
        let x = scale.x(tick);
        let class = if tick == 1.0 { "axis" } else { "grid" };
        svg.line(class, (x, TOP - 6.0), (x, bottom));
        svg.text((x, bottom + 16.0), Anchor::Middle, "small", &format!("{tick}"));
    }
    let caption = "times as long as a repository (1 = the same; to the right: slower; logarithmic)";
    svg.text(((LEFT + WIDTH) / 2.0, bottom + 34.0), Anchor::Middle, "small", caption);
    for (row, line) in table.lines.iter().enumerate() {
        let y = TOP + ROW * (row as f64 + 0.5);
        svg.text((LEFT - 16.0, y + 4.0), Anchor::End, "label", &line.workload);
        svg.line("grid", (LEFT, y), (WIDTH - RIGHT, y));
        for rival in &line.rivals {
            let series = table.rivals.iter().position(|name| *name == rival.name).unwrap_or(0);
            let times = 1.0 / rival.ratio;
            let text = format!("{}: {times:.2} times as long", rival.name);
            svg.point(series, (scale.x(times), y), &text);
        }
    }
    svg.finish()
}

/// A logarithmic axis.
struct Scale {
    low: f64,
    high: f64,
}

impl Scale {
    fn of(table: &Table) -> Self {
        let times = table.lines.iter().flat_map(|line| &line.rivals).map(|rival| 1.0 / rival.ratio);
        let (low, high) = times
            .filter(|times| times.is_finite())
            .fold((0.8_f64, 2.0_f64), |(low, high), times| (low.min(times), high.max(times)));
        Self { low: (low * 0.9).ln(), high: (high * 1.15).ln() }
    }

    fn has(&self, value: f64) -> bool {
        (self.low..=self.high).contains(&value.ln())
    }

    fn x(&self, value: f64) -> f64 {
        LEFT + (value.ln() - self.low) / (self.high - self.low) * (WIDTH - LEFT - RIGHT)
    }
}
