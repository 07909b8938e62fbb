"""The order of values in MongoDB, as its manual describes it: by type first, then within the type.

https://www.mongodb.com/docs/manual/reference/bson-type-comparison-order/
"""

import re

from bson.binary import Binary
from bson.datetime_ms import DatetimeMS
from bson.max_key import MaxKey
from bson.min_key import MinKey


def rank(value):
    """The place of a value's type among the types."""
    if isinstance(value, MinKey):
        return 0
    if value is None:
        return 2
    if isinstance(value, bool):
        return 8
    if isinstance(value, (int, float)):
        return 3
    if isinstance(value, str):
        return 4
    if isinstance(value, dict):
        return 5
    if isinstance(value, list):
        return 6
    if isinstance(value, (bytes, Binary)):
        return 7
    if isinstance(value, DatetimeMS):
        return 9
    if isinstance(value, MaxKey):
        return 127
    raise Unknown(f"a value of type {type(value).__name__}")


def key(value):
    """Something that Python orders as MongoDB orders the value."""
    place = rank(value)
    if place == 4:
        # Without a collation texts are compared by their bytes.
        return (place, value.encode())
    if place == 5:
        return (place, tuple((rank(member), name.encode(), key(member)) for name, member in value.items()))
    if place == 6:
        return (place, tuple(key(member) for member in value))
    if place == 7:
        # By length first: binary data is not ordered by its bytes alone.
        return (place, len(value), getattr(value, "subtype", 0), bytes(value))
    if place == 9:
        return (place, int(value))
    if place in (3, 8):
        return (place, value)
    return (place,)


class Unknown(Exception):
    """Something that the stand-in was never taught; it says so rather than guess."""


COMPARISONS = {
    "$gt": lambda left, right: left > right,
    "$gte": lambda left, right: left >= right,
    "$lt": lambda left, right: left < right,
    "$lte": lambda left, right: left <= right,
}


def matches(document, query):
    """Whether a document matches a filter of equalities, comparisons and $in."""
    return all(_matches(document, name, wanted) for name, wanted in query.items())


def _matches(document, name, wanted):
    if name.startswith("$") or "." in name:
        raise Unknown(f"the filter {re.escape(name)}")
    operators = isinstance(wanted, dict) and any(word.startswith("$") for word in wanted)
    if name not in document:
        if operators and set(wanted) <= set(COMPARISONS) | {"$in"}:
            return False
        return wanted is None
    value = key(document[name])
    if not operators:
        return value == key(wanted)
    for operator, bound in wanted.items():
        if operator == "$in":
            if value not in {key(member) for member in bound}:
                return False
        elif operator in COMPARISONS:
            # Comparisons stay within a type.
            if value[0] != key(bound)[0] or not COMPARISONS[operator](value, key(bound)):
                return False
        else:
            raise Unknown(f"the operator {operator}")
    return True
