//! A client: requests and observations, with bodies of any size up to a limit.

use crate::bare::Bare;
use crate::block::{self, Block, EXPONENT_MAX};
use crate::endpoint::{Delivery, Endpoint, Failure, Token, lock};
use crate::message::{Code, Method, code, empty, put_texts, put_uint, texts, uint};
use crate::options::ECHO;
use coap_lite::{CoapOption, MessageClass, MessageType, Packet};
use std::io;
use std::net::SocketAddr;
use std::sync::{Arc, Mutex};
use std::time::Duration;
use tokio::time::{Instant, sleep, timeout};

/// Observe option of a request that registers.
const REGISTER: u32 = 0;
/// RFC 7641 section 3.4: numbers within half of the range, and notifications within 128 s, are compared.
const HALF: u32 = 1 << 23;
const COMPARABLE: Duration = Duration::from_secs(128);

/// Times that a request is sent again with the Echo value of its answer.
const ECHOES_MAX: usize = 2;
/// Times that a block is sent again because too much was asked (4.29), and the longest pause before it.
const PAUSES_MAX: usize = 8;
const PAUSE_MAX: Duration = Duration::from_secs(10);

/// A client of one server.
#[derive(Clone)]
pub struct Client {
    endpoint: Endpoint,
    peer: SocketAddr,
    /// Bytes of the largest answer that is taken.
    body_max: usize,
    contact: Arc<Mutex<Contact>>,
}

/// What the server knows of the client's address (RFC 9175 section 2.4).
enum Contact {
    /// Nothing yet. The first request asks for large blocks, so that the server says at once if it wants an Echo value first.
    First,
    /// It is satisfied.
    Settled,
    /// It wants to see this Echo value, with any request.
    Wanted(Vec<u8>),
}

/// A request.
#[derive(Clone, Copy, Debug)]
pub struct Ask<'a> {
    /// What for.
    pub method: Method,
    /// Segments of the path.
    pub path: &'a [&'a str],
    /// Parts of the query.
    pub query: &'a [&'a str],
    /// Content-Format of the body.
    pub format: Option<u16>,
    /// The body.
    pub body: &'a [u8],
}

/// An answer.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Reply {
    /// Success or failure.
    pub code: Code,
    /// Content-Format of the body.
    pub format: Option<u16>,
    /// Seconds for which it is fresh, or after which another try makes sense.
    pub max_age: Option<u32>,
    /// Path of what was created.
    pub location: Vec<String>,
    /// The body.
    pub body: Vec<u8>,
}

impl Client {
    /// A client of the server at `peer` that takes answers of up to `body_max` bytes.
    pub fn new(endpoint: Endpoint, peer: SocketAddr, body_max: usize) -> Client {
        Client { endpoint, peer, body_max, contact: Arc::new(Mutex::new(Contact::First)) }
    }

    /// Does the server answer? A ping (RFC 7252 section 4.3), which it resets.
    pub async fn ping(&self) -> Result<(), Failure> {
        match self.endpoint.inner.confirmable(self.peer, &mut empty(MessageType::Confirmable, 0)).await {
            Err(Failure::Reset) => Ok(()),
            other => other,
        }
    }

    /// Asks and waits for the whole answer.
    pub async fn request(&self, ask: &Ask<'_>) -> Result<Reply, Failure> {
        let head = head(ask, ask.method);
        let answer = self.upload(&head, ask.body).await?;
        let (first, body) = self.whole(&head, answer).await?;
        reply(&first, body)
    }

    /// Sends a message that is ready, its payload in blocks if it needs them, and waits for the whole answer. Hops add and take away their
    /// own options; the answer is without those of the last one.
    pub async fn send(&self, message: &Bare) -> Result<Bare, Failure> {
        let mut head = message.packet();
        let body = std::mem::take(&mut head.payload);
        let answer = self.upload(&head, &body).await?;
        let (mut first, body) = self.whole(&head, answer).await?;
        if first.get_first_option(CoapOption::Block2).is_some() {
            // It tells a transfer's blocks apart, and is this hop's.
            first.clear_option(CoapOption::ETag);
        }
        for option in [CoapOption::Block1, CoapOption::Block2, CoapOption::Size1, CoapOption::Size2, ECHO.into()] {
            first.clear_option(option);
        }
        first.payload = body;
        Ok(Bare::of(&first))
    }

    /// Registers an observation; the first answer comes with it. `None` instead of the observation if the server does not offer it.
    pub async fn observe(&self, ask: &Ask<'_>) -> Result<(Reply, Option<Observation>), Failure> {
        let mut token = self.endpoint.inner.token(self.peer);
        let mut packet = head(ask, Method::Get);
        put_uint(&mut packet, CoapOption::Observe, REGISTER);
        let answer = self.exchange(&mut token, packet).await?;
        let sequence = uint(&answer, CoapOption::Observe).filter(|_| code(&answer).is_success());
        let head = head(ask, Method::Get);
        let (first, body) = self.whole(&head, answer).await?;
        let observation = sequence.map(|sequence| Observation {
            client: self.clone(),
            token,
            head,
            last: (sequence, Instant::now()),
        });
        Ok((reply(&first, body)?, observation))
    }

    /// Sends the body, in blocks if it needs them. Returns the first block of the answer.
    async fn upload(&self, head: &Packet, body: &[u8]) -> Result<Packet, Failure> {
        let mut exponent = EXPONENT_MAX;
        let mut number = 0;
        loop {
            let beyond = Failure::Malformed("it asks for a block beyond the end");
            let (block, bytes) = block::slice(body, number, exponent).ok_or(beyond)?;
            let mut packet = head.clone();
            packet.payload = bytes.to_vec();
            let alone = number == 0 && !block.more;
            if !alone {
                block.write(&mut packet, CoapOption::Block1);
            }
            let answer = self.block(packet).await?;
            if !block.more || code(&answer) != Code::CONTINUE {
                return Ok(answer);
            }
            // The server may want smaller blocks from now on (RFC 7959 section 2.5): the numbers count these.
            let taken = read(&answer, CoapOption::Block1)?.filter(|taken| taken.number == block.number);
            let taken = taken.ok_or(Failure::Malformed("it confirms another block"))?.exponent.min(exponent);
            number = number.saturating_add(1) << exponent.saturating_sub(taken);
            exponent = taken;
        }
    }

    /// Fetches what follows the first block. Returns that, and the whole body.
    async fn whole(&self, head: &Packet, first: Packet) -> Result<(Packet, Vec<u8>), Failure> {
        let mut body = first.payload.clone();
        let mut block = read(&first, CoapOption::Block2)?;
        let tag = first.get_first_option(CoapOption::ETag).cloned();
        while let Some(last) = block.filter(|block| block.more) {
            if body.len() > self.body_max {
                return Err(Failure::TooLarge);
            }
            let next = Block { number: last.number.saturating_add(1), more: false, exponent: last.exponent };
            let mut packet = head.clone();
            next.write(&mut packet, CoapOption::Block2);
            let answer = self.block(packet).await?;
            let got = read(&answer, CoapOption::Block2)?.ok_or(Failure::Malformed("a block is missing"))?;
            let whole = if got.more { answer.payload.len() == got.size() } else { answer.payload.len() <= got.size() };
            if code(&answer) != code(&first) || got.offset() != Some(body.len()) || !whole {
                return Err(Failure::Malformed("a block is missing"));
            }
            if answer.get_first_option(CoapOption::ETag) != tag.as_ref() {
                return Err(Failure::Malformed("its blocks are of two answers"));
            }
            body.extend_from_slice(&answer.payload);
            block = Some(got);
        }
        if body.len() > self.body_max {
            return Err(Failure::TooLarge);
        }
        Ok((first, body))
    }

    /// Sends one block of a body, or asks for one, again after a pause if too much was asked: what has come so far would be lost.
    async fn block(&self, packet: Packet) -> Result<Packet, Failure> {
        let begun = [CoapOption::Block1, CoapOption::Block2]
            .into_iter()
            .any(|option| Block::read(&packet, option).is_ok_and(|block| block.is_some_and(|block| block.number > 0)));
        for _ in 0..PAUSES_MAX {
            let answer = self.exchange(&mut self.endpoint.inner.token(self.peer), packet.clone()).await?;
            if !begun || code(&answer) != Code::TOO_MANY {
                return Ok(answer);
            }
            let pause =
                uint(&answer, CoapOption::MaxAge).map_or(PAUSE_MAX, |seconds| Duration::from_secs(seconds.into()));
            sleep(pause.clamp(Duration::from_millis(100), PAUSE_MAX)).await;
        }
        Err(Failure::NoAnswer)
    }

    /// Sends a request and awaits its response; with the Echo value, if the server wants one first.
    async fn exchange(&self, token: &mut Token, packet: Packet) -> Result<Packet, Failure> {
        for _ in 0..ECHOES_MAX {
            let mut contacting = packet.clone();
            self.contact(&mut contacting);
            let answer = self.once(token, contacting).await?;
            let wanted = answer.get_first_option(CoapOption::from(ECHO)).cloned();
            let again = wanted.is_some() && matches!(code(&answer), Code::UNAUTHORIZED | Code::TOO_MANY);
            *lock(&self.contact) = wanted.map_or(Contact::Settled, Contact::Wanted);
            if !again {
                return Ok(answer);
            }
        }
        let mut last = packet;
        self.contact(&mut last);
        self.once(token, last).await
    }

    /// Adds to a request what a first contact needs.
    fn contact(&self, packet: &mut Packet) {
        match &*lock(&self.contact) {
            Contact::First if packet.get_first_option(CoapOption::Block2).is_none() => {
                Block { number: 0, more: false, exponent: EXPONENT_MAX }.write(packet, CoapOption::Block2);
            }
            Contact::Wanted(echo) => packet.add_option(CoapOption::from(ECHO), echo.clone()),
            Contact::First | Contact::Settled => {}
        }
    }

    /// One message there, one back.
    async fn once(&self, token: &mut Token, mut packet: Packet) -> Result<Packet, Failure> {
        packet.set_token(token.bytes.clone());
        let inner = &self.endpoint.inner;
        tokio::select! {
            biased;
            // A response acknowledges the request, even if the acknowledgement itself was lost.
            Some(answer) = token.responses.recv() => return received(answer),
            acknowledged = inner.confirmable(self.peer, &mut packet) => acknowledged?,
        }
        let answer = timeout(inner.parameters.response_timeout, token.responses.recv()).await;
        received(answer.ok().flatten().ok_or(Failure::NoAnswer)?)
    }
}

fn received(answer: Delivery) -> Result<Packet, Failure> {
    answer.map_err(|kind| io::Error::from(kind).into())
}

fn reply(first: &Packet, body: Vec<u8>) -> Result<Reply, Failure> {
    // RFC 8613 section 2: a critical option, and nothing here opens what it protects.
    if first.get_first_option(CoapOption::Oscore).is_some() {
        return Err(Failure::Malformed("it is protected by OSCORE"));
    }
    Ok(Reply {
        code: code(first),
        format: uint(first, CoapOption::ContentFormat).and_then(|format| format.try_into().ok()),
        max_age: uint(first, CoapOption::MaxAge),
        location: texts(first, CoapOption::LocationPath),
        body,
    })
}

/// A request without its body.
fn head(ask: &Ask<'_>, method: Method) -> Packet {
    let mut packet = Packet::new();
    packet.header.code = MessageClass::from(method.code().0);
    put_texts(&mut packet, CoapOption::UriPath, ask.path.iter().copied());
    put_texts(&mut packet, CoapOption::UriQuery, ask.query.iter().copied());
    if let Some(format) = ask.format {
        put_uint(&mut packet, CoapOption::ContentFormat, format.into());
    }
    packet
}

fn read(packet: &Packet, option: CoapOption) -> Result<Option<Block>, Failure> {
    Block::read(packet, option).map_err(|()| Failure::Malformed("a block option is wrong"))
}

/// An observation. The server stops sending when this is gone: what then comes is reset.
pub struct Observation {
    client: Client,
    token: Token,
    /// The request without Observe, for what follows the first block.
    head: Packet,
    last: (u32, Instant),
}

impl Observation {
    /// The next notification that is newer than the last one. `None` if the server has ended the observation.
    pub async fn next(&mut self) -> Result<Option<Reply>, Failure> {
        while let Some(delivered) = self.token.responses.recv().await {
            let packet = received(delivered)?;
            let Some(sequence) = uint(&packet, CoapOption::Observe) else { return Ok(None) };
            if !newer(self.last, (sequence, Instant::now())) {
                continue;
            }
            self.last = (sequence, Instant::now());
            let (first, body) = self.client.whole(&self.head, packet).await?;
            return reply(&first, body).map(Some);
        }
        Ok(None)
    }
}

/// RFC 7641 section 3.4.
fn newer((v1, t1): (u32, Instant), (v2, t2): (u32, Instant)) -> bool {
    (v1 < v2 && v2.saturating_sub(v1) < HALF)
        || (v1 > v2 && v1.saturating_sub(v2) > HALF)
        || t2.saturating_duration_since(t1) > COMPARABLE
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_wrap_around() {
        let now = Instant::now();
        let newer = |v1, v2| newer((v1, now), (v2, now));
        assert!(newer(1, 2) && newer((1 << 24) - 1, 0) && !newer(2, 1) && !newer(2, 2) && !newer(0, (1 << 24) - 1));
        // Half of the range apart, neither is newer; one less, or one more, decides.
        assert!(!newer(0, HALF) && newer(0, HALF - 1) && !newer(HALF, 0) && newer(HALF + 1, 0));
    }

    #[test]
    fn whatever_comes_late_enough_is_new() {
        let now = Instant::now();
        let after = |seconds| newer((2, now), (1, now + Duration::from_secs(seconds)));
        assert!(!after(1) && !after(128) && after(129));
    }
}
