//! Observations (RFC 7641): registered by a GET, notified by confirmable messages, ended by who does not acknowledge.

use super::{Server, key};
use crate::block::Block;
use crate::message::{Code, put_uint};
use crate::observers::REGISTER;
use crate::reply::Blocks;
use crate::service::{Request, Service};
use coap_lite::{CoapOption, Packet};
use std::sync::Arc;
use tokio::sync::watch;
use tokio::time::timeout;

impl<S: Service> Server<S> {
    /// A GET that asks for notifications too; it is answered as one that does not, where that is not possible (RFC 7641 section 4.1).
    pub(super) async fn register(
        self: &Arc<Self>,
        packet: &Packet,
        request: Request,
        wanted: Option<Block>,
    ) -> Result<Packet, Code> {
        let bell = self.service.watch(&request);
        let response = self.service.call(&request).await;
        let observed = response.code.is_success();
        let blocks = Blocks { wanted, taken: None };
        let mut answer = self.first(|| key(request.peer, packet), response, blocks, None)?;
        if let Some(bell) = bell.filter(|_| observed)
            && self.observe(packet, request, bell, blocks)
        {
            put_uint(&mut answer, CoapOption::Observe, REGISTER);
        }
        Ok(answer)
    }

    /// Registers an observer. `false` if there are too many.
    fn observe(
        self: &Arc<Self>,
        packet: &Packet,
        request: Request,
        mut bell: watch::Receiver<()>,
        blocks: Blocks,
    ) -> bool {
        let (server, token, peer) = (self.clone(), packet.get_token().to_vec(), request.peer);
        let key = key(peer, packet);
        let notify = async move {
            let mut sequence = REGISTER;
            // Without a change the observer is asked now and then whether it is still there.
            while !matches!(timeout(server.endpoint.parameters.confirm, bell.changed()).await, Ok(Err(_))) {
                let response = server.service.call(&request).await;
                let success = response.code.is_success();
                let Ok(mut notification) = server.first(|| key.clone(), response, blocks, None) else { break };
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
