//! The picture of a lab in SVG, which every browser shows.

use super::drawing::{self, Block, LINE, Link, MARGIN, PADDING};
use super::escape::xml;
use crate::config::lab::Lab;

/// The colours of networks, dark enough for white text.
const COLOURS: [&str; 8] = [
    "#1f5fa8", "#b3470f", "#23703f", "#7a3c96", "#7d5c00", "#a81e53", "#00707a", "#4e4a45",
];

/// What the letters of a line need below it.
const DESCENT: usize = 5;

/// Returns the picture.
pub(super) fn draw(lab: &Lab) -> String {
    let drawing = drawing::of(lab);
    let (width, height) = (drawing.width, drawing.height);
    let name = xml(&lab.name);
    let mut svg = format!(
        "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n\
         <svg xmlns=\"http://www.w3.org/2000/svg\" width=\"{width}\" height=\"{height}\" \
         viewBox=\"0 0 {width} {height}\" font-family=\"monospace\" font-size=\"13\">\n\
         <title>Lab {name}</title>\n\
         <rect width=\"{width}\" height=\"{height}\" fill=\"white\"/>\n"
    );
    let y = MARGIN + LINE - DESCENT;
    svg += &format!(
        "<text x=\"{MARGIN}\" y=\"{y}\" font-size=\"16\" font-weight=\"bold\">lab {name}</text>\n"
    );
    // Below the bars: a line that passes a bar is not linked to it.
    svg.extend(drawing.links.iter().map(line));
    for (number, bar) in drawing.bars.iter().enumerate() {
        svg += &network(bar, colour(number));
    }
    svg.extend(drawing.links.iter().map(end));
    svg.extend(drawing.boxes.iter().map(node));
    svg + "</svg>\n"
}

fn colour(network: usize) -> &'static str {
    COLOURS[network % COLOURS.len()]
}

fn line(link: &Link) -> String {
    let Link { x, from, to, .. } = link;
    format!(
        "<line x1=\"{x}\" y1=\"{from}\" x2=\"{x}\" y2=\"{to}\" stroke=\"{}\" stroke-width=\"2\"/>\n",
        colour(link.network)
    )
}

/// Draws the dot where a line reaches its bar, and the name of the interface at the other end.
fn end(link: &Link) -> String {
    let Link { x, from, to, .. } = link;
    let colour = colour(link.network);
    let (beside, y) = (
        x + 5,
        if to > from {
            from + LINE
        } else {
            from - 2 * DESCENT
        },
    );
    format!(
        "<circle cx=\"{x}\" cy=\"{to}\" r=\"4\" fill=\"{colour}\" stroke=\"white\"/>\n\
         <text x=\"{beside}\" y=\"{y}\" font-size=\"11\" fill=\"{colour}\">{}</text>\n",
        xml(&link.interface)
    )
}

fn network(bar: &Block, colour: &str) -> String {
    let (x, y) = (bar.x + PADDING, bar.y + LINE);
    let mut lines = bar.lines.iter().map(|line| xml(line));
    let name = lines.next().unwrap_or_default();
    let words = lines.next().unwrap_or_default();
    format!(
        "<rect x=\"{}\" y=\"{}\" width=\"{}\" height=\"{}\" rx=\"6\" fill=\"{colour}\"/>\n\
         <text x=\"{x}\" y=\"{y}\" fill=\"white\"><tspan font-weight=\"bold\">{name}</tspan>\
         <tspan dx=\"16\">{words}</tspan></text>\n",
        bar.x, bar.y, bar.width, bar.height
    )
}

fn node(block: &Block) -> String {
    let mut drawn = format!(
        "<rect x=\"{}\" y=\"{}\" width=\"{}\" height=\"{}\" rx=\"4\" fill=\"#f6f6f4\" stroke=\"#444\"/>\n",
        block.x, block.y, block.width, block.height
    );
    for (number, line) in block.lines.iter().enumerate() {
        let (x, y) = (
            block.x + PADDING,
            block.y + PADDING + (number + 1) * LINE - DESCENT,
        );
        let weight = if number == 0 {
            " font-weight=\"bold\""
        } else {
            ""
        };
        drawn += &format!("<text x=\"{x}\" y=\"{y}\"{weight}>{}</text>\n", xml(line));
    }
    drawn
}
