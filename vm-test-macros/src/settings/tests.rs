//! Every key, with values that are taken and values that are not.

mod brought;
mod kernel;
mod variants;

use super::*;
use vm_test_settings::guest::KEYS;

fn read(key: &str, value: &str) -> syn::Result<Setting> {
    let name = Ident::new(key, proc_macro2::Span::call_site());
    Setting::read(find(&name)?, &syn::parse_str(value).unwrap())
}

/// Returns the variant that carries a setting, in short.
fn variant(setting: &Setting) -> String {
    let tokens: String = setting.expand(&quote!(p)).to_string().split(' ').collect();
    let tokens = tokens.replace("p::Text::Borrowed", "text");
    let tokens = tokens.replace("p::Texts::Borrowed", "texts");
    let tokens = tokens.replace("p::Placements::Borrowed", "placements");
    tokens.replace("p::Sizes::Borrowed", "sizes")
}

#[test]
fn every_example_is_taken_by_its_key() {
    for key in KEYS {
        assert!(read(key.name, key.example).is_ok(), "{}", example(key));
    }
}

#[test]
fn every_wrong_value_names_its_cause_and_its_cure() {
    for (key, value, cause, hint) in [
        (
            "export",
            r#""*.new""#,
            "the value is not a list of patterns in quotes",
            r#"write `export = ["*.new"]`"#,
        ),
        (
            "backend",
            r#""docker""#,
            "there is no `docker`",
            r#"the value is `"lxc"` or `"kvm"`"#,
        ),
        (
            "backend",
            r#""kmv""#,
            "there is no `kmv`",
            r#"write `backend = "kvm"`"#,
        ),
        (
            "backend",
            "lxc",
            "the value is not a word in quotes",
            r#"write `backend = "lxc"`"#,
        ),
        (
            "backend",
            "1",
            "the value is not a word in quotes",
            r#"write `backend = "kvm"`"#,
        ),
        ("image", r#""""#, "the name is empty", NAME_RULE),
        (
            "image",
            r#""a/b""#,
            "`/` is not allowed in a name",
            NAME_RULE,
        ),
        (
            "image",
            r#""a"x"#,
            "the value is not a name in quotes",
            r#"write `image = "debian-12"`"#,
        ),
        (
            "image",
            r#"b"a""#,
            "the value is not a name in quotes",
            r#"write `image = "debian-12"`"#,
        ),
        (
            "init",
            r#""systemd""#,
            "there is no `systemd`",
            r#"write `init = "system"`"#,
        ),
        (
            "memory",
            "512",
            "the value is not a size in quotes",
            r#"write `memory = "512M"`"#,
        ),
        (
            "memory",
            "2G",
            "the value is not a size in quotes",
            r#"write `memory = "2G"`"#,
        ),
        (
            "memory",
            "5",
            "the value is not a size in quotes",
            r#"write `memory = "512M"`"#,
        ),
        (
            "memory",
            "MEMORY",
            "the value is not a size in quotes",
            r#"write `memory = "512M"`"#,
        ),
        (
            "memory",
            r#""512""#,
            "`512` has no unit",
            r#"write `"512M"`"#,
        ),
        (
            "memory",
            r#""8M""#,
            "`8M` is out of range",
            "write a size from `16M` to `1T`",
        ),
        (
            "cpus",
            "0",
            "`0` is out of range",
            "write a whole number from 1 to 256",
        ),
        (
            "cpus",
            "257",
            "`257` is out of range",
            "write a whole number from 1 to 256",
        ),
        (
            "cpus",
            "99999999999",
            "`99999999999` is out of range",
            "write a whole number from 1 to 256",
        ),
        (
            "cpus",
            "-1",
            "the value is not a whole number from 1 to 256",
            "write `cpus = 2`",
        ),
        (
            "cpus",
            "1.5",
            "the value is not a whole number from 1 to 256",
            "write `cpus = 2`",
        ),
        (
            "cpus",
            r#""4""#,
            "the value is not a whole number from 1 to 256",
            "write `cpus = 4`",
        ),
        (
            "cpus",
            "4u8",
            "the number has the suffix `u8`",
            "write `cpus = 4`",
        ),
        (
            "network",
            r#""host""#,
            "there is no `host`",
            r#"the value is `"none"` or `"user"`"#,
        ),
        (
            "timeout",
            "60",
            "the value is not a duration in quotes",
            r#"write `timeout = "60s"`"#,
        ),
        (
            "timeout",
            "5m",
            "the value is not a duration in quotes",
            r#"write `timeout = "5m"`"#,
        ),
        (
            "timeout",
            r#""0s""#,
            "`0s` is out of range",
            "write a duration from `1ms` to `24h`",
        ),
        (
            "env",
            r#""A""#,
            "the value is not a list of names in quotes",
            r#"write `env = ["A"]`"#,
        ),
        (
            "env",
            "[A]",
            "the value is not a list of names in quotes",
            r#"write `env = ["DATABASE_URL"]`"#,
        ),
        (
            "env",
            r#"["A", "A"]"#,
            "`A` is already in the list",
            "remove one of the two",
        ),
        (
            "env",
            r#"["A=1"]"#,
            "`A=1` gives a variable a value",
            VALUE_RULE,
        ),
        (
            "devices",
            r#""loop""#,
            "the value is not a list of words in quotes",
            r#"write `devices = ["loop"]`"#,
        ),
        (
            "devices",
            r#"["/dev/kvm"]"#,
            "there is no device `/dev/kvm`",
            DEVICE_RULE,
        ),
        (
            "privileged",
            r#""true""#,
            "the value is neither `true` nor `false`",
            "write `privileged = true`",
        ),
        (
            "privileged",
            "1",
            "the value is neither `true` nor `false`",
            "write `privileged = true`",
        ),
    ] {
        let message = read(key, value).expect_err(value).to_string();
        assert_eq!(
            message,
            format!("cannot set `{key}`: {cause}\nhint: {hint}"),
            "{key} = {value}"
        );
    }
}

const NAME_RULE: &str =
    "use 1 to 63 ASCII letters, digits, `.`, `_` and `-`, starting with a letter or a digit";
const VALUE_RULE: &str = "name the variable only, as in `\"A\"`: its value is taken from the host";
const DEVICE_RULE: &str = r#"the devices are `"/dev/net/tun"`, `"/dev/fuse"` and `"loop"`"#;

#[test]
fn an_unknown_key_is_answered_with_the_right_one() {
    for (key, hint) in [
        ("timout", "did you mean `timeout`?"),
        ("mem", "did you mean `memory`?"),
        (
            "guest",
            "the guest's name comes first and without a key, as in `#[on_vm(\"worker-1\")]`",
        ),
        (
            "firmware",
            "the keys are `backend`, `accelerator`, `image`, `kernel`, `modules`, `init`, `memory`, `cpus`, `network`, `interfaces`, `forward`, `timeout`, `boot_timeout`, \
             `disks`, `keep`, `keep_for`, `env`, `export`, `files`, `mounts`, `expose`, `devices`, `rollback` and `privileged`",
        ),
    ] {
        let message = read(key, "1").expect_err(key).to_string();
        assert_eq!(
            message,
            format!("cannot set `{key}`: there is no such key\nhint: {hint}")
        );
    }
}
