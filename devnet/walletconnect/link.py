"""One client's line to a relay: sockets, calls and pushes, with the manners of several real clients to choose from."""

import asyncio
import itertools
import json
import os
import time
from urllib.parse import urlencode

from websockets.asyncio.client import connect
from websockets.exceptions import ConnectionClosed

from wire import Identity, compact

CALL_SECONDS = 15
OPEN_SECONDS = 10
FRAME_BYTES_MAX = 4 << 20
HOSTED_RELAY = "wss://relay.walletconnect.com"
PROJECT = "0123456789abcdef0123456789abcdef"


class Refused(Exception):
    """The relay answered a call with an error."""

    def __init__(self, error):
        super().__init__(compact(error))
        self.error = error


class CallIDs:
    """How a client numbers its relay calls."""

    def __init__(self, form="string19"):
        self.form = form
        self.last = 0

    def next(self):
        unit = {"number13": 1_000_000, "number16": 1_000}.get(self.form, 1)
        self.last = max(self.last + 1, time.time_ns() // unit)
        return str(self.last) if self.form == "string19" else self.last


class Socket:
    """One WebSocket. Everything that arrives is kept, as text and in order."""

    def __init__(self, link, raw):
        self.link = link
        self.raw = raw
        self.frames = []
        self.close_code = None
        self.close_reason = None
        self.closed = asyncio.Event()
        self.waiting = {}
        self.reader = asyncio.create_task(self.read())

    async def read(self):
        try:
            async for frame in self.raw:
                self.frames.append(frame)
                self.take(frame)
        except ConnectionClosed:
            pass
        self.close_code, self.close_reason = self.raw.close_code, self.raw.close_reason
        self.closed.set()
        for waiter in self.waiting.values():
            if not waiter.done():
                waiter.set_exception(ConnectionError(f"closed {self.close_code}"))
        self.link.lost(self)

    def take(self, frame):
        value = json.loads(frame)
        if "method" in value:
            self.link.pushed(self, value)
            return
        waiter = self.waiting.pop(compact(value.get("id")), None)
        if waiter is not None and not waiter.done():
            waiter.set_result((frame, value))

    async def send(self, text):
        await self.raw.send(text)

    async def call_frame(self, method, params, call_id, **extra):
        """Sends one call and returns the answer's text and value, without judging it."""
        waiter = asyncio.get_running_loop().create_future()
        self.waiting[compact(call_id)] = waiter
        await self.send(compact({"id": call_id, "jsonrpc": "2.0", "method": method, "params": params} | extra))
        return await asyncio.wait_for(waiter, CALL_SECONDS)

    def abort(self):
        """Gone without a word, as when a machine loses its network."""
        self.raw.transport.abort()

    async def close(self, code=1000):
        await self.raw.close(code)


class Link:
    """A client of the relay: an identity and its socket, or several of them.

    `acks` is "at-once" as JavaScript, "binary" for the same in the frames of pyWalletConnect, "never" as
    walletkit-python, "late" to give them by hand, "bigint" to send the id back as a JavaScript client does with a number
    it took for a BigInt.
    """

    audience_default = None

    def __init__(self, url, identity=None, ids="string19", acks="at-once", audience=None):
        self.url = url.rstrip("/")
        self.identity = identity or Identity()
        self.ids = CallIDs(ids)
        self.acks = acks
        self.audience = audience or self.audience_default or self.url
        self.sockets = []
        self.pushes = []
        self.unacknowledged = []
        self.arrived = asyncio.Condition()
        self.listener = None
        self.on_lost = None
        self.tasks = set()

    def address(self, token=None, close_event=True, project=PROJECT, auth=True):
        query = {"auth": token or self.identity.token(self.audience)} if auth else {}
        if project:
            query["projectId"] = project
        query["ua"] = "wc-2/js-2.21.7/linux-20.20.2/node"
        if close_event:
            query["useOnCloseEvent"] = "true"
        return f"{self.url}/?{urlencode(query)}"

    async def open(self, address=None, headers=None, compression="deflate"):
        raw = await connect(
            address or self.address(),
            compression=compression,
            ping_interval=None,
            max_size=FRAME_BYTES_MAX,
            open_timeout=OPEN_SECONDS,
            close_timeout=1,
            user_agent_header=None,
            additional_headers=headers or {},
        )
        socket = Socket(self, raw)
        self.sockets.append(socket)
        return socket

    @property
    def socket(self):
        return self.sockets[-1]

    def lost(self, socket):
        if socket in self.sockets:
            self.sockets.remove(socket)
        if self.on_lost:
            self.on_lost(socket)

    def pushed(self, socket, value):
        data = value["params"]["data"]
        push = {"id": value["id"], "subscription": value["params"].get("id"), "socket": socket} | data
        self.later(self.keep(push))
        if self.acks in ("at-once", "bigint", "binary"):
            self.later(self.acknowledge(push))
        else:
            self.unacknowledged.append(push)

    def later(self, work):
        task = asyncio.create_task(work)
        self.tasks.add(task)
        task.add_done_callback(self.tasks.discard)

    async def keep(self, push):
        async with self.arrived:
            self.pushes.append(push)
            self.arrived.notify_all()
        if self.listener:
            await self.listener(push)

    async def acknowledge(self, push):
        answer_id = f"{push['id']}n" if self.acks == "bigint" else push["id"]
        try:
            text = compact({"id": answer_id, "jsonrpc": "2.0", "result": True})
            await push["socket"].send(text.encode() if self.acks == "binary" else text)
        except ConnectionClosed:
            pass

    async def acknowledge_late(self):
        held, self.unacknowledged = self.unacknowledged, []
        for push in held:
            await self.acknowledge(push)
        return len(held)

    async def frame(self, method, params, call_id=None, socket=None, **extra):
        return await (socket or self.socket).call_frame(method, params, call_id or self.ids.next(), **extra)

    async def call(self, method, params, call_id=None, socket=None):
        _, value = await self.frame(method, params, call_id, socket)
        if "error" in value:
            raise Refused(value["error"])
        return value["result"]

    async def subscribe(self, topic):
        return await self.call("irn_subscribe", {"topic": topic})

    async def publish(self, topic, message, tag=0, ttl=300, prompt=False, **extra):
        params = {"topic": topic, "message": message, "ttl": ttl, "tag": tag} | ({"prompt": True} if prompt else {})
        return await self.call("irn_publish", params | extra)

    async def wait(self, match, count=1, seconds=CALL_SECONDS):
        """The first `count` pushes that match, or an error that says what came instead."""

        def found():
            return [push for push in self.pushes if match(push)]

        async with self.arrived:
            try:
                await asyncio.wait_for(self.arrived.wait_for(lambda: len(found()) >= count), seconds)
            except TimeoutError:
                seen = [(push["topic"][:8], push["tag"], push["message"][:24]) for push in self.pushes]
                raise AssertionError(f"{len(found())} of {count} pushes within {seconds} s; came: {seen}") from None
            return found()[:count]

    async def fence(self, *sisters):
        """Returns when what the relay had taken before is here, if it was for us.

        Another client publishes a mark to us: it comes behind everything that was under way. Links of the same client
        are its sisters: the relay may choose which of them it comes to.
        """
        topic, other = os.urandom(32).hex(), Link(self.url, audience=self.audience)
        await self.subscribe(topic)
        await other.open()
        await other.publish(topic, "mark")
        waits = [asyncio.create_task(link.wait(lambda push: push["topic"] == topic)) for link in (self, *sisters)]
        done, rest = await asyncio.wait(waits, return_when=asyncio.FIRST_COMPLETED)
        for task in rest:
            task.cancel()
        for task in done:
            task.result()
        await other.close()

    async def close(self):
        for socket in list(self.sockets):
            await socket.close()


def links(url, count, **options):
    return [Link(url, **options) for _ in itertools.repeat(None, count)]
