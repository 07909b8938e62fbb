"""The commands of the stand-in, each with the semantics of a replica set's primary."""

import asyncio
import time

from bson.datetime_ms import DatetimeMS
from bson.int64 import Int64

from .data import TRANSIENT, Data, Refused, View
from .order import Unknown, key

# A reply has at most so many bytes of documents; then the client asks for more.
BATCH_BYTES = 16 << 20
BATCH_FIRST = 101
BODY = {"insert": "documents", "update": "updates", "delete": "deletes"}


class Busy(Exception):
    """A plain write met a document that an open transaction has written: it waits, as in MongoDB."""


class PlainView(View):
    def put(self, name, place, document):
        if (name, place) in self.data.owners:
            raise Busy
        super().put(name, place, document)


class Commands:
    def __init__(self, data: Data, address: str, replica_set: str | None) -> None:
        self.data, self.address, self.replica_set = data, address, replica_set
        self.cursors, self.next_cursor = {}, 1
        self.indexes = {}
        self.options = {}
        self.released = asyncio.Event()

    def hello(self, command: dict) -> dict:
        answer = {
            "isWritablePrimary": True, "ismaster": True, "helloOk": True, "maxBsonObjectSize": 16 << 20,
            "maxMessageSizeBytes": 48_000_000, "maxWriteBatchSize": 100_000, "minWireVersion": 0, "maxWireVersion": 17,
            "localTime": DatetimeMS(int(time.time() * 1000)), "logicalSessionTimeoutMinutes": 30, "readOnly": False,
            "connectionId": 1,
        }
        if "saslSupportedMechs" in command:
            answer["saslSupportedMechs"] = ["SCRAM-SHA-256"]
        if self.replica_set:
            answer |= {
                "setName": self.replica_set, "setVersion": 1, "hosts": [self.address], "primary": self.address,
                "me": self.address, "secondary": False,
            }
        return answer

    async def run(self, command: dict) -> dict:
        name = next(iter(command))
        known = getattr(self, "_" + name.lower(), None)
        if name.lower() in ("hello", "ismaster"):
            return self.hello(command)
        if known is None:
            raise Refused(59, "CommandNotFound", f"the stand-in has no command {name}")
        if "txnNumber" in command and not self.replica_set:
            raise Refused(20, "IllegalOperation", "Transaction numbers are only allowed on a replica set member or mongos")
        try:
            return await known(command)
        except Unknown as error:
            raise Refused(2, "BadValue", f"the stand-in does not know {error}") from error

    # Sessions.

    @staticmethod
    def _session(command: dict) -> bytes:
        return bytes(command["lsid"]["id"])

    def _transaction(self, command: dict) -> View | None:
        """The view of the transaction that a command belongs to; None for a command of its own."""
        if command.get("autocommit", True):
            return None
        session, number = self._session(command), command["txnNumber"]
        if command.get("startTransaction"):
            if (old := self.data.transactions.pop(session, None)) is not None:
                self._release(old)
            view = View(self.data, (session, number))
            self.data.transactions[session] = view
            return view
        view = self.data.transactions.get(session)
        if view is None or view.number != (session, number):
            raise Refused(251, "NoSuchTransaction", f"Transaction {number} is not in progress", TRANSIENT)
        return view

    def _release(self, view: View) -> None:
        self.data.release(view)
        self.released.set()
        self.released = asyncio.Event()

    def _abort(self, command: dict) -> None:
        if (view := self.data.transactions.pop(self._session(command), None)) is not None:
            self._release(view)

    async def _committransaction(self, command: dict) -> dict:
        session, number = self._session(command), command["txnNumber"]
        if self.data.sessions.get(session, (None,))[0] == number:
            return {}
        view = self._transaction(command | {"startTransaction": False})
        self.data.store(view, session, number)
        del self.data.transactions[session]
        self._release(view)
        return {}

    async def _aborttransaction(self, command: dict) -> dict:
        self._transaction(command | {"startTransaction": False})
        self._abort(command)
        return {}

    async def _endsessions(self, command: dict) -> dict:
        return {}

    # Writing.

    async def _write(self, command: dict, work) -> dict:
        view = self._transaction(command)
        if view is not None:
            try:
                return work(view)
            except Refused:
                self._abort(command)
                raise
        retryable = "txnNumber" in command
        session = self._session(command) if retryable else None
        number = command.get("txnNumber")
        while True:
            if retryable:
                last, answer = self.data.sessions.get(session, (-1, None))
                if number == last:
                    # It was done before: the same answer again, and nothing twice.
                    return answer
                if number < last:
                    raise Refused(225, "TransactionTooOld", f"{number} is older than {last}")
            view = PlainView(self.data)
            try:
                answer = work(view)
            except Busy:
                await self.released.wait()
                continue
            self.data.store(view, session, number, answer)
            return answer

    def _each(self, view: View, command: dict, kind: str, one) -> dict:
        """Does each of a command's writes; the first that fails ends an ordered command."""
        answer, errors = {"n": 0}, []
        for index, write in enumerate(command[BODY[kind]]):
            try:
                one(answer, index, write)
            except Refused as error:
                if view.number:
                    raise
                errors.append({"index": index, "code": error.code, "errmsg": str(error)})
                if command.get("ordered", True):
                    break
        return answer | ({"writeErrors": errors} if errors else {})

    async def _insert(self, command: dict) -> dict:
        def work(view):
            def one(answer, _, document):
                view.insert(command["insert"], document)
                answer["n"] += 1
            return self._each(view, command, "insert", one)
        return await self._write(command, work)

    async def _update(self, command: dict) -> dict:
        def work(view):
            def one(answer, index, update):
                if update.get("multi"):
                    raise Unknown("updates of many")
                matched, made = view.update(command["update"], update["q"], update["u"], update.get("upsert", False))
                answer["n"] += matched + (made is not None)
                answer["nModified"] = answer.get("nModified", 0) + matched
                if made is not None:
                    answer.setdefault("upserted", []).append({"index": index, "_id": made})
            return self._each(view, command, "update", one)
        return await self._write(command, work)

    async def _delete(self, command: dict) -> dict:
        def work(view):
            def one(answer, _, delete):
                answer["n"] += view.remove(command["delete"], delete["q"], delete["limit"])
            return self._each(view, command, "delete", one)
        return await self._write(command, work)

    # Reading.

    async def _find(self, command: dict) -> dict:
        view = self._transaction(command) or View(self.data)
        name = command["find"]
        found = view.find(name, command.get("filter", {}))
        for field, direction in reversed(command.get("sort", {}).items()):
            found = sorted(found, key=lambda document: key(document.get(field)), reverse=direction < 0)
        if limit := command.get("limit", 0):
            found = found[:limit]
        if projection := command.get("projection"):
            if any(value != 1 for value in projection.values()):
                raise Unknown("projections that leave out")
            fields = {"_id", *projection}
            found = [{field: value for field, value in document.items() if field in fields} for document in found]
        return {"cursor": self._batch(found, command.get("batchSize", BATCH_FIRST), "firstBatch", name, None)}

    def _batch(self, rest: list, count: int, field: str, name: str, cursor: int | None) -> dict:
        batch, size = [], 0
        while rest and len(batch) < count and (not batch or size < BATCH_BYTES - (1 << 21)):
            size += len(rest[0].get("v", b"")) + 1024
            batch.append(rest.pop(0))
        if rest and cursor is None:
            cursor = self.next_cursor
            self.next_cursor += 1
        if rest:
            self.cursors[cursor] = rest
        else:
            self.cursors.pop(cursor, None)
        return {"id": Int64(cursor if rest else 0), "ns": f"stand-in.{name}", field: batch}

    async def _getmore(self, command: dict) -> dict:
        if (rest := self.cursors.get(command["getMore"])) is None:
            raise Refused(43, "CursorNotFound", f"cursor id {command['getMore']} not found")
        count = command.get("batchSize", 1 << 30)
        return {"cursor": self._batch(rest, count, "nextBatch", command["collection"], command["getMore"])}

    async def _killcursors(self, command: dict) -> dict:
        for cursor in command["cursors"]:
            self.cursors.pop(cursor, None)
        return {"cursorsKilled": command["cursors"]}

    # Collections.

    async def _create(self, command: dict) -> dict:
        name = command["create"]
        if name in self.options:
            raise Refused(48, "NamespaceExists", f"Collection {name} already exists.")
        self.options[name] = {word: command[word] for word in ("collation",) if word in command}
        return {}

    async def _createindexes(self, command: dict) -> dict:
        self.options.setdefault(command["createIndexes"], {})
        self.indexes.setdefault(command["createIndexes"], []).extend(command["indexes"])
        return {}

    async def _listcollections(self, command: dict) -> dict:
        wanted = command.get("filter", {}).get("name")
        batch = [
            {"name": name, "type": "collection", "options": options}
            for name, options in self.options.items() if wanted in (None, name)
        ]
        return {"cursor": {"id": Int64(0), "ns": "stand-in.$cmd.listCollections", "firstBatch": batch}}

    async def _ping(self, command: dict) -> dict:
        return {}
