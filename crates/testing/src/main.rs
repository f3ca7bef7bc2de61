//! `s3-server <folder>`: prints its endpoint and the client's settings as `KEY=value` lines, and serves the folder
//! until its standard input ends, so that it never outlives the test that started it.

use std::io::{self, Read, Write};
use std::path::PathBuf;

use sellerlake_testing::S3Server;

#[tokio::main]
async fn main() -> io::Result<()> {
    let folder = std::env::args_os().nth(1).map(PathBuf::from);
    let folder = folder.ok_or_else(|| io::Error::other("usage: s3-server <folder>"))?;
    let server = S3Server::start(&folder).await?;
    let mut out = io::stdout().lock();
    for (key, value) in server.options() {
        writeln!(out, "{}={value}", key.to_ascii_uppercase())?;
    }
    writeln!(out, "LAKE_URL={}", server.lake_url("")).and_then(|()| out.flush())?;
    drop(out);
    let ended = tokio::task::spawn_blocking(|| io::stdin().read_to_end(&mut Vec::new()));
    ended.await?.map(drop)
}
