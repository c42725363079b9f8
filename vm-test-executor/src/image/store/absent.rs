//! A missing image: the failure, and the name that was probably meant.

use super::record::ImageRecord;
use crate::image::recipe::ready_names;
use std::path::Path;
use vm_test_protocol::failure::Failure;
use vm_test_settings::word;

/// Returns the failure for an image that is not in the store, which has the images `there`.
#[must_use]
pub fn absent(root: &Path, name: &str, there: &[ImageRecord]) -> Failure {
    let build = format!("vm-test image build {name}");
    Failure::new(format!(
        "cannot use image `{name}`: it is not in the store {}",
        root.display()
    ))
    .hint(match suggestion(name, there) {
        Some(suggestion) => format!("did you mean `{suggestion}`? If not, build it: {build}"),
        None => format!("build it: {build}"),
    })
    .missing()
}

/// Returns the most similar name of an existing image or built-in recipe.
fn suggestion(name: &str, there: &[ImageRecord]) -> Option<String> {
    let mut names: Vec<_> = there.iter().map(|image| image.name.as_str()).collect();
    for ready in ready_names() {
        names.push(ready);
    }
    if names.contains(&name) {
        return None;
    }
    // A name that differs only in its digits is another version, not a typo.
    let letters = |text: &str| text.replace(|c: char| c.is_ascii_digit(), "");
    let others = names
        .into_iter()
        .filter(|known| letters(known) != letters(name));
    word::suggestion(name, others).map(str::to_owned)
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
            // A built-in recipe, beside one with a longer name.
            ("debian-12", "build it: vm-test image build debian-12"),
            ("debian-13", "build it: vm-test image build debian-13"),
            (
                "alpine",
                "did you mean `alpine-3.22`? If not, build it: vm-test image build alpine",
            ),
            ("fedora", "build it: vm-test image build fedora"),
        ] {
            let failure = absent(nowhere, name, &[]);
            assert_eq!(failure.hint.as_deref(), Some(hint));
            assert!(failure.is_missing());
        }
    }
}
