//! The errors of HTTP, and what they look like on the wire.

use bytes::Bytes;

use super::head::RequestKind;
use crate::protocol::{Answer, Fault, KnownFault, Unsupported, unknown_fault};

const fn known(code: &'static str, text: &'static str) -> KnownFault {
    KnownFault { code, text }
}

const TRUNCATED: &str = "truncated";
const BAD_CHUNK: &str = "bad-chunk";

pub(super) const KNOWN: &[KnownFault] = &[
    known("500", "Internal Server Error"),
    known("501", "Not Implemented"),
    known("502", "Bad Gateway"),
    known("503", "Service Unavailable"),
    known("504", "Gateway Timeout"),
    known("429", "Too Many Requests"),
    known(TRUNCATED, "200 with half of the body it announces"),
    known(BAD_CHUNK, "200 with a chunk whose size is no number"),
];

/// What stands for any error: what Vaurien chooses from.
pub(super) const DEFAULT: &[KnownFault] = KNOWN.split_at(4).0;

/// After how many seconds a client may try again.
const RETRY_AFTER: &str = "Retry-After: 1\r\n";

/// How long the body is of which only the first half comes.
const WHOLE: usize = 1_024;

/// Returns how a server says this error to this request.
pub(super) fn answer(request: RequestKind, fault: &Fault) -> Result<Answer, Unsupported> {
    match fault.code.as_str() {
        TRUNCATED | BAD_CHUNK if request.is_head || request.is_connect => Err(Unsupported {
            code: fault.code.clone(),
            reason: "the reply to this request has no body".to_owned(),
        }),
        BAD_CHUNK if request.is_old => Err(Unsupported {
            code: fault.code.clone(),
            reason: "HTTP/1.0 has no chunks".to_owned(),
        }),
        TRUNCATED => Ok(closing(format!(
            "HTTP/1.1 200 OK\r\nContent-Type: text/plain\r\nContent-Length: {WHOLE}\r\n\r\n{}",
            "x".repeat(WHOLE / 2)
        ))),
        BAD_CHUNK => Ok(closing(
            "HTTP/1.1 200 OK\r\nContent-Type: text/plain\r\nTransfer-Encoding: chunked\r\n\r\n\
             5\r\nhello\r\nnot a size\r\n"
                .to_owned(),
        )),
        code => match KNOWN.iter().find(|known| known.code == code) {
            Some(known) => Ok(status(request, *known, fault.text.as_deref())),
            None => Err(unknown_fault("HTTP", code, KNOWN)),
        },
    }
}

fn closing(reply: String) -> Answer {
    Answer {
        to_client: Bytes::from(reply),
        closes: true,
        ..Answer::default()
    }
}

/// Returns a reply with this status. It ends the connection only if the client wants that, or if
/// the client may send a body or not, as it likes, now that it is not told to continue.
fn status(request: RequestKind, known: KnownFault, text: Option<&str>) -> Answer {
    let KnownFault { code, text: reason } = known;
    let closes = request.closes || request.expects_continue;
    let body = format!("{}\n", text.unwrap_or(reason));
    let retry = if matches!(code, "429" | "503") {
        RETRY_AFTER
    } else {
        ""
    };
    let connection = if closes { "Connection: close\r\n" } else { "" };
    let length = body.len();
    let head = format!(
        "HTTP/1.1 {code} {reason}\r\nContent-Type: text/plain; charset=utf-8\r\n\
         Content-Length: {length}\r\n{retry}{connection}\r\n"
    );
    let reply = if request.is_head { head } else { head + &body };
    Answer {
        to_client: Bytes::from(reply),
        closes,
        ..Answer::default()
    }
}
