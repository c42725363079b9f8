//! What proxies may cost compared with haproxy, and whether they do. Measures nothing.

use super::figures::Figures;
use crate::bench::goal::{Goal, Limit};

/// No proxy at all.
pub(super) const DIRECT: &str = "no proxy";

/// The proxy that ours are compared with.
pub(super) const HAPROXY: &str = "haproxy";

/// Our proxy with Toxiproxy's interface, without toxics.
pub(super) const PLAIN: &str = "vm-test-proxy";

/// Our proxy that knows exchanges, without faults.
pub(super) const KNOWING: &str = "vm-test proxy";

/// The servers: the bench's own, and redis.
pub(super) const ECHO: &str = "echo";
pub(super) const REDIS: &str = "redis";

/// Ours add at most so many times as much to the median time of an exchange …
const ADDED: f64 = 1.5;

/// … and have at least this part of the throughput, …
const THROUGHPUT: f64 = 0.7;

/// … and their memory grows by at most so many KiB between 100,000 exchanges and a million.
const GROWTH: f64 = 1024.0;

/// Judges ours by the medians of figures, and by how many KiB memory has grown, both of a server
/// and what leads to it.
///
/// What was not measured misses its goal.
pub(super) fn judge(
    median: impl Fn(&str, &str) -> Option<Figures>,
    grown: impl Fn(&str, &str) -> Option<f64>,
) -> Vec<Goal> {
    let mut goals = Vec::new();
    for server in [ECHO, REDIS] {
        let added = |name| Some(median(server, name)?.p50 - median(server, DIRECT)?.p50);
        let bytes = |name| Some(median(server, name)?.bytes);
        let exchanges = |name| Some(median(server, name)?.exchanges);
        for name in [PLAIN, KNOWING] {
            let most = Limit::AtMost(ADDED);
            let least = Limit::AtLeast(THROUGHPUT);
            let beside = |what: &str, ours: Option<f64>, theirs: Option<f64>, limit| {
                // Of what adds nothing, nothing is a multiple.
                let both = ours.zip(theirs).filter(|(_, theirs)| *theirs > 0.0);
                let ratio = both.map(|(ours, theirs)| ours / theirs);
                let what = format!("{name} before {server}: {what}");
                Goal::of(&what, ratio, "x haproxy", Some(limit))
            };
            goals.extend([
                beside(
                    "time added to an exchange",
                    added(name),
                    added(HAPROXY),
                    most,
                ),
                beside("bytes a second", bytes(name), bytes(HAPROXY), least),
                beside(
                    "exchanges a second",
                    exchanges(name),
                    exchanges(HAPROXY),
                    least,
                ),
                Goal::at_most(
                    &format!("{name} before {server}: memory more after a million exchanges"),
                    grown(server, name),
                    "KiB",
                    GROWTH,
                ),
            ]);
        }
    }
    goals
}

#[cfg(test)]
mod tests {
    use super::*;

    const SOUND: Figures = Figures {
        p50: 40e-6,
        p99: 80e-6,
        bytes: 1e9,
        exchanges: 1e5,
    };

    fn is_met(
        median: impl Fn(&str, &str) -> Option<Figures>,
        grown: impl Fn(&str, &str) -> Option<f64>,
    ) -> bool {
        judge(median, grown).iter().all(Goal::is_met)
    }

    /// Judges a run in which all goals are met, but for the figures of one.
    fn with(who: (&str, &str), figures: Option<Figures>) -> bool {
        let median = |server: &str, name: &str| match name {
            _ if (server, name) == who => figures,
            DIRECT => Some(Figures {
                p50: 20e-6,
                ..SOUND
            }),
            _ => Some(SOUND),
        };
        is_met(median, |_, _| Some(0.0))
    }

    #[test]
    fn goals_are_met_up_to_their_bounds() {
        let ours = (REDIS, KNOWING);
        let of = |p50, bytes, exchanges| Figures {
            p50,
            bytes,
            exchanges,
            ..SOUND
        };
        assert!(with(ours, Some(of(49e-6, 0.71e9, 0.71e5))));
        assert!(!with(ours, Some(of(51e-6, 1e9, 1e5))));
        assert!(!with(ours, Some(of(40e-6, 0.69e9, 1e5))));
        assert!(!with(ours, Some(of(40e-6, 1e9, 0.69e5))));
    }

    #[test]
    fn what_was_not_measured_is_not_met() {
        for server in [ECHO, REDIS] {
            for name in [DIRECT, HAPROXY, PLAIN, KNOWING] {
                assert!(!with((server, name), None), "{name} before {server}");
            }
        }
        // haproxy cannot be faster than no proxy.
        assert!(!with(
            (ECHO, HAPROXY),
            Some(Figures {
                p50: 10e-6,
                ..SOUND
            })
        ));
    }

    #[test]
    fn memory_that_grows_is_a_goal_missed() {
        let median = |_: &str, name: &str| match name {
            DIRECT => Some(Figures {
                p50: 20e-6,
                ..SOUND
            }),
            _ => Some(SOUND),
        };
        assert!(is_met(median, |_, _| Some(GROWTH)));
        let one_grows = |server: &str, name: &str| {
            Some(if (server, name) == (ECHO, PLAIN) {
                GROWTH + 1.0
            } else {
                0.0
            })
        };
        assert!(!is_met(median, one_grows));
        assert!(!is_met(median, |_, _| None));
    }
}
