//! Which frames of a network no fault can be about, whatever its faults do and whenever: said so that
//! the kernel can tell these frames from others by itself. Hands on none.

use super::stations::Address;
use std::collections::BTreeSet;
use std::net::IpAddr;
use vm_test_protocol::filter::Mark;
use vm_test_sys::packet_program::Program;

/// Types of what frames have in them, and the protocol above.
const IPV4: u32 = 0x0800;
const IPV6: u32 = 0x86dd;
const TCP: u32 = 6;

/// How long the headers of frames are, at the least, where there are two addresses in those, and two
/// ports.
const ETHERNET: u32 = 14;
const ADDRESSES_V4: u32 = ETHERNET + 12;
const ADDRESSES_V6: u32 = ETHERNET + 8;
const PORTS_V4: u32 = ETHERNET + 20;
const PORTS_V6: u32 = ETHERNET + 40;
const PORTS: u32 = 4;

/// The most ports and addresses that faults may be about, before no frame counts as unaffected: the
/// kernel compares each frame with all of them.
const MOST_MARKS: usize = 16;

/// Frames with packets of TCP that have none of these marks, are in one piece, and in no VLAN.
#[derive(Clone, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Unaffected {
    marks: BTreeSet<Mark>,
}

impl Unaffected {
    /// Returns the frames of TCP without these marks, if there are few enough of those.
    pub(super) fn without(marks: BTreeSet<Mark>) -> Option<Self> {
        (marks.len() <= MOST_MARKS).then_some(Self { marks })
    }

    /// Returns the program that answers `yes` to such a frame from one of some addresses to one of
    /// others, and `no` to all other frames.
    pub(super) fn program(&self, from: &[Address], to: &[Address], yes: u32, no: u32) -> Program {
        let v4 = Program::new()
            // Version 4, without options.
            .byte(ETHERNET)
            .require(0x45, no)
            // No fragment: no more follow, and it begins at 0.
            .half(ETHERNET + 6)
            .masked(0x3fff)
            .require(0, no)
            .byte(ETHERNET + 9)
            .require(TCP, no);
        let v6 = Program::new()
            .length()
            .require_at_least(PORTS_V6 + PORTS, no)
            .byte(ETHERNET)
            .masked(0xf0)
            .require(0x60, no)
            // Without extension headers.
            .byte(ETHERNET + 6)
            .require(TCP, no);
        let (mut v4, mut v6) = (v4, v6);
        for mark in &self.marks {
            match *mark {
                Mark::Port(port) => {
                    v4 = without_port(v4, PORTS_V4, port, no);
                    v6 = without_port(v6, PORTS_V6, port, no);
                }
                Mark::Address(IpAddr::V4(address)) => {
                    v4 = without_address(v4, ADDRESSES_V4, &[address.to_bits()], no);
                }
                Mark::Address(IpAddr::V6(address)) => {
                    let octets = address.octets();
                    let (parts, _) = octets.as_chunks::<4>();
                    let words: Vec<_> = parts.iter().map(|it| u32::from_be_bytes(*it)).collect();
                    v6 = without_address(v6, ADDRESSES_V6, &words, no);
                }
            }
        }
        let [v4, v6] = [v4, v6].map(|program| program.answer(yes));
        let other = v6_or_no(v6, no);
        Program::new()
            .length()
            .require_at_least(PORTS_V4 + PORTS, no)
            .has_tag()
            .require(0, no)
            .require_address(0, to, no)
            .require_address(6, from, no)
            .half(12)
            .either(IPV4, v4, other)
    }
}

fn without_port(program: Program, at: u32, port: u16, no: u32) -> Program {
    let compare = |program: Program, at| program.half(at).exclude(port.into(), no);
    compare(compare(program, at), at + 2)
}

fn without_address(program: Program, at: u32, address: &[u32], no: u32) -> Program {
    let length = 4 * u32::try_from(address.len()).unwrap_or_default();
    let from = program.exclude_words(at, address, no);
    from.exclude_words(at + length, address, no)
}

fn v6_or_no(v6: Program, no: u32) -> Program {
    Program::new().either(IPV6, v6, Program::new().answer(no))
}

#[cfg(test)]
mod tests;
