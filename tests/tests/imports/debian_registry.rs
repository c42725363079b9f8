//! The registry that Debian packages, with and without encryption and passwords: the same images
//! as from the one of these tests.

use super::archive::Archive;
use super::good::run;
use super::layout::HERE;
use super::odd::{base, import};
use super::place::{Place, compressed, finish};
use super::rootfs::SHOW;
use super::shelf::Shelf;
use serde_json::json;
use std::fs;
use std::net::{TcpListener, TcpStream};
use std::path::PathBuf;
use std::process::{Child, Command};
use std::time::{Duration, Instant};

const PROGRAM: &str = "docker-registry";

/// How long it may take to start.
const START: Duration = Duration::from_secs(20);

/// A running registry, which ends with this value.
struct Running {
    child: Child,
    host: String,
    log: PathBuf,
}

impl Running {
    /// Starts one with more lines of its configuration.
    fn start(place: &Place, more: &str) -> Self {
        let address = TcpListener::bind("127.0.0.1:0")
            .unwrap()
            .local_addr()
            .unwrap();
        let files = place.path("registry");
        let config = format!(
            "version: 0.1\nlog:\n  level: info\nstorage:\n  filesystem:\n    rootdirectory: {}\nhttp:\n  addr: {address}\n  secret: of-this-test\n{more}",
            files.display()
        );
        let config = place.write("registry.yml", config);
        let log = place.path("registry.log");
        let output = fs::File::create(&log).unwrap();
        let mut command = Command::new(PROGRAM);
        command
            .args(["serve", &config])
            .stdout(output.try_clone().unwrap());
        let child = command.stderr(output).spawn();
        let child = child.unwrap_or_else(|error| panic!("{PROGRAM}: {error}"));
        let running = Self {
            child,
            host: address.to_string(),
            log,
        };
        let began = Instant::now();
        while TcpStream::connect(address).is_err() {
            assert!(began.elapsed() < START, "{}", running.log());
            std::thread::sleep(Duration::from_millis(20));
        }
        running
    }

    fn log(&self) -> String {
        fs::read_to_string(&self.log).unwrap()
    }

    /// Returns how many requests of vm-test it has answered.
    fn answered(&self) -> usize {
        let log = self.log();
        let lines = log
            .lines()
            .filter(|line| line.contains("response completed"));
        lines.filter(|line| line.contains("vm-test/")).count()
    }

    /// Puts an image of two layers into it, in a list with one for another architecture.
    fn fill(&self, place: &Place, address: &str, curl: &[&str]) {
        let mut shelf = Shelf::default();
        let above = Archive::default()
            .file("etc/marker", b"from Debian's\n")
            .finish();
        let layers = [
            ("+gzip", compressed("gzip", &base().finish())),
            ("+zstd", compressed("zstd", &above)),
        ];
        let other = shelf.image_for(&layers[..1], "s390x");
        let here = shelf.image_for(&layers, HERE);
        shelf.list("latest", &[("s390x", other), (HERE, here)]);
        // Blobs come before the manifests that name them, and these before lists.
        let mut files: Vec<_> = shelf.files().collect();
        files.sort_by_key(|(path, kind, _)| {
            (path.starts_with("manifests/"), kind.contains("index"))
        });
        for (path, kind, bytes) in files {
            let file = place.write("upload", bytes);
            let send = |url: &str, kind: &str| {
                let mut command = Command::new("curl");
                command
                    .args(["-sS", "--fail", "-o", "/dev/null"])
                    .args(curl);
                command.args(["-H", &format!("Content-Type: {kind}"), "-T", &file, url]);
                finish(command.output().unwrap(), &["curl", url]);
            };
            match path.strip_prefix("blobs/") {
                None => send(&format!("{address}/v2/a/b/{path}"), kind),
                Some(digest) => {
                    let mut command = Command::new("curl");
                    command.args(["-sS", "--fail", "-X", "POST", "-o", "/dev/null", "-w"]);
                    command.arg("%header{location}").args(curl);
                    command.arg(format!("{address}/v2/a/b/blobs/uploads/"));
                    let place = finish(command.output().unwrap(), &["curl"]);
                    send(
                        &format!("{place}&digest={digest}"),
                        "application/octet-stream",
                    );
                }
            }
        }
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        self.child.kill().unwrap();
        self.child.wait().unwrap();
    }
}

#[test]
fn an_image_comes_from_debians_registry_and_a_second_build_asks_for_its_manifest_only() {
    let place = Place::new();
    let registry = Running::start(&place, "");
    registry.fill(&place, &format!("http://{}", registry.host), &[]);
    let source = format!("oci://{}/a/b", registry.host);
    import(&place, "i", &source);
    assert_eq!(run(&place, "i", &SHOW), "from Debian's\n");
    // The list, the manifest, the configuration, two layers.
    assert_eq!(registry.answered(), 5, "{}", registry.log());
    import(&place, "i", &source);
    assert_eq!(registry.answered(), 6, "{}", registry.log());
    place.refuse(
        &mut place.vm_test(&["image", "import", "x", &format!("{source}:gone")]),
        &format!(
            "cannot import {source}:gone: the registry has none (404 Not Found: manifest unknown)"
        ),
        "are name and tag right? Some registries say the same to those who may not see it",
    );
}

#[test]
fn debians_registry_is_reached_with_encryption_and_a_password() {
    let place = Place::new();
    let (key, certificate) = (place.path("key.pem"), place.path("cert.pem"));
    let mut openssl = Command::new("openssl");
    openssl.args([
        "req",
        "-x509",
        "-newkey",
        "ec",
        "-pkeyopt",
        "ec_paramgen_curve:prime256v1",
    ]);
    openssl.args(["-nodes", "-days", "2", "-subj", "/CN=of this test"]);
    openssl.args(["-addext", "subjectAltName=IP:127.0.0.1"]);
    openssl.args(["-addext", "basicConstraints=critical,CA:FALSE"]);
    openssl
        .arg("-keyout")
        .arg(&key)
        .arg("-out")
        .arg(&certificate);
    finish(openssl.output().unwrap(), &["openssl"]);
    let mut perl = Command::new("perl");
    perl.args([
        "-e",
        r#"print "ann:", crypt("secret", "\$2y\$05\$abcdefghijklmnopqrstuu"), "\n""#,
    ]);
    let users = place.write("users", finish(perl.output().unwrap(), &["perl"]));
    let (key, certificate) = (key.to_str().unwrap(), certificate.to_str().unwrap());
    let more = format!(
        "  tls:\n    certificate: {certificate}\n    key: {key}\nauth:\n  htpasswd:\n    realm: here\n    path: {users}\n"
    );
    let registry = Running::start(&place, &more);
    let address = format!("https://{}", registry.host);
    registry.fill(
        &place,
        &address,
        &["--cacert", certificate, "-u", "ann:secret"],
    );
    let source = format!("oci://{}/a/b", registry.host);
    let command = || {
        let mut command = place.vm_test(&["image", "import", "i", &source]);
        command.env("DOCKER_CONFIG", place.path("docker"));
        command
    };
    let host = &registry.host;
    place.refuse(
        &mut command(),
        &format!("cannot import {source}:latest: {host} cannot be trusted: invalid peer certificate: UnknownIssuer"),
        "certificates are checked against those of this system (package ca-certificates); SSL_CERT_FILE names others",
    );
    place.refuse(
        command().env("SSL_CERT_FILE", certificate),
        &format!("cannot import {source}:latest: the registry asks for a login"),
        &format!("docker login {host}; credentials are read from {{}}/docker/config.json"),
    );
    let entry = json!({ "username": "ann", "password": "secret" });
    let config = json!({ "auths": { host: entry } });
    place.write("docker/config.json", config.to_string());
    let output = command().env("SSL_CERT_FILE", certificate).output();
    finish(output.unwrap(), &["image", "import"]);
    assert_eq!(run(&place, "i", &SHOW), "from Debian's\n");
}
