"""COSE and JOSE objects of spec/PROTOCOL.md section 15 with pycose and jwcrypto, which open what dke-app seals, and the reverse.

usage: objects.py PATH_OF_THE_EXAMPLE_PROGRAM VECTORS      (cargo build -p dke-app --example objects; spec/vectors/application.json)

The keys are derived here anew, from section 6 and the table of section 15. The objects in the vectors are opened, too.
"""

import json
import secrets
import subprocess
import sys

import cbor2
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.kdf.hkdf import HKDFExpand
from jwcrypto import jwe, jwk, jws
from jwcrypto.common import JWSEHeaderParameter, base64url_encode
from pycose.algorithms import AESCCM1664128, HMAC256
from pycose.headers import KID, Algorithm, PartialIV
from pycose.keys import SymmetricKey
from pycose.keys.keyparam import KpBaseIV
from pycose.messages import Enc0Message, Mac0Message

PROGRAM = sys.argv[1]
CONTENT = b"23.5 degrees"
REGISTRY = {name: JWSEHeaderParameter(name, True, True, None) for name in ("seq", "exp")}


def ours(action, form, secret, direction, data, *sequence):
    command = [PROGRAM, action, form, secret, str(direction), *map(str, sequence)]
    return subprocess.run(command, input=data, capture_output=True)


def refuses(form, secret, direction, data, name):
    done = ours("open", form, secret, direction, data)
    assert done.returncode == 1 and name in done.stderr.decode(), (form, done)


def export(secret, label, direction, length):
    info = cbor2.dumps(["DKE-v1 export " + label, bytes([direction]), length])
    return HKDFExpand(algorithm=hashes.SHA256(), length=length, info=info).derive(secret)


LENGTHS = {"object kid": 8, "cose encrypt0 key": 16, "cose encrypt0 iv": 13, "cose mac0 key": 32, "jose jwe key": 16, "jose jws key": 32}


def keys_of(secret, direction):
    return {label.split(" ", 1)[1]: export(secret, label, direction, length) for label, length in LENGTHS.items()}


def partial_iv(sequence):
    return sequence.to_bytes(max(1, (sequence.bit_length() + 7) // 8), "big")


def header(alg, keys, sequence):
    return {Algorithm: alg, KID: keys["kid"], PartialIV: partial_iv(sequence)}


def encrypt0_key(keys):
    key = SymmetricKey(keys["encrypt0 key"])
    key.store[KpBaseIV] = keys["encrypt0 iv"]
    return key


def cose_open(form, keys, data):
    kind = Enc0Message if form == "encrypt0" else Mac0Message
    message = kind.from_cose_obj(cbor2.loads(data), allow_unknown_attributes=False)
    if form == "encrypt0":
        message.key = encrypt0_key(keys)
        return message.decrypt()
    message.key = SymmetricKey(keys["mac0 key"])
    assert message.verify_tag()
    return message.payload


def cose_seal(form, keys, sequence):
    if form == "encrypt0":
        message = Enc0Message(phdr=header(AESCCM1664128, keys, sequence), payload=CONTENT)
        message.key = encrypt0_key(keys)
    else:
        message = Mac0Message(phdr=header(HMAC256, keys, sequence), payload=CONTENT)
        message.key = SymmetricKey(keys["mac0 key"])
    return message.encode(tag=False)


def jose_key(form, keys):
    return jwk.JWK(kty="oct", k=base64url_encode(keys[form[:3] + " key"]))


def jose_open(form, keys, data):
    kind = jwe.JWE if form.startswith("jwe") else jws.JWS
    token = kind(header_registry=REGISTRY)
    token.deserialize(data.decode(), jose_key(form, keys))
    return token.payload


def jose_seal(form, keys, sequence):
    alg = {"alg": "dir", "enc": "A128GCM"} if form.startswith("jwe") else {"alg": "HS256"}
    kid = base64url_encode(keys["kid"])
    protected = json.dumps(alg | {"kid": kid, "seq": sequence, "crit": ["seq"]})
    key = jose_key(form, keys)
    if form.startswith("jwe"):
        token = jwe.JWE(CONTENT, protected, header_registry=REGISTRY)
        token.add_recipient(key)
    else:
        token = jws.JWS(CONTENT, header_registry=REGISTRY)
        token.add_signature(key, protected=protected)
    return token.serialize(compact=not form.endswith("json")).encode()


def both_ways(form, peer_open, peer_seal, secret):
    for direction in (0, 1):
        keys = keys_of(secret, direction)
        for sequence in (0, 1, 255, 256, 2**32, 2**40 - 1):
            sealed = ours("seal", form, secret.hex(), direction, CONTENT, sequence)
            assert sealed.returncode == 0, sealed.stderr
            assert peer_open(form, keys, sealed.stdout) == CONTENT
            theirs = peer_seal(form, keys, sequence)
            opened = ours("open", form, secret.hex(), direction, theirs)
            assert opened.stdout == CONTENT, (form, sequence, theirs, opened.stderr)
        refuses(form, secret.hex(), 1 - direction, theirs, "UnknownKey")
        wrong = keys_of(bytes(32), direction) | {"kid": keys["kid"]}
        refuses(form, secret.hex(), direction, peer_seal(form, wrong, 7), "NotAuthentic")


def vectors(path):
    """Keys and objects of the vectors; gives how many objects were opened."""
    opened = 0
    for vector in json.load(open(path)):
        for direction, name in enumerate(("to_node", "to_client")):
            keys = keys_of(bytes.fromhex(vector["secret"]), direction)
            theirs = {label.replace(" ", "_"): key.hex() for label, key in keys.items()}
            assert theirs == vector["keys"][name], (vector["name"], name)
            for one in vector["protected"]:
                if one["direction"] != direction or one["format"].startswith("oscore"):
                    continue
                jose = one["format"] in ("jwe", "jws")
                data = one["object"].encode() if jose else bytes.fromhex(one["object"])
                content = (jose_open if jose else cose_open)(one["format"], keys, data)
                assert content == bytes.fromhex(one["content"]), (vector["name"], one)
                opened += 1
    return opened


def main():
    secret = secrets.token_bytes(32)
    for form in ("encrypt0", "mac0"):
        both_ways(form, cose_open, cose_seal, secret)
    for form in ("jwe", "jwe-json", "jws", "jws-json"):
        both_ways(form, jose_open, jose_seal, secret)
    for who, what in (("pycose", "COSE_Encrypt0 and COSE_Mac0"), ("jwcrypto", "JWE and JWS, compact and JSON")):
        print(f"  {f'{who} opens our {what}, and we open its':<78} ok")
    opened = vectors(sys.argv[2])
    assert opened == 4 * 2 * 4, opened
    print(f"  {f'both open the {opened} objects of the vectors, with keys derived anew':<78} ok")


main()
