//! Pictures of a lab that is read from a file, as users write it.

use super::drawing::{self, Block};
use super::{dot, mermaid, svg};
use crate::config::Workspace;
use crate::config::lab::Lab;
use std::fs;

const OFFICE: &str = r#"
[guest.deb]
image = "debian-12"

[lab.office.networks]
lan = {}
wan = { mtu = 9000 }
phys = { trunk = true }
idle = {}

[lab.office.nodes]
gw = { guest = "deb", networks = ["lan", "wan", "phys"] }
a = { guest = "deb", networks = ["lan"] }
b = { guest = "host", networks = ["lan"] }
far = { guest = "deb", networks = ["wan"] }
tap = { guest = "deb", networks = ["phys"] }
alone = { guest = "deb" }
last = { guest = "deb", networks = ["phys", "wan", "lan"] }
"#;

fn office() -> Lab {
    let directory = tempfile::tempdir().unwrap();
    fs::write(directory.path().join("vm-test.toml"), OFFICE).unwrap();
    let workspace = Workspace::find(directory.path()).unwrap();
    workspace.lab("office").unwrap()
}

fn overlap(one: &Block, other: &Block) -> bool {
    one.x < other.x + other.width
        && other.x < one.x + one.width
        && one.y < other.y + other.height
        && other.y < one.y + one.height
}

#[test]
fn nothing_overlaps_and_every_line_ends_at_its_bar_and_meets_no_other() {
    let lab = office();
    let drawing = drawing::of(&lab);
    let blocks: Vec<_> = drawing.boxes.iter().chain(&drawing.bars).collect();
    for (number, one) in blocks.iter().enumerate() {
        assert!(one.x + one.width < drawing.width && one.y + one.height < drawing.height);
        for other in &blocks[number + 1..] {
            assert!(!overlap(one, other), "{one:?} and {other:?}");
        }
    }
    let ports: usize = lab.nodes.iter().map(|node| node.ports.len()).sum();
    assert_eq!(drawing.links.len(), ports);
    let mut columns: Vec<_> = drawing.links.iter().map(|link| link.x).collect();
    columns.sort_unstable();
    columns.dedup();
    assert_eq!(columns.len(), ports, "two lines are one above the other");
    for link in &drawing.links {
        let bar = &drawing.bars[link.network];
        assert!((bar.x..bar.x + bar.width).contains(&link.x), "{link:?}");
        assert!(link.to == bar.y || link.to == bar.y + bar.height);
        for block in &drawing.boxes {
            let (least, most) = (link.from.min(link.to), link.from.max(link.to));
            let crosses = (block.x..block.x + block.width).contains(&link.x)
                && block.y < most
                && least < block.y + block.height;
            assert!(!crosses, "{link:?} crosses {block:?}");
        }
    }
}

#[test]
fn the_pictures_have_all_names_guests_and_addresses() {
    let lab = office();
    let pictures = [svg::draw(&lab), dot::draw(&lab), mermaid::draw(&lab)];
    for picture in pictures {
        for words in [
            "gw",
            "alone",
            "deb: lxc image debian-12",
            "host: lxc over the host",
            "lan",
            "trunk",
            "mtu 9000",
            "10.213.1.0/24",
            "10.213.1.1/24",
            "eth2",
        ] {
            assert!(picture.contains(words), "{words}: {picture}");
        }
    }
}

#[test]
fn an_svg_has_as_many_ends_of_elements_as_beginnings() {
    let svg = svg::draw(&office());
    for element in ["svg", "text", "tspan", "title"] {
        let begins = svg.matches(&format!("<{element}")).count();
        let ends = svg.matches(&format!("</{element}>")).count();
        assert!(begins > 0 && begins == ends, "{element}: {svg}");
    }
    assert!(!svg.contains("&'") && svg.contains("the host&#39;s root"));
}
