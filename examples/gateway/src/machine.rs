//! Changes the host: loads rules, adds interfaces, switches on forwarding. Must not know what rules
//! mean.

use crate::Error;
use std::io::Write;
use std::net::Ipv4Addr;
use std::process::{Command, Stdio};

/// Loads a script into nftables.
pub(crate) fn load(script: &str) -> Result<(), Error> {
    run("nft", "nftables", &["-f", "-"], script)
}

/// Adds an interface for a VLAN, and brings both interfaces up.
pub(crate) fn add_vlan(interface: &str, id: u16, address: Ipv4Addr) -> Result<(), Error> {
    let name = format!("{interface}.{id}");
    // `ip` reads its commands, so that one process makes the interface.
    let commands = format!(
        "link set {interface} up\n\
         link add link {interface} name {name} type vlan id {id}\n\
         addr add {address}/24 dev {name}\n\
         link set {name} up\n"
    );
    run("ip", "iproute2", &["-batch", "-"], &commands)
}

/// Lets packets pass between the interfaces of this host.
pub(crate) fn switch_on_forwarding() -> Result<(), Error> {
    std::fs::write("/proc/sys/net/ipv4/ip_forward", "1").map_err(Error::Forwarding)
}

/// Runs a program with this input to its end.
fn run(
    program: &'static str,
    package: &'static str,
    args: &[&str],
    input: &str,
) -> Result<(), Error> {
    let cannot = |source| Error::Run {
        program,
        package,
        source,
    };
    let mut child = Command::new(program)
        .args(args)
        .stdin(Stdio::piped())
        .stdout(Stdio::null())
        .stderr(Stdio::piped())
        .spawn()
        .map_err(cannot)?;
    // Taking the input drops it at the end of the statement, which says that it is complete.
    let fed = child
        .stdin
        .take()
        .map_or(Ok(()), |mut stdin| stdin.write_all(input.as_bytes()));
    let output = child.wait_with_output().map_err(cannot)?;
    if !output.status.success() {
        let said = String::from_utf8_lossy(&output.stderr);
        return Err(Error::Refused {
            program,
            said: said.trim_end().to_owned(),
        });
    }
    // A program that failed says why; a broken pipe would not.
    fed.map_err(cannot)
}
