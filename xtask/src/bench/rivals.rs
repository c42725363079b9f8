//! Other programs that make networks of containers: mininet, and munet in an environment of its own
//! below the target directory. Says why one of them cannot be measured.

use std::fs;
use std::path::Path;
use std::process::Command;

use anyhow::{Context, Result, bail};

use super::contestant::Contestant;
use super::lab_goals::{MININET, MUNET};
use crate::command;
use crate::worktree::Worktree;

/// The release of munet that is measured.
const RELEASE: &str = "munet==0.17.0";

/// Eight hosts on one network, for mininet, which pings between all of them.
const HOSTS: usize = 8;

/// Returns those that can be measured here, and says of the others why not.
pub(super) fn contestants(worktree: &Worktree, installs: bool) -> Result<Vec<Contestant>> {
    if !rustix::process::geteuid().is_root() {
        println!("{MININET}, {MUNET}: not measured, they need root");
        return Ok(Vec::new());
    }
    let mut mininet = Command::new("mn");
    mininet.args(["--topo", &format!("single,{HOSTS}"), "--switch", "lxbr"]);
    mininet.args(["--controller", "none", "--test", "pingall"]);
    let mut contestants = vec![Contestant::of_command(MININET, mininet)];
    match munet(worktree, installs) {
        Ok(munet) => contestants.push(munet),
        Err(error) => println!("{MUNET}: not measured: {error:#}"),
    }
    Ok(contestants)
}

fn munet(worktree: &Worktree, installs: bool) -> Result<Contestant> {
    let home = worktree.target().join("bench-munet");
    let python = home.join("bin/python");
    if !python.exists() {
        if !installs {
            bail!(
                "it is not in {}, and nothing is to be installed",
                home.display()
            );
        }
        println!("the bench needs {RELEASE} (is what labs are compared with), from PyPI");
        let mut venv = Command::new("python3");
        command::run(venv.args(["-m", "venv"]).arg(&home))?;
        let mut pip = Command::new(home.join("bin/pip"));
        command::run(pip.args(["install", "--quiet", RELEASE]))?;
    }
    let topology = home.join("topology.yaml");
    fs::write(&topology, topology_of(HOSTS))
        .with_context(|| format!("cannot write {}", topology.display()))?;
    let script = worktree.root.join("xtask/src/bench/eight_hosts.py");
    let words = [python.as_path(), &script, &topology];
    let command = match fs::read_link("/proc/1/ns/mnt") {
        Ok(_) => {
            let mut command = Command::new(words[0]);
            command.args(&words[1..]);
            command
        }
        // It enters the namespaces of the first process, which may not be its user's.
        Err(_) => below_a_first_process(&words),
    };
    Ok(Contestant::of_command(MUNET, command))
}

/// Returns a command in a pid namespace of its own, where a shell is the first process.
fn below_a_first_process(words: &[&Path]) -> Command {
    let mut command = Command::new("unshare");
    command
        .args(["--mount", "--pid", "--fork", "--mount-proc", "sh", "-c"])
        .args([r#""$@"; exit $?"#, "sh"])
        .args(words);
    command
}

/// Describes so many hosts on one network for munet.
fn topology_of(hosts: usize) -> String {
    let mut text = "version: 1\ntopology:\n  ipv6-enable: false\n  networks-autonumber: true\n  networks:\n  - name: net0\n    ip: 10.0.0.254/24\n  nodes:\n".to_owned();
    for number in 1..=hosts {
        text += &format!(
            "  - name: h{number}\n    connections:\n    - to: net0\n      ip: 10.0.0.{number}/24\n"
        );
    }
    text
}
