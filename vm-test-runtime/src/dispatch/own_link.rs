//! What the body of a test without a lab asks: only for faults of its guest's own link. The daemon has
//! them carried out.

use super::reply::Reply;
use crate::client::{Speaker, order_link};
use std::sync::Arc;
use std::sync::atomic::AtomicUsize;
use vm_test_protocol::failure::Failure;
use vm_test_protocol::lab::{Answer, Asked, Question};
use vm_test_protocol::order::{Fault, Order};

/// The link of a test's guest.
pub(super) struct OwnLink {
    instance: String,
    to: Speaker,
    waiting: Arc<AtomicUsize>,
}

impl OwnLink {
    /// Returns the link of an instance, whose agent passes answers on.
    pub(super) fn new(instance: &str, to: Speaker) -> Self {
        Self {
            instance: instance.to_owned(),
            to,
            waiting: Arc::default(),
        }
    }

    /// Answers a question of the body.
    ///
    /// # Errors
    /// If it is none that a body without a lab asks.
    pub(super) fn answer(&self, asked: Asked) -> Result<(), Failure> {
        let order = match asked.question {
            Question::Order(order) if is_of_link(&order) => order,
            _ => {
                let words = "the guest broke the protocol: a question of a test without a lab";
                return Err(Failure::new(words));
            }
        };
        // The body waits meanwhile, and so may what it writes.
        let answer = match order_link(&self.instance, order) {
            Ok(done) => Answer::Done(done),
            Err(failure) => Answer::Refused(failure),
        };
        Reply::new(asked.number, &self.to, &self.waiting)?.give(answer);
        Ok(())
    }
}

fn is_of_link(order: &Order) -> bool {
    matches!(
        order,
        Order::Fault(Fault::OwnLink { .. }) | Order::Mend { .. } | Order::Tally { .. }
    )
}

#[cfg(test)]
mod tests {
    use super::*;
    use vm_test_protocol::order::{Direction, Effect};

    #[test]
    fn a_body_without_a_lab_orders_faults_of_its_own_link_and_nothing_else() {
        let own = Fault::OwnLink {
            direction: Direction::Both,
            effect: Effect::Cut,
        };
        let of_lab = Fault::Link {
            node: "a".to_owned(),
            network: "lan".to_owned(),
            direction: Direction::Both,
            effect: Effect::Cut,
        };
        for (order, is_own) in [
            (Order::Fault(own), true),
            (Order::Mend { fault: 1 }, true),
            (Order::Tally { fault: 1 }, true),
            (Order::Fault(of_lab), false),
            (Order::Save, false),
            (Order::Capture { directory: None }, false),
        ] {
            assert_eq!(is_of_link(&order), is_own, "{order:?}");
        }
    }
}
