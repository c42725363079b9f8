//! Docker's credential helpers, which are asked for names and passwords.

use super::logins::{LOGIN, command, configure, refuse, with_password};
use super::place::{Place, finish};
use serde_json::json;
use std::fs;
use std::os::unix::fs::PermissionsExt;

#[test]
fn a_helper_that_dockers_config_names_is_asked() {
    let (place, registry) = (Place::new(), with_password());
    let config = json!({ "credHelpers": { registry.host(): "of-this-test" } });
    configure(&place, &config);
    let file = "{}/docker/config.json";
    let program = "docker-credential-of-this-test";
    refuse(
        &place,
        &registry,
        &format!("{file}: there is no program {program} in PATH"),
        LOGIN,
    );
    let path = format!(
        "{}:{}",
        place.path("bin").display(),
        std::env::var("PATH").unwrap()
    );
    let helper = |script: &str| {
        let file = place.write(&format!("bin/{program}"), format!("#!/bin/sh\n{script}\n"));
        fs::set_permissions(file, fs::Permissions::from_mode(0o755)).unwrap();
        let mut command = command(&place, &registry);
        command.env("PATH", &path);
        command
    };
    let message = |cause: &str| {
        format!(
            "cannot import oci://{}/a/b:latest: {cause}",
            registry.host()
        )
    };
    let login = LOGIN.replace("REGISTRY", &registry.host());
    for (script, cause) in [
        (
            "echo credentials not found in native keychain; exit 1",
            "the registry asks for a login".to_owned(),
        ),
        (
            "echo no; exit 3",
            format!("{file}: {program}: exit status: 3: no"),
        ),
        (
            "echo s3cret",
            format!("{file}: {program}: its answer cannot be parsed"),
        ),
    ] {
        place.refuse(&mut helper(script), &message(&cause), &login);
        place.assert_empty();
    }
    let script = format!(
        "read -r server; [ \"$1 $server\" = 'get {}' ] && echo '{}'",
        registry.host(),
        json!({ "ServerURL": "x", "Username": "ann", "Secret": "secret" })
    );
    finish(helper(&script).output().unwrap(), &["image", "import"]);
}
