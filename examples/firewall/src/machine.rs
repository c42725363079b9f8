//! Changes the host: loads a script into the kernel, enables forwarding. Must not know what a
//! script says.

use std::io::Write;
use std::process::{Command, Stdio};

use crate::Error;
use crate::kernel::IP_FORWARD;

/// Loads a script, all of it or nothing: nft makes it one transaction.
pub(crate) fn load(script: &str) -> Result<(), Error> {
    let mut nft = Command::new("nft")
        .args(["-f", "-"])
        .stdin(Stdio::piped())
        .stdout(Stdio::null())
        .stderr(Stdio::piped())
        .spawn()
        .map_err(Error::Run)?;
    // Taking stdin drops it at the end of the statement, which tells nft that the script is
    // complete.
    let fed = nft
        .stdin
        .take()
        .map_or(Ok(()), |mut stdin| stdin.write_all(script.as_bytes()));
    let output = nft.wait_with_output().map_err(Error::Run)?;
    if !output.status.success() {
        let said = String::from_utf8_lossy(&output.stderr)
            .trim_end()
            .to_owned();
        let said = if said.is_empty() {
            format!("nothing, but ended with {}", output.status)
        } else {
            said
        };
        return Err(Error::Refused { said });
    }
    // Checked last: if nft gave up before it had read everything, its own message is better than a
    // broken pipe.
    fed.map_err(Error::Run)
}

/// Lets packets pass between interfaces of this host.
pub(crate) fn switch_on_forwarding() -> Result<(), Error> {
    std::fs::write(IP_FORWARD, "1").map_err(Error::Forwarding)
}
