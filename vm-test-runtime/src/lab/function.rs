//! A function of this test binary as something that a node runs, and what it returned there. Runs
//! nothing itself.

use super::error::NodeError;
use super::work::how;
use crate::call;
use serde::Serialize;
use serde::de::DeserializeOwned;
use vm_test_call::Function;
use vm_test_protocol::failure::Failure;
use vm_test_protocol::lab::{MOST_BYTES, Ran, Returned, Work};

/// Returns the call of a function with this argument on a node.
pub(super) fn call_of<A, R>(
    node: &str,
    function: Function<A, R>,
    argument: &A,
) -> Result<Work, NodeError>
where
    A: Serialize + DeserializeOwned,
    R: Serialize + DeserializeOwned,
{
    let cannot = |cause: String| NodeError::refused(node, Failure::new(cause));
    let argument = function.encode(argument, MOST_BYTES);
    let argument = argument.map_err(|refusal| cannot(refusal.to_string()))?;
    let call = call::encode(function.address(), &argument);
    call.map(Work::Call)
        .map_err(|error| cannot(error.to_string()))
}

/// Returns what the function returned on a node.
pub(super) fn returned<A, R>(node: &str, function: Function<A, R>, ran: Ran) -> Result<R, NodeError>
where
    A: Serialize + DeserializeOwned,
    R: Serialize + DeserializeOwned,
{
    match ran.returned {
        Some(Returned::Value(value)) => function
            .decode(&value)
            .map_err(|refusal| NodeError::ended(node, refusal.to_string())),
        Some(Returned::Panicked { message, location }) => Err(NodeError::Panicked {
            node: node.to_owned(),
            message,
            location,
        }),
        Some(Returned::Failed(reason)) => Err(NodeError::ended(node, reason)),
        None => Err(NodeError::ended(node, how(&ran.end))),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use vm_test_protocol::end::End;

    fn ran(end: End, returned: Option<Returned>) -> Ran {
        Ran {
            end,
            returned,
            stdout: Vec::new(),
            stderr: Vec::new(),
            dropped_bytes: 0,
        }
    }

    #[test]
    fn every_way_in_which_a_call_can_end_has_its_own_words() {
        let function = Function::of(|text: String| text.len() as u32);
        let words = |end, told| match returned("a", function, ran(end, told)) {
            Ok(value) => value.to_string(),
            Err(error) => error.to_string(),
        };
        let panicked = Returned::Panicked {
            message: Some("no".to_owned()),
            location: Some("a.rs:1:2".to_owned()),
        };
        let failed = Returned::Failed("there is no function".to_owned());
        for (end, told, expected) in [
            (End::Exited(0), Some(Returned::Value(vec![7])), "7"),
            (
                End::Exited(0),
                Some(Returned::Value(vec![7, 7])),
                "no result from node `a`: cannot return the result: 1 bytes too many",
            ),
            (
                End::Exited(0),
                Some(panicked),
                "node `a` panicked at a.rs:1:2: no",
            ),
            (
                End::Exited(0),
                Some(failed),
                "no result from node `a`: there is no function",
            ),
            (
                End::Signaled(9),
                None,
                "no result from node `a`: signal 9 killed its process",
            ),
            (
                End::OutOfMemory,
                None,
                "no result from node `a`: the node ran out of memory, and its process was killed",
            ),
        ] {
            assert_eq!(words(end, told), expected);
        }
    }

    #[test]
    fn an_argument_that_is_too_long_is_refused_before_anything_is_sent() {
        let function = Function::of(|bytes: Vec<u8>| bytes.len() as u64);
        assert!(call_of("a", function, &vec![0; MOST_BYTES / 2]).is_ok());
        let refusal = call_of("a", function, &vec![0; 100 << 20]).unwrap_err();
        assert_eq!(
            refusal.to_string(),
            "cannot use node `a`: cannot pass the argument: it is longer than 524288 bytes, the \
             most that is sent"
        );
    }
}
