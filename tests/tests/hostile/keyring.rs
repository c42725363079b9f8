//! A secret in the user's keyring, which guests try to read. Makes the system calls through perl.

use std::process::Command;

const SECRET: &str = "sings";

/// The name that attackers give their key.
const MADE: &str = "made-by-a-guest";

/// The keyring that the kernel keeps for this process's user, with a key in it.
pub(super) struct Keyring {
    name: String,
    serial: String,
}

impl Keyring {
    /// Adds the key and checks that this user can read it: what guests do not find does exist.
    pub(super) fn new() -> Self {
        let name = format!("vmt-canary-{}", std::process::id());
        let serial = perl(
            r#"my $serial = syscall($add, $kind, $word, $other, length $other, $user);
               $serial < 0 and die "cannot add a key: $!"; print $serial;"#,
            &name,
            SECRET,
        );
        let keyring = Self { name, serial };
        assert_eq!(keyring.secret(), SECRET);
        keyring
    }

    /// Returns what attackers are told about it.
    pub(super) fn told(&self) -> [(&'static str, &str); 2] {
        [
            ("HOSTILE_KEY", &self.name),
            ("HOSTILE_SERIAL", &self.serial),
        ]
    }

    fn secret(&self) -> String {
        perl(
            r#"my $room = "\0" x 64; my $length = syscall($keyctl, 11, 0 + $word, $room, 64, 0);
               $length < 0 and die "cannot read a key: $!"; print substr $room, 0, $length;"#,
            &self.serial,
            "",
        )
    }

    /// Returns what has changed in it and beside it.
    pub(super) fn changes(&self) -> Vec<String> {
        let mut changes = Vec::new();
        let secret = self.secret();
        if secret != SECRET {
            changes.push(format!("the secret in the keyring is {secret}"));
        }
        let search = r#"print "found" if syscall($keyctl, 10, $user, $kind, $word, 0) > 0"#;
        if perl(search, MADE, "") == "found" {
            changes.push(format!("{MADE} is in the keyring"));
        }
        changes
    }
}

impl Drop for Keyring {
    fn drop(&mut self) {
        let unlink = r#"syscall($keyctl, 9, 0 + $word, $user, 0, 0) < 0 and die "$!";"#;
        perl(unlink, &self.serial, "");
    }
}

/// Runs a script that makes these system calls, with the user's keyring in its session.
fn perl(script: &str, word: &str, other: &str) -> String {
    let numbers = if cfg!(target_arch = "x86_64") {
        "(248, 250)"
    } else {
        "(217, 219)"
    };
    let begin = format!(
        r#"my ($word, $other) = @ARGV; my ($add, $keyctl) = {numbers}; my ($kind, $user) = ("user", -4);
           syscall($keyctl, 8, $user, -3, 0, 0);"#
    );
    let mut command = Command::new("perl");
    let output = command
        .args(["-e", &(begin + script), word, other])
        .output();
    let output = output.expect("perl is there");
    assert!(output.status.success(), "{output:?}");
    String::from_utf8(output.stdout).expect("text")
}
