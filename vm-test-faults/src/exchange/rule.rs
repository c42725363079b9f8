//! A rule: for which exchanges which behavior is chosen, and how often. It counts and draws; it
//! does nothing to an exchange.

use std::fmt;
use std::sync::{Arc, Mutex, PoisonError};

use super::draws::Draws;
use super::matching::{NamePattern, Which};
use crate::behavior::Behavior;
use crate::random;

/// A behavior and how likely it is to be chosen.
#[derive(Clone)]
struct Choice {
    percent: f64,
    behavior: Arc<dyn Behavior>,
    name: Arc<str>,
}

/// Which exchanges get which behavior.
///
/// A rule may have several behaviors; then one draw decides between them, as in Vaurien's
/// `5:hang,10:delay`.
pub struct Rule {
    choices: Vec<Choice>,
    names: Option<NamePattern>,
    which: Which,
    counts: Mutex<Counts>,
}

/// What changes in a rule with each exchange.
#[derive(Debug)]
struct Counts {
    matching: u64,
    draws: Draws,
}

/// What a rule has chosen for an exchange.
pub(super) struct Chosen {
    pub(super) behavior: Arc<dyn Behavior>,
    /// The behavior's name, for the event.
    pub(super) name: Arc<str>,
    pub(super) random: u64,
}

impl Rule {
    /// Returns a rule that chooses this behavior for every exchange.
    #[must_use]
    pub fn new(behavior: Arc<dyn Behavior>) -> Self {
        Self::by_percent([(100.0, behavior)])
    }

    /// Returns a rule that chooses between these behaviors by chance; the rest is passed on.
    #[must_use]
    pub fn by_percent(choices: impl IntoIterator<Item = (f64, Arc<dyn Behavior>)>) -> Self {
        let choices = choices.into_iter();
        Self {
            choices: choices
                .map(|(percent, behavior)| Choice {
                    percent,
                    name: behavior.name().into(),
                    behavior,
                })
                .collect(),
            names: None,
            which: Which::All,
            counts: Mutex::new(Counts {
                matching: 0,
                draws: Draws::new(0),
            }),
        }
    }

    /// Restricts the rule to requests with these names.
    #[must_use]
    pub fn on(mut self, names: NamePattern) -> Self {
        self.names = Some(names);
        self
    }

    /// Restricts the rule to some of the exchanges with matching names.
    #[must_use]
    pub fn which(mut self, which: Which) -> Self {
        self.which = which;
        self
    }

    /// Draws from the choices that belong to this seed.
    #[must_use]
    pub fn seed(self, seed: u64) -> Self {
        let counts = Counts {
            matching: 0,
            draws: Draws::new(seed),
        };
        Self {
            counts: Mutex::new(counts),
            ..self
        }
    }

    /// Returns the behaviors between which it chooses.
    pub fn behaviors(&self) -> impl Iterator<Item = &Arc<dyn Behavior>> {
        self.choices.iter().map(|choice| &choice.behavior)
    }

    /// Counts this exchange if it matches, and returns what is chosen for it.
    pub(super) fn choose(&self, name: &str, digest: u64) -> Option<Chosen> {
        if self.names.as_ref().is_some_and(|it| !it.matches(name)) {
            return None;
        }
        let random = {
            let mut counts = self.counts.lock().unwrap_or_else(PoisonError::into_inner);
            counts.matching += 1;
            if !self.which.means(counts.matching) {
                return None;
            }
            counts.draws.next(digest)
        };
        let mut drawn = random::fraction(random) * 100.0;
        for choice in &self.choices {
            if drawn < choice.percent {
                return Some(Chosen {
                    behavior: Arc::clone(&choice.behavior),
                    name: Arc::clone(&choice.name),
                    // What a behavior draws has nothing to do with how it was chosen.
                    random: random::mix(random),
                });
            }
            drawn -= choice.percent;
        }
        None
    }
}

impl fmt::Debug for Rule {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        let choices = self.choices.iter();
        let choices: Vec<(f64, &str)> = choices
            .map(|choice| (choice.percent, choice.behavior.name()))
            .collect();
        formatter
            .debug_struct("Rule")
            .field("choices", &choices)
            .field("names", &self.names)
            .field("which", &self.which)
            .finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::behavior::{Delay, Hang};

    fn chosen(rule: &Rule, count: u64) -> Vec<u64> {
        (1..=count)
            .filter(|_| rule.choose("GET /", 1).is_some())
            .collect()
    }

    #[test]
    fn a_fifth_of_a_thousand_equal_requests_is_chosen() {
        for seed in 0..20 {
            let rule = Rule::by_percent([(20.0, Arc::new(Hang) as Arc<dyn Behavior>)]).seed(seed);
            let count = chosen(&rule, 1_000).len();
            assert!((160..=240).contains(&count), "{count} with seed {seed}");
            assert_eq!(chosen(&rule.seed(seed), 1_000).len(), count);
        }
    }

    #[test]
    fn one_draw_decides_between_several_behaviors() {
        let rule = Rule::by_percent([
            (5.0, Arc::new(Hang) as Arc<dyn Behavior>),
            (10.0, Arc::new(Delay::default())),
        ]);
        let mut counts = [0, 0];
        for _ in 0..10_000 {
            match rule.choose("x", 1) {
                Some(chosen) if chosen.behavior.name() == "hang" => counts[0] += 1,
                Some(_) => counts[1] += 1,
                None => {}
            }
        }
        assert!((430..=570).contains(&counts[0]), "{counts:?}");
        assert!((900..=1_100).contains(&counts[1]), "{counts:?}");
    }

    #[test]
    fn only_matching_requests_are_counted() {
        let rule = Rule::new(Arc::new(Hang))
            .on(NamePattern::new("GET"))
            .which(Which::Only(2));
        assert!(rule.choose("GET /", 1).is_none());
        assert!(rule.choose("POST /", 1).is_none());
        assert!(rule.choose("GET /", 1).is_some());
        assert!(rule.choose("GET /", 1).is_none());
    }
}
