//! Starting and stopping a simulator.

use std::io;
use std::net::{Ipv4Addr, SocketAddr};
use std::sync::Arc;
use std::thread::JoinHandle;
use std::time::Duration;

use tokio::sync::oneshot;

use crate::clock::Clock;
use crate::faults::FaultPlan;
use crate::server::line::{Cut, Exchange};
use crate::server::{Amazon, gateway};
use crate::signin::accounts::{Account, accounts};
use crate::world::Profile;

/// Whether Amazon's quotas hold.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Limits {
    /// The documented rates and bursts.
    #[default]
    Documented,
    /// No call is ever refused for being too many.
    Off,
}

/// How a simulator is set up.
#[derive(Clone, Debug)]
pub struct Options {
    /// The world.
    pub profile: Profile,
    /// The time.
    pub clock: Clock,
    /// Port on the loopback address; 0 takes a free one.
    pub port: u16,
    /// Decides delays, ids and tokens.
    pub seed: u64,
    /// What goes wrong.
    pub faults: FaultPlan,
    /// Whether quotas hold.
    pub limits: Limits,
    /// How long a `timeout` fault holds its connection, in real time.
    pub hold: Duration,
    /// Factor on the time reports take to be generated: 1 is Amazon's, 0 is none.
    pub pace: f64,
    /// Names of roles the application was not given: their operations answer 403.
    pub roles_withheld: Vec<String>,
}

impl Options {
    /// Documented limits, no faults, a free port, real time.
    pub fn new(profile: Profile) -> Self {
        Self {
            seed: profile.seed,
            profile,
            clock: Clock::Real,
            port: 0,
            faults: FaultPlan::default(),
            limits: Limits::Documented,
            hold: Duration::from_millis(200),
            pace: 1.0,
            roles_withheld: Vec::new(),
        }
    }
}

/// The simulator before it runs.
pub struct Simulator;

impl Simulator {
    /// Grows the world, binds the port and serves it from threads of its own, so that it answers whatever the caller's
    /// runtime is doing. The port accepts connections when this returns.
    pub fn start(options: Options) -> io::Result<Running> {
        let listener = std::net::TcpListener::bind(SocketAddr::from((Ipv4Addr::LOCALHOST, options.port)))?;
        listener.set_nonblocking(true)?;
        let url = format!("http://{}", listener.local_addr()?);
        let amazon = Arc::new(Amazon::new(options));
        amazon.listens_at(url.clone());
        let runtime = tokio::runtime::Builder::new_multi_thread()
            .worker_threads(4)
            .thread_name("simulator")
            .enable_all()
            .build()?;
        let (stop, stopped) = oneshot::channel::<()>();
        let exchange = {
            let _inside = runtime.enter();
            Exchange(tokio::net::TcpListener::from_std(listener)?)
        };
        let service = gateway::router(Arc::clone(&amazon)).into_make_service_with_connect_info::<Cut>();
        let thread = std::thread::Builder::new().name("simulator".into()).spawn(move || {
            runtime.block_on(async {
                tokio::select! {
                    _ = axum::serve(exchange, service) => {}
                    _ = stopped => {}
                }
            });
            runtime.shutdown_background();
        })?;
        Ok(Running { amazon, url, stop: Some(stop), thread: Some(thread) })
    }
}

/// A running simulator; it ends when this is dropped.
pub struct Running {
    amazon: Arc<Amazon>,
    url: String,
    stop: Option<oneshot::Sender<()>>,
    thread: Option<JoinHandle<()>>,
}

impl Running {
    /// Its address, without a slash at the end.
    pub fn url(&self) -> &str {
        &self.url
    }

    /// Credentials of all sellers.
    pub fn accounts(&self) -> Vec<Account> {
        accounts(&self.amazon.world, self.amazon.seed, &self.amazon.sign_in, &self.url)
    }

    /// Its time; a stepped clock can be moved by this copy.
    pub fn clock(&self) -> Clock {
        self.amazon.clock.clone()
    }

    /// Everything it knows, for tests in the same process.
    pub fn amazon(&self) -> &Amazon {
        &self.amazon
    }

    /// Closes the port and all connections.
    pub fn stop(mut self) {
        self.end();
    }

    fn end(&mut self) {
        drop(self.stop.take());
        if let Some(thread) = self.thread.take() {
            let _ = thread.join();
        }
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        self.end();
    }
}
