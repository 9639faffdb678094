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
        values[tag] = value
    raw, values = values, {tag: value.rstrip(b"\0 ").decode("latin1") for tag, value in values.items()}
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
        "raw": raw,
        "sha256": hashlib.sha256(file[offset:]).hexdigest(),
    }


# Section 4.2: what each record repeats: tag, representation, and what stands for an absent value: None: nothing, then
# the element is left out; "": an empty value; "#": the position.
CHARSET = ((0x0008, 0x0005), b"CS", None)
PATIENT = [CHARSET, ((0x0010, 0x0010), b"PN", ""), ((0x0010, 0x0020), b"LO", "UNKNOWN")]
STUDY = [CHARSET, ((0x0008, 0x0020), b"DA", "19000101"), ((0x0008, 0x0030), b"TM", "000000"),
         ((0x0008, 0x0050), b"SH", ""), ((0x0008, 0x1030), b"LO", ""), ((0x0020, 0x000D), b"UI", ""),
         ((0x0020, 0x0010), b"SH", "1")]
SERIES = [CHARSET, ((0x0008, 0x0060), b"CS", "OT"), ((0x0020, 0x000E), b"UI", ""), ((0x0020, 0x0011), b"IS", "#")]
NUMBER = ((0x0020, 0x0013), b"IS", "#")
CONTENT = [((0x0008, 0x0023), b"DA", "19000101"), ((0x0008, 0x0033), b"TM", "000000")]
CONCEPT = ((0x0040, 0xA043), b"SQ", None)
LEAVES = {  # of the classes that the vectors hold
    "1.2.840.10008.5.1.4.1.1.7": (b"IMAGE", [NUMBER]),
    "1.2.840.10008.5.1.4.1.1.11.1": (b"PRESENTATION", [
        CHARSET, NUMBER, ((0x0070, 0x0080), b"CS", "UNKNOWN"), ((0x0070, 0x0081), b"LO", ""),
        ((0x0070, 0x0082), b"DA", "19000101"), ((0x0070, 0x0083), b"TM", "000000"), ((0x0070, 0x0084), b"PN", "")]),
}
for report in ("88.11", "88.33"):
    LEAVES["1.2.840.10008.5.1.4.1.1." + report] = (b"SR DOCUMENT", [
        CHARSET, *CONTENT, NUMBER, CONCEPT, ((0x0040, 0xA491), b"CS", "PARTIAL"), ((0x0040, 0xA493), b"CS", "UNVERIFIED")])


def element(tag, vr, value):
    value = value.encode() if isinstance(value, str) else value
    if len(value) % 2 == 1:
        value += b"\0" if vr == b"UI" else b" "
    length = struct.pack("<HI", 0, len(value)) if vr in LONG_FORM else struct.pack("<H", len(value))
    return struct.pack("<HH2s", *tag, vr) + length + value


def item(content):
    return struct.pack("<HHI", 0xFFFE, 0xE000, len(content)) + content


def concept_of(sequence):
    code = {tag: value.rstrip(b"\0 ") for _, tag, value in _elements(sequence, 8)}
    parts = [((0x0008, 0x0100), b"SH", b"UNKNOWN"), ((0x0008, 0x0102), b"SH", b"99RADLEDGER"),
             ((0x0008, 0x0104), b"LO", b"Not stated")]
    return item(b"".join(element(tag, vr, code.get(tag, absent)) for tag, vr, absent in parts))


def keys_of(keys, raw, position):
    out = b""
    for tag, vr, absent in keys:
        value = raw.get(tag, b"")
        if vr == b"SQ":
            out += element(tag, vr, concept_of(value))
        elif value.rstrip(b"\0 ") or absent is not None:
            out += element(tag, vr, value.rstrip(b"\0 ") or (str(position) if absent == "#" else absent))
    return out


def record(kind, keys, reference=b"", below=()):
    """A record and those below it, as a function of where it stands and whether a sibling follows."""
    def body(next_at, below_at):
        return item(element((4, 0x1400), b"UL", struct.pack("<I", next_at))
                    + element((4, 0x1410), b"US", b"\xff\xff")
                    + element((4, 0x1420), b"UL", struct.pack("<I", below_at))
                    + element((4, 0x1430), b"CS", kind) + reference + keys)

    own = len(body(0, 0))
    size = own + sum(inner for inner, _ in below)

    def write(at, is_last):
        out = body(0 if is_last else at + size, at + own if below else 0)
        for i, (_, write_inner) in enumerate(below):
            out += write_inner(at + len(out), i + 1 == len(below))
        return out

    return size, write


def dicomdir_of(study):
    by_series = {}
    for position, each in enumerate(study, 1):
        kind, keys = LEAVES[each["sopClassUid"]]
        reference = (element((4, 0x1500), b"CS", "IMAGES\\IM%06d" % position)
                     + element((4, 0x1510), b"UI", each["sopClassUid"])
                     + element((4, 0x1511), b"UI", each["sopInstanceUid"])
                     + element((4, 0x1512), b"UI", each["transferSyntaxUid"]))
        series = by_series.setdefault(each["seriesInstanceUid"], (each, []))
        series[1].append(record(kind, keys_of(keys, each["raw"], position), reference))
    first = study[0]["raw"]
    series = [record(b"SERIES", keys_of(SERIES, head["raw"], position), b"", leaves)
              for position, (head, leaves) in enumerate(by_series.values(), 1)]
    _, write = record(b"PATIENT", keys_of(PATIENT, first, 0), b"", [record(b"STUDY", keys_of(STUDY, first, 0), b"", series)])
    uuid = bytearray(hashlib.sha256(b"".join(bytes.fromhex(each["sha256"]) for each in study)).digest()[:16])
    uuid[6], uuid[8] = uuid[6] & 0x0F | 0x80, uuid[8] & 0x3F | 0x80
    meta = (element((2, 1), b"OB", b"\0\1") + element((2, 2), b"UI", "1.2.840.10008.1.3.10")
            + element((2, 3), b"UI", "2.25.%d" % int.from_bytes(uuid, "big"))
            + element((2, 0x10), b"UI", "1.2.840.10008.1.2.1")
            + element((2, 0x12), b"UI", "2.25.306669617815724101081586929922501331439"))
    head = bytes(128) + b"DICM" + element((2, 0), b"UL", struct.pack("<I", len(meta))) + meta + element((4, 0x1130), b"CS", "")
    at = struct.pack("<I", len(head) + 46)
    return (head + element((4, 0x1200), b"UL", at) + element((4, 0x1202), b"UL", at) + element((4, 0x1212), b"US", b"\0\0")
            + element((4, 0x1220), b"SQ", write(len(head) + 46, True)))


def zip_of(directory, files):
    """Stored entries DICOMDIR, IMAGES/IM000001 and on, of 1 January 1980, without anything that could differ."""
    body = central = b""
    names = [b"DICOMDIR", *(b"IMAGES/IM%06d" % number for number in range(1, len(files) + 1))]
    for name, file in zip(names, [directory, *files]):
        size = len(file)
        shared = struct.pack("<HHHHHIIIHH", 20, 0, 0, 0, 0x21, zlib.crc32(file), size, size, len(name), 0)
        central += b"PK\1\2" + struct.pack("<H", 20) + shared + struct.pack("<HHHII", 0, 0, 0, 0, len(body)) + name
        body += b"PK\3\4" + shared + name + file
    end = struct.pack("<HHHHIIH", 0, 0, len(names), len(names), len(central), len(body), 0)
    return body + central + b"PK\5\6" + end


def file_set(case):
    study = [read_instance(bytes.fromhex(file)) for file in case["input"]["files"]]
    study.sort(key=lambda each: each["sopInstanceUid"].encode())
    directory = dicomdir_of(study)
    zipped = zip_of(directory, [each["file"] for each in study])
    uids = ("seriesInstanceUid", "sopInstanceUid", "sopClassUid", "transferSyntaxUid")
    entries = [[
        *[each[name] for name in uids], each["instanceNumber"], each["dataSetOffset"], len(each["file"]),
        zlib.crc32(each["file"]), hashlib.sha256(each["file"]).digest(), bytes.fromhex(each["sha256"])]
        for each in study]
    plan = [2, study[0]["study"], directory, entries, len(zipped), hashlib.sha256(zipped).digest()]
    return {"manifest": encode(manifest_of(study)).hex(), "plan": encode(plan).hex(), "zip": zipped.hex()}
