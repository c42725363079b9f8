//! Good imported images: guests start from each, and what layers remove is not there.

use super::archive::Archive;
use super::layout::Layout;
use super::place::{Place, compressed, finish};
use super::rootfs::{SHOW, with_shell};
use std::fs;
use std::process::Command;

/// Runs a command in a guest of an image.
pub(crate) fn run(place: &Place, image: &str, command: &[&str]) -> String {
    place.write("vm-test.toml", format!("[guest.g]\nimage = \"{image}\"\n"));
    let args: Vec<&str> = ["run", "g", "--directory", "/", "--"]
        .iter()
        .chain(command)
        .copied()
        .collect();
    place.succeed(&args)
}

#[test]
fn a_guest_starts_from_an_archive_in_every_form() {
    let place = Place::new();
    let archive = with_shell(Archive::default(), "from an archive").finish();
    for (image, program, ending) in [
        ("gz", "gzip", ".tar.gz"),
        ("xz", "xz", ".tar.xz"),
        ("zst", "zstd", ".tar.zst"),
    ] {
        let file = place.write(&format!("r{ending}"), compressed(program, &archive));
        place.succeed(&["image", "import", image, &file]);
        assert_eq!(run(&place, image, &SHOW), "from an archive\n");
        place.succeed(&["image", "verify", image]);
    }
    let file = place.write("r.tar", &archive);
    place.succeed(&["image", "import", "plain", &file]);
    let again = place
        .vm_test(&["image", "import", "plain", &file])
        .output()
        .unwrap();
    let words = String::from_utf8_lossy(&again.stderr).into_owned();
    finish(again, &["image", "import"]);
    assert!(words.contains("in the store"), "{words}");
}

#[test]
fn a_guest_starts_from_a_directory() {
    let place = Place::new();
    let file = place.write(
        "r.tar",
        with_shell(Archive::default(), "from a directory").finish(),
    );
    fs::create_dir(place.path("root")).unwrap();
    let status = Command::new("tar")
        .arg("-xf")
        .arg(&file)
        .args(["--exclude=./dev/*", "--no-same-owner", "-C"])
        .arg(place.path("root"))
        .status()
        .unwrap();
    assert!(status.success());
    place.succeed(&["image", "import", "d", "dir:root"]);
    assert_eq!(run(&place, "d", &SHOW), "from a directory\n");
    let owner = "for f in /etc/*; do [ -O $f ] || exit 1; done; echo own";
    assert_eq!(run(&place, "d", &["sh", "-c", owner]), "own\n");
}

#[test]
fn the_layers_of_an_oci_image_lie_on_each_other_and_remove_what_they_say() {
    let place = Place::new();
    let base = with_shell(Archive::default(), "below")
        .directory("./old")
        .file("./old/one", b"1")
        .file("./gone", b"")
        .directory("./swept")
        .file("./swept/dust", b"");
    let above = Archive::default()
        .directory("etc")
        .file("etc/marker", b"above\n")
        .file(".wh.gone", b"")
        .file(".wh.old", b"")
        .directory("old")
        .file("old/two", b"2")
        .directory("swept")
        .file("swept/.wh..wh..opq", b"")
        .file("swept/clean", b"");
    let layers = [
        ("+gzip", compressed("gzip", &base.finish())),
        ("", above.finish()),
    ];
    Layout::write(&place.path("o"), &layers);
    let status = Command::new("tar")
        .arg("-cf")
        .arg(place.path("o.tar"))
        .arg("-C")
        .arg(place.path("o"))
        .arg(".")
        .status()
        .unwrap();
    assert!(status.success());
    for (image, source) in [("directory", "oci:o"), ("packed", "oci:o.tar")] {
        place.succeed(&["image", "import", image, source]);
        assert_eq!(run(&place, image, &SHOW), "above\n");
        let list = "cd /; echo gone* old/* swept/*";
        assert_eq!(
            run(&place, image, &["sh", "-c", list]),
            "gone* old/two swept/clean\n"
        );
        place.succeed(&["image", "verify", image]);
    }
    assert!(
        fs::read_dir(place.path("store/building"))
            .unwrap()
            .next()
            .is_none()
    );
}

#[test]
fn a_recipe_starts_from_each_of_them_and_builds_the_bases_that_it_needs() {
    let place = Place::new();
    place.write(
        "images/r.tar",
        with_shell(Archive::default(), "from below").finish(),
    );
    Layout::write(
        &place.path("images/o"),
        &[("", with_shell(Archive::default(), "from a layout").finish())],
    );
    place.write("images/below.toml", "base = \"tar:r.tar\"\n");
    place.write(
        "images/above.toml",
        "base = \"below\"\n[[run]]\ncommand = \"echo built > /etc/marker\"\n",
    );
    place.write("images/layout.toml", "base = \"oci:o\"\n");
    place.succeed(&["image", "build", "above"]);
    assert_eq!(run(&place, "above", &SHOW), "built\n");
    assert_eq!(run(&place, "below", &SHOW), "from below\n");
    place.succeed(&["image", "build", "layout"]);
    assert_eq!(run(&place, "layout", &SHOW), "from a layout\n");
}

#[test]
fn a_store_and_a_source_may_have_the_characters_that_separate_options_in_their_paths() {
    let place = Place::new();
    let file = place.write(
        "a:b,c \\d/r:1,2.tar",
        with_shell(Archive::default(), "odd").finish(),
    );
    let store = place.path("s:t,o=r e\\");
    let args = ["image", "import", "odd", &file];
    finish(place.vm_test_on(&store, &args).output().unwrap(), &args);
    place.write("vm-test.toml", "[guest.g]\nimage = \"odd\"\n");
    let mut args = vec!["run", "g", "--directory", "/", "--"];
    args.extend(SHOW);
    let words = finish(place.vm_test_on(&store, &args).output().unwrap(), &args);
    assert_eq!(words, "odd\n");
}
