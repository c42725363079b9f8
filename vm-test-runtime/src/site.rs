//! A site: one `#[on_vm]` in the source, as the macro writes it down. Constant data; decides nothing.

use crate::variables;
use std::borrow::Cow;
use vm_test_settings::guest::Setting;

/// One `#[on_vm]` in the source.
#[derive(Debug)]
pub struct Site {
    /// The guest's name.
    pub guest: &'static str,
    /// What the attribute sets besides the name.
    pub settings: &'static [Setting],
    /// What is known of `#[should_panic]`.
    pub panics: Panics,
    /// What a panic must say to make the test pass, if `#[should_panic]` says so.
    pub expected: Option<&'static str>,
    /// The source file, as `file!()` gives it.
    pub file: &'static str,
    /// The line of the function's name.
    pub line: u32,
    /// `CARGO_MANIFEST_DIR` at compile time.
    pub manifest_dir: &'static str,
    /// The root of the workspace at compile time, from there; unknown where something else than cargo compiles.
    pub workspace: Option<&'static str>,
    /// `CARGO_PKG_NAME` at compile time.
    pub package: &'static str,
    /// The module of the function, beginning with its crate, as `module_path!()` gives it.
    pub module: &'static str,
    /// The name of the function.
    pub function: &'static str,
    /// Whether an attribute below may call the function on a thread of its own.
    pub wrapped: bool,
}

/// The guest of sites that name none.
const HOST: &str = "host";

impl Site {
    /// The guest that the test runs on: the site's own, unless it is `host` and the user wants another one this time.
    pub(crate) fn guest(&self) -> Cow<'static, str> {
        match variables::get(variables::GUEST) {
            // What is no text is no name either, and is refused as it is shown then.
            Some(guest) if self.guest == HOST => Cow::Owned(guest.to_string_lossy().into_owned()),
            _ => Cow::Borrowed(self.guest),
        }
    }

    /// For a failure to have the guest: that it is not the source that asks for it.
    pub(crate) fn origin_of_guest(&self) -> &'static str {
        match self.guest() == self.guest {
            true => "",
            false => " (VM_TEST_GUEST asks for this guest)",
        }
    }

    /// What a command begins with that has the test run on the same guest again.
    pub(crate) fn choice_of_guest(&self) -> String {
        let guest = self.guest();
        if guest == self.guest {
            return String::new();
        }
        format!("VM_TEST_GUEST={guest} ")
    }
}

/// Whether a panic makes the test pass. A test without a verdict must fail in all three cases.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Panics {
    /// A panic is a failure.
    Fail,
    /// The function carries `#[should_panic]`.
    Pass,
    /// Some generated cases of the function may expect a panic, others not.
    Unknown,
}
