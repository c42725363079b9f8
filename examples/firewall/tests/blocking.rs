//! Blocking, proved by packets: a client is rejected where the firewall says so, and nowhere else.
//! Must not look at rules: what counts is who receives which bytes.

mod topology;

use std::error::Error;

use firewall::Firewall;
use topology::Topology;
use vm_test::on_vm;

#[on_vm]
#[test]
fn a_blocked_port_is_refused_while_another_still_answers() -> Result<(), Box<dyn Error>> {
    let Topology { client, router, .. } = Topology::new();
    let _public = router.serve(80, "public");
    let _private = router.serve(8080, "private");
    assert_eq!(
        client.http_get("http://10.2.0.1:8080/")?.text,
        "private",
        "the control: it answers until it is blocked"
    );

    firewall::block(8080)?;

    let refusal = client.http_get("http://10.2.0.1:8080/").unwrap_err();
    assert!(
        refusal.to_string().contains("Connection refused"),
        "{refusal}"
    );
    assert_eq!(client.http_get("http://10.2.0.1/")?.text, "public");
    Ok(())
}

#[on_vm]
#[test]
fn a_blocked_port_is_still_there_for_the_machine_itself() -> Result<(), Box<dyn Error>> {
    let Topology { client, router, .. } = Topology::new();
    let _private = router.serve(8080, "private");

    firewall::block(8080)?;

    assert!(client.http_get("http://10.2.0.1:8080/").is_err());
    assert_eq!(router.http_get("http://127.0.0.1:8080/")?.text, "private");
    Ok(())
}

#[on_vm]
#[test]
fn a_block_wins_over_a_forward_of_the_same_port() -> Result<(), Box<dyn Error>> {
    let Topology { client, server, .. } = Topology::new();
    let _site = server.serve(8080, "hello");

    firewall::block(80)?;
    firewall::forward(80, "10.1.0.2:8080")?;

    assert!(client.http_get("http://10.2.0.1/").is_err());
    Ok(())
}

#[on_vm]
#[test]
fn a_reset_takes_back_its_own_rules_and_nobody_elses() -> Result<(), Box<dyn Error>> {
    let Topology { client, router, .. } = Topology::new();
    let _ours = router.serve(80, "ours");
    let _theirs = router.serve(8080, "theirs");
    firewall::block(80)?;
    Firewall::new("theirs").block(8080)?;

    firewall::reset()?;

    assert_eq!(client.http_get("http://10.2.0.1/")?.text, "ours");
    assert!(
        client.http_get("http://10.2.0.1:8080/").is_err(),
        "the other table still blocks"
    );
    Ok(())
}

/// After a reset there must be no rules, which may already be the case.
#[on_vm]
#[test]
fn a_reset_of_nothing_is_no_error() -> Result<(), firewall::Error> {
    firewall::reset()?;
    firewall::reset()
}
