//! A daemon without a socket, whose instances have scripted keepers: what a lease needs to live and
//! end, and no guest.

use super::super::gate::Gate;
use super::super::instance::scripted_keeper::{
    ScriptedKeeper, Stopping, assignment, keepers, no_maps, stop,
};
use super::super::instance::{Belongings, Event, Instance};
use super::super::prepare::{Ready, Tools};
use super::admission::Admission;
use super::budget::Budget;
use super::claims::Claims;
use super::failed_set_ups::FailedSetUps;
use super::host::Host;
use super::labs::Labs;
use super::life::{self, Ending};
use super::registry::{Living, Registry};
use super::spares::Spares;
use crate::keeper::Assignment;
use std::fs;
use std::os::unix::net::UnixStream;
use std::path::{Path, PathBuf};
use std::sync::mpsc::{Receiver, Sender, channel};
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant, SystemTime};
use tempfile::TempDir;
use vm_test_protocol::daemon::{GuestKind, LeaseRequest, Leased};
use vm_test_protocol::record::RunEntry;
use vm_test_protocol::startup::Startup;

/// The budget of memory, in bytes.
pub(super) const BUDGET: u64 = 1 << 30;

/// What one instance takes of it.
pub(super) const MEMORY: u64 = 100 << 20;

/// How long a test waits for something that must happen.
const LIMIT: Duration = Duration::from_secs(20);

/// The name of the instance that [`ScriptedHost::lease`] makes.
pub(super) const NAME: &str = "a-1";

/// A daemon, and what a test needs to control it.
pub(super) struct ScriptedHost {
    pub(super) host: Host,
    keepers: Mutex<Receiver<ScriptedKeeper>>,
    /// The daemon stops when this is dropped.
    pub(super) stopping: Option<Sender<()>>,
    directory: TempDir,
}

/// An instance that is leased to a client.
pub(super) struct Lease {
    instance: Instance,
    pub(super) living: Living,
    /// The daemon's end of the client's connection.
    stream: UnixStream,
}

impl ScriptedHost {
    pub(super) fn new() -> Self {
        let directory = tempfile::tempdir().unwrap();
        let budget = Budget {
            memory: BUDGET,
            cpus: 1,
        };
        let claims = Claims::of(directory.path().join("claims"), "a");
        let (spawner, keepers) = keepers();
        let (stop, stopping) = stop();
        let host = Host {
            gate: Gate::default(),
            admission: Admission::among(budget, claims),
            registry: Registry::default(),
            labs: Labs::default(),
            failed_set_ups: FailedSetUps::default(),
            spares: Spares::that_wait(Duration::from_secs(600)),
            spare_labs: Spares::that_wait(Duration::from_secs(600)),
            tools: Tools::new(
                no_maps(),
                PathBuf::new(),
                PathBuf::new(),
                spawner,
                "run".to_owned(),
                stop,
            ),
        };
        Self {
            host,
            keepers: Mutex::new(keepers),
            stopping: Some(stopped_by(stopping)),
            directory,
        }
    }

    /// Returns the directory in which runs are recorded.
    pub(super) fn directory(&self) -> &Path {
        self.directory.path()
    }

    /// Leases an instance to a client; returns its lease, its keeper and the client's end.
    pub(super) fn lease(&self) -> (Lease, ScriptedKeeper, UnixStream) {
        let admitted = self.host.admission.admit(MEMORY, 1, |_| true);
        let (client, stream) = UnixStream::pair().unwrap();
        let (instance, keeper) = self.start(&stream);
        let living = Living::new(
            &instance,
            &ready(),
            granted(),
            &request(self.directory(), "run-1"),
            SystemTime::now(),
            Arc::new(admitted.unwrap().unwrap()),
        );
        let lease = Lease {
            instance,
            living,
            stream,
        };
        (lease, keeper, client)
    }

    /// Starts an instance without a lease; returns it with its keeper and the other end of its
    /// stream.
    pub(super) fn instance(&self) -> (Instance, ScriptedKeeper, UnixStream) {
        let (nobody, stream) = UnixStream::pair().unwrap();
        let (instance, keeper) = self.start(&stream);
        (instance, keeper, nobody)
    }

    /// Returns what the keeper of every instance is to hold.
    pub(super) fn assignment(&self) -> Assignment {
        assignment(NAME, "a")
    }

    fn start(&self, stream: &UnixStream) -> (Instance, ScriptedKeeper) {
        let tools = &self.host.tools;
        let instance = tools.start(&self.assignment(), 1, stream, Belongings::default());
        let keeper = self.keepers.lock().unwrap().recv().unwrap();
        assert_eq!(keeper.take_all().0, self.assignment());
        (instance.unwrap(), keeper)
    }

    /// Runs a lease to its end, and returns what ended it.
    pub(super) fn live(&self, lease: Lease) -> Event {
        let Lease {
            instance,
            living,
            stream,
        } = lease;
        let ending = Ending::among(&self.host.tools.ending);
        let mut has_begun = false;
        let event = life::live(&self.host, &stream, instance, living, &ending, || {
            has_begun = self.host.registry.with(NAME, |_| ()).is_some();
        });
        assert!(has_begun, "nobody was told that it is in the register");
        event
    }

    /// Waits until the instance is in the register.
    pub(super) fn await_life(&self) {
        await_that(|| self.host.registry.with(NAME, |_| ()).is_some());
    }

    /// Returns how much memory is promised.
    pub(super) fn promised(&self) -> u64 {
        self.host.admission.status().1
    }

    /// Checks that all of the budget is available, and not more.
    pub(super) fn check_budget(&self) {
        assert_eq!(self.promised(), 0);
        let all = self.host.admission.admit(BUDGET, 1, |_| false);
        let _all = all.unwrap().expect("all of the budget is there");
        assert!(!self.host.admission.has_room(1, 1), "there is more than it");
    }

    /// Returns the only recorded line, and the log of the instance.
    pub(super) fn written(&self) -> (serde_json::Value, String) {
        let runs = self.directory().join("runs");
        let text = fs::read_to_string(runs.join("run-1.jsonl")).unwrap();
        assert_eq!(text.lines().count(), 1, "{text}");
        let log = fs::read_to_string(runs.join("run-1/a-1.log"));
        (
            serde_json::from_str(&text).unwrap(),
            log.unwrap_or_default(),
        )
    }
}

/// Drops `stopping` when the returned sender is dropped, or after a while: a test that fails must
/// not wait forever for an instance that nobody ends.
fn stopped_by(stopping: Stopping) -> Sender<()> {
    let (sender, receiver) = channel();
    std::thread::spawn(move || {
        let _ = receiver.recv_timeout(LIMIT);
        drop(stopping);
    });
    sender
}

/// Waits until this is true.
pub(super) fn await_that(is_so: impl Fn() -> bool) {
    let limit = Instant::now() + LIMIT;
    while !is_so() {
        assert!(Instant::now() < limit, "it has not become so");
        std::thread::sleep(Duration::from_millis(1));
    }
}

fn ready() -> Ready {
    Ready {
        number: 1,
        assignment: assignment(NAME, "a"),
        belongings: Belongings::default(),
        description: "a container".to_owned(),
        kernel: String::new(),
        timeout: Duration::ZERO,
        boot_timeout: Duration::ZERO,
        caveat: None,
        shortage: None,
        writes_to_memory: false,
        forwards: Vec::new(),
        next: None,
        configured: None,
        held: Arc::new(()),
    }
}

fn granted() -> Leased {
    Leased {
        instance: NAME.to_owned(),
        kind: GuestKind::Container,
        startup: Startup::Start,
        description: "a container".to_owned(),
        timeout: Duration::ZERO,
        boot_timeout: Duration::ZERO,
        env: Vec::new(),
        export: Vec::new(),
        memory_bytes: MEMORY,
        waited: Duration::ZERO,
        keep_for: Some(Duration::from_secs(600)),
        caveat: None,
        shortage: None,
        writes_to_memory: false,
        forwards: Vec::new(),
    }
}

/// Returns a request of a test of this run, with files in this directory.
pub(super) fn request(directory: &Path, run: &str) -> LeaseRequest {
    LeaseRequest {
        manifest_dir: directory.to_str().unwrap().to_owned(),
        entry: Some(RunEntry {
            directory: directory.to_str().unwrap().to_owned(),
            run: run.to_owned(),
            package: "package".to_owned(),
            test: "a::test".to_owned(),
        }),
        ..LeaseRequest::new("a", "a test", "")
    }
}
