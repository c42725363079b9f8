//! Where a path leads in a root file system that is not this process's own, with symbolic links
//! followed as a guest would follow them. Knows how links are followed, not where the files are.

use std::ffi::OsString;
use std::path::{Component, Path, PathBuf};

/// More symbolic links than this in one path are taken for a loop.
const MOST: u32 = 40;

/// Longer than any file name can be.
const TOO_LONG: usize = 256;

/// Returns where `path` leads, relative to the root and never out of it.
///
/// `read_link` returns the content of the symbolic link at a path relative to the root, if there is
/// one. A path with too many links yields a path that cannot exist: the kernel would follow a
/// remaining link, starting at the caller's root.
pub fn follow(path: &Path, read_link: impl Fn(&Path) -> Option<PathBuf>) -> PathBuf {
    let mut real = PathBuf::new();
    let mut rest = names(path);
    let mut links = 0;
    while let Some(name) = rest.pop() {
        if name == ".." {
            real.pop();
            continue;
        }
        let next = real.join(&name);
        match read_link(&next) {
            Some(link) if links < MOST => {
                links += 1;
                if link.is_absolute() {
                    real = PathBuf::new();
                }
                rest.extend(names(&link));
            }
            Some(_) => return "x".repeat(TOO_LONG).into(),
            None => real = next,
        }
    }
    real
}

/// Returns the names in a path, the last one first.
fn names(path: &Path) -> Vec<OsString> {
    path.components()
        .rev()
        .filter_map(|part| match part {
            Component::Normal(name) => Some(name.to_owned()),
            Component::ParentDir => Some("..".into()),
            _ => None,
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn links_lead_where_a_guest_would_follow_them_and_never_out() {
        let links = |path: &Path| match path.to_str()? {
            "lib" => Some("usr/lib".into()),
            "out" => Some("/../../../lib".into()),
            "usr/up" => Some("../etc/./x".into()),
            "circle" => Some("circle".into()),
            "l0" => Some("/outside".into()),
            link => {
                let number: u32 = link.strip_prefix('l')?.parse().ok()?;
                Some(format!("l{}", number - 1).into())
            }
        };
        for (path, real) in [
            ("/lib/x", "usr/lib/x"),
            ("/out/x", "usr/lib/x"),
            ("usr/up", "etc/x"),
            ("/l39", "outside"),
            ("/new/../x", "x"),
            ("/../..", ""),
        ] {
            assert_eq!(follow(Path::new(path), links), Path::new(real), "{path}");
        }
        for path in ["/circle", "/circle/x", "/l40", "/l41/x"] {
            let nowhere = follow(Path::new(path), links);
            let error = std::fs::symlink_metadata(nowhere).unwrap_err();
            assert_eq!(error.raw_os_error(), Some(libc::ENAMETOOLONG), "{path}");
        }
    }
}
