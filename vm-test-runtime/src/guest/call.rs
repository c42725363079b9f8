//! Runs a call in the process that was started for it, on a node of a lab. Knows no node and no
//! function: both are in the bytes that came.

use super::channel::Channel;
use super::message::text_of;
use crate::call;
use std::panic::{AssertUnwindSafe, catch_unwind};
use vm_test_protocol::body::ToBody;
use vm_test_protocol::lab::{MOST_BYTES, Returned};

/// Waits for the call and runs it.
pub(super) fn run(channel: &Channel) -> Returned {
    let bytes = match channel.hear() {
        Ok(ToBody::Call(bytes)) => bytes,
        Ok(ToBody::Answered(_)) => return failed("an answer came in its place"),
        Err(error) => return failed(&format!("it did not arrive: {error}")),
    };
    let (address, argument) = match call::decode(&bytes) {
        Ok(call) => call,
        Err(error) => return failed(&error.to_string()),
    };
    match catch_unwind(AssertUnwindSafe(|| address.call(&argument, MOST_BYTES))) {
        Ok(Ok(value)) => Returned::Value(value),
        Ok(Err(refusal)) => failed(&refusal.to_string()),
        Err(payload) => Returned::Panicked {
            message: text_of(payload.as_ref()),
            // The panic was reported when it happened.
            location: None,
        },
    }
}

fn failed(reason: &str) -> Returned {
    Returned::Failed(reason.to_owned())
}
