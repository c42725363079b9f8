//! Which test calls a site. libtest tells it only by the name of the test's thread, so a call on
//! another thread is identified by other signs, each of which names one test or none.

use super::harness;
use crate::last_resort::is_on_the_test;
use crate::site::Site;
use std::fs;
use vm_test_protocol::failure::Failure;

/// How many bytes of a thread's name the kernel keeps.
const KEPT: usize = 15;

/// Options of the harness whose value is the next word.
const WITH_VALUES: [&str; 7] = [
    "--color",
    "--format",
    "--logfile",
    "--shuffle-seed",
    "--skip",
    "--test-threads",
    "-Z",
];

/// The hint if a test cannot be identified by its thread.
pub(super) const CURE: &str = "call it from the thread that the test harness made for the test: put `#[on_vm]` below the \
     attribute that starts another one, or run the tests with cargo nextest, which names each";

/// What may identify the calling test.
#[derive(Debug, Default)]
struct Signs {
    /// The name of the calling thread.
    thread: Option<String>,
    /// The arguments of the process.
    arguments: Vec<String>,
    /// The test for which libtest started this process, as it does where panics abort.
    invoked: Option<String>,
    /// The test for which nextest started this process.
    nextest: Option<String>,
    /// The names of all threads, as the kernel keeps them.
    threads: Vec<Vec<u8>>,
}

/// Returns the full name of the test that calls this site.
pub(super) fn name_of_test(site: &Site) -> Result<String, Failure> {
    let thread = std::thread::current().name().map(str::to_owned);
    // Most calls come from the test's own thread, and nothing else has to be read.
    if let Some(name) = thread.as_deref().filter(|name| is_on_the_test(site, name)) {
        return Ok(name.to_owned());
    }
    Signs::of_this_process(thread).name(site).ok_or_else(|| {
        Failure::new(format!(
            "cannot tell which test `{}` at {}:{} is: its thread has no name",
            site.function, site.file, site.line
        ))
        .hint(CURE)
    })
}

/// Returns whether a panic on the calling thread fails this site's test and is not what another
/// test expects.
///
/// This is so if the test is the site's own, or the binary's harness has no tests that should
/// panic.
pub(super) fn fails_by_panicking(site: &Site) -> bool {
    match name_of_test(site) {
        Ok(name) => is_on_the_test(site, &name),
        Err(_) => {
            site.wrapped && threads().iter().any(|name| may_be_on(site, name))
                || harness::may_expect_panics().is_ok_and(|may| !may)
        }
    }
}

/// Returns whether a thread with this name, as the kernel keeps it, may be a test of the site.
fn may_be_on(site: &Site, name: &[u8]) -> bool {
    let path = path(site);
    let of_a_case = format!("{path}::");
    name == kept(&path) || name.starts_with(kept(&of_a_case))
}

/// Returns the name that the site's function has as a test, if it is one.
fn path(site: &Site) -> String {
    match site.module.split_once("::") {
        Some((_, module)) => format!("{module}::{}", site.function),
        None => site.function.to_owned(),
    }
}

/// Returns what the kernel keeps of a thread's name.
fn kept(name: &str) -> &[u8] {
    &name.as_bytes()[..name.len().min(KEPT)]
}

impl Signs {
    fn of_this_process(thread: Option<String>) -> Self {
        Self {
            thread,
            arguments: std::env::args().skip(1).collect(),
            invoked: invoked(),
            nextest: std::env::var("NEXTEST_TEST_NAME").ok(),
            threads: threads(),
        }
    }

    /// Returns the test that the signs identify, unambiguous signs first.
    fn name(&self, site: &Site) -> Option<String> {
        let own = |name: &&String| is_on_the_test(site, name);
        let thread = self.thread.as_ref().filter(|name| *name != "main");
        let found = thread.filter(own).or(self.invoked.as_ref()).cloned();
        found
            .or_else(|| self.only_argument())
            .or_else(|| self.waiting_test(site))
            .or_else(|| thread.cloned())
            .or_else(|| self.nextest.clone())
    }

    /// Returns the only test that the harness was told to run, by its exact name, as nextest does.
    fn only_argument(&self) -> Option<String> {
        let mut names = Vec::new();
        let mut words = self.arguments.iter();
        while let Some(word) = words.next() {
            if WITH_VALUES.contains(&word.as_str()) {
                words.next();
            } else if !word.starts_with('-') {
                names.push(word);
            }
        }
        match names.as_slice() {
            [name] if self.arguments.iter().any(|word| word == "--exact") => Some((*name).clone()),
            _ => None,
        }
    }

    /// Returns the test of this site whose own thread exists, and waits for the calling one.
    ///
    /// If the name is truncated and belongs to another test, the guest finds no such test, and
    /// nothing passes.
    fn waiting_test(&self, site: &Site) -> Option<String> {
        // Without such an attribute the harness's thread is the calling one, or the caller is
        // another test.
        if !site.wrapped {
            return None;
        }
        let path = path(site);
        if self.threads.iter().any(|name| name == kept(&path)) {
            return Some(path);
        }
        // Generated cases of the function, if the kernel has kept their full names: one with a
        // truncated name may be the caller as well.
        let of_site = self.threads.iter().filter(|name| may_be_on(site, name));
        let (whole, cut): (Vec<_>, Vec<_>) = of_site.partition(|name| name.len() < KEPT);
        if !cut.is_empty() {
            return None;
        }
        let mut cases = whole
            .into_iter()
            .filter_map(|name| std::str::from_utf8(name).ok())
            .filter(|name| is_on_the_test(site, name));
        let only = cases.next()?;
        cases.all(|other| other == only).then(|| only.to_owned())
    }
}

/// Returns libtest's variable. libtest removes it before the test runs, but the kernel still knows
/// it.
fn invoked() -> Option<String> {
    let environment = fs::read("/proc/self/environ").ok()?;
    environment
        .split(|&byte| byte == 0)
        .find_map(|variable| variable.strip_prefix(b"__RUST_TEST_INVOKE="))
        .and_then(|name| String::from_utf8(name.to_vec()).ok())
}

fn threads() -> Vec<Vec<u8>> {
    let entries = fs::read_dir("/proc/self/task").into_iter().flatten();
    entries
        .flatten()
        .filter_map(|entry| fs::read(entry.path().join("comm")).ok())
        .map(|name| name.trim_ascii_end().to_vec())
        .collect()
}

#[cfg(test)]
#[path = "caller/tests.rs"]
mod tests;
