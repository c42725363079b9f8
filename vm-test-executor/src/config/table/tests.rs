//! What is read from a guest's table, and the message for each mistake.

mod brought;

use super::*;
use crate::config::Guest;
use vm_test_settings::guest::KEYS;

fn entries(line: &str) -> Result<Vec<Entry>, Mistake> {
    let text = format!("\n{line}\n");
    let table = DeTable::parse(&text).unwrap();
    read(&text, table.get_ref(), &[])
}

fn mistake(line: &str) -> Option<Mistake> {
    entries(line).err()
}

#[test]
fn the_example_of_every_key_is_accepted_and_decides_something() {
    for key in KEYS {
        let (name, example) = (&key.name, key.example_in_file());
        let entries = entries(&format!("{name} = {example}")).expect(name);
        let fresh = Guest::new("g").unwrap();
        let mut guest = fresh.clone();
        guest.set(&entries[0].setting).expect(name);
        // The example of a time limit is its default.
        let is_default = ["timeout", "boot_timeout", "keep_for", "memory"].contains(name);
        assert_eq!(guest == fresh, is_default, "{name}");
    }
}

#[test]
fn a_misspelled_key_is_named_with_its_line_and_the_one_that_was_meant() {
    for key in KEYS {
        let (name, example) = (&key.name, key.example_in_file());
        for wrong in [
            name[..name.len() - 1].to_owned(),
            format!("{name}s"),
            name.to_ascii_uppercase(),
        ] {
            if Key::find(&wrong).is_some() {
                continue;
            }
            let found = mistake(&format!("{wrong} = {example}")).expect(&wrong);
            assert_eq!(found.line, 2);
            let cause = format!("cannot set `{wrong}`: there is no such key");
            assert_eq!(found.cause, cause);
            assert_eq!(found.hint, format!("did you mean `{name}`?"));
        }
    }
    let set_up = mistake("setup = \"crate::install\"").unwrap();
    assert_eq!(
        set_up.cause,
        "cannot set `setup`: a set-up is a function of the tests, and named where they are"
    );
    assert_eq!(
        set_up.hint,
        "write `#[on_vm(\"NAME\", setup = crate::install)]` at each test that starts from it"
    );
    let far = mistake("retries = 3").unwrap();
    assert!(far.hint.starts_with("the keys are backend, accelerator, "));
}

#[test]
fn a_variable_is_named_and_given_no_value() {
    for (text, cause) in [
        ("env = [\"A=1\"]", "`A=1` gives a variable a value"),
        ("env = [\"A B\"]", "`A B` is not the name of a variable"),
        ("env = [\"\"]", "`` is not the name of a variable"),
        ("env = [\"1A\"]", "`1A` is not the name of a variable"),
    ] {
        let cause = format!("cannot set `env`: {cause}");
        assert_eq!(mistake(text).expect(text).cause, cause);
    }
}

#[test]
fn each_wrong_value_has_the_hint_that_the_attribute_gives() {
    for (text, cause, hint) in [
        (
            "backend = \"kwm\"",
            "there is no `kwm`",
            "write `backend = \"kvm\"`",
        ),
        (
            "backend = \"qemu\"",
            "there is no `qemu`",
            "the value is `\"lxc\"` or `\"kvm\"`",
        ),
        (
            "backend = true",
            "the value is not a word in quotes",
            "write `backend = \"kvm\"`",
        ),
        (
            "memory = \"512\"",
            "`512` has no unit",
            "write `memory = \"512M\"`",
        ),
        (
            "memory = \"512x\"",
            "`x` is not a unit",
            "write a whole number and a unit; the units are `K`, `M`, `G` and `T`",
        ),
        (
            "memory = \"16777216T\"",
            "`16777216T` is out of range",
            "write a smaller size",
        ),
        (
            "memory = 512",
            "the value is not a size in quotes",
            "write `memory = \"512M\"`",
        ),
        (
            "memory = \"lots\"",
            "`lots` does not start with a whole number",
            "write a whole number and a unit; the units are `K`, `M`, `G` and `T`",
        ),
        (
            "timeout = \"60\"",
            "`60` has no unit",
            "write `timeout = \"60s\"`",
        ),
        (
            "timeout = 60",
            "the value is not a duration in quotes",
            "write `timeout = \"60s\"`",
        ),
        (
            "disks = \"1G\"",
            "the value is not a list of sizes in quotes",
            "write `disks = [\"1G\"]`",
        ),
        (
            "disks = [\"512\"]",
            "`512` has no unit",
            "write `disks = [\"512M\"]`",
        ),
        (
            "cpus = \"2\"",
            "the value is not a whole number from 1 to 256",
            "write `cpus = 2`",
        ),
        (
            "cpus = -1",
            "the value is not a whole number from 1 to 256",
            "write `cpus = 2`",
        ),
        (
            "env = \"HOME\"",
            "the value is not a list of names in quotes",
            "write `env = [\"HOME\"]`",
        ),
        (
            "expose = \"ssh\"",
            "the value is not a list of paths in quotes",
            "write `expose = [\"~/.ssh\"]`",
        ),
        (
            "env = \"A=1\"",
            "the value is not a list of names in quotes",
            "write `env = [\"DATABASE_URL\"]`",
        ),
        (
            "cpus = \"500\"",
            "the value is not a whole number from 1 to 256",
            "write `cpus = 2`",
        ),
        (
            "timeout = 99999999",
            "the value is not a duration in quotes",
            "write `timeout = \"60s\"`",
        ),
        (
            "disks = \"9999T\"",
            "the value is not a list of sizes in quotes",
            "write `disks = [\"1G\"]`",
        ),
        (
            "env = [1]",
            "the value is not a list of names in quotes",
            "write `env = [\"DATABASE_URL\"]`",
        ),
        (
            "privileged = \"true\"",
            "the value is neither `true` nor `false`",
            "write `privileged = true`",
        ),
        (
            "image = 12",
            "the value is not a name in quotes",
            "write `image = \"debian-12\"`",
        ),
        (
            "keep = \"on_failure\"",
            "there is no `on_failure`",
            "write `keep = \"on-failure\"`",
        ),
    ] {
        let found = mistake(text).expect(text);
        let (key, _) = text.split_once(' ').unwrap();
        let cause = format!("cannot set `{key}`: {cause}");
        assert_eq!((&*found.cause, &*found.hint), (&*cause, hint), "{text}");
        assert_eq!(found.line, 2, "{text}");
    }
}

#[test]
fn the_keys_of_others_are_passed_over_and_suggested() {
    let text = "extends = \"a\"\ncpus = 2\n";
    let table = DeTable::parse(text).unwrap();
    let entries = read(text, table.get_ref(), &["extends"]).unwrap();
    assert_eq!(entries.len(), 1);
    assert_eq!(
        (entries[0].line, &entries[0].setting),
        (2, &Setting::Cpus(2))
    );
    assert!(read(text, table.get_ref(), &[]).is_err());
    for (text, hint) in [
        ("extend = \"a\"", "did you mean `extends`?"),
        ("retries = 3", "the keys are backend, accelerator, "),
    ] {
        let table = DeTable::parse(text).unwrap();
        let found = read(text, table.get_ref(), &["extends"]).unwrap_err();
        assert!(found.hint.starts_with(hint), "{text}: {}", found.hint);
    }
    let table = DeTable::parse("retries = 3").unwrap();
    let found = read("retries = 3", table.get_ref(), &["extends"]).unwrap_err();
    assert!(found.hint.ends_with(", extends"), "{}", found.hint);
}

#[test]
fn a_number_is_read_in_every_notation_of_toml() {
    for (text, cpus) in [
        ("cpus = 16", 16),
        ("cpus = 0x10", 16),
        ("cpus = 0o20", 16),
        ("cpus = 0b1_0000", 16),
        ("cpus = 1_6", 16),
        ("cpus = +16", 16),
    ] {
        let entries = entries(text).expect(text);
        assert_eq!(entries[0].setting, Setting::Cpus(cpus), "{text}");
    }
    // The hint has the example, and not `"100M"`.
    let found = mistake("memory = 0x100").unwrap();
    assert_eq!(found.hint, "write `memory = \"512M\"`");
}
