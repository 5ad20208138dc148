"""A node's side of PROTOCOL.md section 16, written against that document: answers the requests that wait at a gateway.

usage: requests.py GATEWAY NODE TOKEN ASKED ANSWER

GATEWAY is an http URL. Every waiting request must be POST /light with the JWE in the file ASKED; its response is 2.04 with that in ANSWER.
"""

import sys
import urllib.request

import aiocoap
import cbor2

JOSE = 65003


def message(code, **options):
    """Code, options, payload: an aiocoap message of which the hop's part is cut off."""
    whole = aiocoap.Message(code=code, **options)
    whole.mid, whole.mtype = 0, aiocoap.CON
    encoded = whole.encode()
    return encoded[1:2] + encoded[4:]


def main(gateway, node, token, asked, answer):
    asked, answer = (open(name, "rb").read() for name in (asked, answer))
    root = f"{gateway}/dke/{node}/requests"
    waiting = urllib.request.urlopen(urllib.request.Request(f"{root}?token={token}", headers={"Prefer": "wait=30"})).read()
    numbers = []
    while waiting:
        number, request = cbor2.loads(waiting)
        waiting = waiting[len(cbor2.dumps([number, request])) :]
        assert request == message(aiocoap.POST, uri_path=("light",), content_format=JOSE, payload=asked), request
        response = message(aiocoap.CHANGED, content_format=JOSE, payload=answer)
        headers = {"Content-Type": "application/x.dke.message"}
        put = urllib.request.Request(f"{root}/{number}?token={token}", data=response, method="PUT", headers=headers)
        assert urllib.request.urlopen(put).status == 201
        numbers.append(number)
    print(*numbers)


if __name__ == "__main__":
    main(*sys.argv[1:])
