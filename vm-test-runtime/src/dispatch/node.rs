//! A node of a test's lab, as the test process has it: while it is on, any number of jobs at a time,
//! each with an agent of its own. Knows no job; what jobs leave there, `node_files` knows.

use super::journal::{Journal, Lines};
use super::node_files::NodeFiles;
use super::waiting::waiting;
use crate::client::{self, Agent, Channels, Lease, Lost, cause_of};
use std::io::ErrorKind;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};
use vm_test_protocol::daemon::{GuestKind, LeaseRequest, Leased};
use vm_test_protocol::failure::Failure;

/// How long the handle of a job that has ended may be there, and how often to look.
const MOMENT: Duration = Duration::from_millis(500);
const TICK: Duration = Duration::from_millis(5);

/// A node.
pub(super) struct Node {
    /// Its name.
    pub(super) name: String,
    test: String,
    /// How it is leased.
    request: LeaseRequest,
    /// Takes what jobs write there.
    journal: Arc<Journal>,
    /// What jobs have left there.
    pub(super) files: NodeFiles,
    /// Whether what runs there when the test ends is stopped, for inspection, and not killed.
    pub(super) stops: bool,
    pub(super) is_paused: AtomicBool,
    /// While it is on.
    live: Mutex<Option<Live>>,
    /// Why what runs there ends, if it is because of the test or of a change.
    pub(super) ends: Mutex<Option<&'static str>>,
    /// One change at a time.
    changing: Mutex<()>,
}

/// Its lease.
struct Live {
    granted: Leased,
    /// Until the daemon keeps it, or while it is saved.
    channels: Option<Channels>,
}

impl Node {
    /// Returns a node that is off, and how it is leased.
    pub(super) fn off(
        name: &str,
        test: &str,
        request: LeaseRequest,
        journal: &Arc<Journal>,
        files: NodeFiles,
        stops: bool,
    ) -> Self {
        Self {
            name: name.to_owned(),
            test: test.to_owned(),
            request,
            journal: Arc::clone(journal),
            files,
            stops,
            is_paused: AtomicBool::new(false),
            live: Mutex::new(None),
            ends: Mutex::new(None),
            changing: Mutex::new(()),
        }
    }

    /// Takes the node's lease, which keeps a channel for a job of its own.
    ///
    /// # Errors
    /// If the instance is gone, or this process may have no more threads.
    pub(super) fn begin_with(&self, lease: &mut Lease) -> Result<(), Failure> {
        let name = &self.name;
        let cannot = |cause| Failure::new(format!("cannot use node `{name}`: {cause}"));
        let channels = Channels::over(&mut lease.agent).map_err(cannot)?;
        *lock(&self.ends) = None;
        *lock(&self.live) = Some(Live {
            granted: lease.granted.clone(),
            channels: Some(channels),
        });
        Ok(())
    }

    /// Leases the node, which is off.
    ///
    /// # Errors
    /// If it is not granted.
    pub(super) fn begin(&self) -> Result<(), Failure> {
        let mut lease = Lease::obtain(&self.request, |reason| waiting(&self.test, reason))?;
        if let Some(note) = &lease.degraded {
            eprintln!("vm-test: warning: node `{}` {note}", self.name);
        }
        self.begin_with(&mut lease)
    }

    /// Returns what the daemon granted.
    ///
    /// # Errors
    /// If it is off.
    pub(super) fn granted(&self) -> Result<Leased, Failure> {
        let live = lock(&self.live);
        let live = live.as_ref().ok_or_else(|| self.is_off())?;
        Ok(live.granted.clone())
    }

    fn is_off(&self) -> Failure {
        match *lock(&self.ends) {
            Some(TEST_OVER) => Failure::new("the test has ended"),
            _ => Failure::new("it is off").hint("boot() switches it on"),
        }
    }

    /// Returns its agent, for one job.
    ///
    /// # Errors
    /// If it is off, too many run there, or it has died.
    pub(super) fn agent(&self) -> Result<Agent, Failure> {
        let live = lock(&self.live);
        let channels = live.as_ref().and_then(|live| live.channels.as_ref());
        let opened = channels.ok_or_else(|| self.is_off())?.open();
        drop(live);
        opened.map_err(|error| match error.kind() {
            ErrorKind::ConnectionReset => self.cause_of(Lost::Died),
            ErrorKind::InvalidData => Failure::new(format!("cannot understand the guest: {error}")),
            _ => Failure::new(error.to_string()),
        })
    }

    /// Returns what takes the output of one job.
    pub(super) fn lines(&self) -> Lines {
        self.journal.of(&self.name)
    }

    /// Why its agent has not said how a job ended.
    pub(super) fn cause_of(&self, lost: Lost) -> Failure {
        match *lock(&self.ends) {
            Some(TEST_OVER) => return Failure::new("the test has ended"),
            Some(why) => return Failure::new(format!("it was {why} meanwhile")),
            None => {}
        }
        match self.granted() {
            Ok(granted) => cause_of(lost, &granted.instance),
            Err(failure) => failure,
        }
    }

    /// Makes the daemon keep it, once what runs there has been ended.
    ///
    /// # Errors
    /// If that does not end, it is off, or the daemon refuses.
    pub(super) fn keep(&self) -> Result<(), Failure> {
        *lock(&self.ends) = Some(TEST_OVER);
        let mut live = lock(&self.live);
        let live = live.as_mut();
        let live = live.ok_or_else(|| Failure::new("it is off"))?;
        let channels = live.channels.take();
        let channels = channels.ok_or_else(|| Failure::new("it is kept already"))?;
        let agent = channels.end().map_err(|error| match error.kind() {
            ErrorKind::TimedOut => Failure::new("what runs there has not ended"),
            _ => cause_of(Lost::Died, &live.granted.instance),
        })?;
        client::keep(&live.granted.instance, &agent).map(drop)
    }

    /// Ends it with all that runs there, as the test has ended.
    pub(super) fn end(&self) {
        *lock(&self.ends) = Some(TEST_OVER);
        let live = lock(&self.live);
        if let Some(channels) = live.as_ref().and_then(|live| live.channels.as_ref()) {
            channels.hang_up();
        }
    }

    /// Gives its lease up at once, whatever runs there.
    pub(super) fn give_up(&self, why: &'static str) {
        lock(&self.ends).get_or_insert(why);
        self.is_paused.store(false, Ordering::SeqCst);
        self.files.are_lost(why);
        drop(lock(&self.live).take());
    }

    /// Has what jobs have left there brought back, from beside those that still run.
    pub(super) fn bring_files(&self) {
        let agent = || {
            if self.is_paused.load(Ordering::SeqCst) {
                return Err(Failure::new("it is paused"));
            }
            let instance = self.granted()?.instance;
            Ok((self.agent()?, instance))
        };
        self.files.bring(agent, |lost| self.cause_of(lost));
    }

    /// Keeps its power from being changed otherwise.
    pub(super) fn changing(&self) -> MutexGuard<'_, ()> {
        lock(&self.changing)
    }

    /// Has its agent run nothing while something is done, and only if nothing runs there.
    ///
    /// # Errors
    /// If something runs there, or its agent is gone.
    pub(super) fn still(&self) -> Result<Option<Still<'_>>, Failure> {
        let mut live = lock(&self.live);
        let Some(it) = live.as_mut() else {
            return Ok(None);
        };
        if self.is_paused.load(Ordering::SeqCst) {
            let words = format!("node `{}` is paused", self.name);
            return Err(Failure::new(words).hint("resume it first"));
        }
        let channels = it.channels.take();
        let channels = channels.ok_or_else(|| Failure::new("its agent is in use"))?;
        // The handle of a job that has just ended may be there for a moment.
        let limit = Instant::now() + MOMENT;
        while !channels.is_idle() && Instant::now() < limit {
            std::thread::sleep(TICK);
        }
        if !channels.is_idle() {
            it.channels = Some(channels);
            let words = format!("something runs on node `{}`", self.name);
            return Err(Failure::new(words)
                .hint("wait for its end first; what a command has left behind goes on"));
        }
        let instance = it.granted.instance.clone();
        let agent = channels.end();
        let agent = agent.map_err(|_| cause_of(Lost::Died, &instance))?;
        Ok(Some(Still {
            live,
            agent: Some(agent),
        }))
    }

    /// Returns the kind of its guest, if it is on.
    pub(super) fn kind(&self) -> Option<GuestKind> {
        lock(&self.live).as_ref().map(|live| live.granted.kind)
    }

    /// Returns whether it is on. A guest may have switched itself off.
    pub(super) fn is_on(&self) -> bool {
        let granted = self.granted().ok();
        let report = granted.and_then(|granted| client::exit_report(&granted.instance));
        report.is_some_and(|report| report.cause.is_none())
    }
}

/// Why what runs on a node ends when the test does.
const TEST_OVER: &str = "ended with the test";

/// A node whose agent runs nothing, until this is dropped.
pub(super) struct Still<'a> {
    live: MutexGuard<'a, Option<Live>>,
    agent: Option<Agent>,
}

impl Drop for Still<'_> {
    fn drop(&mut self) {
        if let (Some(live), Some(mut agent)) = (self.live.as_mut(), self.agent.take()) {
            // If the agent is gone, that shows when the node is used.
            live.channels = Channels::over(&mut agent).ok();
        }
    }
}

pub(super) fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
