"""Programs like this one but for an order of writes: what would be a mistake, and what not."""

from __future__ import annotations

from attrs import frozen

from tests.faults.edits import Edit, ahead, all_of, behind, named, promises, without

_SEAL_RENAMED = named("seal: sync segments directory", follows="seal: rename temporary segment")
_SEAL_UNLINKED = named("seal: sync segments directory", follows="seal: unlink raw segment")
_FIRST_LOG_SYNC = named("create: sync log directory", follows="create: sync temporary log.json")
_LAST_LOG_SYNC = named("create: sync log directory", follows="create: rename temporary log.json")
_ALL_NAMES = (
    named("recover: sync segments directory"),
    named("clean up: sync segments directory"),
    named("recover: sync log directory"),
    named("clean up: sync log directory"),
)


@frozen
class Mutant:
    """A mistake, the workload in which it would show, and why it would not, if it would not."""

    what: str
    workload: str
    edit: Edit
    harmless: str = ""


def _no(what: str, workload: str, *names: str, harmless: str = "") -> Mutant:
    return Mutant(f"no {what}", workload, without(*map(named, names)), harmless)


MUTANTS = (
    # Creating
    _no("sync of the parent directory", "appends", "create: sync parent directory"),
    _no("sync of log.json before its rename", "appends", "create: sync temporary log.json"),
    Mutant("log.json renamed before its sync", "appends",
           behind(named("create: sync temporary log.json"),
                  named("create: rename temporary log.json"))),
    Mutant("log.json before the segments are on the disk", "appends", without(_FIRST_LOG_SYNC)),
    Mutant("log.json before the first segment", "appends",
           all_of(*(ahead(named(f"create: {what} temporary log.json"),
                          named("create: create raw segment"))
                    for what in ("create", "write", "sync", "rename")))),
    Mutant("no sync of the name log.json", "appends", without(_LAST_LOG_SYNC),
           harmless="opening syncs the names before it promises anything"),
    Mutant("no sync of the name log.json, and none by the opening", "interval appends",
           without(_LAST_LOG_SYNC, *_ALL_NAMES)),
    _no("sync of the first segment's bytes", "appends", "create: sync raw segment",
        harmless="it has none"),
    # Appending
    _no("sync of an event", "appends", "append: sync raw segment"),
    Mutant("acknowledged before the sync", "appends",
           ahead(promises, named("append: sync raw segment"))),
    Mutant('acknowledged before the write, with sync="never"', "unsynced appends",
           ahead(promises, named("append: write raw segment"))),
    Mutant("acknowledged before the write", "appends",
           ahead(promises, named("append: write raw segment"))),
    # Rotating
    _no("sync of the new segment's name", "appends", "rotate: sync segments directory"),
    _no("sync of the old segment", "unsynced appends", "rotate: sync raw segment"),
    Mutant("new segment before the sync of the old one", "unsynced appends",
           behind(named("rotate: sync raw segment"), named("rotate: create raw segment"))),
    _no("second sync of a synced segment", "appends", "rotate: sync raw segment",
        harmless='with sync="always" each event was synced before'),
    Mutant("name synced after the first event in the new segment, before its acknowledgement",
           "appends",
           behind(named("rotate: sync segments directory"), named("append: sync raw segment")),
           harmless="nothing was promised yet"),
    # Sealing
    _no("sync of the compressed file", "appends", "seal: sync temporary segment"),
    Mutant("compressed file renamed before its sync", "appends",
           behind(named("seal: sync temporary segment"), named("seal: rename temporary segment")),
           harmless="while the manifest does not list it, it is made again from the raw segment"),
    Mutant("compressed file synced after the manifest line", "appends",
           behind(named("seal: sync temporary segment"), named("seal: sync manifest"))),
    Mutant("no sync of the compressed file's name", "appends", without(_SEAL_RENAMED)),
    Mutant("manifest line before the compressed file has its name", "appends",
           all_of(behind(_SEAL_RENAMED, named("seal: sync manifest")),
                  behind(named("seal: rename temporary segment"), named("seal: sync manifest")))),
    Mutant("manifest line before the compressed file's name is synced", "appends",
           behind(_SEAL_RENAMED, named("seal: sync manifest"))),
    _no("sync of the manifest's name", "appends", "seal: sync log directory"),
    _no("sync of the manifest", "appends", "seal: sync manifest", "clean up: sync manifest"),
    Mutant("raw segment deleted before the manifest line", "appends",
           ahead(named("seal: unlink raw segment"), named("seal: write manifest"))),
    Mutant("raw segment deleted before the manifest is synced", "appends",
           ahead(named("seal: unlink raw segment"), named("seal: sync manifest"))),
    Mutant("raw segment deleted before the compressed file has its name", "appends",
           ahead(named("seal: unlink raw segment"), named("seal: rename temporary segment"))),
    Mutant("no sync after the raw segment was deleted", "appends", without(_SEAL_UNLINKED),
           harmless="one that comes back is deleted again"),
    # Pruning
    _no("sync of the line about a pruning", "prunings",
        "prune: sync manifest", "clean up: sync manifest"),
    Mutant("segments deleted before the line about their pruning", "prunings",
           ahead(named("prune: unlink sealed segment"), named("prune: write manifest"))),
    Mutant("segments deleted before the line about their pruning is synced", "prunings",
           ahead(named("prune: unlink sealed segment"), named("prune: sync manifest"))),
    _no("sync after pruned segments were deleted", "prunings", "prune: sync segments directory",
        harmless="one that comes back does not count, and is deleted again"),
    # Recovering
    _no("sync of the events that were found", "died at append: sync raw segment 2",
        "recover: sync raw segment"),
    Mutant("no sync of the names that were found", "died at rotate: sync segments directory 1",
           without(*_ALL_NAMES)),
    _no("sync of the manifest that was found", "died at seal: sync manifest 1",
        "clean up: sync manifest"),
    _no("sync of the names that another left", "rotation left by another",
        "catch up: sync segments directory"),
    _no("sync after left-over files were deleted", "died at seal: unlink raw segment 0",
        "clean up: sync segments directory",
        harmless="one that comes back is deleted again, and opening syncs the names anyway"),
    # Cutting: the bytes that are cut off are safe before
    _no("sync of the bytes that are cut off", "torn by another",
        "quarantine: sync quarantined file"),
    _no("sync of their name", "torn by another",
        "quarantine: sync quarantine directory"),
    _no("sync of the quarantine's name", "torn by another",
        "quarantine: sync log directory"),
    Mutant("cut before the bytes are kept", "torn by another",
           all_of(*(ahead(named(f"cut: {what} raw segment"),
                          named("quarantine: write quarantined file"))
                    for what in ("truncate", "sync")))),
    _no("sync of the cut", "died at append: write raw segment 2", "cut: sync raw segment",
        harmless="the next event's sync brings it to the disk, and until then it is cut again"),
    _no("sync of the manifest's cut", "died at seal: write manifest 1", "cut: sync manifest",
        harmless="the next line's sync brings it to the disk, and until then it is cut again"),
)  # fmt: skip
"""In the order of docs/log-format.md, "Order of writes"."""
