//! Daemons of one user that come, hold something, are killed and leave.

use super::*;

fn claim(memory: u64) -> Claim {
    Claim {
        memory,
        cpus: 2,
        kept: 1,
    }
}

fn others(claims: &mut Claims) -> Claim {
    let mut seen = None;
    claims
        .settle(|others| {
            seen = Some(others);
            None
        })
        .unwrap();
    seen.unwrap()
}

#[test]
fn each_daemon_sees_what_the_living_hold_and_the_last_one_leaves_nothing() {
    let parent = tempfile::tempdir().unwrap();
    let directory = parent.path().join("claims");
    let [mut a, mut b, mut c] = ["a", "b", "c"].map(|run| Claims::of(directory.clone(), run));
    a.settle(|others| {
        assert_eq!(others, Claim::default());
        Some(claim(100))
    })
    .unwrap();
    b.settle(|others| {
        assert_eq!(others, claim(100));
        Some(claim(30))
    })
    .unwrap();
    assert_eq!(others(&mut a), claim(30));
    let sum = Claim {
        memory: 130,
        cpus: 4,
        kept: 2,
    };
    assert_eq!(others(&mut c), sum);
    a.give_back(claim(5)).unwrap();
    assert_eq!(others(&mut b), claim(5));
    // The lock of a daemon that is killed is released.
    a.file = None;
    assert_eq!(others(&mut b), Claim::default());
    // The directory is removed while daemons live.
    fs::remove_dir_all(&directory).unwrap();
    b.give_back(claim(30)).unwrap();
    assert_eq!(others(&mut c), claim(30));
    b.leave();
    assert!(!directory.exists());
    assert_eq!(others(&mut c), Claim::default());
    c.leave();
    assert!(!directory.exists());
}

#[test]
fn a_released_lock_is_free_even_if_its_descriptor_was_copied() {
    let parent = tempfile::tempdir().unwrap();
    let claims = Claims::of(parent.path().join("claims"), "a");
    let lock = claims.lock().unwrap().expect("nobody has it");
    let _copy = lock.0.try_clone().unwrap();
    drop(lock);
    assert!(claims.lock().unwrap().is_some());
}

#[test]
fn a_directory_that_others_may_write_to_is_not_used() {
    let parent = tempfile::tempdir().unwrap();
    let directory = parent.path().join("claims");
    fs::create_dir(&directory).unwrap();
    let open = std::os::unix::fs::PermissionsExt::from_mode(0o777);
    fs::set_permissions(&directory, open).unwrap();
    let error = Claims::of(directory, "a").settle(|_| None).unwrap_err();
    assert!(error.to_string().contains("of this user alone"), "{error}");
}
