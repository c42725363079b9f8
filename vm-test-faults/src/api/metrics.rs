//! Metrics in Prometheus' text format, with Toxiproxy's names. It reads counters and counts nothing.

use std::fmt::Write;

use super::process::Process;
use crate::proxy::{Described, Proxies};
use crate::toxic::Direction;

/// Which metrics are exported.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Exported {
    /// Bytes that went through proxies.
    pub proxies: bool,
    /// What the process uses: processor time, memory, descriptors, tasks.
    pub runtime: bool,
}

impl Exported {
    pub(super) fn any(self) -> bool {
        self.proxies || self.runtime
    }
}

/// The type of the page.
pub(super) const CONTENT_TYPE: &str = "text/plain; version=0.0.4; charset=utf-8";

/// Returns the page.
pub(super) async fn page(exported: Exported, proxies: &Proxies) -> String {
    let mut page = String::new();
    if exported.runtime {
        for metric in Process::read().metrics() {
            let (name, value) = (metric.name, metric.value);
            let (help, kind) = (metric.help, metric.kind);
            let _ = writeln!(
                page,
                "# HELP {name} {help}\n# TYPE {name} {kind}\n{name} {value}"
            );
        }
    }
    if exported.proxies {
        let all = proxies.all().await;
        counter(&mut page, "received", &all, |proxy, direction| {
            proxy.traffic.received(direction)
        });
        counter(&mut page, "sent", &all, |proxy, direction| {
            proxy.traffic.sent(direction)
        });
    }
    page
}

/// Writes a counter of bytes with one line for each proxy and direction.
fn counter(
    page: &mut String,
    what: &str,
    proxies: &[Described],
    value: impl Fn(&Described, Direction) -> u64,
) {
    let name = format!("toxiproxy_proxy_{what}_bytes_total");
    // Toxiproxy gives no help either; a metric without lines is not named.
    if !proxies.is_empty() {
        let _ = writeln!(page, "# HELP {name} \n# TYPE {name} counter");
    }
    for direction in [Direction::Downstream, Direction::Upstream] {
        for proxy in proxies {
            let (listener, own) = (escaped(&proxy.listen), escaped(&proxy.name));
            let upstream = escaped(&proxy.upstream);
            let value = value(proxy, direction);
            let _ = writeln!(
                page,
                "{name}{{direction=\"{direction}\",listener=\"{listener}\",proxy=\"{own}\",\
                 upstream=\"{upstream}\"}} {value}"
            );
        }
    }
}

/// Returns a label's value as the format wants it.
fn escaped(value: &str) -> String {
    let value = value.replace('\\', "\\\\").replace('"', "\\\"");
    value.replace('\n', "\\n")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_cannot_forge_a_line() {
        assert_eq!(escaped("a\"} 1\nb\\"), "a\\\"} 1\\nb\\\\");
    }
}
