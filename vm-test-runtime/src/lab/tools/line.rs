//! The line to a tool on a node: what it is told, what it is asked, what it says, and its end.

use super::super::exchange::ask;
use super::super::handle::Node;
use super::super::work::how;
use super::error::NetError;
use super::program::Program;
use std::sync::{Mutex, MutexGuard};
use vm_test_protocol::failure::Failure;
use vm_test_protocol::frame;
use vm_test_protocol::lab::{Answer, Question, Work};
use vm_test_protocol::tool::{Ask, Told, Tool};

/// A running tool. Dropped, it has an orderly end, in which it undoes what it did.
#[derive(Debug)]
pub(in super::super) struct Line {
    /// The node, or the guest if it is none.
    node: &'static str,
    /// Which of both it is.
    kind: &'static str,
    way: Mutex<Way>,
}

/// The way to a tool.
#[derive(Debug)]
enum Way {
    /// It is a child of this process.
    Here(Program),
    /// It is the task of this number, on another node.
    There(u64),
}

/// What a tool says that has not failed.
pub(in super::super) type Said = Result<Told, NetError>;

impl Line {
    /// Has a tool begin on a node.
    pub(in super::super) fn open(node: Node, tool: Tool) -> Result<Self, Failure> {
        let name = node.name();
        let way = if node.is_own() {
            let program = Program::start(&tool);
            Way::Here(program.map_err(|error| cannot(name, &error.to_string()))?)
        } else {
            let work = Work::Tool(Box::new(tool));
            let node = name.to_owned();
            match ask(Question::Start { node, work }) {
                Answer::Started(task) => Way::There(task),
                answer => return Err(refused(name, answer)),
            }
        };
        Ok(Self {
            node: name,
            kind: "node",
            way: Mutex::new(way),
        })
    }

    /// Has a tool begin in this guest, which need not be a node.
    pub(in super::super) fn here(guest: &'static str, tool: &Tool) -> Result<Self, Failure> {
        let started = Program::start(tool);
        let program = started
            .map_err(|error| Failure::new(format!("cannot use guest `{guest}`: {error}")))?;
        Ok(Self {
            node: guest,
            kind: "guest",
            way: Mutex::new(Way::Here(program)),
        })
    }

    /// Ends it in an orderly way; an error is what it could not undo.
    pub(in super::super) fn end(self) -> Result<(), Failure> {
        let mut way = self.lock();
        match &mut *way {
            Way::Here(program) => program.close(),
            Way::There(task) => match input(*task, Vec::new(), true) {
                Answer::Taken | Answer::NoMore => {}
                answer => return Err(refused(self.node, answer)),
            },
        }
        match self.hear(&mut way)? {
            Ok(Told::Over) => Ok(()),
            said => Err(self.unexpected(&said)),
        }
    }

    /// Has a tool begin on a node, and waits until it is ready; returns what it says then, too.
    pub(super) fn ready(node: Node, tool: Tool) -> Result<(Self, Told), Failure> {
        let line = Self::open(node, tool)?;
        match line.told()? {
            Ok(told @ Told::Ready(_)) => Ok((line, told)),
            said => Err(line.unexpected(&said)),
        }
    }

    /// Has a tool do something to its end; returns all that it says.
    pub(super) fn run(node: Node, tool: Tool) -> Result<Result<Vec<Told>, NetError>, Failure> {
        let line = Self::open(node, tool)?;
        let mut all = Vec::new();
        loop {
            match line.told()? {
                Ok(Told::Over) => return Ok(Ok(all)),
                Ok(told) => all.push(told),
                Err(error) => return Ok(Err(error)),
            }
        }
    }

    /// Asks it something, and returns what it answers.
    pub(in super::super) fn ask(&self, question: &Ask) -> Result<Told, Failure> {
        let mut way = self.lock();
        let bytes = frame::encode(question).map_err(|error| self.cannot(&error.to_string()))?;
        match &mut *way {
            Way::Here(program) => {
                // If it has failed, it says why.
                let _ = program.tell(&bytes);
            }
            Way::There(task) => match input(*task, bytes, false) {
                Answer::Taken | Answer::NoMore => {}
                answer => return Err(refused(self.node, answer)),
            },
        }
        match self.hear(&mut way)? {
            Ok(told) => Ok(told),
            said => Err(self.unexpected(&said)),
        }
    }

    /// Waits for what it says next.
    pub(in super::super) fn told(&self) -> Result<Said, Failure> {
        self.hear(&mut self.lock())
    }

    fn hear(&self, way: &mut Way) -> Result<Said, Failure> {
        let told = match way {
            Way::Here(program) => {
                let told = program.told();
                told.map_err(|error| self.cannot(&error.to_string()))?
                    .ok_or_else(|| match program.wait() {
                        Ok(status) => self.ended(&status.to_string()),
                        Err(error) => self.ended(&error.to_string()),
                    })?
            }
            Way::There(task) => match ask(Question::Next { task: *task }) {
                Answer::Next(bytes) => frame::read(&bytes[..])
                    .and_then(|told| told.ok_or_else(|| std::io::ErrorKind::UnexpectedEof.into()))
                    .map_err(|error| self.cannot(&error.to_string()))?,
                Answer::NoMore => return Err(self.end_of(*task)),
                answer => return Err(refused(self.node, answer)),
            },
        };
        match told {
            Told::Hindered(hindrance) => Ok(Err(NetError::of(hindrance))),
            Told::Failed(failure) => Err(self.placed(failure)),
            Told::Unable(mut unable) => {
                unable.failure = self.placed(unable.failure);
                Ok(Ok(Told::Unable(unable)))
            }
            told => Ok(Ok(told)),
        }
    }

    /// Returns how a tool ended that has not said how.
    fn end_of(&self, task: u64) -> Failure {
        match ask(Question::Finish { task, kill: true }) {
            Answer::Ran(ran) => {
                let words = String::from_utf8_lossy(&ran.stderr).trim().to_owned();
                let lines: Vec<_> = words.lines().map(str::to_owned).collect();
                let failure = self.ended(&how(&ran.end));
                failure.with_lines("its last words", &lines)
            }
            answer => refused(self.node, answer),
        }
    }

    fn ended(&self, how: &str) -> Failure {
        self.cannot(&format!("its tool ended early: {how}"))
    }

    /// Returns that it has said something that is no answer.
    pub(in super::super) fn unexpected(&self, said: &Said) -> Failure {
        match said {
            Err(error) => self.cannot(&error.to_string()),
            Ok(told) => self.cannot(&format!("its tool gave another answer: {told:?}")),
        }
    }

    /// Returns a failure that says where it happened.
    fn placed(&self, failure: Failure) -> Failure {
        let (kind, node) = (self.kind, self.node);
        failure.reworded(|words| format!("{words} ({kind} `{node}`)"))
    }

    fn cannot(&self, cause: &str) -> Failure {
        let (kind, node) = (self.kind, self.node);
        Failure::new(format!("cannot use {kind} `{node}`: {cause}"))
    }

    fn lock(&self) -> MutexGuard<'_, Way> {
        self.way.lock().unwrap_or_else(|lock| lock.into_inner())
    }
}

impl Drop for Line {
    fn drop(&mut self) {
        // The program's own end does the same.
        if let Way::There(task) = *self.lock() {
            let _ = input(task, Vec::new(), true);
            while matches!(ask(Question::Next { task }), Answer::Next(_)) {}
            let _ = ask(Question::Finish { task, kill: true });
        }
    }
}

fn input(task: u64, bytes: Vec<u8>, ends: bool) -> Answer {
    ask(Question::Input { task, bytes, ends })
}

fn cannot(node: &str, cause: &str) -> Failure {
    Failure::new(format!("cannot use node `{node}`: {cause}"))
}

fn refused(node: &str, answer: Answer) -> Failure {
    match answer {
        Answer::Refused(failure) => {
            failure.reworded(|cause| format!("cannot use node `{node}`: {cause}"))
        }
        _ => cannot(node, "the host gave another answer"),
    }
}
