//! What is said of each layer, and which plans are the same.

use super::*;

fn names(paths: &[PathBuf]) -> Vec<&str> {
    paths.iter().filter_map(|path| path.to_str()).collect()
}

#[test]
fn what_is_hidden_or_adopted_is_said_of_the_layer_that_it_is_in() {
    let dir = tempfile::tempdir().unwrap();
    let root = dir.path().canonicalize().unwrap();
    let [work, inner, disk] = ["work", "work/inner", "disk"].map(|name| root.join(name));
    for path in [&inner, &disk] {
        std::fs::create_dir_all(path).unwrap();
    }
    let mut plan = Plan::default();
    plan.layer(root.clone(), By::Path);
    plan.layer(disk.clone(), By::Path);
    plan.layer(root.join(".ssh"), By::Path);
    plan.hide(&[root.join(".ssh"), disk.join("key")]);
    let shared = [work, inner, "/usr/bin".into(), "/".into(), disk.clone()];
    plan.adopt(&shared, |_| true);
    let layers: Vec<_> = plan
        .steps
        .iter()
        .map(|step| match step {
            Step::Layer {
                hidden, adopted, ..
            } => (names(hidden), names(adopted)),
            _ => panic!("{step:?}"),
        })
        .collect();
    let outer = (vec![".ssh", "disk/key"], vec!["work", "disk"]);
    assert_eq!(layers, [outer, (vec!["key"], vec![""])]);
    let adopted = |plan: &Plan| {
        let adopted = plan.steps.iter().map(|step| match step {
            Step::Layer { adopted, .. } => adopted.len(),
            _ => 0,
        });
        adopted.collect::<Vec<_>>()
    };
    plan.adopt(&shared, |path| path != disk);
    assert_eq!(adopted(&plan), [1, 0]);
    plan.adopt(&shared, |_| false);
    assert_eq!(adopted(&plan), [0, 0]);
}

#[test]
fn a_plan_for_the_same_paths_with_something_else_there_is_another_one() {
    let dir = tempfile::tempdir().unwrap();
    let [work, tree, file] = ["work", "tree", "file"].map(|name| dir.path().join(name));
    for path in [&work, &tree] {
        fs::create_dir(path).unwrap();
    }
    fs::write(&file, "old").unwrap();
    let made = || {
        let mut plan = Plan::default();
        plan.layer(work.clone(), By::Path);
        plan.layer(tree.clone(), By::Tree);
        plan.add_file("/lib/file".into(), file.clone(), By::Path);
        plan.look();
        plan
    };
    let first = made();
    fs::write(work.join("new"), "").unwrap();
    assert_eq!(made(), first);
    fs::write(&file, "new").unwrap();
    let second = made();
    assert_ne!(second, first);
    for path in [&work, &tree] {
        fs::rename(path, path.with_extension("old")).unwrap();
        fs::create_dir(path).unwrap();
    }
    let third = made();
    assert_ne!(third, second);
    fs::remove_dir(&tree).unwrap();
    assert_ne!(made(), third);
    assert_eq!(made(), made());
}
