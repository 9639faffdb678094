"""Positional formats: how JSON as in the vectors (bytes as hex) becomes a canonical value, and comes back.

A shape is a pair of functions. A struct is an array of its fields in the order in which they are named.
"""
from canonical import decode, encode


class Shape:
    def __init__(self, write, read):
        self.write, self.read = write, read

    def encode(self, value):
        """JSON -> canonical bytes."""
        return encode(self.write(value))

    def decode(self, data):
        """Canonical bytes -> JSON."""
        return self.read(decode(data))


def _same(value):
    return value


UINT = TEXT = Shape(_same, _same)
BYTES = ID = Shape(bytes.fromhex, bytes.hex)
# A flag is 0 or 1; an amount of stake stands in JSON as decimal digits.
FLAG = Shape(int, bool)
AMOUNT = Shape(int, str)


def _algorithm_1(value):
    algorithm, raw = value
    if algorithm != 1:
        raise ValueError("an unknown algorithm")
    return raw.hex()


# A key or signature: [algorithm, bytes], 1 = Ed25519.
KEY = SIGNATURE = Shape(lambda value: [1, bytes.fromhex(value)], _algorithm_1)


def struct(**fields):
    """Absent optional members are left out of the JSON."""

    def read(values):
        if len(values) != len(fields):
            raise ValueError("another number of fields")
        named = {name: shape.read(value) for (name, shape), value in zip(fields.items(), values)}
        return {name: value for name, value in named.items() if value is not None}

    return Shape(lambda value: [shape.write(value.get(name)) for name, shape in fields.items()], read)


def optional(shape):
    return Shape(lambda value: [] if value is None else [shape.write(value)],
                 lambda value: shape.read(value[0]) if value else None)


def list_of(shape):
    return Shape(lambda values: [shape.write(value) for value in values],
                 lambda values: [shape.read(value) for value in values])


def tuple_of(*shapes):
    return Shape(lambda values: [shape.write(value) for shape, value in zip(shapes, values)],
                 lambda values: [shape.read(value) for shape, value in zip(shapes, values)])


def choice(numbers):
    """A word in JSON, its number in the bytes."""
    words = {number: word for word, number in numbers.items()}
    return Shape(numbers.__getitem__, words.__getitem__)


def literal(constant):
    def read(value):
        if value != constant:
            raise ValueError(f"expected {constant!r}")
        return None  # says nothing, so it has no member in JSON

    return Shape(lambda _value: constant, read)
