"""What real clients ask of a relay, each as a play with its own clients. A play that falls short raises.

Run by `rawpeer.py --scenario NAME`. The numbers are those of the list of observed behaviour the tests are named after.
"""

import asyncio
import http.client
import json
import os
import socket as sockets
import struct
import time
from urllib.parse import urlsplit

from websockets.exceptions import ConnectionClosed, InvalidStatus

import wire
from link import HOSTED_RELAY, Link, Refused
from peer import Peer
from wire import compact

SAFE_INTEGER_MAX = (1 << 53) - 1
BATCH_TOPICS = 500
STORM_SOCKETS = 400

SCENARIOS = {}


def scenario(function):
    SCENARIOS[function.__name__.replace("_", "-")] = function
    return function


def check(condition, sentence):
    if not condition:
        raise AssertionError(sentence)


def topic():
    return os.urandom(32).hex()


async def opened(url, **options):
    link = Link(url, **options)
    await link.open()
    return link


def on(wanted):
    return lambda push: push["topic"] == wanted


async def couple(url, **habits):
    return Peer(await opened(url), **habits), Peer(await opened(url), **habits)


async def session(dapp, wallet, compound=True, **approval):
    """A settled session between two peers; returns its topic."""
    offer = await dapp.propose(compound=compound)
    await wallet.pair(offer["uri"])
    await wallet.wait(lambda e: e["payload"].get("method") == "wc_sessionPropose")
    made = await wallet.approve(offer["id"], compound=compound, **approval)
    await dapp.wait(lambda e: e["payload"].get("method") == "wc_sessionSettle")
    await wallet.answer_to(made["settle"])
    return made["topic"], offer["topic"]


async def exchange(dapp, wallet, topic):
    asked = await dapp.ask(
        topic, "wc_sessionRequest", {"request": {"method": "personal_sign", "params": []}, "chainId": "eip155:1"}
    )
    await wallet.wait(lambda e: e["payload"].get("id") == asked)
    await wallet.answer(topic, asked, 1109, result="0x00")
    answer = await dapp.answer_to(asked)
    check(answer["result"] == "0x00", "the answer is the one that was given")


@scenario
async def compound_calls(url, _):
    """1: propose and approve in one call each subscribe the caller and publish with the right tags."""
    dapp, wallet = await couple(url)
    made, pairing = await session(dapp, wallet)
    tags = {(entry["topic"], entry["payload"].get("method"), entry["tag"]) for entry in dapp.messages + wallet.messages}
    for wanted in [(pairing, "wc_sessionPropose", 1100), (pairing, None, 1101), (made, "wc_sessionSettle", 1102)]:
        check(wanted in tags, f"{wanted} was delivered")
    await exchange(dapp, wallet, made)
    for caller in (dapp, wallet):
        await caller.link.fence()
    check(len([e for e in dapp.messages if e["tag"] == 1100]) == 0, "the proposal does not come back to its sender")


@scenario
async def classic_calls(url, _):
    """1: subscribe and publish do the same, for clients that know no compound calls."""
    dapp, wallet = await couple(url)
    made, _ = await session(dapp, wallet, compound=False)
    await exchange(dapp, wallet, made)


@scenario
async def mixed_calls(url, _):
    """1: an old dApp with a new wallet, and a new dApp with an old wallet."""
    for compound_dapp in (True, False):
        dapp, wallet = await couple(url)
        offer = await dapp.propose(compound=compound_dapp)
        await wallet.pair(offer["uri"])
        await wallet.wait(lambda e: e["payload"].get("method") == "wc_sessionPropose")
        made = await wallet.approve(offer["id"], compound=not compound_dapp)
        await dapp.wait(lambda e: e["payload"].get("method") == "wc_sessionSettle")
        await exchange(dapp, wallet, made["topic"])


@scenario
async def call_ids(url, _):
    """2: the id of a call comes back with the same digits and in the same JSON type."""
    link = await opened(url)
    for call_id in ["1795216684473554432", 1795216684473554433, 1795216684473554431, 1763694000123, 1763694000123456]:
        wanted = f'"id":{compact(call_id)}'
        for method, params in [
            ("irn_subscribe", {"topic": topic()}),
            ("irn_publish", {"topic": topic(), "message": "m", "ttl": 300, "tag": 0}),
            ("irn_batchSubscribe", {"topics": [topic()]}),
        ]:
            text, value = await link.frame(method, params, call_id)
            check(wanted in text, f"{method} with id {compact(call_id)} was answered {text[:80]}")
            check("result" in value, f"{method} was refused: {text}")
        text, value = await link.frame("irn_publish", {"topic": "short"}, call_id)
        check(wanted in text and "error" in value, f"a refusal has the id too: {text[:120]}")


@scenario
async def push_ids(url, _):
    """3: ids of pushes are safe integers, and an id that comes back as "…n" acknowledges all the same."""
    sender, receiver, wanted = await opened(url), await opened(url, acks="bigint"), topic()
    await receiver.subscribe(wanted)
    for number in range(20):
        await sender.publish(wanted, f"message {number}", tag=1108)
    pushes = await receiver.wait(on(wanted), 20)
    for push in pushes:
        safe = isinstance(push["id"], str) or 0 < push["id"] <= SAFE_INTEGER_MAX
        check(safe, f"push id {push['id']} survives a double")
    check(len({push["id"] for push in pushes}) == 20, "ids of pushes differ")
    await receiver.fence()
    again = Link(url, identity=receiver.identity)
    await receiver.close()
    await again.open()
    await again.subscribe(wanted)
    await again.fence()
    check(not [p for p in again.pushes if p["topic"] == wanted], "what was acknowledged with …n is not sent again")


@scenario
async def subscription_ids(url, _):
    """4: a subscription has a true id, and is ended by the id a JavaScript client computes or by any other."""
    for chosen in ("computed", "given", "foreign", "none"):
        sender, receiver, wanted = await opened(url), await opened(url), topic()
        given = await receiver.subscribe(wanted)
        check(isinstance(given, str) and len(given) == 64, f"a subscription id is 64 digits: {given}")
        await sender.publish(wanted, "before")
        await receiver.wait(on(wanted))
        ids = {"computed": receiver.identity.subscription_id(wanted), "given": given, "foreign": topic()}
        params = {"topic": wanted} | ({"id": ids[chosen]} if chosen in ids else {})
        check(await receiver.call("irn_unsubscribe", params) is True, f"unsubscribing by a {chosen} id is true")
        await sender.publish(wanted, "after")
        await receiver.fence()
        messages = [p["message"] for p in receiver.pushes if p["topic"] == wanted]
        check(messages == ["before"], f"nothing comes after unsubscribing by a {chosen} id: {messages}")


@scenario
async def batch_subscribe(url, _):
    """4: 500 topics in one call, 501 are too many."""
    sender, receiver = await opened(url), await opened(url)
    topics = [topic() for _ in range(BATCH_TOPICS)]
    given = await receiver.call("irn_batchSubscribe", {"topics": topics})
    check(len(given) == BATCH_TOPICS and all(given), "each topic has its subscription id")
    for wanted in (topics[0], topics[250], topics[499]):
        await sender.publish(wanted, "found")
        await receiver.wait(on(wanted))
    try:
        await receiver.call("irn_batchSubscribe", {"topics": topics + [topic()]})
    except Refused as refused:
        check(refused.error["code"] == -32600, f"the refusal says why: {refused}")
    else:
        raise AssertionError("501 topics were taken")


@scenario
async def no_acknowledgements(url, _):
    """5: a client that never acknowledges is served on, and gets everything once more when it comes back."""
    sender, receiver, wanted = await opened(url), await opened(url, acks="never"), topic()
    await receiver.subscribe(wanted)
    for number in range(50):
        await sender.publish(wanted, f"message {number}", tag=1108)
    await receiver.wait(on(wanted), 50)
    await receiver.close()
    again = Link(url, identity=receiver.identity)
    await again.open()
    await again.subscribe(wanted)
    messages = {push["message"] for push in await again.wait(on(wanted), 50)}
    check(messages == {f"message {number}" for number in range(50)}, "all fifty come again")


@scenario
async def late_acknowledgements(url, _):
    """5: an acknowledgement that comes late still counts."""
    sender, receiver, wanted = await opened(url), await opened(url, acks="late"), topic()
    await receiver.subscribe(wanted)
    for number in range(10):
        await sender.publish(wanted, f"message {number}")
    await receiver.wait(on(wanted), 10)
    await receiver.fence()
    check(await receiver.acknowledge_late() >= 10, "ten were waiting")
    await receiver.fence()
    await receiver.close()
    again = Link(url, identity=receiver.identity)
    await again.open()
    await again.subscribe(wanted)
    await again.fence()
    check(not [p for p in again.pushes if p["topic"] == wanted], "nothing comes again after a late acknowledgement")


@scenario
async def lost_socket(url, _):
    """5: what was pushed into a socket that died is pushed again into the next."""
    sender, receiver, wanted = await opened(url), await opened(url, acks="never"), topic()
    await receiver.subscribe(wanted)
    receiver.socket.abort()
    for number in range(5):
        await sender.publish(wanted, f"message {number}")
    again = Link(url, identity=receiver.identity)
    await again.open()
    await again.subscribe(wanted)
    messages = [push["message"] for push in await again.wait(on(wanted), 5)]
    check(messages == [f"message {number}" for number in range(5)], f"all five, in order: {messages}")


@scenario
async def mailbox(url, _):
    """7: what is published before anyone listens waits, in either order of response and settlement."""
    for order in ("response-first", "settle-first"):
        dapp, wallet = await couple(url)
        made, _ = await session(dapp, wallet, compound=False, order=order)
        await exchange(dapp, wallet, made)
    early = await opened(url)
    wanted = topic()
    await early.publish(wanted, "early bird")
    late = await opened(url)
    await late.subscribe(wanted)
    await late.wait(on(wanted))


@scenario
async def own_messages(url, _):
    """8: a message is not pushed to its own sender, on none of its sockets."""
    identity, wanted = wire.Identity(), topic()
    first, second = await opened(url, identity=identity), await opened(url, identity=identity)
    other = await opened(url)
    for link in (first, second, other):
        await link.subscribe(wanted)
    await first.publish(wanted, "from the first")
    await second.publish(wanted, "from the second")
    await other.wait(on(wanted), 2)
    await other.publish(wanted, "from the other")
    await asyncio.wait(
        [asyncio.create_task(link.wait(on(wanted))) for link in (first, second)], return_when=asyncio.FIRST_COMPLETED
    )
    await first.fence(second)
    for link in (first, second):
        own = [p["message"] for p in link.pushes if p["topic"] == wanted and p["message"] != "from the other"]
        check(own == [], f"own messages came back: {own}")


@scenario
async def several_sockets(url, _):
    """8: a client with several sockets is reachable, whichever of them dies."""
    identity, wanted, sender = wire.Identity(), topic(), await opened(url)
    links = [await opened(url, identity=identity) for _ in range(4)]
    for link in links:
        await link.subscribe(wanted)
    for number, link in enumerate(links[:-1]):
        await sender.publish(wanted, f"message {number}")
        link.socket.abort()
    await sender.publish(wanted, "last")
    again = await opened(url, identity=identity)
    await again.subscribe(wanted)
    await sender.publish(wanted, "after")

    def seen():
        return {p["message"] for link in [*links, again] for p in link.pushes if p["topic"] == wanted}

    everything = {"message 0", "message 1", "message 2", "last", "after"}
    for _ in range(20):
        if everything <= seen():
            break
        await again.fence(links[-1])
    check(everything <= seen(), f"nothing was lost: {seen()}")


@scenario
async def repeated_batches(url, _):
    """9: two to six equal batchSubscribe, and a batchFetch beside them, do no harm."""
    sender, receiver = await opened(url), await opened(url)
    topics = [topic() for _ in range(40)]
    await receiver.call("irn_batchSubscribe", {"topics": topics})
    await receiver.close()
    for wanted in topics:
        await sender.publish(wanted, "while away", tag=1108)
    again = Link(url, identity=receiver.identity)
    await again.open()
    answers = await asyncio.gather(
        *[again.call("irn_batchSubscribe", {"topics": topics}) for _ in range(6)],
        again.call("irn_batchFetchMessages", {"topics": topics}),
    )
    check(all(len(given) == 40 for given in answers[:6]), "each batch is answered in full")
    fetched = answers[6]
    check(isinstance(fetched["messages"], list) and isinstance(fetched["hasMore"], bool), "a fetch has both members")
    await again.fence()
    received = {p["topic"] for p in again.pushes} | {m["topic"] for m in fetched["messages"]}
    check(set(topics) <= received, f"{len(set(topics) - received)} of 40 never came")
    before = len(again.pushes)
    await sender.publish(topics[7], "live")
    await again.wait(lambda p: p["message"] == "live")
    await again.fence()
    live = [p for p in again.pushes[before:] if p["message"] == "live"]
    check(len(live) == 1, f"seven subscriptions to a topic give one push, not {len(live)}")


@scenario
async def fetch(url, _):
    """9: messages can be fetched without being pushed, page by page, by one topic or many."""
    sender, receiver, wanted = await opened(url), await opened(url), topic()
    for number in range(30):
        await sender.publish(wanted, f"message {number}", tag=1110)
    page = await receiver.call("irn_fetchMessages", {"topic": wanted})
    texts, turns = [m["message"] for m in page["messages"]], 0
    while page["hasMore"] and turns < 30:
        page = await receiver.call("irn_batchFetchMessages", {"topics": [wanted]})
        texts += [m["message"] for m in page["messages"]]
        turns += 1
    check(sorted(set(texts)) == sorted({f"message {n}" for n in range(30)}), f"thirty are fetched: {len(set(texts))}")


class HandMade:
    """A WebSocket by hand: frames are sent as told and read one by one, or not at all."""

    def __init__(self, url, seconds, link=None):
        parts = urlsplit(url)
        self.link = link or Link(url)
        self.raw = sockets.create_connection((parts.hostname, parts.port), timeout=seconds)
        lines = [
            f"GET {self.link.address().removeprefix(url)} HTTP/1.1",
            f"Host: {parts.netloc}",
            "Upgrade: websocket",
            "Connection: Upgrade",
            "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==",
            "Sec-WebSocket-Version: 13",
        ]
        self.raw.sendall(("\r\n".join(lines) + "\r\n\r\n").encode())
        self.stream = self.raw.makefile("rb")
        check(b"101" in self.stream.readline(), "the socket opens")
        while self.stream.readline().strip():
            pass

    def send(self, payload, opcode=1, final=True):
        mask = os.urandom(4)
        size = len(payload)
        length = bytes([0x80 | size]) if size < 126 else bytes([0x80 | 126]) + struct.pack("!H", size)
        masked = bytes(byte ^ mask[index % 4] for index, byte in enumerate(payload))
        self.raw.sendall(bytes([(0x80 if final else 0) | opcode]) + length + mask + masked)

    def read(self):
        """Opcode and payload of the next frame; None when the relay has hung up."""
        head = self.stream.read(2)
        if len(head) < 2:
            return None
        length = head[1] & 0x7F
        if length >= 126:
            size = 2 if length == 126 else 8
            length = int.from_bytes(self.stream.read(size), "big")
        return head[0] & 0x0F, self.stream.read(length)

    def close(self):
        self.raw.close()


@scenario
async def pings(url, options):
    """10: the relay pings by itself, so that clients which time silence do not leave."""

    def play():
        line, started, seen = HandMade(url, options.seconds), time.monotonic(), 0
        while seen < 3:
            frame = line.read()
            check(frame, f"the relay hung up after {seen} pings")
            if frame[0] == 9:
                seen += 1
                line.send(frame[1], opcode=10)
        check(time.monotonic() - started < options.seconds, "three pings come in time")
        line.close()

    await asyncio.to_thread(play)


@scenario
async def silent_sockets(url, options):
    """10: a socket that answers no ping is given up, and its client is served again when it comes back."""
    sender, wanted, identity = await opened(url), topic(), wire.Identity()
    mute = HandMade(url, options.seconds, Link(url, identity=identity))
    call = {"id": mute.link.ids.next(), "jsonrpc": "2.0", "method": "irn_subscribe", "params": {"topic": wanted}}
    mute.send(compact(call).encode())

    def listen():
        while mute.read():
            pass

    await asyncio.wait_for(asyncio.to_thread(listen), options.seconds)
    await sender.publish(wanted, "for the silent")
    again = await opened(url, identity=identity)
    await again.subscribe(wanted)
    await again.wait(on(wanted))


@scenario
async def slow_reader(url, options):
    """A client that does not read is no burden to the others, and finds its messages when it returns."""
    sender, reader, wanted, identity = await opened(url), await opened(url), topic(), wire.Identity()
    slow = HandMade(url, options.seconds, Link(url, identity=identity))
    call = {"id": slow.link.ids.next(), "jsonrpc": "2.0", "method": "irn_subscribe", "params": {"topic": wanted}}
    slow.send(compact(call).encode())
    check(await asyncio.to_thread(slow.read), "the subscription is answered")
    await reader.subscribe(wanted)
    body = "x" * 60_000
    for number in range(300):
        await sender.publish(wanted, f"{number} {body}")
    await reader.wait(on(wanted), 300, seconds=30)
    again = await opened(url, identity=identity)
    await again.subscribe(wanted)
    messages = {push["message"] for push in await again.wait(on(wanted), 300, seconds=30)}
    check(len(messages) == 300, f"all come again: {len(messages)}")
    slow.close()


@scenario
async def fragments(url, options):
    """A call in three fragments with a ping between them is one call."""

    def play():
        line = HandMade(url, options.seconds)
        call = {"id": line.link.ids.next(), "jsonrpc": "2.0", "method": "irn_subscribe", "params": {"topic": topic()}}
        text = compact(call).encode()
        line.send(text[:10], final=False)
        line.send(text[10:50], opcode=0, final=False)
        line.send(b"between", opcode=9)
        line.send(text[50:], opcode=0)
        frames = [line.read(), line.read()]
        check((10, b"between") in frames, f"the ping is answered: {frames}")
        answers = [json.loads(payload) for opcode, payload in frames if opcode == 1]
        check(len(answers) == 1 and answers[0]["id"] == call["id"] and answers[0]["result"], f"one answer: {frames}")
        line.close()

    await asyncio.to_thread(play)


@scenario
async def size_limit(url, _):
    """A message of 96 KiB is taken, a longer one is refused with the words that clients know."""
    sender, receiver, wanted = await opened(url), await opened(url), topic()
    await receiver.subscribe(wanted)
    await sender.publish(wanted, "x" * 98_304, tag=1109)
    await receiver.wait(on(wanted))
    try:
        await sender.publish(wanted, "x" * 98_305, tag=1109)
    except Refused as refused:
        text = refused.error["message"]
        check("Payload size limit exceeded. Maximum size for tag 1109 is 98304" in text, f"it says why: {text}")
    else:
        raise AssertionError("a message that is too long was taken")
    await sender.publish(wanted, "after")
    await receiver.wait(lambda push: push["message"] == "after")


@scenario
async def lifetimes(url, _):
    """A message whose time has run out is not delivered, another beside it is."""
    sender, receiver, wanted = await opened(url), await opened(url), topic()
    await sender.publish(wanted, "short", ttl=1)
    await sender.publish(wanted, "long", ttl=300)
    await asyncio.sleep(1.5)
    await receiver.subscribe(wanted)
    await receiver.wait(lambda push: push["message"] == "long")
    await receiver.fence()
    messages = [push["message"] for push in receiver.pushes if push["topic"] == wanted]
    check(messages == ["long"], f"only what lives: {messages}")


@scenario
async def refusals(url, _):
    """11: bad tokens are refused for good: 3000 for those who asked for close events, 401 or 403 for the rest."""
    link, now = Link(url), int(time.time())
    good = link.identity.token(link.audience)
    other = wire.Identity()
    tokens = {
        "expired": link.identity.token(link.audience, issued_at=now - 90_000),
        "not yet valid": link.identity.token(link.audience, issued_at=now + 3_600),
        "of another audience": link.identity.token("wss://relay.other.example"),
        "signed by another": good.rsplit(".", 1)[0] + "." + other.token(link.audience).rsplit(".", 1)[1],
        "of another algorithm": link.identity.token(link.audience, header={"alg": "none", "typ": "JWT"}),
        "cut": good[:-20],
        "nonsense": "nonsense",
    }
    addresses = {name: link.address(token) for name, token in tokens.items()}
    addresses["absent"] = link.address(auth=False)
    for name, address in addresses.items():
        socket = await link.open(address)
        await asyncio.wait_for(socket.closed.wait(), 5)
        check(socket.close_code == 3000, f"a token {name}: close code {socket.close_code}")
        check(socket.close_reason, f"a token {name}: the close says why")
        try:
            await link.open(address.replace("&useOnCloseEvent=true", ""))
            raise AssertionError(f"a token {name} was let in")
        except InvalidStatus as status:
            code = status.response.status_code
            check(code in (401, 403), f"a token {name}: HTTP {code}")
    await link.open(link.address(good))
    await link.subscribe(topic())


@scenario
async def storm(url, _):
    """12: hundreds of sockets of one client, opened at once and again, leave others served."""
    quiet, other, wanted = await opened(url), await opened(url), topic()
    await quiet.subscribe(wanted)
    stormy = Link(url)
    address = stormy.address()

    async def knock():
        try:
            return await stormy.open(address)
        except (OSError, InvalidStatus, TimeoutError, ConnectionClosed, EOFError) as problem:
            return problem

    let_in = refused = 0
    for wave in range(3):
        storm_task = asyncio.gather(*[knock() for _ in range(STORM_SOCKETS)])
        started = time.monotonic()
        await other.publish(wanted, f"in the storm {wave}")
        await quiet.wait(lambda p, w=wave: p["message"] == f"in the storm {w}", seconds=10)
        waited = time.monotonic() - started
        for outcome in await storm_task:
            if isinstance(outcome, Exception):
                refused += 1
            else:
                let_in += 1
                outcome.abort()
        print(compact({"wave": wave, "bystander_ms": round(waited * 1000)}), flush=True)
    for attempt in range(40):
        outcome = await knock()
        if not isinstance(outcome, Exception):
            try:
                await outcome.call_frame("irn_subscribe", {"topic": wanted}, stormy.ids.next())
                break
            except ConnectionError:
                pass
        await asyncio.sleep(0.25)
    else:
        raise AssertionError("the client of the storm never gets back in")
    print(compact({"let_in": let_in, "refused": refused, "attempts_after": attempt + 1}), flush=True)


@scenario
async def republish(url, _):
    """13: the same publish again, with the same id, on the same socket or the next, is answered and does no harm."""
    sender, receiver, wanted = await opened(url), await opened(url), topic()
    await receiver.subscribe(wanted)
    params = {"topic": wanted, "message": "the same", "ttl": 300, "tag": 1108, "prompt": True}
    call_id = sender.ids.next()
    for _ in range(3):
        check(await sender.call("irn_publish", params, call_id) is True, "a repeated publish is answered true")
    sender.socket.abort()
    await sender.open()
    check(await sender.call("irn_publish", params, call_id) is True, "also on the next socket")
    await receiver.wait(on(wanted))
    await receiver.fence()
    count = len([p for p in receiver.pushes if p["topic"] == wanted])
    check(count == 1, f"four publishes with one id give one push, not {count}")


@scenario
async def extra_fields(url, _):
    """14: unknown members, analytics in both places, tag 0 and an attestation; the last arrives, analytics don't."""
    sender, receiver, wanted = await opened(url), await opened(url), topic()
    await receiver.subscribe(wanted)
    analytics = {"correlationId": 1756836363734797, "rpcMethods": ["eth_sendTransaction"], "chainId": "eip155:1"}
    await sender.publish(wanted, "flat", **analytics, txHashes=["0x00"], contractAddresses=[])
    await sender.publish(wanted, "nested", tvf=analytics)
    await sender.publish(wanted, "attested", tag=1100, attestation="a.b.c")
    await sender.publish(wanted, "unknown", somethingNew={"deep": [1, 2, {"er": None}]})
    await sender.frame("irn_publish", {"topic": wanted, "message": "extra", "ttl": 300, "tag": 0}, extra="outside")
    pushes = {push["message"]: push for push in await receiver.wait(on(wanted), 5)}
    check(set(pushes) == {"flat", "nested", "attested", "unknown", "extra"}, f"all five come: {set(pushes)}")
    check(pushes["attested"].get("attestation") == "a.b.c", "the attestation arrives")
    check(pushes["flat"]["tag"] == 0, "tag 0 stays 0")
    check("correlationId" not in pushes["flat"] and "tvf" not in pushes["nested"], "analytics are not handed on")
    check(pushes["attested"]["publishedAt"] > 1_600_000_000_000, "the time is in milliseconds")


@scenario
async def text_frames(url, _):
    """15: everything the relay sends is a text frame that begins with a brace and a quote."""
    sender, receiver, wanted = await opened(url), await opened(url), topic()
    await receiver.subscribe(wanted)
    await sender.publish(wanted, "seen")
    await receiver.wait(on(wanted))
    await receiver.frame("irn_batchSubscribe", {"topics": []})
    await receiver.frame("irn_nonsense", {})
    await sender.frame("irn_fetchMessages", {"topic": wanted})
    for frame in sender.socket.frames + receiver.socket.frames:
        check(isinstance(frame, str), "a frame is text")
        check(frame.startswith('{"'), f"a frame begins with a brace and a quote: {frame[:20]}")


@scenario
async def binary_acknowledgements(url, _):
    """15: a Python wallet acknowledges in binary frames; they count, and the answers to it are text all the same."""
    sender, receiver, wanted = await opened(url), await opened(url, acks="binary"), topic()
    await receiver.subscribe(wanted)
    for number in range(10):
        await sender.publish(wanted, f"message {number}")
    await receiver.wait(on(wanted), 10)
    await receiver.fence()
    check(len(receiver.sockets) == 1, "the socket stays open")
    check(all(isinstance(frame, str) for frame in receiver.socket.frames), "answers are text")
    await receiver.close()
    again = await opened(url, identity=receiver.identity)
    await again.subscribe(wanted)
    await again.fence()
    check(not [p for p in again.pushes if p["topic"] == wanted], "what was acknowledged is not sent again")


@scenario
async def tokens(url, _):
    """16: the hosted relay's name as audience, one token for many sockets, and a token in a header are accepted."""
    hosted = Link(url, audience=HOSTED_RELAY)
    address = hosted.address()
    for _ in range(3):
        await hosted.open(address)
        await hosted.subscribe(topic())
    own = Link(url)
    await own.open(compression=None)
    await own.subscribe(topic())
    bearer = Link(url)
    token = bearer.identity.token(bearer.audience)
    await bearer.open(bearer.address(auth=False), headers={"Authorization": f"Bearer {token}"})
    await bearer.subscribe(topic())
    fast_clock = Link(url)
    ahead = fast_clock.identity.token(fast_clock.audience, issued_at=int(time.time()) + 100)
    await fast_clock.open(fast_clock.address(ahead))
    await fast_clock.subscribe(topic())


@scenario
async def nothing_before_a_topic(url, _):
    """17: a client that has no topic yet has no socket, and misses nothing until it has one."""
    dapp = Peer(await opened(url))
    offer = await dapp.propose()
    await dapp.link.close()
    wallet = Peer(await opened(url))
    await wallet.pair(offer["uri"])
    await wallet.wait(lambda e: e["payload"].get("method") == "wc_sessionPropose")


@scenario
async def garbage(url, _):
    """What no client sends: the relay answers or hangs up, and serves the next one as before."""
    frames = [
        "",
        "{",
        "[]",
        "null",
        "\x00\x01",
        '{"id":1,"jsonrpc":"2.0","method":"irn_publish"}',
        '{"id":{},"jsonrpc":"2.0","method":"irn_subscribe","params":{"topic":1}}',
        '{"id":1795216684473554432,"jsonrpc":"1.0","method":"irn_subscribe","params":{"topic":"' + topic() + '"}}',
        '{"id":99999999999999999999999999,"jsonrpc":"2.0","method":"irn_subscribe","params":{}}',
        '{"id":1795216684473554432,"jsonrpc":"2.0","method":"irn_publish","params":{"topic":"' + topic()
        + '","message":"m","ttl":-1,"tag":99999999999}}',
        '{"a":' * 5_000 + "1" + "}" * 5_000,
        '{"id":"' + "9" * 100_000 + '","jsonrpc":"2.0","result":true}',
    ]
    for frame in frames:
        link = await opened(url)
        try:
            await link.socket.send(frame)
            await link.socket.send(frame.encode())
            await link.fence()
        except (ConnectionClosed, ConnectionError):
            pass
    last, other, wanted = await opened(url), await opened(url), topic()
    await last.subscribe(wanted)
    await other.publish(wanted, "still here")
    await last.wait(on(wanted))


@scenario
async def http_calls(url, _):
    """The same calls by HTTP POST to /rpc, for clients without a socket."""
    parts = urlsplit(url)
    sender, receiver, wanted = Link(url), await opened(url), topic()
    await receiver.subscribe(wanted)
    line = http.client.HTTPConnection(parts.hostname, parts.port, timeout=10)
    body = {"topic": wanted, "message": "by post", "ttl": 300, "tag": 0}
    call = {"id": sender.ids.next(), "jsonrpc": "2.0", "method": "irn_publish", "params": body}
    target = "/rpc" + sender.address().removeprefix(f"{url}/")

    def post():
        line.request("POST", target, compact(call), {"Content-Type": "application/json"})
        response = line.getresponse()
        return response.status, json.loads(response.read())

    status, value = await asyncio.to_thread(post)
    check(status == 200 and value.get("result") is True and value["id"] == call["id"], f"{status} {value}")
    await receiver.wait(on(wanted))
