//! What all connections of one proxy share: the protocol, the rules, and what happened. It moves no
//! bytes.

use std::collections::VecDeque;
use std::fmt;
use std::mem;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, OnceLock, PoisonError, RwLock};
use std::time::SystemTime;

use super::events::{Event, Events, Noted, Outcome};
use super::moment::Moment;
use super::rule::Rule;
use crate::behavior::{Behavior, Exchange};
use crate::protocol::{Protocol, Request, Unsupported};
use crate::random;

/// How many violations are kept.
const MOST_VIOLATIONS: usize = 100;

/// Is told what happens on connections: which one, by its number, and what.
type Watcher = Box<dyn Fn(u64, Moment) + Send + Sync>;

/// What a proxy carries, and what it does to it.
pub struct Carrier {
    protocol: Arc<dyn Protocol>,
    rules: RwLock<Arc<[Rule]>>,
    exchanges: AtomicU64,
    connections: AtomicU64,
    hits: AtomicU64,
    events: Mutex<Events>,
    violations: Mutex<VecDeque<String>>,
    watcher: OnceLock<Watcher>,
}

/// A behavior that was chosen for an exchange, and the exchange.
#[derive(Clone)]
pub(super) struct Affected {
    pub(super) behavior: Arc<dyn Behavior>,
    pub(super) exchange: Arc<Exchange>,
}

impl Carrier {
    /// Returns a carrier with these rules. For each exchange the first one counts that chooses a
    /// behavior.
    ///
    /// # Errors
    ///
    /// Returns which behavior cannot work with the protocol, and why.
    pub fn new(protocol: Arc<dyn Protocol>, rules: Vec<Rule>) -> Result<Self, Unsupported> {
        let carrier = Self {
            protocol,
            rules: RwLock::new(Arc::new([])),
            exchanges: AtomicU64::new(0),
            connections: AtomicU64::new(0),
            hits: AtomicU64::new(0),
            events: Mutex::default(),
            violations: Mutex::default(),
            watcher: OnceLock::new(),
        };
        carrier.set_rules(rules)?;
        Ok(carrier)
    }

    /// Replaces the rules, for exchanges that have not begun, and returns the old ones.
    ///
    /// # Errors
    ///
    /// Returns which behavior cannot work with the protocol, and why; then the rules stay.
    pub fn set_rules(&self, rules: Vec<Rule>) -> Result<Arc<[Rule]>, Unsupported> {
        for behavior in rules.iter().flat_map(Rule::behaviors) {
            behavior.check(&*self.protocol)?;
        }
        Ok(self.restore_rules(rules.into()))
    }

    /// Brings back rules that were replaced, with their counts, and returns those that they
    /// replace.
    pub fn restore_rules(&self, rules: Arc<[Rule]>) -> Arc<[Rule]> {
        let current = self.rules.write();
        mem::replace(&mut *current.unwrap_or_else(PoisonError::into_inner), rules)
    }

    /// Returns the protocol.
    #[must_use]
    pub fn protocol(&self) -> &dyn Protocol {
        &*self.protocol
    }

    /// Returns how many exchanges a behavior has had an effect on.
    #[must_use]
    pub fn hits(&self) -> u64 {
        self.hits.load(Ordering::Relaxed)
    }

    /// Returns how many exchanges there were that a behavior may be chosen for.
    #[must_use]
    pub fn exchanges(&self) -> u64 {
        self.exchanges.load(Ordering::Relaxed)
    }

    /// Returns how many connections there were.
    #[must_use]
    pub fn connections(&self) -> u64 {
        self.connections.load(Ordering::Relaxed)
    }

    /// Returns the last exchanges that a behavior was chosen for, oldest first.
    #[must_use]
    pub fn events(&self) -> Vec<Event> {
        self.locked_events().list()
    }

    /// Returns the last connections that were closed because of bytes that are not of the
    /// protocol: why, oldest first.
    #[must_use]
    pub fn violations(&self) -> Vec<String> {
        let violations = self.violations.lock();
        let violations = violations.unwrap_or_else(PoisonError::into_inner);
        violations.iter().cloned().collect()
    }

    /// Has this function told what happens on connections: which one, by its number, and what.
    ///
    /// It must not wait. Only the first one is told.
    pub fn watch(&self, watcher: impl Fn(u64, Moment) + Send + Sync + 'static) {
        // A second one is refused, as documented.
        let _ = self.watcher.set(Box::new(watcher));
    }

    /// Tells who watches that something happens.
    pub(super) fn tell(&self, connection: u64, moment: Moment) {
        if let Some(watcher) = self.watcher.get() {
            watcher(connection, moment);
        }
    }

    /// Returns the number of a new connection.
    pub(super) fn next_connection(&self) -> u64 {
        self.connections.fetch_add(1, Ordering::Relaxed) + 1
    }

    /// Returns the behavior of an exchange, if one is chosen for it.
    pub(super) fn choose(
        &self,
        connection: u64,
        request: &Request,
        first_part: &[u8],
    ) -> Option<Affected> {
        if !request.is_open_to_faults {
            return None;
        }
        let ordinal = self.exchanges.fetch_add(1, Ordering::Relaxed) + 1;
        let rules = self.rules.read().unwrap_or_else(PoisonError::into_inner);
        let distinctive = self.protocol.distinctive_part(first_part);
        let chosen = rules.iter().zip(1_u64..).find_map(|(rule, number)| {
            let parts = [request.name.as_bytes(), distinctive, &number.to_le_bytes()];
            rule.choose(&request.name, random::digest(&parts))
        })?;
        drop(rules);
        let exchange = Arc::new(Exchange {
            ordinal,
            connection,
            protocol: self.protocol.name(),
            default_faults: self.protocol.default_faults(),
            request: request.clone(),
            random: chosen.random,
        });
        let event = Noted {
            exchange: Arc::clone(&exchange),
            time: SystemTime::now(),
            behavior: chosen.name,
            outcome: Outcome::Pending,
        };
        self.hits.fetch_add(1, Ordering::Relaxed);
        let oldest = self.locked_events().push(event);
        // Nobody waits for the lock while it is freed.
        drop(oldest);
        Some(Affected {
            behavior: chosen.behavior,
            exchange,
        })
    }

    /// Notes what came of an exchange.
    pub(super) fn note(&self, affected: &Affected, outcome: Outcome) {
        if matches!(outcome, Outcome::Ignored | Outcome::Refused(_)) {
            self.hits.fetch_sub(1, Ordering::Relaxed);
        }
        self.locked_events()
            .note(affected.exchange.ordinal, outcome);
    }

    /// Notes that an exchange has ended, unless something else is known of it.
    pub(super) fn note_passed(&self, affected: &Affected) {
        self.locked_events().note_passed(affected.exchange.ordinal);
    }

    /// Notes why a connection was closed.
    pub(super) fn note_violation(&self, why: String) {
        let violations = self.violations.lock();
        let mut violations = violations.unwrap_or_else(PoisonError::into_inner);
        if violations.len() >= MOST_VIOLATIONS {
            violations.pop_front();
        }
        violations.push_back(why);
    }

    fn locked_events(&self) -> MutexGuard<'_, Events> {
        self.events.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl fmt::Debug for Carrier {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter
            .debug_struct("Carrier")
            .field("protocol", &self.protocol.name())
            .field("rules", &self.rules)
            .field("exchanges", &self.exchanges)
            .field("hits", &self.hits)
            .finish_non_exhaustive()
    }
}
