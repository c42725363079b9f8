//! Guests that can have no set-up are refused by name.

use crate::bench::Bench;

#[test]
fn guests_without_an_image_of_their_own_are_refused_with_what_to_do() {
    let bench = Bench::new();
    let binary = bench.binary("refused");
    let is_root = rustix::process::getuid().is_root();
    let privileged = if is_root {
        "error: cannot start guest `root`: setup and privileged = true do not go together: what the set-up writes to an image would be written by the host's root\n\
         hint: leave one of the two out\n"
    } else {
        "error: cannot start guest `root`: privileged = true needs root on the host, and this is an ordinary user\n\
         hint: without privileged, root in the guest is root over all that is the guest's own\n"
    };
    for (test, words) in [
        (
            "over_the_hosts_root",
            "error: cannot start guest `host`: a set-up needs an image, and this guest is over the host's root\n\
             hint: use an image, as in image = \"debian-12\", or leave setup out\n",
        ),
        ("privileged", privileged),
        ("unknown", "error: cannot find guest `missing`: "),
    ] {
        let finished = bench.run(&binary, test, "1");
        assert_eq!(finished.code(), Some(101), "{finished:?}");
        assert!(finished.err.contains(words), "{words}{finished:?}");
        assert!(!finished.err.contains("` runs the set-up "), "{finished:?}");
    }
    assert!(bench.results().is_empty());
}
