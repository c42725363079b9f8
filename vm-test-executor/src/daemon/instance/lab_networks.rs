//! What the daemon has the keeper of a lab do with the lab's networks. Knows no names.

use super::lab::LabKeeper;
use crate::keeper::lab::{Carried, Fault, LabReport, ToLab};
use crate::proxy::Start;
use std::fs::File;
use std::io::{self, Read, Seek};
use vm_test_protocol::failure::Failure;
use vm_test_protocol::impairment::Tally;
use vm_test_protocol::proxy::ProxyReport;
use vm_test_sys::handover;

/// The longest file of one network that is accepted: a little more than the keeper keeps.
const LONGEST: u64 = 5 << 20;

impl LabKeeper {
    /// Begins a fault; returns its number.
    pub(crate) fn fault(&self, fault: Fault) -> Result<u64, Failure> {
        match self.ask(&ToLab::Fault(fault), &[], |_, _| Ok(()))? {
            (LabReport::Faulted(number), ()) => Ok(number),
            (other, ()) => Err(self.not_understood(&other)),
        }
    }

    /// Ends a fault; returns how many held frames were delivered, and how many were lost.
    pub(crate) fn mend(&self, fault: u64) -> Result<[u64; 2], Failure> {
        match self.ask(&ToLab::Mend(fault), &[], |_, _| Ok(()))? {
            (LabReport::Mended { delivered, lost }, ()) => Ok([delivered, lost]),
            (other, ()) => Err(self.not_understood(&other)),
        }
    }

    /// Returns what has come of an impairment so far.
    pub(crate) fn tally(&self, fault: u64) -> Result<Tally, Failure> {
        match self.ask(&ToLab::Tally(fault), &[], |_, _| Ok(()))? {
            (LabReport::Tally(tally), ()) => Ok(tally),
            (other, ()) => Err(self.not_understood(&other)),
        }
    }

    /// Begins a proxy before a port of a node; returns its number.
    pub(crate) fn begin_proxy(&self, proxy: Start) -> Result<u64, Failure> {
        match self.ask(&ToLab::Proxy(proxy), &[], |_, _| Ok(()))? {
            (LabReport::Proxying(number), ()) => Ok(number),
            (other, ()) => Err(self.not_understood(&other)),
        }
    }

    /// Returns what a proxy has done.
    pub(crate) fn ask_proxy(&self, proxy: u64) -> Result<ProxyReport, Failure> {
        match self.ask(&ToLab::AskProxy(proxy), &[], |_, _| Ok(()))? {
            (LabReport::Proxied(report), ()) => Ok(report),
            (other, ()) => Err(self.not_understood(&other)),
        }
    }

    /// Ends a proxy.
    pub(crate) fn end_proxy(&self, proxy: u64) -> Result<(), Failure> {
        match self.ask(&ToLab::EndProxy(proxy), &[], |_, _| Ok(()))? {
            (LabReport::ProxyEnded, ()) => Ok(()),
            (other, ()) => Err(self.not_understood(&other)),
        }
    }

    /// Returns what the networks have carried, as the contents of files.
    pub(crate) fn capture(&self) -> Result<Vec<(Carried, Vec<u8>)>, Failure> {
        let captured = self.ask(&ToLab::Capture, &[], |report, from| match report {
            LabReport::Captured(carried) => {
                let files: io::Result<Vec<_>> = carried
                    .iter()
                    .map(|carried| Ok((*carried, handover::receive(from)?)))
                    .collect();
                files.map(Some)
            }
            _ => Ok(None),
        })?;
        let (_, Some(files)) = captured else {
            return Err(self.not_understood(&captured.0));
        };
        let read = files.into_iter().map(|(carried, file)| {
            let mut bytes = Vec::new();
            let mut file = File::from(file);
            file.rewind()?;
            file.take(LONGEST).read_to_end(&mut bytes)?;
            Ok((carried, bytes))
        });
        let read: io::Result<Vec<_>> = read.collect();
        read.map_err(|error| Failure::new(format!("cannot read what the keeper has sent: {error}")))
    }
}
