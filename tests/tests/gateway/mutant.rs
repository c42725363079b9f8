//! Copies of the example of a gateway of which one rule is deleted. Runs no test.

use std::fs;
use std::path::Path;
use std::process::Command;
use tempfile::TempDir;
use vm_test_tests::fixture::Fixture;

/// The rules, as their lines begin, and the test of each.
pub(super) const RULES: [(&str, &str); 7] = [
    ("Forward(80,", "port_80_leads_to_the_server"),
    ("Forward(44444,", "port_44444_leads_to_the_archive"),
    ("Forward(88,", "port_88_leads_to_the_server"),
    ("Block(Tcp, 7005)", "tcp_to_a_blocked_port_is_refused"),
    ("Pass(Tcp, 7000,", "tcp_to_a_port_that_passes_is_routed"),
    ("Block(Udp, 5005)", "udp_to_a_blocked_port_never_arrives"),
    (
        "Pass(Udp, 5000,",
        "udp_to_a_port_that_passes_arrives_as_often_as_it_is_sent",
    ),
];

/// Returns a copy of the example without the line that begins with this.
pub(super) fn without(rule: Option<&str>) -> (TempDir, Fixture) {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"))
        .parent()
        .expect("the workspace");
    let directory = tempfile::tempdir().expect("a directory");
    let copy = directory.path().join("gateway");
    let copied = Command::new("cp")
        .arg("-r")
        .arg(root.join("examples/gateway"))
        .arg(&copy)
        .status();
    assert!(copied.expect("cp starts").success());
    // The copy is not in the workspace, whose versions it takes.
    let manifest = format!(
        "[package]\nname = \"gateway\"\nversion = \"0.0.0\"\nedition = \"2024\"\n\
         [dependencies]\nthiserror = \"2\"\n\
         [dev-dependencies]\nvm-test = {{ path = {:?} }}\n\
         [profile.dev]\ndebug = \"line-tables-only\"\n[workspace]\n",
        root.join("vm-test")
    );
    let place = copy.join("Cargo.toml");
    fs::write(&place, manifest).expect("the manifest is written");
    fs::copy(root.join("Cargo.lock"), copy.join("Cargo.lock")).expect("the versions are copied");
    if let Some(rule) = rule {
        let site = copy.join("src/site.rs");
        let text = fs::read_to_string(&site).expect("the rules");
        let keeps = |line: &&str| !line.trim_start().starts_with(rule);
        let lines: Vec<_> = text.lines().filter(keeps).collect();
        assert_eq!(lines.len() + 1, text.lines().count(), "{rule}");
        fs::write(&site, lines.join("\n") + "\n").expect("the rules are written");
    }
    (directory, Fixture::of(place))
}
