//! The command that becomes a guest's shell.

use std::ffi::OsString;

/// Becomes the guest's shell. The agent gives every job the shell of last resort, so that one does not count as chosen.
const SCRIPT: &str = r#"
[ "$SHELL" = /bin/sh ] && SHELL=
for shell in "$SHELL" bash sh; do
    SHELL=$(command -v "$shell") && export SHELL && exec "$SHELL"
done
"#;

/// The command that becomes the guest's shell.
pub(super) fn words() -> Vec<OsString> {
    ["/bin/sh", "-c", SCRIPT].map(OsString::from).into()
}
