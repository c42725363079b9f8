//! The threads that carry connections of proxies in tests, whether a test is async or not. They end
//! with the last value that uses them.

use std::io;
use std::sync::mpsc;
use std::thread::{self, JoinHandle};

use tokio::runtime::{Builder, Handle};
use tokio::sync::oneshot;

/// How many threads carry connections.
const THREADS: usize = 2;

/// The name of the threads, for debuggers and panics.
const NAME: &str = "vm-test-faults";

/// A runtime of its own.
#[derive(Debug)]
pub(super) struct Engine {
    handle: Handle,
    stop: Option<oneshot::Sender<()>>,
    thread: Option<JoinHandle<()>>,
}

impl Engine {
    pub(super) fn start() -> io::Result<Self> {
        let runtime = Builder::new_multi_thread()
            .worker_threads(THREADS)
            .thread_name(NAME)
            .enable_all()
            .build()?;
        let handle = runtime.handle().clone();
        let (stop, stopped) = oneshot::channel::<()>();
        // A runtime must not be dropped by a task of another one, as an async test is.
        let thread = thread::Builder::new()
            .name(NAME.to_owned())
            .spawn(move || {
                // The sender is only ever dropped, which is an error here and the sign to end.
                let _ = runtime.block_on(stopped);
            })?;
        Ok(Self {
            handle,
            stop: Some(stop),
            thread: Some(thread),
        })
    }

    /// Runs this to its end on the engine's threads, and waits on the caller's.
    ///
    /// `None` if it panics.
    pub(super) fn run<T: Send + 'static>(
        &self,
        future: impl Future<Output = T> + Send + 'static,
    ) -> Option<T> {
        let (tell, told) = mpsc::sync_channel(1);
        self.handle.spawn(async move {
            // The caller waits for it.
            let _ = tell.send(future.await);
        });
        told.recv().ok()
    }
}

impl Drop for Engine {
    fn drop(&mut self) {
        drop(self.stop.take());
        if let Some(thread) = self.thread.take() {
            // A panic in there has been printed.
            let _ = thread.join();
        }
    }
}
