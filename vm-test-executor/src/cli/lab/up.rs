//! Starts a lab without a test: leases it with all of its nodes, and hands it over to the daemon,
//! which holds it from then on.

use super::held::named;
use super::{choice, listing};
use crate::cli::args::{Settings, UpArgs};
use crate::cli::guest_command::{Command, manifest_dir};
use crate::cli::keep;
use crate::cli::output::{say, say_json};
use crate::cli::progress::{Bar, Display};
use crate::image::Progress;
use std::thread;
use std::time::Duration;
use vm_test_protocol::daemon::LeaseRequest;
use vm_test_protocol::errno::Tried;
use vm_test_protocol::failure::Failure;
use vm_test_protocol::lab::{LabRequest, NodeOfLab};
use vm_test_runtime::client::{Connection, Lab, Lease, program};
use vm_test_settings::quantity::show_duration;

/// What is shown as the purpose.
const PURPOSE: &str = "lab up";

/// Starts the lab and prints how its nodes are entered.
pub(super) fn run(args: &UpArgs) -> Result<(), Failure> {
    // Whatever is wrong with it is reported before anything starts.
    let plan = choice::lab(args.name.as_deref())?;
    let request = LabRequest {
        lab: plan.name,
        node: String::new(),
        program: String::new(),
        manifest_dir: manifest_dir().to_string_lossy().into_owned(),
        purpose: format!("vm-test {PURPOSE}"),
        at_site: Vec::new(),
        entry: None,
        hold: Some(Duration::from_millis(args.time)),
    };
    let mut display = Display::new();
    let bar = display.bar();
    let lab = Lab::obtain(&request, |reason| {
        bar.say(&format!("the lab waits: {reason}"))
    })?;
    display.expect(lab.granted.nodes.len());
    let nodes = start(&lab, &bar)?;
    drop((display, bar));
    let stays = hold(&lab, &nodes)?;
    let held = named(&lab.granted.lab)?;
    if args.report.json {
        return say_json(&listing::document(&held));
    }
    say(&format!(
        "{}{}",
        listing::nodes(&held),
        next_steps(&lab, &program(), stays)
    ))
}

/// Leases all nodes at once; returns them in the lab's order.
fn start(lab: &Lab, bar: &Bar) -> Result<Vec<Lease>, Failure> {
    thread::scope(|scope| {
        let mut starting = Vec::new();
        for node in &lab.granted.nodes {
            let (lab, node) = (&lab.granted.lab, &node.name);
            let start = move || lease(lab, node, bar);
            let thread = thread::Builder::new().spawn_scoped(scope, start);
            starting.push(thread.map_err(|error| {
                Failure::new(format!("cannot start node `{node}`: {error}"))
                    .because(Tried::Process, &error)
            })?);
        }
        let lost = || Err(Failure::new("a thread that leases a node panicked"));
        let leases: Vec<_> = starting
            .into_iter()
            .map(|thread| thread.join().unwrap_or_else(|_| lost()))
            .collect();
        leases.into_iter().collect()
    })
}

/// Leases a node, and says when it runs.
pub(super) fn lease(lab: &str, node: &str, bar: &Bar) -> Result<Lease, Failure> {
    let settings = Settings::default();
    let request = LeaseRequest {
        node: Some(NodeOfLab {
            lab: lab.to_owned(),
            node: node.to_owned(),
        }),
        ..Command::new(node, &settings, &[])?.request(PURPOSE, None)?
    };
    let lease = Lease::obtain(&request, |reason| {
        bar.say(&format!("node {node} waits: {reason}"));
    })?;
    if let Some(degraded) = &lease.degraded {
        bar.say(&format!("warning: node `{node}` {degraded}"));
    }
    let took = lease.took.as_secs_f64();
    bar.count(&format!("node {node} runs after {took:.1} s"));
    Ok(lease)
}

/// Makes the daemon the holder of the lab with all of its nodes; returns for how long.
fn hold(lab: &Lab, nodes: &[Lease]) -> Result<Duration, Failure> {
    let cannot = |error: std::io::Error| {
        Failure::new(format!("cannot hold lab {}: {error}", lab.granted.lab))
            .because(Tried::Descriptor, &error)
    };
    for node in nodes {
        keep_node(node)?;
    }
    let name = &lab.granted.lab;
    let stream = lab.stream().map_err(cannot)?;
    let request = keep::of_lab(name);
    keep::hand_over(
        Connection::open()?,
        &request,
        &stream,
        &format!("lab {name}"),
    )
}

/// Makes the daemon the holder of a node; returns for how long.
pub(super) fn keep_node(node: &Lease) -> Result<Duration, Failure> {
    let instance = &node.granted.instance;
    let what = format!("instance {instance}");
    let stream = node.agent.sender().map_err(|error| {
        Failure::new(format!("cannot keep {what}: {error}")).because(Tried::Descriptor, &error)
    })?;
    let request = keep::of_instance(instance);
    keep::hand_over(Connection::open()?, &request, &stream, &what)
}

/// Says what can be done with the lab.
fn next_steps(lab: &Lab, program: &str, stays: Duration) -> String {
    let name = &lab.granted.lab;
    let node = lab.granted.nodes.first();
    let node = node.map_or("NODE", |node| node.name.as_str());
    let stays = show_duration(stays);
    format!(
        "lab {name} is held for {stays}, and as long again after every visit\n\
         \x20 a shell on a node:  {program} lab shell {name} {node}\n\
         \x20 a command there:    {program} lab exec {name} {node} -- ip address\n\
         \x20 its end:            {program} lab down {name}\n"
    )
}
