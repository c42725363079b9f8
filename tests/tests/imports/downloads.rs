//! Layers on their way from a registry: connections that are cut or silent, builds that are killed
//! or watched meanwhile.

use super::exchange::Answer;
use super::good::run;
use super::odd::{base, import};
use super::place::Place;
use super::registry::Registry;
use super::rootfs::SHOW;
use super::shelf::Shelf;
use std::fs;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;
use vm_test_tests::terminal::Terminal;

/// Serves an image whose only layer is so long that it can be cut; returns where it is cut.
fn cut_layer(shelf: &mut Shelf) -> u64 {
    let layer = base().finish();
    let half = layer.len() as u64 / 2;
    shelf.image("latest", &[("", layer)]);
    half
}

/// Starts a registry with such an image, which falls silent in the middle of the layer, once.
fn silent_once() -> (Registry, Shelf) {
    let mut shelf = Shelf::default();
    let half = cut_layer(&mut shelf);
    let (layer, images, count) = (shelf.layers[0].clone(), shelf.clone(), AtomicUsize::new(0));
    let registry = Registry::serve(move |request| {
        let answer = images.answer(request);
        if request.line.ends_with(&layer) && count.fetch_add(1, Ordering::Relaxed) == 0 {
            Answer {
                is_silent: true,
                ..answer.cut(half)
            }
        } else {
            answer
        }
    });
    (registry, shelf)
}

#[test]
fn a_build_that_is_killed_while_it_fetches_leaves_nothing() {
    let (place, (registry, shelf)) = (Place::new(), silent_once());
    let args = ["image", "import", "i", &registry.source("")];
    let mut build = place.vm_test(&args).spawn().unwrap();
    let asks = |line: &String| line.ends_with(&shelf.layers[0]);
    while !registry.lines().iter().any(asks) {
        std::thread::sleep(Duration::from_millis(10));
    }
    build.kill().unwrap();
    build.wait().unwrap();
    let left = fs::read_dir(place.path("store/building")).unwrap();
    let left: Vec<_> = left.map(|entry| entry.unwrap().file_name()).collect();
    let is_lock = |name: &std::ffi::OsString| name.to_str().unwrap().ends_with(".lock");
    assert!(left.iter().all(is_lock), "{left:?}");
    place.succeed(&["gc", "--images"]);
    place.assert_empty();
    import(&place, "i", &registry.source(""));
    assert_eq!(run(&place, "i", &SHOW), "base\n");
}

#[test]
fn a_terminal_shows_how_much_of_a_layer_has_come() {
    let (place, (registry, shelf)) = (Place::new(), silent_once());
    let args = ["image", "import", "i", &registry.source("")];
    let store = place.path("store");
    let mut terminal = Terminal::start(place.host(), (24, 120), &args, |command| {
        command.env("VM_TEST_STORE", store);
    });
    let (size, mib) = (shelf.size_of(&shelf.layers[0]), 1 << 20);
    let words = format!("fetch, {} of {} MiB: ", size / 2 / mib, size.div_ceil(mib));
    terminal.await_words(&words);
    terminal.await_words("unpack layer 1 of oci://");
    // Ctrl-C.
    terminal.type_keys("\u{3}");
    assert!(!terminal.finish().success());
}

#[test]
fn a_connection_that_is_cut_goes_on_where_it_was() {
    let place = Place::new();
    let mut shelf = Shelf::default();
    let half = cut_layer(&mut shelf);
    let (layer, images) = (shelf.layers[0].clone(), shelf.clone());
    let registry = Registry::serve(move |request| {
        let answer = images.answer(request);
        if request.line.ends_with(&layer) && request.from() == 0 {
            answer.cut(half)
        } else {
            answer
        }
    });
    import(&place, "i", &registry.source(""));
    assert_eq!(run(&place, "i", &SHOW), "base\n");
    let layers: Vec<_> = registry.requests().into_iter().skip(2).collect();
    let from: Vec<_> = layers.iter().map(|request| request.from() as u64).collect();
    assert_eq!(from, [0, half]);
}

#[test]
fn a_registry_that_knows_no_ranges_sends_everything_again() {
    let place = Place::new();
    let mut shelf = Shelf::default();
    let half = cut_layer(&mut shelf);
    let (layer, images, count) = (shelf.layers[0].clone(), shelf.clone(), AtomicUsize::new(0));
    let registry = Registry::serve(move |request| {
        if !request.line.ends_with(&layer) {
            return images.answer(request);
        }
        let whole = images.answer(&request.without_range());
        match count.fetch_add(1, Ordering::Relaxed) {
            0 => whole.cut(half),
            1 => Answer::text(503, "busy"),
            _ => whole,
        }
    });
    import(&place, "i", &registry.source(""));
    assert_eq!(run(&place, "i", &SHOW), "base\n");
    assert_eq!(registry.lines().len(), 5);
}
