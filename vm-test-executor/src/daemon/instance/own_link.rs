//! What the daemon has the keeper of a guest do with its link, if the guest is in no lab. Knows no
//! names.

use crate::keeper::Descriptor;
use crate::keeper::lab::{Fault, LabReport, ToLab};
use crate::sync;
use std::io;
use std::os::fd::OwnedFd;
use std::os::unix::net::UnixStream;
use std::sync::Mutex;
use std::time::Duration;
use vm_test_protocol::failure::Failure;
use vm_test_protocol::frame;
use vm_test_protocol::impairment::Tally;

/// How long the keeper may take to answer: QEMU may have to be asked eight times.
const ANSWER: Duration = Duration::from_secs(30);

/// The link of a guest that is in no lab.
#[derive(Debug)]
pub(crate) struct OwnLink {
    /// One order at a time; gone once an answer did not come.
    orders: Mutex<Option<UnixStream>>,
}

impl OwnLink {
    /// Returns a link, and where its keeper takes the orders about it.
    pub(super) fn new() -> io::Result<(Self, (Descriptor, OwnedFd))> {
        let (orders, theirs) = UnixStream::pair()?;
        orders.set_read_timeout(Some(ANSWER))?;
        let link = Self {
            orders: Mutex::new(Some(orders)),
        };
        Ok((link, (Descriptor::Link, theirs.into())))
    }

    /// Begins a fault; returns its number.
    pub(crate) fn fault(&self, fault: Fault) -> Result<u64, Failure> {
        match self.ask(&ToLab::Fault(fault))? {
            LabReport::Faulted(number) => Ok(number),
            other => Err(not_understood(&other)),
        }
    }

    /// Ends a fault; returns how many held frames were delivered, and how many were lost.
    pub(crate) fn mend(&self, fault: u64) -> Result<[u64; 2], Failure> {
        match self.ask(&ToLab::Mend(fault))? {
            LabReport::Mended { delivered, lost } => Ok([delivered, lost]),
            other => Err(not_understood(&other)),
        }
    }

    /// Returns what has come of an impairment so far.
    pub(crate) fn tally(&self, fault: u64) -> Result<Tally, Failure> {
        match self.ask(&ToLab::Tally(fault))? {
            LabReport::Tally(tally) => Ok(tally),
            other => Err(not_understood(&other)),
        }
    }

    fn ask(&self, order: &ToLab) -> Result<LabReport, Failure> {
        let mut orders = sync::lock(&self.orders);
        let Some(stream) = orders.as_ref() else {
            return Err(Failure::new("its keeper did not answer earlier"));
        };
        let answer = frame::write(stream, order).and_then(|()| frame::read(stream));
        match answer {
            Ok(Some(LabReport::Failed(failure))) => Err(failure),
            Ok(Some(report)) => Ok(report),
            lost => {
                // What it says later would be taken for the answer to another order.
                *orders = None;
                Err(match lost {
                    Err(error) => Failure::new(format!("its keeper does not answer: {error}")),
                    Ok(_) => Failure::new("what carries it has ended"),
                })
            }
        }
    }
}

fn not_understood(report: &LabReport) -> Failure {
    Failure::new(format!("its keeper says {report:?}"))
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::thread;

    #[test]
    fn an_answer_that_comes_too_late_is_not_that_to_the_next_order() {
        let (link, (_, theirs)) = OwnLink::new().unwrap();
        let keeper = UnixStream::from(theirs);
        let limit = Some(Duration::from_millis(50));
        let orders = sync::lock(&link.orders);
        orders.as_ref().unwrap().set_read_timeout(limit).unwrap();
        drop(orders);
        let failure = link.tally(1).unwrap_err();
        let words = "its keeper does not answer: ";
        assert!(failure.message.starts_with(words), "{failure}");
        let _ = frame::write(&keeper, &LabReport::Tally(Tally::default()));
        let failure = link.tally(2).unwrap_err();
        assert_eq!(failure.message, "its keeper did not answer earlier");
    }

    #[test]
    fn each_order_has_its_answer() {
        let (link, (_, theirs)) = OwnLink::new().unwrap();
        let keeper = UnixStream::from(theirs);
        thread::scope(|scope| {
            scope.spawn(|| {
                let order: Option<ToLab> = frame::read(&keeper).unwrap();
                assert_eq!(order, Some(ToLab::Mend(7)));
                let mended = LabReport::Mended {
                    delivered: 2,
                    lost: 1,
                };
                frame::write(&keeper, &mended).unwrap();
                let _: Option<ToLab> = frame::read(&keeper).unwrap();
                let failed = LabReport::Failed(Failure::new("it has no such fault"));
                frame::write(&keeper, &failed).unwrap();
            });
            assert_eq!(link.mend(7), Ok([2, 1]));
            assert_eq!(link.tally(8).unwrap_err().message, "it has no such fault");
        });
        drop(keeper);
        let failure = link.mend(7).unwrap_err();
        assert!(!failure.message.is_empty());
    }
}
