"""A WalletConnect client in either role, on one link. It does what it is told, rules or not.

Left alone it behaves as the JavaScript clients do: settle, ping, update, extend and delete are answered, events never,
an unknown method gets error 10001 on a pairing and silence on a session, a request waits for whoever drives it.
"""

import asyncio
import time

from eth_account import Account
from eth_account.messages import encode_defunct

import wire
from wire import METHODS, Agreement, PayloadIDs, compact

UNSUPPORTED = {"code": 10001, "message": "Unsupported wc_ method."}
AUTOMATIC = ("wc_sessionSettle", "wc_sessionPing", "wc_sessionUpdate", "wc_sessionExtend", "wc_sessionDelete")
PAIRING_METHODS = ("wc_pairingDelete", "wc_sessionPropose", "wc_sessionAuthenticate")

SIGNED_MEMBERS = (
    "domain", "aud", "version", "nonce", "iat", "nbf", "exp", "statement", "requestId", "resources"
)

METADATA = {
    "name": "Raw peer",
    "description": "A peer of other hands",
    "url": "https://peer.example",
    "icons": ["https://peer.example/icon.png"],
}
NAMESPACES = {
    "eip155": {
        "chains": ["eip155:1"],
        "methods": ["personal_sign", "eth_signTypedData_v4", "eth_sendTransaction"],
        "events": ["chainChanged", "accountsChanged"],
    }
}
ACCOUNT = "eip155:1:0xf39Fd6e51aad88F6F4ce6aB8827279cffFb92266"


class Habits:
    """What may differ between clients. Each is named for what it does on the wire."""

    def __init__(self, **chosen):
        self.answers = True  # settle, ping, update, extend, delete
        self.padded = True  # base64 with its "="
        self.alphabet = "standard"
        self.answer_tag = None  # None: the method's own; 0 as the Python wallets
        self.big_ids_as_text = False  # "1795…n" for ids a JavaScript reader takes for a BigInt
        self.change(chosen)

    def change(self, chosen):
        for name, value in chosen.items():
            if not hasattr(self, name):
                raise ValueError(f"no habit {name}")
            setattr(self, name, value)


class Peer:
    """Keys, topics and what came in; `report` is told of every message that could be read."""

    def __init__(self, link, report=None, **habits):
        self.link = link
        self.habits = Habits(**habits)
        self.ids = PayloadIDs()
        self.keys = {}
        self.agreements = {}
        self.pairings = set()
        self.listening = {}
        self.messages = []
        self.unreadable = []
        self.proposals = {}
        self.sign_ins = {}
        self.report = report
        self.changed = asyncio.Condition()
        link.listener = self.take

    # What comes in.

    async def take(self, push):
        topic = push["topic"]
        try:
            text, key = wire.unseal(push["message"], self.keys.get(topic), self.listening.get(topic))
            payload = wire.json.loads(text)
        except Exception as problem:
            self.unreadable.append(push)
            await self.tell({"event": "unreadable", "topic": topic, "tag": push["tag"], "problem": repr(problem)})
            return
        if key is not None and "result" in payload:
            await self.join(key)
        entry = {"topic": topic, "tag": push["tag"], "payload": payload, "text": text, "push": push}
        await self.follow(entry)
        async with self.changed:
            self.messages.append(entry)
            self.changed.notify_all()
        event = {"event": "message", "topic": topic, "tag": push["tag"], "payload": payload, "sealed": push["message"]}
        await self.tell(event)

    async def follow(self, entry):
        """What a client does by itself: remembers a proposal, follows it to its session, answers."""
        topic, payload = entry["topic"], entry["payload"]
        method = payload.get("method")
        if method == "wc_sessionAuthenticate":
            self.sign_ins[payload["id"]] = payload["params"]
        if method == "wc_sessionPropose":
            self.proposals[payload["id"]] = payload["params"] | {"pairingTopic": topic}
        result = payload.get("result")
        if isinstance(result, dict) and "responderPublicKey" in result:
            agreement = self.agreements.get(compact(payload["id"]))
            if agreement:
                await self.join(agreement.shared(result["responderPublicKey"]))
        if method and self.habits.answers:
            await self.answer_by_itself(topic, payload, method)

    async def answer_by_itself(self, topic, payload, method):
        if topic in self.pairings:
            if method == "wc_pairingPing":
                await self.answer(topic, payload["id"], result=True, tag=1003)
            elif method not in PAIRING_METHODS:
                await self.answer(topic, payload["id"], error=UNSUPPORTED, tag=0)
        elif method in AUTOMATIC:
            await self.answer(topic, payload["id"], result=True, tag=METHODS[method][0] + 1)

    async def tell(self, event):
        if self.report:
            await self.report(event)

    async def wait(self, match, seconds=15, count=1):
        def found():
            return [entry for entry in self.messages if match(entry)]

        async with self.changed:
            try:
                await asyncio.wait_for(self.changed.wait_for(lambda: len(found()) >= count), seconds)
            except TimeoutError:
                seen = [entry["text"][:160] for entry in self.messages]
                raise AssertionError(f"{len(found())} of {count} messages within {seconds} s; came: {seen}") from None
            return found()[count - 1]

    async def answer_to(self, call_id, seconds=15):
        entry = await self.wait(lambda e: e["payload"].get("id") == call_id and "method" not in e["payload"], seconds)
        return entry["payload"]

    # What goes out.

    def message(self, topic, text, sender_hex=None, key=None):
        envelope = wire.seal(key or self.keys[topic], text, sender_hex)
        return wire.armour(envelope, self.habits.alphabet, self.habits.padded)

    async def send(self, topic, payload, tag, ttl=300, prompt=False, times=1, **extra):
        """Publishes a payload, given as a value or as the exact text; returns the message."""
        text = payload if isinstance(payload, str) else compact(payload)
        message = self.message(topic, text)
        for _ in range(times):
            await self.link.publish(topic, message, tag, ttl, prompt, **extra)
        return message

    async def ask(self, topic, method, params, call_id=None, **extra):
        tag, ttl, prompt = METHODS.get(method, (0, 86_400, False))
        call_id = self.ids.next() if call_id is None else call_id
        payload = {"id": call_id, "jsonrpc": "2.0", "method": method, "params": params}
        await self.send(topic, payload, tag, ttl, prompt, **extra)
        return call_id

    async def answer(self, topic, call_id, tag, **outcome):
        if self.habits.answer_tag is not None:
            tag = self.habits.answer_tag
        if self.habits.big_ids_as_text and wire.is_beyond_javascript(call_id):
            call_id = f"{call_id}n"
        await self.send(topic, {"id": call_id, "jsonrpc": "2.0"} | outcome, tag)

    async def join(self, key, subscribe=True):
        topic = wire.topic_of(key)
        self.keys[topic] = key
        if subscribe:
            await self.link.subscribe(topic)
        return topic

    # The dApp's part.

    async def propose(self, compound=True, namespaces=None, params=None, methods=None, call_id=None, subscribe=None):
        """Makes a pairing and its proposal; returns its URI, topic and id."""
        key = wire.os.urandom(wire.KEY_BYTES)
        topic = await self.join(key, subscribe=(not compound if subscribe is None else subscribe))
        self.pairings.add(topic)
        expiry = int(time.time()) + wire.PROPOSAL_LIFETIME_SECONDS
        agreement = Agreement()
        call_id = self.ids.next() if call_id is None else call_id
        self.agreements[compact(call_id)] = agreement
        proposal = {
            "requiredNamespaces": {},
            "optionalNamespaces": namespaces or NAMESPACES,
            "relays": [{"protocol": "irn"}],
            "proposer": {"publicKey": agreement.public, "metadata": METADATA},
            "expiryTimestamp": expiry,
            "pairingTopic": topic,
            "id": call_id,
        }
        for name, value in (params or {}).items():
            if value is None:
                proposal.pop(name, None)
            else:
                proposal[name] = value
        text = compact({"id": call_id, "jsonrpc": "2.0", "method": "wc_sessionPropose", "params": proposal})
        if compound:
            await self.link.call(
                "wc_proposeSession",
                {
                    "pairingTopic": topic,
                    "sessionProposal": self.message(topic, text),
                    "ttl": 300,
                    "correlationId": call_id if isinstance(call_id, int) else 1,
                },
            )
        else:
            await self.send(topic, text, 1100, 300, True)
        return {"uri": wire.pairing_uri(key, expiry, methods), "topic": topic, "id": call_id}

    async def authenticate(self, payload, uri_methods=("wc_sessionAuthenticate",)):
        """As a JavaScript dApp: the request, and a proposal behind it for wallets that don't know the request."""
        key, agreement = wire.os.urandom(wire.KEY_BYTES), Agreement()
        topic = await self.join(key)
        self.pairings.add(topic)
        reply_topic = wire.sha256_hex(bytes.fromhex(agreement.public))
        self.listening[reply_topic] = agreement
        await self.link.subscribe(reply_topic)
        expiry = int(time.time()) + 3_600
        requester = {"publicKey": agreement.public, "metadata": METADATA}
        params = {"authPayload": payload, "requester": requester, "expiryTimestamp": expiry}
        call_id = await self.ask(topic, "wc_sessionAuthenticate", params)
        fallback = {
            "requiredNamespaces": {},
            "optionalNamespaces": NAMESPACES,
            "relays": [{"protocol": "irn"}],
            "pairingTopic": topic,
            "proposer": requester,
            "expiryTimestamp": int(time.time()) + 300,
        }
        fallback_id = self.ids.next()
        self.agreements[compact(fallback_id)] = agreement
        await self.ask(topic, "wc_sessionPropose", fallback, fallback_id)
        uri = wire.pairing_uri(key, int(time.time()) + 300, list(uri_methods))
        return {"uri": uri, "topic": topic, "id": call_id, "fallback": fallback_id, "reply_topic": reply_topic}

    # The wallet's part.

    async def pair(self, uri):
        topic, key = wire.parse_uri(uri)
        self.pairings.add(topic)
        await self.join(key)
        return topic

    async def approve(
        self, proposal_id, compound=True, order="response-first", settle=None, settle_id=None, extra=None, result=None
    ):
        """Answers a proposal and settles its session; `settle` replaces members of the settlement, None removes."""
        proposal = self.proposals[proposal_id]
        pairing = proposal["pairingTopic"]
        agreement = Agreement()
        key = agreement.shared(proposal["proposer"]["publicKey"])
        session = await self.join(key, subscribe=not compound)
        wanted = proposal.get("optionalNamespaces") or proposal.get("requiredNamespaces") or NAMESPACES
        namespaces = {
            name: space | {"accounts": [f"{chain}:{ACCOUNT.split(':')[2]}" for chain in space.get("chains", [name])]}
            for name, space in wanted.items()
        }
        settlement = {
            "relay": {"protocol": "irn"},
            "namespaces": namespaces,
            "controller": {"publicKey": agreement.public, "metadata": METADATA},
            "expiry": int(time.time()) + wire.SESSION_LIFETIME_SECONDS,
        }
        for name, value in (settle or {}).items():
            if value is None:
                settlement.pop(name, None)
            else:
                settlement[name] = value
        settle_id = self.ids.next() if settle_id is None else settle_id
        response_text = compact(
            {
                "id": proposal_id,
                "jsonrpc": "2.0",
                "result": {"relay": {"protocol": "irn"}, "responderPublicKey": agreement.public} | (result or {}),
            }
        )
        settle_text = compact({"id": settle_id, "jsonrpc": "2.0", "method": "wc_sessionSettle", "params": settlement})
        if compound:
            params = {
                "sessionTopic": session,
                "pairingTopic": pairing,
                "sessionProposalResponse": self.message(pairing, response_text),
                "sessionSettlementRequest": self.message(session, settle_text),
                "ttl": 300,
                "correlationId": proposal_id,
                "approvedChains": ["eip155:1"],
                "approvedMethods": ["personal_sign"],
                "approvedEvents": [],
            }
            await self.link.call("wc_approveSession", params | (extra or {}))
        else:
            steps = [(pairing, response_text, 1101), (session, settle_text, 1102)]
            for topic, text, tag in steps if order == "response-first" else reversed(steps):
                await self.send(topic, text, tag)
        return {"topic": session, "settle": settle_id}

    async def reject(self, proposal_id, error=None, tag=1120):
        topic = self.proposals[proposal_id]["pairingTopic"]
        await self.answer(topic, proposal_id, tag, error=error or {"code": 5000, "message": "User rejected."})

    async def sign_in(self, request_id, key, methods=(), nonce=None):
        """Answers a sign-in as a JavaScript wallet: a signed CACAO, and a session when methods are granted.

        `nonce` puts another one into what is signed.
        """
        params = self.sign_ins[request_id]
        payload = {name: value for name, value in params["authPayload"].items() if name in SIGNED_MEMBERS}
        chain = params["authPayload"]["chains"][0]
        if nonce is not None:
            payload["nonce"] = nonce
        if methods:
            actions = {f"request/{method}": [{"chains": [chain]}] for method in sorted(methods)}
            recap = compact({"att": {"eip155": actions}})
            payload["resources"] = [
                one for one in payload.get("resources", []) if not one.startswith("urn:recap:")
            ] + ["urn:recap:" + wire.base64.b64encode(recap.encode()).decode().rstrip("=")]
            said = ", ".join(f"'{method}'" for method in sorted(methods))
            granted = (
                "I further authorize the stated URI to perform the following actions on my behalf: "
                f"(1) 'request': {said} for 'eip155'."
            )
            payload["statement"] = " ".join(part for part in (payload.get("statement"), granted) if part)
        account = Account.from_key(key)
        signature = account.sign_message(encode_defunct(text=sign_in_text(payload, chain, account.address))).signature
        cacao = {
            "h": {"t": "caip122"},
            "p": payload | {"iss": f"did:pkh:{chain}:{account.address}"},
            "s": {"t": "eip191", "s": "0x" + bytes(signature).hex()},
        }
        agreement = Agreement()
        shared = agreement.shared(params["requester"]["publicKey"])
        session = await self.join(shared)
        result = {"cacaos": [cacao], "responder": {"publicKey": agreement.public, "metadata": METADATA}}
        text = compact({"id": request_id, "jsonrpc": "2.0", "result": result})
        reply_topic = wire.sha256_hex(bytes.fromhex(params["requester"]["publicKey"]))
        await self.link.publish(reply_topic, self.message(reply_topic, text, agreement.public, shared), 1117, 3_600)
        return {"topic": session, "address": account.address}


def sign_in_text(payload, chain, address):
    """The text a person signs (EIP-4361), as the JavaScript clients write it."""
    lines = [f"{payload['domain']} wants you to sign in with your Ethereum account:", address, ""]
    if payload.get("statement"):
        lines.append(payload["statement"])
    lines += [
        "",
        f"URI: {payload['aud']}",
        f"Version: {payload['version']}",
        f"Chain ID: {chain.partition(':')[2]}",
        f"Nonce: {payload['nonce']}",
        f"Issued At: {payload['iat']}",
    ]
    for name, title in (("exp", "Expiration Time"), ("nbf", "Not Before"), ("requestId", "Request ID")):
        if payload.get(name):
            lines.append(f"{title}: {payload[name]}")
    if payload.get("resources") is not None:
        lines += ["Resources:"] + [f"- {one}" for one in payload["resources"]]
    return "\n".join(lines)
