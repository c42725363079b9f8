//! Orders about the link of an instance that is in no lab. Knows no fault.

use super::questions::ask_within;
use std::time::Duration;
use vm_test_protocol::daemon::{Reply, Request};
use vm_test_protocol::failure::Failure;
use vm_test_protocol::order::{Done, Order};

/// How long a change of a link may take: a keeper has thirty seconds.
const ORDER_TIMEOUT: Duration = Duration::from_secs(40);

/// Has the daemon change the link of an instance that is in no lab.
///
/// Does not start a daemon.
///
/// # Errors
/// If the daemon does not answer. [`Done::Failed`] is an answer.
pub fn order_link(instance: &str, order: Order) -> Result<Done, Failure> {
    let instance = instance.to_owned();
    match ask_within(&Request::OfGuest { instance, order }, ORDER_TIMEOUT) {
        Some(Reply::Done(done)) => Ok(done),
        Some(other) => Err(Failure::new(format!("the daemon answered {other:?}"))),
        None => Err(Failure::new("the daemon does not answer")),
    }
}
