//! The nodes of a test's lab: leased with it, asked by its body, ended with it. One thread for each
//! question that takes time; no node asks anything.

mod bring;
mod keep;
mod kept;
mod order;
mod request;

pub(super) use kept::Kept;

use super::journal::Journal;
use super::node::Node;
use super::node_files::NodeFiles;
use super::reply::Reply;
use super::task::Task;
use super::tasks::Tasks;
use super::waiting::waiting;
use super::{entry, harvest, job, lease, node_job};
use crate::client::{self, Lease, Speaker};
use crate::harvest::Destination;
use crate::site::{LabSite, Site};
use request::{at_site, of_node};
use std::collections::BTreeMap;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;
use std::sync::atomic::AtomicUsize;
use std::thread::{self, JoinHandle};
use vm_test_protocol::daemon::LeaseRequest;
use vm_test_protocol::failure::Failure;
use vm_test_protocol::lab::{Answer, Asked, LabRequest, NodeEntry, Question, Ran, Work};
use vm_test_protocol::record::NodeTimes;

/// The nodes of one test.
pub(super) struct Nodes {
    site: &'static Site,
    test: String,
    own: &'static str,
    entries: Vec<NodeEntry>,
    nodes: BTreeMap<String, Arc<Node>>,
    tasks: Arc<Tasks>,
    /// How many questions wait for their answers.
    waiting: Arc<AtomicUsize>,
    /// What they have written.
    pub(super) journal: Arc<Journal>,
    /// Where the test's files go.
    pub(super) destination: Arc<Destination>,
    /// How those came up that the lab starts with.
    pub(super) times: Vec<NodeTimes>,
    /// Threads that carry out a question.
    running: Vec<JoinHandle<()>>,
    /// Ends last.
    lab: Arc<client::Lab>,
}

impl Nodes {
    /// Leases a lab with all its nodes; returns the lease of the test's own, too.
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
            at_site: at_site(lab),
            program: template.programs.first().cloned().unwrap_or_default(),
            manifest_dir: job::manifest_dir(site).to_string_lossy().into_owned(),
            purpose: test.to_owned(),
            entry: entry::of(site, test),
            hold: None,
        };
        let granted = client::Lab::obtain(&request, |reason| waiting(test, reason))?;
        let entries = granted.granted.nodes.clone();
        let request = |entry: &NodeEntry| {
            let lab_name = &granted.granted.lab;
            of_node(&template, lab_name, entry, lab.node)
        };
        let (off, on): (Vec<_>, Vec<_>) = entries.iter().partition(|entry| entry.starts_off);
        let requests: Vec<LeaseRequest> = on.iter().copied().map(request).collect();
        // All at once: each node starts on its own.
        let leases: Vec<Result<Lease, Failure>> = thread::scope(|scope| {
            let starting: Vec<_> = requests
                .iter()
                .map(|request| {
                    scope.spawn(move || Lease::obtain(request, |reason| waiting(test, reason)))
                })
                .collect();
            let lost = || Err(Failure::new("a thread that leases a node panicked"));
            let ended = starting.into_iter().map(|thread| thread.join());
            ended
                .map(|lease| lease.unwrap_or_else(|_| lost()))
                .collect()
        });
        let mut leases = leases
            .into_iter()
            .collect::<Result<Vec<Lease>, Failure>>()?;
        let of_own = |at: &usize| on[*at].name == lab.node;
        let own = (0..leases.len()).find(of_own).ok_or_else(|| {
            Failure::new(format!(
                "cannot use lab `{}`: the daemon has not granted node `{}`",
                lab.name, lab.node
            ))
        })?;
        let may_stay = leases[own].granted.keep_for.is_some();
        let destination = harvest::destination(&leases[own].granted, site, test);
        let journal = Arc::default();
        let node = |entry: &NodeEntry| {
            let files = NodeFiles::new(&entry.name, &destination);
            Node::off(&entry.name, test, request(entry), &journal, files, may_stay)
        };
        let mut nodes = BTreeMap::new();
        for entry in off {
            nodes.insert(entry.name.clone(), Arc::new(node(entry)));
        }
        let mut times = Vec::new();
        for (entry, lease) in on.into_iter().zip(&mut leases) {
            times.push(lease.times(&entry.name));
            let node = node(entry);
            node.begin_with(lease)?;
            nodes.insert(entry.name.clone(), Arc::new(node));
        }
        // The others' streams are their nodes' now.
        let own = leases.swap_remove(own);
        let nodes = Self {
            site,
            test: test.to_owned(),
            own: lab.node,
            entries,
            nodes,
            tasks: Arc::default(),
            waiting: Arc::default(),
            journal,
            destination,
            times,
            running: Vec::new(),
            lab: Arc::new(granted),
        };
        Ok((own, nodes))
    }

    /// Returns the lab's own name.
    pub(super) fn lab(&self) -> &str {
        &self.lab.granted.lab
    }

    /// Returns the name of the test's own node.
    pub(super) fn own(&self) -> &'static str {
        self.own
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
        let reply = Reply::new(asked.number, to, &self.waiting)?;
        match asked.question {
            Question::Nodes => reply.give(Answer::Nodes {
                nodes: self.entries.clone(),
                own: self.own.to_owned(),
            }),
            Question::Run { node, work } => self.run(&node, work, reply),
            Question::Start { node, work } => self.start(&node, work, reply),
            Question::Next { task } => {
                if let Some((task, reply)) = self.task(task, reply) {
                    task.next(reply);
                }
            }
            Question::Input { task, bytes, ends } => {
                let checked = node_job::check_length(&bytes);
                match (checked, self.task(task, reply)) {
                    (Ok(()), Some((task, reply))) => {
                        self.spawn(move || task.input(bytes, ends, reply));
                    }
                    (Err(failure), Some((_, reply))) => reply.give(Answer::Refused(failure)),
                    (_, None) => {}
                }
            }
            Question::Finish { task, kill } => {
                let tasks = Arc::clone(&self.tasks);
                self.spawn(move || tasks.finish(task, kill, reply));
            }
            Question::Order(order) => self.order(order, reply),
            Question::IsOn { node } => {
                if let Some((node, reply)) = self.node(&node, reply) {
                    self.spawn(move || reply.give(Answer::IsOn(node.is_on())));
                }
            }
        }
        Ok(())
    }

    /// Returns the node of this name, and the way to answer what is asked about it.
    fn node(&self, name: &str, reply: Reply) -> Option<(Arc<Node>, Reply)> {
        match self.nodes.get(name) {
            Some(node) => Some((Arc::clone(node), reply)),
            None => {
                reply.refuse("the lab has no such node");
                None
            }
        }
    }

    /// Returns the task of this number, and the way to answer what is asked about it.
    fn task(&self, number: u64, reply: Reply) -> Option<(Arc<Task>, Reply)> {
        match self.tasks.find(number) {
            Some(task) => Some((task, reply)),
            None => {
                reply.refuse("there is no such task");
                None
            }
        }
    }

    /// Begins what is to run on a node.
    fn run(&mut self, name: &str, work: Work, reply: Reply) {
        let Some((node, reply)) = self.node(name, reply) else {
            return;
        };
        let (site, test) = (self.site, self.test.clone());
        self.spawn(move || {
            // The body waits for an answer, and `print!` panics if its stream cannot be written.
            let ran = catch_unwind(AssertUnwindSafe(|| node_job::run(&node, site, &test, work)));
            match ran {
                Ok(ran) => reply.give(ran_or_refused(ran)),
                Err(_) => reply.refuse("the test process on the host panicked"),
            }
        });
    }

    /// Begins a task on a node.
    fn start(&mut self, name: &str, work: Work, reply: Reply) {
        let Some((node, reply)) = self.node(name, reply) else {
            return;
        };
        let (site, test, tasks) = (self.site, self.test.clone(), Arc::clone(&self.tasks));
        self.spawn(move || tasks.run(&node, site, &test, work, reply));
    }

    /// Has a thread carry out a question. Without one, the question is refused as it is dropped.
    fn spawn(&mut self, work: impl FnOnce() + Send + 'static) {
        if let Ok(thread) = thread::Builder::new().spawn(work) {
            self.running.push(thread);
        }
    }
}

fn ran_or_refused(ran: Result<Ran, Failure>) -> Answer {
    match ran {
        Ok(ran) => Answer::Ran(Box::new(ran)),
        Err(failure) => Answer::Refused(failure),
    }
}

/// Ends all nodes, with whatever runs there.
impl Drop for Nodes {
    fn drop(&mut self) {
        self.tasks.abandon();
        for node in self.nodes.values() {
            node.end();
        }
        for thread in self.running.drain(..) {
            let _ = thread.join();
        }
    }
}
