//! What a site may say of its kernel: a package, or a path.

use super::{read, variant};

const RULE: &str = r#"a kernel is a package, as in `"linux-image-amd64"`, or a path, as in `"build/boot/vmlinuz-6.12"`"#;

#[test]
fn a_kernel_is_a_package_or_a_path() {
    for text in ["linux-image-6.12.0+deb13-amd64", "../boot/Image"] {
        let setting = read("kernel", &format!("{text:?}")).unwrap();
        let expected = format!("p::Setting::Kernel(text({text:?}))");
        assert_eq!(variant(&setting), expected);
    }
}

#[test]
fn what_is_neither_names_its_cause_and_its_cure() {
    for (value, cause, hint) in [
        (r#""""#, "the kernel is empty", RULE),
        (
            r#""Linux""#,
            "`L` is not allowed in the name of a package",
            RULE,
        ),
        (r#""-x""#, "the name of the package starts with `-`", RULE),
        (
            "6.1",
            "the value is not a package or a path in quotes",
            r#"write `kernel = "linux-image-amd64"`"#,
        ),
    ] {
        let message = read("kernel", value).expect_err(value).to_string();
        let expected = format!("cannot set `kernel`: {cause}\nhint: {hint}");
        assert_eq!(message, expected, "{value}");
    }
}
