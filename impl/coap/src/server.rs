//! A server: requests in, responses out (RFC 7252 section 5, RFC 7959, RFC 7641).
//!
//! To an address that has not shown that it receives goes one datagram for each of its own, with at most three times the bytes
//! (see `reach`); nothing is sent to it later or on the server's own account.

mod answers;
mod observing;

use crate::block::Block;
use crate::datagrams::send_to;
use crate::dedup::{Dedup, Seen};
use crate::endpoint::{Inner, lock};
use crate::message::{Code, Method, code, empty, put_uint, uint};
use crate::observers::{Observers, REGISTER};
use crate::options::{ECHO, OSCORE, REQUEST_TAG, Side, URI_HOST, URI_PATH, URI_QUERY, check};
use crate::reach::{ECHO_LENGTH, FACTOR, Reach, Source};
use crate::reply::{Blocks, Room, challenge, cut, write};
use crate::service::{Request, Response, Service};
use crate::shares::{Share, Shares};
use crate::transfer::{Key, Sender, Transfers, Upload};
use answers::Answers;
use coap_lite::{CoapOption, MessageType, Packet};
use futures_util::FutureExt as _;
use std::future::Future;
use std::net::SocketAddr;
use std::sync::{Arc, Mutex};
use tokio::time::{Instant, timeout};

/// Requests that may be under way at a time, and those of one address; further ones get 5.03.
const UNDER_WAY_MAX: usize = 2048;
const UNDER_WAY_PER_ADDRESS: usize = 128;
/// The same of all addresses together that have not shown that they receive.
const STRANGERS_MAX: usize = 1024;
/// Max-Age of a 5.03 for that reason, in seconds.
const RETRY: u32 = 1;
/// Separate responses that wait to be acknowledged by one peer, one after the other; further ones are sent once.
const LINE_MAX: usize = 4;

pub(crate) struct Server<S> {
    endpoint: Arc<Inner>,
    pub(crate) service: S,
    reach: Mutex<Reach>,
    dedup: Mutex<Dedup>,
    transfers: Mutex<Transfers>,
    observers: Observers,
    under_way: Shares,
    strangers: Shares,
    answers: Mutex<Answers>,
}

/// What an answer needs of its request.
struct Head {
    peer: SocketAddr,
    id: u16,
    /// Counts requests; 0 is none of those that are remembered.
    number: u64,
    kind: MessageType,
    token: Vec<u8>,
    /// How much may go to the peer; `None` if it has shown that it receives.
    room: Option<Room>,
}

/// A request that is answered without the service, or not at all.
enum Refused {
    Silently,
    With(Code),
    Challenged,
}

impl<S: Service> Server<S> {
    pub(crate) fn new(endpoint: Arc<Inner>, service: S) -> Server<S> {
        Server {
            reach: Mutex::new(Reach::new(endpoint.random(), Instant::now())),
            dedup: Mutex::new(Dedup::new(endpoint.random())),
            endpoint,
            service,
            transfers: Mutex::new(Transfers::new()),
            observers: Observers::default(),
            under_way: Shares::new(UNDER_WAY_MAX, UNDER_WAY_PER_ADDRESS),
            strangers: Shares::new(STRANGERS_MAX, UNDER_WAY_PER_ADDRESS),
            answers: Mutex::default(),
        }
    }

    /// A request has come, in a datagram of so many bytes. What can be answered at once waits for [`send_answers`](Self::send_answers); the
    /// rest gets a task of its own.
    pub(crate) fn receive(self: &Arc<Self>, peer: SocketAddr, mut packet: Packet, size: usize) {
        let (mut head, proven) = self.head(peer, &packet, size);
        if proven {
            // It was for this hop.
            packet.clear_option(CoapOption::from(ECHO));
        }
        if let Err(retry) = self.service.admit(peer.ip(), proven) {
            return self.too_many(&head, proven, retry);
        }
        head.number = match lock(&self.dedup).begin(peer, head.id, head.room.is_some(), Instant::now()) {
            Seen::New(number) => number,
            Seen::UnderWay => return,
            Seen::Answered(answer) => return self.repeat(&head, &answer),
        };
        let request = match self.accept(&head, &mut packet) {
            Ok(request) => request,
            Err(Refused::Silently) => return,
            Err(Refused::With(code)) => return self.answer_now(&head, write(&Response::new(code), None, None)),
            Err(Refused::Challenged) => return self.challenge(&head),
        };
        let Some(share) = self.share(&head) else { return self.busy(&head) };
        let mut answer = Box::pin(self.clone().answer(head.room, packet, request));
        if let Some(packet) = answer.as_mut().now_or_never() {
            return self.answer_now(&head, packet);
        }
        let server = self.clone();
        tokio::spawn(async move {
            server.later(&head, answer).await;
            drop(share);
        });
    }

    /// What an answer needs of this request; and does it prove where it comes from?
    fn head(&self, peer: SocketAddr, packet: &Packet, size: usize) -> (Head, bool) {
        let echo = packet.get_first_option(CoapOption::from(ECHO)).map(Vec::as_slice);
        let (mut reach, now) = (lock(&self.reach), Instant::now());
        let token = packet.get_token().to_vec();
        let source = reach.source(peer.ip(), echo, now);
        let room = (source == Source::Unknown).then(|| Room {
            bytes: size.saturating_mul(FACTOR),
            token: token.len(),
            echo: reach.echo(peer.ip(), now),
        });
        let head = Head { peer, id: packet.header.message_id, number: 0, kind: packet.header.get_type(), token, room };
        (head, source == Source::Proven)
    }

    /// What is refused before the service sees it.
    fn accept(&self, head: &Head, packet: &mut Packet) -> Result<Request, Refused> {
        let method = Method::from_code(code(packet).0).ok_or(Refused::With(Code::METHOD_NOT_ALLOWED))?;
        let forwards = |packet: &Packet| self.service.forwards(&Request::read(head.peer, method, packet));
        check(packet, Side::Request, forwards).map_err(|code| {
            // RFC 7252 section 5.4.1: a non-confirmable message with a critical option is rejected.
            let silent = code == Code::BAD_OPTION && head.kind == MessageType::NonConfirmable;
            if silent { Refused::Silently } else { Refused::With(code) }
        })?;
        let request = Request::read(head.peer, method, packet);
        if let Some(room) = &head.room {
            let large = Block::read(packet, CoapOption::Block2)
                .is_ok_and(|wanted| wanted.is_some_and(|wanted| wanted.number == 0 && wanted.size() > room.bytes));
            // What comes later goes to who has shown that he receives; and who wants large blocks need not begin with small ones.
            if large || is_registration(packet) || self.service.waits(&request) {
                return Err(Refused::Challenged);
            }
        }
        Ok(request)
    }

    fn share(&self, head: &Head) -> Option<Share> {
        let shares = if head.room.is_none() { &self.under_way } else { &self.strangers };
        shares.take(head.peer.ip())
    }

    /// Too much is under way. A stranger may be another one's forgery, and is asked to show that he is not.
    fn busy(&self, head: &Head) {
        if head.room.is_some() {
            return self.challenge(head);
        }
        self.answer_now(head, write(&busy(), None, None));
    }

    /// This address asks too much, or others do in its name: with an Echo value it is told from these.
    fn too_many(&self, head: &Head, proven: bool, retry: u32) {
        let response = Response { max_age: Some(retry), ..Response::new(Code::TOO_MANY) };
        let mut packet = write(&response, None, None);
        if !proven {
            packet.add_option(CoapOption::from(ECHO), self.echo(head).to_vec());
        }
        if head.room.as_ref().is_some_and(|room| !room.fits(&packet)) {
            packet.clear_option(CoapOption::from(ECHO));
        }
        self.answer_now(head, packet);
    }

    fn challenge(&self, head: &Head) {
        self.answer_now(head, challenge(&self.echo(head)));
    }

    fn echo(&self, head: &Head) -> [u8; ECHO_LENGTH] {
        lock(&self.reach).echo(head.peer.ip(), Instant::now())
    }

    /// The same answer again, to the same message.
    fn repeat(&self, head: &Head, answer: &[u8]) {
        if head.room.as_ref().is_none_or(|room| answer.len() <= room.bytes) {
            // A datagram that is lost here is asked for again.
            let _ = self.endpoint.socket.try_send_to(answer, head.peer);
        }
    }

    /// Piggybacked if the answer comes soon enough, else on its own (RFC 7252 section 5.2.2).
    async fn later(&self, head: &Head, mut answer: impl Future<Output = Packet> + Unpin) {
        if let Some(packet) = self.soon(head, &mut answer).await {
            return self.reply(head, packet).await;
        }
        if head.kind == MessageType::Confirmable {
            self.send(head, &empty(MessageType::Acknowledgement, head.id)).await;
        }
        let mut packet = answer.await;
        // A client that does not acknowledge what it got is no reason to keep more for it.
        if head.kind == MessageType::Confirmable && self.endpoint.waiting(head.peer) < LINE_MAX {
            packet.set_token(head.token.clone());
            let _ = self.endpoint.confirmable(head.peer, &mut packet).await;
        } else {
            self.reply_apart(head, packet).await;
        }
    }

    /// The answer, if it is piggybacked. To a stranger it always is, however late it comes: so it is one datagram for one.
    async fn soon(&self, head: &Head, answer: &mut (impl Future<Output = Packet> + Unpin)) -> Option<Packet> {
        match head.room {
            Some(_) => Some(answer.await),
            None => timeout(self.endpoint.parameters.piggyback, answer).await.ok(),
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

    /// A response of its own, once.
    async fn reply_apart(&self, head: &Head, mut packet: Packet) {
        packet.set_token(head.token.clone());
        packet.header.set_type(MessageType::NonConfirmable);
        packet.header.message_id = self.endpoint.next_id();
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

    async fn answer(self: Arc<Self>, room: Option<Room>, packet: Packet, request: Request) -> Packet {
        let answer = self.try_answer(room.as_ref(), &packet, request).await;
        answer.unwrap_or_else(|code| write(&Response::new(code), None, None))
    }

    async fn try_answer(
        self: &Arc<Self>,
        room: Option<&Room>,
        packet: &Packet,
        mut request: Request,
    ) -> Result<Packet, Code> {
        let (peer, method) = (request.peer, request.method);
        let taken = Block::read(packet, CoapOption::Block1).map_err(|()| Code::BAD_REQUEST)?;
        let wanted = Block::read(packet, CoapOption::Block2).map_err(|()| Code::BAD_REQUEST)?;
        let blocks = Blocks { wanted, taken };
        if wanted.is_some_and(|block| block.number > 0) {
            let kept = lock(&self.transfers).kept(&key(peer, packet));
            match kept {
                Some(response) => return cut(&response, blocks, room),
                // What was done once is not done again for the rest of its answer.
                None if method != Method::Get => return Err(Code::INCOMPLETE),
                None => {}
            }
        }
        request.body = match self.body(peer, room, packet, taken) {
            Ok(body) => body,
            Err(answer) => return Ok(answer),
        };
        if method == Method::Get {
            if is_registration(packet) {
                return Box::pin(self.register(packet, request, wanted)).await;
            }
            self.observers.cancel(peer, packet.get_token());
        }
        let response = self.service.call(&request).await;
        self.first(|| key(peer, packet), response, blocks, room)
    }

    /// The request's whole body, or what is answered as long as it is not there.
    fn body(
        &self,
        peer: SocketAddr,
        room: Option<&Room>,
        packet: &Packet,
        taken: Option<Block>,
    ) -> Result<Vec<u8>, Packet> {
        let body_max = self.service.body_max();
        let announced = uint(packet, CoapOption::Size1).and_then(|size| usize::try_from(size).ok()).unwrap_or_default();
        if packet.payload.len().max(announced) > body_max {
            return Err(too_large(body_max, taken));
        }
        let Some(block) = taken else { return Ok(packet.payload.clone()) };
        let format = uint(packet, CoapOption::ContentFormat);
        let mut transfers = lock(&self.transfers);
        let sender = Sender { key: &key(peer, packet), shown: room.is_none() };
        match transfers.upload(sender, block, (format, &packet.payload), body_max, Instant::now()) {
            Upload::Complete(body) => Ok(body),
            Upload::Continue => Err(write(&Response::new(Code::CONTINUE), taken, None)),
            Upload::Refused(Code::TOO_LARGE) => Err(too_large(body_max, taken)),
            Upload::Refused(Code::UNAVAILABLE) => {
                Err(room.map_or_else(|| write(&busy(), taken, None), |room| challenge(&room.echo)))
            }
            Upload::Refused(code) => Err(write(&Response::new(code), taken, None)),
        }
    }

    /// The first block of an answer; the rest is kept.
    fn first(
        &self,
        key: impl FnOnce() -> Key,
        response: Response,
        blocks: Blocks,
        room: Option<&Room>,
    ) -> Result<Packet, Code> {
        let packet = cut(&response, blocks, room)?;
        if !packet.payload.is_empty() && packet.payload.len() < response.body.len() {
            lock(&self.transfers).keep(key(), Arc::new(response), Instant::now());
        }
        Ok(packet)
    }
}

fn is_registration(packet: &Packet) -> bool {
    Method::from_code(code(packet).0) == Some(Method::Get) && uint(packet, CoapOption::Observe) == Some(REGISTER)
}

fn busy() -> Response {
    Response { max_age: Some(RETRY), ..Response::new(Code::UNAVAILABLE) }
}

/// 4.13, with what would be taken (RFC 7959 section 2.9.3).
fn too_large(body_max: usize, taken: Option<Block>) -> Packet {
    let mut packet = write(&Response::new(Code::TOO_LARGE), taken, None);
    put_uint(&mut packet, CoapOption::Size1, u32::try_from(body_max).unwrap_or(u32::MAX));
    packet
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
