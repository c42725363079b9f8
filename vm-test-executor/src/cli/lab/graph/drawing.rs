//! Where everything is in the picture of a lab: boxes for nodes in one or two rows, bars for
//! networks between them, a line from each port to the bar of its network. Numbers only.

use super::labels;
use crate::config::lab::{Lab, Node};

/// The width of a character, in the font and size in which boxes and bars are written.
pub(super) const CHARACTER: usize = 8;

/// The height of a line of text.
pub(super) const LINE: usize = 17;

/// The space around the whole picture, and around the text of a box.
pub(super) const MARGIN: usize = 24;
pub(super) const PADDING: usize = 12;

/// The height of the lab's name above the picture.
const TITLE: usize = 30;

/// The space between two boxes, and between a row of boxes and the nearest bar.
const GAP: usize = 28;
const DROP: usize = 52;

/// The space for each port along the side of its box.
const PORT: usize = 64;

const BAR: usize = 26;
const BETWEEN_BARS: usize = 18;

/// More nodes stand in two rows.
const ONE_ROW: usize = 4;

/// A picture.
#[derive(Debug)]
pub(super) struct Drawing {
    pub(super) width: usize,
    pub(super) height: usize,
    pub(super) boxes: Vec<Block>,
    pub(super) bars: Vec<Block>,
    pub(super) links: Vec<Link>,
}

/// A box or a bar, with its text.
#[derive(Debug)]
pub(super) struct Block {
    pub(super) x: usize,
    pub(super) y: usize,
    pub(super) width: usize,
    pub(super) height: usize,
    pub(super) lines: Vec<String>,
}

/// A line from a port to the bar of its network.
#[derive(Debug)]
pub(super) struct Link {
    pub(super) x: usize,
    /// Where it leaves the box.
    pub(super) from: usize,
    /// Where it reaches the bar.
    pub(super) to: usize,
    /// The number of the network.
    pub(super) network: usize,
    pub(super) interface: String,
}

/// Returns the picture of a lab.
pub(super) fn of(lab: &Lab) -> Drawing {
    let count = lab.nodes.len();
    let above = if count > ONE_ROW {
        count.div_ceil(2)
    } else {
        count
    };
    let (upper, lower) = lab.nodes.split_at(above);
    let top = MARGIN + TITLE;
    let first_bar = top + height_of(upper) + DROP;
    let mut boxes = Vec::new();
    // Lines of the lower row are not above those of the upper one.
    let mut stubs = row(lab, upper, top, 0, &mut boxes);
    let upper_stubs = stubs.len();
    stubs.extend(row(lab, lower, 0, PORT / 2, &mut boxes));
    let bars = bars(lab, &stubs, first_bar);
    let below_bars = bars.iter().map(|bar| bar.y + bar.height).max();
    let below_bars = below_bars.unwrap_or(first_bar - DROP);
    let mut bottom = below_bars;
    if !lower.is_empty() {
        let y = below_bars + DROP;
        boxes.iter_mut().skip(above).for_each(|block| block.y = y);
        bottom = y + height_of(lower);
    }
    let upper_side = top + height_of(upper);
    let links = stubs.into_iter().enumerate().map(|(number, stub)| {
        let bar = &bars[stub.network];
        let (from, to) = if number < upper_stubs {
            (upper_side, bar.y)
        } else {
            (below_bars + DROP, bar.y + bar.height)
        };
        Link { from, to, ..stub }
    });
    let links: Vec<_> = links.collect();
    let blocks = boxes.iter().chain(&bars);
    let right = blocks.map(|block| block.x + block.width).max();
    Drawing {
        width: right.unwrap_or(0) + MARGIN,
        height: bottom + MARGIN,
        boxes,
        bars,
        links,
    }
}

/// Places a row of boxes; returns their ports, which lead nowhere yet.
fn row(lab: &Lab, nodes: &[Node], y: usize, shift: usize, boxes: &mut Vec<Block>) -> Vec<Link> {
    let height = height_of(nodes);
    let mut x = MARGIN + shift;
    let mut stubs = Vec::new();
    for node in nodes {
        let lines = lines_of(node);
        let ports = node.ports.len();
        let width = width_of(&lines).max((ports + 1) * PORT) + 2 * PADDING;
        // On a grid, so that no line of one row is in a column of the other one.
        let middle = x + (width - ports * PORT) / 2;
        let first = (middle - shift).next_multiple_of(PORT) + shift;
        for (number, port) in node.ports.iter().enumerate() {
            let mut networks = lab.networks.iter();
            let Some(network) = networks.position(|network| network.name == port.network) else {
                continue;
            };
            stubs.push(Link {
                x: first + number * PORT,
                from: 0,
                to: 0,
                network,
                interface: port.interface.clone(),
            });
        }
        boxes.push(Block {
            x,
            y,
            width,
            height,
            lines,
        });
        x += width + GAP;
    }
    stubs
}

/// Places the bars of networks: each as long as its ports are apart, and those that do not overlap
/// beside each other.
fn bars(lab: &Lab, stubs: &[Link], first: usize) -> Vec<Block> {
    let mut lanes: Vec<Vec<(usize, usize)>> = Vec::new();
    let mut bars = Vec::new();
    for (number, network) in lab.networks.iter().enumerate() {
        let words = labels::of_network(lab, network);
        let lines = vec![network.name.clone(), words.join(" · ")];
        let text = (lines.concat().chars().count() + 2) * CHARACTER + 2 * PADDING;
        let ports = || stubs.iter().filter(|stub| stub.network == number);
        let left = ports().map(|stub| stub.x).min();
        let left = left.map_or(MARGIN, |x| x.saturating_sub(PORT / 2).max(MARGIN));
        let right = ports().map(|stub| stub.x + PORT / 2).max().unwrap_or(0);
        let right = right.max(left + text);
        let is_free = |lane: &Vec<(usize, usize)>| {
            let mut taken = lane.iter();
            taken.all(|(from, to)| right + GAP <= *from || *to + GAP <= left)
        };
        let lane = lanes.iter().position(is_free).unwrap_or_else(|| {
            lanes.push(Vec::new());
            lanes.len() - 1
        });
        lanes[lane].push((left, right));
        bars.push(Block {
            x: left,
            y: first + lane * (BAR + BETWEEN_BARS),
            width: right - left,
            height: BAR,
            lines,
        });
    }
    bars
}

/// Returns the text of a box: the node, its guest, and its ports.
fn lines_of(node: &Node) -> Vec<String> {
    let mut lines = vec![node.name.clone(), labels::guest(node)];
    for port in &node.ports {
        lines.extend(
            labels::addresses(port)
                .into_iter()
                .map(|address| format!("{} {}: {address}", port.interface, port.network)),
        );
    }
    lines
}

fn height_of(nodes: &[Node]) -> usize {
    let lines = nodes.iter().map(|node| lines_of(node).len()).max();
    lines.unwrap_or(0) * LINE + 2 * PADDING
}

fn width_of(lines: &[String]) -> usize {
    let longest = lines.iter().map(|line| line.chars().count()).max();
    longest.unwrap_or(0) * CHARACTER
}
