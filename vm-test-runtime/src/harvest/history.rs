//! Directories to which every run adds a file: removes those of older runs. Reads no content.

use std::fs;
use std::path::Path;

/// How many runs are kept, by their files' modification times.
const MOST_RUNS: usize = 20;

/// Removes all but the last runs' files, which have this extension, and the directories with the
/// same names without it.
pub fn forget_old_runs(directory: &Path, extension: &str) {
    let entries = fs::read_dir(directory).into_iter().flatten().flatten();
    let mut found: Vec<_> = entries
        .map(|entry| entry.path())
        .filter(|path| path.extension().is_some_and(|end| end == extension))
        .filter_map(|path| Some((fs::metadata(&path).ok()?.modified().ok()?, path)))
        .collect();
    found.sort();
    let old = found.len().saturating_sub(MOST_RUNS);
    for (_, path) in &found[..old] {
        let _ = fs::remove_file(path);
        let _ = fs::remove_dir_all(path.with_extension(""));
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::fs::File;
    use std::time::{Duration, SystemTime};

    #[test]
    fn only_the_last_runs_are_kept_and_their_directories_with_them() {
        let name = format!("vm-test-history-{}", std::process::id());
        let directory = std::env::temp_dir().join(name);
        fs::create_dir_all(&directory).unwrap();
        for number in 0..MOST_RUNS + 3 {
            let path = directory.join(format!("run-{number}.jsonl"));
            let file = File::create(&path).unwrap();
            let age = Duration::from_secs(1000 - number as u64);
            file.set_modified(SystemTime::now() - age).unwrap();
            fs::create_dir(path.with_extension("")).unwrap();
        }
        fs::write(directory.join("another.txt"), "").unwrap();
        forget_old_runs(&directory, "jsonl");
        let mut left: Vec<_> = fs::read_dir(&directory)
            .unwrap()
            .map(|entry| entry.unwrap().file_name().into_string().unwrap())
            .collect();
        fs::remove_dir_all(&directory).unwrap();
        left.sort();
        let mut expected = vec!["another.txt".to_owned()];
        for number in 3..MOST_RUNS + 3 {
            expected.extend([format!("run-{number}"), format!("run-{number}.jsonl")]);
        }
        expected.sort();
        assert_eq!(left, expected);
    }
}
