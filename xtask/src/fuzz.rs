//! `cargo xtask fuzz`: any bytes to the parsers of protocols, by cargo-fuzz, beginning with the
//! samples of the unit tests. What a target does is in its file, and none is named here.

use std::fs;
use std::path::Path;
use std::process::ExitCode;

use anyhow::{Context, Result, bail};
use clap::Args;

use crate::command;
use crate::package::Purpose;
use crate::setup;
use crate::worktree::Worktree;

/// The package of the targets.
const FUZZ: &str = "vm-test-faults/fuzz";

/// The variable by which unit tests write their samples to a directory, and what these are called.
const SEEDS: &str = "VM_TEST_FUZZ_SEEDS";
const SAMPLES: &str = "any_bytes_in_any_pieces";

/// The options of `cargo xtask fuzz`.
#[derive(Args)]
pub(crate) struct Options {
    #[command(flatten)]
    setup: setup::Consent,

    /// Run only this target, such as `redis`; there may be several.
    #[arg(value_name = "TARGET")]
    targets: Vec<String>,

    /// How many inputs each target gets. Ten million take between ten and thirty minutes.
    #[arg(long, value_name = "N", default_value_t = 1_000_000)]
    runs: u64,

    /// How many bytes an input has at most. Longer ones are slower; each protocol has something
    /// that happens only behind 1,024 bytes.
    #[arg(long, value_name = "BYTES", default_value_t = 1_536)]
    longest: u64,
}

/// Runs the targets one after the other, up to the first one that fails.
pub(crate) fn run(options: &Options) -> Result<ExitCode> {
    setup::ensure(&[Purpose::Fuzz], &options.setup)?;
    let worktree = Worktree::current()?;
    let fuzz = worktree.root.join(FUZZ);
    let targets = chosen(&options.targets, targets(&fuzz)?)?;
    let corpus = fuzz.join("corpus");
    let mut samples = worktree.cargo(&["test", "--quiet", "-p", "vm-test-faults", "--lib"])?;
    command::run(samples.arg(SAMPLES).env(SEEDS, &corpus))?;
    for target in targets {
        let mut run = worktree.cargo(&["fuzz", "run", "--fuzz-dir"])?;
        run.arg(&fuzz);
        // Without a sanitizer it needs no nightly compiler. The crate has no unsafe code.
        run.args(["--sanitizer", "none", "--target-dir"]);
        run.arg(worktree.target().join("fuzz")).arg(&target);
        run.arg("--");
        run.arg(format!("-runs={}", options.runs));
        run.arg(format!("-max_len={}", options.longest));
        run.arg("-print_final_stats=1");
        command::run(&mut run).with_context(|| {
            format!("cannot call {target} safe\nhint: the input is below {FUZZ}/artifacts/{target}")
        })?;
    }
    Ok(ExitCode::SUCCESS)
}

/// Returns the names of all targets.
fn targets(fuzz: &Path) -> Result<Vec<String>> {
    let folder = fuzz.join("fuzz_targets");
    let files =
        fs::read_dir(&folder).with_context(|| format!("cannot read {}", folder.display()))?;
    let names = files.flatten().filter_map(|file| {
        let name = file.file_name().into_string().ok()?;
        name.strip_suffix(".rs").map(str::to_owned)
    });
    let mut names: Vec<String> = names.collect();
    names.sort_unstable();
    Ok(names)
}

/// Returns the targets that are asked for: all of them, if none is named.
fn chosen(asked: &[String], known: Vec<String>) -> Result<Vec<String>> {
    if let Some(unknown) = asked.iter().find(|target| !known.contains(target)) {
        bail!(
            "cannot fuzz {unknown}: there is no such target\nhint: it is one of {}",
            known.join(", ")
        );
    }
    Ok(if asked.is_empty() {
        known
    } else {
        asked.to_vec()
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_target_has_a_file_and_a_program() {
        let fuzz = Path::new(env!("CARGO_MANIFEST_DIR")).join("..").join(FUZZ);
        let targets = targets(&fuzz).unwrap();
        assert!(targets.len() >= 5, "{targets:?}");
        let manifest = fs::read_to_string(fuzz.join("Cargo.toml")).unwrap();
        for target in targets {
            let program = format!("name = \"{target}\"\npath = \"fuzz_targets/{target}.rs\"\n");
            assert!(manifest.contains(&program), "{target}");
        }
    }

    #[test]
    fn a_target_that_does_not_exist_is_refused() {
        let names = |names: &[&str]| names.iter().map(|name| (*name).to_owned()).collect();
        let known: Vec<String> = names(&["http", "redis"]);
        let redis: Vec<String> = names(&["redis"]);
        assert_eq!(chosen(&[], known.clone()).unwrap(), known);
        assert_eq!(chosen(&redis, known.clone()).unwrap(), redis);
        let gopher: Vec<String> = names(&["gopher"]);
        let error = chosen(&gopher, known).unwrap_err().to_string();
        assert!(error.ends_with("hint: it is one of http, redis"), "{error}");
    }
}
