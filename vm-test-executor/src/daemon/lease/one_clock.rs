//! What all nodes of a lab have written, line by line, by one clock: the consoles, and what the test
//! process reports of their programs. Text only.

use super::super::instance::TimedLine;
use std::time::Duration;
use vm_test_protocol::record::Said;

/// What stands in the place of a time that is not known.
const UNKNOWN: &str = "           ?";

/// Returns the lines of all nodes in the order of their times; `consoles` are those of the nodes
/// with these names.
pub(super) fn merge(said: &[Said], consoles: &[(String, Vec<TimedLine>)]) -> String {
    let mut lines: Vec<(Option<Duration>, &str, &str)> = said
        .iter()
        .map(|said| (Some(said.at), &*said.node, &*said.line))
        .collect();
    for (node, console) in consoles {
        let mut last = None;
        lines.extend(console.iter().map(|line| {
            // The rest of a line that was written in pieces.
            last = line.at.or(last);
            (last, &**node, &*line.text)
        }));
    }
    lines.sort_by_key(|(at, ..)| *at);
    let width = lines.iter().map(|(_, node, _)| node.chars().count()).max();
    let width = width.unwrap_or(0);
    let lines = lines.iter().map(|(at, node, line)| {
        let at = at.map_or(UNKNOWN.to_owned(), of_day);
        format!("{at} {node:width$} {line}\n")
    });
    lines.collect()
}

/// Returns the time of day of a time since 1970.
fn of_day(at: Duration) -> String {
    let seconds = at.as_secs() % 86_400;
    format!(
        "{:02}:{:02}:{:02}.{:03}",
        seconds / 3600,
        seconds / 60 % 60,
        seconds % 60,
        at.subsec_millis()
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    fn line(millis: Option<u64>, text: &str) -> TimedLine {
        TimedLine {
            at: millis.map(Duration::from_millis),
            text: text.to_owned(),
        }
    }

    #[test]
    fn lines_of_all_nodes_are_in_the_order_in_which_they_were_written() {
        let said = |millis, node: &str, line: &str| Said {
            at: Duration::from_millis(millis),
            node: node.to_owned(),
            line: line.to_owned(),
        };
        let said = [
            said(86_400_500, "gw", "second"),
            said(86_402_000, "a", "last"),
        ];
        let console = vec![
            line(None, "before any time"),
            line(Some(86_400_000), "first"),
            line(None, "of the first"),
            line(Some(86_461_001), "too late"),
        ];
        assert_eq!(
            merge(&said, &[("vm".to_owned(), console)]),
            "           ? vm before any time\n\
             00:00:00.000 vm first\n\
             00:00:00.000 vm of the first\n\
             00:00:00.500 gw second\n\
             00:00:02.000 a  last\n\
             00:01:01.001 vm too late\n"
        );
    }
}
