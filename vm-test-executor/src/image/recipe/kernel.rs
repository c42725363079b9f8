//! The kernel of an image in a recipe.

use super::entry::check_package;
use serde::Deserialize;
use std::path::{Path, PathBuf};
use vm_test_protocol::failure::Failure;

/// The kernel of an image.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Kernel {
    /// No kernel: guests are containers.
    None,
    /// The kernel in this package of the image's Debian release.
    Package(String),
    /// Files of the host.
    Files {
        /// The kernel, packed (bzImage) or not (ELF).
        vmlinuz: PathBuf,
        /// The directory with `modules.dep`; `None` if everything is built in.
        modules: Option<PathBuf>,
    },
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Files {
    vmlinuz: PathBuf,
    modules: Option<PathBuf>,
}

/// Parses the kernel of a recipe.
pub(super) fn parse(value: toml::Value, dir: &Path) -> Result<Kernel, Failure> {
    match value {
        toml::Value::String(name) if name == "none" => Ok(Kernel::None),
        toml::Value::String(name) => {
            check_package(&name)?;
            Ok(Kernel::Package(name))
        }
        value @ toml::Value::Table(_) => {
            let files: Files = value.try_into().map_err(|error: toml::de::Error| {
                let failure = Failure::new(format!("in `kernel`: {}", error.message()));
                match crate::config::document::suggestion(error.message()) {
                    Some(key) => failure.hint(format!("did you mean `{key}`?")),
                    None => failure,
                }
            })?;
            Ok(Kernel::Files {
                vmlinuz: dir.join(files.vmlinuz),
                modules: files.modules.map(|modules| dir.join(modules)),
            })
        }
        other => Err(
            Failure::new(format!("{other} is not a kernel")).hint(
                "a kernel is \"none\", a package as \"linux-image-cloud-amd64\", or { vmlinuz = PATH, modules = DIRECTORY }",
            ),
        ),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn kernel(text: &str) -> Result<Kernel, Failure> {
        let table: toml::Table = toml::from_str(text).unwrap();
        parse(table["kernel"].clone(), Path::new("/r"))
    }

    #[test]
    fn a_kernel_is_none_a_package_or_files() {
        assert_eq!(kernel("kernel = \"none\"").unwrap(), Kernel::None);
        assert_eq!(
            kernel("kernel = \"linux-image-cloud-amd64\"").unwrap(),
            Kernel::Package("linux-image-cloud-amd64".to_owned())
        );
        assert_eq!(
            kernel("kernel = { vmlinuz = \"k\", modules = \"/m\" }").unwrap(),
            Kernel::Files {
                vmlinuz: "/r/k".into(),
                modules: Some("/m".into())
            }
        );
    }

    #[test]
    fn mistakes_in_a_kernel_are_named() {
        for (text, words) in [
            ("kernel = 6", "6 is not a kernel"),
            ("kernel = \"a b\"", "not the name of a Debian package"),
            (
                "kernel = { vmlinux = \"k\" }",
                "unknown field `vmlinux`, expected `vmlinuz`",
            ),
            ("kernel = { modules = \"k\" }", "missing field `vmlinuz`"),
        ] {
            let error = kernel(text).unwrap_err();
            assert!(error.message.contains(words), "{text}: {error}");
        }
    }
}
