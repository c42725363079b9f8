//! A VM's kernel other than its image's, as a guest names it, and the name of the image that
//! combines both. Only text; opens nothing.

use std::path::PathBuf;
use vm_test_settings::form::Form;

/// Separates the name of an image from that of its kernel's package.
const AND: char = '+';

/// A kernel that replaces the image's.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum OtherKernel {
    /// The kernel of this package of the image's Debian.
    Package(String),
    /// The kernel in this file of the host; its modules are beside it.
    File(PathBuf),
}

impl OtherKernel {
    /// The hint with valid values.
    pub const HINT: &str = "a kernel is a package of the image's Debian, as in kernel = \"linux-image-amd64\", or the path of a file, as in kernel = \"build/boot/vmlinuz-6.12\"";

    /// Returns the kernel that this text names.
    #[must_use]
    pub fn named(text: &str) -> Option<Self> {
        // A VM always has a kernel, so `none` is not one.
        if text == "none" || Form::Kernel.check(text).is_err() {
            return None;
        }
        Some(if text.contains('/') {
            Self::File(text.into())
        } else {
            Self::Package(text.to_owned())
        })
    }

    /// Returns the text that names it.
    pub(super) fn text(&self) -> String {
        match self {
            Self::Package(name) => name.clone(),
            Self::File(path) => path.display().to_string(),
        }
    }
}

/// Returns the name of the image that combines the two.
pub(super) fn combined(image: &str, package: &str) -> String {
    format!("{image}{AND}{package}")
}

/// Splits the name of an image with another kernel into image and package.
#[must_use]
pub fn split(name: &str) -> Option<(&str, &str)> {
    let (image, package) = name.split_once(AND)?;
    let is_package = matches!(OtherKernel::named(package), Some(OtherKernel::Package(_)));
    (!image.is_empty() && is_package).then_some((image, package))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::config::{Backend, Guest};

    #[test]
    fn a_kernel_is_a_package_or_a_path() {
        let package = OtherKernel::Package("linux-image-6.12+deb13-amd64".to_owned());
        assert_eq!(
            OtherKernel::named("linux-image-6.12+deb13-amd64"),
            Some(package)
        );
        let file = OtherKernel::File("./vmlinuz".into());
        assert_eq!(OtherKernel::named("./vmlinuz"), Some(file));
        for bad in ["", "none", "Linux", "a b", "-x", "a/\0"] {
            assert_eq!(OtherKernel::named(bad), None, "{bad:?}");
        }
    }

    #[test]
    fn the_name_of_an_image_with_a_kernel_says_both() {
        let package = "linux-image-6.12+deb13-amd64";
        let guest = Guest {
            image: "debian-12".to_owned(),
            kernel: OtherKernel::named(package),
            backend: Backend::Kvm,
            ..Guest::new("g").unwrap()
        };
        let name = guest.image_with_kernel();
        assert_eq!(split(&name), Some(("debian-12", package)));
        for other in ["debian-12", "+linux-image-amd64", "debian-12+None", "a+"] {
            assert_eq!(split(other), None, "{other}");
        }
    }
}
