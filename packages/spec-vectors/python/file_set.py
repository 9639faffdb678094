"""Manifest, plan and ZIP of a study (docs/spec/file-set.md).

Reads Part 10 files in explicit VR little endian without sequences, smaller than 4 GiB: enough for the vectors.
"""
import hashlib
import struct
import zlib

from canonical import encode
from transactions import manifest_of

LONG_FORM = (b"OB", b"OD", b"OF", b"OL", b"OV", b"OW", b"SQ", b"SV", b"UC", b"UN", b"UR", b"UT", b"UV")


def _elements(file, position):
    while position + 8 <= len(file):
        group, number, vr = struct.unpack_from("<HH2s", file, position)
        start = position + (12 if vr in LONG_FORM else 8)
        length = struct.unpack_from("<I" if vr in LONG_FORM else "<H", file, start - (4 if vr in LONG_FORM else 2))[0]
        yield position, (group, number), file[start:start + length]
        position = start + length
        if (group, number) == (0x7FE0, 0x0010):
            return  # what follows is kept and hashed, and not read


def read_instance(file):
    values, offset = {}, None
    for position, tag, value in _elements(file, 132):
        if tag[0] != 2 and offset is None:
            offset = position
        values[tag] = value.rstrip(b"\0 ").decode("latin1")
    number = values.get((0x0020, 0x0013))
    return {
        "study": values[0x0020, 0x000D],
        "seriesInstanceUid": values[0x0020, 0x000E],
        "sopInstanceUid": values[0x0008, 0x0018],
        "sopClassUid": values[0x0008, 0x0016],
        "transferSyntaxUid": values[0x0002, 0x0010],
        "instanceNumber": [] if number is None else [int(number)],
        "dataSetOffset": offset,
        "file": file,
        "sha256": hashlib.sha256(file[offset:]).hexdigest(),
    }


def zip_of(files):
    """Stored entries IMAGES/IM000001 and on, of 1 January 1980, without anything that could differ."""
    body = directory = b""
    for number, file in enumerate(files, 1):
        name = b"IMAGES/IM%06d" % number
        size = len(file)
        shared = struct.pack("<HHHHHIIIHH", 20, 0, 0, 0, 0x21, zlib.crc32(file), size, size, len(name), 0)
        directory += b"PK\1\2" + struct.pack("<H", 20) + shared + struct.pack("<HHHII", 0, 0, 0, 0, len(body)) + name
        body += b"PK\3\4" + shared + name + file
    end = struct.pack("<HHHHIIH", 0, 0, len(files), len(files), len(directory), len(body), 0)
    return body + directory + b"PK\5\6" + end


def file_set(case):
    study = [read_instance(bytes.fromhex(file)) for file in case["input"]["files"]]
    study.sort(key=lambda each: each["sopInstanceUid"].encode())
    zipped = zip_of([each["file"] for each in study])
    uids = ("seriesInstanceUid", "sopInstanceUid", "sopClassUid", "transferSyntaxUid")
    entries = [[
        *[each[name] for name in uids], each["instanceNumber"], each["dataSetOffset"], len(each["file"]),
        zlib.crc32(each["file"]), hashlib.sha256(each["file"]).digest(), bytes.fromhex(each["sha256"])]
        for each in study]
    plan = [1, study[0]["study"], entries, len(zipped), hashlib.sha256(zipped).digest()]
    return {"manifest": encode(manifest_of(study)).hex(), "plan": encode(plan).hex(), "zip": zipped.hex()}
