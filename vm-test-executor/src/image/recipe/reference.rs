//! The name of an image in a registry: `REGISTRY/NAME:TAG@DIGEST`.
//!
//! Parses it, so that each part may stand in an address; asks no registry.

use crate::image::layer::digest::Digest;
use std::fmt;

/// What stands before the name in a base and a source.
const SCHEME: &str = "oci://";

/// The tag of a reference without a tag and without a digest.
const DEFAULT_TAG: &str = "latest";

/// The longest repository and the longest tag of a registry.
const LONGEST_REPOSITORY: usize = 255;
const LONGEST_TAG: usize = 128;

/// An example of the whole form, for hints.
pub(in crate::image) const EXAMPLE: &str = "as in oci://REGISTRY/NAME:TAG or oci://REGISTRY/NAME@sha256:HEX; the one of Docker is oci://docker.io/library/NAME";

/// A reference to an image in a registry.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Reference {
    registry: String,
    repository: String,
    tag: Option<String>,
    digest: Option<Digest>,
}

impl Reference {
    /// Parses what follows `oci://`.
    ///
    /// # Errors
    /// The cause, if it is not a reference.
    pub(in crate::image) fn parse(text: &str) -> Result<Self, String> {
        let (rest, digest) = match text.split_once('@') {
            None => (text, None),
            Some((rest, digest)) => {
                let hash = digest.strip_prefix("sha256:").map(str::parse);
                let Some(Ok(hash)) = hash else {
                    return Err(format!(
                        "{digest:?} is not a digest, which is sha256: with 64 digits in lower case"
                    ));
                };
                (rest, Some(hash))
            }
        };
        let Some((registry, path)) = rest.split_once('/') else {
            return Err(format!("{rest:?} has no registry before the name"));
        };
        if !is_registry(registry) {
            return Err(format!(
                "{registry:?} is not a registry, which is a host with a dot, a port or the name localhost"
            ));
        }
        let (repository, tag) = match path.split_once(':') {
            Some((repository, tag)) => (repository, Some(tag)),
            None => (path, None),
        };
        if !is_repository(repository) {
            return Err(format!(
                "{repository:?} is not the name of an image, which has lower-case letters, digits and . _ - between them, in parts with / between them"
            ));
        }
        if let Some(tag) = tag.filter(|tag| !is_tag(tag)) {
            return Err(format!(
                "{tag:?} is not a tag, which has up to {LONGEST_TAG} letters, digits and . _ -"
            ));
        }
        Ok(Self {
            registry: registry.to_owned(),
            repository: repository.to_owned(),
            tag: tag.map(str::to_owned),
            digest,
        })
    }

    /// Returns the host of the registry, with its port if it was given.
    #[must_use]
    pub fn registry(&self) -> &str {
        &self.registry
    }

    /// Returns the name of the image in the registry.
    #[must_use]
    pub fn repository(&self) -> &str {
        &self.repository
    }

    /// Returns the digest; if there is one, the tag says nothing more.
    #[must_use]
    pub fn digest(&self) -> Option<&Digest> {
        self.digest.as_ref()
    }

    /// Returns the tag to ask for if there is no digest.
    #[must_use]
    pub fn tag(&self) -> &str {
        self.tag.as_deref().unwrap_or(DEFAULT_TAG)
    }
}

impl fmt::Display for Reference {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{SCHEME}{}/{}", self.registry, self.repository)?;
        match (&self.tag, &self.digest) {
            (Some(tag), None) => write!(f, ":{tag}"),
            (None, None) => write!(f, ":{DEFAULT_TAG}"),
            (Some(tag), Some(digest)) => write!(f, ":{tag}@sha256:{digest}"),
            (None, Some(digest)) => write!(f, "@sha256:{digest}"),
        }
    }
}

/// Returns whether it is a host that is told from the first part of a name, with or without a port.
fn is_registry(text: &str) -> bool {
    let (host, port) = match text.rsplit_once(':') {
        // The colons of an address in brackets are its own.
        Some((host, port)) if !port.ends_with(']') => (host, Some(port)),
        _ => (text, None),
    };
    let address = host
        .strip_prefix('[')
        .and_then(|host| host.strip_suffix(']'));
    let is_host = match address {
        Some(address) => address.parse::<std::net::Ipv6Addr>().is_ok(),
        None => host.split('.').all(is_label),
    };
    let is_port = port.is_none_or(|port| {
        port.bytes().all(|byte| byte.is_ascii_digit())
            && port.parse::<u16>().is_ok_and(|port| port > 0)
    });
    let is_told = port.is_some() || host.contains('.') || host == "localhost" || address.is_some();
    is_host && is_port && is_told
}

/// Returns whether it is one part of a host's name.
fn is_label(text: &str) -> bool {
    let plain = |byte: u8| byte.is_ascii_alphanumeric() || byte == b'-';
    !text.is_empty() && text.len() <= 63 && text.bytes().all(plain) && !text.starts_with('-')
}

/// Returns whether it is a name as the distribution specification has it.
fn is_repository(text: &str) -> bool {
    let is_part = |part: &str| {
        let words: Vec<_> = part
            .split(|c: char| !c.is_ascii_lowercase() && !c.is_ascii_digit())
            .collect();
        let is_bounded = |at: usize| words.get(at).is_some_and(|word| !word.is_empty());
        let mut between = part.split(|c: char| c.is_ascii_lowercase() || c.is_ascii_digit());
        is_bounded(0)
            && is_bounded(words.len() - 1)
            && between.all(|mark| {
                matches!(mark, "" | "." | "_" | "__") || mark.bytes().all(|byte| byte == b'-')
            })
    };
    text.len() <= LONGEST_REPOSITORY && text.split('/').all(is_part)
}

/// Returns whether it is a tag as the distribution specification has it.
fn is_tag(text: &str) -> bool {
    let plain = |byte: u8| byte.is_ascii_alphanumeric() || b"._-".contains(&byte);
    text.len() <= LONGEST_TAG
        && text.bytes().all(plain)
        && text.starts_with(|c: char| c.is_ascii_alphanumeric() || c == '_')
}

#[cfg(test)]
mod tests {
    use super::*;

    const HEX: &str = "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855";

    #[test]
    fn a_reference_is_printed_as_it_is_written_with_the_tag_that_is_meant() {
        for (text, printed) in [
            ("localhost/a", "oci://localhost/a:latest"),
            ("localhost:5000/a/b_c:1.2", "oci://localhost:5000/a/b_c:1.2"),
            ("[::1]:5000/a", "oci://[::1]:5000/a:latest"),
            (
                "docker.io/library/x--y",
                "oci://docker.io/library/x--y:latest",
            ),
            (
                &format!("r.io/a@sha256:{HEX}"),
                &format!("oci://r.io/a@sha256:{HEX}"),
            ),
            (
                &format!("r.io/a:b@sha256:{HEX}"),
                &format!("oci://r.io/a:b@sha256:{HEX}"),
            ),
        ] {
            let reference = Reference::parse(text).unwrap();
            assert_eq!(reference.to_string(), printed);
            assert_eq!(reference.digest().is_some(), text.contains('@'), "{text}");
        }
    }

    #[test]
    fn what_is_not_a_reference_is_refused_with_the_part_that_is_wrong() {
        let long = |length: usize| "a".repeat(length);
        for (text, words) in [
            (String::new(), "\"\" has no registry before the name"),
            (
                "nginx".to_owned(),
                "\"nginx\" has no registry before the name",
            ),
            ("library/nginx".to_owned(), "\"library\" is not a registry"),
            ("/etc/passwd".to_owned(), "\"\" is not a registry"),
            (
                "user:secret@r.io/a".to_owned(),
                "\"r.io/a\" is not a digest",
            ),
            ("r.io:0/a".to_owned(), "\"r.io:0\" is not a registry"),
            (
                "r.io:65536/a".to_owned(),
                "\"r.io:65536\" is not a registry",
            ),
            ("r.io:/a".to_owned(), "\"r.io:\" is not a registry"),
            ("r..io/a".to_owned(), "\"r..io\" is not a registry"),
            ("r.io?x/a".to_owned(), "\"r.io?x\" is not a registry"),
            ("[::g]:1/a".to_owned(), "\"[::g]:1\" is not a registry"),
            ("r.io/".to_owned(), "\"\" is not the name of an image"),
            ("r.io/A".to_owned(), "\"A\" is not the name of an image"),
            (
                "r.io/a//b".to_owned(),
                "\"a//b\" is not the name of an image",
            ),
            (
                "r.io/../b".to_owned(),
                "\"../b\" is not the name of an image",
            ),
            (
                "r.io/a..b".to_owned(),
                "\"a..b\" is not the name of an image",
            ),
            ("r.io/a b".to_owned(), "\"a b\" is not the name of an image"),
            ("r.io/a-".to_owned(), "\"a-\" is not the name of an image"),
            (format!("r.io/{}", long(256)), "is not the name of an image"),
            ("r.io/a:".to_owned(), "\"\" is not a tag"),
            ("r.io/a:b/c".to_owned(), "\"b/c\" is not a tag"),
            ("r.io/a:.b".to_owned(), "\".b\" is not a tag"),
            (format!("r.io/a:{}", long(129)), "is not a tag"),
            (
                "r.io/a@sha256:ab".to_owned(),
                "\"sha256:ab\" is not a digest",
            ),
            (format!("r.io/a@sha512:{HEX}"), "is not a digest"),
            (
                format!("r.io/a@sha256:{}", HEX.to_uppercase()),
                "is not a digest",
            ),
        ] {
            let cause = Reference::parse(&text).unwrap_err();
            assert!(cause.contains(words), "{text}: {cause}");
        }
        assert!(Reference::parse(&format!("r.io/{}:{}", long(255), long(128))).is_ok());
    }
}
