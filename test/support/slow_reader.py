"""Readers that take a few bytes a second through a small receive buffer, until told to hurry; then they read what is left.

Usage: slow_reader.py websocket|event-stream PORT TOKEN ROOM COUNT BYTES_PER_SECOND [earliest]

Prints "open" when all have subscribed. A line on standard input tells them to hurry. Then one line of JSON for each:
how the link ended, the close code, the first and last whole event's offset, and whether offsets rose by one.
"""
import base64
import json
import os
import re
import select
import socket
import struct
import sys

kind, port, token, room, count, rate = sys.argv[1:7]
since = sys.argv[7:]
port, count, rate = int(port), int(count), int(rate)
TICKS = 10
# Nothing for so many seconds, although all was read: the link stays.
QUIET = 2


class Reader:
    def __init__(self):
        self.data = bytearray()
        self.end = None
        self.socket = socket.socket()
        self.socket.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
        self.socket.connect(("127.0.0.1", port))
        if kind == "websocket":
            key = base64.b64encode(os.urandom(16)).decode()
            self.ask("/v1/websocket", f"Upgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Key: {key}\r\nSec-WebSocket-Version: 13\r\n")
            self.head()
            self.say(json.dumps({"type": "subscribe", "room": room, **({"since": since[0]} if since else {})}).encode())
        else:
            self.ask(f"/v1/stream?room={room}" + (f"&lastEventId={since[0]}" if since else ""), "")
            self.head()
        self.socket.setblocking(False)

    def ask(self, path, more):
        self.socket.sendall(f"GET {path} HTTP/1.1\r\nHost: localhost:{port}\r\nAuthorization: Bearer {token}\r\n{more}\r\n".encode())

    def head(self):
        text = b""
        while b"\r\n\r\n" not in text:
            text += self.socket.recv(1)
        assert text.split()[1] in (b"101", b"200"), text
        self.chunked = b"chunked" in text.lower()

    def say(self, payload):
        mask = os.urandom(4)
        body = bytes(byte ^ mask[index % 4] for index, byte in enumerate(payload))
        assert len(payload) < 126
        self.socket.sendall(bytes([0x81, 0x80 | len(payload)]) + mask + body)

    def read(self, most):
        while most > 0 and self.end is None:
            try:
                part = self.socket.recv(min(most, 65536))
            except BlockingIOError:
                return
            except OSError as error:
                self.end = type(error).__name__
                return
            if not part:
                self.end = "eof"
            self.data += part
            most -= len(part)
            # A response may end while the connection lives on.
            if self.chunked and self.data.endswith(b"\r\n0\r\n\r\n"):
                self.end = "ended"

    def texts(self):
        """Whole messages or blocks, and the close code."""
        return frames(self.data) if kind == "websocket" else (blocks(self.data, self.chunked), None)

    def told(self):
        texts, close = self.texts()
        offsets = [int(re.findall(r'"offset":(\d+)', text)[-1]) for text in texts if is_event(text)]
        steps = {second - first for first, second in zip(offsets, offsets[1:])}
        ids = re.findall(r"^id: (.*)$", "\n".join(texts), re.M)
        return {
            "end": self.end,
            "close": close,
            "first": offsets[0] if offsets else None,
            "last": offsets[-1] if offsets else None,
            "contiguous": steps <= {1},
            "rising": all(step > 0 for step in steps),
            "id": ids[-1] if ids else None,
            "bytes": len(self.data),
            "offsets": offsets[-2000:],
        }


def is_event(text):
    return text.startswith('{"type":"event"') if kind == "websocket" else '\ndata: {"id"' in text


def frames(data):
    texts, close, at = [], None, 0
    while at + 2 <= len(data):
        code, size, start = data[at] & 15, data[at + 1] & 127, at + 2
        if size == 126:
            size, start = struct.unpack(">H", data[start : start + 2])[0], start + 2
        elif size == 127:
            size, start = struct.unpack(">Q", data[start : start + 8])[0], start + 8
        if start + size > len(data):
            break
        if code == 1:
            texts.append(data[start : start + size].decode())
        elif code == 8:
            close = struct.unpack(">H", data[start : start + 2])[0]
        at = start + size
    return texts, close


def blocks(data, chunked):
    body = bytearray()
    at = 0
    while chunked and at < len(data):
        line = data.find(b"\r\n", at)
        if line < 0:
            break
        size = int(data[at:line], 16)
        body += data[line + 2 : line + 2 + size]
        at = line + 2 + size + 2
    return (bytes(body) if chunked else bytes(data)).decode(errors="ignore").split("\n\n")[:-1]


readers = [Reader() for _ in range(count)]
print("open", flush=True)
while True:
    ready, _, _ = select.select([sys.stdin], [], [], 1 / TICKS)
    if ready:
        break
    for reader in readers:
        reader.read(rate // TICKS)
sys.stdin.readline()
while any(reader.end is None for reader in readers):
    ready, _, _ = select.select([reader.socket for reader in readers if reader.end is None], [], [], QUIET)
    if not ready:
        break
    for reader in readers:
        reader.read(1 << 30)
for reader in readers:
    print(json.dumps(reader.told()), flush=True)
