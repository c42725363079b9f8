//! The tasks of a test, by their numbers: started, asked, and forgotten once somebody knows how they
//! ended. Bounds how many there are.

use super::node::Node;
use super::node_job::{Input, NodeJob, Watch};
use super::reply::Reply;
use super::task::{Kind, Task};
use crate::client::{Agent, Follower};
use crate::site::Site;
use std::collections::BTreeMap;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use vm_test_protocol::agent::FromAgent;
use vm_test_protocol::failure::Failure;
use vm_test_protocol::lab::{Answer, MOST_TASKS, Work};

/// The tasks.
#[derive(Default)]
pub(super) struct Tasks {
    state: Mutex<State>,
}

#[derive(Default)]
struct State {
    /// The highest number so far.
    newest: u64,
    all: BTreeMap<u64, Arc<Task>>,
    /// How many are being started.
    starting: usize,
    /// Whether the test has ended.
    is_over: bool,
}

impl Tasks {
    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Returns the task with this number.
    pub(super) fn find(&self, number: u64) -> Option<Arc<Task>> {
        self.lock().all.get(&number).map(Arc::clone)
    }

    /// Answers with how a task ended, once it has; kills it first if that is wanted.
    pub(super) fn finish(&self, number: u64, kill: bool, reply: Reply) {
        let Some(task) = self.find(number) else {
            return reply.refuse("there is no such task");
        };
        if task.finish(kill, reply) {
            self.lock().all.remove(&number);
        }
    }

    /// Starts something on a node, answers with its number, and follows it to its end.
    pub(super) fn run(
        &self,
        node: &Node,
        site: &'static Site,
        test: &str,
        work: Work,
        reply: Reply,
    ) {
        if let Err(failure) = self.admit() {
            return reply.give(Answer::Refused(failure));
        }
        let started = catch_unwind(AssertUnwindSafe(|| start(node, site, test, work)));
        let started = started.unwrap_or_else(|_| Err(panicked()));
        let (number, task, watch, mut agent) = match self.enter(started) {
            Ok(entered) => entered,
            Err(failure) => return reply.give(Answer::Refused(failure)),
        };
        reply.give(Answer::Started(number));
        // `print!` panics if its stream cannot be written.
        let ended = catch_unwind(AssertUnwindSafe(|| {
            let task = &*task;
            let mut following = Following { task, watch };
            let followed = agent.follow(None, &mut following);
            following.watch.end(node, followed)
        }));
        if task.end(ended.unwrap_or_else(|_| Err(panicked()))) {
            self.lock().all.remove(&number);
        }
    }

    /// Gives a task that has started its number.
    fn enter(
        &self,
        started: Result<(Task, Watch, Agent), Failure>,
    ) -> Result<(u64, Arc<Task>, Watch, Agent), Failure> {
        let mut state = self.lock();
        state.starting -= 1;
        let (task, watch, agent) = started?;
        if state.is_over {
            task.abandon();
        }
        let task = Arc::new(task);
        state.newest += 1;
        let number = state.newest;
        state.all.insert(number, Arc::clone(&task));
        Ok((number, task, watch, agent))
    }

    /// Makes room for one more.
    fn admit(&self) -> Result<(), Failure> {
        let mut state = self.lock();
        if state.all.len() + state.starting >= MOST_TASKS {
            let words = format!("the test has {MOST_TASKS} tasks already");
            return Err(Failure::new(words).hint("wait for one of them, or drop its handle"));
        }
        state.starting += 1;
        Ok(())
    }

    /// Keeps no task waiting for somebody who reads what it says.
    pub(super) fn abandon(&self) {
        let mut state = self.lock();
        state.is_over = true;
        state.all.values().for_each(|task| task.abandon());
    }
}

/// Starts something on a node.
fn start(
    node: &Node,
    site: &'static Site,
    test: &str,
    work: Work,
) -> Result<(Task, Watch, Agent), Failure> {
    let kind = match &work {
        Work::Call(_) => Kind::Call,
        Work::Command { .. } => Kind::Command,
        Work::Tool(_) => Kind::Tool,
    };
    // What a tool says is no text.
    let lines = (kind != Kind::Tool).then(|| node.lines());
    let job = NodeJob::prepare(node, site, test, work)?;
    let agent = node.agent()?;
    let speaker = agent.speaker();
    let speaker = speaker.map_err(|error| Failure::new(error.to_string()))?;
    let (task, watch) = (
        Task::new(kind, speaker, job.input_length()),
        job.watch(lines),
    );
    job.send(&agent, Input::StaysOpen)?;
    Ok((task, watch, agent))
}

/// Takes what the agent says of a task.
struct Following<'a> {
    task: &'a Task,
    watch: Watch,
}

impl Follower for Following<'_> {
    fn take(&mut self, message: FromAgent) -> Result<(), Failure> {
        match message {
            FromAgent::Stdout(bytes) => {
                self.task.says(&bytes)?;
                // A tool's frames are of no use after its end.
                if self.task.is_tool {
                    return Ok(());
                }
                self.watch.take(FromAgent::Stdout(bytes))
            }
            FromAgent::InputTaken(bytes) => {
                self.task.took(bytes);
                Ok(())
            }
            other => self.watch.take(other),
        }
    }
}

fn panicked() -> Failure {
    Failure::new("the test process on the host panicked")
}
