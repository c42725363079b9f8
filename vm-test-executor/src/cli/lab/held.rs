//! The labs that the daemons of this user have, and which of them and of their nodes is meant.
//! Changes nothing.

use crate::cli::daemons;
use std::cmp::Reverse;
use std::path::PathBuf;
use vm_test_protocol::daemon::{Reply, Request};
use vm_test_protocol::failure::Failure;
use vm_test_protocol::status::{InstanceStatus, LabStatus};
use vm_test_settings::word::{enumerate, suggestion};

/// A lab that runs.
#[derive(Debug)]
pub(in crate::cli) struct Held {
    /// The socket of its daemon.
    pub(in crate::cli) socket: PathBuf,
    pub(in crate::cli) lab: LabStatus,
    /// Those of its nodes that run.
    pub(super) instances: Vec<InstanceStatus>,
}

/// What the daemons say.
#[derive(Debug, Default)]
pub(in crate::cli) struct Survey {
    /// All labs, the oldest first.
    pub(in crate::cli) labs: Vec<Held>,
    /// Why a daemon said nothing.
    pub(super) silent: Option<Failure>,
}

/// Asks all daemons for their labs.
pub(in crate::cli) fn survey() -> Result<Survey, Failure> {
    let mut survey = Survey::default();
    for socket in daemons::sockets()? {
        match daemons::ask(&socket, &Request::Status) {
            Ok(Some(Reply::Status(status))) => {
                let instances = &status.instances;
                survey.labs.extend(status.labs.into_iter().map(|lab| Held {
                    socket: socket.clone(),
                    instances: nodes_of(&lab.lab, instances),
                    lab,
                }));
            }
            Ok(_) => {}
            Err(failure) => survey.silent = Some(failure),
        }
    }
    survey.labs.sort_by_key(|held| Reverse(held.lab.age));
    Ok(survey)
}

fn nodes_of(lab: &str, instances: &[InstanceStatus]) -> Vec<InstanceStatus> {
    let is_of_it = |it: &&InstanceStatus| it.lab.as_ref().is_some_and(|node| node.lab == lab);
    instances.iter().filter(is_of_it).cloned().collect()
}

/// Returns the lab with this name of its own, or else the only one with this name in vm-test.toml.
///
/// # Errors
/// If there is no such lab, or more than one.
pub(super) fn named(name: &str) -> Result<Held, Failure> {
    choose(survey()?, name)
}

fn choose(mut survey: Survey, name: &str) -> Result<Held, Failure> {
    let labs = &survey.labs;
    if let Some(at) = labs.iter().position(|held| held.lab.lab == name) {
        return Ok(survey.labs.swap_remove(at));
    }
    let like: Vec<_> = (0..labs.len())
        .filter(|&at| labs[at].lab.name == name)
        .collect();
    match like[..] {
        [] => Err(survey
            .silent
            .take()
            .unwrap_or_else(|| unknown(&survey, name))),
        [at] => Ok(survey.labs.swap_remove(at)),
        _ => {
            let names = like.iter().map(|&at| &*labs[at].lab.lab);
            Err(Failure::new(format!(
                "cannot tell which lab `{name}` is meant: {} run",
                enumerate(names, "", "and")
            ))
            .hint("name one of them"))
        }
    }
}

fn unknown(survey: &Survey, name: &str) -> Failure {
    let own = survey.labs.iter().map(|held| held.lab.lab.as_str());
    let declared = survey.labs.iter().map(|held| held.lab.name.as_str());
    let hint = match suggestion(name, own.chain(declared)) {
        Some(near) => format!("did you mean `{near}`?"),
        None => "`vm-test lab ls` lists those that run; `vm-test lab up` starts one; VM_TEST_KEEP=on-failure keeps those of failed tests".to_owned(),
    };
    Failure::new(format!("cannot find lab {name}: no such lab runs")).hint(hint)
}

impl Held {
    /// Returns the instance of a node.
    ///
    /// # Errors
    /// If there is no such node, or it does not run.
    pub(super) fn node(&self, name: &str) -> Result<&InstanceStatus, Failure> {
        if let Some(instance) = self.instance_of(name) {
            return Ok(instance);
        }
        let lab = &self.lab.lab;
        let nodes = || self.lab.nodes.iter().map(|node| node.name.as_str());
        if nodes().any(|node| node == name) {
            let words = format!("cannot enter node `{name}` of lab {lab}: it does not run");
            return Err(Failure::new(words).hint(format!(
                "`vm-test lab ls` lists the nodes that do; `vm-test lab down {lab}` ends the lab"
            )));
        }
        let hint = match suggestion(name, nodes()) {
            Some(near) => format!("did you mean `{near}`?"),
            None => format!("its nodes are {}", enumerate(nodes(), "`", "and")),
        };
        let words = format!("cannot enter node `{name}` of lab {lab}: there is no such node");
        Err(Failure::new(words).hint(hint))
    }

    /// Returns the instance of a node, if it runs.
    pub(super) fn instance_of(&self, name: &str) -> Option<&InstanceStatus> {
        let is_it = |it: &&InstanceStatus| it.lab.as_ref().is_some_and(|node| node.node == name);
        self.instances.iter().find(is_it)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::time::Duration;

    fn survey_of(names: &[(&str, &str)]) -> Survey {
        let labs = names.iter().map(|(own, name)| Held {
            socket: PathBuf::new(),
            lab: LabStatus {
                lab: (*own).to_owned(),
                name: (*name).to_owned(),
                purpose: String::new(),
                age: Duration::ZERO,
                networks: Vec::new(),
                nodes: Vec::new(),
                kept: None,
            },
            instances: Vec::new(),
        });
        Survey {
            labs: labs.collect(),
            silent: None,
        }
    }

    #[test]
    fn a_lab_is_found_by_its_own_name_or_by_its_declared_name_if_that_is_clear() {
        let labs = [("a-1-1", "a"), ("a-1-2", "a"), ("b-1-3", "b")];
        let found = |name: &str| choose(survey_of(&labs), name);
        assert_eq!(found("a-1-2").unwrap().lab.lab, "a-1-2");
        assert_eq!(found("b").unwrap().lab.lab, "b-1-3");
        assert_eq!(
            found("a").unwrap_err().message,
            "cannot tell which lab `a` is meant: a-1-1 and a-1-2 run"
        );
        let unknown = found("b-1-4").unwrap_err();
        assert_eq!(unknown.hint.unwrap(), "did you mean `b-1-3`?");
        let unknown = found("office").unwrap_err();
        assert_eq!(unknown.message, "cannot find lab office: no such lab runs");
        assert!(unknown.hint.unwrap().starts_with("`vm-test lab ls` lists"));
    }

    #[test]
    fn a_daemon_that_does_not_answer_may_have_the_lab() {
        let mut survey = survey_of(&[("a-1-1", "a")]);
        survey.silent = Some(Failure::new("it is silent"));
        assert_eq!(choose(survey, "b").unwrap_err().message, "it is silent");
    }
}
