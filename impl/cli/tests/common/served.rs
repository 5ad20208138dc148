//! `dke gateway serve` as a process.
#![allow(dead_code, reason = "each test uses its part")]

use crate::common::Place;
use serde_json::Value;
use std::fs;
use std::io::{BufRead as _, BufReader, Read as _, Write as _};
use std::net::TcpStream;
use std::process::{Child, Command, Stdio};
use std::thread::sleep;
use std::time::Duration;

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

    /// Waits at most a minute until it ends by itself. Its exit code, and what it told.
    pub(crate) fn ended(mut self) -> (Option<i32>, String) {
        let end = (0..600).find_map(|_| {
            sleep(Duration::from_millis(100));
            self.child.try_wait().unwrap()
        });
        let mut told = String::new();
        let code = end.expect("the gateway goes on").code();
        self.child.stderr.take().unwrap().read_to_string(&mut told).unwrap();
        (code, told)
    }

    /// The list of nodes, over HTTP.
    pub(crate) fn nodes(&self) -> Value {
        let mut stream = TcpStream::connect(self.http.strip_prefix("http://").unwrap()).unwrap();
        stream.write_all(b"GET /dke HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n").unwrap();
        let mut all = String::new();
        stream.read_to_string(&mut all).unwrap();
        serde_json::from_str(all.split("\r\n\r\n").nth(1).unwrap()).unwrap()
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
