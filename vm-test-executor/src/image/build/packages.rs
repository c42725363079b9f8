//! The build step that installs Debian packages in an image that is not bootstrapped here: by its
//! own apt, in a guest. Knows no other package manager.

use super::command;
use super::layers::Layers;
use crate::image::import::Runner;
use crate::image::layer::stacked::Stack;
use crate::image::recipe::{Recipe, RunEntry};
use std::path::Path;
use vm_test_protocol::failure::Failure;

/// The program that installs them.
const APT: &str = "/usr/bin/apt-get";

/// Adds the layer with a recipe's packages.
///
/// # Errors
/// If the base has no apt, or it cannot install them.
pub(super) fn add(
    layers: &mut Layers<'_>,
    recipe: &Recipe,
    runner: &mut dyn Runner,
) -> Result<(), Failure> {
    if recipe.packages.is_empty() {
        return Ok(());
    }
    let below: Vec<_> = layers
        .keys
        .iter()
        .map(|key| layers.store.files(key))
        .collect();
    let stack = Stack::new(&below);
    if stack.find(&stack.resolve(Path::new(APT))).is_none() {
        return Err(Failure::new(format!(
            "cannot build image `{}`: its base is not a Debian-based system: it has no {APT}, which installs packages",
            recipe.name
        ))
        .hint("install them by the system's own tools in a run step with network = true"));
    }
    layers.progress.expect(1);
    command::add(layers, &step(&recipe.packages), runner)
}

/// Returns the command. Their names are checked with the recipe, so that a shell reads each as one
/// word.
fn step(packages: &[String]) -> RunEntry {
    let packages = packages.join(" ");
    RunEntry {
        command: format!(
            "apt-get update && \
             apt-get install --yes --no-install-recommends {packages} && \
             apt-get clean && rm -rf /var/lib/apt/lists/*"
        ),
        network: true,
    }
}

#[cfg(test)]
mod tests {
    use super::step;

    #[test]
    fn packages_are_installed_by_the_images_own_apt_with_a_network() {
        let step = step(&["nftables".to_owned(), "g++".to_owned()]);
        assert!(step.network);
        let install = "apt-get install --yes --no-install-recommends nftables g++ &&";
        assert!(step.command.contains(install), "{}", step.command);
    }
}
