#!/usr/bin/env python3
"""Reads a Kymograph file (.kymo): FILE [--stream NAME] prints frames as CSV, FILE --json what each chunk says.

Written from docs/format.md and src/wire/chunk.fbs alone. Exit codes: 0 fine, 1 something was skipped, 2 wrong usage.
"""
import argparse
import json
import math
import re
import struct
import sys
import uuid
from array import array
from bisect import bisect_right
from functools import lru_cache
from itertools import accumulate

MAGIC, HEADER, MAX_PAYLOAD, MAX_DECODED, MAX_COUNT = b"\x89KYM", 48, 1 << 20, 64 << 20, (1 << 53) - 1
NAME = re.compile(r"[A-Za-z][A-Za-z0-9_.-]{0,63}")
SPACE = "".join(c for c in map(chr, range(0x3001)) if c.isspace() and c not in "\x1c\x1d\x1e\x1f\x85") + "\ufeff"
CLOCKS, KINDS = ("monotonic", "unix", "relative"), ("plain", "angle", "quaternion")
METHODS, QUALITIES = ("linear", "sinc", "cubic", "hold"), ("standard", "fast", "best")
TYPES, VALUE_BYTES = ("f64", "f32", "i32", "i64", "enum", "text"), (8, 4, 4, 8, 4, 4)
COUNTS = ("first_frame produced ingested received invalid_values repeated_timestamps backward_timestamps gap_count "
          "coded_bytes").split()
LOSSES = ("overflow worker-lost wasm-trap invalid-value late paused stopped no-consent redacted quota storage-error "
          "evicted corrupt").split()
RAW, BITS, DECIMAL, MULTIPLE, SINGLE, SCALED_SINGLE, PRINTED_SINGLE, HALVES = range(8)
NEGATIVE_ZERO, PATCHED, STEPS = 32, 64, 128
ARRAYS = (  # array types: code of a value, code of its bit pattern, modes
    ("d", "Q", range(8)), ("f", "I", range(4)), ("i", "I", range(2)), ("q", "Q", (RAW, BITS, HALVES)))
WEIGHTS = (0, 4096, 2497, 1522, 928, 565, 345, 210, 128, 78, 48, 29, 18, 11, 7, 4)
POWERS = [float(f"1e{m}") for m in range(-13, 14)]
INLINE = {  # scalars and structs: layout, alignment, names of a struct's members
    "ubyte": ("<B", 1, ()), "char": ("<B", 1, ()), "ushort": ("<H", 2, ()), "uint": ("<I", 4, ()),
    "int": ("<i", 4, ()), "int64": ("<q", 8, ()), "uint64": ("<Q", 8, ()), "double": ("<d", 8, ()),
    "SessionId": ("<16s", 1, ()), "ClockSnapshot": ("<qq", 8, ("monotonic_ns", "wall_ns")),
    "Gap": ("<qq", 8, ("start_ns", "end_ns")), "Loss": ("<B7xQ", 8, ("reason", "frames")),
}
TABLES = {name: [field.split(":") for field in fields.split()] for name, fields in {  # chunk.fbs; "!" is required
    "Property": "key:string! text:string number:double flag:ubyte",
    "Mark": "name:string! clock:ClockSnapshot! properties:[Property]",
    "Channel": "name:string! column:[ubyte] type:ubyte unit:string validity:[ubyte] values:[string] "
               "dictionary:[string] kind:ubyte precision:double original_name:string",
    "Stream": "name:string! channels:[Channel]! time:[ubyte] first_frame:uint64 frame_count:uint unit:string "
              "coded_bytes:uint64 effective_rate_hz:double clock:ubyte ingested_less_produced:int64 pending:uint64 "
              "lost:[Loss] invalid_values:uint64 repeated_timestamps:uint64 backward_timestamps:uint64 "
              "gap_count:uint64 gaps:[Gap] rate_hz:double resampled_hz:double resample_method:ubyte "
              "resample_quality:ubyte",
    "Chunk": "session_id:SessionId! started_at_ns:int64 seq:uint journey_id:string labels:[ubyte] streams:[Stream] "
             "clock:ClockSnapshot metadata:[ubyte] final:ubyte ended_less_clock_ns:int64 labels_revision:uint marks:[Mark] "
             "epoch:uint amendment:ubyte earlier_clocks:[ClockSnapshot] format_version:ushort required_features:uint64 tail_ns:uint64",
}.items()}
SCALARS = [name for name, (_, _, members) in INLINE.items() if not members]


def require(condition, text, code="malformed"):
    """Refuses a frame, chunk or column, with the document's code, unless the condition holds."""
    if not condition:
        raise ValueError(f"{code}: {text}")


def utf8(data):
    """The text of some bytes; a leading U+FEFF is part of it."""
    try:
        return data.decode()
    except UnicodeDecodeError as error:
        raise ValueError(f"ill-formed-text: {error}") from error


CRC_TABLE = list(range(256))
for _ in range(8):
    CRC_TABLE = [(c >> 1) ^ (0x82F63B78 if c & 1 else 0) for c in CRC_TABLE]


def crc32c(data):
    """Castagnoli checksum of some bytes."""
    crc, table = 0xFFFFFFFF, CRC_TABLE
    for byte in data:
        crc = table[(crc ^ byte) & 255] ^ (crc >> 8)
    return crc ^ 0xFFFFFFFF


class FlatBuffer:
    """Verifies a buffer while turning it into dictionaries, lists, bytes and strings."""

    def __init__(self, data):
        require(len(data) >= 8, "payload", "truncated")
        require(data[4:8] == b"KYMO", "identifier is not KYMO", "not-kymo")
        self.data, self.budget = data, len(data)

    def inside(self, at, size, align, cost):
        """Requires a place to be aligned and in the buffer; what shares or circles costs more than there is."""
        self.budget -= cost
        require(at % align == 0 and 0 <= at <= len(self.data) - size and self.budget >= 0, f"FlatBuffer at {at}")

    def value(self, kind, at):
        """What stands at a position, or where the offset there leads to."""
        if kind in INLINE:
            layout, align, names = INLINE[kind]
            self.inside(at, struct.calcsize(layout), align, 0)
            values = struct.unpack_from(layout, self.data, at)
            return dict(zip(names, values)) if names else values[0]
        offset = self.value("uint", at)
        require(offset > 0, f"offset at {at}")
        kind = "[char]" if kind == "string" else kind
        return self.vector(kind[1:-1], at + offset) if kind[0] == "[" else self.table(kind, at + offset)

    def vector(self, kind, at):
        """A vector: bytes, a list, or a string, which has a zero behind it."""
        start, count, zero = at + 4, self.value("uint", at), int(kind == "char")
        layout, align, _ = INLINE.get(kind, INLINE["uint"])
        size = count * struct.calcsize(layout)
        self.inside(start, size + zero, align, size + 4 + zero)
        if kind == "ubyte":
            return self.data[start:start + size]
        if kind != "char":
            return [self.value(kind, item) for item in range(start, start + size, struct.calcsize(layout))]
        require(self.data[start + size] == 0, f"string at {at} does not end with zero")
        return utf8(self.data[start:start + size])

    def table(self, kind, at):
        """A table: a dictionary with a key per field of the schema; None, [] or the default where nothing is there."""
        vtable = at - self.value("int", at)
        known, size = self.value("ushort", vtable), self.value("ushort", vtable + 2)
        require(known >= 4 and known % 2 == 0 and size >= 4, f"vtable at {vtable}")
        self.inside(vtable, known, 2, 0)
        self.inside(at, size, 4, size)
        result = {}
        for slot, (name, declared) in enumerate(TABLES[kind], 2):
            field = declared.rstrip("!")
            offset = self.value("ushort", vtable + 2 * slot) if 2 * slot < known else 0
            width = struct.calcsize(INLINE.get(field, INLINE["uint"])[0])
            require(4 <= offset <= size - width or offset == 0 and field == declared, f"{kind}.{name} in its table")
            listed = field[0] == "[" and field != "[ubyte]"
            empty = [] if listed else int(name == "format_version") if field in SCALARS else None
            result[name] = self.value(field, at + offset) if offset else empty
        return result


def leb128(digits, bits, limit):
    """A number in its shortest form, so many bits a digit, low bits first; the bit above is set in all but the last."""
    value = shift = 0
    for digit in digits:
        value |= (digit & (1 << bits) - 1) << shift
        require(value <= limit and limit >> shift and (digit or not shift), "number too large or not at its shortest")
        shift += bits
        if digit >> bits == 0:
            return value


def zigzag(code):
    """The integer a code stands for."""
    return code >> 1 ^ -(code & 1)


def recast(values, code, into):
    """Values of one type as those of another whose bytes are the same; floats are rounded to their type before."""
    return struct.unpack(f"<{len(values)}{into}", struct.pack(f"<{len(values)}{code}", *array(code, values)))


def in_order(pattern, code):
    """A bit pattern as the integer in the order of the floats, and back; those of integers stay what they are."""
    top = 1 << 8 * struct.calcsize(code) - 1
    return pattern ^ top - 1 if pattern & top and code in "fd" else pattern


def widened(pattern):
    """The pattern of the 64-bit float that equals a 32-bit one; NaN keeps sign and fraction."""
    if pattern & 0x7FFFFFFF > 0x7F800000:
        return pattern >> 31 << 63 | 0x7FF << 52 | (pattern & 0x7FFFFF) << 29
    return recast(recast([pattern], "I", "f"), "d", "Q")[0]


def printed(x, digits):
    """What a 32-bit float, printed with so many significant digits, reads as."""
    if not POWERS[0] <= abs(x) < POWERS[-1]:
        return x if x == 0 else math.nan
    if digits == 0:
        return next(value for value in (printed(x, d) for d in (6, 7, 8, 9)) if array("f", [value])[0] == x)
    s = digits - 1 - (bisect_right(POWERS, abs(x)) - 14)
    power = float(10 ** abs(s))
    return math.copysign(round(abs(x) * power) / power if s >= 0 else round(abs(x) / power) * power, x)


def scaled(integer, mode, parameter, has_negative_zero):
    """The value of an integer in DECIMAL or MULTIPLE."""
    if has_negative_zero and integer < 0:
        return -scaled(-1 - integer, mode, parameter, False)
    return integer / 10.0 ** parameter if mode == DECIMAL else integer * parameter


@lru_cache
def class_symbols(split):
    """For each symbol of CLASSES its lowest code and how many extra bits there are."""
    h = max(0, split - 1)
    ranges = [((1 << h | below) << high - h, high - h) for high in range(split, 32) for below in range(1 << h)]
    return [(code, 0) for code in range(1 << split)] + ranges


def state_table(weights, log):
    """For each of the 2^log states its symbol, how many bits lead to the next state, and that state if they are 0."""
    states, counts, symbols, place, table = 1 << log, [WEIGHTS[weight] for weight in weights], {}, 0, []
    x = [count and max(1, (count * states + sum(counts) // 2) // sum(counts)) for count in counts]  # frequencies
    while sum(x) != states:
        x[x.index(max(x))] += max(-1, states - sum(x))
    for symbol, frequency in enumerate(x):
        for _ in range(frequency):
            symbols[place] = symbol
            place = (place + (states >> 1) + (states >> 3) + 3) % states
    for _, symbol in sorted(symbols.items()):
        bits = log + 1 - x[symbol].bit_length()
        table.append((symbol, bits, (x[symbol] << bits) - states))
        x[symbol] += 1
    return table


class Bytes:
    """Bytes read one after the other; `short` is the code where they end early."""

    def __init__(self, data, short="truncated"):
        self.data, self.at, self.half, self.short = data, 0, 0, short

    def take(self, size):
        """The next bytes."""
        start, self.at = self.at, self.at + size
        require(self.at <= len(self.data), f"ends early, after {len(self.data)} bytes", self.short)
        return self.data[start:self.at]

    def byte(self):
        """The next byte."""
        return self.take(1)[0]

    def varint(self, bits=32):
        """A LEB128 number in its shortest form."""
        return leb128(iter(self.byte, None), 7, (1 << bits) - 1)

    def nibbles(self):
        """Half bytes, the low one first; `half` is what is left over of the last byte."""
        while True:
            self.half, low = divmod(self.byte(), 16)
            yield low
            high, self.half = self.half, 0
            yield high


class Column(Bytes):
    """Decodes one coded column."""

    def decode(self, array_type):
        """The values of a column that must have the given array type."""
        head, count = self.byte(), self.varint(25)
        code, pattern_code, _ = ARRAYS[array_type]
        require(head & 3 == array_type and count <= 1 << 24, f"array type of {head:#04x} or count {count}")
        if head == array_type:  # RAW without flags
            planes = [self.take(count) for _ in range(struct.calcsize(code))]
            patterns = [int.from_bytes(value, "little") for value in zip(*planes)]
        else:
            patterns = self.body(head, count)
        require(self.at == len(self.data), f"{len(self.data) - self.at} bytes behind the column")
        return recast(patterns, pattern_code, code)

    def body(self, head, count):
        """The bit patterns of the values in a mode other than RAW."""
        (code, _, modes), mode, flags = ARRAYS[head & 3], head >> 2 & 7, head >> 5 << 5
        size, is_scaled = struct.calcsize(code), mode in (DECIMAL, MULTIPLE)
        known = PATCHED | NEGATIVE_ZERO * is_scaled | STEPS * ((is_scaled or mode == BITS) and size == 8 and count > 1)
        require(mode in modes[1:] and flags & ~known == 0 and count > 0, f"head {head:#04x} with {count} values")
        parameter = self.parameter(mode)
        patches = self.patches(count, size) if flags & PATCHED else {}
        if mode in (SINGLE, SCALED_SINGLE, PRINTED_SINGLE):
            patterns = self.singles(mode, count, parameter)
        else:
            patterns = self.integers(head, count, parameter, patches)
        return [patches.get(i, pattern) for i, pattern in enumerate(patterns)]

    def parameter(self, mode):
        """The parameter of a mode, None where it has none."""
        if mode in (MULTIPLE, SCALED_SINGLE):
            parameter, = struct.unpack("<d", self.take(8))
            require(0 < parameter < math.inf, f"parameter {parameter}")
            return parameter
        parameter = self.byte() if mode in (DECIMAL, PRINTED_SINGLE) else None
        require(mode != DECIMAL or parameter <= 17, f"exponent {parameter}")
        require(mode != PRINTED_SINGLE or parameter in (0, 9, 10), f"{parameter} digits")
        return parameter

    def patches(self, count, size):
        """The bit patterns that take the place of decoded ones, by position."""
        patches, position, number = {}, -1, self.varint()
        require(1 <= number <= count, f"{number} patches")
        for _ in range(number):
            position += 1 + self.varint()
            require(position < count, "patch past the last value")
            patches[position] = int.from_bytes(self.take(size), "little")
        return patches

    def singles(self, mode, count, parameter):
        """The bit patterns of 64-bit floats that come from a column of 32-bit floats."""
        head = self.byte()
        require(head & 3 == 1, f"array type of {head:#04x}")
        patterns = self.body(head, count)
        if mode == SINGLE:
            return map(widened, patterns)
        singles = recast(patterns, "I", "f")
        if mode == PRINTED_SINGLE:
            return recast([printed(x, parameter) for x in singles], "d", "Q")
        return recast([x * parameter if x == x else math.nan for x in singles], "d", "Q")

    def integers(self, head, count, parameter, patches):
        """The bit patterns that come from words or integers."""
        (code, pattern_code, _), mode = ARRAYS[head & 3], head >> 2 & 7
        half = 1 << 8 * struct.calcsize(code) - 1
        if mode == HALVES:
            integers = [high << 32 | low for high, low in zip(self.words(count, True), self.words(count))]
        elif half == 1 << 31:
            integers = self.words(count)
        elif head & STEPS:
            integers = self.steps(count, {i: in_order(x, code) for i, x in patches.items()} if mode == BITS else {})
        else:
            first = zigzag(self.varint(64))
            integers = [first + word for word in self.words(count)]
        if mode in (BITS, HALVES):
            return [in_order(integer & 2 * half - 1, code) for integer in integers]
        integers = [(integer + half & 2 * half - 1) - half for integer in integers]  # signed
        require(all(abs(integer) < 1 << 53 for integer in integers), "integer of 2^53 or more")
        return recast([scaled(k, mode, parameter, head & NEGATIVE_ZERO) for k in integers], code, pattern_code)

    def steps(self, count, patches):
        """Integers that are sums of steps and go on from patches."""
        integers, step = [zigzag(self.varint(64))], zigzag(self.varint(64))
        integers[0] = patches.get(0, integers[0])
        for i, word in enumerate(self.words(count - 1), 1):
            integers.append(patches.get(i, integers[-1] + step + word))
        return integers

    def words(self, count, more=False):
        """Words in groups, unsigned; `more` if there are others behind them."""
        words = []
        for left in range(count, 0, -1024):
            plan, n = self.byte(), min(left, 1024)
            order, coder = plan & 3, plan >> 2 & 3
            require(plan < 64 and order <= n and (order < n or coder == 0), f"plan {plan:#04x}")
            length = self.varint(16) if more or left > 1024 else len(self.data) - self.at
            words += Group(self.take(length), "malformed").words(plan, n)
        return words


class Group(Bytes):
    """Decodes the content of one group."""

    def words(self, plan, n):
        """Its words, unsigned."""
        heads = [zigzag(self.varint()) for _ in range(plan & 3)]
        step = self.varint() if plan & 32 else 1
        centre = zigzag(self.varint()) if plan & 16 else 0
        codes = (self.constant, self.packed, self.classes, self.dictionary)[plan >> 2 & 3](n - len(heads))
        require(self.at == len(self.data), "bytes left over in a group")
        words = [(zigzag(code) + centre) * step for code in codes]
        if len(heads) == 3:
            heads[2] -= heads[1]  # a difference of order 2
        for head in reversed(heads):
            words = accumulate(words, initial=head)
        return [word & (1 << 32) - 1 for word in words]

    def constant(self, m):
        """CONSTANT: all codes are 0."""
        return [0] * m

    def packed(self, m):
        """PACKED: blocks of one width."""
        return [code for left in range(m, 0, -128) for code in self.block(min(left, 128))]

    def block(self, size):
        """The codes of a block: four lanes if it is full, else one string of bits."""
        has_exceptions, width = divmod(self.byte(), 128)
        require(width <= 32, f"width {width}")
        data, lanes = self.take((size * width + 7) // 8), 4 if size == 128 else 1
        parts = [data[i:i + 4] for i in range(0, len(data), 4)]
        strings = [int.from_bytes(b"".join(parts[lane::lanes]), "little") for lane in range(lanes)]
        require(strings[0] >> size // lanes * width == 0, "bits past the last code")
        codes = [strings[i % lanes] >> i // lanes * width & (1 << width) - 1 for i in range(size)]
        number, position = self.byte() if has_exceptions else 0, -1
        require(number or not has_exceptions, "no exceptions")
        for _ in range(number):
            before, position, above = position, self.byte(), self.varint()
            require(before < position < size and 0 < above << width < 1 << 32, "exception")
            codes[position] |= above << width
        return codes

    def classes(self, m):
        """CLASSES: symbols are ranges of codes."""
        split, number = self.take(2)
        require(split <= 4 and 1 <= number <= len(class_symbols(split)), f"{number} symbols of split {split}")
        return self.codes(m, self.weights(number), class_symbols(split))

    def dictionary(self, m):
        """DICTIONARY: symbols are single codes."""
        number, nibbles = self.byte(), self.nibbles()
        gaps = [leb128(nibbles, 3, (1 << 32) - 1) for _ in range(number)]
        require(number > 0 and self.half == 0, "no symbols, or half a byte left over")
        integers = list(accumulate(gaps[1:], lambda r, gap: r + gap + 1, initial=zigzag(gaps[0])))
        require(integers[-1] < 1 << 31, "integer above 2^31 - 1")
        return self.codes(m, self.weights(number), [(r << 1 ^ r >> 31, 0) for r in integers])

    def weights(self, number):
        """The weights of so many symbols, 0 of those that do not occur."""
        nibbles, weights = self.nibbles(), []
        while len(weights) < number:
            weight = next(nibbles)
            weights += [weight] if weight else [0] * (1 + next(nibbles))
        require(len(weights) == number and weights[-1] > 0 and self.half == 0, "weights")
        return weights

    def codes(self, m, weights, symbols):
        """The codes of coded symbols; of each symbol the lowest code and the number of extra bits are given."""
        log = min(max((m - 1).bit_length(), 5), 9)
        require(sum(weight > 0 for weight in weights) <= 1 << log - 1, "more symbols than half the states")
        data, at, codes, table = self.take(len(self.data) - self.at), log, [], state_table(weights, log)
        string = int.from_bytes(data, "little")
        state = string & (1 << log) - 1
        for _ in range(m):
            symbol, bits, following = table[state]
            code, extra = symbols[symbol]
            codes.append(code | string >> at & (1 << extra) - 1)
            state = following + (string >> at + extra & (1 << bits) - 1)
            at += extra + bits
        require(0 <= 8 * len(data) - at < 8 and string >> at == 0 and state == 0, "bits left over, or the last state")
        return codes


def read_channel(channel, frames):
    """Checks a channel and replaces its coded column by `cells`, one per frame, None where absent."""
    kind, column, validity, dictionary = (channel.pop(key) for key in ("type", "column", "validity", "dictionary"))
    require(kind < len(TYPES) and channel["kind"] < len(KINDS), "type or kind of channel")
    require((column is None) == (frames == 0), "column")
    channel["type"], channel["kind"] = TYPES[kind], KINDS[channel["kind"]]
    values = [] if column is None else Column(column).decode((0, 1, 2, 3, 2, 2)[kind])
    if kind >= 4:
        strings = channel["values"] if kind == 4 else dictionary
        require(all(0 <= v < len(strings) for v in values), "index outside its strings")
        values = [strings[v] for v in values]
    if validity is not None:
        bits, present, size = int.from_bytes(validity, "little"), iter(values), (frames + 7) // 8
        require((len(validity), bits.bit_count()) == (size, len(values)) and bits >> frames == 0, "validity")
        values = [next(present) if bit == "1" else None for bit in f"{bits:0{frames}b}"[::-1][:frames]]
    require(len(values) == frames, "number of values")
    channel["cells"] = values


def read_stream(stream):
    """Checks a stream, decodes its columns and adds the counts that follow from others."""
    frames, coded, losses = stream["frame_count"], stream["time"], stream["lost"]
    stream["time"] = [] if coded is None else Column(coded).decode(3)
    require((coded is None) == (frames == 0) and len(stream["time"]) == frames, "time column")
    require(stream["clock"] < len(CLOCKS) and all(loss["reason"] < len(LOSSES) for loss in losses), "clock or loss")
    require(len({loss["reason"] for loss in losses}) == len(losses), "loss of one reason twice")
    require(len(stream["channels"]) > 0, "no channels")
    rates = [stream[key] for key in ("effective_rate_hz", "rate_hz", "resampled_hz")]
    require(all(0 <= x < math.inf for x in rates + [channel["precision"] for channel in stream["channels"]]), "rate or precision")
    stream["clock"] = CLOCKS[stream["clock"]]
    method, quality = stream["resample_method"], stream["resample_quality"]
    require(method < len(METHODS) and quality < len(QUALITIES), "method or quality of resampling")
    stream["resample_method"] = METHODS[method] if stream["resampled_hz"] else None
    stream["resample_quality"] = QUALITIES[quality] if stream["resampled_hz"] and METHODS[method] == "sinc" else None
    stream["lost"] = {LOSSES[loss["reason"]]: loss["frames"] for loss in losses}
    for channel in stream["channels"]:
        read_channel(channel, frames)
    stream["produced"] = stream["first_frame"] + frames
    stream["ingested"] = stream["produced"] + stream["ingested_less_produced"]
    stream["received"] = stream["ingested"] + sum(loss["frames"] for loss in losses) + stream["pending"]
    counts = [stream[key] for key in COUNTS] + [loss["frames"] for loss in losses]
    require(all(0 <= count <= MAX_COUNT for count in counts), "a count")


def packed_texts(data):
    """Texts one after the other, each as its length in bytes and its UTF-8."""
    source, texts = Bytes(data or b"", "malformed"), []
    while source.at < len(source.data):
        texts.append(utf8(bytes(source.take(source.varint(21)))))
    return texts


def read_chunk(payload, **frame):
    """A payload as a dictionary: the schema's fields, columns decoded; `frame` is what the frame says of it."""
    buffer = FlatBuffer(payload)
    chunk = buffer.table("Chunk", buffer.value("uint", 0))
    require(chunk["format_version"] == 1, "format version", "version")
    require(chunk["required_features"] == 0, "required features", "required-feature")
    for key, value in frame.items():
        require(chunk[key] == value, f"{key} differs from that of the frame")
    chunk["session_id"] = str(uuid.UUID(bytes=chunk["session_id"]))
    chunk["labels"], chunk["metadata"] = packed_texts(chunk["labels"]), packed_texts(chunk["metadata"])
    words, texts = chunk["metadata"], chunk["labels"] + [chunk["journey_id"] or "none"]
    require(len(words) % 2 == 0 and len(words) <= 64 and chunk["journey_id"] != "", "number of metadata or journey")
    chunk["metadata"] = dict(zip(words[::2], words[1::2]))
    require(len(chunk["metadata"]) == len(words) // 2, "a key of metadata twice")
    require(len(texts) <= 33 and all(2 <= len(text.encode("utf-16-le")) <= 128 for text in texts), "label or journey")
    require(not (chunk["amendment"] and (chunk["streams"] or chunk["marks"])), "amendment with streams or marks")
    for items in (chunk["streams"], *(stream["channels"] for stream in chunk["streams"])):
        names = {item["name"] for item in items}
        require(len(names) == len(items) <= 64 and all(map(NAME.fullmatch, names)), "names of streams or channels")
    sizes = (stream["frame_count"] * (8 + sum(VALUE_BYTES[channel["type"]] for channel in stream["channels"]
                                              if channel["type"] < len(TYPES))) for stream in chunk["streams"])
    require(sum(sizes) <= MAX_DECODED, "frames take too much decoded", "too-large")
    for stream in chunk["streams"]:
        read_stream(stream)
    for mark in chunk["marks"]:
        require(all(item["flag"] <= 2 for item in mark["properties"]), "flag of a property")
        require(len({item["key"] for item in mark["properties"]}) == len(mark["properties"]), "a property twice")
        mark["properties"] = {item["key"]: (item["number"], False, True)[item["flag"]] if item["text"] is None
                              else item["text"] for item in mark["properties"]}
    return chunk


def sound_end(data, at):
    """First byte behind the frame at a position; -1 unless magic, version, length and checksum of its header hold."""
    header = data[at:at + HEADER]
    sound = header[:6] == MAGIC + b"\x01\x30" and crc32c(header[:44]) == int.from_bytes(header[44:], "little")
    return at + HEADER + (int.from_bytes(header[8:12], "little") + 7 & -8) if sound else -1


def read_frame(data, at):
    """The chunk of the frame at a position, and where the frame ends."""
    require(len(data) - at >= 4, "magic", "truncated")
    require(data[at:at + 4] == MAGIC, "magic", "not-kymo")
    require(len(data) - at >= HEADER, "header", "truncated")
    _, version, flags, size, epoch, session, seq, reserved, crc = struct.unpack_from("<4sHHII16sIII", data, at)
    start, end = at + HEADER, sound_end(data, at)
    require(version == 0x3001, "version or header length", "version")
    require(end > 0, "header", "crc-mismatch")
    require(flags >> 8 == 0, f"flags {flags:#x}", "required-feature")
    require(size <= MAX_PAYLOAD, f"payload of {size} bytes", "too-large")
    require(end <= len(data), "payload", "truncated")
    require(reserved == 0, "reserved bytes")
    payload = data[start:start + size]
    require(crc32c(payload) == crc, "payload", "crc-mismatch")
    require(not any(data[start + size:end]), "padding")
    return read_chunk(payload, session_id=session, epoch=epoch, seq=seq, final=flags & 1, amendment=flags >> 1 & 1), end


def read_file(data):
    """The chunks of a file, each once and in the file's order, and what was skipped."""
    chunks, skipped, at = {}, [], 0
    while at < len(data):
        try:
            chunk, end = read_frame(data, at)
            chunks.setdefault((chunk["session_id"], chunk["epoch"], chunk["seq"]), chunk)
        except ValueError as error:
            end = sound_end(data, at)
            if end != len(data) and (end < 0 or data[end:end + 4] != MAGIC):
                places = (match.start() for match in re.compile(MAGIC).finditer(data, at + 1))
                end = next((place for place in places if sound_end(data, place) > 0), len(data))
            skipped.append({"position": at, "bytes": end - at, "reason": str(error)})
        at = end
    return list(chunks.values()), skipped


def f64_text(value):
    """A 64-bit float as JavaScript writes it, but -0 as -0."""
    if not math.isfinite(value):
        return "NaN" if value != value else "Infinity" if value > 0 else "-Infinity"
    mantissa, _, exponent = repr(value).removesuffix(".0").partition("e")
    if not exponent:
        return mantissa
    sign, digits, point = "-" * (value < 0), mantissa.strip("-").replace(".", ""), int(exponent) + 1
    if -6 < point <= 21:
        return sign + (digits.ljust(point, "0") if point > 0 else f"0.{'0' * -point}{digits}")
    return f"{sign}{digits[0]}{'.' * (len(digits) > 1)}{digits[1:]}e{point - 1:+}"


@lru_cache(1 << 16)
def f32_text(value):
    """The shortest decimal that gives a finite 32-bit float other than 0 back."""
    for digits in range(9):  # below a power of two there is less room than above: try the middle of that, too
        for near in (abs(value), abs(value) * (1 + 2 ** -25)):
            candidate = float(f"{near:.{digits}e}")
            if candidate < 3.4028235677973366e38 and struct.unpack("<f", struct.pack("<f", candidate))[0] == abs(value):
                return f64_text(math.copysign(candidate, value))


def text_cell(text):
    """A text as a CSV cell; like `cat`, also quotes blanks at the ends and what could start a comment."""
    plain = text and text == text.strip(SPACE) and not re.search(r'[",\r\n]|^[#%]|^//', text)
    return text if plain else '"' + text.replace('"', '""') + '"'


WRITE = {"f64": f64_text, "i32": str, "i64": str, "enum": text_cell, "text": text_cell,
         "f32": lambda value: f32_text(value) if value and math.isfinite(value) else f64_text(value)}


def main():
    """The command line."""
    parser = argparse.ArgumentParser(description="Reads a Kymograph file.")
    parser.add_argument("file", type=argparse.FileType("rb"))
    parser.add_argument("--stream", help="stream to print; needed when there are several")
    parser.add_argument("--json", action="store_true", help="print what each chunk says instead of frames")
    options = parser.parse_args()
    chunks, findings = read_file(options.file.read())
    if not any(chunk["final"] for chunk in chunks):
        findings.append({"position": None, "bytes": 0, "reason": "no final chunk"})
    for finding in findings:
        print("at byte {position}, {bytes} bytes skipped: {reason}".format(**finding), file=sys.stderr)
    sys.stdout.reconfigure(encoding="utf-8", newline="\n")
    streams = [stream for chunk in chunks for stream in chunk["streams"]]
    names = dict.fromkeys(stream["name"] for stream in streams)
    if options.json:
        for item in [*streams, *(channel for stream in streams for channel in stream["channels"])]:
            item.pop("time", item.pop("cells", None))
        print(json.dumps({"chunks": chunks, "skipped": findings}, ensure_ascii=False, indent=2))
    elif options.stream in names or len(names) == 1 and options.stream is None:
        streams = [stream for stream in streams if options.stream in (None, stream["name"])]
        print("timestamp_ns", *(channel["name"] for channel in streams[0]["channels"]), sep=",")
        for stream in streams:
            columns = [["" if v is None else WRITE[c["type"]](v) for v in c["cells"]] for c in stream["channels"]]
            sys.stdout.writelines(",".join(row) + "\n" for row in zip(map(str, stream["time"]), *columns))
    elif names or not findings:
        parser.error("choose one with --stream: " + ", ".join(names))
    return 1 if findings else 0


if __name__ == "__main__":
    sys.exit(main())
