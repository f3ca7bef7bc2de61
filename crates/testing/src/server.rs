//! The server: where it listens, and how a test gets at it.

use std::collections::BTreeMap;
use std::io;
use std::net::SocketAddr;
use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::Ordering;

use hyper_util::rt::{TokioExecutor, TokioIo};
use hyper_util::server::conn::auto::Builder;
use s3s::auth::SimpleAuth;
use s3s::service::{S3Service, S3ServiceBuilder};
use s3s_fs::FileSystem;
use tokio::net::TcpListener;
use tokio::task::{JoinHandle, JoinSet};

use crate::strict::{Controls, Requests, Strict};

/// The one bucket there is.
pub const BUCKET: &str = "lake";

const ACCESS_KEY: &str = "sellerlake-test";
const SECRET_KEY: &str = "not-a-secret";

/// A running server; it stops when dropped. What was stored stays in the folder.
#[derive(Debug)]
pub struct S3Server {
    address: SocketAddr,
    controls: Arc<Controls>,
    accepting: JoinHandle<()>,
}

impl S3Server {
    /// Serves a folder on a free port of this machine's loopback address.
    pub async fn start(root: &Path) -> io::Result<Self> {
        std::fs::create_dir_all(root.join(BUCKET))?;
        let controls = Arc::new(Controls::default());
        let files = FileSystem::new(root).map_err(|error| io::Error::other(format!("{error:?}")))?;
        let mut builder = S3ServiceBuilder::new(Strict::new(files, Arc::clone(&controls)));
        builder.set_auth(SimpleAuth::from_single(ACCESS_KEY, SECRET_KEY));
        let listener = TcpListener::bind(("127.0.0.1", 0)).await?;
        let address = listener.local_addr()?;
        let accepting = tokio::spawn(accept(listener, builder.build()));
        Ok(Self { address, controls, accepting })
    }

    /// `http://127.0.0.1:<port>`.
    pub fn endpoint(&self) -> String {
        format!("http://{}", self.address)
    }

    /// The address of a lake under `prefix`: `s3://lake/<prefix>`.
    pub fn lake_url(&self, prefix: &str) -> String {
        format!("s3://{BUCKET}/{prefix}")
    }

    /// The store options a client needs.
    pub fn options(&self) -> BTreeMap<String, String> {
        let options = [
            ("aws_endpoint", self.endpoint()),
            ("aws_region", "eu-west-1".to_owned()),
            ("aws_access_key_id", ACCESS_KEY.to_owned()),
            ("aws_secret_access_key", SECRET_KEY.to_owned()),
        ];
        options.into_iter().map(|(key, value)| (key.to_owned(), value)).collect()
    }

    /// What was asked so far.
    pub fn requests(&self) -> Requests {
        self.controls.requests()
    }

    /// Carries out the `nth` PUT from now (from 1) and never answers it.
    pub fn silence_put(&self, nth: u64) {
        self.controls.silent_after_puts.store(nth, Ordering::Relaxed);
    }

    /// Acts like a bucket that its user may read and not write.
    pub fn deny_puts(&self, denied: bool) {
        self.controls.deny_puts.store(denied, Ordering::Relaxed);
    }

    /// Acts like a store that knows no conditions on writes.
    pub fn ignore_conditions(&self) {
        self.controls.ignore_conditions.store(true, Ordering::Relaxed);
    }
}

impl Drop for S3Server {
    fn drop(&mut self) {
        self.accepting.abort();
    }
}

/// Serves connections until aborted, which ends them too.
async fn accept(listener: TcpListener, service: S3Service) {
    let mut connections = JoinSet::new();
    loop {
        let Ok((stream, _)) = listener.accept().await else { continue };
        let service = service.clone();
        connections.spawn(async move {
            let http = Builder::new(TokioExecutor::new());
            // A connection that breaks is its client's affair.
            let _ = http.serve_connection(TokioIo::new(stream), service).await;
        });
        while connections.try_join_next().is_some() {}
    }
}
