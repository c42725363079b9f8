//! What takes long with registries: layers that are large, and silence.

use super::archive::Archive;
use super::exchange::Answer;
use super::good::run;
use super::layout::HERE;
use super::odd::base;
use super::place::Place;
use super::registry::Registry;
use super::rootfs::SHOW;
use super::shelf::Shelf;
use serde_json::json;
use sha2::{Digest, Sha256};
use std::fs;
use std::process::Child;
use std::time::{Duration, Instant};

const SIZE: u64 = 2 << 30;

/// The end of an archive.
const END: u64 = 1024;

/// More than this, in KiB, no process may ever have had in memory.
const MOST: u64 = 64 << 10;

const TICK: Duration = Duration::from_millis(20);

/// Returns the most memory that a process has had, in KiB, if it is still there.
fn peak(process: u32) -> Option<u64> {
    let status = fs::read_to_string(format!("/proc/{process}/status")).ok()?;
    let line = status.lines().find(|line| line.starts_with("VmHWM:"))?;
    line.split_whitespace().nth(1)?.parse().ok()
}

/// Waits for a process; returns the most memory that it or a child of it has had, in KiB.
fn most_of(child: &mut Child) -> u64 {
    let process = child.id();
    let mut most = 0;
    while child.try_wait().unwrap().is_none() {
        let children = fs::read_to_string(format!("/proc/{process}/task/{process}/children"));
        let children = children.unwrap_or_default();
        let children = children.split_whitespace().map(|id| id.parse().unwrap());
        most = children
            .chain([process])
            .filter_map(peak)
            .fold(most, u64::max);
        std::thread::sleep(TICK);
    }
    most
}

#[test]
fn a_layer_of_two_gibibytes_takes_no_more_memory_than_a_small_one() {
    let place = Place::new();
    let mut shelf = Shelf::default();
    let head = Archive::default()
        .file("etc/marker", b"large\n")
        .head_of("zeros", SIZE)
        .open_ended();
    let mut hash = Sha256::new();
    hash.update(&head);
    let piece = vec![0; 1 << 20];
    (0..SIZE >> 20).for_each(|_| hash.update(&piece));
    hash.update(&piece[..1024]);
    let hash: String = hash
        .finalize()
        .iter()
        .map(|byte| format!("{byte:02x}"))
        .collect();
    let mut manifest = shelf.image_for(&[("", base().finish())], HERE);
    let layer = json!({
        "mediaType": "application/vnd.oci.image.layer.v1.tar",
        "digest": format!("sha256:{hash}"), "size": head.len() as u64 + SIZE + END,
    });
    manifest["layers"].as_array_mut().unwrap().push(layer);
    shelf.name("latest", &manifest);
    let registry = Registry::serve(move |request| {
        if request.line.ends_with(&hash) {
            Answer {
                zeros: SIZE + END,
                ..Answer::text(200, head.clone())
            }
        } else {
            shelf.answer(request)
        }
    });
    let mut command = place.vm_test(&["image", "import", "i", &registry.source("")]);
    let mut child = command.spawn().unwrap();
    let most = most_of(&mut child);
    assert!(child.wait().unwrap().success());
    eprintln!("at most {most} KiB of memory");
    assert!((1..MOST).contains(&most), "{most} KiB");
    assert_eq!(run(&place, "i", &SHOW), "large\n");
    let size = run(&place, "i", &["sh", "-c", "[ -s /zeros ] && echo there"]);
    assert_eq!(size, "there\n");
}

#[test]
fn a_registry_that_falls_silent_is_asked_for_the_rest_after_a_minute() {
    let place = Place::new();
    let mut shelf = Shelf::default();
    let layer = base().finish();
    let half = layer.len() as u64 / 2;
    shelf.image("latest", &[("", layer)]);
    let (digest, images) = (shelf.layers[0].clone(), shelf.clone());
    let registry = Registry::serve(move |request| {
        let answer = images.answer(request);
        if request.line.ends_with(&digest) && request.from() == 0 {
            Answer {
                is_silent: true,
                ..answer.cut(half)
            }
        } else {
            answer
        }
    });
    let began = Instant::now();
    super::odd::import(&place, "i", &registry.source(""));
    assert!(
        began.elapsed() > Duration::from_secs(50),
        "{:?}",
        began.elapsed()
    );
    let from: Vec<_> = registry
        .requests()
        .iter()
        .map(|request| request.from() as u64)
        .collect();
    assert_eq!(from, [0, 0, 0, half]);
}
