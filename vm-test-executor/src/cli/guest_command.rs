//! A command for a guest: from the command line to a lease and a job, and from the job's end to an
//! exit code.

mod details;
mod ending;
mod explanation;
mod host_files;
mod manifest;

pub(super) use ending::Ending;
pub(super) use manifest::manifest_dir;

use super::args::Settings;
use super::output::{complain, remark};
use super::relay::{self, Outcome};
use super::signals::OnSigterm;
use super::{exit, library_path, terminal};
use crate::config::Workspace;
use crate::daemon::guest_of;
use std::ffi::{OsStr, OsString};
use std::os::unix::ffi::{OsStrExt, OsStringExt};
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};
use vm_test_protocol::agent::Job;
use vm_test_protocol::daemon::{LayerBuild, LeaseRequest, Leased};
use vm_test_protocol::failure::Failure;
use vm_test_protocol::harvest::Wanted;
use vm_test_runtime::client::{Lease, forwarded, identity, is_for_one_test};
use vm_test_runtime::harvest::{Harvest, Places};
use vm_test_runtime::variables;
use vm_test_settings::guest::{Setting, Text, Texts};

/// How many characters of a command are shown.
const LONGEST_PURPOSE: usize = 200;

/// A command and its guest.
pub(super) struct Command<'a> {
    guest: &'a str,
    settings: &'a Settings,
    words: &'a [OsString],
    program: String,
    directory: String,
    /// The program of the host that the guest must be able to run: the command itself, or a program
    /// that
    /// the command starts.
    brought: Option<String>,
    /// Set if cargo has not started this program: the directory of the package whose tests it is.
    /// `libraries` is then where its libraries are.
    package: Option<PathBuf>,
    libraries: Option<OsString>,
    /// Whether its instance may be kept, like that of a test.
    keeps: bool,
    on_sigterm: OnSigterm,
}

impl<'a> Command<'a> {
    /// Checks what can be checked without a guest.
    ///
    /// # Errors
    /// If the program or the working directory cannot be named in a guest.
    pub(super) fn new(
        guest: &'a str,
        settings: &'a Settings,
        words: &'a [OsString],
    ) -> Result<Self, Failure> {
        let program = words.first().map_or(OsStr::new(""), OsString::as_os_str);
        let unnamed = |entry: &&OsString| entry.is_empty() || entry.as_bytes()[0] == b'=';
        if let Some(entry) = settings.env.iter().find(unnamed) {
            return Err(Failure::new(format!(
                "cannot set a variable without a name: --env {:?}",
                entry.display().to_string()
            ))
            .hint("write --env NAME or --env NAME=VALUE"));
        }
        let directory = match &settings.directory {
            Some(directory) => std::path::absolute(directory),
            None => std::env::current_dir(),
        };
        // This directory may have been removed; then the guest does not have it either.
        let directory = directory.unwrap_or_else(|_| PathBuf::from("/"));
        Ok(Self {
            guest,
            settings,
            words,
            program: utf8(program)?,
            directory: utf8(directory.as_os_str())?,
            brought: None,
            package: None,
            libraries: None,
            keeps: false,
            on_sigterm: OnSigterm::PassOn,
        })
    }

    /// Brings this host program, with everything that it needs of a system, into the guest.
    ///
    /// # Errors
    /// If the program cannot be named in a guest.
    pub(super) fn bring(&mut self, program: &Path) -> Result<(), Failure> {
        self.brought = Some(utf8(program.as_os_str())?);
        Ok(())
    }

    /// Does the same for the command itself, which was built on the host.
    pub(super) fn of_host(mut self) -> Result<Self, Failure> {
        // Its libraries are looked up before it has a working directory.
        let program = Path::new(&self.directory).join(&self.program);
        self.program = utf8(program.as_os_str())?;
        self.bring(&program)?;
        Ok(self)
    }

    /// Keeps the instance if the command fails and the guest's settings or the user's variable ask
    /// for it.
    pub(super) fn keep_as_tests_do(&mut self) {
        self.keeps = true;
    }

    /// Makes SIGTERM end the command as a time limit would, if this program was started for one
    /// test.
    ///
    /// Otherwise SIGTERM is passed on.
    pub(super) fn end_as_tests_do(&mut self) {
        if is_for_one_test() {
            self.on_sigterm = OnSigterm::EndJob;
        }
    }

    /// Returns the program's path.
    pub(super) fn program(&self) -> &Path {
        Path::new(&self.program)
    }

    /// Asks for an instance.
    pub(super) fn lease(&self, what: &str, build: Option<LayerBuild>) -> Result<Lease, Failure> {
        let request = self.request(what, build)?;
        details::of_request(&request);
        let began = Instant::now();
        let lease = Lease::obtain(&request, |reason| {
            remark(&format!("waiting for an instance: {reason}"));
        })?;
        details::of_lease(&lease, began.elapsed());
        if let Some(degraded) = &lease.degraded {
            remark(&format!("warning: guest `{}` {degraded}", self.guest));
        }
        lease
            .forwards(self.guest)
            .iter()
            .for_each(|line| remark(line));
        if let Some(shortage) = &lease.granted.shortage {
            // Whether the command fails for lack of space, only its own words would tell.
            remark(&format!("warning: {shortage}"));
        }
        Ok(lease)
    }

    /// Returns the request for an instance.
    ///
    /// # Errors
    /// If a variable of the user's is wrong.
    pub(super) fn request(
        &self,
        what: &str,
        build: Option<LayerBuild>,
    ) -> Result<LeaseRequest, Failure> {
        let words: Vec<_> = self
            .words
            .iter()
            .map(|word| word.to_string_lossy())
            .collect();
        let purpose = match what {
            "run" | "runner" => format!("vm-test {what}: {}", words.join(" ")),
            _ => format!("vm-test {what}"),
        };
        Ok(LeaseRequest {
            settings: self.overrides()?,
            manifest_dir: manifest_dir().to_string_lossy().into_owned(),
            shares: self.shares(),
            build,
            programs: self.programs(),
            credentials: vm_test_runtime::client::credentials(),
            library_path: self.library_path().to_string_lossy().into_owned(),
            ..LeaseRequest::new(
                self.guest,
                purpose.chars().take(LONGEST_PURPOSE).collect::<String>(),
                vm_test_runtime::client::store()?.to_string_lossy(),
            )
        })
    }

    /// Returns the image that the guest starts from.
    pub(super) fn image(&self) -> Result<String, Failure> {
        let workspace = Workspace::find(&manifest_dir())?;
        Ok(workspace.guest(self.guest, &self.overrides()?)?.image)
    }

    fn overrides(&self) -> Result<Vec<Setting>, Failure> {
        let settings = self.settings;
        let texts = |texts: &[String]| -> Option<Texts> {
            let texts: Vec<_> = texts.iter().cloned().map(Text::from).collect();
            (!texts.is_empty()).then(|| texts.into())
        };
        let rollback = settings.rollback.clone();
        let keep = if self.keeps { variables::keep()? } else { None };
        Ok([
            settings.image.clone().map(|it| Setting::Image(it.into())),
            settings.memory.map(Setting::Memory),
            settings.timeout.map(Setting::Timeout),
            texts(&settings.expose).map(Setting::Expose),
            texts(&settings.device).map(Setting::Devices),
            keep.map(|it| Setting::Keep(it.into())),
            rollback.map(|it| Setting::Rollback(it.into())),
            settings.privileged.then_some(Setting::Privileged(true)),
        ]
        .into_iter()
        .flatten()
        .collect())
    }

    /// Runs the command in the leased instance and returns its exit code.
    pub(super) fn follow(&self, lease: &mut Lease, places: Places) -> Result<u8, Failure> {
        let ending = self.end(lease, places)?;
        Ok(ending.map_or(exit::signaled(libc::SIGHUP), |it| exit::of(&it.end)))
    }

    /// Runs the command in the leased instance; returns `None` if the terminal went away.
    pub(super) fn end(&self, lease: &mut Lease, places: Places) -> Result<Option<Ending>, Failure> {
        let job = self.job(&lease.granted, places.wanted());
        let mut harvest = Harvest::new(places, &lease.granted.instance);
        let outcome = relay::run(lease, job, &mut harvest, self.on_sigterm);
        harvest.complain(&self.program);
        let Outcome::Ended { ended, told_to_end } = outcome? else {
            return Ok(None);
        };
        let end = ended.end;
        let ending = Ending {
            end,
            told_to_end,
            files_bytes: ended.files_bytes,
        };
        if let Some(failure) = self.explain(&ending, &ended.last, lease) {
            complain(&failure);
        }
        Ok(Some(ending))
    }

    /// Returns the command as a job for the agent.
    fn job(&self, granted: &Leased, wanted: Wanted) -> Job {
        let mut environment = forwarded(
            &granted.env,
            !granted.export.is_empty(),
            self.workspace().as_deref(),
        );
        if let Some(libraries) = &self.libraries {
            environment.retain(|(name, _)| name != library_path::VARIABLE.as_bytes());
            let value = libraries.clone().into_vec();
            environment.push((library_path::VARIABLE.into(), value));
        }
        for entry in &self.settings.env {
            let bytes = entry.as_bytes();
            match bytes.iter().position(|&byte| byte == b'=') {
                Some(at) => environment.push((bytes[..at].to_vec(), bytes[at + 1..].to_vec())),
                None => environment.extend(
                    std::env::var_os(entry).map(|value| (bytes.to_vec(), value.into_vec())),
                ),
            }
        }
        // An attached command knows its guest by the instance only.
        let guest = guest_of(&granted.instance);
        environment.extend(identity(guest, granted));
        Job {
            directory: self.directory.clone(),
            directory_is_optional: self.settings.directory.is_none(),
            environment,
            timeout: self.settings.timeout.map(Duration::from_millis),
            stop_at_timeout: self.keeps && granted.keep_for.is_some(),
            terminal: terminal::is_there().then(terminal::size),
            of_host: self.word_of_host(),
            wanted,
            ..Job::program(
                self.program.clone(),
                self.words[1..].iter().map(|word| word.as_bytes()),
            )
        }
    }
}

fn utf8(text: &OsStr) -> Result<String, Failure> {
    text.to_str().map(str::to_owned).ok_or_else(|| {
        Failure::new(format!(
            "cannot name {} in a guest: it is not UTF-8",
            text.display()
        ))
        .hint("arguments may be any bytes; the command and its working directory may not")
    })
}
