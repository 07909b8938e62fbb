#!/usr/bin/env python3
"""A small WalletConnect relay of other hands, with the ways in which relays differ to choose from. For tests of clients.

    .venv/bin/python devnet/walletconnect/relay.py [--push-first] [--without-compound] [--lose-answers N] …

Prints `{"event": "ready", "port": n}` when it listens, and a line for each call it takes. Mailboxes are in memory and
never forget; nothing here is meant to carry real messages. It stops when its standard input ends.
"""

import argparse
import asyncio
import json
import sys
import time
from collections import Counter, defaultdict
from urllib.parse import parse_qs, urlsplit

from websockets.asyncio.server import serve
from websockets.exceptions import ConnectionClosed

import wire
from wire import compact

BATCH_MAX = 500
FRAME_BYTES_MAX = 4 << 20
PUBLISHING = ("irn_publish", "irn_batchPublish", "wc_proposeSession", "wc_approveSession")


def say(**event):
    sys.stdout.write(compact(event) + "\n")
    sys.stdout.flush()


class Refusal(Exception):
    def __init__(self, code, message, tag):
        super().__init__(message)
        self.error = {"code": code, "message": message, "data": tag}


class Message:
    """One published message, and which clients have acknowledged it."""

    def __init__(self, push_id, sender, topic, text, tag, attestation=None):
        self.id = push_id
        self.sender = sender
        self.acknowledged = set()
        self.data = {"topic": topic, "message": text, "publishedAt": time.time_ns() // 1_000_000, "tag": tag}
        if attestation is not None:
            self.data["attestation"] = attestation


class Relay:
    def __init__(self, options):
        self.options = options
        self.subscribers = defaultdict(set)
        self.sockets = defaultdict(list)
        self.messages = defaultdict(list)
        self.by_id = {}
        self.taken = set()
        self.last_push = 0
        self.misfortunes = Counter(
            lose=options.lose_answers, refuse=options.refuse_publishes, drop=options.drop_after_publishes
        )

    def strikes(self, misfortune):
        """Whether a misfortune that was asked for is due once more."""
        if self.misfortunes[misfortune] == 0:
            return False
        self.misfortunes[misfortune] -= 1
        return True

    # Sockets.

    async def serve(self, socket):
        query = parse_qs(urlsplit(socket.request.path).query)
        token = query.get("auth", [""])[0]
        client = json.loads(wire.disarm(token.split(".")[1].replace("-", "+").replace("_", "/")))["iss"]
        self.sockets[client].append(socket)
        say(event="connected", client=client)
        try:
            async for frame in socket:
                await self.take(socket, client, json.loads(frame))
        except ConnectionClosed:
            pass
        self.sockets[client].remove(socket)

    async def close_all(self, code):
        """Every socket is closed with a code, or without a word for 1006."""
        for socket in [one for sockets in self.sockets.values() for one in sockets]:
            if code == 1006:
                socket.transport.abort()
            else:
                await socket.close(code, "as told")
        say(event="closed")

    async def take(self, socket, client, frame):
        if "method" not in frame:
            message = self.by_id.get(str(frame["id"]))
            if message:
                message.acknowledged.add(client)
            return
        method, params = frame["method"], frame.get("params", {})
        say(event="call", client=client, method=method, id=frame["id"], params=params)
        pushes, answer = [], {"id": frame["id"], "jsonrpc": "2.0"}
        try:
            answer["result"] = self.call(client, socket, method, params, pushes)
        except Refusal as refusal:
            answer["error"] = refusal.error
        if method in PUBLISHING and "result" in answer:
            if self.strikes("drop"):
                await self.push(pushes)
                socket.transport.abort()
                return
            if self.strikes("lose"):
                await self.push(pushes)
                return
        if self.options.push_first:
            await self.push(pushes)
        await socket.send(compact(answer))
        if not self.options.push_first:
            await self.push(pushes)

    async def push(self, pushes):
        for client, message, sockets in pushes:
            parameters = {"id": wire.sha256_hex((message.data["topic"] + client).encode()), "data": message.data}
            frame = {"id": message.id, "jsonrpc": "2.0", "method": "irn_subscription", "params": parameters}
            for socket in sockets:
                for _ in range(1 + self.options.repeat_pushes):
                    try:
                        await socket.send(compact(frame))
                    except ConnectionClosed:
                        break

    # Calls.

    def call(self, client, socket, method, params, pushes):
        if method.startswith("wc_") and self.options.without_compound:
            raise Refusal(-32601, "Method not found", "InvalidMethod")
        if method in PUBLISHING and self.strikes("refuse"):
            raise Refusal(-32000, "Internal error: try again", "Unknown")
        if method == "irn_publish":
            self.publish(client, params, pushes)
        elif method == "irn_batchPublish":
            for one in params["messages"]:
                self.publish(client, one, pushes)
        elif method in ("irn_subscribe", "irn_subscribeBlocking"):
            return self.subscribe(client, socket, params["topic"], pushes)
        elif method in ("irn_batchSubscribe", "irn_batchSubscribeBlocking"):
            if not 1 <= len(params["topics"]) <= BATCH_MAX:
                raise Refusal(-32600, "The batch is empty or too long", "BatchLimitExceeded")
            ids = [self.subscribe(client, socket, topic, pushes) for topic in params["topics"]]
            return [{"id": one} for one in ids] if method.endswith("Blocking") else ids
        elif method == "irn_unsubscribe":
            self.subscribers[params["topic"]].discard(client)
        elif method == "irn_batchUnsubscribe":
            for one in params["subscriptions"]:
                self.subscribers[one["topic"]].discard(client)
        elif method in ("irn_fetchMessages", "irn_batchFetchMessages"):
            topics = params.get("topics") or [params["topic"]]
            waiting = [m.data for topic in topics for m in self.waiting(client, topic)]
            return {"messages": waiting, "hasMore": False}
        elif method == "irn_batchReceive":
            pass
        elif method == "wc_proposeSession":
            self.subscribers[params["pairingTopic"]].add(client)
            proposal = {"topic": params["pairingTopic"], "message": params["sessionProposal"], "tag": 1100}
            self.publish(client, proposal | {"attestation": params.get("attestation")}, pushes)
        elif method == "wc_approveSession":
            self.subscribers[params["sessionTopic"]].add(client)
            for topic, message, tag in (
                (params["pairingTopic"], params["sessionProposalResponse"], 1101),
                (params["sessionTopic"], params["sessionSettlementRequest"], 1102),
            ):
                self.publish(client, {"topic": topic, "message": message, "tag": tag}, pushes)
        else:
            raise Refusal(-32601, "Method not found", "InvalidMethod")
        return True

    def next_push(self):
        """A 19-digit number, a text, or a safe integer: relays have been seen with each."""
        unit = 1 if self.options.push_ids == "number19" else 1_000
        self.last_push = max(self.last_push + 1, time.time_ns() // unit)
        return str(self.last_push) if self.options.push_ids == "text" else self.last_push

    def publish(self, client, params, pushes):
        topic, text = params["topic"], params["message"]
        if (client, topic, text) in self.taken:
            return
        self.taken.add((client, topic, text))
        message = Message(self.next_push(), client, topic, text, params.get("tag", 0), params.get("attestation"))
        self.by_id[str(message.id)] = message
        self.messages[topic].append(message)
        for other in self.subscribers[topic] - {client}:
            pushes.append((other, message, self.sockets[other][-1:]))

    def waiting(self, client, topic):
        return [m for m in self.messages[topic] if m.sender != client and client not in m.acknowledged]

    def subscribe(self, client, socket, topic, pushes):
        self.subscribers[topic].add(client)
        pushes += [(client, message, [socket]) for message in self.waiting(client, topic)]
        return wire.sha256_hex((topic + client).encode())


async def run(options):
    relay = Relay(options)
    reader = asyncio.StreamReader()
    await asyncio.get_running_loop().connect_read_pipe(lambda: asyncio.StreamReaderProtocol(reader), sys.stdin)
    async with serve(
        relay.serve, "127.0.0.1", options.port, max_size=FRAME_BYTES_MAX, ping_interval=options.ping_seconds
    ) as server:
        say(event="ready", port=server.sockets[0].getsockname()[1])
        while line := await reader.readline():
            # `{"lose": 1}`, `{"refuse": 2}`, `{"drop": 1}`: from now on; `{"close": 1001}`: all sockets, now.
            wanted = json.loads(line)
            if code := wanted.pop("close", None):
                await relay.close_all(code)
            relay.misfortunes.update(wanted)
            say(event="told")


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--port", type=int, default=0, help="0 takes a free one")
    parser.add_argument("--push-first", action="store_true", help="pushes leave before the answer to their publish")
    parser.add_argument("--without-compound", action="store_true", help="wc_proposeSession and its like are unknown")
    parser.add_argument("--push-ids", default="number16", choices=["number16", "number19", "text"])
    parser.add_argument("--repeat-pushes", type=int, default=0, help="every push is sent so many times more")
    parser.add_argument("--lose-answers", type=int, default=0, help="of the first publishes that are taken")
    parser.add_argument("--refuse-publishes", type=int, default=0, help="with an error that will pass")
    parser.add_argument("--drop-after-publishes", type=int, default=0, help="the socket dies instead of an answer")
    parser.add_argument("--ping-seconds", type=float, default=20)
    options = parser.parse_args()
    wire.follow_parent()
    asyncio.run(run(options))


if __name__ == "__main__":
    main()
