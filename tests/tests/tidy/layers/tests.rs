//! Imports that are allowed, upward ones in every spelling, and modules without a place.

use super::*;

fn violations(file: &str, content: &str) -> Vec<String> {
    upward_imports(&Tree::planted(&[(&format!("{SOURCES}{file}"), content)]))
}

#[test]
fn an_import_from_a_lower_layer_is_allowed() {
    for content in [
        "use crate::host::lack;",
        "use crate::{config::File, keeper};",
        "use super::super::backend;",
    ] {
        assert_eq!(violations("daemon/pool.rs", content), [""; 0], "{content}");
    }
    assert_eq!(
        violations("main.rs", "fn main() { vm_test_executor::keeper::main() }"),
        [""; 0]
    );
}

#[test]
fn an_upward_import_is_found_in_every_spelling() {
    for content in [
        "use crate::daemon::Pool;",
        "use crate::{host, daemon::Pool};",
        "fn f() { crate::daemon::start() }",
        "fn f() { g(crate::daemon::X) }",
        "use super::super::daemon;",
        "use super::super::{host, daemon};",
        "mod tests { use super::super::super::daemon; }",
        "use vm_test_executor::daemon;",
    ] {
        assert_eq!(violations("keeper/world.rs", content).len(), 1, "{content}");
    }
    assert_eq!(violations("keeper.rs", "use super::daemon;").len(), 1);
    assert_eq!(violations("keeper/mod.rs", "use super::daemon;").len(), 1);
    assert_eq!(violations("keeper/mod.rs", "use crate::*;").len(), 1);
}

#[test]
fn a_relative_import_within_a_module_is_none_of_the_layers_business() {
    for content in [
        "use super::daemon;",
        "mod tests { use super::*; use super::super::daemon; }",
        "// crate::daemon",
        "pub(super) fn f() {}",
    ] {
        assert_eq!(violations("keeper/world.rs", content), [""; 0], "{content}");
    }
}

#[test]
fn the_programs_of_the_agent_and_the_proxy_name_no_module() {
    for root in ["agent_main.rs", "proxy_main.rs"] {
        let check = |content: &str| violations(root, content).len();
        assert_eq!(check("fn main() { vm_test_agent::main() }"), 0);
        assert_eq!(check("use vm_test_executor::cli;"), 1);
        assert_eq!(check("fn main() { vm_test_executor::host::lack() }"), 1);
    }
}

#[test]
fn a_module_without_a_layer_and_a_layer_without_a_module_are_found() {
    let found = modules_without_layer(&Tree::planted(&[
        ("vm-test-executor/src/lib.rs", ""),
        ("vm-test-executor/src/main.rs", ""),
        ("vm-test-executor/src/stranger/mod.rs", ""),
        ("vm-test-executor/src/host/mod.rs", ""),
    ]));
    assert!(
        found.contains(&"the module `stranger` has no place in LAYERS".to_owned()),
        "{found:?}"
    );
    assert!(
        found.contains(&"there is no module `cli`, which LAYERS name".to_owned()),
        "{found:?}"
    );
    assert!(
        !found
            .iter()
            .any(|line| line.contains("`host`") || line.contains("`main`")),
        "{found:?}"
    );
}

#[test]
fn a_storey_of_the_daemon_imports_from_those_below_it_only() {
    for (file, content) in [
        ("daemon/lease/serve.rs", "use super::super::prepare::Ready;"),
        (
            "daemon/lease/serve.rs",
            "use super::super::{gate::Gate, instance::Event};",
        ),
        (
            "daemon/prepare/tools.rs",
            "use crate::daemon::instance::Spawner;",
        ),
        (
            "daemon/prepare/tools.rs",
            "use super::names::Names; use crate::keeper::World;",
        ),
        ("daemon/mod.rs", "pub use lease::Budget; mod lease;"),
        ("daemon/start.rs", "use super::lease::Host;"),
    ] {
        assert_eq!(violations(file, content), [""; 0], "{file}: {content}");
    }
    for (file, content) in [
        ("daemon/prepare/tools.rs", "use super::super::lease::Host;"),
        ("daemon/prepare/tools.rs", "use crate::daemon::lease::Host;"),
        (
            "daemon/prepare/tools.rs",
            "use crate::{config, daemon::{lease::Host}};",
        ),
        (
            "daemon/prepare/tools.rs",
            "use super::super::super::daemon::lease::Host;",
        ),
        (
            "daemon/prepare/tools.rs",
            "fn f() { super::super::lease::f() }",
        ),
        (
            "daemon/prepare/stores/tests.rs",
            "use super::super::super::lease::Host;",
        ),
        (
            "daemon/prepare/tools.rs",
            "mod tests { use super::super::super::lease::Host; }",
        ),
        ("daemon/prepare/mod.rs", "use super::lease::Host;"),
        // Through the daemon's re-export.
        ("daemon/instance/event.rs", "use super::super::Budget;"),
        ("daemon/instance/event.rs", "use super::super::*;"),
        (
            "daemon/instance/event.rs",
            "use super::super::prepare::Held;",
        ),
        ("daemon/gate.rs", "use super::listener::Desk;"),
    ] {
        assert_eq!(violations(file, content).len(), 1, "{file}: {content}");
    }
}

#[test]
fn a_room_of_images_imports_from_those_below_it_only() {
    for (file, content) in [
        (
            "image/build/commit.rs",
            "use super::layers::Layers; use crate::image::store::Store;",
        ),
        (
            "image/import/tarball.rs",
            "use crate::image::{inside::Task, layer::digest};",
        ),
        (
            "image/archive/survey/way.rs",
            "use super::super::below::Found; use crate::image::layer::footprint;",
        ),
        ("image/mod.rs", "pub use store::Store; mod build;"),
        ("image/collection.rs", "use super::machine;"),
    ] {
        assert_eq!(violations(file, content), [""; 0], "{file}: {content}");
    }
    for (file, content) in [
        ("image/store/locks.rs", "use crate::image::build::Build;"),
        (
            "image/store/locks.rs",
            "use super::super::machine::Machine;",
        ),
        (
            "image/inside/task.rs",
            "use crate::{config, image::{layer, store::Store}};",
        ),
        (
            "image/archive/survey/way.rs",
            "use super::super::super::inside;",
        ),
        ("image/layer/lock.rs", "fn f() { crate::image::store::f() }"),
        ("image/recipe/base.rs", "use crate::image::store::Store;"),
        // Through the module's re-export.
        ("image/inside/task.rs", "use crate::image::Store;"),
        ("image/payload/walk.rs", "use crate::image::collection;"),
    ] {
        assert_eq!(violations(file, content).len(), 1, "{file}: {content}");
    }
}

#[test]
fn a_module_without_a_storey_is_found() {
    let found = modules_without_layer(&Tree::planted(&[
        ("vm-test-executor/src/image/mod.rs", ""),
        ("vm-test-executor/src/image/loose.rs", ""),
        ("vm-test-executor/src/daemon/mod.rs", ""),
        ("vm-test-executor/src/daemon/stranger.rs", ""),
        ("vm-test-executor/src/daemon/lease/mod.rs", ""),
    ]));
    assert!(
        found.contains(&"the module `stranger` has no place in the STOREYS of `daemon`".to_owned()),
        "{found:?}"
    );
    assert!(
        found.contains(
            &"there is no module `prepare`, which the STOREYS of `daemon` name".to_owned()
        ),
        "{found:?}"
    );
    assert!(
        found.contains(&"the module `loose` has no place in the STOREYS of `image`".to_owned()),
        "{found:?}"
    );
    assert!(
        !found.iter().any(|line| line.contains("`lease`")),
        "{found:?}"
    );
}
