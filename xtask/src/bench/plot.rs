//! Draws a report: each curve, or bars for the medians of what was compared, one picture for each
//! measure. The viewer draws the text of the picture, so that no font is needed here.

use std::fs;
use std::ops::Range;
use std::path::Path;

use anyhow::{Context, Result, anyhow};
use plotters::coord::ranged1d::ValueFormatter;
use plotters::prelude::*;

use super::curve::Curve;
use super::measure::Measure;
use super::report::Report;

/// The size of a curve's picture, and of bars: its width, and its height for each bar and besides.
const SIZE: (u32, u32) = (720, 420);
const BAR: u32 = 26;
const BESIDES: u32 = 100;

const FONT: &str = "sans-serif";
const COLOURS: [RGBColor; 3] = [
    RGBColor(31, 119, 180),
    RGBColor(214, 90, 30),
    RGBColor(110, 110, 110),
];

/// From so many times the first value on, an axis is logarithmic.
const LONG: f64 = 50.0;

/// Writes all pictures to a directory, which is made if necessary; returns their names.
pub(super) fn draw(report: &Report, directory: &Path) -> Result<Vec<String>> {
    fs::create_dir_all(directory)
        .with_context(|| format!("cannot make {}", directory.display()))?;
    let mut pictures = Vec::new();
    for curve in &report.curves {
        pictures.push((curve.name.clone(), of_curve(curve)?));
    }
    for (what, bars) in groups(report) {
        pictures.push((slug(&what), of_bars(&what, &bars)?));
    }
    let mut names = Vec::new();
    for (name, picture) in pictures {
        let name = format!("{}-{name}.svg", report.form);
        let path = directory.join(&name);
        fs::write(&path, picture).with_context(|| format!("cannot write {}", path.display()))?;
        println!("plotted {}", path.display());
        names.push(name);
    }
    Ok(names)
}

/// What a contestant is called, and what was measured of it.
type Bars<'a> = Vec<(&'a str, &'a Measure)>;

/// Returns, for each measure, everything that has a median of it, if that is more than one.
fn groups(report: &Report) -> Vec<(String, Bars<'_>)> {
    let mut groups: Vec<(String, Bars<'_>)> = Vec::new();
    for entry in &report.contestants {
        for measure in entry.measures.iter().filter(|it| it.median.is_some()) {
            let bar = (entry.name.as_str(), measure);
            match groups.iter_mut().find(|(what, _)| *what == measure.what) {
                Some((_, bars)) => bars.push(bar),
                None => groups.push((measure.what.clone(), vec![bar])),
            }
        }
    }
    // One bar alone is compared with nothing.
    groups.retain(|(_, bars)| bars.len() > 1);
    groups
}

/// Returns a name for a file: words between hyphens.
fn slug(what: &str) -> String {
    let words = what.split(|letter: char| !letter.is_ascii_alphanumeric());
    let words: Vec<_> = words.filter(|word| !word.is_empty()).collect();
    words.join("-").to_lowercase()
}

/// Returns the picture of a curve, in milliseconds.
fn of_curve(curve: &Curve) -> Result<String> {
    let points = |values: fn(&super::curve::Point) -> Option<f64>| -> Vec<(f64, f64)> {
        let points = curve.points.iter();
        let points = points.filter_map(|point| Some((point.at, values(point)? * 1e3)));
        points.collect()
    };
    let lines = [
        (
            "on the guest, over local: median",
            points(|it| it.over.median),
        ),
        ("on the guest, over local: p99", points(|it| it.over.p99)),
        ("local: median", points(|it| it.local.median)),
    ];
    let all = || lines.iter().flat_map(|(_, points)| points);
    let least = all().map(|(at, _)| *at).fold(f64::INFINITY, f64::min);
    let most = all().map(|(at, _)| *at).fold(0.0, f64::max);
    let high = all().map(|(_, value)| *value).fold(0.0, f64::max);
    let across = if least > 0.0 && most / least >= LONG {
        Axis::Logarithmic(least..most * 1.1)
    } else {
        Axis::Linear(0.0..most.max(1.0) * 1.05)
    };
    let mut picture = String::new();
    {
        let root = SVGBackend::with_string(&mut picture, SIZE).into_drawing_area();
        root.fill(&WHITE).map_err(failed)?;
        let mut builder = ChartBuilder::on(&root);
        let title = format!("{}, guest {}", curve.what, curve.guest);
        builder
            .caption(title, (FONT, 18))
            .margin(12)
            .x_label_area_size(44)
            .y_label_area_size(60);
        // With room for the names of lines above them.
        let up = 0.0..high.max(0.001) * 1.4;
        let label = format!("{} [{}]", curve.what, curve.unit);
        match across {
            Axis::Linear(across) => {
                let chart = builder.build_cartesian_2d(across, up).map_err(failed)?;
                lay(chart, &label, &lines)?;
            }
            Axis::Logarithmic(across) => {
                let across = across.log_scale();
                let chart = builder.build_cartesian_2d(across, up).map_err(failed)?;
                lay(chart, &label, &lines)?;
            }
        }
        root.present().map_err(failed)?;
    }
    Ok(picture)
}

/// The kinds of an axis.
enum Axis {
    Linear(Range<f64>),
    Logarithmic(Range<f64>),
}

/// A name, and points.
type Line<'a> = (&'a str, Vec<(f64, f64)>);

/// Lays lines into a chart.
fn lay<'a, X>(
    mut chart: ChartContext<
        'a,
        SVGBackend<'a>,
        Cartesian2d<X, plotters::coord::types::RangedCoordf64>,
    >,
    label: &str,
    lines: &[Line<'_>],
) -> Result<()>
where
    X: Ranged<ValueType = f64> + ValueFormatter<f64>,
{
    chart
        .configure_mesh()
        .x_desc(label)
        .y_desc("milliseconds")
        .label_style((FONT, 13))
        .light_line_style(WHITE)
        .draw()
        .map_err(failed)?;
    for ((name, points), colour) in lines.iter().zip(COLOURS) {
        let dots = points.iter().map(|at| Circle::new(*at, 3, colour.filled()));
        chart.draw_series(dots).map_err(failed)?;
        let line = LineSeries::new(points.iter().copied(), colour.stroke_width(2));
        chart
            .draw_series(line)
            .map_err(failed)?
            .label(*name)
            .legend(move |(x, y)| PathElement::new([(x, y), (x + 18, y)], colour.stroke_width(2)));
    }
    chart
        .configure_series_labels()
        .position(SeriesLabelPosition::UpperRight)
        .label_font((FONT, 13))
        .background_style(WHITE)
        .border_style(RGBColor(200, 200, 200))
        .draw()
        .map_err(failed)?;
    Ok(())
}

/// Returns the picture of medians as bars, the first one above.
fn of_bars(what: &str, bars: &Bars<'_>) -> Result<String> {
    let unit = bars
        .first()
        .map_or("", |(_, measure)| measure.unit.as_str());
    let (factor, unit) = if unit == "s" {
        (1e3, "ms")
    } else {
        (1.0, unit)
    };
    let medians: Vec<f64> = bars
        .iter()
        .map(|(_, measure)| measure.median.unwrap_or_default() * factor)
        .collect();
    let most = medians.iter().copied().fold(0.0, f64::max);
    let count = bars.len();
    let size = (SIZE.0, BESIDES + BAR * u32::try_from(count)?);
    let mut picture = String::new();
    {
        let root = SVGBackend::with_string(&mut picture, size).into_drawing_area();
        root.fill(&WHITE).map_err(failed)?;
        let rows = (0..count.saturating_sub(1)).into_segmented();
        let mut chart = ChartBuilder::on(&root)
            .caption(format!("{what}, medians"), (FONT, 18))
            .margin(12)
            .x_label_area_size(40)
            .y_label_area_size(230)
            .build_cartesian_2d(0.0..most.max(0.001) * 1.15, rows)
            .map_err(failed)?;
        let name = |row: &SegmentValue<usize>| match row {
            SegmentValue::CenterOf(row) | SegmentValue::Exact(row) => {
                let from_above = count.checked_sub(row + 1);
                let bar = from_above.and_then(|row| bars.get(row));
                bar.map_or(String::new(), |(name, _)| (*name).to_owned())
            }
            SegmentValue::Last => String::new(),
        };
        chart
            .configure_mesh()
            .disable_y_mesh()
            .y_labels(count + 1)
            .y_label_formatter(&name)
            .x_desc(unit)
            .label_style((FONT, 13))
            .light_line_style(WHITE)
            .draw()
            .map_err(failed)?;
        let rows = medians.iter().rev().enumerate();
        let boxes = rows.clone().map(|(row, median)| {
            let corners = [
                (0.0, SegmentValue::Exact(row)),
                (*median, SegmentValue::Exact(row + 1)),
            ];
            let mut bar = Rectangle::new(corners, COLOURS[0].filled());
            bar.set_margin(4, 4, 0, 0);
            bar
        });
        chart.draw_series(boxes).map_err(failed)?;
        let figures = rows.map(|(row, median)| {
            let place = (*median + most * 0.01, SegmentValue::CenterOf(row));
            let style = (FONT, 12).into_font().color(&BLACK);
            Text::new(format!("{median:.3}"), place, style)
        });
        chart.draw_series(figures).map_err(failed)?;
        root.present().map_err(failed)?;
    }
    Ok(picture)
}

fn failed(error: impl std::fmt::Display) -> anyhow::Error {
    anyhow!("cannot plot: {error}")
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;
    use crate::bench::curve::Point;
    use crate::bench::measure::TIME;
    use crate::bench::scene::Scene;

    fn curve(unit: &str, at: [f64; 3]) -> Curve {
        let millis = Duration::from_millis;
        Curve {
            name: "suite".to_owned(),
            what: "number of the test".to_owned(),
            unit: unit.to_owned(),
            guest: "host".to_owned(),
            points: at
                .map(|at| Point::of(at, &[(millis(2), millis(12))]))
                .into(),
        }
    }

    #[test]
    fn a_curve_has_a_line_and_a_name_for_each_series() {
        for at in [[100.0, 1000.0, 10_000.0], [0.0, 1.0, 16.0]] {
            let picture = of_curve(&curve("tests", at)).unwrap();
            for name in ["over local: median", "over local: p99", "local: median"] {
                assert!(picture.contains(name), "{picture}");
            }
            assert!(picture.contains("number of the test [tests]"), "{picture}");
            let colour = |colour: RGBColor| {
                let RGBColor(red, green, blue) = colour;
                format!("stroke=\"#{red:02X}{green:02X}{blue:02X}\"")
            };
            for series in COLOURS.map(colour) {
                let lines = picture.lines().filter(|line| line.starts_with("<polyline"));
                // The line and its mark in the legend.
                assert_eq!(lines.filter(|line| line.contains(&series)).count(), 2);
            }
            roxmltree::Document::parse(&picture).unwrap();
        }
    }

    #[test]
    fn each_measure_has_a_picture_with_a_bar_and_a_name_for_everyone_measured() {
        let mut report = Report::new("containers", Scene::default());
        for (name, time) in [("local", 0.002), ("on_vm", 0.012), ("crun", 0.006)] {
            report.add(name, [Measure::new(TIME, "s", vec![time])]);
        }
        report.add(
            "crun",
            [Measure::new("in a second, 2 at a time", "1/s", vec![150.0])],
        );
        report.add("no run", [Measure::new("alone", "s", vec![1.0])]);
        report.add(
            "local",
            [Measure::new("in a second, 2 at a time", "1/s", vec![400.0])],
        );
        report.add("bwrap", [Measure::new(TIME, "s", vec![])]);
        report.curves.push(curve("tests", [1.0, 2.0, 3.0]));
        let directory = tempfile::tempdir().unwrap();
        let names = draw(&report, &directory.path().join("plots")).unwrap();
        assert_eq!(
            names,
            [
                "containers-suite.svg",
                "containers-time.svg",
                "containers-in-a-second-2-at-a-time.svg"
            ]
        );
        let picture = fs::read_to_string(directory.path().join("plots/containers-time.svg"));
        let picture = picture.unwrap();
        let blue = picture
            .lines()
            .filter(|line| line.contains("fill=\"#1F77B4\""));
        assert_eq!(blue.count(), 3, "{picture}");
        for text in ["local", "on_vm", "crun", "12.000", "ms"] {
            assert!(
                picture.contains(&format!("\n{text}\n")),
                "{text}: {picture}"
            );
        }
        assert!(!picture.contains("bwrap"));
    }
}
