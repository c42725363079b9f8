//! A proxy before a port of a node, as the body of a test orders it, with the faults that it brings
//! about. What they mean in a protocol, only the proxy knows.

use super::handle::Node;
use super::order::{LabError, order, unexpected};
use super::proxied::Proxied;
use std::time::Duration;
use vm_test_protocol::failure::Failure;
use vm_test_protocol::order::{Done, Order};
use vm_test_protocol::proxy::{
    PortProxy as Wanted, ProxyAction, ProxyReport, ProxyRule, ProxySettings, Which,
};

/// How many exchanges a share is a part of.
const WHOLE: f64 = 100_000.0;

/// A proxy that is to take the place of a TCP port of a node.
///
/// Each behavior (`error`, `delay`, `hang`, `blackout`, `abort`) begins a rule; what is said behind
/// it (`percent`, `first`, `every`, `only`, `on`) restricts that rule. For each exchange, the first
/// rule counts that chooses it.
#[derive(Clone, Debug)]
#[must_use = "the proxy is not there until it is started"]
pub struct PortProxy {
    node: Node,
    port: u16,
    settings: ProxySettings,
    /// What was said in an order that has no meaning.
    mistake: Option<&'static str>,
}

impl Node {
    /// Prepares a proxy before a TCP port of this node: what nodes of the same networks send there
    /// passes through it, at the same address and port.
    ///
    /// It carries TCP unless a protocol is named; only then it knows where a request ends, and how
    /// the server would say an error.
    pub fn proxy(&self, port: u16) -> PortProxy {
        PortProxy {
            node: *self,
            port,
            settings: ProxySettings {
                protocol: "tcp".to_owned(),
                rules: Vec::new(),
                seed: 0,
            },
            mistake: None,
        }
    }
}

impl PortProxy {
    /// Has it carry a protocol: `tcp`, `http`, `memcache`, `redis`, `mysql` or `smtp`.
    pub fn protocol(mut self, name: &str) -> Self {
        name.clone_into(&mut self.settings.protocol);
        self
    }

    /// Has it carry HTTP/1.1.
    pub fn http(self) -> Self {
        self.protocol("http")
    }

    /// Has it carry memcached's protocols.
    pub fn memcache(self) -> Self {
        self.protocol("memcache")
    }

    /// Has it carry the protocol of MySQL and MariaDB.
    pub fn mysql(self) -> Self {
        self.protocol("mysql")
    }

    /// Has it carry redis' protocol.
    pub fn redis(self) -> Self {
        self.protocol("redis")
    }

    /// Has it carry SMTP.
    pub fn smtp(self) -> Self {
        self.protocol("smtp")
    }

    /// Answers with an error in the protocol's words, as in `LOADING` (redis), `SERVER_ERROR`
    /// (memcache), `1040` (mysql), `451` (smtp), `503` (http). The server does not get the request.
    pub fn error(self, code: &str) -> Self {
        self.rule(ProxyAction::Error {
            code: Some(code.to_owned()),
            text: None,
        })
    }

    /// Answers with an error in the protocol's words, and this text behind it.
    pub fn error_with_text(self, code: &str, text: &str) -> Self {
        self.rule(ProxyAction::Error {
            code: Some(code.to_owned()),
            text: Some(text.to_owned()),
        })
    }

    /// Has a request wait so long before the server gets it.
    pub fn delay(self, time: Duration) -> Self {
        self.rule(ProxyAction::Delay {
            time,
            request: true,
        })
    }

    /// Has a reply wait so long before the client gets it.
    pub fn delay_reply(self, time: Duration) -> Self {
        self.rule(ProxyAction::Delay {
            time,
            request: false,
        })
    }

    /// Answers nothing more on the connection.
    pub fn hang(self) -> Self {
        self.rule(ProxyAction::Hang)
    }

    /// Closes the connection before the server gets the request.
    pub fn blackout(self) -> Self {
        self.rule(ProxyAction::Blackout)
    }

    /// Closes the connection when the server has the request, before the client has a reply.
    pub fn abort(self) -> Self {
        self.rule(ProxyAction::Abort)
    }

    /// Restricts the last behavior to so many of 100 exchanges, which the seed chooses.
    pub fn percent(self, percent: f64) -> Self {
        if !(0.0..=100.0).contains(&percent) {
            return self.mistaken("percent is from 0 to 100");
        }
        // Rounded, and within 0 to 100,000 since the percentage is.
        #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss)]
        let share = (percent / 100.0 * WHOLE).round() as u32;
        self.restricted(|rule| rule.share = share)
    }

    /// Restricts the last behavior to the first so many exchanges.
    pub fn first(self, count: u64) -> Self {
        self.restricted(|rule| rule.which = Which::First(count))
    }

    /// Restricts the last behavior to every so manieth exchange.
    pub fn every(self, step: u64) -> Self {
        if step == 0 {
            return self.mistaken("every is from 1 on");
        }
        self.restricted(|rule| rule.which = Which::Every(step))
    }

    /// Restricts the last behavior to the exchange with this number, from 1.
    pub fn only(self, number: u64) -> Self {
        if number == 0 {
            return self.mistaken("only counts from 1");
        }
        self.restricted(|rule| rule.which = Which::Only(number))
    }

    /// Restricts the last behavior to requests of this name, as in `SET` or `GET /api/*`. `first`,
    /// `every` and `only` then count these.
    pub fn on(self, requests: &str) -> Self {
        self.restricted(|rule| rule.requests = Some(requests.to_owned()))
    }

    /// Sets what the choices of `percent` follow from; without this, 0. The same seed chooses the
    /// same exchanges, on however many connections they come.
    pub fn seed(mut self, seed: u64) -> Self {
        self.settings.seed = seed;
        self
    }

    /// Puts the proxy before the port. Connections that are open are reset.
    ///
    /// # Panics
    /// If it cannot; see [`PortProxy::try_start`].
    #[track_caller]
    pub fn start(self) -> Proxied {
        match self.try_start() {
            Ok(proxied) => proxied,
            Err(error) => panic!("{error}"),
        }
    }

    /// Puts the proxy before the port, as [`PortProxy::start`] does.
    ///
    /// # Errors
    /// If the protocol does not know an error, the node is on no network, or a restriction has no
    /// behavior.
    pub fn try_start(self) -> Result<Proxied, LabError> {
        let (node, port) = (self.node.name(), self.port);
        let what = format!("put a proxy before port {port} of node `{node}`");
        if let Some(mistake) = self.mistake {
            return Err(LabError::new(what, &Failure::new(mistake)));
        }
        let wanted = Wanted {
            node: node.to_owned(),
            port,
            behavior: self.settings,
        };
        match order(&what, Order::Proxy(wanted))? {
            Done::Proxying(number) => {
                let what = format!("use the proxy before port {port} of node `{node}`");
                Ok(Proxied::begun(what, number))
            }
            _ => Err(LabError::new(what, &unexpected())),
        }
    }

    /// Runs a closure while the proxy is there; returns its result and what the proxy has done.
    ///
    /// # Panics
    /// If it cannot be started or asked.
    #[track_caller]
    pub fn during<R>(self, work: impl FnOnce() -> R) -> (R, ProxyReport) {
        let proxied = self.start();
        let result = work();
        (result, proxied.report())
    }

    fn rule(mut self, action: ProxyAction) -> Self {
        self.settings.rules.push(ProxyRule {
            action,
            share: 100_000,
            which: Which::All,
            requests: None,
        });
        self
    }

    fn restricted(mut self, restrict: impl FnOnce(&mut ProxyRule)) -> Self {
        match self.settings.rules.last_mut() {
            Some(rule) => restrict(rule),
            None => return self.mistaken("a restriction has no behavior before it"),
        }
        self
    }

    fn mistaken(mut self, mistake: &'static str) -> Self {
        self.mistake = self.mistake.or(Some(mistake));
        self
    }
}
