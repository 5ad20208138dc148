//! A server: requests in, answers out (RFC 7252 section 5, RFC 7959, RFC 7641).

use crate::block::{BLOCK_MAX, Block};
use crate::datagrams::send_to;
use crate::dedup::{Dedup, Seen};
use crate::endpoint::{Inner, lock};
use crate::message::{
    Code, Method, OSCORE, REQUEST_TAG, URI_HOST, URI_PATH, URI_QUERY, code, empty, not_understood, put_texts, put_uint,
    uint,
};
use crate::observers::{Observers, REGISTER};
use crate::service::{Request, Response, Service};
use crate::transfer::{Key, Transfers, Upload, part};
use coap_lite::{CoapOption, MessageClass, MessageType, Packet};
use futures_util::FutureExt as _;
use std::collections::LinkedList;
use std::future::Future;
use std::hash::{DefaultHasher, Hasher as _};
use std::net::SocketAddr;
use std::sync::{Arc, Mutex};
use tokio::sync::{Semaphore, watch};
use tokio::time::Instant;

/// Requests that may be under way at a time; further ones get 5.03.
const UNDER_WAY_MAX: usize = 4096;
/// Max-Age of a 5.03 for that reason, in seconds.
const RETRY: u32 = 1;

pub(crate) struct Server<S> {
    endpoint: Arc<Inner>,
    pub(crate) service: S,
    dedup: Mutex<Dedup>,
    transfers: Mutex<Transfers>,
    observers: Observers,
    under_way: Arc<Semaphore>,
    answers: Mutex<Answers>,
}

/// Answers that were found at once; they are sent together.
#[derive(Default)]
struct Answers {
    /// To whom, the request's number, and where the datagram ends in `bytes`.
    list: Vec<(SocketAddr, u64, usize)>,
    /// All datagrams, one behind the other.
    bytes: Vec<u8>,
}

impl Answers {
    fn push(&mut self, peer: SocketAddr, number: u64, datagram: &[u8]) {
        self.bytes.extend_from_slice(datagram);
        self.list.push((peer, number, self.bytes.len()));
    }

    fn datagrams(&self) -> impl Iterator<Item = (SocketAddr, u64, &[u8])> {
        let mut start = 0;
        self.list.iter().map(move |(peer, number, end)| {
            let datagram = self.bytes.get(start..*end).unwrap_or_default();
            start = *end;
            (*peer, *number, datagram)
        })
    }
}

impl<S: Service> Server<S> {
    pub(crate) fn new(endpoint: Arc<Inner>, service: S) -> Server<S> {
        Server {
            dedup: Mutex::new(Dedup::new(endpoint.random())),
            endpoint,
            service,
            transfers: Mutex::new(Transfers::new()),
            observers: Observers::default(),
            under_way: Arc::new(Semaphore::new(UNDER_WAY_MAX)),
            answers: Mutex::default(),
        }
    }

    /// A request has come. What can be answered at once waits for [`send_answers`](Self::send_answers); the rest gets a task of its own.
    pub(crate) fn receive(self: &Arc<Self>, peer: SocketAddr, packet: Packet) {
        let id = packet.header.message_id;
        let number = match lock(&self.dedup).begin(peer, id, Instant::now()) {
            Seen::New(number) => number,
            Seen::UnderWay => return,
            Seen::Answered(answer) => {
                // A datagram that is lost here is asked for again.
                let _ = self.endpoint.socket.try_send_to(&answer, peer);
                return;
            }
        };
        let head = Head { peer, id, number, kind: packet.header.get_type(), token: packet.get_token().to_vec() };
        let Ok(permit) = self.under_way.clone().try_acquire_owned() else {
            let busy = Response { max_age: Some(RETRY), ..Response::new(Code::UNAVAILABLE) };
            return self.answer_now(&head, write(&busy, None, None));
        };
        let mut answer = Box::pin(self.clone().answer(peer, packet));
        if let Some(packet) = answer.as_mut().now_or_never() {
            return self.answer_now(&head, packet);
        }
        let server = self.clone();
        tokio::spawn(async move {
            server.later(&head, answer).await;
            drop(permit);
        });
    }

    /// Piggybacked if the answer comes soon enough, else on its own (RFC 7252 section 5.2.2).
    async fn later(&self, head: &Head, mut answer: impl Future<Output = Packet> + Unpin) {
        if let Ok(packet) = tokio::time::timeout(self.endpoint.parameters.piggyback, &mut answer).await {
            return self.reply(head, packet).await;
        }
        if head.kind == MessageType::Confirmable {
            self.send(head, &empty(MessageType::Acknowledgement, head.id)).await;
        }
        let mut packet = answer.await;
        packet.set_token(head.token.clone());
        if head.kind == MessageType::Confirmable {
            // A client that does not acknowledge it is gone.
            let _ = self.endpoint.confirmable(head.peer, &mut packet).await;
        } else {
            self.reply(head, packet).await;
        }
    }

    fn answer_now(&self, head: &Head, mut packet: Packet) {
        self.address(head, &mut packet);
        let Ok(datagram) = packet.to_bytes_unlimited() else { return };
        lock(&self.answers).push(head.peer, head.number, &datagram);
    }

    /// Sends the answers that were found at once.
    pub(crate) async fn send_answers(&self) {
        let mut answers = std::mem::take(&mut *lock(&self.answers));
        if answers.list.is_empty() {
            return;
        }
        for (peer, _, datagram) in answers.datagrams() {
            let _ = send_to(&*self.endpoint.socket, datagram, peer).await;
        }
        let mut dedup = lock(&self.dedup);
        for (_, number, datagram) in answers.datagrams() {
            dedup.end(number, datagram);
        }
        drop(dedup);
        answers.list.clear();
        answers.bytes.clear();
        // Nobody else adds answers meanwhile; the room is used again.
        *lock(&self.answers) = answers;
    }

    async fn reply(&self, head: &Head, mut packet: Packet) {
        self.address(head, &mut packet);
        self.send(head, &packet).await;
    }

    /// Makes a packet the response to this request (RFC 7252 sections 5.2.1, 5.2.3 and 5.3).
    fn address(&self, head: &Head, packet: &mut Packet) {
        packet.set_token(head.token.clone());
        if head.kind == MessageType::Confirmable {
            packet.header.set_type(MessageType::Acknowledgement);
            packet.header.message_id = head.id;
        } else {
            packet.header.set_type(MessageType::NonConfirmable);
            packet.header.message_id = self.endpoint.next_id();
        }
    }

    async fn send(&self, head: &Head, packet: &Packet) {
        let Ok(bytes) = packet.to_bytes_unlimited() else { return };
        let _ = send_to(&*self.endpoint.socket, &bytes, head.peer).await;
        lock(&self.dedup).end(head.number, &bytes);
    }

    async fn answer(self: Arc<Self>, peer: SocketAddr, packet: Packet) -> Packet {
        match self.try_answer(peer, &packet).await {
            Ok(answer) => answer,
            Err(code) => write(&Response::new(code), None, None),
        }
    }

    async fn try_answer(self: &Arc<Self>, peer: SocketAddr, packet: &Packet) -> Result<Packet, Code> {
        let method = Method::from_code(code(packet).0).ok_or(Code::METHOD_NOT_ALLOWED)?;
        let mut request = Request::read(peer, method, packet).ok_or(Code::BAD_REQUEST)?;
        if let Some(code) = not_understood(packet, || self.service.forwards(&request)) {
            return Err(code);
        }
        let block_1 = Block::read(packet, CoapOption::Block1).map_err(|()| Code::BAD_REQUEST)?;
        let block_2 = Block::read(packet, CoapOption::Block2).map_err(|()| Code::BAD_REQUEST)?;
        if let Some(wanted) = block_2.filter(|block| block.number > 0) {
            let kept = lock(&self.transfers).kept(&key(peer, packet));
            match kept {
                Some(response) => return cut(&response, Some(wanted), block_1),
                // What was done once is not done again for the rest of its answer.
                None if method != Method::Get => return Err(Code::INCOMPLETE),
                None => {}
            }
        }
        let body_max = self.service.body_max();
        request.body = match block_1 {
            None if packet.payload.len() > body_max => return Err(Code::TOO_LARGE),
            None => packet.payload.clone(),
            Some(block) => {
                let upload =
                    lock(&self.transfers).upload(&key(peer, packet), block, &packet.payload, body_max, Instant::now());
                match upload {
                    Upload::Continue => return Ok(write(&Response::new(Code::CONTINUE), Some(block), None)),
                    Upload::Complete(body) => body,
                    Upload::Refused(code) => return Ok(write(&Response::new(code), Some(block), None)),
                }
            }
        };
        if method == Method::Get {
            if uint(packet, CoapOption::Observe) == Some(REGISTER) {
                return Box::pin(self.register(peer, packet, request, block_2)).await;
            }
            self.observers.cancel(peer, packet.get_token());
        }
        let response = self.service.call(&request).await;
        self.first(|| key(peer, packet), response, block_2, block_1)
    }

    /// A GET that asks for notifications too; it is answered as one that does not, where that is not possible (RFC 7641 section 4.1).
    async fn register(
        self: &Arc<Self>,
        peer: SocketAddr,
        packet: &Packet,
        request: Request,
        block_2: Option<Block>,
    ) -> Result<Packet, Code> {
        let bell = self.service.watch(&request);
        let response = self.service.call(&request).await;
        let observed = response.code.is_success();
        let mut answer = self.first(|| key(peer, packet), response, block_2, None)?;
        if let Some(bell) = bell.filter(|_| observed)
            && self.observe(peer, packet, request, bell)
        {
            put_uint(&mut answer, CoapOption::Observe, REGISTER);
        }
        Ok(answer)
    }

    /// The first block of an answer; the rest is kept.
    fn first(
        &self,
        key: impl FnOnce() -> Key,
        response: Response,
        wanted: Option<Block>,
        block_1: Option<Block>,
    ) -> Result<Packet, Code> {
        if wanted.is_none() && response.body.len() <= BLOCK_MAX {
            let mut packet = write(&response, block_1, None);
            packet.payload = response.body;
            return Ok(packet);
        }
        let packet = cut(&response, wanted, block_1)?;
        if packet.payload.len() < response.body.len() {
            lock(&self.transfers).keep(key(), Arc::new(response), Instant::now());
        }
        Ok(packet)
    }

    /// Registers an observer. `false` if there are too many.
    fn observe(
        self: &Arc<Self>,
        peer: SocketAddr,
        packet: &Packet,
        request: Request,
        mut bell: watch::Receiver<()>,
    ) -> bool {
        let (server, token) = (self.clone(), packet.get_token().to_vec());
        let wanted = Block::read(packet, CoapOption::Block2).ok().flatten();
        let key = key(peer, packet);
        let notify = async move {
            let mut sequence = REGISTER;
            while bell.changed().await.is_ok() {
                let response = server.service.call(&request).await;
                let success = response.code.is_success();
                let Ok(mut notification) = server.first(|| key.clone(), response, wanted, None) else { break };
                sequence = sequence.wrapping_add(1) & 0x00ff_ffff;
                notification.set_token(token.clone());
                if success {
                    put_uint(&mut notification, CoapOption::Observe, sequence);
                }
                let acknowledged = server.endpoint.confirmable(peer, &mut notification).await;
                if acknowledged.is_err() || !success {
                    break;
                }
            }
            server.observers.cancel(peer, &token);
        };
        self.observers.add(peer, packet.get_token(), notify)
    }
}

/// What an answer needs of its request.
struct Head {
    peer: SocketAddr,
    id: u16,
    /// Counts requests.
    number: u64,
    kind: MessageType,
    token: Vec<u8>,
}

fn key(peer: SocketAddr, packet: &Packet) -> Key {
    let mut resource = Vec::new();
    for number in [URI_HOST, OSCORE, URI_PATH, URI_QUERY, REQUEST_TAG] {
        let option = CoapOption::from(number);
        for value in packet.get_option(option).into_iter().flatten() {
            // A segment has at most 255 bytes, so it cannot run into the next one.
            resource.extend_from_slice(&number.to_be_bytes());
            resource.extend_from_slice(&u16::try_from(value.len()).unwrap_or(u16::MAX).to_be_bytes());
            resource.extend_from_slice(value);
        }
    }
    Key { peer, code: code(packet).0, resource }
}

/// One block of an answer; 4.00 if it lies beyond the end.
fn cut(response: &Response, wanted: Option<Block>, block_1: Option<Block>) -> Result<Packet, Code> {
    let (block_2, bytes) = part(&response.body, wanted).ok_or(Code::BAD_REQUEST)?;
    let mut packet = write(response, block_1, block_2);
    packet.payload = bytes.to_vec();
    Ok(packet)
}

/// An answer without its body.
fn write(response: &Response, block_1: Option<Block>, block_2: Option<Block>) -> Packet {
    let mut packet = Packet::new();
    packet.header.code = MessageClass::from(response.code.0);
    if let Some(format) = response.format {
        put_uint(&mut packet, CoapOption::ContentFormat, format.into());
    }
    if let Some(seconds) = response.max_age {
        put_uint(&mut packet, CoapOption::MaxAge, seconds);
    }
    put_texts(&mut packet, CoapOption::LocationPath, response.location.iter().map(String::as_str));
    for (number, value) in &response.options {
        packet.add_option(CoapOption::from(*number), value.clone());
    }
    if let Some(block) = block_1 {
        block.write(&mut packet, CoapOption::Block1);
    }
    if let Some(block) = block_2 {
        block.write(&mut packet, CoapOption::Block2);
        // So that the client sees when its blocks are of two answers (RFC 7959 section 2.4).
        let mut hasher = DefaultHasher::new();
        hasher.write(&response.body);
        packet.set_option(CoapOption::ETag, LinkedList::from([hasher.finish().to_be_bytes().to_vec()]));
    }
    packet
}
