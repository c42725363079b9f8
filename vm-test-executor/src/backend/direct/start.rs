//! Starts the first process of a container: a copy of this process, which takes the guest's root as
//! its own and executes the agent.

use super::kernel_files;
use super::trouble::Trouble;
use crate::backend::container::{Machine, Network};
use crate::backend::room::STREAM;
use rustix::mount::{UnmountFlags, unmount};
use rustix::process::{WaitId, WaitIdOptions, WaitIdStatus, chdir, pivot_root, setsid, waitid};
use rustix::thread::{LinkNameSpaceType, move_into_link_name_space};
use std::fs::File;
use std::io;
use std::os::fd::AsFd;
use std::os::unix::process::CommandExt;
use std::process::Command;
use vm_test_protocol::failure::Failure;
use vm_test_protocol::frame;
use vm_test_protocol::{AGENT_PATH, ENV_AHEAD, LIBRARIES};
use vm_test_sys::fork::{self, Child, New, Parent};

/// Runs a container until its first process has ended; returns how that ended, as liblxc would.
///
/// The container is in the namespaces of this process, whose first process is pid 1 of one more. It
/// sees nothing of this process there, which is all that keeps it apart: no path of this process is
/// followed and no socket of it is named once the guest runs. Where another process stays with this
/// one, the container has mounts of its own.
///
/// # Errors
/// If it cannot be started.
pub fn run(machine: &Machine) -> Result<i32, Failure> {
    let told = |trouble: Trouble| trouble.failure(machine);
    let named = rustix::system::sethostname(machine.guest.as_bytes());
    named.map_err(|error| told(Trouble::mounting("set its host name", &error.into())))?;
    kernel_files::make_dev(machine).map_err(told)?;
    let (said, say) = rustix::pipe::pipe_with(rustix::pipe::PipeFlags::CLOEXEC)
        .map_err(|error| told(Trouble::handing("make a pipe", &error.into())))?;
    let new = New {
        groups: true,
        // What carries its link stays with the keeper, and must not find the guest's files in place
        // of its own.
        mounts: matches!(machine.network, Network::Of(_)),
        ..New::default()
    };
    let started = fork::fork(new, Parent::Own)
        .map_err(|error| told(Trouble::starting("start its first process", &error)))?;
    let Some(Child { pidfd, .. }) = started else {
        let trouble = become_first_process(machine);
        // If the other end is gone, nobody needs it.
        let _ = frame::write(File::from(say), &trouble);
        std::process::exit(1);
    };
    drop(say);
    let ended = loop {
        match waitid(WaitId::PidFd(pidfd.as_fd()), WaitIdOptions::EXITED) {
            Err(rustix::io::Errno::INTR) => {}
            ended => break ended,
        }
    };
    // It is closed without a word by the execution of the agent.
    if let Ok(Some(trouble)) = frame::read::<Trouble>(File::from(said)) {
        return Err(told(trouble));
    }
    let ended = ended.ok().flatten();
    match reboot(ended.as_ref()) {
        Some(words) => Err(Failure::new(format!(
            "instance {} of guest `{}` died: {words}",
            machine.instance, machine.guest
        ))),
        None => Ok(status(ended.as_ref())),
    }
}

/// Returns what a guest did to itself whose first process ended like this: the kernel kills it with one
/// of these signals for it, and drops them when somebody in the guest sends them.
fn reboot(ended: Option<&WaitIdStatus>) -> Option<&'static str> {
    match ended.and_then(WaitIdStatus::terminating_signal)? {
        libc::SIGHUP => Some("the guest was rebooted"),
        libc::SIGINT => Some("the guest was shut down"),
        _ => None,
    }
}

/// Returns how a process ended, in the form that liblxc gives it.
fn status(ended: Option<&WaitIdStatus>) -> i32 {
    let code = ended.and_then(WaitIdStatus::exit_status);
    let signal = ended.and_then(WaitIdStatus::terminating_signal);
    match (code, signal) {
        (Some(code), _) => code << 8,
        (None, Some(signal)) => signal << 8 | 0x7f,
        (None, None) => 1 << 8,
    }
}

/// Becomes the first process of the guest. Returns only if that fails.
fn become_first_process(machine: &Machine) -> Trouble {
    match prepare(machine) {
        Ok(()) => Trouble::starting("execute its agent", &execute(machine)),
        Err(trouble) => trouble,
    }
}

fn prepare(machine: &Machine) -> Result<(), Trouble> {
    // A session of its own: signals of the keeper's are not the guest's.
    let _ = setsid();
    if let Network::Of(namespace) = &machine.network {
        let kind = Some(LinkNameSpaceType::Network);
        move_into_link_name_space(namespace.as_fd(), kind)
            .map_err(|error| Trouble::starting("enter its network", &error.into()))?;
    }
    kernel_files::show_namespaces(machine)?;
    enter_root(machine).map_err(|error| Trouble::mounting("enter its root", &error))
}

/// Makes the guest's root the root of this process, and of all that is in the same mount namespace.
/// Nothing of the host's remains mounted there.
fn enter_root(machine: &Machine) -> io::Result<()> {
    chdir(&machine.root)?;
    // The old root is put over the new one, and taken away from there.
    pivot_root(".", ".")?;
    unmount(".", UnmountFlags::DETACH)?;
    Ok(chdir("/")?)
}

/// Executes the agent; returns why that failed.
fn execute(machine: &Machine) -> io::Error {
    let mut command = match &machine.loader {
        Some(loader) => {
            let mut command = Command::new(loader);
            command.args(["--library-path", LIBRARIES, AGENT_PATH]);
            command
        }
        None => Command::new(AGENT_PATH),
    };
    command
        .env_clear()
        .env("container", "lxc")
        .env("VM_TEST_STREAM", STREAM.to_string());
    if machine.watch_memory {
        command.env("VM_TEST_MEMORY_LIMIT", machine.memory.to_string());
    }
    if machine.ahead {
        command.env(ENV_AHEAD, "1");
    }
    command.exec()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn ended(script: &str) -> Option<WaitIdStatus> {
        // The parent process may ignore some of these signals, as it does under `nohup`.
        let mut child = Command::new("env");
        let child = child.args(["--default-signal", "sh", "-c", script]);
        let mut child = child.spawn().unwrap();
        let pid = rustix::process::Pid::from_child(&child);
        let options = WaitIdOptions::EXITED | WaitIdOptions::NOWAIT;
        let status = waitid(WaitId::Pid(pid), options).unwrap();
        child.wait().unwrap();
        status
    }

    #[test]
    fn a_code_and_a_signal_are_told_as_liblxc_tells_them_unless_it_is_that_of_a_reboot() {
        for (script, told, words) in [
            ("exit 1", 1 << 8, None),
            ("exit 0", 0, None),
            ("kill -9 $$", 0x97f, None),
            ("kill -1 $$", 0x17f, Some("the guest was rebooted")),
            ("kill -2 $$", 0x27f, Some("the guest was shut down")),
        ] {
            let ended = ended(script);
            assert_eq!(status(ended.as_ref()), told, "{script}");
            assert_eq!(reboot(ended.as_ref()), words, "{script}");
        }
    }
}
