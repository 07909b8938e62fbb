"""What the stand-in keeps: collections, transactions under snapshot isolation, and a log that is synced."""

import bisect
import os
import struct
import zlib

import bson
from bson.codec_options import CodecOptions, DatetimeConversion
from bson.int64 import Int64

from .order import Unknown, key, matches

OPTIONS = CodecOptions(datetime_conversion=DatetimeConversion.DATETIME_MS)
TRANSIENT = ["TransientTransactionError"]


class Refused(Exception):
    """An error of the server, with its number, name and labels."""

    def __init__(self, code, name, message, labels=()):
        super().__init__(message)
        self.code, self.name, self.labels = code, name, list(labels)


def conflict():
    return Refused(112, "WriteConflict", "another transaction writes this document", TRANSIENT)


def duplicate(document):
    return Refused(11000, "DuplicateKey", f"E11000 duplicate key error: _id {document['_id']}")


class Collection:
    """Documents by name, with the number of the commit that wrote each name last."""

    def __init__(self):
        self.documents, self.written = {}, {}
        self.order = []

    def put(self, place, document, commit):
        if document is None:
            if self.documents.pop(place, None) is not None:
                del self.order[bisect.bisect_left(self.order, place)]
        else:
            if place not in self.documents:
                bisect.insort(self.order, place)
            self.documents[place] = document
        self.written[place] = commit


class View:
    """What one command or one transaction sees, and what it has changed."""

    def __init__(self, data, number=None):
        self.data, self.number = data, number
        self.since = data.commit
        self.changes = {}
        # A transaction sees one moment; a plain command is never interrupted.
        self.moment = {name: dict(found.documents) for name, found in data.collections.items()} if number else None

    def get(self, name, place):
        if (name, place) in self.changes:
            return self.changes[name, place]
        if self.moment is not None:
            return self.moment.get(name, {}).get(place)
        return self.data.collection(name).documents.get(place)

    def all(self, name):
        if self.moment is None and not self.changes:
            found = self.data.collection(name)
            return [found.documents[place] for place in found.order]
        documents = dict(self.moment.get(name, {})) if self.moment is not None else dict(
            self.data.collection(name).documents)
        for (collection, place), document in self.changes.items():
            if collection == name:
                documents[place] = document
        return [documents[place] for place in sorted(documents) if documents[place] is not None]

    def find(self, name, query):
        """Matching documents in the order of their names."""
        wanted = query.get("_id")
        if isinstance(wanted, dict) and list(wanted) == ["$in"]:
            places = sorted({key(member) for member in wanted["$in"]})
        elif isinstance(wanted, dict) and not any(word.startswith("$") for word in wanted):
            places = [key(wanted)]
        else:
            return [document for document in self.all(name) if matches(document, query)]
        found = (self.get(name, place) for place in places)
        return [document for document in found if document is not None and matches(document, query)]

    def put(self, name, place, document):
        if self.number:
            owner = self.data.owners.get((name, place))
            if owner not in (None, self.number):
                raise conflict()
            if self.data.collection(name).written.get(place, 0) > self.since:
                raise conflict()
            self.data.owners[name, place] = self.number
        self.changes[name, place] = document

    # The three commands that write.

    def insert(self, name, document):
        place = key(document["_id"])
        if self.get(name, place) is not None:
            raise duplicate(document)
        self.put(name, place, document)

    def update(self, name, query, change, upsert):
        """Returns how many were matched, and the name of what was made."""
        found = self.find(name, query)[:1]
        if not found:
            if not upsert:
                return 0, None
            document = {field: value for field, value in query.items() if not isinstance(value, dict) or field == "_id"}
            self.insert(name, changed(document, change))
            return 0, document["_id"]
        self.put(name, key(found[0]["_id"]), changed(found[0], change))
        return 1, None

    def remove(self, name, query, limit):
        found = self.find(name, query)
        for document in found[:limit] if limit else found:
            self.put(name, key(document["_id"]), None)
        return len(found[:limit] if limit else found)


def changed(document, change):
    """A document after an update: operators, or a replacement that keeps the name."""
    if not any(word.startswith("$") for word in change):
        return {"_id": document["_id"], **change}
    document = dict(document)
    for operator, fields in change.items():
        for field, value in fields.items():
            if operator == "$set":
                document[field] = value
            elif operator == "$unset":
                document.pop(field, None)
            elif operator == "$inc":
                document[field] = Int64(document.get(field, 0) + value)
            else:
                raise Unknown(f"the operator {operator}")
    return document


class Data:
    """Collections in memory, each commit in a log before it is acknowledged."""

    def __init__(self, path):
        self.collections, self.owners, self.transactions = {}, {}, {}
        # By session: the number of its last retryable write or transaction, and what was answered.
        self.sessions = {}
        self.commit = 0
        self.log = open(path, "a+b")
        self._replay()

    def collection(self, name):
        return self.collections.setdefault(name, Collection())

    def _replay(self):
        self.log.seek(0)
        good = 0
        while len(head := self.log.read(8)) == 8:
            length, checksum = struct.unpack("<II", head)
            body = self.log.read(length)
            if len(body) < length or zlib.crc32(body) != checksum:
                break
            self._apply(bson.decode(body, OPTIONS))
            good += 8 + length
        # What a crash cut off was never acknowledged.
        self.log.truncate(good)
        self.log.seek(0, os.SEEK_END)

    def _apply(self, entry):
        self.commit += 1
        for change in entry["changes"]:
            document = change.get("document")
            place = key(document["_id"] if document is not None else change["removed"])
            self.collection(change["collection"]).put(place, document, self.commit)
        if "session" in entry:
            self.sessions[entry["session"]] = (entry["number"], entry["answer"])

    def store(self, view, session=None, number=None, answer=None):
        """Makes a view's changes everybody's, after the log has them on the disk."""
        changes = []
        for (name, place), document in view.changes.items():
            if document is not None:
                changes.append({"collection": name, "document": document})
            elif (before := self.collection(name).documents.get(place)) is not None:
                changes.append({"collection": name, "removed": before["_id"]})
        entry = {"changes": changes}
        if session is not None:
            entry |= {"session": session, "number": Int64(number), "answer": answer or {}}
        if changes or session is not None:
            body = bson.encode(entry, codec_options=OPTIONS)
            self.log.write(struct.pack("<II", len(body), zlib.crc32(body)) + body)
            self.log.flush()
            os.fdatasync(self.log.fileno())
            self._apply(entry)

    def release(self, view):
        """Gives back what a transaction has written and will not commit, or has committed."""
        for place in [place for place, owner in self.owners.items() if owner == view.number]:
            del self.owners[place]
