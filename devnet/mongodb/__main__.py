"""A stand-in for a MongoDB server: a primary of one that speaks OP_MSG to drivers and fails when told to.

    .venv/bin/python devnet/mongodb --data FILE [--port P] [--standalone] [--user U --password P] [--tls-cert F --tls-key F]

It is no MongoDB. It shows how a driver and our adapter behave: names, orders, transactions under snapshot isolation,
retryable writes, broken connections. It says nothing about MongoDB's own durability, elections or speed.

The first line on standard output is the port. Lines of JSON on standard input are orders, each answered by a line:

    {"fail": ["insert"], "times": 1, "close": "before"}     hangs up instead of doing the command
    {"fail": ["insert"], "times": 1, "close": "after"}      does the command, then hangs up without an answer
    {"fail": ["find"], "code": 13, "labels": ["…"]}         answers an error
    {"fail": ["insert"], "concern": 64}                     does the command, doubts that a majority has it
    {"fail": ["find"], "delay": 5000}                       waits so many milliseconds before it does the command
    {"put": "notes", "document": {"_id": "a"}}              stores a document as another program would
    {"create": "notes", "collation": {"locale": "de"}}      makes a collection as somebody else would
"""

import argparse
import asyncio
import json
import pathlib
import ssl
import struct
import sys

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent.parent.parent))

import bson  # noqa: E402

from devnet.mongodb.commands import Commands  # noqa: E402
from devnet.mongodb.data import OPTIONS, Data, Refused, View  # noqa: E402
from devnet.mongodb.order import key  # noqa: E402
from devnet.mongodb.scram import Scram  # noqa: E402

OP_REPLY, OP_QUERY, OP_MSG = 1, 2004, 2013
MESSAGE_BYTES_MAX = 48_000_000
OPEN = {"hello", "ismaster", "ping", "saslstart", "saslcontinue", "endsessions"}


class Hangup(Exception):
    """The order is to leave without a word."""


class Server:
    def __init__(self, commands: Commands, login: tuple[str, str] | None) -> None:
        self.commands, self.login = commands, login
        self.faults = []

    def order(self, line: str) -> None:
        order = json.loads(line)
        if "fail" in order:
            self.faults.append({"times": 1} | order)
        elif "create" in order:
            self.commands.options[order.pop("create")] = order
        elif "put" in order:
            view = View(self.commands.data)
            view.put(order["put"], key(order["document"]["_id"]), order["document"])
            self.commands.data.store(view)
        else:
            raise ValueError(line)

    def fault(self, name: str) -> dict:
        for fault in self.faults:
            if name in fault["fail"] and fault["times"] > 0:
                fault["times"] -= 1
                return fault
        return {}

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        scram = Scram(*self.login) if self.login else None
        try:
            while True:
                length, request, _, code = struct.unpack("<iiii", await reader.readexactly(16))
                if not 16 < length <= MESSAGE_BYTES_MAX:
                    return
                body = await reader.readexactly(length - 16)
                if code == OP_MSG:
                    writer.write(self.frame(request, OP_MSG, struct.pack("<IB", 0, 0) + await self.answer(message(body), scram)))
                elif code == OP_QUERY:
                    end = body.index(0, 4)
                    query = bson.decode(body[end + 9:], OPTIONS)
                    head = struct.pack("<iqii", 8, 0, 0, 1)
                    writer.write(self.frame(request, OP_REPLY, head + await self.answer(query, scram)))
                else:
                    return
                await writer.drain()
        except (asyncio.IncompleteReadError, ConnectionError, Hangup):
            pass
        finally:
            writer.transport.abort()

    @staticmethod
    def frame(request: int, code: int, body: bytes) -> bytes:
        return struct.pack("<iiii", 16 + len(body), 1, request, code) + body

    async def answer(self, command: dict, scram: Scram | None) -> bytes:
        name = next(iter(command))
        fault = self.fault(name)
        if fault.get("delay"):
            await asyncio.sleep(fault["delay"] / 1000)
        if fault.get("close") == "before":
            raise Hangup
        try:
            if "code" in fault:
                raise Refused(fault["code"], "FailPoint", "as ordered", fault.get("labels", []))
            if scram and name.lower() in ("saslstart", "saslcontinue"):
                reply = scram.step(command)
            elif scram and not scram.done and name.lower() not in OPEN:
                raise Refused(13, "Unauthorized", f"Command {name} requires authentication")
            else:
                reply = await self.commands.run(command)
            reply = {**reply, "ok": 1.0}
        except Refused as error:
            reply = {"ok": 0.0, "errmsg": str(error), "code": error.code, "codeName": error.name}
            if error.labels:
                reply["errorLabels"] = error.labels
        if fault.get("close") == "after":
            raise Hangup
        if "concern" in fault:
            reply["writeConcernError"] = {"code": fault["concern"], "errmsg": "waiting for replication timed out"}
        return bson.encode(reply, codec_options=OPTIONS)


def message(body: bytes) -> dict:
    """The command of an OP_MSG, with its sequences of documents in place."""
    command, sequences, place = {}, {}, 4
    end = len(body) - (4 if struct.unpack_from("<I", body)[0] & 1 else 0)
    while place < end:
        kind, place = body[place], place + 1
        size = struct.unpack_from("<i", body, place)[0]
        part = body[place:place + size]
        place += size
        if kind == 0:
            command = bson.decode(part, OPTIONS)
        else:
            name_end = part.index(0, 4)
            sequences[part[4:name_end].decode()] = bson.decode_all(part[name_end + 1:], OPTIONS)
    return command | sequences


async def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("--data", required=True)
    parser.add_argument("--port", type=int, default=0)
    parser.add_argument("--standalone", action="store_true")
    parser.add_argument("--user")
    parser.add_argument("--password")
    parser.add_argument("--tls-cert")
    parser.add_argument("--tls-key")
    settings = parser.parse_args()
    context = None
    if settings.tls_cert:
        context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
        context.load_cert_chain(settings.tls_cert, settings.tls_key)
    commands = Commands(Data(settings.data), "", None if settings.standalone else "rs0")
    server = Server(commands, (settings.user, settings.password) if settings.user else None)
    # A second address, which a certificate may not name; only where both can have the same port.
    hosts = ["127.0.0.1", "127.0.0.2"] if settings.port else ["127.0.0.1"]
    listener = await asyncio.start_server(server.serve, hosts, settings.port, ssl=context)
    port = listener.sockets[0].getsockname()[1]
    commands.address = f"127.0.0.1:{port}"
    print(port, flush=True)
    lines = asyncio.StreamReader()
    await asyncio.get_running_loop().connect_read_pipe(lambda: asyncio.StreamReaderProtocol(lines), sys.stdin)
    # The end of the input is the end of whoever started it.
    while line := await lines.readline():
        server.order(line.decode())
        print("done", flush=True)


asyncio.run(main())
