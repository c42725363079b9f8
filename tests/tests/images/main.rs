//! Images from recipe to test: built once, layer by layer, and used by guests of other releases
//! than the host.

mod distributions;
mod packages;

use std::fs;
use std::process::Output;
use std::time::Duration;
use vm_test_tests::fixture::{Fixture, Runner, text_of};
use vm_test_tests::group::Group;
use vm_test_tests::host::Host;
use vm_test_tests::report::Ending;

/// Longer than a few tests in containers take.
const LIMIT: Duration = Duration::from_secs(120);

/// Runs `vm-test` in a fixture's directory and expects success.
fn vm_test(host: &Host, fixture: &Fixture, args: &[&str]) -> Output {
    let output = host
        .vm_test()
        .args(args)
        .current_dir(fixture.directory())
        .output()
        .unwrap();
    assert!(
        output.status.success(),
        "vm-test {args:?}: {}",
        text_of(&output)
    );
    output
}

#[test]
fn tests_run_on_images_of_other_debians_than_the_host_and_break_nothing() {
    let host = Host::new().with_shared_store();
    let fixture = Fixture::new("guests");
    for image in ["debian-12", "debian-11"] {
        vm_test(&host, &fixture, &["image", "build", image]);
    }
    fixture.build(&host);
    for runner in [Runner::CargoTest, Runner::Nextest] {
        for test in [
            "bookworm_is_debian_12_and_installs_nothing",
            "bullseye_runs_this_test_with_an_older_c_library",
            "bullseye_runs_the_packages_binaries_by_their_own_paths",
            "one_test_breaks_the_system",
            "the_other_test_finds_it_whole",
        ] {
            let run = fixture.run(&host, runner, test);
            assert!(run.success, "{test}: {}", run.text);
        }
    }
    let run = fixture.run(&host, Runner::CargoTest, "a_failure_names_the_image");
    assert!(!run.success);
    assert!(run.text.contains("(lxc image debian-12 "), "{}", run.text);
    assert!(!fixture.directory().join("x").exists());
    for image in ["debian-12", "debian-11"] {
        vm_test(&host, &fixture, &["image", "verify", image]);
    }
}

#[test]
fn a_test_brings_the_libraries_that_its_image_lacks_and_so_do_the_packages_binaries() {
    let host = Host::new().with_shared_store();
    let fixture = Fixture::new("guests");
    host.build_images(fixture.directory(), &["debian-12", "debian-11"]);
    for runner in [Runner::CargoTest, Runner::Nextest] {
        for test in [
            "bookworm_lacks_a_library_and_nothing_else",
            "bullseye_lacks_a_library_and_has_an_older_c_library",
        ] {
            let run = fixture.run(&host, runner, test);
            assert!(run.success, "{test}: {}", run.text);
        }
    }
}

#[test]
fn the_user_nobody_of_an_image_has_no_more_access_than_any_other() {
    let host = Host::new().with_shared_store().with_guest("image");
    let fixture = Fixture::new("hostile");
    host.build_images(fixture.directory(), &["debian-12"]);
    let nobodys = Group {
        targets: &["hostile"],
        filters: &["nobody::"],
        environment: &[],
        limit: LIMIT,
    };
    let outcome = nobodys.run(&fixture, &host, Runner::CargoTest);
    let tests = outcome.tests.iter();
    let ended: Vec<_> = tests.map(|(name, told)| (&**name, told.ending)).collect();
    let expected = [
        "nobody::a_test_that_becomes_nobody_itself_makes_and_deletes_nothing_in_etc",
        "nobody::the_user_nobody_has_no_more_access_than_any_other",
        "nobody::the_user_nobody_makes_and_deletes_nothing_at_the_top_of_the_system",
    ];
    assert_eq!(
        ended,
        expected.map(|name| (name, Ending::Passed)),
        "{}",
        outcome.text()
    );
}

#[test]
fn a_machine_gets_the_libraries_that_its_image_lacks() {
    let host = Host::new().with_shared_store();
    let fixture = Fixture::new("guests");
    host.build_images(fixture.directory(), &["debian-12"]);
    let run = fixture.run(&host, Runner::CargoTest, "a_machine_lacks_a_library");
    assert!(run.success, "{}", run.text);
}

#[test]
fn a_test_is_debugged_below_another_program_where_the_c_library_is_older() {
    let host = Host::new().with_shared_store();
    let fixture = Fixture::new("guests");
    host.build_images(fixture.directory(), &["debian-11"]);
    let test = "bullseye_runs_this_test_with_an_older_c_library";
    let mut command = host.vm_test();
    let output = command
        .args(["debug", "bullseye", "--under", "timeout 60", "--", test])
        .current_dir(fixture.directory())
        .env("CARGO_TARGET_DIR", fixture.target())
        .output()
        .unwrap();
    let text = text_of(&output);
    assert!(output.status.success(), "{text}");
    assert!(text.contains("1 passed"), "{text}");
}

#[test]
fn a_second_build_does_nothing_and_a_changed_last_step_only_that_step() {
    let host = Host::new().with_shared_store();
    let fixture = Fixture::new("guests");
    vm_test(&host, &fixture, &["image", "build", "debian-12"]);
    let dir = tempfile::tempdir().unwrap();
    let name = format!("steps-{}", std::process::id());
    let recipe = |last: &str| {
        let text = format!(
            "base = \"debian-12\"\n[[run]]\ncommand = \"useradd {name}\"\n[[run]]\ncommand = \"{last}\"\n"
        );
        fs::create_dir_all(dir.path().join("images")).unwrap();
        fs::write(dir.path().join("images").join(format!("{name}.toml")), text).unwrap();
    };
    let build = || {
        let mut command = host.vm_test();
        let output = command
            .args(["image", "build", &name])
            .current_dir(dir.path())
            .output()
            .unwrap();
        assert!(output.status.success(), "{}", text_of(&output));
        let text = text_of(&output);
        let layer = |step: &str| {
            let line = text
                .lines()
                .find(|line| line.contains(step))
                .unwrap_or_default();
            line.ends_with("in the store")
        };
        (layer("useradd"), layer("echo"))
    };
    recipe(&format!("echo {name} > /etc/one"));
    assert_eq!(build(), (false, false));
    assert_eq!(build(), (true, true));
    recipe(&format!("echo {name} > /etc/two"));
    assert_eq!(build(), (true, false));
    let mut command = host.vm_test();
    command.args(["image", "rm", &name]);
    assert!(command.status().unwrap().success());
}

#[test]
fn users_of_a_recipe_are_in_the_image_with_their_homes_and_groups() {
    let host = Host::new().with_shared_store();
    let fixture = Fixture::new("guests");
    vm_test(&host, &fixture, &["image", "build", "debian-12"]);
    let dir = tempfile::tempdir().unwrap();
    let name = format!("users-{}", std::process::id());
    fs::create_dir(dir.path().join("images")).unwrap();
    let recipe = "base = \"debian-12\"\n[[users]]\nname = \"ann\"\nid = 1500\ngroups = [\"adm\", \"testers\"]\nshell = \"/bin/bash\"\n[[users]]\nname = \"bob\"\n";
    fs::write(dir.path().join(format!("images/{name}.toml")), recipe).unwrap();
    let output = |args: &[&str]| {
        let mut command = host.vm_test();
        let output = command.args(args).current_dir(dir.path()).output().unwrap();
        assert!(output.status.success(), "{}", text_of(&output));
        String::from_utf8(output.stdout).unwrap()
    };
    output(&["image", "build", &name]);
    let script =
        "id ann; stat -c '%U %n' /home/ann /home/bob; getent passwd ann bob | cut -d: -f1,3,7";
    let found = output(&["run", "host", "--image", &name, "--", "sh", "-c", script]);
    assert_eq!(
        found,
        "uid=1500(ann) gid=1500(ann) groups=1500(ann),4(adm),1000(testers)\n\
         ann /home/ann\nbob /home/bob\nann:1500:/bin/bash\nbob:1501:/bin/sh\n"
    );
    output(&["image", "rm", &name]);
}

#[test]
fn a_guest_whose_image_is_not_there_says_how_to_build_it() {
    let host = Host::new();
    let store = tempfile::tempdir().unwrap();
    let fixture = Fixture::new("guests");
    let output = host
        .vm_test()
        .args(["run", "bookworm", "--", "true"])
        .env("VM_TEST_STORE", store.path())
        .current_dir(fixture.directory())
        .output()
        .unwrap();
    assert_eq!(output.status.code(), Some(125));
    let text = text_of(&output);
    assert!(
        text.contains("error: cannot use image `debian-12`: it is not in the store"),
        "{text}"
    );
    assert!(
        text.contains("hint: build it: vm-test image build debian-12"),
        "{text}"
    );
}
