//! Archives that unpack to too much, and stores that are not private to this user.

use super::archive::Archive;
use super::place::{Place, compressed};
use std::fs;
use std::os::unix::fs::PermissionsExt;

#[test]
fn a_decompression_bomb_stops_at_the_limit() {
    let place = Place::new();
    let bomb = Archive::default()
        .file("./zeros", &vec![0; 64 << 20])
        .finish();
    let file = place.write("bomb.tar.gz", compressed("gzip", &bomb));
    assert!(fs::metadata(&file).unwrap().len() < 1 << 20);
    place.refuse(
        place
            .vm_test(&["image", "import", "bomb", &file])
            .env("VM_TEST_IMAGE_LIMIT", "10M"),
        "cannot import {}/bomb.tar.gz: it unpacks to more than the limit of 10 MiB",
        "if you trust it, raise the limit, as in VM_TEST_IMAGE_LIMIT=40G",
    );
    place.assert_empty();
    // Zeros after the end are not part of the image, but cost as much.
    let mut tail = Archive::default().file("./a", b"a").finish();
    tail.resize(64 << 20, 0);
    let file = place.write("tail.tar.zst", compressed("zstd", &tail));
    place.refuse(
        place
            .vm_test(&["image", "import", "bomb", &file])
            .env("VM_TEST_IMAGE_LIMIT", "10M"),
        "cannot import {}/tail.tar.zst: it unpacks to more than the limit of 10 MiB",
        "if you trust it, raise the limit, as in VM_TEST_IMAGE_LIMIT=40G",
    );
    place.assert_empty();
}

#[test]
fn a_name_without_end_is_not_read_into_memory() {
    let place = Place::new();
    let long = Archive::default()
        .entry("long", b'L', "", 0, &vec![b'a'; 32 << 20])
        .file("./x", b"");
    let file = place.write("r.tar", long.finish());
    place.refuse(
        &mut place.vm_test(&["image", "import", "long", &file]),
        "cannot import {}/r.tar: the names and attributes after entry `` do not end",
        "no ordinary tool makes such an archive",
    );
    place.assert_empty();
}

#[test]
fn a_limit_that_is_none_is_named() {
    let place = Place::new();
    let file = place.write("r.tar", Archive::default().file("./a", b"").finish());
    place.refuse(
        place.vm_test(&["image", "import", "a", &file]).env("VM_TEST_IMAGE_LIMIT", "lots"),
        "cannot use VM_TEST_IMAGE_LIMIT: `lots` is not a size; write a number with a unit, as in \"512M\" or \"2G\"",
        "as in VM_TEST_IMAGE_LIMIT=40G",
    );
    place.assert_empty();
}

#[test]
fn a_store_to_which_everyone_may_write_is_refused() {
    let place = Place::new();
    let open = |path: &str, mode: u32| {
        fs::set_permissions(place.path(path), fs::Permissions::from_mode(mode)).unwrap();
    };
    place.succeed(&["image", "list"]);
    for (name, path) in [("store", "{}/store"), ("store/layers", "{}/store/layers")] {
        open(name, 0o1777);
        place.refuse(
            &mut place.vm_test(&["image", "list"]),
            &format!("cannot use the store {{}}/store: everyone may write to {path}"),
            &format!("chmod o-w {path}, or set VM_TEST_STORE to a directory of your own"),
        );
        open(name, 0o755);
    }
    place.assert_empty();
}
