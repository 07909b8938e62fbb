#!/usr/bin/env python3
"""pyWalletConnect as a wallet in its own process: pairs, approves, and really signs. The dApp is whoever made the URI.

    .venv/bin/python devnet/walletconnect/pywallet.py --relay 127.0.0.1:7080 --uri wc:… [--reject-proposal]

Events are printed as lines: `proposal`, `settled`, `request`, `signed`, `message`, `ended`. Commands are lines on
standard input: `{"do": "refuse-next"}` rejects the next request, `{"do": "close"}` ends the session and the program.

The library has TLS built in; its socket is replaced by a plain one, and its pauses are made short.
"""

import argparse
import json
import logging
import queue
import socket
import sys
import threading

from eth_account import Account
from eth_account.messages import encode_defunct, encode_typed_data
from pywalletconnect import WCClient, client_v2irn, websocket

from wire import follow_parent

# The first account of the mnemonic that every Ethereum development node hands out.
DEVELOPMENT_KEY = "0xac0974bec39a17e36ba4a6b4d238ff944bacb478cbed5efcae784d7bf4f2ff80"
PAUSE_SECONDS = 0.01
ANSWER_SECONDS = 20
RECEIVE_BYTES_MAX = 8192
USER_REJECTED = 5002


class PlainSocket:
    """The library's socket without TLS: same four methods, reading never waits."""

    def __init__(self, host, port):
        self.conn = socket.create_connection((host, port))
        self.conn.setblocking(False)

    def send(self, data):
        self.conn.setblocking(True)
        try:
            self.conn.sendall(data)
        finally:
            self.conn.setblocking(False)

    def receive(self):
        try:
            data = self.conn.recv(RECEIVE_BYTES_MAX)
        except BlockingIOError:
            return b""
        except OSError:
            data = b""
        if not data:
            self.close()
        return data

    def close(self):
        if self.conn is not None:
            self.conn.close()
            self.conn = None


def say(**event):
    sys.stdout.write(json.dumps(event, separators=(",", ":")) + "\n")
    sys.stdout.flush()


def prepare(relay):
    websocket.TLSsocket = PlainSocket
    for module in (websocket, client_v2irn):
        module.UNIT_WAITING_TIME = PAUSE_SECONDS
        module.CYCLES_TIMEOUT = int(ANSWER_SECONDS / PAUSE_SECONDS)
    client_v2irn.WCv2Client.host_relay = relay
    WCClient.set_project_id("0123456789abcdef0123456789abcdef")
    WCClient.set_wallet_metadata(
        {
            "name": "pyWalletConnect",
            "description": "A wallet of other hands",
            "url": "https://wallet.example",
            "icons": [],
        }
    )


def sign(account, method, params):
    """The result of a request, and for a transaction the signed bytes too."""
    if method == "personal_sign":
        return "0x" + account.sign_message(encode_defunct(hexstr=params[0])).signature.hex().removeprefix("0x"), None
    if method == "eth_signTypedData_v4":
        typed = json.loads(params[1]) if isinstance(params[1], str) else params[1]
        signed = account.sign_message(encode_typed_data(full_message=typed))
        return "0x" + signed.signature.hex().removeprefix("0x"), None
    if method == "eth_sendTransaction":
        fields = {name: value for name, value in params[0].items() if name != "from"}
        signed = account.sign_transaction(fields)
        return tuple("0x" + value.hex().removeprefix("0x") for value in (signed.hash, signed.raw_transaction))
    raise ValueError(f"no method {method}")


class Wallet:
    def __init__(self, client, account):
        self.client = client
        self.account = account
        self.refuse_next = False
        self.commands = queue.Queue()
        threading.Thread(target=self.listen, daemon=True).start()

    def listen(self):
        for line in sys.stdin:
            self.commands.put(json.loads(line)["do"])
        self.commands.put("close")

    def handle(self, call_id, method, params):
        if method != "wc_sessionRequest":
            say(event="message", method=method, params=params)
            return method != "wc_sessionDelete"
        request = params["request"]
        say(event="request", id=call_id, method=request["method"], chain=params["chainId"])
        if self.refuse_next:
            self.refuse_next = False
            self.client.reject(call_id, USER_REJECTED)
            return True
        try:
            result, raw = sign(self.account, request["method"], request["params"])
        except Exception as problem:
            self.client.reply_error(call_id, str(problem), -32602)
            return True
        self.client.reply(call_id, result)
        say(event="signed", id=call_id, result=result, raw=raw)
        return True

    def run(self):
        going = True
        while going:
            call_id, method, params = self.client.get_message()
            if method:
                going = self.handle(call_id, method, params)
                continue
            try:
                command = self.commands.get(timeout=PAUSE_SECONDS)
            except queue.Empty:
                continue
            if command == "refuse-next":
                self.refuse_next = True
                say(event="refusing")
            elif command == "close":
                going = False


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--relay", required=True, help="host:port")
    parser.add_argument("--uri", help="of the pairing; read from standard input when not given")
    parser.add_argument("--key", default=DEVELOPMENT_KEY)
    parser.add_argument("--reject-proposal", action="store_true")
    parser.add_argument("--log", help="a file for all that the library does, frames included")
    options = parser.parse_args()
    if options.log:
        logging.basicConfig(filename=options.log, level=logging.DEBUG, format="%(asctime)s %(message)s")
    prepare(options.relay)
    follow_parent()
    account = Account.from_key(options.key)
    uri = options.uri or sys.stdin.readline().strip()
    client = WCClient.from_wc_uri(uri)
    proposal, chains, peer = client.open_session()
    say(event="proposal", id=proposal, chains=chains, peer=peer, account=account.address)
    if options.reject_proposal:
        client.reject_session_request(proposal)
        say(event="ended")
        return
    client.reply_session_request(proposal, chains[0], account.address)
    say(event="settled", topic=client.wallet_id)
    Wallet(client, account).run()
    client.close()
    say(event="ended")


if __name__ == "__main__":
    main()
