//! The drivers that came with the agent: loads them in the order in which they are listed. Chooses none.

use std::fs::{self, File};
use std::io;
use std::path::Path;
use vm_test::protocol::machine::MODULES;

/// Loads all of them.
pub(super) fn load_all() -> io::Result<()> {
    let directory = Path::new(MODULES);
    let order = fs::read_to_string(directory.join("order"))
        .map_err(|error| io::Error::new(error.kind(), format!("cannot find drivers: {error}")))?;
    for name in order.lines() {
        let load = || -> io::Result<()> {
            let file = File::open(directory.join(format!("{name}.ko")))?;
            match rustix::system::finit_module(&file, c"", 0) {
                Err(rustix::io::Errno::EXIST) => Ok(()),
                done => Ok(done?),
            }
        };
        load().map_err(|error| {
            io::Error::new(error.kind(), format!("cannot load driver {name}: {error}"))
        })?;
    }
    Ok(())
}
