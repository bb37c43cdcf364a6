"""Prints what examples/python/read_kymo.py reads from the files of a corpus, in the words of the expected JSON."""
import json
import pathlib
import sys

sys.dont_write_bytecode = True
sys.path.insert(0, sys.argv[1])
import read_kymo  # noqa: E402


def cell(kind, value):
    return None if value is None else value if kind in ("enum", "text") else read_kymo.WRITE[kind](value)


def described(chunk):
    return {
        "sessionId": chunk["session_id"], "epoch": chunk["epoch"], "seq": chunk["seq"],
        "final": bool(chunk["final"]), "amendment": bool(chunk["amendment"]),
        "labels": chunk["labels"], "labelsRevision": chunk["labels_revision"],
        "metadata": [list(pair) for pair in chunk["metadata"].items()],
        "startedAtNs": str(chunk["started_at_ns"]), "journeyId": chunk["journey_id"],
        "marks": [[mark["name"], str(mark["clock"]["wall_ns"]), [
            [key, {"number": read_kymo.f64_text(value)} if isinstance(value, float) else value]
            for key, value in mark["properties"].items()]] for mark in chunk["marks"]],
        "streams": [{
            "name": stream["name"], "clock": stream["clock"], "firstFrame": stream["first_frame"],
            "counts": {"received": stream["received"], "ingested": stream["ingested"], "produced": stream["produced"],
                       "lost": stream["lost"], "invalidValues": stream["invalid_values"], "gaps": stream["gap_count"],
                       "repeatedTimestamps": stream["repeated_timestamps"],
                       "backwardTimestamps": stream["backward_timestamps"], "bytes": stream["coded_bytes"]},
            "gaps": [{"startNs": str(gap["start_ns"]), "endNs": str(gap["end_ns"])} for gap in stream["gaps"]],
            "timestampsNs": list(map(str, stream["time"])),
            "channels": [{"name": channel["name"], "type": channel["type"],
                          "unit": channel["unit"] or stream["unit"],
                          "cells": [cell(channel["type"], value) for value in channel["cells"]]}
                         for channel in stream["channels"]],
        } for stream in chunk["streams"]],
    }


for path in map(pathlib.Path, sys.argv[2:]):
    chunks, skipped = read_kymo.read_file(path.read_bytes())
    codes = [item["reason"].partition(":")[0] for item in skipped]
    print(json.dumps({"name": path.stem, "chunks": list(map(described, chunks)), "codes": codes}))
