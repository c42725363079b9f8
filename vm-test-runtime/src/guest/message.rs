//! The message of a panic or an error, no longer than a report can be.

use std::any::Any;
use vm_test_protocol::frame;

/// Returns the message of a panic, if it has one.
pub(crate) fn text_of(payload: &(dyn Any + Send)) -> Option<String> {
    let text = payload
        .downcast_ref::<&'static str>()
        .map(|text| (*text).to_owned())
        .or_else(|| payload.downcast_ref::<String>().cloned())?;
    Some(cut(text, frame::CAP / 2))
}

/// Cuts a text that is longer than this, in bytes.
pub(super) fn cut(mut text: String, most: usize) -> String {
    if text.len() > most {
        let end = (0..=most).rev().find(|&at| text.is_char_boundary(at));
        text.truncate(end.unwrap_or(0));
        text.push_str(" … (cut)");
    }
    text
}
