#!/usr/bin/env python3
"""A WalletConnect peer of other hands: plays a scenario against a relay, or does what it is told, line by line.

    .venv/bin/python devnet/walletconnect/rawpeer.py --relay ws://127.0.0.1:7080 --scenario compound-calls
    .venv/bin/python devnet/walletconnect/rawpeer.py --relay ws://127.0.0.1:7080        # commands on standard input
    .venv/bin/python devnet/walletconnect/rawpeer.py --list

A command is `{"do": name, "seq": n, …}`; its reply `{"reply": n, …}`, or with "failed" and why. Messages that arrive
are printed as events in between: `{"event": "message", "topic": …, "tag": …, "payload": {…}}`. The program ends with
its input. A scenario prints one verdict line and ends with 1 when it falls short.
"""

import argparse
import asyncio
import inspect
import json
import sys
import traceback

from link import Link
from peer import Peer
from scenarios import SCENARIOS
from wire import Identity, compact, follow_parent

SCENARIO_SECONDS = 120


def say(value):
    sys.stdout.write(compact(value) + "\n")
    sys.stdout.flush()


class Commands:
    """Each public method is a command; its arguments are the command's members."""

    def __init__(self, relay, options):
        seed = bytes.fromhex(options.seed) if options.seed else None
        self.link = Link(relay, Identity(seed), ids=options.ids, acks=options.acks)
        self.link.on_lost = lambda socket: say({"event": "closed", "code": socket.close_code})
        self.peer = Peer(self.link, report=self.report)

    async def report(self, event):
        say(event)

    async def open(self):
        await self.link.open()
        return {"client": self.link.identity.client_id}

    async def abort(self):
        for socket in list(self.link.sockets):
            socket.abort()

    async def reopen(self):
        """After a loss: a new socket, and all topics in one batch, twice, as the JavaScript clients do."""
        await self.link.open()
        if self.peer.keys:
            for _ in range(2):
                await self.link.call("irn_batchSubscribe", {"topics": list(self.peer.keys)})

    async def habits(self, **chosen):
        self.peer.habits.change(chosen)

    async def acks(self, mode):
        self.link.acks = mode

    async def acknowledge(self):
        return {"count": await self.link.acknowledge_late()}

    async def propose(self, **options):
        return await self.peer.propose(**options)

    async def authenticate(self, **options):
        return await self.peer.authenticate(**options)

    async def sign_in(self, id, key, **options):
        return await self.peer.sign_in(id, key, **options)

    async def pair(self, uri):
        return {"topic": await self.peer.pair(uri)}

    async def approve(self, id, **options):
        return await self.peer.approve(id, **options)

    async def reject(self, id, **options):
        await self.peer.reject(id, **options)

    async def ask(self, topic, method, params, id=None):
        return {"id": await self.peer.ask(topic, method, params, id)}

    async def answer(self, topic, id, tag, **outcome):
        await self.peer.answer(topic, id, tag, **outcome)

    async def send(self, topic, payload, tag, times=1, ttl=300, prompt=False):
        """`payload` is a value, or a text that is sealed as it stands."""
        return {"message": await self.peer.send(topic, payload, tag, ttl, prompt, times)}

    async def publish(self, topic, message, tag=0):
        """`message` is published as it stands, sealed or not."""
        await self.link.publish(topic, message, tag)

    async def subscribe(self, topic):
        return {"subscription": await self.link.subscribe(topic)}

    async def call(self, method, params, id=None):
        text, _ = await self.link.frame(method, params, id)
        return {"frame": text}

    async def fence(self):
        await self.link.fence()

    async def sent_count(self):
        return {"pushes": len(self.link.pushes), "unreadable": len(self.peer.unreadable)}


async def obey(commands, line):
    command = json.loads(line)
    seq, name = command.pop("seq", None), command.pop("do")
    try:
        method = getattr(commands, name, None)
        if name.startswith("_") or not inspect.iscoroutinefunction(method):
            raise ValueError(f"no command {name}")
        say({"reply": seq} | (await method(**command) or {}))
    except Exception as problem:
        traceback.print_exc()
        say({"reply": seq, "failed": f"{type(problem).__name__}: {problem}"})


async def converse(commands):
    reader = asyncio.StreamReader(limit=1 << 22)
    await asyncio.get_running_loop().connect_read_pipe(lambda: asyncio.StreamReaderProtocol(reader), sys.stdin)
    say({"event": "ready"})
    running = set()
    while line := await reader.readline():
        task = asyncio.create_task(obey(commands, line))
        running.add(task)
        task.add_done_callback(running.discard)
    for socket in list(commands.link.sockets):
        socket.abort()


async def play(name, relay, options):
    try:
        await asyncio.wait_for(SCENARIOS[name](relay, options), SCENARIO_SECONDS)
    except Exception as problem:
        traceback.print_exc()
        say({"scenario": name, "verdict": "failed", "why": f"{type(problem).__name__}: {problem}"})
        return 1
    say({"scenario": name, "verdict": "passed"})
    return 0


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--relay", help="ws://host:port")
    parser.add_argument("--scenario", choices=sorted(SCENARIOS))
    parser.add_argument("--list", action="store_true", help="names the scenarios")
    parser.add_argument("--seconds", type=float, default=100, help="how long a scenario waits for what takes time")
    parser.add_argument("--seed", help="64 hex digits: the client's identity")
    parser.add_argument("--ids", default="string19", choices=["string19", "number19", "number16", "number13"])
    parser.add_argument("--acks", default="at-once", choices=["at-once", "binary", "never", "late", "bigint"])
    parser.add_argument("--audience", help="of the token; the relay's URL when not given")
    options = parser.parse_args()
    if options.list:
        for name, function in SCENARIOS.items():
            print(f"{name:24}{function.__doc__}")
        return 0
    if not options.relay:
        parser.error("--relay is needed")
    relay = options.relay.rstrip("/")
    Link.audience_default = options.audience
    follow_parent()
    if options.scenario:
        return asyncio.run(play(options.scenario, relay, options))
    asyncio.run(converse(Commands(relay, options)))
    return 0


if __name__ == "__main__":
    sys.exit(main())
