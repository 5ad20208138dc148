"""A client written against spec/PROTOCOL.md alone, on `cryptography`, `cbor2` and `aiocoap`.

usage: client.py GATEWAY NODE_CREDENTIAL CLIENT_IDENTITY (basic|refresh) DATA [NUMBER]

Calls the node with the data, under a number of its own or the one given (16 hexadecimal digits), and prints one line of JSON: the number, the
status and the answer of the outcome, and the fingerprints of both secrets (sections 6 and 7, steps C1 and C2; sections 14 and 18.2).
"""

import asyncio
import hashlib
import io
import json
import os
import sys
import time
from base64 import urlsafe_b64encode

import aiocoap
import cbor2
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec, utils
from cryptography.hazmat.primitives.ciphers.aead import AESCCM
from cryptography.hazmat.primitives.hmac import HMAC
from cryptography.hazmat.primitives.kdf.hkdf import HKDFExpand

P256 = ec.SECP256R1()
TAG = {2: 8, 3: 16}


def sha256(data):
    return hashlib.sha256(data).digest()


def h(*items):
    """H(i_1, ..., i_n): SHA-256 over the CBOR sequence of the items."""
    return sha256(b"".join(cbor2.dumps(item) for item in items))


def extract(salt, ikm):
    mac = HMAC(salt, hashes.SHA256())
    mac.update(ikm)
    return mac.finalize()


def expand(prk, label, context, length=32):
    info = cbor2.dumps(["DKE-v1 " + label, context, length])
    return HKDFExpand(algorithm=hashes.SHA256(), length=length, info=info).derive(prk)


def aead(suite, prk, label, th):
    key = expand(prk, label + " key", th, 16)
    nonce = expand(prk, label + " nonce", th, 13)
    return AESCCM(key, tag_length=TAG[suite]), nonce


def public(x):
    """A public key is an x coordinate; which of the two points is taken does not matter."""
    return ec.EllipticCurvePublicKey.from_encoded_point(P256, b"\x02" + x)


def agree(private, x):
    return private.exchange(ec.ECDH(), public(x))


def x_of(private):
    return private.public_key().public_numbers().x.to_bytes(32, "big")


class Node:
    """A pinned credential."""

    def __init__(self, credential):
        self.hash = sha256(credential)
        key = cbor2.loads(credential)[8][1]
        self.key = ec.EllipticCurvePublicKey.from_encoded_point(P256, b"\x04" + key[-2] + key[-3])
        self.name = urlsafe_b64encode(self.hash[:16]).rstrip(b"=").decode()


class Exchange:
    """Steps C1 and C2."""

    def __init__(self, node, offer, credential, c, refresh, early_data):
        (protected, unprotected, header, signature), self.index, y, path = cbor2.loads(offer)
        assert protected == bytes.fromhex("a10126") and unprotected == {}
        version, self.suite, cred_n, self.epoch, not_after, depth, root, _ = cbor2.loads(header)
        assert version == 1 and self.suite in TAG and cred_n == node.hash and depth <= 8
        assert self.epoch >= 1 and not_after >= time.time()
        assert self.index < 2**depth and len(path) == 32 * depth
        to_be_signed = cbor2.dumps(["Signature1", protected, b"DKE-v1 batch", header])
        r, s = int.from_bytes(signature[:32], "big"), int.from_bytes(signature[32:], "big")
        node.key.verify(utils.encode_dss_signature(r, s), to_be_signed, ec.ECDSA(hashes.SHA256()))
        found = sha256(b"\x00" + bytes([self.index]) + y)
        for height in range(depth):
            sibling = path[32 * height : 32 * height + 32]
            pair = sibling + found if self.index >> height & 1 else found + sibling
            found = sha256(b"\x01" + pair)
        assert found == root

        self.refresh, self.x = refresh, ec.generate_private_key(P256)
        flags, x = int(refresh), x_of(self.x)
        es, ss = agree(self.x, y), agree(c, y)
        kid = cbor2.loads(credential)[8][1][2]
        th_0 = h("DKE-v1", self.suite, node.hash, header, self.index, y)
        th_1 = h(th_0, flags, x)
        prk_1 = extract(th_1, es)
        cipher, nonce = aead(self.suite, prk_1, "id", th_1)
        ct_1 = cipher.encrypt(nonce, cbor2.dumps(kid), th_1)
        th_2 = h(th_1, ct_1, sha256(credential))
        self.prk_2 = extract(expand(prk_1, "salt", th_2), ss)
        cipher, nonce = aead(self.suite, self.prk_2, "early data", th_2)
        ct_2 = cipher.encrypt(nonce, early_data, th_2)
        self.th_3 = h(th_2, ct_2)
        self.early_secret = expand(self.prk_2, "early", self.th_3)
        self.initiate = cbor2.dumps([flags, self.epoch, self.index, x, ct_1, ct_2])

    def finish(self, confirm):
        epoch, index, z, ct_3 = confirm
        assert (epoch, index) == (self.epoch, self.index)
        assert len(z) == 32 or not self.refresh
        th_4 = h(self.th_3, int(bool(z)), z)
        if z:
            prk_3 = extract(expand(self.prk_2, "refresh", th_4), agree(self.x, z))
        else:
            prk_3 = expand(self.prk_2, "basic", th_4)
        cipher, nonce = aead(self.suite, prk_3, "confirm", th_4)
        answer = cipher.decrypt(nonce, ct_3, th_4)
        return answer, expand(prk_3, "session", h(th_4, ct_3))


def call(number, data):
    """Section 18.2."""
    assert len(number) == 8 and len(data) <= 1011
    return cbor2.dumps([number, data])


def outcome(answer_data):
    status, answer = cbor2.loads(answer_data)
    assert status in range(5) and (status == 0 or answer == b"")
    return status, answer


def fingerprint(secret):
    return expand(secret, "export fingerprint", b"", 8).hex()


def sequence(data):
    stream = io.BytesIO(data)
    while stream.tell() < len(data):
        yield cbor2.load(stream)


async def confirms(context, uri):
    """Waits for the Confirms by Observe (RFC 7641)."""
    request = context.request(aiocoap.Message(code=aiocoap.GET, uri=uri, observe=0))
    first = await request.response
    assert first.code == aiocoap.CONTENT, first.code
    if not first.payload:
        async for told in request.observation:
            if told.payload:
                return list(sequence(told.payload))
    return list(sequence(first.payload))


async def main(gateway, node_file, identity, mode, data, number=None):
    with open(node_file, "rb") as file:
        node = Node(file.read())
    with open(os.path.join(identity, "credential.cbor"), "rb") as file:
        credential = file.read()
    with open(os.path.join(identity, "identity.json"), encoding="utf-8") as file:
        c = ec.derive_private_key(int(json.load(file)["state"]["key"], 16), P256)
    root = f"{gateway}/dke/{node.name}"
    context = await aiocoap.Context.create_client_context()
    offer = await context.request(aiocoap.Message(code=aiocoap.POST, uri=root + "/offer")).response
    assert offer.code == aiocoap.CHANGED, offer.code
    number = bytes.fromhex(number) if number else os.urandom(8)
    exchange = Exchange(node, offer.payload, credential, c, mode == "refresh", call(number, data.encode()))
    post = aiocoap.Message(code=aiocoap.POST, uri=root + "/initiate", payload=exchange.initiate)
    queued = await context.request(post).response
    assert queued.code == aiocoap.CREATED, queued.code
    place = "/".join(queued.opt.location_path)
    print(f"queued {place}", file=sys.stderr, flush=True)
    answers = await asyncio.wait_for(confirms(context, f"{gateway}/{place}"), 60)
    answer_data, session = exchange.finish(answers[0])
    status, answer = outcome(answer_data)
    told = {
        "number": number.hex(),
        "status": status,
        "answer": answer.decode(),
        "early_fingerprint": fingerprint(exchange.early_secret),
        "session_fingerprint": fingerprint(session),
    }
    print(json.dumps(told))
    await context.shutdown()


if __name__ == "__main__":
    asyncio.run(main(*sys.argv[1:]))
