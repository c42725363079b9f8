//! Which guest this process runs in, as the host has told it through variables. Checks nothing of
//! the guest itself.

use super::wait::Wait;
use crate::variables::{self, BACKEND, GUEST_NAME, INSTANCE};
use std::ffi::OsString;
use std::fmt;
use std::path::{Path, PathBuf};
use std::sync::OnceLock;
use vm_test_protocol::failure::Failure;
use vm_test_protocol::harvest::ENV_ARTIFACTS;

/// Where a process has to run so that it can be told its guest.
const IN_A_GUEST: &str = "call `vm_test::here()` in the body of a test with #[on_vm], in a program that it starts and that inherits its variables, or in a test under `vm-test runner`; fixtures and arguments below #[on_vm] are computed on the host, too";

/// Where there is a directory for artifacts.
const WITH_ARTIFACTS: &str = "tests with #[on_vm] have one, and so have tests under `vm-test runner` and `vm-test debug`; a command of `vm-test run` has none";

/// What this process was told when it first asked; a test may change its variables later.
static IDENTITY: OnceLock<Identity> = OnceLock::new();

/// Returns the guest that the calling test runs in.
///
/// ```no_run
/// # mod vm_test { pub use vm_test_runtime::here::here; }
/// use std::time::Duration;
///
/// let here = vm_test::here();
/// println!("in {}, on {}", here.name(), here.backend());
/// here.wait().port(80).within(Duration::from_secs(5));
/// ```
///
/// It works in the body of a test with `#[on_vm]`, in the programs that the body starts, and in
/// tests under `vm-test runner`.
///
/// # Panics
/// If this process does not run in a guest.
#[must_use]
#[track_caller]
pub fn here() -> Here {
    if let Some(identity) = IDENTITY.get() {
        return Here { identity };
    }
    match Identity::of(variables::get) {
        Ok(identity) => Here {
            identity: IDENTITY.get_or_init(|| identity),
        },
        Err(failure) => panic!("{failure}"),
    }
}

/// The guest that a test runs in; see [`here`].
#[derive(Clone, Copy, Debug)]
pub struct Here {
    identity: &'static Identity,
}

impl Here {
    /// Returns the guest's name, as in `#[on_vm("worker-1")]`.
    #[must_use]
    pub fn name(self) -> &'static str {
        &self.identity.name
    }

    /// Returns the name of this one instance of the guest.
    ///
    /// `vm-test ps`, `vm-test attach` and `vm-test logs` know it by this name.
    #[must_use]
    pub fn instance(self) -> &'static str {
        &self.identity.instance
    }

    /// Returns what runs the guest.
    #[must_use]
    pub fn backend(self) -> Backend {
        self.identity.backend
    }

    /// Returns the directory whose files come back to the host when the test has ended.
    ///
    /// # Panics
    /// If there is none, because this is a command and not a test.
    #[must_use]
    #[track_caller]
    pub fn artifacts(self) -> &'static Path {
        match &self.identity.artifacts {
            Some(directory) => directory,
            None => panic!("{}", without_artifacts()),
        }
    }

    /// Returns the conditions that the test can wait for.
    ///
    /// ```no_run
    /// # mod vm_test { pub use vm_test_runtime::here::here; }
    /// use std::time::Duration;
    ///
    /// vm_test::here().wait().file("/run/ready").within(Duration::from_secs(5));
    /// ```
    pub fn wait(self) -> Wait {
        Wait::on(&self.identity.name)
    }
}

/// What runs a guest: the setting `backend`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Backend {
    /// A container, `backend = "lxc"`.
    Lxc,
    /// A VM, `backend = "kvm"`.
    Kvm,
}

impl Backend {
    const ALL: [Self; 2] = [Self::Lxc, Self::Kvm];

    /// Returns its name in the settings.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Lxc => "lxc",
            Self::Kvm => "kvm",
        }
    }

    fn named(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|known| known.name() == name)
    }
}

impl fmt::Display for Backend {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.name())
    }
}

/// What a process is told of its guest.
#[derive(Debug, PartialEq, Eq)]
struct Identity {
    name: String,
    instance: String,
    backend: Backend,
    artifacts: Option<PathBuf>,
}

impl Identity {
    /// Reads it with a function that returns the value of a variable.
    fn of(value: impl Fn(&str) -> Option<OsString>) -> Result<Self, Failure> {
        let text = |name: &str| value(name)?.into_string().ok();
        let told = || {
            Some(Self {
                name: text(GUEST_NAME)?,
                instance: text(INSTANCE)?,
                backend: Backend::named(&text(BACKEND)?)?,
                artifacts: value(ENV_ARTIFACTS).map(PathBuf::from),
            })
        };
        told().ok_or_else(elsewhere)
    }
}

fn elsewhere() -> Failure {
    let cause = if cfg!(all(target_os = "linux", not(vm_test_pretend_other_host))) {
        "this process does not run in one".to_owned()
    } else {
        let system = std::env::consts::OS;
        format!("guests need a Linux host, and this is {system}")
    };
    Failure::new(format!("cannot tell which guest this is: {cause}")).hint(IN_A_GUEST)
}

fn without_artifacts() -> Failure {
    let cause = format!("{ENV_ARTIFACTS} is not set");
    Failure::new(format!("cannot tell the directory for artifacts: {cause}")).hint(WITH_ARTIFACTS)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn of(variables: &[(&str, &str)]) -> Result<Identity, Failure> {
        Identity::of(|wanted| {
            let (_, value) = variables.iter().find(|(name, _)| *name == wanted)?;
            Some(OsString::from(*value))
        })
    }

    const TOLD: [(&str, &str); 3] = [
        (GUEST_NAME, "worker-1"),
        (INSTANCE, "worker-1-1f2e-3"),
        (BACKEND, "kvm"),
    ];

    #[test]
    fn a_process_in_a_guest_knows_which_one_it_is() {
        let identity = |artifacts| Identity {
            name: "worker-1".to_owned(),
            instance: "worker-1-1f2e-3".to_owned(),
            backend: Backend::Kvm,
            artifacts,
        };
        assert_eq!(of(&TOLD), Ok(identity(None)));
        let mut told = TOLD.to_vec();
        told.push((ENV_ARTIFACTS, "/run/artifacts"));
        assert_eq!(of(&told), Ok(identity(Some("/run/artifacts".into()))));
    }

    #[test]
    fn a_process_that_was_not_told_all_of_it_is_not_in_a_guest() {
        for missing in 0..TOLD.len() {
            let mut told = TOLD.to_vec();
            told.remove(missing);
            let failure = of(&told).unwrap_err();
            assert_eq!(
                failure.message,
                "cannot tell which guest this is: this process does not run in one"
            );
            assert!(failure.hint.is_some());
        }
        assert!(of(&[TOLD[0], TOLD[1], (BACKEND, "xen")]).is_err());
    }

    #[test]
    fn every_backend_is_found_by_its_name() {
        for backend in Backend::ALL {
            assert_eq!(Backend::named(backend.name()), Some(backend));
            assert_eq!(backend.to_string(), backend.name());
        }
    }
}
