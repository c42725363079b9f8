//! Bad OCI layouts: one row each.

use super::archive::Archive;
use super::layout::{Layout, hash};
use super::place::{Place, Row, refuse_imports};
use super::words::layer;
use serde_json::json;
use std::fs;

const AGAIN: &str = "it was cut off or changed; copy the image again";
const PIN: &str = "pin it: every reference in a layout has the form sha256:HEX";

fn good(place: &Place) -> Layout {
    Layout::write(&place.path("o"), &[("", layer())])
}

/// Returns the path of the layer's blob.
fn blob(place: &Place) -> std::path::PathBuf {
    place.path("o/blobs/sha256").join(hash(&layer()))
}

#[test]
fn references_that_do_not_hold_are_refused() {
    refuse_imports(&[
        Row {
            source: |place| {
                let mut manifest = good(place).manifest();
                manifest["layers"][0]
                    .as_object_mut()
                    .unwrap()
                    .remove("digest");
                good(place).point_to(&manifest);
                "o".to_owned()
            },
            message: "cannot import {}/o: its layer 1 is named without a digest",
            hint: PIN,
        },
        Row {
            source: |place| {
                good(place).document("index.json", &json!({ "manifests": [{ "size": 3 }] }));
                "o".to_owned()
            },
            message: "cannot import {}/o: its manifest is named without a digest",
            hint: PIN,
        },
        Row {
            source: |place| {
                let mut manifest = good(place).manifest();
                manifest["layers"][0]["digest"] = "sha256:../../../../etc/passwd".into();
                good(place).point_to(&manifest);
                "o".to_owned()
            },
            message: "cannot import {}/o: its layer 1 has the digest `sha256:../../../../etc/passwd`, which is not of the form sha256:HEX",
            hint: "copy the image with a tool that writes sha256 digests, such as skopeo",
        },
        Row {
            source: |place| {
                good(place);
                let (was, mut bytes) = (blob(place), layer());
                bytes[1] ^= 1;
                fs::write(was, bytes).unwrap();
                "oci:o".to_owned()
            },
            message: "cannot import {}/o: its layer 1 has the wrong digest: expected sha256:EXPECTED, got sha256:GOT",
            hint: AGAIN,
        },
        Row {
            source: |place| {
                good(place);
                fs::write(blob(place), &layer()[..512]).unwrap();
                "oci:o".to_owned()
            },
            message: "cannot import {}/o: its layer 1 has the wrong size: expected 2560 bytes, got 512",
            hint: AGAIN,
        },
        Row {
            source: |place| {
                good(place);
                fs::remove_file(blob(place)).unwrap();
                "oci:o".to_owned()
            },
            message: "cannot import {}/o: it has no blobs/sha256/EXPECTED",
            hint: "check that it is complete and of this kind",
        },
        Row {
            source: |place| {
                good(place);
                let path = blob(place);
                fs::remove_file(&path).unwrap();
                std::os::unix::fs::symlink("/etc/shadow", path).unwrap();
                "oci:o".to_owned()
            },
            message: "cannot import {}/o: its blobs/sha256/EXPECTED is a symbolic link, or lies behind one",
            hint: "replace the link by the file itself",
        },
        Row {
            source: |place| {
                good(place);
                fs::rename(place.path("o/index.json"), place.path("real")).unwrap();
                std::os::unix::fs::symlink(place.path("real"), place.path("o/index.json")).unwrap();
                "oci:o".to_owned()
            },
            message: "cannot import {}/o: its index.json is a symbolic link, or lies behind one",
            hint: "replace the link by the file itself",
        },
        Row {
            source: |place| {
                good(place);
                "oci:o@sha256:0000000000000000000000000000000000000000000000000000000000000000"
                    .to_owned()
            },
            message: "cannot import {}/o: it holds no image sha256:0000000000000000000000000000000000000000000000000000000000000000",
            hint: "skopeo inspect --raw oci:DIR shows what it holds",
        },
    ]);
}

#[test]
fn an_image_that_is_not_for_this_host_or_not_whole_is_refused() {
    refuse_imports(&[
        Row {
            source: |place| {
                Layout::write_for(&place.path("o"), &[("", layer())], "s390x");
                "o".to_owned()
            },
            message: "cannot import {}/o: it is for s390x, and this host is MACHINE",
            hint: "get the image for this architecture",
        },
        Row {
            source: |place| {
                Layout::write(&place.path("o"), &[("+encrypted", layer())]);
                "o".to_owned()
            },
            message: "cannot import {}/o: its layer 1 has the media type `application/vnd.oci.image.layer.v1.tar+encrypted`, which is not supported",
            hint: "layers are tar archives, plain or compressed by gzip, xz or zstd",
        },
        Row {
            source: |place| {
                Layout::write(&place.path("o"), &[]);
                "o".to_owned()
            },
            message: "cannot import {}/o: it has 0 layers, and from 1 to 40 can be used",
            hint: "squash it, or unpack it and import the directory",
        },
        Row {
            source: |place| {
                place.write("o/x", b"");
                "oci:o".to_owned()
            },
            message: "cannot import {}/o: it has no oci-layout",
            hint: "an OCI layout has the files oci-layout and index.json, and what docker save writes has manifest.json; skopeo copy … oci:DIR writes one",
        },
        // The second layer is bad, and the first must not leave anything either.
        Row {
            source: |place| {
                let bad = Archive::default().file("etc/.wh...", b"").finish();
                Layout::write(&place.path("o"), &[("", layer()), ("", bad)]);
                "o".to_owned()
            },
            message: "cannot import layer 2 of {}/o: unsafe entry `etc/.wh...`: it removes what is not a name",
            hint: "build the image again, or import its file system as one: docker export CONTAINER > root.tar",
        },
        Row {
            source: |place| {
                let packed = Archive::default()
                    .symlink("./index.json", "/etc/passwd")
                    .finish();
                format!("oci:{}", place.write("o.tar", packed))
            },
            message: "cannot import {}/o.tar: unsafe entry `./index.json`: it is neither a file nor a directory",
            hint: "pack the files themselves: tar --dereference -C DIRECTORY -c .",
        },
        Row {
            source: |place| {
                let packed = Archive::default().file("./manifest.json", b"[]").finish();
                format!("oci:{}", place.write("o.tar", packed))
            },
            message: "cannot import {}/o.tar: it holds no image",
            hint: "save it again: docker save IMAGE > FILE.tar",
        },
    ]);
}
