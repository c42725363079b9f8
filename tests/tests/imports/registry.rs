//! A registry on loopback: images that a test puts there, every request that comes, and answers that
//! a test may spoil.

use super::layout::{HERE, hash};
use serde_json::{Value, json};
use std::collections::HashMap;
use std::io::{BufRead, BufReader, Read, Write};
use std::net::{Shutdown, SocketAddr, TcpListener, TcpStream};
use std::sync::{Arc, Mutex};
use std::thread::{self, JoinHandle};

/// The name of all images here.
const NAME: &str = "a/b";

const MANIFEST: &str = "application/vnd.oci.image.manifest.v1+json";
const INDEX: &str = "application/vnd.oci.image.index.v1+json";
const CONFIG: &str = "application/vnd.oci.image.config.v1+json";
const LAYER: &str = "application/vnd.oci.image.layer.v1.tar";

/// How much of an answer is written at once.
const PIECE: usize = 1 << 20;

/// A request.
#[derive(Clone, Debug)]
pub(crate) struct Request {
    /// Its method and path, as in `GET /v2/a/b/manifests/latest`.
    pub(crate) line: String,
    headers: HashMap<String, String>,
    /// What was sent with it.
    pub(crate) body: String,
}

impl Request {
    /// Returns the value of a header, or nothing.
    pub(crate) fn header(&self, name: &str) -> &str {
        self.headers.get(name).map_or("", String::as_str)
    }

    /// Returns the first byte that it asks for.
    pub(crate) fn from(&self) -> usize {
        let range = self.header("range").strip_prefix("bytes=");
        let first = range.and_then(|range| range.strip_suffix('-'));
        first.map_or(0, |first| first.parse().unwrap())
    }

    /// Returns the same for everything.
    pub(crate) fn without_range(&self) -> Self {
        let mut whole = self.clone();
        whole.headers.remove("range");
        whole
    }
}

/// An answer.
#[derive(Clone, Debug, Default)]
pub(crate) struct Answer {
    pub(crate) status: u16,
    pub(crate) headers: Vec<(&'static str, String)>,
    pub(crate) body: Arc<Vec<u8>>,
    /// Zeros that follow the body.
    pub(crate) zeros: u64,
    /// The connection is cut after this many bytes of it.
    pub(crate) cut: Option<u64>,
    /// It is not cut there, but nothing more comes.
    pub(crate) is_silent: bool,
}

impl Answer {
    /// Returns an answer with a text.
    pub(crate) fn text(status: u16, text: impl Into<Vec<u8>>) -> Self {
        let body = Arc::new(text.into());
        Self {
            status,
            body,
            ..Self::default()
        }
    }

    /// Returns it with one more header.
    pub(crate) fn with(mut self, name: &'static str, value: impl Into<String>) -> Self {
        self.headers.push((name, value.into()));
        self
    }

    /// Returns it cut after this many bytes.
    pub(crate) fn cut(mut self, after: u64) -> Self {
        self.cut = Some(after);
        self
    }
}

/// The images of a registry.
#[derive(Clone, Debug, Default)]
pub(crate) struct Shelf {
    files: HashMap<String, (&'static str, Arc<Vec<u8>>)>,
    /// The digests of all layers, in the order in which they came.
    pub(crate) layers: Vec<String>,
}

impl Shelf {
    /// Adds an image of these layers, each with the end of its media type; returns its digest.
    pub(crate) fn image(&mut self, tag: &str, layers: &[(&str, Vec<u8>)]) -> String {
        let manifest = self.image_for(layers, HERE);
        self.name(tag, &manifest)
    }

    /// Adds an image for an architecture without a name; returns its manifest.
    pub(crate) fn image_for(&mut self, layers: &[(&str, Vec<u8>)], machine: &str) -> Value {
        let config = json!({ "architecture": machine, "os": "linux" }).to_string();
        let config = self.blob(CONFIG, config.into_bytes());
        let layers: Vec<_> = layers
            .iter()
            .map(|(end, bytes)| {
                let mut layer = self.blob(LAYER, bytes.clone());
                layer["mediaType"] = format!("{LAYER}{end}").into();
                let digest = layer["digest"].as_str().unwrap();
                self.layers.push(digest.to_owned());
                layer
            })
            .collect();
        json!({ "schemaVersion": 2, "mediaType": MANIFEST, "config": config, "layers": layers })
    }

    /// Adds a list of images for these architectures; returns its digest.
    pub(crate) fn list(&mut self, tag: &str, images: &[(&str, Value)]) -> String {
        let manifests: Vec<_> = images
            .iter()
            .map(|(machine, manifest)| {
                let bytes = manifest.to_string().into_bytes();
                let digest = self.name("", manifest);
                json!({
                    "mediaType": kind_of(manifest), "digest": digest, "size": bytes.len(),
                    "platform": { "os": "linux", "architecture": machine },
                })
            })
            .collect();
        let list = json!({ "schemaVersion": 2, "mediaType": INDEX, "manifests": manifests });
        self.name(tag, &list)
    }

    /// Adds a manifest under its digest and a tag; returns the digest.
    pub(crate) fn name(&mut self, tag: &str, manifest: &Value) -> String {
        let kind = kind_of(manifest);
        let bytes = Arc::new(manifest.to_string().into_bytes());
        let digest = format!("sha256:{}", hash(&bytes));
        for name in [tag, &digest].into_iter().filter(|name| !name.is_empty()) {
            let path = format!("manifests/{name}");
            self.files.insert(path, (kind, Arc::clone(&bytes)));
        }
        digest
    }

    /// Returns the manifest or list with this tag or digest.
    pub(crate) fn manifest(&self, name: &str) -> Value {
        let (_, bytes) = &self.files[&format!("manifests/{name}")];
        serde_json::from_slice(bytes).unwrap()
    }

    /// Adds a blob; returns a reference to it.
    pub(crate) fn blob(&mut self, kind: &'static str, bytes: Vec<u8>) -> Value {
        let (size, digest) = (bytes.len(), format!("sha256:{}", hash(&bytes)));
        let path = format!("blobs/{digest}");
        self.files.insert(path, (kind, Arc::new(bytes)));
        json!({ "mediaType": kind, "digest": digest, "size": size })
    }

    /// Returns the paths, media types and contents of everything.
    pub(crate) fn files(&self) -> impl Iterator<Item = (&str, &str, &[u8])> {
        let files = self.files.iter();
        files.map(|(path, (kind, bytes))| (&path[..], *kind, &bytes[..]))
    }

    /// Returns the right answer to a request.
    pub(crate) fn answer(&self, request: &Request) -> Answer {
        let path = request.line.strip_prefix(&format!("GET /v2/{NAME}/"));
        let Some((kind, bytes)) = path.and_then(|path| self.files.get(path)) else {
            let words = r#"{"errors":[{"code":"NAME_UNKNOWN","message":"nothing of this name"}]}"#;
            return Answer::text(404, words);
        };
        let from = request.from();
        let answer = Answer::text(if from > 0 { 206 } else { 200 }, &bytes[from..]);
        let answer = answer.with("Content-Type", *kind);
        if from == 0 {
            return answer;
        }
        let (last, whole) = (bytes.len() - 1, bytes.len());
        answer.with("Content-Range", format!("bytes {from}-{last}/{whole}"))
    }
}

/// Returns the media type of a manifest or list.
fn kind_of(manifest: &Value) -> &'static str {
    match manifest.get("manifests") {
        Some(_) => INDEX,
        None => MANIFEST,
    }
}

/// A running registry, which ends with this value.
#[derive(Debug)]
pub(crate) struct Registry {
    address: SocketAddr,
    log: Arc<Mutex<Vec<Request>>>,
    thread: Option<JoinHandle<()>>,
}

impl Registry {
    /// Starts a registry with these answers.
    pub(crate) fn serve(answer: impl Fn(&Request) -> Answer + Send + Sync + 'static) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let address = listener.local_addr().unwrap();
        let log = Arc::<Mutex<Vec<_>>>::default();
        let (answer, shared) = (Arc::new(answer), Arc::clone(&log));
        let thread = thread::spawn(move || {
            for stream in listener.incoming() {
                let stream = stream.unwrap();
                if Arc::strong_count(&shared) == 1 {
                    return;
                }
                let (answer, log) = (Arc::clone(&answer), Arc::downgrade(&shared));
                thread::spawn(move || {
                    // Whoever asks may go away at any time.
                    let _ = converse(&stream, &|request| {
                        if let Some(log) = log.upgrade() {
                            log.lock().unwrap().push(request.clone());
                        }
                        answer(request)
                    });
                    let _ = stream.shutdown(Shutdown::Both);
                });
            }
        });
        Self {
            address,
            log,
            thread: Some(thread),
        }
    }

    /// Starts a registry with these images.
    pub(crate) fn of(shelf: &Shelf) -> Self {
        let shelf = shelf.clone();
        Self::serve(move |request| shelf.answer(request))
    }

    /// Returns its host and port.
    pub(crate) fn host(&self) -> String {
        self.address.to_string()
    }

    /// Returns the source of an image, with the tag or digest behind its name.
    pub(crate) fn source(&self, rest: &str) -> String {
        format!("oci://{}/{NAME}{rest}", self.address)
    }

    /// Returns the lines of all requests since the last call.
    pub(crate) fn lines(&self) -> Vec<String> {
        self.requests().into_iter().map(|it| it.line).collect()
    }

    /// Returns all requests since the last call.
    pub(crate) fn requests(&self) -> Vec<Request> {
        std::mem::take(&mut self.log.lock().unwrap())
    }
}

impl Drop for Registry {
    fn drop(&mut self) {
        self.log = Arc::default();
        // Wakes the thread up.
        drop(TcpStream::connect(self.address));
        self.thread.take().unwrap().join().unwrap();
    }
}

/// Answers the requests on a connection, one after the other.
fn converse(stream: &TcpStream, answer: &dyn Fn(&Request) -> Answer) -> std::io::Result<()> {
    let mut reader = BufReader::new(stream);
    loop {
        let mut line = String::new();
        if reader.read_line(&mut line)? == 0 {
            return Ok(());
        }
        let line = line.rsplit_once(' ').map_or("", |(line, _)| line);
        let mut request = Request {
            line: line.to_owned(),
            headers: HashMap::new(),
            body: String::new(),
        };
        loop {
            let mut header = String::new();
            reader.read_line(&mut header)?;
            let Some((name, value)) = header.trim_end().split_once(": ") else {
                break;
            };
            let name = name.to_ascii_lowercase();
            request.headers.insert(name, value.to_owned());
        }
        let length = request.header("content-length").parse().unwrap_or(0);
        (&mut reader)
            .take(length)
            .read_to_string(&mut request.body)?;
        let answer = answer(&request);
        if write(stream, &answer)? {
            if answer.is_silent {
                // Until whoever asks goes away.
                reader.read_line(&mut String::new())?;
            }
            return Ok(());
        }
    }
}

/// Writes an answer; returns whether the connection is cut.
fn write(mut stream: &TcpStream, answer: &Answer) -> std::io::Result<bool> {
    let whole = answer.body.len() as u64 + answer.zeros;
    let mut head = format!(
        "HTTP/1.1 {} Words\r\nContent-Length: {whole}\r\n",
        answer.status
    );
    for (name, value) in &answer.headers {
        head += &format!("{name}: {value}\r\n");
    }
    stream.write_all(format!("{head}\r\n").as_bytes())?;
    let end = answer.cut.unwrap_or(whole).min(whole);
    let text = end.min(answer.body.len() as u64);
    stream.write_all(&answer.body[..usize::try_from(text).unwrap()])?;
    let (zeros, mut left) = (vec![0; PIECE], end - text);
    while left > 0 {
        let piece = left.min(PIECE as u64);
        stream.write_all(&zeros[..usize::try_from(piece).unwrap()])?;
        left -= piece;
    }
    Ok(answer.cut.is_some())
}
