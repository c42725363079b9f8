//! A registry: its documents and its layers, each as large as it may be and with the digest that it
//! must have.
//!
//! Does not know what the documents say.

use super::address::{check_plain, host_of, is_loopback, is_plain, repository_of};
use super::attempts::{self, Attempts};
use super::download::{Download, Interruption};
use super::http::{self, Asked, Trouble};
use super::login;
use super::status;
use crate::image::archive::refusal::cannot;
use crate::image::layer::digest::Digest;
use crate::image::recipe::Reference;
use std::cell::{Cell, RefCell};
use std::fs::File;
use std::thread;
use ureq::{Agent, Body, http::Response, http::StatusCode};
use vm_test_protocol::failure::Failure;

/// A longer document is refused.
const LONGEST: u64 = 4 << 20;

/// The kinds of manifests that are asked for.
const MANIFESTS: &str = "application/vnd.oci.image.index.v1+json, application/vnd.oci.image.manifest.v1+json, application/vnd.docker.distribution.manifest.list.v2+json, application/vnd.docker.distribution.manifest.v2+json";

/// A registry as one image needs it.
#[derive(Debug)]
pub(in crate::image) struct Registry {
    reference: Reference,
    name: String,
    agent: Agent,
    scheme: Cell<&'static str>,
    authorization: RefCell<Option<String>>,
}

impl Registry {
    /// Returns the registry of an image; sends nothing yet.
    pub(in crate::image) fn open(reference: &Reference) -> Result<Self, Failure> {
        check_plain(&reference.to_string())?;
        let host = host_of(reference);
        let plain = is_loopback(host) || is_plain(host);
        Ok(Self {
            reference: reference.clone(),
            name: reference.to_string(),
            agent: http::agent(host, plain),
            scheme: Cell::new(if plain { "http" } else { "https" }),
            authorization: RefCell::default(),
        })
    }

    /// Returns the manifest with this digest, and size if it is known, or else the one of the tag;
    /// with it the media type that the registry gives it.
    pub(in crate::image) fn manifest(
        &self,
        known: Option<(&Digest, Option<u64>)>,
    ) -> Result<(Vec<u8>, Option<String>), Failure> {
        let which = known.map_or_else(
            || self.reference.tag().to_owned(),
            |(digest, _)| format!("sha256:{digest}"),
        );
        let (bytes, kind) = self.whole("manifest", &format!("manifests/{which}"))?;
        if let Some((digest, size)) = known {
            self.check("manifest", &bytes, digest, size)?;
        }
        Ok((bytes, kind))
    }

    /// Returns a short blob with this digest and size.
    pub(in crate::image) fn document(
        &self,
        what: &str,
        digest: &Digest,
        size: u64,
    ) -> Result<Vec<u8>, Failure> {
        let (bytes, _) = self.whole(what, &format!("blobs/sha256:{digest}"))?;
        self.check(what, &bytes, digest, Some(size))?;
        Ok(bytes)
    }

    /// Writes a blob with this digest and size to a file, and reports how many bytes there are.
    ///
    /// If the connection breaks, it goes on where it was, a limited number of times.
    pub(in crate::image) fn download(
        &self,
        what: &str,
        digest: &Digest,
        size: u64,
        into: &mut File,
        progress: &mut dyn FnMut(u64),
    ) -> Result<(), Failure> {
        let path = format!("blobs/sha256:{digest}");
        let mut download = Download::new(into, size);
        let mut attempts = Attempts::default();
        loop {
            let cut = match self.answer(&path, None, download.length()) {
                Ok(answer) => download.read(answer, progress).map_or_else(
                    |interruption| self.interrupted(what, size, interruption),
                    |()| Ok("it ended".to_owned()),
                )?,
                Err(Trouble::Cut(cause) | Trouble::NotPlain(cause)) => cause,
                Err(Trouble::Final(cause, hint)) => {
                    return Err(self.refused(what, &cause).hint(hint));
                }
            };
            // Whatever else the registry did, the digest decides.
            if download.length() == size {
                break;
            }
            let length = download.length();
            let Some(wait) = attempts.again(length) else {
                let cause = format!(
                    "the connection was cut {} times in a row, the last time after {length} of the {size} bytes of its {what}: {cut}",
                    attempts::COUNT
                );
                return Err(cannot(&self.name, cause).hint(LATER));
            };
            thread::sleep(wait);
        }
        let got = download.digest();
        self.compare(what, &got, digest)
    }

    /// Returns why a connection broke off, if it did.
    fn interrupted(&self, what: &str, size: u64, by: Interruption) -> Result<String, Failure> {
        match by {
            Interruption::Connection(cause) => Ok(cause),
            Interruption::Disk(error) => Err(cannot(&self.name, format!("its {what}: {error}"))),
            Interruption::TooLong => {
                let cause =
                    format!("its {what} has the wrong size: expected {size} bytes, got more");
                Err(cannot(&self.name, cause).hint(OTHER_BYTES))
            }
        }
    }

    /// Returns the whole of a short answer, and its media type.
    fn whole(&self, what: &str, path: &str) -> Result<(Vec<u8>, Option<String>), Failure> {
        let mut attempts = Attempts::default();
        loop {
            let read = self.answer(path, Some(MANIFESTS), 0).and_then(|answer| {
                let kind = answer.headers().get("content-type");
                let kind = kind.and_then(|kind| kind.to_str().ok().map(str::to_owned));
                http::content(answer, LONGEST)
                    .map(|bytes| (bytes, kind))
                    .map_err(|error| Trouble::Cut(http::words(&error)))
            });
            match read {
                Ok((Some(bytes), kind)) => return Ok((bytes, kind)),
                Ok((None, _)) => {
                    let cause = format!("its {what} is longer than {LONGEST} bytes");
                    return Err(cannot(&self.name, cause).hint("is it an image of a system?"));
                }
                Err(Trouble::Final(cause, hint)) => {
                    return Err(self.refused(what, &cause).hint(hint));
                }
                Err(Trouble::Cut(cause) | Trouble::NotPlain(cause)) => {
                    let Some(wait) = attempts.again(0) else {
                        let cause = format!(
                            "its {what} did not come in {} attempts: {cause}",
                            attempts::COUNT
                        );
                        return Err(cannot(&self.name, cause).hint(LATER));
                    };
                    thread::sleep(wait);
                }
            }
        }
    }

    /// Returns the answer to a request if it is a good one, after a login if it takes one.
    fn answer(
        &self,
        path: &str,
        accept: Option<&str>,
        from: u64,
    ) -> Result<Response<Body>, Trouble> {
        let mut has_logged_in = false;
        loop {
            let url = format!(
                "{}://{}/v2/{}/{path}",
                self.scheme.get(),
                host_of(&self.reference),
                repository_of(&self.reference)
            );
            let authorization = self.authorization.borrow().clone();
            let asked = Asked {
                authorization: authorization.as_deref(),
                accept,
                from,
                form: None,
            };
            let answer = http::send(&self.agent, &url, asked);
            // A registry on this host may have a certificate all the same, and then says so in words
            // that are not a registry's.
            let may_be_encrypted = match &answer {
                Ok(answer) => answer.status() == StatusCode::BAD_REQUEST && !is_json(answer),
                Err(Trouble::NotPlain(_)) => true,
                Err(_) => false,
            };
            if may_be_encrypted
                && self.scheme.get() == "http"
                && !is_plain(host_of(&self.reference))
            {
                self.scheme.set("https");
                continue;
            }
            let answer = answer?;
            if answer.status() == StatusCode::UNAUTHORIZED && !has_logged_in {
                has_logged_in = true;
                let authorization = login::authorization(&self.reference, &answer)?;
                self.authorization.replace(Some(authorization));
                continue;
            }
            return if answer.status().is_success() {
                Ok(answer)
            } else {
                Err(status::meaning(&self.reference, answer))
            };
        }
    }

    fn refused(&self, what: &str, cause: &str) -> Failure {
        let cause = if what == "manifest" {
            cause.to_owned()
        } else {
            format!("its {what}: {cause}")
        };
        cannot(&self.name, cause)
    }

    fn check(
        &self,
        what: &str,
        bytes: &[u8],
        digest: &Digest,
        size: Option<u64>,
    ) -> Result<(), Failure> {
        let length = bytes.len() as u64;
        if let Some(size) = size.filter(|size| *size != length) {
            let cause =
                format!("its {what} has the wrong size: expected {size} bytes, got {length}");
            return Err(cannot(&self.name, cause).hint(OTHER_BYTES));
        }
        let got = Digest::of_reader(bytes).map_err(|error| cannot(&self.name, error))?;
        self.compare(what, &got, digest)
    }

    fn compare(&self, what: &str, got: &Digest, expected: &Digest) -> Result<(), Failure> {
        if got == expected {
            return Ok(());
        }
        let cause = format!(
            "its {what} has the wrong digest: expected sha256:{expected}, got sha256:{got}"
        );
        Err(cannot(&self.name, cause).hint(OTHER_BYTES))
    }
}

/// Returns whether an answer is in the form of a registry's.
fn is_json(answer: &Response<Body>) -> bool {
    let kind = answer.headers().get("content-type");
    let kind = kind.and_then(|kind| kind.to_str().ok());
    kind.is_some_and(|kind| kind.contains("json"))
}

/// The hints for what may be better later, and for what no user can mend.
const LATER: &str = "try again; what had come is not kept";
const OTHER_BYTES: &str = "the registry, or something before it, sends other bytes than the image names; nothing of them is kept";
