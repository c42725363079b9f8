//! Places of spares, leases that wait for them, and their ends, with numbers in the place of VMs.

use super::super::super::instance::scripted_keeper::assignment;
use super::*;
use std::sync::Arc;

fn spares<S>() -> Spares<S> {
    Spares::that_wait(Duration::from_secs(600))
}

/// Waits until a lease has claimed a place.
fn await_claim<S>(spares: &Spares<S>) {
    let limit = Instant::now() + Duration::from_secs(10);
    while !spares.lock().slots.iter().any(|slot| slot.is_claimed) {
        assert!(Instant::now() < limit, "nobody has come");
        std::thread::yield_now();
    }
}

#[test]
fn a_spare_is_for_every_instance_of_its_world_and_for_one_lease_only() {
    let spares = spares();
    let number = spares.reserve(&assignment("a-1", "a")).unwrap();
    spares.fill(number, Some(7));
    assert_eq!(spares.count(), 1);
    assert_eq!(spares.take(&assignment("b-2", "b")), None);
    assert_eq!(spares.take(&assignment("a-2", "a")), Some(7));
    assert_eq!(spares.take(&assignment("a-3", "a")), None);
    assert_eq!(spares.count(), 0);
}

#[test]
fn one_place_is_given_for_a_world_until_a_lease_takes_it() {
    let spares = spares();
    let one = assignment("a-1", "a");
    assert_eq!(spares.wanted(&one), 1);
    let number = spares.reserve(&one).unwrap();
    assert_eq!(spares.reserve(&one), None);
    spares.fill(number, Some(()));
    assert_eq!(spares.reserve(&one), None);
    assert!(spares.take(&one).is_some());
    assert!(spares.reserve(&one).is_some());
}

#[test]
fn a_lease_waits_for_a_spare_that_is_being_prepared_and_then_more_are_wanted() {
    let spares = spares();
    let one = assignment("a-1", "a");
    let number = spares.reserve(&one).unwrap();
    assert!(!spares.is_awaited(number));
    std::thread::scope(|scope| {
        let lease = scope.spawn(|| spares.take(&one));
        await_claim(&spares);
        assert!(spares.is_awaited(number));
        // Another lease does not get what this one waits for.
        assert_eq!(spares.take(&one), None);
        spares.clear();
        spares.fill(number, Some(7));
        assert_eq!(lease.join().unwrap(), Some(7));
    });
    assert_eq!(spares.wanted(&one), processors().min(MOST));
}

#[test]
fn a_lease_whose_spare_could_not_be_prepared_goes_on_without_and_none_is_tried_for_a_while() {
    let spares = spares::<()>();
    let (one, other) = (assignment("a-1", "a"), assignment("b-1", "b"));
    let number = spares.reserve(&one).unwrap();
    std::thread::scope(|scope| {
        let lease = scope.spawn(|| spares.take(&one));
        await_claim(&spares);
        spares.fail(&one);
        spares.fill(number, None);
        assert_eq!(lease.join().unwrap(), None);
    });
    assert_eq!(spares.reserve(&one), None);
    assert!(spares.reserve(&other).is_some());
}

#[test]
fn a_place_that_is_given_up_for_want_of_room_may_be_tried_again_at_once() {
    let spares = spares::<()>();
    let one = assignment("a-1", "a");
    let number = spares.reserve(&one).unwrap();
    spares.fill(number, None);
    assert!(spares.reserve(&one).is_some());
}

#[test]
fn a_spare_whose_place_is_gone_ends() {
    let spares = spares();
    let spare = Arc::new(());
    spares.fill(1, Some(Arc::clone(&spare)));
    assert_eq!((spares.count(), Arc::strong_count(&spare)), (0, 1));
}

#[test]
fn spares_end_that_have_died_or_that_nobody_came_for_in_time_or_whose_memory_is_needed() {
    let fill = |spares: &Spares<u32>| {
        for (guest, spare) in [("a", 1), ("b", 2)] {
            let number = spares.reserve(&assignment("", guest)).unwrap();
            spares.fill(number, Some(spare));
        }
    };
    let pool = spares();
    fill(&pool);
    pool.expire(|spare| *spare != 1);
    assert_eq!(pool.count(), 1);
    assert_eq!(pool.take(&assignment("", "a")), None);
    pool.clear();
    assert_eq!(pool.count(), 0);
    let brief = Spares::that_wait(Duration::from_millis(1));
    fill(&brief);
    std::thread::sleep(Duration::from_millis(2));
    brief.expire(|_| true);
    assert_eq!(brief.count(), 0);
}

#[test]
fn where_spares_do_not_wait_there_are_none() {
    let spares = Spares::<()>::that_wait(Duration::ZERO);
    let one = assignment("a-1", "a");
    assert_eq!(spares.wanted(&one), 0);
    assert_eq!(spares.reserve(&one), None);
}

#[test]
fn a_kind_is_repeated_when_a_second_lease_of_it_begins_before_a_spare_would_be_gone() {
    let pool = spares::<()>();
    let (one, other) = (assignment("a-1", "a"), assignment("b-1", "b"));
    assert!(!pool.is_repeated(&one));
    assert!(!pool.is_repeated(&other));
    assert!(pool.is_repeated(&assignment("a-2", "a")));
    let brief = Spares::<()>::that_wait(Duration::from_millis(1));
    assert!(!brief.is_repeated(&one));
    std::thread::sleep(Duration::from_millis(2));
    assert!(!brief.is_repeated(&one));
}

#[test]
fn a_container_whose_memory_is_watched_is_of_the_same_kind_as_one_with_a_control_group() {
    let one = assignment("a-1", "a");
    let mut other = assignment("a-2", "a");
    if let World::Container(container) = &mut other.world {
        container.watch_memory = true;
    }
    assert_eq!(one.common(), other.common());
}
