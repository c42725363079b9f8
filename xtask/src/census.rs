//! Shows that tests leave the host as they found it: what is compared, what this account cannot
//! see, and what has changed. The suites' own census decides what is counted and how.

use anyhow::{Result, bail};
use vm_test_tests::census::HostCensus;

/// What was counted at one moment.
pub(crate) struct Census(HostCensus);

impl Census {
    /// Counts the present state.
    pub(crate) fn take() -> Self {
        Self(HostCensus::take())
    }

    /// Returns what will be compared, and what this account cannot see; printed before anything is
    /// done.
    pub(crate) fn announcement(&self) -> String {
        let mut text = format!("compared before and after: {}", self.0.seen().join(", "));
        let unseen = self.0.unseen();
        for line in &unseen {
            text += &format!("\nnot visible to this account, so not compared: {line}");
        }
        if !unseen.is_empty() && !may_administer_networks() {
            text += "\nthe kernel does not let this account change firewall rules either (it has no CAP_NET_ADMIN); \
                     as root the demo compares them";
        }
        text
    }

    /// Counts again, prints what is unchanged and what could not be compared, and fails with the
    /// difference if there is one.
    pub(crate) fn compare_with_now(&self) -> Result<()> {
        let comparison = HostCensus::compare(&self.0, &HostCensus::take());
        println!("unchanged: {}", comparison.unchanged.join(", "));
        for line in &comparison.not_compared {
            println!("not compared: {line}");
        }
        if !comparison.changed.is_empty() {
            bail!(
                "cannot find the machine as it was:\n{}\nhint: if another program changed this meanwhile, run again",
                comparison.changed.join("\n")
            );
        }
        Ok(())
    }
}

/// Returns whether this process may change interfaces, routes and firewall rules here.
fn may_administer_networks() -> bool {
    use rustix::thread::{CapabilitySet, capabilities};
    capabilities(None).is_ok_and(|sets| sets.effective.contains(CapabilitySet::NET_ADMIN))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_compared_and_what_cannot_be_seen_is_said_before_anything_is_done() {
        let census = Census::take();
        let text = census.announcement();
        let (first, rest) = text.split_once('\n').unwrap_or((&text, ""));
        for name in census.0.seen() {
            assert!(first.contains(name), "{text}");
        }
        for line in census.0.unseen() {
            assert!(rest.contains(&line), "{text}");
        }
    }
}
