//! Processes that are sent a signal, stand still, or do so most of the time. Finds none itself.

use super::super::stop::Stop;
use super::super::streams::Streams;
use super::processes::{Target, find};
use rustix::process::Signal;
use std::io;
use std::time::{Duration, Instant};
use vm_test_protocol::node_fault::Which;
use vm_test_protocol::tool::Told;

/// How long the end of a process that is killed, or its standing still, may take.
const PATIENCE: Duration = Duration::from_secs(10);

/// One turn of running and standing still.
const PERIOD: Duration = Duration::from_millis(100);

/// How often is looked for processes that others have started meanwhile.
const LOOKS: usize = 4;

/// Sends processes a signal. If it kills, they are gone when this returns.
pub(super) fn send(which: &Which, signal: i32, streams: &mut Streams) -> Result<(), Stop> {
    let what = format!("send signal {signal} to {}", words(which));
    let signal = Signal::from_named_raw(signal)
        .ok_or_else(|| Stop::cannot(&what, "there is no such signal"))?;
    let targets = find(&what, which)?;
    for target in &targets {
        let sent = target.signal(signal);
        sent.map_err(|error| Stop::cannot(&what, error))?;
    }
    let until = Instant::now() + PATIENCE;
    if signal == Signal::KILL && !targets.iter().all(|target| target.has_ended(until)) {
        return Err(Stop::cannot(&what, "they do not end"));
    }
    streams.say(&Told::Faulted(numbers(&targets)))?;
    streams.await_end()
}

/// Has processes stand still, or run only so much of the time, in percent, until the end of the
/// tool's input.
pub(super) fn stop(which: &Which, running: u8, streams: &mut Streams) -> Result<(), Stop> {
    let what = format!("stop {}", words(which));
    let running = match running {
        0..100 => PERIOD * u32::from(running) / 100,
        _ => return Err(Stop::cannot(&what, "it would run all of the time")),
    };
    let mut stopped = Stopped {
        targets: find(&what, which)?,
    };
    stopped.stop().map_err(|error| Stop::cannot(&what, error))?;
    // What one of them has started before it stood still runs on.
    for _ in 0..LOOKS {
        let Ok(found) = find(&what, which) else { break };
        let is_new = |target: &Target| {
            stopped
                .targets
                .iter()
                .all(|known| known.number != target.number)
        };
        let new: Vec<_> = found.into_iter().filter(is_new).collect();
        if new.is_empty() {
            break;
        }
        stopped.targets.extend(new);
        stopped.stop().map_err(|error| Stop::cannot(&what, error))?;
    }
    streams.say(&Told::Faulted(numbers(&stopped.targets)))?;
    let cannot = |error| Stop::cannot(format!("let {} run on", words(which)), error);
    if running.is_zero() {
        streams.await_end()?;
    } else {
        slow(&stopped, running, streams)?;
    }
    stopped.end().map_err(cannot)
}

/// Has them run a part of the time, until the end of the input.
fn slow(stopped: &Stopped, running: Duration, streams: &mut Streams) -> Result<(), Stop> {
    let cannot = |error| Stop::cannot("slow processes down", error);
    loop {
        for (signal, time) in [(Signal::CONT, running), (Signal::STOP, PERIOD - running)] {
            stopped.signal(signal).map_err(cannot)?;
            if streams.await_input(time)? && streams.hear()?.is_none() {
                return Ok(());
            }
        }
    }
}

/// Processes that stand still. Dropped, they run on.
struct Stopped {
    targets: Vec<Target>,
}

impl Stopped {
    fn stop(&self) -> io::Result<()> {
        self.signal(Signal::STOP)?;
        let until = Instant::now() + PATIENCE;
        if self.targets.iter().all(|target| target.has_stopped(until)) {
            Ok(())
        } else {
            Err(io::Error::other("they do not stand still"))
        }
    }

    fn signal(&self, signal: Signal) -> io::Result<()> {
        self.targets
            .iter()
            .try_for_each(|target| target.signal(signal))
    }

    fn end(mut self) -> io::Result<()> {
        let ended = self.signal(Signal::CONT);
        self.targets.clear();
        ended
    }
}

impl Drop for Stopped {
    fn drop(&mut self) {
        let _ = self.signal(Signal::CONT);
    }
}

fn words(which: &Which) -> String {
    match which {
        Which::Named(name) => format!("`{name}`"),
        Which::Number(number) => format!("process {number}"),
    }
}

fn numbers(targets: &[Target]) -> Vec<u32> {
    targets.iter().map(|target| target.number).collect()
}

#[cfg(test)]
mod tests {
    use super::super::super::streams::tests::Played;
    use super::*;
    use std::process::{Child, Command, Stdio};
    use vm_test_sys::process::Process;

    fn cat() -> Child {
        let mut cat = Command::new("cat");
        cat.stdin(Stdio::piped()).spawn().unwrap()
    }

    fn state(child: &Child) -> char {
        Process::of(child.id()).unwrap().state
    }

    #[test]
    fn a_process_stands_still_until_the_fault_ends() {
        let mut child = cat();
        let number = child.id();
        let tool = Played::begin(move |streams| stop(&Which::Number(number), 0, streams));
        assert_eq!(tool.told(), Told::Faulted(vec![number]));
        assert_eq!(state(&child), 'T');
        assert_eq!(tool.end(), [Told::Over]);
        let until = Instant::now() + PATIENCE;
        while state(&child) == 'T' && Instant::now() < until {}
        assert_ne!(state(&child), 'T');
        drop(child.stdin.take());
        child.wait().unwrap();
    }

    #[test]
    fn a_process_that_is_slow_runs_and_stands_still_by_turns() {
        let mut child = cat();
        let number = child.id();
        let tool = Played::begin(move |streams| stop(&Which::Number(number), 50, streams));
        assert_eq!(tool.told(), Told::Faulted(vec![number]));
        let until = Instant::now() + PATIENCE;
        let mut seen = [false; 2];
        while seen != [true; 2] {
            seen[usize::from(state(&child) == 'T')] = true;
            assert!(Instant::now() < until, "{seen:?}");
        }
        assert_eq!(tool.end(), [Told::Over]);
        drop(child.stdin.take());
        child.wait().unwrap();
    }

    #[test]
    fn a_process_that_is_killed_is_gone() {
        let mut child = cat();
        let which = Which::Number(child.id());
        let told = Played::begin(move |streams| send(&which, 9, streams)).end();
        assert_eq!(told, [Told::Faulted(vec![child.id()]), Told::Over]);
        assert!(child.try_wait().unwrap().is_some());
    }

    #[test]
    fn no_process_and_no_signal_are_told() {
        let which = Which::Named("no-such-program".to_owned());
        let told = Played::begin(move |streams| stop(&which, 0, streams)).end();
        let [Told::Unable(unable)] = &told[..] else {
            panic!("{told:?}");
        };
        assert!(
            unable
                .failure
                .message
                .ends_with("no process runs a program `no-such-program`")
        );
        let told = Played::begin(|streams| send(&Which::Number(1), 777, streams)).end();
        assert!(matches!(&told[..], [Told::Failed(_)]), "{told:?}");
    }
}
