//! Serves a sandbox on a loopback port, for kubectl: `cargo run --example serve -- 8001 [FILE]`.

use kudo_sandbox::{Options, Sandbox};
use tokio::net::TcpListener;

#[tokio::main]
async fn main() -> Result<(), Box<dyn std::error::Error>> {
    let mut arguments = std::env::args().skip(1);
    let port: u16 = arguments
        .next()
        .unwrap_or_else(|| "8001".to_owned())
        .parse()?;
    let sandbox = match arguments.next() {
        Some(file) => Sandbox::open(file.as_ref(), Options::default())?,
        None => Sandbox::in_memory(Options::default()),
    };
    let listener = TcpListener::bind(("127.0.0.1", port)).await?;
    sandbox.serve(listener, std::future::pending()).await?;
    Ok(())
}
