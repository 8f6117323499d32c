//! Something between us and PostgreSQL that gives each transaction to whichever server process is free.

use std::net::SocketAddr;
use std::sync::Arc;

use railpoll::store::{Store, StoreError};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::{Mutex, OnceCell, OwnedMutexGuard};

use crate::support::{Kind, TestDatabase, run};

/// What a client that wants TLS says first.
const SSL_REQUEST: &[u8] = &[0, 0, 0, 8, 4, 210, 22, 47];

/// The one server process, as `PgBouncer` with `pool_mode = transaction` and a pool of one.
struct Pooler {
    server: SocketAddr,
    process: OnceCell<Arc<Mutex<TcpStream>>>,
    /// What the server said when it let us in.
    greeting: Mutex<Vec<u8>>,
}

/// A message with its type and length, as it came.
async fn message(stream: &mut TcpStream) -> std::io::Result<Vec<u8>> {
    let mut whole = vec![0; 5];
    stream.read_exact(&mut whole).await?;
    let length = u32::from_be_bytes(whole[1..5].try_into().unwrap());
    whole.resize(usize::try_from(length).unwrap() + 1, 0);
    stream.read_exact(&mut whole[5..]).await?;
    Ok(whole)
}

/// Carries what the server says to `client`, until it is ready for more. Whether no transaction is open then.
async fn answers(server: &mut TcpStream, client: &mut impl Extend<u8>) -> std::io::Result<bool> {
    loop {
        let told = message(server).await?;
        let (kind, last) = (told[0], told[told.len() - 1]);
        client.extend(told);
        if kind == b'Z' {
            return Ok(last == b'I');
        }
    }
}

impl Pooler {
    async fn start(server: SocketAddr) -> SocketAddr {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        let pooler =
            Arc::new(Self { server, process: OnceCell::new(), greeting: Mutex::default() });
        tokio::spawn(async move {
            while let Ok((client, _)) = listener.accept().await {
                let pooler = Arc::clone(&pooler);
                tokio::spawn(async move { drop(pooler.serve(client).await) });
            }
        });
        address
    }

    async fn serve(&self, mut client: TcpStream) -> std::io::Result<()> {
        let startup = loop {
            let mut length = [0; 4];
            client.read_exact(&mut length).await?;
            let mut whole = length.to_vec();
            whole.resize(usize::try_from(u32::from_be_bytes(length)).unwrap(), 0);
            client.read_exact(&mut whole[4..]).await?;
            if whole != SSL_REQUEST {
                break whole;
            }
            client.write_all(b"N").await?;
        };
        let connect = async || {
            let mut process = TcpStream::connect(self.server).await?;
            process.write_all(&startup).await?;
            answers(&mut process, &mut *self.greeting.lock().await).await?;
            Ok::<_, std::io::Error>(Arc::new(Mutex::new(process)))
        };
        let process = self.process.get_or_try_init(connect).await?;
        let greeting = self.greeting.lock().await.clone();
        client.write_all(&greeting).await?;
        let mut held: Option<OwnedMutexGuard<TcpStream>> = None;
        loop {
            let asked = message(&mut client).await?;
            if asked[0] == b'X' {
                return Ok(());
            }
            let mut server = match held.take() {
                Some(server) => server,
                None => Arc::clone(process).lock_owned().await,
            };
            server.write_all(&asked).await?;
            let mut is_free = false;
            if matches!(asked[0], b'Q' | b'S') {
                let mut told = Vec::new();
                is_free = answers(&mut server, &mut told).await?;
                client.write_all(&told).await?;
            }
            held = Some(server).filter(|_| !is_free);
        }
    }
}

#[test]
fn a_pooler_with_one_process_for_all_is_named() {
    let database = TestDatabase::new(Kind::Postgres);
    let (head, tail) = database.url.split_once("://").unwrap();
    let (authority, name) = tail.split_once('/').unwrap();
    let (user, server) = authority.rsplit_once('@').unwrap_or(("postgres", authority));
    run(async {
        let server = tokio::net::lookup_host(server).await.unwrap().next().unwrap();
        let pooler = Pooler::start(server).await;
        let opened = Store::create(&format!("{head}://{user}@{pooler}/{name}")).await;
        assert!(matches!(opened, Err(StoreError::Pooler)), "{opened:?}");
        // The server itself is another matter.
        Store::create(&database.url).await.unwrap().close().await;
    });
}
