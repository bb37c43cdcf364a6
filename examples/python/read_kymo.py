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
from functools import lru_cache
from itertools import accumulate

MAGIC, HEADER, MAX_PAYLOAD = b"\x89KYM", 48, 1 << 20
NAME = re.compile(r"[A-Za-z][A-Za-z0-9_.-]{0,63}")
SPACE = "".join(c for c in map(chr, range(0x3001)) if c.isspace() and c not in "\x1c\x1d\x1e\x1f\x85") + "\ufeff"
CLOCKS, KINDS = ("monotonic", "unix", "relative"), ("plain", "angle", "quaternion")
TYPES = ("f64", "f32", "i32", "i64", "enum", "text")
LOSSES = ("overflow worker-lost wasm-trap invalid-value late paused stopped no-consent redacted quota storage-error "
          "evicted corrupt").split()
ARRAYS = (("d", 8, (0, 2, 3, 4)), ("f", 4, (0, 2, 4)), ("i", 4, (0, 1)), ("q", 8, (0, 1)))  # code, size, modes
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
              "gap_count:uint64 gaps:[Gap] rate_hz:double resampled_hz:double",
    "Chunk": "session_id:SessionId! started_at_ns:int64 seq:uint journey_id:string labels:[ubyte] streams:[Stream] "
             "clock:ClockSnapshot metadata:[ubyte] final:ubyte ended_less_clock_ns:int64 labels_revision:uint marks:[Mark] "
             "epoch:uint amendment:ubyte earlier_clocks:[ClockSnapshot] format_version:ushort required_features:uint64",
}.items()}
SCALARS = [name for name, (_, _, members) in INLINE.items() if not members]


def require(condition, text, code="malformed"):
    """Refuses a frame, chunk or column, with the document's code, unless the condition holds."""
    if not condition:
        raise ValueError(f"{code}: {text}")


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
        require(data[4:8] == b"KYMO", "identifier is not KYMO")
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
        return self.data[start:start + size].decode()

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


class Column:
    """Decodes one coded column."""

    def __init__(self, data):
        self.data, self.at = data, 0

    def take(self, size):
        """The next bytes."""
        start, self.at = self.at, self.at + size
        require(self.at <= len(self.data), f"column ends at {len(self.data)}", "truncated")
        return self.data[start:self.at]

    def varint(self, limit):
        """A LEB128 number in its shortest form."""
        value, shift, byte = 0, 0, 128
        while byte >= 128:
            byte = self.take(1)[0]
            value |= (byte & 127) << shift
            shift += 7
            require(value <= limit and shift <= 70 and (byte or shift == 7), "varint")
        return value

    def integers(self, count):
        """The integer payload: signed 64-bit integers and the exponent. Eight residuals fill `width` bytes."""
        exponent, order = divmod(self.take(1)[0], 4)
        require(order <= min(2, count), f"delta order {order}")
        heads = [self.varint((1 << 64) - 1) for _ in range(order)]
        codes = []
        for left in range(count - order, 0, -128):
            size, width = min(left, 128), self.take(1)[0]
            require(width <= 64, f"width {width}")
            data, mask, shifts = self.take((size * width + 7) // 8), (1 << width) - 1, range(0, 8 * width, width or 1)
            groups = [int.from_bytes(data[i:i + width], "little") for i in range(0, len(data), width or 1)]
            require(not groups or groups[-1] >> ((size - 1) % 8 + 1) * width == 0, "bits past the last residual")
            codes += [group >> shift & mask for group in groups for shift in shifts][:size] if width else [0] * size
        values = [code >> 1 ^ -(code & 1) for code in codes]
        for head in reversed(heads):
            values = accumulate(values, initial=head >> 1 ^ -(head & 1))
        return [(v + (1 << 63) & (1 << 64) - 1) - (1 << 63) for v in values], exponent

    def decode(self, array):
        """The values of a column that must have the given array type."""
        head, count = self.take(1)[0], self.varint(1 << 24)
        (code, size, modes), mode = ARRAYS[array], head >> 2
        require(head & 3 == array and mode in modes, f"array type or mode of {head:#04x}")
        if mode == 0:
            planes, plain, exponent = self.take(count * size), bytearray(count * size), 0
            for i in range(size):
                plain[i::size] = planes[i * count:(i + 1) * count]
        else:
            values, exponent = self.integers(count)
        require(self.at == len(self.data), f"{len(self.data) - self.at} bytes behind the column")
        require(exponent <= ((17, 10)[array] if mode == 2 else 0), f"exponent {exponent}")
        if mode:
            bound = 1 << (53 if mode == 2 else 31 if mode == 3 or size == 4 else 63)
            require(all((mode == 2) - bound <= v < bound for v in values), "integer does not fit its mode")
            pack = code if mode in (1, 2) else "i" if mode == 3 or size == 4 else "q"
            plain = struct.pack(f"<{count}{pack}", *((v / 10.0 ** exponent for v in values) if mode == 2 else values))
        return struct.unpack(f"<{count}{'f' if mode == 3 else code}", plain)


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
    stream["clock"] = CLOCKS[stream["clock"]]
    stream["lost"] = {LOSSES[loss["reason"]]: loss["frames"] for loss in losses}
    for channel in stream["channels"]:
        read_channel(channel, frames)
    stream["produced"] = stream["first_frame"] + frames
    stream["ingested"] = stream["produced"] + stream["ingested_less_produced"]
    stream["received"] = stream["ingested"] + sum(loss["frames"] for loss in losses) + stream["pending"]


def packed_texts(data):
    """Texts one after the other, each as its length in bytes and its UTF-8."""
    column, texts = Column(data or b""), []
    while column.at < len(column.data):
        texts.append(bytes(column.take(column.varint((1 << 21) - 1))).decode())
    return texts


def read_chunk(payload, **frame):
    """A payload as a dictionary: the schema's fields, columns decoded; `frame` is what the frame says of it."""
    buffer = FlatBuffer(payload)
    chunk = buffer.table("Chunk", buffer.value("uint", 0))
    require(chunk["format_version"] == 1, "format version")
    require(chunk["required_features"] == 0, "required features", "required-feature")
    for key, value in frame.items():
        require(chunk[key] == value, f"{key} differs from that of the frame")
    chunk["session_id"] = str(uuid.UUID(bytes=chunk["session_id"]))
    chunk["labels"], chunk["metadata"] = packed_texts(chunk["labels"]), packed_texts(chunk["metadata"])
    words, texts = chunk["metadata"], chunk["labels"] + [chunk["journey_id"] or "none"]
    require(len(words) % 2 == 0 and len(words) <= 64 and chunk["journey_id"] != "", "number of metadata or journey")
    chunk["metadata"] = dict(zip(words[::2], words[1::2]))
    require(len(texts) <= 33 and all(2 <= len(text.encode("utf-16-le")) <= 128 for text in texts), "label or journey")
    require(not (chunk["amendment"] and (chunk["streams"] or chunk["marks"])), "amendment with streams or marks")
    for items in (chunk["streams"], *(stream["channels"] for stream in chunk["streams"])):
        names = {item["name"] for item in items}
        require(len(names) == len(items) <= 64 and all(map(NAME.fullmatch, names)), "names of streams or channels")
    for stream in chunk["streams"]:
        read_stream(stream)
    for mark in chunk["marks"]:
        require(all(item["flag"] <= 2 for item in mark["properties"]), "flag of a property")
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
    require(len(data) - at >= HEADER, "header", "truncated")
    magic, version, flags, size, epoch, session, seq, reserved, crc = struct.unpack_from("<4sHHII16sIII", data, at)
    start, end = at + HEADER, sound_end(data, at)
    require(magic == MAGIC, "magic", "not-kymo")
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
            require(chunk["session_id"] == next(iter(chunks), (chunk["session_id"],))[0], "chunk of another session")
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
