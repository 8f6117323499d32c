//! A test of somebody's own client: a network with payments, a client that is not what it should be, and the books that
//! tell.
//!
//! ```sh
//! cargo run -p railpoll-sandbox --example a_stranger_asks
//! ```

use std::io::{Write as _, stdout};

use railpoll_sandbox::{Endpoint, PaymentSpec, PaymentState, Sandbox, SandboxOptions};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpStream;

fn main() -> std::io::Result<()> {
    tokio::runtime::Builder::new_current_thread().enable_all().build()?.block_on(run())
}

async fn run() -> std::io::Result<()> {
    let network = Sandbox::start(SandboxOptions::default()).await?;
    let ids = network.add_payments(3, &PaymentSpec::default());
    let Some(first) = ids.first() else { return Ok(()) };
    network.move_to(*first, PaymentState::Locked);

    // In place of your client: it asks without a token.
    let url = network.base_url();
    let address = url.trim_start_matches("http://").split('/').next().unwrap_or_default();
    let mut client = TcpStream::connect(address).await?;
    let request = "GET /v4/payments HTTP/1.1\r\nhost: sandbox\r\nconnection: close\r\n\r\n";
    client.write_all(request.as_bytes()).await?;
    let mut answer = String::new();
    client.read_to_string(&mut answer).await?;

    let mut out = stdout();
    writeln!(out, "it was answered: {}", answer.lines().next().unwrap_or_default())?;
    writeln!(out, "requests for lists: {}", network.requests_to(Endpoint::List))?;
    writeln!(out, "in ACCEPTED: {}", network.count_in(PaymentState::Accepted))?;
    writeln!(out, "where {first} was: {:?}", network.history(*first))?;
    writeln!(out, "done wrong: {:?}", network.violations())
}
