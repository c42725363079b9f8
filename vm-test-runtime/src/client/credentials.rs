//! The variables by which programs are told where their credentials are. Reads the environment; hides nothing.

/// Each variable, and what has credentials in the directory that it names; what it names itself, where that is empty.
/// Several paths may be separated by colons.
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

/// Those that name the directories in which a home's are, instead of the usual ones.
const DIRECTORIES: [&str; 4] = ["HOME", "XDG_CONFIG_HOME", "XDG_DATA_HOME", "XDG_STATE_HOME"];

/// Of these variables, those that are set here.
#[must_use]
pub fn credentials() -> Vec<(String, String)> {
    let names = BY_VARIABLE.iter().map(|(name, _)| *name);
    names
        .chain(DIRECTORIES)
        .filter_map(|name| Some((name.to_owned(), std::env::var(name).ok()?)))
        .filter(|(_, value)| value.starts_with('/'))
        .collect()
}
