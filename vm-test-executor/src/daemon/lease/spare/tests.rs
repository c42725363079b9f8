//! Spares with living instances, whose keepers are scripted.

use super::super::scripted_host::{MEMORY, ScriptedHost};
use super::*;
use crate::keeper::{KeeperReport, ToKeeper};
use std::sync::Arc;

/// What a test controls of a spare.
struct Hands {
    keeper: super::super::super::instance::scripted_keeper::ScriptedKeeper,
    held: Arc<()>,
}

fn spare(daemon: &ScriptedHost) -> (Spare, Hands) {
    let (instance, keeper, nobody) = daemon.instance();
    let held = Arc::new(());
    let spare = Spare {
        instance,
        way: Way::Keeper { _nobody: nobody },
        _held: Arc::clone(&held) as Held,
        _admitted: Some(daemon.host.admission.admit_spare(MEMORY, 1).unwrap()),
    };
    (spare, Hands { keeper, held })
}

/// Adds a spare to the daemon's pool.
fn fill(daemon: &ScriptedHost) -> Hands {
    let (spare, hands) = spare(daemon);
    let number = daemon.host.spares.reserve(&daemon.assignment()).unwrap();
    daemon.host.spares.fill(number, Some(spare));
    hands
}

#[test]
fn a_spare_that_a_lease_takes_becomes_its_instance_and_gives_its_own_room_back() {
    let daemon = ScriptedHost::new();
    let hands = fill(&daemon);
    let spare = daemon.host.spares.take(&daemon.assignment()).unwrap();
    assert_eq!((spare.name(), spare.is_alive()), ("a-1", true));
    assert_eq!(daemon.promised(), MEMORY);
    let (_client, stream) = UnixStream::pair().unwrap();
    hands.keeper.report(&KeeperReport::Attached);
    let instance = spare.attach(&stream).unwrap().begin().unwrap();
    assert_eq!(hands.keeper.hear(), ToKeeper::Stream);
    drop(hands.keeper.take());
    assert_eq!(hands.keeper.hear(), ToKeeper::Begin);
    assert_eq!((daemon.promised(), Arc::strong_count(&hands.held)), (0, 1));
    assert!(instance.is_alive());
}

#[test]
fn a_spare_that_does_not_take_the_stream_is_gone_with_all_that_it_held() {
    let daemon = ScriptedHost::new();
    let (spare, hands) = spare(&daemon);
    let failed = KeeperReport::Failed(Failure::new("why"));
    hands.keeper.report(&failed);
    let (_client, stream) = UnixStream::pair().unwrap();
    assert!(spare.attach(&stream).is_none());
    assert!(hands.keeper.is_killed());
    assert_eq!((daemon.promised(), Arc::strong_count(&hands.held)), (0, 1));
    daemon.check_budget();
}

#[test]
fn spares_that_have_died_go_and_those_that_live_stay_until_their_memory_is_needed() {
    let daemon = ScriptedHost::new();
    let spares = &daemon.host.spares;
    let dead = fill(&daemon);
    dead.keeper.exit(0);
    spares.expire(Spare::is_alive);
    assert_eq!((spares.count(), daemon.promised()), (0, 0));
    let living = fill(&daemon);
    spares.expire(Spare::is_alive);
    assert_eq!((spares.count(), daemon.promised()), (1, MEMORY));
    assert!(!living.keeper.is_killed());
    spares.clear();
    assert!(living.keeper.is_killed());
    daemon.check_budget();
}
