//! The name of a kernel module.

/// A module's name is that of its file, with one kind of dash.
pub(in super::super) fn name_of(path: &str) -> String {
    let file = path.rsplit('/').next().unwrap_or(path);
    let name = file.split_once(".ko").map_or(file, |(name, _)| name);
    name.replace('-', "_")
}
