//! Instances that do nothing but take room: each is started by `vm-test run`, and ends with it, which
//! ends with this process, however that ends.

use std::process::{Child, Command, Stdio};

use anyhow::{Context, Result};

use crate::command;

/// Longer than anything is measured beside them.
const SECONDS: &str = "86400";

/// Idle instances, ended when this is dropped.
#[derive(Default)]
pub(super) struct Idle(Vec<Child>);

impl Idle {
    /// Starts one more of this guest by a command `vm-test`, and does not wait for it.
    pub(super) fn add(&mut self, vm_test: &mut Command, guest: &str) -> Result<()> {
        vm_test.args(["run", guest, "--", "sleep", SECONDS]);
        let mut tied = command::tied(vm_test);
        tied.stdin(Stdio::null()).stdout(Stdio::null());
        let started = tied.spawn();
        self.0
            .push(started.with_context(|| command::cannot_start(&tied))?);
        Ok(())
    }

    /// Returns how many there are.
    pub(super) fn count(&self) -> usize {
        self.0.len()
    }
}

impl Drop for Idle {
    fn drop(&mut self) {
        for child in &mut self.0 {
            let _ = child.kill();
            let _ = child.wait();
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_was_started_ends_with_its_owner() {
        let mut idle = Idle::default();
        let mut shell = Command::new("sh");
        // It takes the words for its own, and sleeps.
        idle.add(shell.args(["-c", "exec sleep 1000"]), "host")
            .unwrap();
        assert_eq!(idle.count(), 1);
        let pid = idle.0[0].id();
        drop(idle);
        assert!(!std::path::Path::new(&format!("/proc/{pid}")).exists());
    }
}
