"""aiocoap reads /.well-known/core, leaves a file at the gateway in blocks, observes it, and reads it back.

usage: blocks.py GATEWAY PATH TOKEN FILE
"""

import asyncio
import sys

import aiocoap

OCTETS = 42


async def main(gateway, path, token, file):
    context = await aiocoap.Context.create_client_context()

    async def ask(code, path, payload=b"", **options):
        message = aiocoap.Message(code=code, uri=f"{gateway}/{path}", payload=payload, **options)
        return await asyncio.wait_for(context.request(message).response, 30)

    core = await ask(aiocoap.GET, ".well-known/core")
    assert b'rt="dke.gateway"' in core.payload, core.payload
    with open(file, "rb") as opened:
        body = opened.read()
    changed = f"{path}?token={token}"
    left = await ask(aiocoap.PUT, changed, body, content_format=OCTETS)
    assert left.code == aiocoap.CREATED, left.code
    assert (await ask(aiocoap.GET, path)).payload == body

    request = context.request(aiocoap.Message(code=aiocoap.GET, uri=f"{gateway}/{path}", observe=0))
    assert (await request.response).payload == body
    news = asyncio.ensure_future(anext(aiter(request.observation)))
    assert (await ask(aiocoap.PUT, changed, body[::-1], content_format=OCTETS)).code == aiocoap.CHANGED
    assert (await asyncio.wait_for(news, 30)).payload == body[::-1]
    await context.shutdown()


if __name__ == "__main__":
    asyncio.run(main(*sys.argv[1:]))
