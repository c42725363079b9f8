//! What the macro calls: runs the body in a guest, and never on the host. Only this layer is
//! generic; others do the work.

use crate::outcome::Outcome;
use crate::site::Site;
use std::future::Future;

/// Runs a synchronous body where it belongs.
#[cfg(all(target_os = "linux", not(vm_test_pretend_other_host)))]
pub fn run<R: Outcome, F: FnOnce() -> R>(site: &'static Site, body: F) -> R {
    match crate::guest::Job::of_this_process() {
        Some(job) => {
            let scope = crate::guest::Scope::enter(job);
            if scope.is_call() {
                scope.call();
                return R::passed();
            }
            let result = std::panic::catch_unwind(std::panic::AssertUnwindSafe(body));
            scope.leave(result)
        }
        None => {
            crate::dispatch::dispatch(site);
            R::passed()
        }
    }
}

/// Runs an asynchronous body where it belongs.
///
/// On the host it blocks: the caller's runtime has nothing else to do.
#[cfg(all(target_os = "linux", not(vm_test_pretend_other_host)))]
pub async fn run_async<R: Outcome, F: Future<Output = R>>(site: &'static Site, body: F) -> R {
    match crate::guest::Job::of_this_process() {
        Some(job) => {
            let scope = crate::guest::Scope::enter(job);
            if scope.is_call() {
                // Outside of the caller's runtime: what is called may start its own.
                std::thread::scope(|threads| {
                    threads.spawn(|| scope.call());
                });
                return R::passed();
            }
            let mut body = std::pin::pin!(body);
            let result = std::future::poll_fn(|context| {
                let poll = std::panic::AssertUnwindSafe(|| body.as_mut().poll(context));
                match std::panic::catch_unwind(poll) {
                    Ok(std::task::Poll::Ready(value)) => std::task::Poll::Ready(Ok(value)),
                    Ok(std::task::Poll::Pending) => std::task::Poll::Pending,
                    Err(payload) => std::task::Poll::Ready(Err(payload)),
                }
            })
            .await;
            scope.leave(result)
        }
        None => {
            crate::dispatch::dispatch(site);
            R::passed()
        }
    }
}

/// Fails: there are no guests on this host.
#[cfg(any(not(target_os = "linux"), vm_test_pretend_other_host))]
pub fn run<R: Outcome, F: FnOnce() -> R>(site: &'static Site, _body: F) -> R {
    crate::other_host::refuse(site);
    R::passed()
}

/// Fails: there are no guests on this host.
#[cfg(any(not(target_os = "linux"), vm_test_pretend_other_host))]
pub async fn run_async<R: Outcome, F: Future<Output = R>>(site: &'static Site, _body: F) -> R {
    crate::other_host::refuse(site);
    R::passed()
}
