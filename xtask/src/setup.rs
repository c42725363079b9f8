//! Installs what is missing, after saying what it is and why. Knows apt-get, `cargo install` and
//! rustup; what to look for is in the table of `packages`.

use std::process::Command;

use anyhow::{Result, anyhow, bail};
use clap::Args;

use crate::command::{self, cargo};
use crate::machine::Machine;
use crate::package::{self, Package, Purpose, Source};
use crate::packages;

/// What the user allows the set-up to do; an option of every command with a set-up.
#[derive(Args)]
pub(crate) struct Consent {
    /// Install nothing; when a package is missing, name it and stop.
    #[arg(long)]
    no_install: bool,
}

impl Consent {
    /// Returns whether anything may be installed.
    pub(crate) fn installs(&self) -> bool {
        !self.no_install
    }
}

/// Makes sure that the packages for `purposes` are installed.
pub(crate) fn ensure(purposes: &[Purpose], consent: &Consent) -> Result<()> {
    let missing = package::missing(packages::TABLE, purposes, &Machine::here());
    if missing.is_empty() {
        println!("set-up: nothing is missing");
        return Ok(());
    }
    for package in &missing {
        println!("vm-test needs {} ({})", package.name, package.why);
    }
    let debian = names(&missing, Source::Debian);
    let crates = names(&missing, Source::Crate);
    let components = names(&missing, Source::Component);
    if consent.no_install {
        bail!(
            "cannot go on: missing {}\nhint: {}",
            names_of(&missing).join(", "),
            by_hand(&debian, &crates, &components)
        );
    }
    if !debian.is_empty() {
        install_debian(&debian)?;
    }
    if !crates.is_empty() {
        // An optimised build of a test runner takes three times as long and runs tests no faster.
        command::run(
            cargo()
                .args(["install", "--locked", "--debug"])
                .args(&crates),
        )?;
    }
    if !components.is_empty() {
        let mut rustup = Command::new("rustup");
        command::run(rustup.args(["component", "add"]).args(&components))?;
    }
    // An installation may have removed an existing package that conflicts; reinstall another
    // version of it.
    let gone = package::missing(packages::TABLE, purposes, &Machine::here());
    let gone: Vec<_> = names(&gone, Source::Debian)
        .into_iter()
        .filter(|name| !debian.contains(name))
        .collect();
    if !gone.is_empty() {
        install_debian(&gone)?;
    }
    let still = package::missing(packages::TABLE, purposes, &Machine::here());
    if !still.is_empty() {
        bail!(
            "cannot find what was just installed: {}\nhint: the sign to look for is wrong on this system; see packages.rs",
            names_of(&still).join(", ")
        );
    }
    Ok(())
}

fn install_debian(names: &[&str]) -> Result<()> {
    let machine = Machine::here();
    let Some(apt_get) = machine.command("apt-get") else {
        bail!(
            "cannot install {}: this system has no apt-get\nhint: install the packages of that content by hand, then run again",
            names.join(", ")
        );
    };
    // Set through `env`, because sudo drops the variable.
    let mut words = vec![
        "env".into(),
        "DEBIAN_FRONTEND=noninteractive".into(),
        apt_get,
    ];
    if !rustix::process::geteuid().is_root() {
        let Some(sudo) = machine.command("sudo") else {
            bail!(
                "cannot install {}: not root, and there is no sudo\nhint: run as root: {}",
                names.join(", "),
                by_hand(names, &[], &[])
            );
        };
        words.insert(0, sudo);
    }
    let apt = |arguments: &[&str]| {
        let mut apt = Command::new(&words[0]);
        apt.args(&words[1..]).args(arguments);
        apt
    };
    // A single unreachable list of a third party makes the update fail, although the packages are
    // available.
    if let Err(error) = command::run(&mut apt(&["update"])) {
        println!("{error:#}; going on with the package lists that are there");
    }
    let mut install = apt(&["install", "-y", "--no-install-recommends"]);
    command::run(install.args(names)).map_err(|error| {
        anyhow!(
            "cannot install {}: {error:#}\nhint: install by hand, then run again: {}",
            names.join(", "),
            by_hand(names, &[], &[])
        )
    })
}

fn names(packages: &[&'static Package], source: Source) -> Vec<&'static str> {
    packages
        .iter()
        .filter(|package| package.source == source)
        .map(|package| package.name)
        .collect()
}

fn names_of(packages: &[&'static Package]) -> Vec<&'static str> {
    packages.iter().map(|package| package.name).collect()
}

/// Returns what a user would type to install the packages.
fn by_hand(debian: &[&str], crates: &[&str], components: &[&str]) -> String {
    let mut commands = Vec::new();
    if !debian.is_empty() {
        commands.push(format!(
            "apt-get install --no-install-recommends {}",
            debian.join(" ")
        ));
    }
    if !crates.is_empty() {
        commands.push(format!("cargo install --locked {}", crates.join(" ")));
    }
    if !components.is_empty() {
        commands.push(format!("rustup component add {}", components.join(" ")));
    }
    commands.join(" && ")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_hint_holds_both_commands() {
        assert_eq!(
            by_hand(&["uidmap", "lxc"], &["cargo-nextest"], &["llvm-tools"]),
            "apt-get install --no-install-recommends uidmap lxc && cargo install --locked cargo-nextest \
             && rustup component add llvm-tools"
        );
        assert_eq!(
            by_hand(&[], &["cargo-nextest"], &[]),
            "cargo install --locked cargo-nextest"
        );
    }
}
