//! Where a registry is reached, and whether without encryption.
//!
//! Sends nothing.

use crate::image::archive::refusal::cannot;
use crate::image::recipe::Reference;
use std::net::{IpAddr, Ipv6Addr};
use vm_test_protocol::failure::Failure;
use vm_test_runtime::variables::{self, PLAIN_HTTP};

/// The name of Docker's registry in references, the host behind it, its key in docker's config, and
/// where its images without an owner are.
const DOCKER: &str = "docker.io";
const DOCKER_HOST: &str = "registry-1.docker.io";
const DOCKER_KEY: &str = "index.docker.io";
const DOCKER_LIBRARY: &str = "library/";

/// Returns the host that requests go to, with its port.
pub(super) fn host_of(reference: &Reference) -> &str {
    match reference.registry() {
        DOCKER | DOCKER_KEY => DOCKER_HOST,
        registry => registry,
    }
}

/// Returns the name of the image in requests.
pub(super) fn repository_of(reference: &Reference) -> String {
    let name = reference.repository();
    let is_bare = host_of(reference) == DOCKER_HOST && !name.contains('/');
    format!("{}{name}", if is_bare { DOCKER_LIBRARY } else { "" })
}

/// Returns the key of the registry's credentials in docker's config.
pub(super) fn key_of(reference: &Reference) -> &str {
    match reference.registry() {
        DOCKER => DOCKER_KEY,
        registry => registry,
    }
}

/// Returns what docker's credential helpers know the registry by.
pub(super) fn server_of(key: &str) -> String {
    match key {
        DOCKER_KEY => format!("https://{DOCKER_KEY}/v1/"),
        key => key.to_owned(),
    }
}

/// Returns whether a host, which may have a port, is this host itself.
pub(super) fn is_loopback(host: &str) -> bool {
    let name = match host.strip_prefix('[').and_then(|rest| rest.split_once(']')) {
        Some((address, _)) => return address.parse() == Ok(Ipv6Addr::LOCALHOST),
        None => host.split(':').next().unwrap_or(host),
    };
    name == "localhost"
        || name
            .parse()
            .is_ok_and(|address: IpAddr| address.is_loopback())
}

/// Returns whether the user has said that a host is reached without encryption.
pub(super) fn is_plain(host: &str) -> bool {
    plain().iter().any(|listed| listed == host)
}

/// Checks what the user has said about hosts without encryption.
pub(super) fn check_plain(name: &str) -> Result<(), Failure> {
    let is_host = |listed: &&String| Reference::parse(&format!("{listed}/x")).is_ok();
    match plain().iter().find(|listed| !is_host(listed)) {
        None => Ok(()),
        Some(listed) => Err(cannot(
            name,
            format!("cannot use {PLAIN_HTTP}: {listed:?} is not a registry"),
        )
        .hint(format!(
            "hosts with commas between, as in {PLAIN_HTTP}=registry.lan:5000,10.0.0.7:5000"
        ))),
    }
}

fn plain() -> Vec<String> {
    let list = variables::get(PLAIN_HTTP).unwrap_or_default();
    let list = list.to_string_lossy().into_owned();
    let hosts = list.split(',').map(str::trim);
    hosts
        .filter(|host| !host.is_empty())
        .map(str::to_owned)
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_this_hosts_own_addresses_are_loopback() {
        for (host, expected) in [
            ("localhost", true),
            ("localhost:5000", true),
            ("127.0.0.1:5000", true),
            ("127.8.8.8", true),
            ("[::1]:5000", true),
            ("[::2]:5000", false),
            ("localhost.example.org", false),
            ("127.0.0.1.example.org", false),
            ("128.0.0.1", false),
        ] {
            assert_eq!(is_loopback(host), expected, "{host}");
        }
    }

    #[test]
    fn dockers_registry_has_other_names_for_requests_and_for_credentials() {
        let bare = Reference::parse("docker.io/nginx").unwrap();
        assert_eq!(host_of(&bare), "registry-1.docker.io");
        assert_eq!(repository_of(&bare), "library/nginx");
        assert_eq!(server_of(key_of(&bare)), "https://index.docker.io/v1/");
        let other = Reference::parse("localhost:5000/nginx").unwrap();
        assert_eq!(repository_of(&other), "nginx");
        assert_eq!(server_of(key_of(&other)), "localhost:5000");
    }
}
