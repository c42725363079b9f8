//! `vm-test report`: the times of a run's tests as a table: the slowest bodies, where the time
//! went, the guests used.

use super::args::RunReportArgs;
use super::output::{harmless, say, say_json, table};
use super::runs::{self, Line, NodeLine, Run};
use serde_json::json;
use std::collections::BTreeMap;
use vm_test_protocol::failure::Failure;

/// How many tests are listed, and how many nodes.
const MOST: usize = 20;

/// Prints the report.
pub(super) fn run(args: &RunReportArgs) -> Result<(), Failure> {
    let run = runs::read(args.run.as_deref())?;
    if args.json {
        return say_json(&json!({ "run": run.name, "tests": run.documents }));
    }
    say(&text(&run))
}

fn text(run: &Run) -> String {
    let mut lines = run.lines.clone();
    lines.sort_by_key(|line| std::cmp::Reverse(line.body_us));
    let mut text = format!("run {}: {}\n\n", run.name, count(lines.len(), "test"));
    let head = [
        "TEST", "GUEST", "OUTCOME", "WAIT", "BOOT", "START", "BODY", "ROLLBACK",
    ];
    let mut rows = vec![head.map(str::to_owned)];
    rows.extend(lines.iter().take(MOST).map(row));
    text += &table(&rows);
    if lines.len() > MOST {
        text += &format!(
            "and {} with shorter bodies\n",
            count(lines.len() - MOST, "test")
        );
    }
    text += "\nWHERE THE TIME WENT\n";
    text += &table(&parts(&lines));
    text += "\nGUESTS\n";
    text += &table(&guests(&lines));
    text += &nodes(&lines);
    let logs = logs(&lines);
    if !logs.is_empty() {
        text += "\nLOGS OF FAILED TESTS\n";
        text += &table(&logs);
    }
    text
}

fn row(line: &Line) -> [String; 8] {
    let kept = if line.kept { ", kept" } else { "" };
    let time = |micros: Option<u64>| micros.map_or("-".to_owned(), millis);
    [
        name(line),
        harmless(&line.guest),
        format!("{}{kept}", harmless(&line.outcome)),
        millis(line.wait_us),
        time(line.boot_us),
        time(line.start_us),
        time(line.body_us),
        time(line.rollback_us),
    ]
}

fn parts(lines: &[Line]) -> Vec<[String; 3]> {
    let sum = |part: fn(&Line) -> Option<u64>| lines.iter().filter_map(part).sum::<u64>();
    let sums = [
        ("waiting for room", sum(|line| Some(line.wait_us))),
        ("booting guests", sum(|line| line.boot_us)),
        ("starting test processes", sum(|line| line.start_us)),
        ("in bodies", sum(|line| line.body_us)),
        ("rolling back", sum(|line| line.rollback_us)),
        // Starting the daemon, the last output, the files that come back.
        ("everything else", lines.iter().map(rest).sum()),
    ];
    let all = sums.iter().map(|(_, sum)| sum).sum::<u64>().max(1);
    let share = |sum: u64| format!("{} %", (sum * 100 + all / 2) / all);
    sums.map(|(what, sum)| [format!("  {what}"), millis(sum), share(sum)])
        .into()
}

/// Returns the time that belongs to no part of the test.
fn rest(line: &Line) -> u64 {
    let parts = [line.boot_us, line.start_us, line.body_us];
    let known = line.wait_us + parts.iter().flatten().sum::<u64>();
    line.total_us.unwrap_or(known).saturating_sub(known)
}

fn guests(lines: &[Line]) -> Vec<[String; 3]> {
    let mut guests = BTreeMap::<_, usize>::new();
    for line in lines {
        *guests.entry((&line.guest, &line.description)).or_default() += 1;
    }
    let row = |((guest, description), times): ((&String, &String), usize)| {
        [
            format!("  {}", harmless(guest)),
            count(times, "test"),
            harmless(description),
        ]
    };
    guests.into_iter().map(row).collect()
}

/// Returns the nodes of labs that took longest to be ready; nothing if there was no lab.
fn nodes(lines: &[Line]) -> String {
    let mut nodes: Vec<(&Line, &NodeLine)> = Vec::new();
    for line in lines {
        nodes.extend(line.nodes.iter().map(|node| (line, node)));
    }
    if nodes.is_empty() {
        return String::new();
    }
    nodes.sort_by_key(|(_, node)| std::cmp::Reverse(node.prepare_us.saturating_add(node.boot_us)));
    let head = ["  TEST", "NODE", "STARTUP", "PREPARE", "BOOT"];
    let row = |(line, node): &(&Line, &NodeLine)| {
        [
            format!("  {}", name(line)),
            harmless(&node.node),
            harmless(&node.startup),
            millis(node.prepare_us),
            millis(node.boot_us),
        ]
    };
    let mut rows = vec![head.map(str::to_owned)];
    rows.extend(nodes.iter().take(MOST).map(row));
    let more = match nodes.len().saturating_sub(MOST) {
        0 => String::new(),
        more => format!("  and {} that took less\n", count(more, "node")),
    };
    format!("\nNODES OF LABS, THE SLOWEST FIRST\n{}{more}", table(&rows))
}

fn logs(lines: &[Line]) -> Vec<[String; 2]> {
    let failed = lines.iter().filter(|line| line.outcome != "passed");
    let row = |line: &Line| {
        let words = line.words.as_deref().unwrap_or_default();
        let log = match line.instance.as_str() {
            // All that is known of a test that got no instance.
            "" => harmless(words.lines().next().unwrap_or_default()),
            instance => format!("vm-test logs {}", harmless(instance)),
        };
        [format!("  {}", name(line)), log]
    };
    failed.take(MOST).map(row).collect()
}

fn name(line: &Line) -> String {
    harmless(&format!("{}::{}", line.package, line.test))
}

fn count(count: usize, noun: &str) -> String {
    match count {
        1 => format!("1 {noun}"),
        _ => format!("{count} {noun}s"),
    }
}

fn millis(micros: u64) -> String {
    format!("{}.{} ms", micros / 1000, micros % 1000 / 100)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn run(lines: &[&str]) -> Run {
        let lines: Vec<Line> = lines
            .iter()
            .map(|line| serde_json::from_str(line).unwrap())
            .collect();
        Run {
            name: "r".to_owned(),
            documents: Vec::new(),
            lines,
        }
    }

    #[test]
    fn the_slowest_body_comes_first_and_every_part_has_its_share() {
        let run = run(&[
            r#"{"schema":1,"package":"p","test":"a","guest":"host","description":"lxc","instance":"host-1-1","outcome":"passed",
                "wait_us":0,"boot_us":10000,"start_us":1000,"body_us":500,"rollback_us":2500,"total_us":17500,"kept":false}"#,
            r#"{"schema":1,"package":"p","test":"b","guest":"host","description":"lxc","instance":"host-1-1","outcome":"no-verdict",
                "wait_us":6000,"boot_us":null,"start_us":null,"body_us":80000,"rollback_us":null,"kept":true}"#,
        ]);
        assert_eq!(
            text(&run),
            "run r: 2 tests\n\n\
             TEST  GUEST  OUTCOME           WAIT    BOOT     START   BODY     ROLLBACK\n\
             p::b  host   no-verdict, kept  6.0 ms  -        -       80.0 ms  -\n\
             p::a  host   passed            0.0 ms  10.0 ms  1.0 ms  0.5 ms   2.5 ms\n\
             \nWHERE THE TIME WENT\n  \
             waiting for room         6.0 ms   6 %\n  \
             booting guests           10.0 ms  9 %\n  \
             starting test processes  1.0 ms   1 %\n  \
             in bodies                80.5 ms  76 %\n  \
             rolling back             2.5 ms   2 %\n  \
             everything else          6.0 ms   6 %\n\
             \nGUESTS\n  host  2 tests  lxc\n\
             \nLOGS OF FAILED TESTS\n  p::b  vm-test logs host-1-1\n"
        );
    }

    #[test]
    fn the_nodes_of_labs_are_listed_with_the_slowest_first() {
        let run = run(&[
            r#"{"schema":1,"package":"p","test":"a","guest":"driver","description":"lxc","instance":"driver-1-1","outcome":"passed",
                "wait_us":0,"boot_us":130000,"start_us":1000,"body_us":500,"rollback_us":2500,"total_us":132000,"kept":false,
                "nodes":[{"node":"gw","description":"lxc","startup":"start","prepare_us":2000,"boot_us":8000},
                         {"node":"vm","description":"kvm","startup":"restore","prepare_us":9000,"boot_us":121000}]}"#,
        ]);
        let text = text(&run);
        let expected = "\nNODES OF LABS, THE SLOWEST FIRST\n  \
             TEST  NODE  STARTUP  PREPARE  BOOT\n  \
             p::a  vm    restore  9.0 ms   121.0 ms\n  \
             p::a  gw    start    2.0 ms   8.0 ms\n";
        assert!(text.ends_with(expected), "{text}");
        let mut many = run;
        let first = many.lines[0].nodes[0].clone();
        many.lines[0].nodes = vec![first; MOST + 1];
        let text = super::text(&many);
        assert!(text.ends_with("  and 1 node that took less\n"), "{text}");
    }
}
