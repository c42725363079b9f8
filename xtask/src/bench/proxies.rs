//! `cargo xtask bench --proxies`: what the fault proxies cost that do nothing, next to haproxy, and
//! next to no proxy at all. Each way to a server is measured once in each round.

mod client;
mod crowd;
mod entries;
mod figures;
mod goals;
mod memory;
mod poll;
mod program;
mod programs;
mod route;
mod server;
mod talk;

use std::io::{Read, Write};
use std::net::SocketAddr;
use std::path::Path;

use anyhow::{Context, Result, bail};
use rustix::process::{Resource, Rlimit, getrlimit, setrlimit};

use super::report::Report;
use super::table::load;
use crowd::SIZE;
use figures::Figures;
use goals::{DIRECT, ECHO, HAPROXY, KNOWING, PLAIN, REDIS};
use memory::Course;
use programs::{Proxy, Servers};
use route::Route;
use talk::Talk;

/// How many descriptors this process needs: for both servers four ways with as many clients, and
/// the other ends of those to its own server.
const DESCRIPTORS: u64 = 12 * (SIZE as u64 + 1) + 100;

/// Measures, prints everything, and adds it to the report with its goals.
pub(super) fn run(program: &Path, scratch: &Path, samples: u32, report: &mut Report) -> Result<()> {
    allow_descriptors()?;
    let (redis, address) = programs::redis(scratch)?;
    fill(address)?;
    let servers = Servers {
        echo: server::start()?,
        redis: address,
    };
    let proxies = [
        (HAPROXY, programs::haproxy(servers, scratch)?),
        (PLAIN, programs::vm_test_proxy(program, servers, scratch)?),
        (KNOWING, programs::vm_test(program, servers, scratch)?),
    ];
    let mut routes = routes(servers, &proxies)?;
    println!(
        "{SIZE} connections are open on each of {} ways",
        routes.len()
    );
    for round in 0..samples {
        println!("round {} of {samples} (load {})", round + 1, load());
        for place in order(round, routes.len()) {
            routes[place].take()?;
        }
    }
    let courses = courses(&mut routes, &proxies)?;
    drop(redis);
    print_samples(&routes);
    for route in &routes {
        entries::add_samples(report, route.server, route.name, route.samples());
    }
    for ((server, name), course) in &courses {
        entries::add_memory(report, server, name, course);
    }
    print_table(&routes, report);
    print_memory(&courses);
    report.goals = goals::judge(
        |server, name| entries::median(report, server, name),
        |server, name| entries::grown(report, server, name),
    );
    Ok(())
}

/// Lets this process and those that it starts have as many descriptors as the connections need.
fn allow_descriptors() -> Result<()> {
    let limit = getrlimit(Resource::Nofile);
    if limit.current.is_none_or(|current| current >= DESCRIPTORS) {
        return Ok(());
    }
    let raised = Rlimit {
        current: Some(DESCRIPTORS),
        maximum: limit.maximum,
    };
    setrlimit(Resource::Nofile, raised).with_context(|| {
        format!("cannot have {DESCRIPTORS} descriptors\nhint: raise the limit: ulimit -n")
    })
}

/// Gives redis the values that clients ask for.
fn fill(address: SocketAddr) -> Result<()> {
    let (commands, replies) = talk::prepare_redis();
    let mut stream = client::connect(address)?;
    stream.write_all(&commands)?;
    let mut said = vec![0; replies.len()];
    stream.read_exact(&mut said)?;
    if said != replies {
        bail!(
            "cannot use redis: it says {:?}",
            String::from_utf8_lossy(&said)
        );
    }
    Ok(())
}

/// Opens all connections on all ways to both servers.
fn routes(servers: Servers, proxies: &[(&'static str, Proxy)]) -> Result<Vec<Route>> {
    let (echo, redis) = (Talk::echo(), Talk::redis());
    let mut routes = vec![
        Route::open(DIRECT, ECHO, servers.echo, &echo)?,
        Route::open(DIRECT, REDIS, servers.redis, &redis)?,
    ];
    for (name, proxy) in proxies {
        routes.push(Route::open(name, ECHO, proxy.to_echo, &echo)?);
        routes.push(Route::open(name, REDIS, proxy.to_redis, &redis)?);
    }
    routes.sort_by_key(|route| route.server);
    Ok(routes)
}

/// Returns the order of so many in a round: none is always behind the same other one.
fn order(round: u32, number: usize) -> Vec<usize> {
    let mut order: Vec<_> = (0..number).collect();
    order.rotate_left(round as usize % number);
    if round % 2 == 1 {
        order.reverse();
    }
    order
}

/// What leads to a server and is measured, with the memory that it held.
type Courses = Vec<((&'static str, &'static str), Course)>;

/// Makes a million exchanges through each proxy.
fn courses(routes: &mut [Route], proxies: &[(&'static str, Proxy)]) -> Result<Courses> {
    let mut courses = Vec::new();
    for route in routes {
        let Some((_, proxy)) = proxies.iter().find(|(name, _)| *name == route.name) else {
            continue;
        };
        println!(
            "a million exchanges with {} through {}",
            route.server, route.name
        );
        let pid = proxy.pid(route.server == ECHO);
        courses.push((
            (route.server, route.name),
            Course::of(pid, &mut route.crowd)?,
        ));
    }
    Ok(courses)
}

/// Prints all samples, in the order in which they were taken.
fn print_samples(routes: &[Route]) {
    println!("\nall samples:");
    for route in routes {
        println!("{}, {}", route.server, route.name);
        let words: Vec<_> = route.samples().iter().map(Figures::in_words).collect();
        for (place, (figure, _)) in Figures::default().in_words().iter().enumerate() {
            let of_figure: Vec<_> = words.iter().map(|words| words[place].1.as_str()).collect();
            println!("  {figure:<12} {}", of_figure.join(" "));
        }
    }
}

/// Prints the medians of all figures.
fn print_table(routes: &[Route], report: &Report) {
    println!(
        "\nmedians: an exchange on one connection, much on one connection, exchanges on {SIZE}:"
    );
    let names = Figures::default().in_words().map(|(name, _)| name);
    let [p50, p99, bytes, exchanges] = names;
    println!("{:<22} {p50:>8} {p99:>8} {bytes:>8} {exchanges:>12}", "");
    for route in routes {
        let Some(figures) = entries::median(report, route.server, route.name) else {
            continue;
        };
        let [p50, p99, bytes, exchanges] = figures.in_words().map(|(_, word)| word);
        let name = format!("{}, {}", route.server, route.name);
        println!("{name:<22} {p50:>8} {p99:>8} {bytes:>8} {exchanges:>12}");
    }
}

/// Prints what the proxies held.
fn print_memory(courses: &Courses) {
    println!(
        "\nKiB resident (proportional share) with {SIZE} connections: before, after 100,000 \
         exchanges, after a million:"
    );
    for ((server, name), course) in courses {
        let held = [course.before, course.some, course.many];
        let held = held.map(|held| format!("{} ({})", held.resident, held.share));
        println!("{:<22} {}", format!("{server}, {name}"), held.join("  "));
    }
}
