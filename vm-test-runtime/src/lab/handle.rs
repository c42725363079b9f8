//! The lab of the running test, and its nodes, as the test's body has them.

use super::command::Command;
use super::error::NodeError;
use super::exchange::ask;
use super::function::{call_of, returned};
use super::work::have_run;
use serde::Serialize;
use serde::de::DeserializeOwned;
use std::net::IpAddr;
use std::sync::OnceLock;
use vm_test_call::Function;
use vm_test_protocol::failure::Failure;
use vm_test_protocol::lab::{Answer, NodeEntry, Question};

/// Returns the lab of the running test.
///
/// # Panics
/// If this is not the body of a test with a lab: `#[on_vm(lab = "…")]`.
#[must_use]
#[track_caller]
pub fn lab() -> Lab {
    static NODES: OnceLock<Result<Nodes, Failure>> = OnceLock::new();
    let asked = || match ask(Question::Nodes) {
        Answer::Nodes { nodes, own } => Ok(Nodes { nodes, own }),
        Answer::Refused(failure) => Err(failure),
        _ => Err(Failure::new("the host gave another answer")),
    };
    match NODES.get_or_init(asked) {
        Ok(nodes) => Lab { nodes },
        Err(failure) => {
            let failure = failure
                .clone()
                .reworded(|cause| format!("cannot use the lab: {cause}"));
            panic!("{failure}")
        }
    }
}

#[derive(Debug)]
struct Nodes {
    nodes: Vec<NodeEntry>,
    own: String,
}

/// The lab of the running test.
#[derive(Clone, Copy, Debug)]
pub struct Lab {
    nodes: &'static Nodes,
}

impl Lab {
    /// Returns the node of this name.
    ///
    /// # Panics
    /// If the lab has no such node.
    #[must_use]
    #[track_caller]
    pub fn node(&self, name: &str) -> Node {
        let Some(node) = self.nodes().find(|node| node.name() == name) else {
            let names = self.nodes().map(|node| format!("`{}`", node.name()));
            let names = names.collect::<Vec<_>>().join(", ");
            panic!("cannot find node `{name}`: the lab has {names}");
        };
        node
    }

    /// Returns the node that the test's body runs on.
    #[must_use]
    #[track_caller]
    pub fn own(&self) -> Node {
        self.node(&self.nodes.own)
    }

    /// Returns all nodes.
    pub fn nodes(&self) -> impl Iterator<Item = Node> + use<> {
        self.nodes.nodes.iter().map(|entry| Node { entry })
    }

    /// Returns the first address of a node on a network; see [`Node::address`].
    ///
    /// # Panics
    /// If there is no such node, or it has no address there.
    #[must_use]
    #[track_caller]
    pub fn address(&self, node: &str, network: &str) -> IpAddr {
        self.node(node).address(network)
    }
}

/// A node of the lab.
#[derive(Clone, Copy, Debug)]
pub struct Node {
    entry: &'static NodeEntry,
}

impl Node {
    /// Returns its name, which is its host name.
    #[must_use]
    pub fn name(&self) -> &'static str {
        &self.entry.name
    }

    /// Returns the name of the guest that it is a copy of.
    #[must_use]
    pub fn guest(&self) -> &'static str {
        &self.entry.guest
    }

    /// Returns its first address on a network, which is its IPv4 address.
    ///
    /// # Panics
    /// If it has no address there.
    #[must_use]
    #[track_caller]
    pub fn address(&self, network: &str) -> IpAddr {
        let Some(address) = self.addresses(network).next() else {
            panic!(
                "cannot find an address: node `{}` has none on network `{network}`",
                self.name()
            );
        };
        address
    }

    /// Returns its addresses on a network: the IPv4 address, then the IPv6 address.
    pub fn addresses(&self, network: &str) -> impl Iterator<Item = IpAddr> {
        let all = self.entry.addresses.iter();
        all.filter(move |address| address.network == network)
            .map(|address| address.address)
    }

    /// Returns the name of its interface on a network, as in `eth0`.
    ///
    /// # Panics
    /// If it is not on this network.
    #[must_use]
    #[track_caller]
    pub fn interface(&self, network: &str) -> &'static str {
        let mut links = self.entry.links.iter();
        let Some(link) = links.find(|link| link.network == network) else {
            panic!(
                "cannot find an interface: node `{}` is not on network `{network}`",
                self.name()
            );
        };
        &link.interface
    }

    /// Returns whether the test's body runs on it.
    pub(super) fn is_own(&self) -> bool {
        lab().nodes.own == self.name()
    }

    /// Runs a closure on the node, in a process of this test binary, and returns its result.
    ///
    /// It captures nothing: what it needs is passed with [`Node::call`].
    ///
    /// # Panics
    /// If it panics there, or has no result; see [`Node::try_call`].
    #[track_caller]
    pub fn run<R>(&self, f: impl Fn() -> R + Copy + 'static) -> R
    where
        R: Serialize + DeserializeOwned,
    {
        match self.ran(Function::of(move |(): ()| f()), &()) {
            Ok(result) => result,
            Err(error) => panic!("{error}"),
        }
    }

    /// Calls a function on the node with this argument, in a process of this test binary, and
    /// returns its result.
    ///
    /// The function is the name of a function or a closure that captures nothing.
    ///
    /// # Panics
    /// If it panics there, or has no result; see [`Node::try_call`].
    #[track_caller]
    pub fn call<A, R>(&self, f: impl Fn(A) -> R + Copy + 'static, argument: A) -> R
    where
        A: Serialize + DeserializeOwned,
        R: Serialize + DeserializeOwned,
    {
        match self.try_call(f, argument) {
            Ok(result) => result,
            Err(error) => panic!("{error}"),
        }
    }

    /// Calls a function on the node, as [`Node::call`] does, and returns its panic as data.
    ///
    /// # Errors
    /// If it panics there, its process ends without a result, the argument or the result is too
    /// long (512 KiB), or the node cannot be used.
    pub fn try_call<A, R>(
        &self,
        f: impl Fn(A) -> R + Copy + 'static,
        argument: A,
    ) -> Result<R, NodeError>
    where
        A: Serialize + DeserializeOwned,
        R: Serialize + DeserializeOwned,
    {
        self.ran(Function::of(f), &argument)
    }

    fn ran<A, R>(&self, function: Function<A, R>, argument: &A) -> Result<R, NodeError>
    where
        A: Serialize + DeserializeOwned,
        R: Serialize + DeserializeOwned,
    {
        let work = call_of(self.name(), function, argument)?;
        returned(self.name(), function, have_run(self.name(), work)?)
    }

    /// Prepares a command of the node: the program, by its path or a name in the node's `PATH`, and
    /// its arguments.
    pub fn command<W: AsRef<[u8]>>(&self, words: impl IntoIterator<Item = W>) -> Command {
        Command::new(self.name(), words)
    }
}
