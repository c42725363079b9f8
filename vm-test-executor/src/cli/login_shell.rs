//! The command that becomes a guest's shell.

use std::ffi::OsString;

/// Executes the login shell of the guest's user.
///
/// The agent sets `SHELL` to a default for every job, so that value does not count as a choice.
const SCRIPT: &str = r#"
[ "$SHELL" = /bin/sh ] && SHELL=
for shell in "$SHELL" bash sh; do
    SHELL=$(command -v "$shell") && export SHELL && exec "$SHELL"
done
"#;

/// Returns the command that becomes the guest's shell.
pub(super) fn words() -> Vec<OsString> {
    ["/bin/sh", "-c", SCRIPT].map(OsString::from).into()
}
