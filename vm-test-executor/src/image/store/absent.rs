//! A missing image: the failure, and the name that was probably meant.

use super::store::Store;
use crate::image::recipe::ready_names;
use std::path::Path;
use vm_test_protocol::failure::Failure;
use vm_test_settings::word;

impl Store {
    /// The failure for want of an image.
    #[must_use]
    pub fn lacks(root: &Path, name: &str) -> Failure {
        let build = format!("vm-test image build {name}");
        Failure::new(format!(
            "cannot use image `{name}`: it is not in the store {}",
            root.display()
        ))
        .hint(match meant(root, name) {
            Some(meant) => format!("did you mean `{meant}`? If not, build it: {build}"),
            None => format!("build it: {build}"),
        })
        .missing()
    }
}

/// An image that is there, or that comes with the program, with nearly this name.
fn meant(root: &Path, name: &str) -> Option<String> {
    let store = Store::find(root).ok().flatten();
    let there = store.map_or_else(Vec::new, |store| store.list());
    let mut names: Vec<_> = there.into_iter().map(|image| image.name).collect();
    names.extend(ready_names().map(str::to_owned));
    if names.iter().any(|known| known == name) {
        return None;
    }
    // Of another version it is another image.
    let letters = |text: &str| text.replace(|c: char| c.is_ascii_digit(), "");
    let known = names.iter().map(String::as_str);
    let others = known.filter(|known| letters(known) != letters(name));
    word::meant(name, others).map(str::to_owned)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_misspelled_image_is_told_from_one_of_another_version() {
        let nowhere = Path::new("/nowhere");
        for (name, hint) in [
            (
                "debain-12",
                "did you mean `debian-12`? If not, build it: vm-test image build debain-12",
            ),
            // It comes with the program, beside one with a longer name.
            ("debian-12", "build it: vm-test image build debian-12"),
            ("debian-13", "build it: vm-test image build debian-13"),
            ("alpine", "build it: vm-test image build alpine"),
        ] {
            let failure = Store::lacks(nowhere, name);
            assert_eq!(failure.hint.as_deref(), Some(hint));
            assert!(failure.missing);
        }
    }
}
