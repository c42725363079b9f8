//! The commands: their names, and what replies to them look like. What follows the first byte of a
//! command concerns this file only as text for a name.

use super::capabilities::Capabilities;
use super::reply::Kind;
use crate::protocol::Answers;
use crate::protocol::name::name;

/// How many bytes of a command are looked at. They make the name of its request.
pub(super) const HEAD: usize = 168;

/// What the proxy does with a command.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Course {
    /// It gets one reply of this kind.
    Replied(Kind),
    /// It gets no reply, so that there is no place for an error.
    Silent,
    /// Nobody but its two ends knows what follows.
    Opaque,
}

impl Course {
    /// Returns how many replies there are.
    pub(super) fn answers(self) -> Answers {
        match self {
            Self::Replied(_) => Answers::One,
            Self::Silent | Self::Opaque => Answers::None,
        }
    }
}

/// Returns the name of a command, and what the proxy does with it.
pub(super) fn command(number: u8) -> (&'static str, Course) {
    use Course::{Opaque, Replied, Silent};
    use Kind::{Fetched, FieldList, Login, Prepared, Result, Single};
    match number {
        0x00 => ("COM_SLEEP", Replied(Single)),
        0x01 => ("COM_QUIT", Silent),
        0x02 => ("COM_INIT_DB", Replied(Single)),
        0x03 => ("COM_QUERY", Replied(Result)),
        0x04 => ("COM_FIELD_LIST", Replied(FieldList)),
        0x05 => ("COM_CREATE_DB", Replied(Single)),
        0x06 => ("COM_DROP_DB", Replied(Single)),
        0x07 => ("COM_REFRESH", Replied(Single)),
        0x08 => ("COM_SHUTDOWN", Replied(Single)),
        0x09 => ("COM_STATISTICS", Replied(Single)),
        0x0a => ("COM_PROCESS_INFO", Replied(Result)),
        0x0b => ("COM_CONNECT", Replied(Single)),
        0x0c => ("COM_PROCESS_KILL", Replied(Single)),
        0x0d => ("COM_DEBUG", Replied(Single)),
        0x0e => ("COM_PING", Replied(Single)),
        0x0f => ("COM_TIME", Replied(Single)),
        0x10 => ("COM_DELAYED_INSERT", Replied(Single)),
        0x11 => ("COM_CHANGE_USER", Replied(Login)),
        0x16 => ("COM_STMT_PREPARE", Replied(Prepared)),
        0x17 => ("COM_STMT_EXECUTE", Replied(Result)),
        0x18 => ("COM_STMT_SEND_LONG_DATA", Silent),
        0x19 => ("COM_STMT_CLOSE", Silent),
        0x1a => ("COM_STMT_RESET", Replied(Single)),
        0x1b => ("COM_SET_OPTION", Replied(Single)),
        0x1c => ("COM_STMT_FETCH", Replied(Fetched)),
        0x1f => ("COM_RESET_CONNECTION", Replied(Single)),
        0xfa => ("COM_STMT_BULK_EXECUTE", Replied(Result)),
        // Replication, cloning, and what will be invented.
        _ => ("COM_UNKNOWN", Opaque),
    }
}

/// Returns the name of the request that begins with these bytes.
pub(super) fn request_name(head: &[u8], capabilities: Capabilities) -> String {
    let Some((number, rest)) = head.split_first() else {
        return "COM_SLEEP".to_owned();
    };
    let (command, _) = command(*number);
    let text = match command {
        "COM_INIT_DB" | "COM_STMT_PREPARE" => rest,
        // Without attributes there is a 0, the number of attributes, and a 1, that of their sets.
        "COM_QUERY" if capabilities.has_query_attributes() => {
            rest.strip_prefix(&[0, 1]).unwrap_or_default()
        }
        "COM_QUERY" => rest,
        _ => &[],
    };
    name(&[command.as_bytes(), b" ", text].concat())
}
