//! What stands for registries in a build without them: an error that says how to get them.

use crate::image::archive::refusal::cannot;
use crate::image::layer::digest::Digest;
use crate::image::recipe::Reference;
use std::fs::File;
use vm_test_protocol::failure::Failure;

/// A registry, of which there is none.
#[derive(Debug)]
pub(in crate::image) enum Registry {}

impl Registry {
    /// Returns the failure that this build has no registries.
    pub(in crate::image) fn open(reference: &Reference) -> Result<Self, Failure> {
        let cause = "this build of vm-test has no registries";
        Err(cannot(&reference.to_string(), cause).hint(
            "cargo install vm-test-executor --features registries; or copy the image to a directory, by skopeo copy docker://… oci:DIR, and take oci:DIR",
        ))
    }

    pub(in crate::image) fn manifest(
        &self,
        _: Option<(&Digest, Option<u64>)>,
    ) -> Result<(Vec<u8>, Option<String>), Failure> {
        match *self {}
    }

    pub(in crate::image) fn document(
        &self,
        _: &str,
        _: &Digest,
        _: u64,
    ) -> Result<Vec<u8>, Failure> {
        match *self {}
    }

    pub(in crate::image) fn download(
        &self,
        _: &str,
        _: &Digest,
        _: u64,
        _: &mut File,
        _: &mut dyn FnMut(u64),
    ) -> Result<(), Failure> {
        match *self {}
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_build_without_registries_says_so_and_how_to_get_one_with_them() {
        let reference = Reference::parse("localhost:5000/a").unwrap();
        let failure = Registry::open(&reference).unwrap_err();
        assert_eq!(
            failure.message,
            "cannot import oci://localhost:5000/a:latest: this build of vm-test has no registries"
        );
        let hint = failure.hint.unwrap();
        assert!(hint.starts_with("cargo install vm-test-executor --features registries"));
    }
}
