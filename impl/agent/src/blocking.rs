//! The same for small programs without an async runtime of their own.
//!
//! ```no_run
//! use dke_agent::blocking;
//! # fn ask(credential: &dke::Credential<'_>) -> Result<(), Box<dyn std::error::Error>> {
//! let runtime = blocking::Runtime::new()?;
//! let gateway = runtime.connect("coap://gateway.example", Default::default())?;
//! let offer = runtime.run(gateway.offer(credential.hash(), &mut rand_core::OsRng))?;
//! # Ok(())
//! # }
//! ```

use crate::gateway::{Failure, Gateway};
use dke_coap::Parameters;
use std::future::Future;
use std::io;

/// Runs what is async to its end, on the calling thread.
pub struct Runtime(tokio::runtime::Runtime);

impl Runtime {
    /// A runtime. It must not be made inside of another one.
    pub fn new() -> io::Result<Runtime> {
        tokio::runtime::Builder::new_multi_thread().worker_threads(1).enable_all().build().map(Runtime)
    }

    /// [`Gateway::connect`].
    pub fn connect(&self, address: &str, parameters: Parameters) -> Result<Gateway, Failure> {
        self.run(Gateway::connect(address, parameters))
    }

    /// Waits for a function of this crate, such as [`Caller::call`](crate::Caller::call) or [`NodeAgent::wake`](crate::NodeAgent::wake).
    pub fn run<T>(&self, what: impl Future<Output = T>) -> T {
        self.0.block_on(what)
    }
}
