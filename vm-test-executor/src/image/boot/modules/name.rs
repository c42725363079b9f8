//! The name of a kernel module.

/// Returns the name of the module in this file, with every `-` replaced by `_`.
pub(in super::super) fn name_of(path: &str) -> String {
    let file = path.rsplit('/').next().unwrap_or(path);
    let name = file.split_once(".ko").map_or(file, |(name, _)| name);
    name.replace('-', "_")
}
