//! Recipes based on images of other recipes: finds those that must be built first.
//!
//! Builds nothing.

use crate::image::recipe;
use crate::image::recipe::{Base, Recipe};
use crate::image::store::{Store, images};
use vm_test_protocol::failure::Failure;

/// Returns the recipes of all missing images that a recipe is based on, in build order.
pub(super) fn missing(store: &Store, recipe: &Recipe) -> Result<Vec<Recipe>, Failure> {
    let mut names = vec![recipe.name.clone()];
    let mut found = Vec::new();
    let mut is_needed = true;
    let mut next = base_of(recipe).map(str::to_owned);
    while let Some(name) = next {
        let is_cycle = names.contains(&name);
        names.push(name.clone());
        if is_cycle {
            let cycle: Vec<_> = names.iter().map(|name| format!("`{name}`")).collect();
            return Err(Failure::new(format!(
                "cannot build image `{}`: its bases form a cycle: {}",
                recipe.name,
                cycle.join(" → ")
            ))
            .hint("give one of them a base that is not an image, such as debian:bookworm"));
        }
        let is_there = images::find(store, &name).is_ok();
        is_needed &= !is_there;
        let base = match recipe::find(&name, &recipe.home) {
            Ok(base) => base,
            // An image that was imported or committed has no recipe and needs none.
            Err(_) if is_there => break,
            Err(failure) => {
                return Err(failure.reworded(|cause| {
                    format!(
                        "cannot build image `{}`: its base `{name}` is not in the store: {cause}",
                        recipe.name
                    )
                }));
            }
        };
        next = base_of(&base).map(str::to_owned);
        if is_needed {
            found.push(base);
        }
    }
    found.reverse();
    Ok(found)
}

fn base_of(recipe: &Recipe) -> Option<&str> {
    match &recipe.base {
        Base::Image(name) => Some(name),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::path::Path;

    fn recipe(dir: &Path, name: &str) -> Recipe {
        recipe::find(name, dir).unwrap()
    }

    #[test]
    fn bases_are_built_before_what_starts_from_them_and_a_cycle_is_printed() {
        let dir = tempfile::tempdir().unwrap();
        std::fs::create_dir(dir.path().join("images")).unwrap();
        let store = Store::open(&dir.path().join("store")).unwrap();
        let write = |name: &str, base: &str| {
            let file = dir.path().join("images").join(format!("{name}.toml"));
            std::fs::write(file, format!("base = \"{base}\"\n")).unwrap();
        };
        write("a", "b");
        write("b", "c");
        write("c", "tar:rootfs.tar");
        let names = |name: &str| {
            let found = missing(&store, &recipe(dir.path(), name)).unwrap();
            found
                .into_iter()
                .map(|recipe| recipe.name)
                .collect::<Vec<_>>()
        };
        assert_eq!(names("a"), ["c", "b"]);
        assert!(names("c").is_empty());
        write("c", "a");
        let failure = missing(&store, &recipe(dir.path(), "a")).unwrap_err();
        assert_eq!(
            failure.message,
            "cannot build image `a`: its bases form a cycle: `a` → `b` → `c` → `a`"
        );
    }

    #[test]
    fn a_base_without_an_image_and_without_a_recipe_is_named() {
        let dir = tempfile::tempdir().unwrap();
        std::fs::create_dir(dir.path().join("images")).unwrap();
        std::fs::write(dir.path().join("images/a.toml"), "base = \"nowhere\"\n").unwrap();
        let store = Store::open(&dir.path().join("store")).unwrap();
        let failure = missing(&store, &recipe(dir.path(), "a")).unwrap_err();
        assert!(
            failure
                .message
                .contains("its base `nowhere` is not in the store")
        );
    }
}
