//! Knows how names, patterns and paths are spelled: which are allowed.
//! It must not know where in the source a name stands.

use crate::refusal::Refusal;

/// Names become directory names, host names and keys of `vm-test.toml`; 63 is the shortest of their limits.
const LONGEST_NAME: usize = 63;

const NAME_RULE: &str =
    "use 1 to 63 ASCII letters, digits, `.`, `_` and `-`, starting with a letter or a digit";

/// Checks the name of a guest or an image.
pub(crate) fn check_name(name: &str) -> Result<(), Refusal> {
    let allowed = |c: char| c.is_ascii_alphanumeric() || matches!(c, '.' | '_' | '-');
    let refuse = |cause: String| Err(Refusal::new(cause, NAME_RULE));
    if name.is_empty() {
        refuse("the name is empty".to_owned())
    } else if let Some(wrong) = name.chars().find(|&c| !allowed(c)) {
        refuse(format!(
            "`{}` is not allowed in a name",
            wrong.escape_debug()
        ))
    } else if !name.starts_with(|c: char| c.is_ascii_alphanumeric()) {
        refuse(format!("the name starts with `{}`", &name[..1]))
    } else if name.len() > LONGEST_NAME {
        refuse(format!("the name is {} characters long", name.len()))
    } else {
        Ok(())
    }
}

/// Checks what says which kernel: a path, or the name of a package of Debian.
pub(crate) fn check_kernel(text: &str) -> Result<(), Refusal> {
    let refuse = |cause: String| {
        Err(Refusal::new(
            cause,
            "a kernel is a package, as in `\"linux-image-amd64\"`, or a path, as in `\"build/boot/vmlinuz-6.12\"`",
        ))
    };
    let plain = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit() || "+-.".contains(c);
    if text.is_empty() {
        refuse("the kernel is empty".to_owned())
    } else if text.contains('\0') {
        refuse("a zero byte is not allowed in a path".to_owned())
    } else if text.contains('/') {
        Ok(())
    } else if let Some(wrong) = text.chars().find(|&c| !plain(c)) {
        refuse(format!(
            "`{}` is not allowed in the name of a package",
            wrong.escape_debug()
        ))
    } else if !text.starts_with(|c: char| c.is_ascii_alphanumeric()) {
        refuse(format!(
            "the name of the package starts with `{}`",
            &text[..1]
        ))
    } else {
        Ok(())
    }
}

/// Checks the name of an environment variable.
pub(crate) fn check_variable(name: &str) -> Result<(), Refusal> {
    let refuse = |cause: String| {
        Err(Refusal::new(
            cause,
            "a variable's name has ASCII letters, digits and `_`, and does not start with a digit",
        ))
    };
    if name.is_empty() {
        return refuse("the name of a variable is empty".to_owned());
    }
    if let Some((variable, _)) = name.split_once('=') {
        return Err(Refusal::new(
            format!("`{}` gives a variable a value", name.escape_debug()),
            format!(
                "name the variable only, as in `\"{variable}\"`: its value is taken from the host"
            ),
        ));
    }
    if let Some(wrong) = name
        .chars()
        .find(|&c| !c.is_ascii_alphanumeric() && c != '_')
    {
        return refuse(format!(
            "`{}` is not allowed in the name of a variable",
            wrong.escape_debug()
        ));
    }
    if name.starts_with(|c: char| c.is_ascii_digit()) {
        return refuse(format!("`{name}` starts with a digit"));
    }
    Ok(())
}

/// Checks a pattern of files in the workspace; its rules are the runtime's, which this crate does not know.
pub(crate) fn check_pattern(text: &str) -> Result<(), Refusal> {
    let refuse = |cause: String| {
        Err(Refusal::new(
            cause,
            "write paths from the workspace's root, with `*` within a name and `**` for directories, as in \
             `\"**/*.snap.new\"`",
        ))
    };
    let shown = text.escape_debug();
    if text.is_empty() || text.split('/').any(|name| ["", ".", ".."].contains(&name)) {
        return refuse(format!("`{shown}` leads out of the workspace or nowhere"));
    }
    if text.split('/').any(|name| name == ".git") {
        return refuse(format!(
            "`{shown}` is below `.git`, where nothing is written"
        ));
    }
    let is_glued = |name: &str| name.contains("**") && name != "**";
    if text.split('/').any(is_glued) {
        return refuse(format!("`{shown}` has `**` beside other characters"));
    }
    if text.contains('\\') || text.contains(char::is_control) || text.len() > 400 {
        return refuse(format!(
            "`{shown}` has a backslash or a control character, or is longer than 400 bytes"
        ));
    }
    Ok(())
}

/// Checks a path that says where it begins: at the root or at the user's home.
pub(crate) fn check_path(text: &str) -> Result<(), Refusal> {
    if text.starts_with('/') || text == "~" || text.starts_with("~/") {
        return Ok(());
    }
    Err(Refusal::new(
        format!("`{}` is relative", text.escape_debug()),
        "write a path that begins with `~/` or `/`",
    ))
}

/// "a, b and c", each word between two `mark`s and the last one after `conjunction`.
pub(crate) fn enumerate<'a>(
    words: impl IntoIterator<Item = &'a str>,
    mark: &str,
    conjunction: &str,
) -> String {
    let marked: Vec<String> = words
        .into_iter()
        .map(|word| format!("{mark}{word}{mark}"))
        .collect();
    match marked.split_last() {
        Some((last, head)) if !head.is_empty() => {
            format!("{} {conjunction} {last}", head.join(", "))
        }
        _ => marked.concat(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::settings::KEYS;
    use vm_test_settings::word;

    #[test]
    fn names_follow_the_rule() {
        for good in [
            "host",
            "worker-1",
            "debian-12",
            "a",
            "9p",
            "A.b_c-d",
            &"x".repeat(63),
        ] {
            assert_eq!(check_name(good), Ok(()), "{good}");
        }
        for (bad, cause) in [
            ("", "the name is empty"),
            ("-a", "the name starts with `-`"),
            (".hidden", "the name starts with `.`"),
            ("a b", "` ` is not allowed in a name"),
            ("../etc", "`/` is not allowed in a name"),
            ("wörker", "`ö` is not allowed in a name"),
            ("a\n", "`\\n` is not allowed in a name"),
            (&"x".repeat(64), "the name is 64 characters long"),
        ] {
            assert_eq!(check_name(bad).unwrap_err().cause, cause, "{bad}");
        }
    }

    #[test]
    fn patterns_stay_in_the_workspace() {
        for good in ["**/*.snap.new", "a", "tests/**", "a/?/b*"] {
            assert_eq!(check_pattern(good), Ok(()), "{good}");
        }
        for bad in [
            "", "/a", "../a", "a//b", "a/", "./a", ".git/a", "a**", "a\\b", "a\nb",
        ] {
            assert!(check_pattern(bad).is_err(), "{bad}");
        }
    }

    #[test]
    fn variables_follow_the_rule() {
        for good in ["A", "_", "DATABASE_URL", "a1"] {
            assert_eq!(check_variable(good), Ok(()), "{good}");
        }
        for (bad, cause) in [
            ("", "the name of a variable is empty"),
            ("1A", "`1A` starts with a digit"),
            ("A-B", "`-` is not allowed in the name of a variable"),
            ("A=1", "`A=1` gives a variable a value"),
        ] {
            assert_eq!(check_variable(bad).unwrap_err().cause, cause, "{bad}");
        }
    }

    #[test]
    fn a_path_to_expose_says_where_it_begins() {
        for path in ["~", "~/.ssh", "/srv/keys"] {
            assert!(check_path(path).is_ok(), "{path}");
        }
        for path in ["", ".ssh", "~user/.ssh", "$HOME/.ssh"] {
            let refusal = check_path(path).unwrap_err();
            assert_eq!(refusal.cause, format!("`{path}` is relative"));
        }
    }

    #[test]
    fn misspelled_keys_are_recognised_and_other_words_are_not() {
        let meant = |word| word::meant(word, KEYS.iter().map(|key| key.name));
        for (word, key) in [
            ("timout", "timeout"),
            ("time_out", "timeout"),
            ("tiemout", "timeout"),
            ("mem", "memory"),
            ("cpu", "cpus"),
            ("net", "network"),
            ("device", "devices"),
            ("disk", "disks"),
            ("envs", "env"),
            ("privilege", "privileged"),
            ("backed", "backend"),
            ("img", "image"),
            ("disk", "disks"),
        ] {
            assert_eq!(meant(word), Some(key), "{word}");
        }
        for word in [
            "guest",
            "name",
            "firmware",
            "user",
            "x",
            "should_panic",
            "retries",
            "ram",
            "path",
        ] {
            assert_eq!(meant(word), None, "{word}");
        }
    }
}
