//! The libraries that host programs need in guests whose own libraries may be too old or of another
//! kind. The host's loader tells where they are.

use crate::sync;
use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::sync::Mutex;
use std::time::SystemTime;
use vm_test_protocol::failure::Failure;
use vm_test_sys::elf;

/// The libraries that a file needs, by the names they are looked up by; the loader is among them.
pub(super) type Closure = BTreeMap<String, PathBuf>;

/// The libraries of files, by path and modification time.
#[derive(Debug, Default)]
pub(crate) struct Libraries {
    known: Mutex<BTreeMap<(PathBuf, SystemTime), Closure>>,
}

impl Libraries {
    /// Returns the libraries of a program of the host.
    pub(super) fn of(&self, program: &Path, search: &str) -> Result<Closure, Failure> {
        let cannot = |cause: String| {
            Failure::new(format!(
                "cannot find the libraries of {}: {cause}",
                program.display()
            ))
        };
        let modified = program
            .metadata()
            .and_then(|meta| meta.modified())
            .map_err(|error| cannot(error.to_string()))?;
        let key = (program.to_path_buf(), modified);
        let mut known = sync::lock(&self.known);
        if let Some(closure) = known.get(&key) {
            return Ok(closure.clone());
        }
        let closure = ask_loader(program, search).map_err(cannot)?;
        known.insert(key, closure.clone());
        Ok(closure)
    }
}

fn ask_loader(program: &Path, search: &str) -> Result<Closure, String> {
    let needs = elf::needs(program).map_err(|error| error.to_string())?;
    let Some(loader) = needs.loader else {
        return Ok(Closure::new());
    };
    let output = Command::new(&loader)
        .arg("--list")
        .arg(program)
        .env("LD_LIBRARY_PATH", search)
        .stdin(Stdio::null())
        .output()
        .map_err(|error| format!("{}: {error}", loader.display()))?;
    if !output.status.success() {
        return Err(String::from_utf8_lossy(&output.stderr).trim().to_owned());
    }
    let mut closure = parse(&String::from_utf8_lossy(&output.stdout));
    if let Some(name) = loader.file_name().and_then(|name| name.to_str()) {
        closure.insert(name.to_owned(), loader.clone());
    }
    Ok(closure)
}

/// Parses lines of the form `name => path (address)`.
fn parse(text: &str) -> Closure {
    text.lines()
        .filter_map(|line| {
            let (name, rest) = line.trim().split_once(" => ")?;
            let path = rest.rsplit_once(" (").map_or(rest, |(path, _)| path);
            let path = Path::new(path).is_absolute().then(|| PathBuf::from(path))?;
            Some((name.rsplit('/').next()?.to_owned(), path))
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_loaders_lines_become_names_and_paths() {
        let text = "\tlinux-vdso.so.1 (0x1)\n\tlibc.so.6 => /lib/libc.so.6 (0x2)\n\t/lib64/ld.so (0x3)\n\tlibx.so => not found\n";
        let closure = parse(text);
        assert_eq!(closure.len(), 1);
        assert_eq!(closure["libc.so.6"], Path::new("/lib/libc.so.6"));
    }

    #[test]
    fn this_programs_closure_holds_its_loader_and_the_c_library() {
        let libraries = Libraries::default();
        let closure = libraries.of(&std::env::current_exe().unwrap(), "").unwrap();
        assert!(closure.contains_key("libc.so.6"), "{closure:?}");
        assert!(
            closure.keys().any(|name| name.starts_with("ld-")),
            "{closure:?}"
        );
    }
}
