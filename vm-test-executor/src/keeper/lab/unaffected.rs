//! Which frames of a network no fault can be about, whatever its faults do and whenever: said so that
//! the kernel can tell these frames from others by itself. Hands on none.

use super::stations::Address;
use std::collections::BTreeSet;
use vm_test_sys::packet_program::Program;

/// Types of what frames have in them, and the protocol above.
const IPV4: u32 = 0x0800;
const IPV6: u32 = 0x86dd;
const TCP: u32 = 6;

/// How long the headers of frames are, at the least, and where there are two ports in those.
const ETHERNET: u32 = 14;
const PORTS_V4: u32 = ETHERNET + 20;
const PORTS_V6: u32 = ETHERNET + 40;
const PORTS: u32 = 4;

/// The most ports of TCP that faults may be about, before no frame counts as unaffected: the kernel
/// compares each frame with all of them.
const MOST_PORTS: usize = 16;

/// Frames with packets of TCP on all ports but these, which are in one piece and in no VLAN.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Unaffected {
    ports: BTreeSet<u16>,
}

impl Unaffected {
    /// Returns the frames of TCP on other ports than these, if there are few enough of those.
    pub(super) fn other_than(ports: BTreeSet<u16>) -> Option<Self> {
        (ports.len() <= MOST_PORTS).then_some(Self { ports })
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
        let [v4, v6] = [(v4, PORTS_V4), (v6, PORTS_V6)].map(|(program, at)| {
            let compare = |program: Program, at| {
                let excluded = |it: Program, port: &u16| it.exclude(u32::from(*port), no);
                self.ports.iter().fold(program.half(at), excluded)
            };
            compare(compare(program, at), at + 2).answer(yes)
        });
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

fn v6_or_no(v6: Program, no: u32) -> Program {
    Program::new().either(IPV6, v6, Program::new().answer(no))
}

#[cfg(test)]
mod tests;
