//! Vaurien's HTTP API: the present behavior, the known ones, the backend.

use std::convert::Infallible;
use std::io;
use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use http_body_util::{BodyExt, Full, LengthLimitError, Limited};
use hyper::body::Incoming;
use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper::{Method, Request, Response, StatusCode};
use hyper_util::rt::{TokioIo, TokioTimer};
use serde_json::{Map, Value, json};
use tokio::net::{TcpListener, TcpStream};
use tokio::task::JoinSet;

use super::behaviors::{NAMES, Settings};
use super::control::Control;

/// How large the body of a call may be.
const LARGEST: usize = 64 * 1024;

/// How many connections are open at once; more wait to be accepted.
const CONNECTIONS: usize = 100;

/// How long a call may take to arrive.
const PATIENCE: Duration = Duration::from_secs(30);

/// How long it waits when a connection could not be accepted.
const PAUSE: Duration = Duration::from_millis(50);

/// What is wrong with a call: where in it, and what.
struct Wrong {
    status: StatusCode,
    name: &'static str,
    description: String,
}

/// Answers calls until the future is dropped.
pub(super) async fn serve(listener: TcpListener, control: Arc<Control>) {
    let mut connections = JoinSet::new();
    loop {
        let is_full = connections.len() >= CONNECTIONS;
        tokio::select! {
            Some(_) = connections.join_next(), if !connections.is_empty() => {}
            accepted = listener.accept(), if !is_full => match accepted {
                Ok((stream, _)) => drop(connections.spawn(answer_all(stream, Arc::clone(&control)))),
                Err(_) => tokio::time::sleep(PAUSE).await,
            }
        }
    }
}

async fn answer_all(stream: TcpStream, control: Arc<Control>) {
    let service = service_fn(|request| answer(request, &control));
    let mut builder = http1::Builder::new();
    builder
        .timer(TokioTimer::new())
        .header_read_timeout(PATIENCE)
        // A client that sends no more still waits for its reply.
        .half_close(true);
    // A client that breaks off has its reason.
    let _ = builder
        .serve_connection(TokioIo::new(stream), service)
        .await;
}

async fn answer(
    request: Request<Incoming>,
    control: &Control,
) -> Result<Response<Full<Bytes>>, Infallible> {
    let (status, value) = match reply(request, control).await {
        Ok(value) => (StatusCode::OK, value),
        Err(wrong) => (
            wrong.status,
            json!({
                "status": "error",
                "errors": [{
                    "location": "body",
                    "name": wrong.name,
                    "description": wrong.description,
                }],
            }),
        ),
    };
    let mut response = Response::new(Full::from(value.to_string()));
    *response.status_mut() = status;
    let kind = hyper::header::HeaderValue::from_static("application/json; charset=UTF-8");
    let headers = response.headers_mut();
    headers.insert(hyper::header::CONTENT_TYPE, kind);
    Ok(response)
}

async fn reply(request: Request<Incoming>, control: &Control) -> Result<Value, Wrong> {
    let method = request.method().clone();
    match (request.uri().path(), method) {
        ("/behavior", Method::GET) => Ok(json!({ "behavior": control.behavior() })),
        ("/behaviors", Method::GET) => Ok(json!({ "behaviors": NAMES })),
        ("/backend", Method::GET) => Ok(json!({ "backend": control.backend().await })),
        ("/behavior", Method::PUT) => {
            let mut wanted = object(request).await?;
            let name = text(&mut wanted, "name")?;
            let options = wanted.into_iter().map(|(key, value)| match value {
                Value::String(value) => (key, value),
                other => (key, other.to_string()),
            });
            let options: Settings = options.collect();
            if !NAMES.contains(&name.as_str()) {
                let description = format!("the '{name}' behavior does not exist");
                return Err(wrong("name", description));
            }
            let set = control.set_behavior(&name, options);
            set.map_err(|error| wrong("", error))?;
            Ok(json!({ "status": "ok" }))
        }
        ("/backend", Method::PUT) => {
            let backend = text(&mut object(request).await?, "backend")?;
            let port = backend.rsplit_once(':').map(|(_, port)| port);
            if port.is_none_or(|port| port.parse::<u16>().is_err()) {
                let description = format!("Expected HOST:PORT: '{backend}'");
                return Err(wrong("backend", description));
            }
            let set = control.set_backend(&backend).await;
            set.map_err(|error| Wrong {
                status: StatusCode::INTERNAL_SERVER_ERROR,
                ..wrong("backend", error.to_string())
            })?;
            Ok(json!({ "status": "ok" }))
        }
        ("/behavior" | "/behaviors" | "/backend", _) => Err(Wrong {
            status: StatusCode::METHOD_NOT_ALLOWED,
            ..wrong("", "there is no such method here".to_owned())
        }),
        _ => Err(Wrong {
            status: StatusCode::NOT_FOUND,
            ..wrong("", "there is nothing at this path".to_owned())
        }),
    }
}

fn wrong(name: &'static str, description: String) -> Wrong {
    Wrong {
        status: StatusCode::BAD_REQUEST,
        name,
        description,
    }
}

/// Returns the JSON object in a call.
async fn object(request: Request<Incoming>) -> Result<Map<String, Value>, Wrong> {
    let body = Limited::new(request.into_body(), LARGEST).collect();
    let read = tokio::time::timeout(PATIENCE, body).await;
    let read = read.map_err(|_| Wrong {
        status: StatusCode::REQUEST_TIMEOUT,
        ..wrong("", "the value has not arrived in time".to_owned())
    })?;
    let body = read.map_err(|error| {
        if error.is::<LengthLimitError>() {
            Wrong {
                status: StatusCode::PAYLOAD_TOO_LARGE,
                ..wrong("", format!("the value has more than {LARGEST} bytes"))
            }
        } else {
            wrong("", format!("cannot read the value: {error}"))
        }
    })?;
    let value = serde_json::from_slice(&body.to_bytes()).ok();
    value.ok_or_else(|| wrong("", "the value is not a valid json object".to_owned()))
}

fn text(object: &mut Map<String, Value>, key: &'static str) -> Result<String, Wrong> {
    match object.remove(key) {
        Some(Value::String(text)) => Ok(text),
        _ => Err(wrong(
            "",
            format!("the value should contain a \"{key}\" key"),
        )),
    }
}

/// Listens for calls.
pub(super) async fn bind(host: &str, port: u16) -> io::Result<TcpListener> {
    TcpListener::bind((host, port)).await
}
