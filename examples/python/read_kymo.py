#!/usr/bin/env python3
"""Reads a Kymograph file (.kymo) with nothing but the standard library.

    python3 read_kymo.py FILE.kymo [--stream NAME]    frames as CSV
    python3 read_kymo.py FILE.kymo --json             what each chunk says, as one JSON document

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
from itertools import accumulate, chain

MAGIC, HEADER, MAX_PAYLOAD = b"\x89KYM", 48, 1 << 20
U64 = (1 << 64) - 1
NAME = re.compile(r"[A-Za-z][A-Za-z0-9_.-]{0,63}")
CLOCKS = ("monotonic", "unix", "relative")
TYPES = ("f64", "f32", "i32", "i64", "enum", "text")
KINDS = ("plain", "angle", "quaternion")
LOSSES = ("overflow", "worker-lost", "wasm-trap", "invalid-value", "late", "paused", "stopped", "no-consent",
          "redacted", "quota", "storage-error", "evicted", "corrupt")

# chunk.fbs. Fields in order of declaration; "!" is required, "[T]" a vector, "=d" a default other than 0.
STRUCTS = {  # layout, alignment, names of the members
    "SessionId": ("<16s", 1, ("bytes",)),
    "ClockSnapshot": ("<qq", 8, ("monotonic_ns", "wall_ns")),
    "Gap": ("<qq", 8, ("start_ns", "end_ns")),
    "Loss": ("<B7xQ", 8, ("reason", "frames")),
}
SCALARS = {"ubyte": "B", "ushort": "H", "uint": "I", "int64": "q", "uint64": "Q", "double": "d"}
TABLES = {name: [field.split(":") for field in fields.split()] for name, fields in {
    "Property": "key:string! text:string number:double flag:ubyte",
    "Mark": "name:string! clock:ClockSnapshot! properties:[Property]",
    "Channel": "name:string! column:[ubyte] type:ubyte unit:string validity:[ubyte] values:[string] "
               "dictionary:[string] kind:ubyte precision:double original_name:string",
    "Stream": "name:string! channels:[Channel]! time:[ubyte] first_frame:uint64 frame_count:uint unit:string "
              "coded_bytes:uint64 effective_rate_hz:double clock:ubyte ingested_less_produced:int64 pending:uint64 "
              "lost:[Loss] invalid_values:uint64 repeated_timestamps:uint64 backward_timestamps:uint64 "
              "gap_count:uint64 gaps:[Gap] rate_hz:double resampled_hz:double",
    "Chunk": "session_id:SessionId! started_at_ns:int64 seq:uint journey_id:string labels:[string] streams:[Stream] "
             "clock:ClockSnapshot metadata:[string] final:ubyte duration_ns:int64 labels_revision:uint marks:[Mark] "
             "epoch:uint amendment:ubyte earlier_clocks:[ClockSnapshot] format_version:ushort=1 "
             "required_features:uint64",
}.items()}


class Refused(Exception):
    """A frame, chunk or column breaks a rule; `code` is the document's."""

    def __init__(self, code, text):
        super().__init__(f"{code}: {text}")
        self.code = code


def require(condition, text, code="malformed"):
    """Refuses unless the condition holds."""
    if not condition:
        raise Refused(code, text)


def _crc_table():
    table = list(range(256))
    for _ in range(8):
        table = [(c >> 1) ^ (0x82F63B78 if c & 1 else 0) for c in table]
    return table


CRC_TABLE = _crc_table()


def crc32c(data):
    """Castagnoli checksum of some bytes."""
    crc, table = 0xFFFFFFFF, CRC_TABLE
    for byte in data:
        crc = table[(crc ^ byte) & 255] ^ (crc >> 8)
    return crc ^ 0xFFFFFFFF


# --- FlatBuffers ---------------------------------------------------------------------------------------------------


class FlatBuffer:
    """Verifies a buffer while turning it into dictionaries, lists, bytes and strings."""

    def __init__(self, data):
        self.data = data
        self.budget = len(data)
        require(len(data) >= 8 and data[4:8] == b"KYMO", "identifier is not KYMO")

    def scalar(self, code, at):
        """The number of a struct code at a position, which must be aligned."""
        size = struct.calcsize("<" + code)
        require(at % size == 0 and 0 <= at <= len(self.data) - size, f"scalar at {at}")
        return struct.unpack_from("<" + code, self.data, at)[0]

    def spend(self, size):
        """Counts reached bytes; offsets that share or circle run out of them."""
        self.budget -= size
        require(self.budget >= 0, "more bytes are reached than there are")

    def follow(self, at):
        """Where the forward offset at a position leads to."""
        offset = self.scalar("I", at)
        require(offset > 0, f"offset at {at}")
        return at + offset

    def struct(self, kind, at):
        """An inline struct."""
        layout, align, names = STRUCTS[kind]
        require(at % align == 0 and at + struct.calcsize(layout) <= len(self.data), f"struct at {at}")
        return dict(zip(names, struct.unpack_from(layout, self.data, at)))

    def vector(self, kind, at):
        """A vector: bytes for [ubyte], str for string, else a list."""
        count, start = self.scalar("I", at), at + 4
        if kind in STRUCTS:
            layout, align, _ = STRUCTS[kind]
            size = struct.calcsize(layout)
        else:
            size = align = 1 if kind in ("ubyte", "char") else 4
        end = start + count * size
        zero = 1 if kind == "char" else 0
        require(start % align == 0 and end + zero <= len(self.data), f"vector at {at}")
        self.spend(4 + count * size + zero)
        if kind == "ubyte":
            return self.data[start:end]
        if kind == "char":
            require(self.data[end] == 0, f"string at {at} does not end with zero")
            try:
                return str(self.data[start:end], "utf-8")
            except UnicodeDecodeError:
                raise Refused("ill-formed-text", f"string at {at} is not UTF-8") from None
        if kind in STRUCTS:
            return [self.struct(kind, start + i * size) for i in range(count)]
        return [self.reference(kind, start + i * size) for i in range(count)]

    def reference(self, kind, at):
        """The string, vector or table an offset leads to."""
        target = self.follow(at)
        if kind == "string":
            return self.vector("char", target)
        return self.vector(kind[1:-1], target) if kind[0] == "[" else self.table(kind, target)

    def table(self, kind, at):
        """A table as a dictionary with a key per field of the schema; None where there is no default."""
        vtable = at - self.scalar("i", at)
        vtable_size, size = self.scalar("H", vtable), self.scalar("H", vtable + 2)
        require(vtable_size >= 4 and vtable_size % 2 == 0 and vtable + vtable_size <= len(self.data), "vtable")
        require(size >= 4 and at + size <= len(self.data), f"table at {at}")
        self.spend(size)
        result = {}
        for index, (name, declared) in enumerate(TABLES[kind]):
            field, _, default = declared.rstrip("!").partition("=")
            slot = 4 + 2 * index
            offset = self.scalar("H", vtable + slot) if slot + 2 <= vtable_size else 0
            if offset == 0:
                require(not declared.endswith("!"), f"{kind}.{name} is missing")
                result[name] = int(default or 0) if field in SCALARS else None
                continue
            layout = SCALARS.get(field) or STRUCTS.get(field, "I")[0]
            require(4 <= offset <= size - struct.calcsize(layout), f"{kind}.{name} lies outside its table")
            read = self.scalar if field in SCALARS else self.struct if field in STRUCTS else self.reference
            result[name] = read(SCALARS.get(field, field), at + offset)
        return result

    def root(self):
        """The chunk."""
        return self.table("Chunk", self.follow(0))


# --- Columns -------------------------------------------------------------------------------------------------------


class Column:
    """Decodes one coded column."""

    ARRAYS = (("d", 8, {0, 2, 3, 4}), ("f", 4, {0, 2, 4}), ("i", 4, {0, 1}), ("q", 8, {0, 1}))

    def __init__(self, data):
        self.data = data
        self.at = 0

    def take(self, size):
        """The next bytes."""
        start, self.at = self.at, self.at + size
        require(self.at <= len(self.data), f"column ends at {len(self.data)}", "truncated")
        return self.data[start:self.at]

    def varint(self, limit):
        """A LEB128 number in its shortest form."""
        value = shift = 0
        while True:
            byte = self.take(1)[0]
            value |= (byte & 127) << shift
            shift += 7
            if byte < 128:
                break
            require(shift < 70, "varint is too long")
        require(value <= limit and (byte > 0 or shift == 7), "varint is too big or not in its shortest form")
        return value

    def integers(self, count):
        """The integer payload: signed 64-bit integers, and the exponent."""
        plan = self.take(1)[0]
        order, exponent = plan & 3, plan >> 2
        require(order <= min(2, count), f"delta order {order}")
        heads = [unzigzag(self.varint(U64)) for _ in range(order)]
        codes = []
        for left in range(count - order, 0, -128):
            codes.extend(self.block(min(left, 128)))
        values = [(c >> 1) ^ -(c & 1) for c in codes]
        for head in reversed(heads):
            values = list(accumulate(values, initial=head))
        return [((v + (1 << 63)) & U64) - (1 << 63) for v in values], exponent

    def block(self, count):
        """The residuals of a block; eight of them fill as many bytes as one has bits."""
        width = self.take(1)[0]
        require(width <= 64, f"width {width}")
        if width == 0:
            return [0] * count
        data = self.take((count * width + 7) // 8)
        mask, shifts = (1 << width) - 1, range(0, 8 * width, width)
        groups = [int.from_bytes(data[i:i + width], "little") for i in range(0, len(data), width)]
        require(groups[-1] >> (((count - 1) % 8 + 1) * width) == 0, "bits past the last residual")
        return [group >> shift & mask for group in groups for shift in shifts][:count]

    def decode(self, array):
        """The values of a column that must have the given array type."""
        head = self.take(1)[0]
        code, size, modes = self.ARRAYS[head & 3]
        mode = head >> 2
        require(head & 3 == array, f"array type {head & 3} instead of {array}")
        require(mode in modes, f"mode {mode}")
        count = self.varint(1 << 24)
        layout = f"<{count}{code}"
        if mode == 0:
            planes = self.take(count * size)
            plain = bytearray(count * size)
            for i in range(size):
                plain[i::size] = planes[i * count:(i + 1) * count]
            values, exponent = struct.unpack(layout, plain), 0
        else:
            values, exponent = self.integers(count)
        require(self.at == len(self.data), f"{len(self.data) - self.at} bytes behind the column")
        require(mode == 2 or exponent == 0, "exponent outside DECIMAL")
        if mode == 2:
            require(exponent <= (17, 10)[array], f"exponent {exponent}")
            require(all(-1 << 53 < k < 1 << 53 for k in values), "integer outside DECIMAL")
            power = 10.0 ** exponent
            values = [k / power for k in values]
            return values if array == 0 else struct.unpack(layout, struct.pack(layout, *values))
        if mode == 0 or array == 3:
            return values
        if size == 4 or mode == 3:
            require(all(-1 << 31 <= v < 1 << 31 for v in values), "integer outside 32 bits")
        if mode == 1:
            return values
        bits, floats = ("i", "f") if mode == 3 or size == 4 else ("q", "d")
        return struct.unpack(f"<{count}{floats}", struct.pack(f"<{count}{bits}", *values))


def unzigzag(code):
    """Zigzag code to signed integer."""
    return (code >> 1) ^ -(code & 1)


# --- Chunks --------------------------------------------------------------------------------------------------------


def utf16(text):
    """Length in UTF-16 code units."""
    return len(text.encode("utf-16-le")) // 2


def read_channel(channel, frames):
    """Checks a channel and replaces its coded column by `cells`, one per frame, None where absent."""
    kind, column, validity = channel["type"], channel.pop("column"), channel.pop("validity")
    require(kind < len(TYPES) and channel["kind"] < len(KINDS), "type or kind of channel")
    channel["type"], channel["kind"] = TYPES[kind], KINDS[channel["kind"]]
    dictionary = channel.pop("dictionary") or []
    channel["cells"] = []
    if frames == 0:
        require(column is None, "column without frames")
        return
    require(column is not None, "column is missing")
    values = Column(column).decode((0, 1, 2, 3, 2, 2)[kind])
    if kind >= 4:
        strings = dictionary if kind == 5 else channel["values"] or []
        require(all(0 <= v < len(strings) for v in values), "index outside its strings")
        values = [strings[v] for v in values]
    if validity is not None:
        require(len(validity) == (frames + 7) // 8, "length of validity")
        bits = int.from_bytes(validity, "little")
        require(bits >> frames == 0, "spare bits of validity")
        require(bits.bit_count() == len(values), "number of present values")
        present = iter(values)
        values = [next(present) if bit == "1" else None for bit in f"{bits:0{frames}b}"[::-1]]
    require(len(values) == frames, "number of values")
    channel["cells"] = values


def read_stream(stream):
    """Checks a stream, decodes its columns and adds the counts that follow from others."""
    frames, coded = stream["frame_count"], stream["time"]
    require((coded is None) == (frames == 0), "time column")
    stream["time"] = [] if coded is None else Column(coded).decode(3)
    require(len(stream["time"]) == frames, "number of times")
    require(stream["clock"] < len(CLOCKS), "clock of stream")
    stream["clock"] = CLOCKS[stream["clock"]]
    for channel in stream["channels"]:
        read_channel(channel, frames)
    stream["lost"] = stream["lost"] or []
    require(all(loss["reason"] < len(LOSSES) for loss in stream["lost"]), "reason of loss")
    stream["produced"] = stream["first_frame"] + frames
    stream["ingested"] = stream["produced"] + stream["ingested_less_produced"]
    stream["received"] = stream["ingested"] + sum(loss["frames"] for loss in stream["lost"]) + stream["pending"]
    stream["lost"] = {LOSSES[loss["reason"]]: loss["frames"] for loss in stream["lost"]}


def check_names(items, most, what):
    """Names of streams or channels."""
    names = [item["name"] for item in items]
    require(len(names) <= most, f"too many {what}")
    require(all(NAME.fullmatch(name) for name in names) and len(set(names)) == len(names), f"names of {what}")


def read_chunk(payload, frame):
    """A payload as a dictionary: the schema's fields, columns decoded."""
    chunk = FlatBuffer(payload).root()
    chunk["session_id"] = str(uuid.UUID(bytes=chunk["session_id"]["bytes"]))
    for key in ("final", "amendment"):
        chunk[key] = bool(chunk[key])
    for key, value in frame.items():
        require(chunk[key] == value, f"{key} differs from that of the frame")
    require(chunk["format_version"] == 1, "format version")
    require(chunk["required_features"] == 0, "required features", "required-feature")
    for key in ("labels", "streams", "metadata", "marks", "earlier_clocks"):
        chunk[key] = chunk[key] or []
    words = chunk["metadata"]
    require(len(words) % 2 == 0 and len(words) <= 64, "number of metadata")
    chunk["metadata"] = dict(zip(words[::2], words[1::2]))
    require(len(chunk["labels"]) <= 32 and all(1 <= utf16(label) <= 64 for label in chunk["labels"]), "labels")
    require(chunk["journey_id"] is None or 1 <= utf16(chunk["journey_id"]) <= 64, "journey id")
    require(not (chunk["amendment"] and (chunk["streams"] or chunk["marks"])), "amendment with streams or marks")
    check_names(chunk["streams"], 64, "streams")
    for stream in chunk["streams"]:
        check_names(stream["channels"], 64, "channels")
        read_stream(stream)
    for mark in chunk["marks"]:
        mark["properties"] = {p["key"]: property_value(p) for p in mark["properties"] or []}
    return chunk


def property_value(item):
    """Value of a mark's property."""
    require(item["flag"] <= 2, "flag of a property")
    if item["text"] is not None:
        return item["text"]
    return item["flag"] == 2 if item["flag"] else item["number"]


# --- Frames --------------------------------------------------------------------------------------------------------


def header_sound(data, at):
    """Whether magic, version, header length and header checksum are right."""
    header = data[at:at + HEADER]
    return (len(header) == HEADER and header[:6] == MAGIC + b"\x01\x30"
            and crc32c(header[:44]) == int.from_bytes(header[44:], "little"))


def frame_end(data, at):
    """First byte behind the frame whose header is at a position."""
    return at + HEADER + ((int.from_bytes(data[at + 8:at + 12], "little") + 7) & -8)


def read_frame(data, at):
    """The chunk of the frame at a position, and where the frame ends."""
    require(len(data) - at >= HEADER, "header", "truncated")
    magic, version, length, flags, size, epoch, session, seq, reserved, payload_crc, _ = struct.unpack_from(
        "<4sBBHII16sIIII", data, at)
    require(magic == MAGIC, "magic", "not-kymo")
    require((version, length) == (1, HEADER), "version", "version")
    require(header_sound(data, at), "header", "crc-mismatch")
    require(flags >> 8 == 0, f"flags {flags:#x}", "required-feature")
    require(size <= MAX_PAYLOAD, f"payload of {size} bytes", "too-large")
    require(reserved == 0, "reserved bytes")
    end = frame_end(data, at)
    require(end <= len(data), "payload", "truncated")
    payload = data[at + HEADER:at + HEADER + size]
    require(crc32c(payload) == payload_crc, "payload", "crc-mismatch")
    require(not any(data[at + HEADER + size:end]), "padding")
    return read_chunk(payload, {"session_id": str(uuid.UUID(bytes=session)), "epoch": epoch, "seq": seq,
                                "final": bool(flags & 1), "amendment": bool(flags & 2)}), end


def way_past(data, at):
    """Where reading goes on behind a frame that was refused."""
    if header_sound(data, at):
        end = frame_end(data, at)
        if end == len(data) or data[end:end + 4] == MAGIC:
            return end
    while True:
        at = data.find(MAGIC, at + 1)
        if at < 0:
            return len(data)
        if header_sound(data, at):
            return at


def read_file(data):
    """The chunks of a file, each once and in its order, and what was skipped."""
    chunks, skipped, at = {}, [], 0
    while at < len(data):
        try:
            chunk, end = read_frame(data, at)
            chunks.setdefault((chunk["session_id"], chunk["epoch"], chunk["seq"]), chunk)
        except Refused as error:
            end = way_past(data, at)
            skipped.append({"position": at, "bytes": end - at, "reason": str(error)})
        at = end
    return list(chunks.values()), skipped


# --- Output --------------------------------------------------------------------------------------------------------


@lru_cache(1 << 16)
def f64_text(value):
    """A 64-bit float as JavaScript writes it, but -0 as -0."""
    if not math.isfinite(value):
        return "NaN" if value != value else "Infinity" if value > 0 else "-Infinity"
    text = repr(value)
    if "e" not in text:
        return text.removesuffix(".0")
    mantissa, exponent = text.removeprefix("-").split("e")
    sign, digits, point = "-" * (value < 0), mantissa.replace(".", ""), int(exponent) + 1
    if 0 < point <= 21:
        return sign + digits.ljust(point, "0")
    if -6 < point <= 0:
        return f"{sign}0.{'0' * -point}{digits}"
    return f"{sign}{digits[0]}{'.' * (len(digits) > 1)}{digits[1:]}e{point - 1:+}"


@lru_cache(1 << 16)
def f32_text(value):
    """The shortest decimal that gives a 32-bit float back."""
    if value == 0 or not math.isfinite(value):
        return f64_text(value)
    for digits in range(9):
        candidate = float(f"{value:.{digits}e}")
        try:
            if struct.unpack("<f", struct.pack("<f", candidate))[0] == value:
                break
        except OverflowError:
            continue
    return f64_text(candidate)


def quoted(text):
    """A text as a CSV cell."""
    if text == "" or re.search(r'[",\r\n]', text):
        return '"' + text.replace('"', '""') + '"'
    return text


WRITE = {"f64": f64_text, "f32": f32_text, "i32": str, "i64": str, "enum": quoted, "text": quoted}


def write_csv(chunks, name, out):
    """Frames of one stream, chunk after chunk."""
    header = None
    for stream in chain.from_iterable(chunk["streams"] for chunk in chunks):
        if stream["name"] != name:
            continue
        if header is None:
            header = ["timestamp_ns"] + [channel["name"] for channel in stream["channels"]]
            out.write(",".join(header) + "\n")
        columns = [map(str, stream["time"])]
        for channel in stream["channels"]:
            write = WRITE[channel["type"]]
            columns.append(["" if cell is None else write(cell) for cell in channel["cells"]])
        out.writelines(",".join(row) + "\n" for row in zip(*columns))


def summary(chunks, skipped):
    """What the chunks say without the values; floats JSON does not know become strings."""
    for chunk in chunks:
        for stream in chunk["streams"]:
            del stream["time"]
            for channel in stream["channels"]:
                del channel["cells"]
        for mark in chunk["marks"]:
            mark["properties"] = {key: f64_text(value) if isinstance(value, float) and not math.isfinite(value)
                                  else value for key, value in mark["properties"].items()}
    return {"chunks": chunks, "skipped": skipped}


def main():
    """The command line."""
    parser = argparse.ArgumentParser(description="Reads a Kymograph file.")
    parser.add_argument("file")
    parser.add_argument("--stream", help="stream to print; needed when there are several")
    parser.add_argument("--json", action="store_true", help="print what each chunk says instead of frames")
    options = parser.parse_args()
    with open(options.file, "rb") as file:
        chunks, skipped = read_file(file.read())
    for skip in skipped:
        print("skipped {bytes} bytes at {position}: {reason}".format(**skip), file=sys.stderr)
    sys.stdout.reconfigure(encoding="utf-8", newline="\n")
    if options.json:
        json.dump(summary(chunks, skipped), sys.stdout, ensure_ascii=False, indent=2)
        print()
    else:
        names = list(dict.fromkeys(stream["name"] for chunk in chunks for stream in chunk["streams"]))
        if options.stream is None and len(names) > 1:
            parser.error("--stream is needed, one of: " + ", ".join(names))
        name = options.stream or (names[0] if names else None)
        if name is not None and name not in names:
            parser.error(f"no stream {name!r}; there are: " + ", ".join(names))
        write_csv(chunks, name, sys.stdout)
    return 1 if skipped else 0


if __name__ == "__main__":
    sys.exit(main())
