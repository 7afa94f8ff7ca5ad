//! Small charts as SVG: what is drawn is text, rectangles, lines and circles.
//!
//! Colours are variables that the viewer's light or dark scheme sets, so that a chart is readable on both.

use std::fmt::Write as _;

/// The colours of series, in light and in dark.
const COLOURS: [(&str, &str); 8] = [
    ("#1f5fbf", "#6ea8ff"),
    ("#c2410c", "#ff9a62"),
    ("#15803d", "#5fd38a"),
    ("#7e22ce", "#c79bff"),
    ("#b91c1c", "#ff8a8a"),
    ("#0f766e", "#4fd6c9"),
    ("#a16207", "#e9c46a"),
    ("#475569", "#a9b8cc"),
];

/// A chart that is being drawn.
#[derive(Debug)]
pub struct Svg {
    width: f64,
    height: f64,
    body: String,
}

/// Where a text stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Anchor {
    /// It starts there.
    Start,
    /// It is in the middle.
    Middle,
    /// It ends there.
    End,
}

impl Svg {
    /// An empty chart with a title.
    pub fn new(width: f64, height: f64, title: &str) -> Self {
        let mut svg = Self { width, height, body: String::new() };
        svg.text((16.0, 26.0), Anchor::Start, "title", title);
        svg
    }

    /// Adds text of the class `title`, `label` or `small`.
    pub fn text(&mut self, at: (f64, f64), anchor: Anchor, class: &str, text: &str) {
        let anchor = match anchor {
            Anchor::Start => "start",
            Anchor::Middle => "middle",
            Anchor::End => "end",
        };
        let (x, y) = at;
        let text = escaped(text);
        self.push(format_args!(
            "<text class=\"{class}\" x=\"{x:.1}\" y=\"{y:.1}\" text-anchor=\"{anchor}\">{text}</text>"
        ));
    }

    /// Adds a line of the class `grid` or `axis`.
    pub fn line(&mut self, class: &str, from: (f64, f64), to: (f64, f64)) {
        let ((x1, y1), (x2, y2)) = (from, to);
        self.push(format_args!(
            "<line class=\"{class}\" x1=\"{x1:.1}\" y1=\"{y1:.1}\" x2=\"{x2:.1}\" y2=\"{y2:.1}\"/>"
        ));
    }

    /// Adds a line through points, in the colour of a series.
    pub fn path(&mut self, series: usize, points: &[(f64, f64)]) {
        let points: Vec<String> = points.iter().map(|(x, y)| format!("{x:.1},{y:.1}")).collect();
        let (series, points) = (series % COLOURS.len(), points.join(" "));
        self.push(format_args!("<polyline class=\"path s{series}\" points=\"{points}\"/>"));
    }

    /// Adds a point in the colour of a series, with a text that is shown on hovering.
    pub fn point(&mut self, series: usize, at: (f64, f64), text: &str) {
        let (series, (x, y), text) = (series % COLOURS.len(), at, escaped(text));
        self.push(format_args!(
            "<circle class=\"p{series}\" cx=\"{x:.1}\" cy=\"{y:.1}\" r=\"5\"><title>{text}</title></circle>"
        ));
    }

    /// Adds the names of series, from the left to the right.
    pub fn legend(&mut self, at: (f64, f64), names: &[(usize, &str)]) {
        let (mut x, y) = at;
        for (series, name) in names {
            self.point(*series, (x, y - 4.0), name);
            self.text((x + 10.0, y), Anchor::Start, "label", name);
            x += 34.0 + 7.2 * name.chars().count() as f64;
        }
    }

    /// The whole file.
    pub fn finish(self) -> String {
        let Self { width, height, body } = self;
        let classes = |dark: bool| -> String {
            let colour = |(light, darker): &(&str, &str)| {
                if dark { darker.to_string() } else { light.to_string() }
            };
            let pairs = COLOURS.iter().map(colour).enumerate();
            pairs.map(|(n, c)| format!(".s{n}{{stroke:{c}}}.p{n}{{fill:{c}}}")).collect()
        };
        let (light, dark) = (classes(false), classes(true));
        format!(
            "<svg xmlns=\"http://www.w3.org/2000/svg\" viewBox=\"0 0 {width} {height}\" width=\"{width}\" \
             height=\"{height}\" role=\"img\">\n<style>\n\
             text{{font-family:system-ui,-apple-system,'Segoe UI',sans-serif;fill:#24292f}}\
             .title{{font-size:16px;font-weight:600}}.label{{font-size:13px}}.small{{font-size:11px}}\
             .paper{{fill:#ffffff}}.grid{{stroke:#d8dee4;stroke-width:1}}\
             .axis{{stroke:#57606a;stroke-width:1.5}}.path{{fill:none;stroke-width:2}}\n{light}\n\
             @media (prefers-color-scheme:dark){{text{{fill:#e6edf3}}.paper{{fill:#0d1117}}\
             .grid{{stroke:#30363d}}.axis{{stroke:#9aa4ae}}{dark}}}\n</style>\n\
             <rect class=\"paper\" width=\"{width}\" height=\"{height}\" rx=\"8\"/>\n{body}</svg>\n"
        )
    }

    fn push(&mut self, element: std::fmt::Arguments<'_>) {
        self.body.write_fmt(element).expect("a String takes whatever is written to it");
        self.body.push('\n');
    }
}

fn escaped(text: &str) -> String {
    text.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;")
}
