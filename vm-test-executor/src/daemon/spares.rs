//! A pool of VMs that are started ahead of their leases: while a test runs on a VM, another one of the same kind is prepared
//! for the next test, or several if tests start faster than that. Holds them, and ends those that are not used in time. Two
//! VMs are of the same kind if their worlds are equal except for the name.

use super::admission::Admitted;
use super::environment;
use super::instance::Instance;
use super::lease::Host;
use super::prepare::{Held, hardware};
use crate::backend::kvm::{Accelerator, Start};
use crate::config::Guest;
use crate::keeper::World;
use std::os::unix::net::UnixStream;
use std::sync::{Condvar, Mutex, MutexGuard};
use std::time::{Duration, Instant};
use vm_test::protocol::failure::Failure;

/// How long it waits unless the environment says otherwise: a run's next test comes at once, and the memory is others' otherwise.
const WAIT: Duration = Duration::from_secs(10);

/// How long a lease waits for a spare that is being prepared; far longer than it would take to prepare one itself.
const PREPARING: Duration = Duration::from_secs(20);

/// How long a machine that could not be prepared is not tried again; every test would lose time by it.
const PAUSE: Duration = Duration::from_secs(60);

/// At most so many machines are prepared for the same world at a time, and never more than there are processors for them.
const MOST: usize = 4;

/// What a spare is made like: the machine of a lease that has just begun.
#[derive(Clone, Debug)]
pub(super) struct Model {
    pub(super) guest: Guest,
    pub(super) accelerator: Accelerator,
    pub(super) world: World,
    /// What nobody may remove that it is made of.
    pub(super) held: Held,
}

/// All spares of a daemon.
#[derive(Debug)]
pub(super) struct Spares {
    wait: Duration,
    state: Mutex<State>,
    changed: Condvar,
}

#[derive(Debug, Default)]
struct State {
    slots: Vec<Slot>,
    numbers: u64,
    /// The worlds of those that could not be prepared, and when.
    failed: Vec<(World, Instant)>,
    /// The worlds for which a lease came before its spare was ready, and when.
    hurried: Vec<(World, Instant)>,
}

/// A spare, or the place of one that is being prepared.
#[derive(Debug)]
struct Slot {
    number: u64,
    /// That of an instance that would be started now, without its name.
    world: World,
    /// Whether a lease waits for it.
    is_claimed: bool,
    spare: Option<Spare>,
}

/// A machine that only lacks its lease.
#[derive(Debug)]
pub(super) struct Spare {
    instance: Instance,
    /// The other end of what it has in the place of a stream: its port must never look closed.
    _nobody: UnixStream,
    since: Instant,
    // These are given back after the machine has ended.
    _held: Held,
    _admitted: Admitted,
}

impl Spares {
    /// As the environment asks for them.
    pub(super) fn of_environment() -> Self {
        Self {
            wait: environment::time(vm_test::variables::SPARE_SECONDS).unwrap_or(WAIT),
            state: Mutex::default(),
            changed: Condvar::new(),
        }
    }

    /// A machine for this world, if there is one or is about to be.
    pub(super) fn take(&self, world: &World) -> Option<Spare> {
        let world = nameless(world);
        let mut state = self.lock();
        let slot = state
            .slots
            .iter_mut()
            .find(|slot| !slot.is_claimed && slot.world == world)?;
        slot.is_claimed = true;
        let (number, is_ready) = (slot.number, slot.spare.is_some());
        if !is_ready {
            state.hurried.retain(|(hurried, _)| *hurried != world);
            state.hurried.push((world, Instant::now()));
        }
        let limit = Instant::now() + PREPARING;
        loop {
            // If it could not be prepared, its slot is gone.
            let at = state.slots.iter().position(|slot| slot.number == number)?;
            let late = limit.saturating_duration_since(Instant::now());
            if state.slots[at].spare.is_some() || late.is_zero() {
                let slot = state.slots.swap_remove(at);
                drop(state);
                return slot.spare.filter(|spare| spare.instance.is_alive());
            }
            let waited = self.changed.wait_timeout(state, late);
            (state, _) = waited.unwrap_or_else(|poison| poison.into_inner());
        }
    }

    /// How many machines for this world are to be there: one, or as many as can be prepared at a time.
    pub(super) fn wanted(&self, world: &World) -> usize {
        self.lock().wanted(&nameless(world), self.wait)
    }

    /// Prepares a machine like this one, unless as many are there as are wanted, or there is no room to spare, or it could
    /// not be prepared just now.
    pub(super) fn prepare(&self, host: &Host, model: Model) {
        let world = nameless(&model.world);
        let Some(number) = self.make_slot(&world) else {
            return;
        };
        let footprint = hardware::footprint(&model.guest);
        let admitted = host.admission.admit_spare(footprint, model.guest.cpus);
        let spare = admitted.and_then(|admitted| match start(host, model, admitted) {
            Ok(spare) => Some(spare),
            Err(failure) => {
                // Nobody has asked for it, so that only the daemon's log has it.
                eprintln!("vm-test: cannot prepare a spare VM: {failure}");
                self.lock().failed.push((world, Instant::now()));
                None
            }
        });
        let mut state = self.lock();
        // A lease may have lost its patience.
        let at = state.slots.iter().position(|slot| slot.number == number);
        match (at, spare) {
            (Some(at), Some(spare)) => state.slots[at].spare = Some(spare),
            (Some(at), None) => drop(state.slots.swap_remove(at)),
            (None, spare) => {
                drop(state);
                drop(spare);
            }
        }
        self.changed.notify_all();
    }

    /// A place for a spare of this world, if one may be prepared.
    fn make_slot(&self, world: &World) -> Option<u64> {
        let mut state = self.lock();
        state.failed.retain(|(_, when)| when.elapsed() < PAUSE);
        let has_failed = state.failed.iter().any(|(failed, _)| failed == world);
        let is_there = |slot: &&Slot| !slot.is_claimed && slot.world == *world;
        let there = state.slots.iter().filter(is_there).count();
        if has_failed || there >= state.wanted(world, self.wait) {
            return None;
        }
        state.numbers += 1;
        let number = state.numbers;
        state.slots.push(Slot {
            number,
            world: world.clone(),
            is_claimed: false,
            spare: None,
        });
        Some(number)
    }

    /// Ends those that nobody came for in time, and forgets those that have died.
    pub(super) fn expire(&self) {
        self.end(|spare| spare.since.elapsed() >= self.wait || !spare.instance.is_alive());
    }

    /// Ends all that nobody waits for: their memory is needed.
    pub(super) fn clear(&self) {
        self.end(|_| true);
    }

    /// How many are ready.
    pub(super) fn count(&self) -> usize {
        let state = self.lock();
        let ready = state.slots.iter().filter(|slot| slot.spare.is_some());
        ready.count()
    }

    fn end(&self, which: impl Fn(&Spare) -> bool) {
        let mut state = self.lock();
        let ended: Vec<Slot> = state
            .slots
            .extract_if(.., |slot| {
                !slot.is_claimed && slot.spare.as_ref().is_some_and(&which)
            })
            .collect();
        drop(state);
        // This takes a moment, and nobody else has to wait for it.
        drop(ended);
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        self.state
            .lock()
            .unwrap_or_else(|poison| poison.into_inner())
    }
}

impl State {
    fn wanted(&mut self, world: &World, wait: Duration) -> usize {
        self.hurried.retain(|(_, when)| when.elapsed() < wait);
        let is_hurried = self.hurried.iter().any(|(hurried, _)| hurried == world);
        match (wait.is_zero(), is_hurried) {
            (true, _) => 0,
            (false, false) => 1,
            (false, true) => {
                std::thread::available_parallelism().map_or(1, |cpus| cpus.get().min(MOST))
            }
        }
    }
}

impl Spare {
    /// The instance's name.
    pub(super) fn name(&self) -> &str {
        &self.instance.name
    }

    /// Gives the machine the client's stream; it writes nothing to it until [`Self::begin`]. If it cannot, the client has
    /// noticed nothing, and the machine is gone.
    pub(super) fn attach(self, stream: &UnixStream) -> Option<Self> {
        self.instance.attach(stream).ok()?;
        Some(self)
    }

    /// Has it begin, now that the client knows of its lease.
    pub(super) fn begin(self) -> Result<Instance, Failure> {
        self.instance.begin()?;
        Ok(self.instance)
    }
}

/// Starts a machine like this one, and waits until it only lacks its lease.
fn start(host: &Host, model: Model, admitted: Admitted) -> Result<Spare, Failure> {
    let Model {
        guest,
        accelerator,
        mut world,
        held,
    } = model;
    let (number, name) = host.tools.names.next(&guest.name);
    world.instance = name;
    if let Some(hardware) = &mut world.hardware {
        hardware.start = Start::Ahead;
    }
    let belongings = hardware::belongings(&guest, &world.instance, accelerator)?;
    let (nobody, stream) = UnixStream::pair()
        .map_err(|error| Failure::new(format!("cannot make a pair of sockets: {error}")))?;
    let instance = host.tools.start(&world, number, &stream, belongings)?;
    instance.await_prepared(&host.tools.stop, PREPARING)?;
    Ok(Spare {
        instance,
        _nobody: nobody,
        since: Instant::now(),
        _held: held,
        _admitted: admitted,
    })
}

fn nameless(world: &World) -> World {
    World {
        instance: String::new(),
        ..world.clone()
    }
}
