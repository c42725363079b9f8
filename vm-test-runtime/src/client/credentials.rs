//! The variables that tell programs where their credentials are. Reads the environment; hides
//! nothing.

use std::path::Path;

/// Each variable, with the paths of credentials in the directory that it names; without paths, the
/// variable itself names credentials.
///
/// A variable may list several paths separated by colons.
pub const BY_VARIABLE: [(&str, &[&str]); 22] = [
    ("AWS_CONFIG_FILE", &[]),
    ("AWS_SHARED_CREDENTIALS_FILE", &[]),
    ("AZURE_CONFIG_DIR", &[]),
    ("CARGO_HOME", &["credentials", "credentials.toml"]),
    ("CLOUDSDK_CONFIG", &[]),
    ("DOCKER_CONFIG", &["config.json"]),
    ("GH_CONFIG_DIR", &[]),
    ("GNUPGHOME", &[]),
    ("GOOGLE_APPLICATION_CREDENTIALS", &[]),
    ("HISTFILE", &[]),
    ("KUBECONFIG", &[]),
    ("MYSQL_HISTFILE", &[]),
    ("NETRC", &[]),
    ("NODE_REPL_HISTORY", &[]),
    ("NPM_CONFIG_USERCONFIG", &[]),
    ("PASSWORD_STORE_DIR", &[]),
    ("PGPASSFILE", &[]),
    ("PSQL_HISTORY", &[]),
    ("REGISTRY_AUTH_FILE", &[]),
    ("SQLITE_HISTORY", &[]),
    ("VAULT_TOKEN_PATH", &[]),
    ("npm_config_userconfig", &[]),
];

/// Variables that relocate the directories of a home.
const DIRECTORIES: [&str; 4] = ["HOME", "XDG_CONFIG_HOME", "XDG_DATA_HOME", "XDG_STATE_HOME"];

/// Returns those of these variables that are set here, with absolute paths, since the daemon has
/// another working directory.
#[must_use]
pub fn credentials() -> Vec<(String, String)> {
    let here = std::env::current_dir().unwrap_or_default();
    let of = |name: &str| std::env::var(name).ok();
    let lists = BY_VARIABLE
        .iter()
        .filter_map(|(name, _)| Some(((*name).to_owned(), absolute(&of(name)?, &here))));
    let directories = DIRECTORIES
        .into_iter()
        .filter_map(|name| Some((name.to_owned(), of(name)?)));
    lists
        .chain(directories)
        .filter(|(_, value)| value.starts_with('/'))
        .collect()
}

/// Makes the paths of a list absolute, relative to `here`.
fn absolute(list: &str, here: &Path) -> String {
    let paths = list.split(':').filter(|path| !path.is_empty());
    let paths: Vec<_> = paths
        .filter_map(|path| here.join(path).into_os_string().into_string().ok())
        .filter(|path| path.starts_with('/'))
        .collect();
    paths.join(":")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_path_of_a_list_is_absolute() {
        for (list, paths) in [
            ("/a", "/a"),
            ("/a:/b", "/a:/b"),
            ("key.json", "/here/key.json"),
            (":b:/c:", "/here/b:/c"),
            ("", ""),
        ] {
            assert_eq!(absolute(list, Path::new("/here")), paths, "{list}");
        }
    }
}
