//! Where those tests of a fixture run that name no guest: in a container over the host's root, or
//! on a VM. Knows the names of the two, and makes a suite's tests for both; expects nothing of a
//! test.

use crate::host::Host;
use serde_json::Value;
use std::path::Path;
use std::sync::OnceLock;
use std::time::Duration;

/// The image of the VMs.
const IMAGE: &str = "debian-12";

/// Stands for the name of guest `host` in rows that fit every place.
const GUEST: &str = "{guest}";

/// Stands for the seconds of a time limit of one second in such rows.
const SECOND: &str = "{seconds}";

/// A kind of guest.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Place {
    /// Guest `host`.
    Container,
    /// Guest `machine` of `tests/fixtures/vm-test.toml`.
    Vm,
}

/// Makes a suite's tests from functions that are told where they run.
///
/// Each function that `each_place` lists becomes a test in module `container` and one in module
/// `vm`; those that `vm` lists become one in `vm`. A function that is not listed is dead code,
/// which is a warning.
#[macro_export]
macro_rules! tests_at {
    (each_place { $($each:tt)* } $(vm { $($vm:tt)* })?) => {
        mod container {
            $crate::tests_at!(@ Container $($each)*);
        }
        mod vm {
            $crate::tests_at!(@ Vm $($each)* $($($vm)*)?);
        }
    };
    (@ $place:ident $($module:ident { $($test:ident),+ $(,)? })*) => {
        $(mod $module {
            $(
                #[test]
                fn $test() {
                    super::super::$module::$test($crate::place::Place::$place);
                }
            )+
        })*
    };
}

impl Place {
    /// Returns a new host whose tests run here.
    ///
    /// What VMs are made of is built once for all suites.
    ///
    /// # Panics
    /// If the image cannot be built.
    #[must_use]
    pub fn host(self) -> Host {
        let host = Host::new();
        if self == Self::Container {
            return host;
        }
        let host = host.with_shared_store().with_guest(self.guest());
        host.build_images(Path::new("."), &[IMAGE]);
        host
    }

    /// Returns the guest's name.
    #[must_use]
    pub fn guest(self) -> &'static str {
        match self {
            Self::Container => "host",
            Self::Vm => "machine",
        }
    }

    /// Returns the guest's description for people; `…` stands for the image's digest and for what
    /// executes its instructions.
    #[must_use]
    pub fn description(self) -> &'static str {
        match self {
            Self::Container => "lxc over the host's root",
            Self::Vm => "kvm image debian-12 (…), …",
        }
    }

    /// Returns the release of the guest's kernel.
    ///
    /// # Panics
    /// If it cannot be determined.
    #[must_use]
    pub fn kernel(self) -> &'static str {
        static RELEASES: [OnceLock<String>; 2] = [OnceLock::new(), OnceLock::new()];
        match self {
            Self::Container => RELEASES[0].get_or_init(|| {
                let text = std::fs::read_to_string("/proc/sys/kernel/osrelease");
                text.expect("this kernel's release").trim().to_owned()
            }),
            Self::Vm => RELEASES[1].get_or_init(|| {
                let host = Host::new().with_shared_store();
                let arguments = ["image", "inspect", IMAGE, "--json"];
                let output = host.vm_test().args(arguments).output();
                let output = output.expect("vm-test starts");
                let record: Value = serde_json::from_slice(&output.stdout).expect("a record");
                let release = record["kernel"]["release"].as_str();
                release.expect("the image has a kernel").to_owned()
            }),
        }
    }

    /// Returns the prefix of a command that runs a test here.
    #[must_use]
    pub fn prefix(self) -> &'static str {
        match self {
            Self::Container => "",
            Self::Vm => "VM_TEST_GUEST=machine ",
        }
    }

    /// Fills in the guest's name in a row's text, and what a time limit of one second becomes here.
    #[must_use]
    pub fn fill(self, text: &str) -> String {
        text.replace(GUEST, self.guest())
            .replace(SECOND, &self.factor().to_string())
    }

    /// Returns how many times longer everything may take under emulation.
    #[must_use]
    pub fn factor(self) -> u32 {
        match self {
            Self::Container => 1,
            Self::Vm => 4,
        }
    }

    /// Returns how much longer than its time limit a test may take.
    ///
    /// The limit finds hangs, and measures nothing. The first VM boots, and the others wait for it.
    #[must_use]
    pub fn slack(self) -> Duration {
        Duration::from_secs(match self {
            Self::Container => 90,
            Self::Vm => 180,
        })
    }
}
