"""Proofs: made from a log, checked without it, and worth nothing when anything was changed."""

from __future__ import annotations

from pathlib import Path

import pytest

from eventlog import (
    DamagedLogError,
    EventLog,
    InvalidProofError,
    KeyPair,
    PrunedError,
    checkpoint,
    prove,
    prove_consistency,
    prune,
    verify_consistency,
    verify_proof,
)
from eventlog.checkpoints._checkpoint import unchecked
from tests.checkpoints.helpers import (
    KEY,
    OTHER_KEY,
    flips,
    forge,
    grow,
    line_of,
    make_log,
    signed_text,
)
from tests.support.logs import active_file


@pytest.fixture
def log(tmp_path: Path) -> Path:
    return make_log(tmp_path / "log")


def holds(proof: bytes, line: bytes, key: KeyPair = KEY) -> bool:
    """Whether a proof in a file passes."""
    try:
        verify_proof(proof.decode(), line, key.public)
    except (InvalidProofError, UnicodeDecodeError):
        return False
    return True


# One event


@pytest.mark.parametrize("sequence", range(1, 12))
def test_every_event_is_proved_by_its_line(log: Path, sequence: int) -> None:
    note = checkpoint(log, KEY.private)
    grow(log, 12, 30)
    proof = prove(log, sequence, note)
    assert proof.endswith(f"\n\n{note}")
    line = line_of(log, sequence)
    proven = verify_proof(proof, line, KEY.public)
    assert (proven.sequence, proven.checkpoint) == (sequence, unchecked(note))
    assert verify_proof(proof, line + b"\n", KEY.public) == proven
    for other in range(1, 31):
        assert holds(proof.encode(), line_of(log, other)) == (other == sequence)


def test_a_log_of_one_event_is_its_own_proof(tmp_path: Path) -> None:
    log = tmp_path / "log"
    grow(log, 1, 1)
    proof = prove(log, 1, checkpoint(log, KEY.private))
    assert proof.split("\n")[1:3] == ["index 0", ""]
    assert holds(proof.encode(), line_of(log, 1))


def test_no_bit_of_a_proof_can_be_changed(log: Path) -> None:
    proof, line = prove(log, 6, checkpoint(log, KEY.private)), line_of(log, 6)
    assert holds(proof.encode(), line)
    assert [content for content in flips(proof) if holds(content, line)] == []


def test_no_bit_of_the_event_can_be_changed(log: Path) -> None:
    """But for the LF at its end, which may be missing and can be nothing else."""
    proof, line = prove(log, 7, checkpoint(log, KEY.private)).encode(), line_of(log, 7)
    assert holds(proof, line)
    assert [content for content in flips(line.decode()) if holds(proof, content)] == []
    for wrong in (b"", b"\n", line[:-1], line + b"\n\n", b" " + line, line + b" ", line + b"\r\n"):
        assert not holds(proof, wrong)


def test_a_proof_that_is_cut_off_anywhere_does_not_hold(log: Path) -> None:
    proof, line = prove(log, 6, checkpoint(log, KEY.private)).encode(), line_of(log, 6)
    assert [end for end in range(len(proof)) if holds(proof[:end], line)] == []


def test_two_lines_are_not_one_event(log: Path) -> None:
    proof = prove(log, 6, checkpoint(log, KEY.private))
    with pytest.raises(InvalidProofError, match="an event is one line"):
        verify_proof(proof, line_of(log, 6) + b"\n" + line_of(log, 7) + b"\n", KEY.public)


def test_an_inner_node_is_no_event(log: Path) -> None:
    """Whoever shows two hashes as if they were a line gets nowhere: leaves are hashed otherwise."""
    note = checkpoint(log, KEY.private)
    from base64 import b64decode
    from hashlib import sha256

    first, second = (sha256(b"\x00" + line_of(log, n)).digest() for n in (1, 2))
    hashes = prove(log, 1, note).split("\n\n")[0].split("\n")[2:]
    assert b64decode(hashes[0]) == second
    shorter = "\n".join(["c2sp.org/tlog-proof@v1", "index 0", *hashes[1:]]) + f"\n\n{note}"
    assert not holds(shorter.encode(), first + second)


def test_a_proof_of_another_log_or_key_does_not_hold(log: Path, tmp_path: Path) -> None:
    line = line_of(log, 6)
    forged = forge(log, tmp_path / "forged", lambda event: {"n": event.sequence * 2})
    false = prove(forged, 6, checkpoint(forged, KEY.private))
    assert not holds(false.encode(), line)
    theirs = prove(log, 6, checkpoint(log, OTHER_KEY.private)).encode()
    assert holds(theirs, line, OTHER_KEY)
    assert not holds(theirs, line, KEY)


def test_a_proof_under_another_checkpoint_of_the_log_does_not_hold(log: Path) -> None:
    note = checkpoint(log, KEY.private)
    grow(log, 12, 12)
    newer = checkpoint(log, KEY.private)
    proof = prove(log, 6, note).replace(note, newer)
    assert not holds(proof.encode(), line_of(log, 6))


@pytest.mark.parametrize("sequence", [0, -1, 12, 10**20])
def test_an_event_that_the_checkpoint_does_not_cover_has_no_proof(log: Path, sequence: int) -> None:
    note = checkpoint(log, KEY.private)
    grow(log, 12, 12)
    with pytest.raises(InvalidProofError, match=f"covers 11 events, and not sequence {sequence}"):
        prove(log, sequence, note)


def test_a_log_that_is_not_what_was_signed_proves_nothing(log: Path, tmp_path: Path) -> None:
    note = checkpoint(log, KEY.private)
    forged = forge(
        log, tmp_path / "forged", lambda event: {} if event.sequence == 3 else event.data
    )
    for sequence in (3, 9):
        with pytest.raises(DamagedLogError, match="not the ones that were signed"):
            prove(forged, sequence, note)
    grow(log, 12, 12)
    newer = checkpoint(log, KEY.private)
    with pytest.raises(DamagedLogError, match="ends at sequence 11"):
        prove(forged, 3, newer)
    with pytest.raises(InvalidProofError, match="and this is the log"):
        prove(make_log(tmp_path / "other"), 3, note)


def test_a_pruned_event_has_no_new_proof_and_all_others_do(log: Path) -> None:
    note = checkpoint(log, KEY.private)
    old_proof, line = prove(log, 2, note), line_of(log, 2)
    prune(log, keep_events=5)
    for sequence in (1, 2, 3):
        with pytest.raises(PrunedError, match="keep a proof from before"):
            prove(log, sequence, note)
    for sequence in range(4, 12):
        assert holds(prove(log, sequence, note).encode(), line_of(log, sequence))
    assert holds(old_proof.encode(), line)


@pytest.mark.parametrize(
    "text",
    [
        "",
        "c2sp.org/tlog-proof@v1",
        "c2sp.org/tlog-proof@v1\n",
        "c2sp.org/tlog-proof@v2\nindex 0\n\n{note}",
        "c2sp.org/tlog-proof@v1\nindex 00\n\n{note}",
        "c2sp.org/tlog-proof@v1\nindex\n\n{note}",
        "c2sp.org/tlog-proof@v1\nold 0\n\n{note}",
        "c2sp.org/tlog-proof@v1\nindex 0\n{note}",
        "c2sp.org/tlog-proof@v1\nindex 0\nAAAA\n\n{note}",
        "{note}",
        "old 1\n\n{note}",
    ],
)
def test_what_is_no_proof_is_refused(log: Path, text: str) -> None:
    filled = text.format(note=checkpoint(log, KEY.private))
    with pytest.raises(InvalidProofError, match="this is no proof"):
        verify_proof(filled, line_of(log, 1), KEY.public)


def test_a_proof_has_at_most_64_hashes(log: Path) -> None:
    head = "c2sp.org/tlog-proof@v1\nindex 0\n"
    note = checkpoint(log, KEY.private)
    for count, message in ((64, "does not show"), (65, "more than 64 hashes")):
        with pytest.raises(InvalidProofError, match=message):
            verify_proof(f"{head}{('A' * 43 + '=' + chr(10)) * count}\n{note}", b"{}", KEY.public)


# Two checkpoints


@pytest.fixture
def notes(log: Path) -> list[str]:
    """Checkpoints of the log's first 0 to 20 events; it goes on to 21."""
    from eventlog.checkpoints._checkpoint import Checkpoint, format_checkpoint
    from eventlog.checkpoints._keys import parse_private_key
    from eventlog.checkpoints._log_tree import tree_of
    from eventlog.checkpoints._note import sign_note

    grow(log, 12, 21)
    with EventLog.open(log) as opened:
        origin = f"eventlog/{opened.log_id}"
    roots = tree_of(log).roots_at(range(21))
    return [
        sign_note(format_checkpoint(Checkpoint(origin, size, root)), parse_private_key(KEY.private))
        for size, root in enumerate(roots)
    ]


def test_any_older_checkpoint_is_shown_to_begin_any_newer(log: Path, notes: list[str]) -> None:
    for old in range(21):
        for new in range(old, 21):
            proof = prove_consistency(log, notes[old], notes[new])
            assert proof.startswith(f"old {old}\n")
            shown = verify_consistency(proof, notes[old], KEY.public)
            assert shown == (unchecked(notes[old]), unchecked(notes[new]))


def test_a_consistency_proof_is_for_its_two_checkpoints_alone(log: Path, notes: list[str]) -> None:
    proof = prove_consistency(log, notes[6], notes[20])
    for size in {*range(21)} - {6}:
        with pytest.raises(InvalidProofError):
            verify_consistency(proof, notes[size], KEY.public)
    for size in {*range(21)} - {20}:
        with pytest.raises(InvalidProofError):
            verify_consistency(proof.replace(notes[20], notes[size]), notes[6], KEY.public)


def test_no_bit_of_a_consistency_proof_or_its_older_checkpoint_can_be_changed(
    log: Path, notes: list[str]
) -> None:
    def passes(proof: bytes, old: bytes) -> bool:
        try:
            verify_consistency(proof.decode(), old.decode(), KEY.public)
        except (InvalidProofError, UnicodeDecodeError):
            return False
        return True

    proof = prove_consistency(log, notes[6], notes[20])
    assert passes(proof.encode(), notes[6].encode())
    assert not [content for content in flips(proof) if passes(content, notes[6].encode())]
    assert not [content for content in flips(notes[6]) if passes(proof.encode(), content)]


def test_two_histories_have_no_proof_between_them(
    log: Path, notes: list[str], tmp_path: Path
) -> None:
    forged = forge(
        log, tmp_path / "forged", lambda event: {} if event.sequence == 3 else event.data
    )
    other = checkpoint(forged, KEY.private)
    with pytest.raises(DamagedLogError, match="at least one was changed"):
        prove_consistency(forged, notes[6], other)
    with pytest.raises(DamagedLogError, match="at least one was changed"):
        prove_consistency(log, notes[6], other)
    true = prove_consistency(log, notes[6], notes[20])
    with pytest.raises(InvalidProofError, match="was rewritten between them"):
        verify_consistency(true.replace(notes[20], other), notes[6], KEY.public)


def test_both_checkpoints_must_be_signed_by_the_key(log: Path, notes: list[str]) -> None:
    theirs = checkpoint(log, OTHER_KEY.private)
    proof = prove_consistency(log, notes[6], theirs)
    for key in (KEY, OTHER_KEY):
        with pytest.raises(InvalidProofError, match="not signed by"):
            verify_consistency(proof, notes[6], key.public)


def test_checkpoints_of_two_logs_are_not_compared(
    log: Path, notes: list[str], tmp_path: Path
) -> None:
    other = make_log(tmp_path / "other")
    note = checkpoint(other, KEY.private)
    with pytest.raises(InvalidProofError, match="and this is the log"):
        prove_consistency(log, note, notes[20])
    empty = f"old 0\n\n{notes[20]}"
    assert verify_consistency(empty, notes[0], KEY.public)
    nothing = tmp_path / "nothing"
    EventLog.open(nothing).close()
    with pytest.raises(InvalidProofError, match="are of two logs"):
        verify_consistency(empty, checkpoint(nothing, KEY.private), KEY.public)


def test_each_of_two_checkpoints_must_be_of_this_log_as_it_is(
    log: Path, notes: list[str], tmp_path: Path
) -> None:
    other = checkpoint(make_log(tmp_path / "other"), KEY.private)
    for pair in ((notes[6], other), (other, notes[20])):
        with pytest.raises(InvalidProofError, match="and this is the log"):
            prove_consistency(log, *pair)
    grow(log, 22, 30)
    longer = checkpoint(log, KEY.private)
    shorter = forge(log, tmp_path / "shorter", lambda event: event.data)
    active_file(shorter).write_bytes(b"")
    for pair in ((notes[6], longer), (longer, longer)):
        with pytest.raises(DamagedLogError, match="ends at sequence 7, and 30 events were signed"):
            prove_consistency(shorter, *pair)


def test_checkpoints_in_the_wrong_order_are_refused(log: Path, notes: list[str]) -> None:
    with pytest.raises(InvalidProofError, match="swap them"):
        prove_consistency(log, notes[20], notes[6])


def test_after_pruning_what_can_still_be_shown_is_shown(log: Path, notes: list[str]) -> None:
    """Seven events are gone; their peaks are of four, two and one."""
    prune(log, keep_events=5)
    prune(log, keep_events=14)
    with EventLog.open(log, readonly=True) as opened:
        assert next(opened.read()).sequence == 8
    for old in range(21):
        try:
            proof = prove_consistency(log, notes[old], notes[20])
        except PrunedError:
            assert old in (1, 2, 3, 5)
        else:
            verify_consistency(proof, notes[old], KEY.public)


def test_the_signed_text_of_a_note_is_all_before_its_last_empty_line(notes: list[str]) -> None:
    assert signed_text(notes[3]).count("\n") == 3
