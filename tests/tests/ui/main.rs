//! What a user is told about each mistake in `#[on_vm]`: one mistake per file in `ui/`, with the
//! compiler's output beside it. Runs no guest; tests that compile are elsewhere.

use std::collections::BTreeSet;
use std::path::Path;

#[test]
fn every_mistake_is_answered_as_written() {
    trybuild::TestCases::new().compile_fail("ui/*.rs");
}

/// trybuild takes a missing `.stderr` for one still to be written, and ignores one without a `.rs`.
#[test]
fn every_mistake_has_an_answer_and_every_answer_a_mistake() {
    let mistakes = stems("rs");
    assert!(!mistakes.is_empty(), "there is no mistake in ui/");
    assert_eq!(mistakes, stems("stderr"));
}

/// Returns the names of the files in `ui/` with this extension.
///
/// A file with an extension other than these two would never be checked.
fn stems(extension: &str) -> BTreeSet<String> {
    let directory = Path::new(env!("CARGO_MANIFEST_DIR")).join("ui");
    let files = std::fs::read_dir(&directory).expect("ui/ can be read");
    let paths = files.map(|file| file.expect("ui/ can be listed").path());
    let of_kind = |path: &Path, kind: &str| path.extension().is_some_and(|found| found == kind);
    paths
        .inspect(|path| {
            assert!(
                of_kind(path, "rs") || of_kind(path, "stderr"),
                "{} is forgotten",
                path.display()
            );
        })
        .filter(|path| of_kind(path, extension))
        .map(|path| {
            path.file_stem()
                .expect("it has a name")
                .to_string_lossy()
                .into_owned()
        })
        .collect()
}
