//! A home directory with various files, and which of them are hidden.

use super::*;
use std::os::unix::fs::symlink;

/// Makes a home with these files.
fn home(files: &[&str]) -> (tempfile::TempDir, PathBuf) {
    let dir = tempfile::tempdir().unwrap();
    let home = dir.path().canonicalize().unwrap().join("home");
    fs::create_dir(&home).unwrap();
    for file in files {
        let path = home.join(file);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(path, "secret").unwrap();
    }
    (dir, home)
}

/// Returns what is hidden, relative to the home.
fn found(
    home: &Path,
    variables: &[(&str, &Path)],
    exposed: &[&str],
    shared: &[&Path],
) -> Vec<String> {
    let variables: Vec<_> = variables
        .iter()
        .map(|(name, path)| ((*name).to_owned(), path.display().to_string()))
        .collect();
    let exposed: Vec<_> = exposed.iter().map(|&path| path.to_owned()).collect();
    let shared: Vec<_> = shared.iter().map(|path| path.to_path_buf()).collect();
    in_homes(&[home.to_path_buf()], &variables, &exposed, &shared)
        .iter()
        .map(|path| {
            path.strip_prefix(home)
                .unwrap_or(path)
                .display()
                .to_string()
        })
        .collect()
}

#[test]
fn credentials_are_found_and_other_files_are_not() {
    let files = [
        ".ssh/id",
        ".netrc",
        ".config/gh/hosts.yml",
        ".config/other",
        "work/.ssh/id",
    ];
    let (_dir, home) = home(&files);
    assert_eq!(
        found(&home, &[], &[], &[]),
        [".config/gh", ".netrc", ".ssh"]
    );
}

#[test]
fn what_is_exposed_is_seen_and_what_is_beside_it_is_not() {
    let (_dir, home) = home(&[
        ".ssh/id",
        ".ssh/known_hosts",
        ".netrc",
        ".config/gh/hosts.yml",
    ]);
    for (exposed, rest) in [
        (&["~/.ssh"][..], &[".config/gh", ".netrc"][..]),
        (&["~/.ssh/"], &[".config/gh", ".netrc"]),
        (
            &["~/.ssh/known_hosts"],
            &[".config/gh", ".netrc", ".ssh/id"],
        ),
        (&["~/.config", "~/.netrc"], &[".ssh"]),
        (&["~/.kube"], &[".config/gh", ".netrc", ".ssh"]),
        (&["~"], &[]),
    ] {
        assert_eq!(found(&home, &[], exposed, &[]), rest, "{exposed:?}");
    }
    let whole = home.join(".ssh").display().to_string();
    assert_eq!(found(&home, &[], &[&whole], &[]), [".config/gh", ".netrc"]);
}

#[test]
fn a_workspace_within_something_hidden_is_seen_and_one_around_it_shows_no_more() {
    let (_dir, home) = home(&[".ssh/id", ".ssh/tests/src/lib.rs"]);
    let inner = home.join(".ssh/tests");
    assert_eq!(found(&home, &[], &[], &[&inner]), [".ssh/id"]);
    let outer = home.parent().unwrap();
    let outside = home.join("elsewhere");
    fs::create_dir(&outside).unwrap();
    assert_eq!(found(&home, &[], &[], &[&outside]), [".ssh"]);
    assert_eq!(found(&home, &[], &[], &[outer]), [".ssh"]);
    assert_eq!(found(&home, &[], &[], &[&home.join(".ssh")]), [""; 0]);
}

#[test]
fn what_links_lead_to_is_hidden_with_them() {
    let (_dir, home) = home(&["dot/ssh/id", "keys/two", ".gnupg/x", "work/lib.rs"]);
    symlink("dot/ssh", home.join(".ssh")).unwrap();
    symlink("../../keys/two", home.join("dot/ssh/two")).unwrap();
    symlink("../keys/none", home.join(".gnupg/nowhere")).unwrap();
    symlink("..", home.join(".gnupg/up")).unwrap();
    symlink(".kube", home.join(".kube")).unwrap();
    assert_eq!(
        found(&home, &[], &[], &[]),
        [".gnupg", ".kube", ".ssh", "dot/ssh", "keys/two"]
    );
    assert_eq!(found(&home, &[], &["~/.ssh"], &[]), [".gnupg", ".kube"]);
    // Nothing of a workspace is hidden because something links to it.
    let rest = [".gnupg", ".kube", ".ssh"];
    assert_eq!(found(&home, &[], &[], &[&home.join("dot")]), rest);
}

#[test]
fn variables_that_put_credentials_elsewhere_are_followed() {
    let (_dir, home) = home(&[
        "c/credentials.toml",
        "c/bin/x",
        "g/key",
        "x/gh/hosts.yml",
        "k1",
        "k2",
    ]);
    let [c, g, x] = ["c", "g", "x"].map(|name| home.join(name));
    let both = format!("{0}/k1:{0}/k2", home.display());
    let variables = [
        ("CARGO_HOME", &*c),
        ("GNUPGHOME", &g),
        ("XDG_CONFIG_HOME", &x),
        ("KUBECONFIG", Path::new(&both)),
    ];
    assert_eq!(
        found(&home, &variables, &[], &[]),
        ["c/credentials.toml", "g", "k1", "k2", "x/gh"]
    );
}

#[test]
fn homes_are_those_of_people_and_of_root() {
    let passwd = "root:x:0:0::/usr:/bin/sh\ndaemon:x:1:1::/bin:/x\na:x:1000:1000::/var:/x\n\
        none:x:65534:65534::/nonexistent:/x\nb:x:1001:1001::/:/x\nwrong\n";
    let named = [("HOME".to_owned(), "/etc".to_owned())];
    let expected = ["/etc", "/usr", "/var"].map(PathBuf::from);
    assert_eq!(homes(passwd, 1000, &named), expected);
}

#[test]
fn the_page_lists_what_is_hidden() {
    let page = Path::new(env!("CARGO_MANIFEST_DIR")).join("../docs/hidden-files.md");
    let page = fs::read_to_string(page).unwrap();
    let listed = |begin: &str| -> BTreeSet<&str> {
        let lines = page.lines().filter_map(|line| line.strip_prefix(begin));
        lines.filter_map(|line| line.split('`').next()).collect()
    };
    assert_eq!(listed("- `~/"), IN_HOME.into_iter().collect());
    let variables: BTreeSet<_> = BY_VARIABLE.iter().map(|(name, _)| *name).collect();
    assert_eq!(listed("- `$"), variables);
}
