"""aiocoap's OSCORE for the benchmark `protection`: for each size in the arguments one line with the size, the microseconds of protecting and of
unprotecting a request (medians), and the first protected request's ciphertext. The context is that of RFC 8613 appendix C.1."""

import statistics
import sys
import time

from aiocoap import POST, Message, oscore
from aiocoap.message import Direction

ROUNDS = 300


class Context(oscore.CanProtect, oscore.CanUnprotect, oscore.SecurityContextUtils):
    def __init__(self, sender_id, recipient_id):
        self.alg_aead = oscore.algorithms["AES-CCM-16-64-128"]
        self.hashfun = oscore.hashfunctions["sha256"]
        self.id_context = None
        self.sender_id, self.recipient_id = sender_id, recipient_id
        self.derive_keys(bytes.fromhex("9e7ca92223786340"), bytes(range(1, 17)))
        self.sender_sequence_number = 0
        self.recipient_replay_window = oscore.ReplayWindow(32, lambda: None)
        self.recipient_replay_window.initialize_empty()

    def post_seqnoincrease(self):
        pass


def microseconds(what):
    start = time.perf_counter_ns()
    result = what()
    return (time.perf_counter_ns() - start) / 1000, result


for size in map(int, sys.argv[1:]):
    client, server = Context(b"", b"\x01"), Context(b"\x01", b"")
    protecting, unprotecting, first = [], [], None
    for _ in range(ROUNDS):
        message = Message(code=POST, uri_path=["light"], payload=b"\x55" * size)
        message.direction = Direction.OUTGOING
        spent, (protected, _) = microseconds(lambda: client.protect(message))
        protecting.append(spent)
        first = first or protected.payload
        protected.direction = Direction.INCOMING
        spent, (opened, _) = microseconds(lambda: server.unprotect(protected))
        unprotecting.append(spent)
        assert opened.payload == message.payload
    print(size, statistics.median(protecting), statistics.median(unprotecting), first.hex())
