//! Private keys and credentials in the home of the user who runs the tests: which of them guests
//! see.

use std::fs;
use std::os::unix::fs::symlink;
use std::path::{Path, PathBuf};
use std::process::Command;
use tempfile::TempDir;
use vm_test_tests::fixture::text_of;
use vm_test_tests::host::Host;

/// The files in the home, and whether a guest sees them.
const FILES: [(&str, bool); 12] = [
    (".ssh/id_ed25519", false),
    (".ssh/known_hosts", false),
    (".config/gh/hosts.yml", false),
    (".config/editor/settings", true),
    (".netrc", false),
    (".bash_history", false),
    (".bashrc", true),
    ("cargo/credentials.toml", false),
    ("cargo/config.toml", true),
    ("gpg/key", false),
    ("elsewhere/aws/credentials", false),
    ("work/.netrc", true),
];

/// A home at a place that guests see, with a workspace in it.
struct Home {
    directory: TempDir,
    host: Host,
}

impl Home {
    fn new() -> Self {
        let home = std::env::home_dir().expect("a home directory");
        let mut builder = tempfile::Builder::new();
        let directory = builder.prefix(".credentials-").tempdir_in(home);
        let directory = directory.expect("a directory at home");
        for (path, _) in FILES {
            let path = directory.path().join(path);
            fs::create_dir_all(path.parent().unwrap()).unwrap();
            fs::write(path, "of the host").unwrap();
        }
        symlink("elsewhere/aws", directory.path().join(".aws")).unwrap();
        Self {
            directory,
            host: Host::new(),
        }
    }

    fn path(&self) -> &Path {
        self.directory.path()
    }

    /// Makes a command run as if this were the user's home.
    fn adopt(&self, command: &mut Command, directory: &Path) {
        command
            .env("HOME", self.path())
            .env("CARGO_HOME", self.path().join("cargo"))
            .env("GNUPGHOME", self.path().join("gpg"))
            .current_dir(directory);
    }

    /// Returns which of the files a script can read, in a guest or on the host.
    fn read(&self, mut command: Command, directory: &Path) -> Vec<&'static str> {
        self.adopt(&mut command, directory);
        let all = FILES.map(|(path, _)| self.path().join(path));
        let script = "for file; do if grep -q 'of the host' \"$file\"; then echo \"$file\"; fi; done 2>/dev/null";
        let output = command
            .args(["sh", "-c", script, "sh"])
            .args(&all)
            .output()
            .unwrap();
        assert!(output.status.success(), "{}", text_of(&output));
        let text = String::from_utf8_lossy(&output.stdout);
        let read: Vec<PathBuf> = text.lines().map(PathBuf::from).collect();
        let is_read = |path: &&str| read.contains(&self.path().join(path));
        FILES
            .map(|(path, _)| path)
            .into_iter()
            .filter(is_read)
            .collect()
    }

    /// Does the same in guest `host`, with these arguments.
    fn in_guest(&self, arguments: &[&str], directory: &Path) -> Vec<&'static str> {
        let mut command = self.host.vm_test();
        command.arg("run").args(arguments).args(["host", "--"]);
        self.read(command, directory)
    }
}

fn seen() -> Vec<&'static str> {
    let seen = FILES.iter().filter(|(_, seen)| *seen);
    seen.map(|(path, _)| *path).collect()
}

#[test]
fn credentials_in_a_home_are_not_in_a_guest_over_the_hosts_files() {
    let home = Home::new();
    // All of them exist, and this user can read them.
    assert_eq!(
        home.read(Command::new("env"), Path::new("/")),
        FILES.map(|(path, _)| path)
    );
    let work = home.path().join("work");
    for directory in [Path::new("/"), &work, home.path()] {
        assert_eq!(home.in_guest(&[], directory), seen(), "{directory:?}");
    }
    // They do not exist there, and nobody in the guest can bring them back.
    let script = "cd; ls -A . .config; umount .ssh; umount -l .netrc; mount --bind . /mnt; ls -A /mnt/.ssh; \
        mkdir .ssh && echo its own >.ssh/id_ed25519 && cat .ssh/*; rm -r .ssh; ls -A .ssh";
    let mut command = home.host.vm_test();
    command.args(["run", "--env", "HOME", "host", "--", "sh", "-c", script]);
    home.adopt(&mut command, &work);
    let output = command.output().unwrap();
    let text = String::from_utf8_lossy(&output.stdout);
    assert_eq!(
        text.split_whitespace().collect::<Vec<_>>(),
        [
            ".:",
            ".bashrc",
            ".config",
            "cargo",
            "elsewhere",
            "work",
            ".config:",
            "editor",
            "its",
            "own"
        ],
        "{}",
        text_of(&output)
    );
    let key = fs::read_to_string(home.path().join(".ssh/id_ed25519"));
    assert_eq!(key.unwrap(), "of the host");
}

#[test]
fn what_a_guest_is_to_see_of_a_home_it_sees() {
    let home = Home::new();
    let more = |more: &[&'static str]| {
        let paths = FILES.map(|(path, _)| path).into_iter();
        let wanted = |path: &&str| seen().contains(path) || more.contains(path);
        paths.filter(wanted).collect::<Vec<_>>()
    };
    let ssh = [".ssh/id_ed25519", ".ssh/known_hosts"];
    for (arguments, exposed) in [
        (&["--expose", "~/.ssh"][..], &ssh[..]),
        (&["--expose", "~/.ssh/known_hosts"], &ssh[1..]),
        (
            &["--expose", "~/.aws", "--expose", "~/.netrc"],
            &[".netrc", "elsewhere/aws/credentials"],
        ),
    ] {
        let found = home.in_guest(arguments, Path::new("/"));
        assert_eq!(found, more(exposed), "{arguments:?}");
    }
    // Through the configuration file, too.
    let work = home.path().join("work");
    fs::write(
        work.join("vm-test.toml"),
        "[guest.host]\nexpose = [\"~/gpg\"]\n",
    )
    .unwrap();
    assert_eq!(home.in_guest(&[], &work), more(&["gpg/key"]));
}
