"""aiocoap's OSCORE on either side of the gateway, with a context that was exported from a DKE session (PROTOCOL.md section 15).

usage: oscore.py context DIR (client|node) SECRET SALT IDS    writes the context; the last three in hexadecimal, from `dke export`
       oscore.py client GATEWAY DIR HOST                      asks the node, which is named by Uri-Host, and prints the responses
       oscore.py node GATEWAY NODE TOKEN DIR                  serves the requests that wait at the gateway
"""

import asyncio
import json
import pathlib
import sys

import aiocoap
from aiocoap import oscore
import cbor2

MESSAGE = 65004


def context(directory, side, secret, salt, ids):
    ids = bytearray.fromhex(ids)
    ids[0] &= 0x7F
    ids[4] |= 0x80
    client, node = ids[:4].hex(), ids[4:].hex()
    sender, recipient = (client, node) if side == "client" else (node, client)
    settings = {"secret_hex": secret, "salt_hex": salt, "sender-id_hex": sender, "recipient-id_hex": recipient}
    pathlib.Path(directory).mkdir()
    pathlib.Path(directory, "settings.json").write_text(json.dumps(settings), encoding="utf-8")


async def client(gateway, directory, host):
    endpoint = await aiocoap.Context.create_client_context()
    endpoint.client_credentials["*"] = oscore.FilesystemSecurityContext(directory)

    async def ask(code, path, payload=b""):
        message = aiocoap.Message(code=code, uri=f"{gateway}/{path}", payload=payload)
        message.opt.uri_host = host
        response = await asyncio.wait_for(endpoint.request(message).response, 60)
        # Protected: what the gateway says itself raises an exception.
        assert isinstance(response.remote, aiocoap.transports.oscore.OSCOREAddress), response.remote
        print(response.code, response.payload.decode(), flush=True)

    await asyncio.gather(ask(aiocoap.GET, "light?dim=3"), ask(aiocoap.PUT, "light", b"on"))
    await endpoint.shutdown()


def bare(message):
    """Code, options and payload, without what belongs to a hop."""
    message.mid, message.token, message.mtype = 0, b"", aiocoap.NON
    datagram = message.encode()
    return datagram[1:2] + datagram[4:]


async def node(gateway, name, token, directory):
    endpoint = await aiocoap.Context.create_client_context()
    keys = oscore.FilesystemSecurityContext(directory)

    async def ask(code, path, **options):
        message = aiocoap.Message(code=code, uri=f"{gateway}/dke/{name}/requests{path}?token={token}", **options)
        return await asyncio.wait_for(endpoint.request(message).response, 30)

    waiting = (await ask(aiocoap.GET, "")).payload
    while waiting:
        number, message = cbor2.loads(waiting)
        outer = aiocoap.Message.decode(b"\x40" + message[:1] + b"\0\0" + message[1:])
        request, identity = keys.unprotect(outer)
        said = f"aiocoap: {request.code} /{'/'.join(request.opt.uri_path)}?{'&'.join(request.opt.uri_query)} ".encode()
        answer = aiocoap.Message(code=aiocoap.CONTENT, payload=said + request.payload)
        protected, _ = keys.protect(answer, identity)
        stored = await ask(aiocoap.PUT, f"/{number}", payload=bare(protected), content_format=MESSAGE)
        assert stored.code == aiocoap.CREATED, stored
        waiting = waiting[len(cbor2.dumps([number, message])) :]
    await endpoint.shutdown()


if __name__ == "__main__":
    _, action, *rest = sys.argv
    if action == "context":
        context(*rest)
    else:
        asyncio.run({"client": client, "node": node}[action](*rest))
