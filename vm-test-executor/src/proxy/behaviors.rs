//! A test's words for what happens to exchanges, as the proxy's own rules.

use std::sync::Arc;
use vm_test_faults::behavior::{Abort, Behavior, Blackout, Delay, Error, ErrorOptions, Hang};
use vm_test_faults::exchange::{Carrier, NamePattern, Outcome, Rule, Which as WhichExchange};
use vm_test_faults::protocol::{Fault, PROTOCOLS, Protocol, protocol_named};
use vm_test_protocol::proxy::{ProxyAction, ProxyRule, ProxySettings, Which};

/// How many exchanges a share is a part of, for one percent.
const ONE_PERCENT: f64 = 1_000.0;

/// Returns what the proxy carries.
///
/// # Errors
/// If there is no such protocol, or it does not know an error.
pub(super) fn carrier(settings: ProxySettings) -> Result<Carrier, String> {
    let protocol = protocol(&settings.protocol)?;
    let seed = settings.seed;
    let rules = settings.rules.into_iter().map(|rule| of(rule, seed));
    Carrier::new(protocol, rules.collect()).map_err(|error| error.to_string())
}

fn protocol(name: &str) -> Result<Arc<dyn Protocol>, String> {
    protocol_named(name).ok_or_else(|| {
        let all = PROTOCOLS.join(", ");
        format!("there is no protocol `{name}`: the protocols are {all}")
    })
}

fn of(rule: ProxyRule, seed: u64) -> Rule {
    let behavior: Arc<dyn Behavior> = match rule.action {
        ProxyAction::Error { code: None, .. } => Arc::new(Error::default()),
        ProxyAction::Error {
            code: Some(code),
            text,
        } => Arc::new(Error::new(ErrorOptions {
            fault: Some(Fault { code, text }),
            ..ErrorOptions::default()
        })),
        ProxyAction::Delay { time, request } => Arc::new(Delay {
            sleep: time,
            before: request,
        }),
        ProxyAction::Hang => Arc::new(Hang),
        ProxyAction::Blackout => Arc::new(Blackout),
        ProxyAction::Abort => Arc::new(Abort),
    };
    let percent = f64::from(rule.share) / ONE_PERCENT;
    let which = match rule.which {
        Which::All => WhichExchange::All,
        Which::First(count) => WhichExchange::First(count),
        Which::Every(step) => WhichExchange::Every(step),
        Which::Only(only) => WhichExchange::Only(only),
    };
    let made = Rule::by_percent([(percent, behavior)])
        .which(which)
        .seed(seed);
    match rule.requests {
        Some(names) => made.on(NamePattern::new(names)),
        None => made,
    }
}

/// Returns what came of an exchange, in words.
pub(super) fn outcome(outcome: &Outcome) -> String {
    match outcome {
        Outcome::Pending => "it has not ended".to_owned(),
        Outcome::Passed => "the client got the reply".to_owned(),
        Outcome::Ignored => "it was left alone".to_owned(),
        Outcome::Answered(code) => format!("the client got the error {code}"),
        Outcome::Damaged => "the client got a damaged reply".to_owned(),
        Outcome::Hung => "the client got no reply".to_owned(),
        Outcome::Closed => "the connection was closed".to_owned(),
        Outcome::Refused(why) => format!("the client got the reply: {why}"),
    }
}
