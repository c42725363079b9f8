//! The commands of the binary protocol: their names, and which of them are quiet.

use crate::protocol::Answers;

/// Asks for statistics, which come in many packets.
pub(super) const STAT: u8 = 0x10;

/// Closes the connection without a word.
const QUITQ: u8 = 0x17;

/// Goes on with a login.
pub(super) const SASL_STEP: u8 = 0x22;

const NAMES: &[(u8, &str)] = &[
    (0x00, "get"),
    (0x01, "set"),
    (0x02, "add"),
    (0x03, "replace"),
    (0x04, "delete"),
    (0x05, "increment"),
    (0x06, "decrement"),
    (0x07, "quit"),
    (0x08, "flush"),
    (0x09, "getq"),
    (0x0a, "noop"),
    (0x0b, "version"),
    (0x0c, "getk"),
    (0x0d, "getkq"),
    (0x0e, "append"),
    (0x0f, "prepend"),
    (STAT, "stat"),
    (0x11, "setq"),
    (0x12, "addq"),
    (0x13, "replaceq"),
    (0x14, "deleteq"),
    (0x15, "incrementq"),
    (0x16, "decrementq"),
    (QUITQ, "quitq"),
    (0x18, "flushq"),
    (0x19, "appendq"),
    (0x1a, "prependq"),
    (0x1b, "verbosity"),
    (0x1c, "touch"),
    (0x1d, "gat"),
    (0x1e, "gatq"),
    (0x20, "sasl_list_mechs"),
    (0x21, "sasl_auth"),
    (SASL_STEP, "sasl_step"),
    (0x23, "gatk"),
    (0x24, "gatkq"),
];

/// Returns the name of a command.
pub(super) fn name(opcode: u8) -> String {
    let known = NAMES.iter().find(|(known, _)| *known == opcode);
    known.map_or_else(|| format!("{opcode:#04x}"), |(_, name)| (*name).to_owned())
}

/// Returns how many replies a command gets.
pub(super) fn answers(opcode: u8) -> Answers {
    match opcode {
        QUITQ => Answers::None,
        0x09 | 0x0d | 0x11..=0x16 | 0x18..=0x1a | 0x1e | 0x24 => Answers::Maybe,
        _ => Answers::One,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_quiet_has_a_q_at_the_end_of_its_name() {
        for (opcode, name) in NAMES {
            let is_quiet = name.ends_with('q') && *name != "quitq";
            assert_eq!(answers(*opcode) == Answers::Maybe, is_quiet, "{name}");
        }
        assert_eq!(answers(QUITQ), Answers::None);
        assert_eq!(name(0xee), "0xee");
    }
}
