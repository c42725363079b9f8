//! The timer that wakes the relay when a frame is due. Knows no frame.

use rustix::time::{
    Itimerspec, TimerfdClockId, TimerfdFlags, TimerfdTimerFlags, Timespec, timerfd_create,
    timerfd_settime,
};
use std::io;
use std::os::fd::{AsFd, BorrowedFd, OwnedFd};
use std::time::{Duration, Instant};

/// A clock that begins at 0; its descriptor becomes readable when the set time has come.
#[derive(Debug)]
pub(super) struct Timer {
    began: Instant,
    descriptor: OwnedFd,
    /// When it is set to wake.
    set_to: Option<Duration>,
}

impl Timer {
    pub(super) fn new() -> io::Result<Self> {
        let flags = TimerfdFlags::CLOEXEC | TimerfdFlags::NONBLOCK;
        Ok(Self {
            began: Instant::now(),
            descriptor: timerfd_create(TimerfdClockId::Monotonic, flags)?,
            set_to: None,
        })
    }

    /// Returns the time.
    pub(super) fn now(&self) -> Duration {
        self.began.elapsed()
    }

    /// Wakes at this time, or never.
    pub(super) fn wake_at(&mut self, when: Option<Duration>) {
        if when == self.set_to {
            return;
        }
        // Nothing at all would mean never.
        let ahead = when.map_or(Duration::ZERO, |when| {
            let least = Duration::from_nanos(1);
            when.saturating_sub(self.now()).max(least)
        });
        let setting = Itimerspec {
            it_interval: Timespec::default(),
            it_value: Timespec {
                tv_sec: i64::try_from(ahead.as_secs()).unwrap_or(i64::MAX),
                tv_nsec: ahead.subsec_nanos().into(),
            },
        };
        // Only what is no timer, or no time, is refused.
        if timerfd_settime(&self.descriptor, TimerfdTimerFlags::empty(), &setting).is_ok() {
            self.set_to = when;
        }
    }

    /// Takes note that it has woken somebody.
    pub(super) fn has_woken(&mut self) {
        let _ = rustix::io::read(&self.descriptor, &mut [0; 8]);
        self.set_to = None;
    }
}

impl AsFd for Timer {
    fn as_fd(&self) -> BorrowedFd<'_> {
        self.descriptor.as_fd()
    }
}
