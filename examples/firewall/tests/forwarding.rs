//! Forwarding, proved by packets: a client asks the router, and the server behind it answers. Must
//! not look at rules: what counts is who receives which bytes.

mod topology;

use std::error::Error;

use firewall::Firewall;
use topology::Topology;
use vm_test::on_vm;

#[on_vm]
#[test]
fn port_80_is_forwarded() {
    let Topology { client, server, .. } = Topology::new();
    let _site = server.serve(8080, "hello from the server");

    firewall::forward(80, "10.1.0.2:8080").unwrap();

    let page = client.http_get("http://10.2.0.1/").unwrap();
    assert_eq!(
        (page.status, page.text.as_str()),
        (200, "hello from the server")
    );
}

/// The control case: without it, the test above would also pass if something forwarded port 80
/// anyway.
#[on_vm]
#[test]
fn a_machine_without_rules_refuses_port_80() {
    let Topology { client, server, .. } = Topology::new();
    let _site = server.serve(8080, "hello from the server");

    let refusal = client.http_get("http://10.2.0.1/").unwrap_err();
    assert!(
        refusal.to_string().contains("Connection refused"),
        "{refusal}"
    );
}

/// A test may return a `Result`, and fails with the guest's own error if that is an `Err`.
#[on_vm]
#[test]
fn the_server_sees_who_is_asking() -> Result<(), Box<dyn Error>> {
    let Topology { client, server, .. } = Topology::new();
    let _site = server.serve(8080, "hello");

    firewall::forward(80, "10.1.0.2:8080")?;

    assert_eq!(
        client.http_get("http://10.2.0.1/")?.seen_from,
        client.address
    );
    Ok(())
}

#[on_vm]
#[test]
fn masquerading_reaches_a_server_that_has_no_way_back_to_the_client() -> Result<(), Box<dyn Error>>
{
    let Topology { client, server, .. } = Topology::new();
    let _site = server.serve(8080, "hello");
    server.run("ip route delete default");

    Firewall::new("edge")
        .masquerade()
        .forward(80, "10.1.0.2:8080")?;

    let page = client.http_get("http://10.2.0.1/")?;
    assert_eq!(
        page.seen_from.to_string(),
        "10.1.0.1",
        "the router's address on the server's side"
    );
    Ok(())
}

#[on_vm]
#[test]
fn the_last_forward_of_a_port_is_the_one_that_counts() -> Result<(), Box<dyn Error>> {
    let Topology { client, server, .. } = Topology::new();
    let _old = server.serve(8080, "old");
    let _new = server.serve(8081, "new");

    firewall::forward(80, "10.1.0.2:8080")?;
    assert_eq!(client.http_get("http://10.2.0.1/")?.text, "old");
    firewall::forward(80, "10.1.0.2:8081")?;
    assert_eq!(client.http_get("http://10.2.0.1/")?.text, "new");
    Ok(())
}

/// The router must not forward what only passes through it, even for the same port.
#[on_vm]
#[test]
fn traffic_for_another_machine_is_left_alone() -> Result<(), Box<dyn Error>> {
    let Topology { client, server, .. } = Topology::new();
    let _front = server.serve(80, "the server's own port 80");
    let _back = server.serve(8080, "the forwarded port");

    firewall::forward(80, "10.1.0.2:8080")?;

    assert_eq!(
        client.http_get("http://10.2.0.1/")?.text,
        "the forwarded port"
    );
    assert_eq!(
        client.http_get("http://10.1.0.2/")?.text,
        "the server's own port 80"
    );
    Ok(())
}

#[on_vm]
#[test]
fn a_forward_to_a_dead_server_is_an_error_and_not_a_hang() -> Result<(), Box<dyn Error>> {
    let Topology { client, server, .. } = Topology::new();
    let site = server.serve(8080, "still alive");

    firewall::forward(80, "10.1.0.2:8080")?;
    assert_eq!(client.http_get("http://10.2.0.1/")?.text, "still alive");
    drop(site);

    let refusal = client.http_get("http://10.2.0.1/").unwrap_err();
    assert!(
        refusal.to_string().contains("Connection refused"),
        "{refusal}"
    );
    Ok(())
}

#[on_vm]
#[test]
fn a_reset_gives_the_port_back_to_the_router() -> Result<(), Box<dyn Error>> {
    let Topology {
        client,
        router,
        server,
    } = Topology::new();
    let _own = router.serve(80, "the router's own page");
    let _site = server.serve(8080, "the server's page");
    assert_eq!(
        client.http_get("http://10.2.0.1/")?.text,
        "the router's own page"
    );

    firewall::forward(80, "10.1.0.2:8080")?;
    assert_eq!(
        client.http_get("http://10.2.0.1/")?.text,
        "the server's page"
    );

    firewall::reset()?;
    assert_eq!(
        client.http_get("http://10.2.0.1/")?.text,
        "the router's own page"
    );
    Ok(())
}
