//! Which file has which fault. Does nothing itself.

use super::super::stop::Stop;
use super::super::streams::Streams;
use super::{clock, cpu, faulty_disk, file, full_disk, memory, read_only, signals, small_disk};
use vm_test_protocol::node_fault::NodeFault;

/// Has the fault until the end of the tool's input.
pub(in super::super) fn have(fault: NodeFault, streams: &mut Streams) -> Result<(), Stop> {
    match fault {
        NodeFault::ClockStep { by, is_back } => clock::step(by, is_back, streams),
        NodeFault::ClockSkew { millionths } => clock::skew(millionths, streams),
        NodeFault::FullDisk { path, left } => full_disk::fill(&path, left, streams),
        NodeFault::SmallDisk { path, size } => small_disk::mount(&path, size, streams),
        NodeFault::ReadOnly { path } => read_only::protect(&path, streams),
        NodeFault::FaultyDisk { path, size } => faulty_disk::mount(&path, size, streams),
        NodeFault::Memory { bytes } => memory::hold(bytes, streams),
        NodeFault::Cpu { left } => cpu::starve(left, streams),
        NodeFault::Truncated { path, length } => file::truncate(&path, length, streams),
        NodeFault::Flipped { path, offset, mask } => file::flip(&path, offset, mask, streams),
        NodeFault::Signalled { which, signal } => signals::send(&which, signal, streams),
        NodeFault::Stopped { which, running } => signals::stop(&which, running, streams),
    }
}
