//! `dke gateway serve` as a process.
#![allow(dead_code, reason = "each test uses its part")]

use crate::common::Place;
use crate::common::limit::eventually;
use serde_json::Value;
use std::fs;
use std::io::{BufRead as _, BufReader, Read as _, Write as _};
use std::net::TcpStream;
use std::process::{Child, Command, Stdio};

/// A gateway on ports of the system's choice.
pub(crate) struct Served {
    pub(crate) child: Child,
    pub(crate) coap: String,
    pub(crate) http: String,
}

impl Served {
    pub(crate) fn start(place: &Place, more: &str) -> Served {
        let words = format!("gateway serve --store store {more}");
        let ports = if more.contains("--coap") { "" } else { " --coap 127.0.0.1:0 --http 127.0.0.1:0" };
        Served::run(&mut place.command(&(words + ports)))
    }

    /// A command that becomes `dke gateway serve`.
    pub(crate) fn run(command: &mut Command) -> Served {
        let mut child = command.stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
        let mut line = String::new();
        BufReader::new(child.stdout.as_mut().unwrap()).read_line(&mut line).unwrap();
        let ready: Value = serde_json::from_str(&line).unwrap();
        let text = |name: &str| ready[name].as_str().unwrap().to_string();
        Served { coap: text("coap"), http: text("http"), child }
    }

    /// kill -9, and a new one on the same ports.
    pub(crate) fn restart(&mut self, place: &Place) {
        self.child.kill().unwrap();
        self.child.wait().unwrap();
        let port = |url: &str| url.split("://").nth(1).unwrap().to_string();
        *self = Served::start(place, &format!("--coap {} --http {}", port(&self.coap), port(&self.http)));
    }

    /// Waits until it ends by itself. Its exit code, and what it told.
    pub(crate) fn ended(mut self) -> (Option<i32>, String) {
        let code = eventually("the gateway ends", || self.child.try_wait().unwrap()).code();
        let mut told = String::new();
        self.child.stderr.take().unwrap().read_to_string(&mut told).unwrap();
        (code, told)
    }

    /// The list of nodes, over HTTP. A test that asks more often than one address may, or holds all connections that one address may, is told so or
    /// cut off, and asks again.
    pub(crate) fn nodes(&self) -> Value {
        eventually("the list of nodes", || {
            let mut stream = TcpStream::connect(self.http.strip_prefix("http://").unwrap()).ok()?;
            stream.write_all(b"GET /dke HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n").ok()?;
            let mut all = String::new();
            stream.read_to_string(&mut all).ok()?;
            let (head, body) = all.split_once("\r\n\r\n")?;
            head.starts_with("HTTP/1.1 200 ").then(|| serde_json::from_str(body).unwrap())
        })
    }

    /// How many Initiates or requests wait for its first node.
    pub(crate) fn waiting(&self, what: &str) -> u64 {
        self.nodes()["list"][0][what].as_u64().unwrap()
    }

    /// Most memory that it has held, in kB.
    pub(crate) fn memory(&self) -> u64 {
        let status = fs::read_to_string(format!("/proc/{}/status", self.child.id())).unwrap();
        let line = status.lines().find_map(|line| line.strip_prefix("VmHWM:")).unwrap();
        line.trim().split(' ').next().unwrap().parse().unwrap()
    }
}

impl Drop for Served {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}
