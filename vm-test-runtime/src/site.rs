//! A site: one `#[on_vm]` in the source, as the macro writes it down. Constant data; decides
//! nothing.

use crate::set_up::SetUp;
use crate::variables;
use std::borrow::Cow;
use vm_test_settings::guest::Setting;

/// One `#[on_vm]` in the source.
#[derive(Debug)]
pub struct Site {
    /// The guest's name.
    pub guest: &'static str,
    /// The node of a lab that the test runs on, if it has a lab; then `guest` means nothing.
    pub lab: Option<LabSite>,
    /// What the attribute sets besides the name.
    pub settings: &'static [Setting],
    /// Returns the function whose work its guest starts from, if there is one.
    pub set_up: Option<fn() -> SetUp>,
    /// What is known about `#[should_panic]`.
    pub panics: Panics,
    /// What a panic's message must contain to make the test pass, if `#[should_panic]` says so.
    pub expected: Option<&'static str>,
    /// The source file, as `file!()` gives it.
    pub file: &'static str,
    /// The line of the function's name.
    pub line: u32,
    /// `CARGO_MANIFEST_DIR` at compile time.
    pub manifest_dir: &'static str,
    /// The root of the workspace at compile time, relative to that directory; unknown if the
    /// compiler was not started by cargo.
    pub workspace: Option<&'static str>,
    /// `CARGO_PKG_NAME` at compile time.
    pub package: &'static str,
    /// The module of the function, beginning with its crate, as `module_path!()` returns it.
    pub module: &'static str,
    /// The name of the function.
    pub function: &'static str,
    /// Whether an attribute below may call the function on another thread.
    pub wrapped: bool,
}

/// A lab, and the node of it that a test runs on.
#[derive(Clone, Copy, Debug)]
pub struct LabSite {
    /// The lab's name.
    pub name: &'static str,
    /// The node's name.
    pub node: &'static str,
    /// The nodes with their guests, if the site declares the lab itself.
    pub nodes: &'static [(&'static str, &'static str)],
}

/// The default guest.
const HOST: &str = "host";

impl Site {
    /// Returns the guest that the test runs on: the site's own, unless it is `host` and the user
    /// has chosen another one; with a lab, the node.
    pub(crate) fn guest(&self) -> Cow<'static, str> {
        if let Some(lab) = self.lab {
            return Cow::Borrowed(lab.node);
        }
        match variables::get(variables::GUEST) {
            // A name that is not valid text is refused later, as it is shown here.
            Some(guest) if self.guest == HOST => Cow::Owned(guest.to_string_lossy().into_owned()),
            _ => Cow::Borrowed(self.guest),
        }
    }

    /// Explains, in a failure to get the guest, that the source does not ask for it.
    pub(crate) fn origin_of_guest(&self) -> &'static str {
        if self.lab.is_some() || self.guest() == self.guest {
            ""
        } else {
            " (VM_TEST_GUEST asks for this guest)"
        }
    }

    /// Returns the beginning of a command that runs the test on the same guest again.
    pub(crate) fn choice_of_guest(&self) -> String {
        let guest = self.guest();
        if self.lab.is_some() || guest == self.guest {
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
    /// Some generated cases of the function may expect a panic, others may not.
    Unknown,
}
