//! The plainest way to get a page.

use std::io::{self, Read as _, Write as _};
use std::net::{Ipv4Addr, SocketAddr, TcpListener, TcpStream};
use std::time::Duration;

use super::world::PATIENCE;

/// An address that nobody listened on a moment ago.
pub(crate) fn free_address() -> SocketAddr {
    TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).unwrap().local_addr().unwrap()
}

/// The status and the body of a page.
pub(crate) fn get(address: SocketAddr, path: &str) -> io::Result<(u16, String)> {
    get_within(address, path, PATIENCE)
}

/// The same from somebody who may say nothing for so long.
pub(crate) fn get_within(
    address: SocketAddr,
    path: &str,
    patience: Duration,
) -> io::Result<(u16, String)> {
    let (head, body) = ask_within(address, path, "", patience)?;
    let status = head.split(' ').nth(1).and_then(|status| status.parse().ok());
    Ok((status.ok_or_else(|| io::Error::other(format!("not an answer: {head}")))?, body))
}

/// The head and the body of the answer to a request with these headers.
pub(crate) fn ask(address: SocketAddr, path: &str, headers: &str) -> io::Result<(String, String)> {
    ask_within(address, path, headers, PATIENCE)
}

fn ask_within(
    address: SocketAddr,
    path: &str,
    headers: &str,
    patience: Duration,
) -> io::Result<(String, String)> {
    let mut stream = TcpStream::connect_timeout(&address, patience)?;
    stream.set_read_timeout(Some(patience))?;
    write!(stream, "GET {path} HTTP/1.1\r\nHost: {address}\r\n{headers}Connection: close\r\n\r\n")?;
    let mut answer = String::new();
    stream.read_to_string(&mut answer)?;
    let no_page = || io::Error::other(format!("not an answer: {answer}"));
    let (head, body) = answer.split_once("\r\n\r\n").ok_or_else(no_page)?;
    Ok((head.to_owned(), body.to_owned()))
}
