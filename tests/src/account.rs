//! Runs a test as another account: root runs it again as an ordinary user, who finds what root has
//! prepared.

use crate::host::Host;
use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::process::Command;

/// Returns whether this process is root's.
#[must_use]
pub fn is_root() -> bool {
    rustix::process::getuid().is_root()
}

/// An ordinary user of this host who can have guests.
#[derive(Clone, Debug)]
pub struct Ordinary {
    /// The name.
    pub name: String,
    uid: String,
    gid: String,
}

impl Ordinary {
    /// Returns the first account that has ranges of subordinate user and group ids.
    ///
    /// # Panics
    /// If there is none.
    #[must_use]
    pub fn find() -> Self {
        let read = |path: &str| fs::read_to_string(path).unwrap_or_default();
        let (users, groups) = (read("/etc/subuid"), read("/etc/subgid"));
        let has_range = |ranges: &str, name: &str| {
            ranges
                .lines()
                .any(|line| line.split(':').next() == Some(name))
        };
        let passwd = read("/etc/passwd");
        let found = passwd.lines().find_map(|line| {
            let mut fields = line.split(':');
            let name = fields.next()?;
            let (uid, gid) = (fields.nth(1)?, fields.next()?);
            let is_ordinary = uid.parse::<u32>().is_ok_and(|uid| uid >= 1000);
            (is_ordinary && has_range(&users, name) && has_range(&groups, name)).then(|| Self {
                name: name.to_owned(),
                uid: uid.to_owned(),
                gid: gid.to_owned(),
            })
        });
        found.expect(
            "a user with ranges in /etc/subuid and /etc/subgid; `cargo xtask test` makes one",
        )
    }

    /// Returns its user id.
    ///
    /// # Panics
    /// If the id is not a number.
    #[must_use]
    pub fn uid(&self) -> u32 {
        self.uid.parse().expect("a number")
    }

    /// Makes the user the owner of a file or directory.
    ///
    /// # Panics
    /// If that fails.
    pub fn give(&self, path: &Path) {
        let id = |text: &str| text.parse().ok();
        std::os::unix::fs::chown(path, id(&self.uid), id(&self.gid)).expect("root gives it away");
    }

    /// Returns its primary group.
    ///
    /// # Panics
    /// If the id is not a number.
    #[must_use]
    pub fn gid(&self) -> u32 {
        self.gid.parse().expect("a number")
    }

    /// Runs a test of this binary as this user, with these variables; it must pass.
    ///
    /// The programs are copied to a directory that the user can access.
    ///
    /// # Panics
    /// If it does not pass.
    pub fn run_again(&self, test: &str, variables: &[(&str, &Path)]) {
        self.run_again_in(None, test, variables);
    }

    /// Does the same where the user is in this group besides the primary one; without one, in the
    /// groups that the system has for the user.
    ///
    /// # Panics
    /// If it does not pass.
    pub fn run_again_in(&self, group: Option<u32>, test: &str, variables: &[(&str, &Path)]) {
        let place = tempfile::Builder::new()
            .prefix("vmt-again-")
            .tempdir_in("/tmp")
            .expect("a directory in /tmp");
        let copy = |from: &Path| -> PathBuf {
            let to = place.path().join(from.file_name().expect("a name"));
            fs::copy(from, &to).expect("a copy");
            to
        };
        fs::set_permissions(place.path(), fs::Permissions::from_mode(0o755)).expect("it is ours");
        let program = Host::program();
        copy(&program.with_file_name("vm-test-agent"));
        let program = copy(&program);
        let suite = copy(&std::env::current_exe().expect("this binary"));
        let groups = group.map(|group| format!("--groups={group}"));
        let mut command = Command::new("setpriv");
        command
            .args([
                format!("--reuid={}", self.uid),
                format!("--regid={}", self.gid),
            ])
            // Without these, it would keep some of root's rights.
            .arg(groups.as_deref().unwrap_or("--init-groups"))
            .args(["--inh-caps=-all", "--", "env"])
            .arg(suite)
            .args(["--exact", test, "--nocapture"])
            .current_dir("/")
            .env_clear()
            .env("PATH", "/usr/sbin:/usr/bin:/sbin:/bin")
            .env("USER", &self.name)
            .env("HOME", "/nonexistent")
            .env("VM_TEST_BIN", program);
        for (name, path) in variables {
            command.env(name, path);
        }
        let output = command.output().expect("setpriv is there");
        let text = crate::streams::text_of(&output);
        assert!(
            output.status.success() && text.contains("test result: ok. 1 passed"),
            "{test} as {}: {text}",
            self.name
        );
    }
}
