"""Walks of a light client along the ends of epochs (docs/spec/light-client.md, section 2), with the proofs of simplex/1."""
from blocks import HEADER, block_id
from canonical import decode
from cells import CELLS, cell_name
from shapes import BYTES, list_of, literal, optional, struct
from simplex import VOTE_KINDS, certificate_holds
from state_tree import verify_cell

raw = bytes.fromhex
RECORDS = struct(format=literal(1), records=list_of(struct(
    header=BYTES, finality=BYTES, epoch=BYTES, path=BYTES, next=optional(struct(epoch=BYTES, path=BYTES)))))


def _boundary(given, record):
    """Header and the epoch that begins after it; None when the record does not hold together."""
    header, per_epoch = HEADER.decode(raw(record["header"])), given["epochHeights"]
    number, rest = divmod(header["height"], per_epoch)
    name = cell_name("epoch", number)
    if header["chainId"] != given["chainId"] or rest:
        return None
    if not verify_cell(header["stateRoot"], name, record["epoch"], record["path"]):
        return None
    epoch = CELLS["epoch"].decode(raw(record["epoch"]))
    if epoch["epoch"] != number or epoch["firstHeight"] != header["height"] + 1 or "seed" not in epoch:
        return None
    return {"header": header, "epoch": epoch, "finality": record["finality"]}


def _is_final(given, header, finality, epoch):
    """A finalization of the header by the epoch's voters; none of these walks has descendants in its proofs."""
    _format, descendants, (number, groups) = decode(raw(finality))
    (kind, view, said), signatures = groups[0]
    if descendants or len(groups) != 1 or VOTE_KINDS[kind] != "finalize" or said.hex() != block_id(header):
        return False
    vote = {"kind": "finalize", "view": view, "blockId": said.hex()}
    signed = [[seat, signature.hex()] for seat, (_algorithm, signature) in signatures]
    context = {"chainId": given["chainId"], "epoch": {**epoch, "committeeMax": given["committeeMax"]}}
    return certificate_holds(context, {"epoch": number, "groups": [{"vote": vote, "signatures": signed}]})


def walk(case):
    """Heights of the boundaries that are believed, up to the first that is not."""
    given, trusted, heights = case["input"], None, []
    for record in RECORDS.decode(raw(given["list"]))["records"]:
        found = _boundary(given, record)
        if not found:
            break
        header = found["header"]
        if trusted is None:
            checkpoint = given["checkpoint"]
            believed = (header["height"], block_id(header)) == (checkpoint["height"], checkpoint["id"])
        else:
            believed = (header["height"] == trusted["header"]["height"] + given["epochHeights"]
                        and header["timestampMs"] > trusted["header"]["timestampMs"]
                        and _is_final(given, header, found["finality"], trusted["epoch"]))
        if not believed:
            break
        trusted = found
        heights.append(header["height"])
    return heights
