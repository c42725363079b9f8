//! Layers of OCI images that are unusual but valid, and what `docker save` writes.

use super::archive::Archive;
use super::good::run;
use super::layout::{Layout, hash};
use super::odd::{base, digest, import, top};
use super::place::{Place, compressed};
use super::rootfs::{SHOW, with_merged_usr, with_program};
use serde_json::json;
use std::fs;
use std::os::unix::fs::MetadataExt;
use vm_test_tests::fixture::text_of;

fn import_layers(place: &Place, image: &str, layers: Vec<Archive>) -> String {
    let layers: Vec<_> = layers
        .into_iter()
        .map(|layer| ("", layer.finish()))
        .collect();
    Layout::write(&place.path(image), &layers);
    import(place, image, &format!("oci:{image}"))
}

#[test]
fn directories_that_a_layer_only_implies_stay_what_they_are_below() {
    let place = Place::new();
    let below = with_program(base(), "stat")
        .directory_of("./home", 0o755, [0, 0])
        .directory_of("./home/ann", 0o750, [1000, 1000])
        .file("./home/ann/old", b"")
        .directory_of("./root", 0o700, [0, 0])
        .directory("./var")
        .directory_of("./var/mail", 0o2775, [0, 8]);
    let above = Archive::default()
        .file("home/ann/.wh.old", b"")
        .file("root/new", b"")
        .file("var/mail/new", b"")
        .file("srv/deep/new", b"");
    let layers = [below, above].map(|layer| ("", layer.finish()));
    Layout::write(&place.path("o"), &layers);
    let args = ["image", "import", "i", "oci:o"];
    let output = place.vm_test_under("077", &args).output().unwrap();
    assert!(output.status.success(), "{}", text_of(&output));
    let root = top(&place, "i");
    let first = |path: &str| fs::metadata(root.join(path)).unwrap();
    for (path, mode, [user, group]) in [
        ("", 0o755, [0, 0]),
        ("home/ann", 0o750, [1000, 1000]),
        ("root", 0o700, [0, 0]),
        ("var", 0o755, [0, 0]),
        ("var/mail", 0o2775, [0, 8]),
        ("srv", 0o755, [0, 0]),
        ("srv/deep", 0o755, [0, 0]),
    ] {
        let (meta, roots) = (first(path), first("root"));
        assert_eq!(meta.mode() & 0o7777, mode, "{path}");
        // An ordinary user's ids are mapped elsewhere, and root's are the user's own.
        assert_eq!(meta.uid() == roots.uid(), user == 0, "{path}");
        assert_eq!(meta.gid() == roots.gid(), group == 0, "{path}");
    }
    let names = ["/home/ann", "/root", "/var/mail", "/srv/deep"];
    let command = [&["stat", "-c", "%a %u:%g %n"][..], &names].concat();
    assert_eq!(
        run(&place, "i", &command),
        "750 1000:1000 /home/ann\n700 0:0 /root\n2775 0:8 /var/mail\n755 0:0 /srv/deep\n"
    );
}

#[test]
fn an_archive_becomes_the_same_image_under_every_umask() {
    let archive = ["stat", "setpriv"]
        .into_iter()
        .fold(base(), with_program)
        .entry("./srv/deep/er/file", b'0', "", 0o644, b"for all\n")
        .finish();
    let digests = ["077", "022"].map(|umask| {
        let place = Place::new();
        // Nothing in it says what the root is.
        assert!(archive.starts_with(b"./\0"));
        place.write("bare.tar", &archive[512..]);
        let args = ["image", "import", "i", "bare.tar"];
        let output = place.vm_test_under(umask, &args).output().unwrap();
        assert!(output.status.success(), "{umask}: {}", text_of(&output));
        let command = ["stat", "-c", "%a", "/", "/srv", "/srv/deep", "/srv/deep/er"];
        let modes = run(&place, "i", &command);
        assert_eq!(modes, "755\n755\n755\n755\n", "{umask}");
        let read = "read -r word < /srv/deep/er/file; echo \"$word\"";
        let as_ann = "exec setpriv --reuid=1000 --regid=1000 --clear-groups sh -c \"$0\"";
        let seen = run(&place, "i", &["sh", "-c", as_ann, read]);
        assert_eq!(seen, "for all\n", "{umask}");
        digest(&place, "i")
    });
    assert_eq!(digests[0], digests[1]);
}

#[test]
fn a_link_to_usr_stays_when_a_layer_above_has_files_below_it() {
    let place = Place::new();
    let base = || with_merged_usr("merged").file("./usr/bin/touch", b"");
    let tool = b"#!/bin/sh\necho a tool\n";
    for (image, above, expected) in [
        (
            "adds",
            Archive::default().file("bin/tool", tool),
            "a tool\na link to usr/bin with sh tool touch\n",
        ),
        (
            "removes",
            Archive::default().file("bin/.wh.touch", b""),
            "no tool\na link to usr/bin with sh\n",
        ),
    ] {
        import_layers(&place, image, vec![base(), above]);
        let script = "if [ -e /bin/tool ]; then /bin/tool; else echo no tool; fi
            cd /usr/bin; [ -L /bin ] && [ /bin -ef /usr/bin ] && echo a link to usr/bin with *";
        let seen = run(&place, image, &["/bin/sh", "-c", script]);
        assert_eq!(seen, expected, "{image}");
    }
}

#[test]
fn entries_below_a_link_of_the_layers_below_follow_it_and_hard_links_reach_them() {
    let place = Place::new();
    let below = base()
        .directory("./usr")
        .directory("./usr/lib")
        .file("./usr/lib/old", b"")
        .symlink("./usr/lib64", "lib")
        .symlink("./slib", "/usr/lib64");
    let above = Archive::default()
        .file("slib/new", b"new")
        .file("slib/.wh.old", b"")
        .link("etc/same", "etc/marker")
        .file("/etc/absolute", b"");
    import_layers(&place, "i", vec![below, above, Archive::default()]);
    let list = "cd /; echo usr/lib/*; [ -L slib ] && [ -L usr/lib64 ] && [ -e etc/absolute ] && [ etc/same -ef etc/marker ] && echo same";
    let seen = run(&place, "i", &["sh", "-c", list]);
    assert!(
        seen.contains("usr/lib/new") && !seen.contains("usr/lib/old"),
        "{seen}"
    );
    assert!(seen.ends_with("same\n"), "{seen}");
}

#[test]
fn a_directory_that_takes_the_place_of_a_link_is_named() {
    let place = Place::new();
    let below = base().directory("./usr").symlink("./data", "usr");
    let above = Archive::default().directory("data").file("data/x", b"");
    let words = import_layers(&place, "i", vec![below, above]);
    let expected =
        "/data is a directory, in place of the link to usr that the layers below have there";
    assert!(words.contains(expected), "{words}");
}

#[test]
fn layers_are_read_under_every_name_and_one_image_may_have_two() {
    let place = Place::new();
    let layers = [
        ("", base().finish()),
        ("", Archive::default().finish()),
        ("", Vec::new()),
    ];
    let layout = Layout::write(&place.path("o"), &layers);
    let mut manifest = layout.manifest();
    let zstd = compressed("zstd", &base().finish());
    manifest["layers"][0] = layout.blob("application/vnd.docker.image.rootfs.diff.tar.zstd", &zstd);
    let bytes = manifest.to_string().into_bytes();
    let image = layout.blob("application/vnd.oci.image.manifest.v1+json", &bytes);
    let tagged = |tag: &str| {
        let mut image = image.clone();
        image["annotations"] = json!({ "org.opencontainers.image.ref.name": tag });
        image
    };
    layout.document(
        "index.json",
        &json!({ "manifests": [tagged("1"), tagged("latest")] }),
    );
    import(&place, "i", "oci:o");
    import(&place, "pinned", &format!("oci:o@sha256:{}", hash(&bytes)));
    assert_eq!(run(&place, "i", &SHOW), "base\n");
    // In nested lists, too.
    let list = |images: serde_json::Value| {
        let list = json!({ "schemaVersion": 2, "manifests": images }).to_string();
        layout.blob("application/vnd.oci.image.index.v1+json", list.as_bytes())
    };
    let lists = json!({ "manifests": [list(json!([image])), list(json!([tagged("2")]))] });
    layout.document("index.json", &lists);
    import(&place, "lists", "oci:o");
    import(&place, "pinned", &format!("oci:o@sha256:{}", hash(&bytes)));
}

#[test]
fn what_docker_saves_is_read_and_is_no_root_file_system() {
    let place = Place::new();
    let config = json!({ "architecture": super::layout::HERE, "os": "linux" });
    let list = json!([{ "Config": "c.json", "RepoTags": ["x:1"], "Layers": ["a/layer.tar", "b/layer.tar"] }]);
    let above = Archive::default().file("etc/marker", b"saved\n").finish();
    let saved = Archive::default()
        .file("a/layer.tar", &base().finish())
        .file("b/layer.tar", &above)
        .file("c.json", config.to_string().as_bytes())
        .file("manifest.json", list.to_string().as_bytes());
    let path = place.write("saved.tar", saved.finish());
    place.refuse(
        &mut place.vm_test(&["image", "import", "i", &path]),
        "cannot import {}/saved.tar: it is not a root file system but an image as docker save writes it",
        &format!("name the format: oci:{path}"),
    );
    place.assert_empty();
    import(&place, "i", "oci:saved.tar");
    assert_eq!(run(&place, "i", &SHOW), "saved\n");
    Layout::write(&place.path("o"), &[("", base().finish())]);
    let mut tar = std::process::Command::new("tar");
    tar.arg("-cf")
        .arg(place.path("oci.tar"))
        .arg("-C")
        .arg(place.path("o"))
        .arg(".");
    assert!(tar.status().unwrap().success());
    let path = place.path("oci.tar").display().to_string();
    place.refuse(
        &mut place.vm_test(&["image", "import", "j", "oci.tar"]),
        "cannot import {}/oci.tar: it is not a root file system but an OCI image that is packed",
        &format!("name the format: oci:{path}"),
    );
}
