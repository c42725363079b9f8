//! The other nodes of a test's lab: leased with it, asked by its body, ended with it. One thread for
//! each question that takes time; no node asks anything.

use super::{job, lease, node_job};
use crate::client::{self, Lease, Speaker};
use crate::site::{LabSite, Site};
use std::collections::BTreeMap;
use std::io;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::{Arc, Mutex};
use std::thread::{self, JoinHandle};
use vm_test_protocol::agent::ToAgent;
use vm_test_protocol::daemon::LeaseRequest;
use vm_test_protocol::failure::Failure;
use vm_test_protocol::lab::{
    Answer, Answered, Asked, LabRequest, MOST_ASKED, NodeEntry, NodeOfLab, Question, Work,
};
use vm_test_protocol::order::Order;

/// More threads than an agent lets a body occupy: one that has just answered may still run.
const MOST_THREADS: usize = 2 * MOST_ASKED;

/// The nodes of one test.
pub(super) struct Nodes {
    site: &'static Site,
    test: String,
    own: &'static str,
    entries: Vec<NodeEntry>,
    others: BTreeMap<String, Node>,
    /// Threads that carry out a question.
    running: Vec<JoinHandle<()>>,
    /// Ends last.
    lab: Arc<client::Lab>,
}

/// A node that is not the test's own.
struct Node {
    lease: Arc<Mutex<Lease>>,
    line: Speaker,
}

impl Nodes {
    /// Leases a lab with all its nodes; returns the test's own apart.
    ///
    /// # Errors
    /// If the lab or one of its nodes is not granted.
    pub(super) fn obtain(
        site: &'static Site,
        test: &str,
        lab: LabSite,
    ) -> Result<(Lease, Self), Failure> {
        let template = lease::request(site, test)?;
        let request = LabRequest {
            lab: lab.name.to_owned(),
            node: lab.node.to_owned(),
            program: template.programs.first().cloned().unwrap_or_default(),
            manifest_dir: job::manifest_dir(site).to_string_lossy().into_owned(),
            purpose: test.to_owned(),
        };
        let granted = client::Lab::obtain(&request, |reason| lease::waiting(test, reason))?;
        let entries = granted.granted.nodes.clone();
        let requests: Vec<LeaseRequest> = entries
            .iter()
            .map(|entry| of_node(&template, &granted.granted.lab, entry, lab.node))
            .collect();
        // All at once: each node starts on its own.
        let leases: Vec<Result<Lease, Failure>> = thread::scope(|scope| {
            let starting: Vec<_> = requests
                .iter()
                .map(|request| {
                    scope.spawn(move || {
                        Lease::obtain(request, |reason| lease::waiting(test, reason))
                    })
                })
                .collect();
            let lost = || Err(Failure::new("a thread that leases a node panicked"));
            let ended = starting.into_iter().map(|thread| thread.join());
            ended
                .map(|lease| lease.unwrap_or_else(|_| lost()))
                .collect()
        });
        let mut own = None;
        let mut others = BTreeMap::new();
        for (entry, lease) in entries.iter().zip(leases) {
            let lease = lease?;
            if entry.name == lab.node {
                own = Some(lease);
                continue;
            }
            let line = lease.agent.speaker().map_err(|error| {
                Failure::new(format!("cannot use node `{}`: {error}", entry.name))
            })?;
            let lease = Arc::new(Mutex::new(lease));
            others.insert(entry.name.clone(), Node { lease, line });
        }
        let own = own.ok_or_else(|| {
            Failure::new(format!(
                "cannot use lab `{}`: the daemon has not granted node `{}`",
                lab.name, lab.node
            ))
        })?;
        let nodes = Self {
            site,
            test: test.to_owned(),
            own: lab.node,
            entries,
            others,
            running: Vec::new(),
            lab: Arc::new(granted),
        };
        Ok((own, nodes))
    }

    /// Tells the daemon that the body begins.
    pub(super) fn body_begins(&self) {
        self.lab.begin();
    }

    /// Answers a question of the body, now or later, through `to`.
    ///
    /// # Errors
    /// If the guest asks more than its agent lets through.
    pub(super) fn answer(&mut self, asked: Asked, to: &Speaker) -> Result<(), Failure> {
        self.running.retain(|thread| !thread.is_finished());
        if self.running.len() >= MOST_THREADS {
            let words = "the guest broke the protocol: too many questions without an answer";
            return Err(Failure::new(words));
        }
        let Asked { number, question } = asked;
        let now = match question {
            Question::Nodes => Answer::Nodes {
                nodes: self.entries.clone(),
                own: self.own.to_owned(),
            },
            Question::Run { node, work } => match self.begin(number, &node, work, to) {
                Ok(()) => return Ok(()),
                Err(failure) => Answer::Refused(failure),
            },
            Question::Order(order) => match self.order(number, order, to) {
                Ok(()) => return Ok(()),
                Err(failure) => Answer::Refused(failure),
            },
            Question::Start { .. }
            | Question::Next { .. }
            | Question::Input { .. }
            | Question::Finish { .. } => Answer::Refused(Failure::new("this version has no tasks")),
        };
        tell(to, number, now);
        Ok(())
    }

    /// Begins what is to run on a node.
    fn begin(&mut self, number: u64, name: &str, work: Work, to: &Speaker) -> Result<(), Failure> {
        if name == self.own {
            return Err(Failure::new("the test itself runs there")
                .hint("call the function, or start the command, without the node"));
        }
        let Some(node) = self.others.get(name) else {
            return Err(Failure::new("the lab has no such node"));
        };
        let (lease, to, site) = (Arc::clone(&node.lease), to.clone(), self.site);
        let (name, test) = (name.to_owned(), self.test.clone());
        let run = move || {
            let mut lease = lease.lock().unwrap_or_else(|lock| lock.into_inner());
            // The body waits for an answer, and `print!` panics if its stream cannot be written.
            let ran = catch_unwind(AssertUnwindSafe(|| {
                node_job::run(&mut lease, site, &name, &test, work)
            }));
            drop(lease);
            let answer = match ran {
                Ok(Ok(ran)) => Answer::Ran(Box::new(ran)),
                Ok(Err(failure)) => Answer::Refused(failure),
                Err(_) => Answer::Refused(Failure::new("the test process on the host panicked")),
            };
            tell(&to, number, answer);
        };
        self.spawn(run)
    }

    /// Begins to change the lab.
    fn order(&mut self, number: u64, order: Order, to: &Speaker) -> Result<(), Failure> {
        let (lab, to) = (Arc::clone(&self.lab), to.clone());
        self.spawn(move || {
            let answer = match lab.order(order) {
                Ok(done) => Answer::Done(done),
                Err(failure) => Answer::Refused(failure),
            };
            tell(&to, number, answer);
        })
    }

    fn spawn(&mut self, work: impl FnOnce() + Send + 'static) -> Result<(), Failure> {
        let thread = thread::Builder::new().spawn(work);
        let thread =
            thread.map_err(|error| Failure::new(format!("cannot start a thread: {error}")))?;
        self.running.push(thread);
        Ok(())
    }
}

/// Ends all nodes, with whatever runs there.
impl Drop for Nodes {
    fn drop(&mut self) {
        for node in self.others.values() {
            node.line.hang_up();
        }
        for thread in self.running.drain(..) {
            let _ = thread.join();
        }
    }
}

/// Sends an answer, or says that it is too long: a node may have made it so, and the body waits. If
/// the body's guest is gone, nobody needs it.
fn tell(to: &Speaker, number: u64, answer: Answer) {
    let send = |answer| to.send(&ToAgent::Answered(Box::new(Answered { number, answer })));
    if let Err(error) = send(answer)
        && error.kind() == io::ErrorKind::InvalidData
    {
        let failure = Failure::new(format!("its answer is too long to be sent: {error}"));
        let _ = send(Answer::Refused(failure));
    }
}

/// Returns the request for a node.
fn of_node(template: &LeaseRequest, lab: &str, entry: &NodeEntry, own: &str) -> LeaseRequest {
    let is_own = entry.name == own;
    LeaseRequest {
        guest: entry.name.clone(),
        node: Some(NodeOfLab {
            lab: lab.to_owned(),
            node: entry.name.clone(),
        }),
        // What the site sets is for the node that the test runs on, as are the test's times.
        settings: if is_own {
            template.settings.clone()
        } else {
            Vec::new()
        },
        entry: template.entry.clone().filter(|_| is_own),
        ..template.clone()
    }
}
