"""``keygen``, ``checkpoint``, ``verify --checkpoint``, ``prove`` and ``verify-proof``."""

from __future__ import annotations

import os
import stat
import sys
from pathlib import Path

import pytest

from eventlog import EventLog, prune
from tests.checkpoints.helpers import forge, grow, make_log
from tests.cli.helpers import eventlog, misused, refused, spawn
from tests.support.logs import active_file, copy_of, flip


@pytest.fixture
def place(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A directory with a log, a key, a checkpoint of 11 events, and then one of 14."""
    monkeypatch.chdir(tmp_path)
    make_log(tmp_path / "log")
    made = eventlog("keygen", "example.com/audit", "--out", "audit.key")
    (tmp_path / "audit.pub").write_bytes(made.out)
    (tmp_path / "old").write_bytes(eventlog("checkpoint", "log", "--key", "audit.key").out)
    grow(tmp_path / "log", 12, 14)
    (tmp_path / "new").write_bytes(eventlog("checkpoint", "log", "--key", "audit.key").out)
    return tmp_path


SIGNED = ("--checkpoint", "old", "--public-key", "audit.pub")


def test_from_a_key_to_a_proof(place: Path) -> None:
    """The way that docs/checkpoints.md goes."""
    assert eventlog("verify", "log", *SIGNED).text == (
        "ok: 14 events in 3 segments; the first 11 are what was signed\n"
    )
    (place / "6.tlog-proof").write_bytes(eventlog("prove", "log", "6", "--checkpoint", "new").out)
    line = eventlog("cat", "log", "--after", "5", "-n", "1", "--jsonl").out
    ways = (("--event", "event"), ("--event", "-"))
    (place / "event").write_bytes(line)
    for way in ways:
        done = eventlog(
            "verify-proof", "6.tlog-proof", *way, "--public-key", "audit.pub", stdin=line
        )
        assert (done.code, done.err) == (0, "")
        assert done.text.startswith("ok: this is event 6 of the signed log ")
    proof = eventlog("prove", "log", "--from", "old", "--checkpoint", "new").out
    done = eventlog("verify-proof", "-", "--from", "old", "--public-key", "audit.pub", stdin=proof)
    assert done.text.endswith(" only grew, from 11 to 14 events\n")


def test_json_says_what_was_checked(place: Path) -> None:
    with EventLog.open("log", readonly=True) as log:
        log_id = log.log_id
    assert eventlog("verify", "log", *SIGNED, "--json").json["ok"] is True
    proof = eventlog("prove", "log", "6", "--checkpoint", "new").out
    (place / "event").write_bytes(eventlog("tail", "log", "-n", "9", "--jsonl").out.splitlines()[0])
    key = ("--public-key", "audit.pub", "--json")
    done = eventlog("verify-proof", "-", "--event", "event", *key, stdin=proof)
    assert done.json == {"ok": True, "log_id": log_id, "sequence": 6, "size": 14}
    proof = eventlog("prove", "log", "--from", "old", "--checkpoint", "new").out
    done = eventlog("verify-proof", "-", "--from", "old", *key, stdin=proof)
    assert done.json == {"ok": True, "log_id": log_id, "old_size": 11, "size": 14}


def test_the_public_key_may_stand_on_the_command_line(place: Path) -> None:
    key = (place / "audit.pub").read_text().strip()
    assert eventlog("verify", "log", "--checkpoint", "old", "--public-key", key).code == 0


# Keys


def _open_umask() -> None:
    os.umask(0)


def test_a_new_key_is_private_whatever_the_umask(tmp_path: Path) -> None:
    key = tmp_path / "k"
    made = spawn("keygen", "example.com/audit", "--out", key, prepare=_open_umask)
    assert made.code == 0
    assert stat.S_IMODE(key.stat().st_mode) == 0o600
    assert key.read_text().startswith("PRIVATE+KEY+example.com/audit+")
    assert made.text.startswith("example.com/audit+")


def test_no_file_is_ever_overwritten_by_a_key(place: Path) -> None:
    before = (place / "audit.key").read_bytes()
    refused(eventlog("keygen", "other", "--out", "audit.key"), 1, "choose another", "audit.key")
    (place / "link").symlink_to("elsewhere")
    refused(eventlog("keygen", "other", "--out", "link"), 1, "choose another")
    assert (place / "audit.key").read_bytes() == before
    assert not (place / "elsewhere").exists()


def test_a_name_that_is_none_makes_no_file(tmp_path: Path) -> None:
    refused(eventlog("keygen", "a b", "--out", tmp_path / "k"), 1, "no spaces and no plus sign")
    assert list(tmp_path.iterdir()) == []


def test_a_key_that_others_can_read_is_used_with_a_warning(place: Path) -> None:
    (place / "audit.key").chmod(0o640)
    done = eventlog("checkpoint", "log", "--key", "audit.key")
    assert (done.code, done.out) == (0, (place / "new").read_bytes())
    assert done.err == "warning: others may read this private key: chmod 600 audit.key\n"


def test_a_private_key_is_never_repeated(place: Path) -> None:
    private = (place / "audit.key").read_text().strip()
    secret = private[-20:]
    (place / "broken").write_text(private[:-4])
    (place / "broken").chmod(0o600)
    outcomes = [
        eventlog("verify", "log", "--checkpoint", "old", "--public-key", private),
        eventlog("verify", "log", "--checkpoint", "old", "--public-key", "audit.key"),
        eventlog("checkpoint", "log", "--key", private),
        eventlog("checkpoint", "log", "--key", "broken"),
    ]
    assert [outcome.code for outcome in outcomes] == [2, 2, 2, 1]
    for outcome in outcomes:
        assert secret not in outcome.err + outcome.text
        assert outcome.out == b""


def test_a_key_that_is_none_is_refused(place: Path) -> None:
    misused(
        eventlog("verify", "log", "--checkpoint", "old", "--public-key", "old"), "no public key"
    )
    misused(
        eventlog("verify", "log", "--checkpoint", "old", "--public-key", "a+b"), "no public key"
    )
    refused(eventlog("checkpoint", "log", "--key", "audit.pub"), 1, "no private key", "audit.pub")
    refused(eventlog("checkpoint", "log", "--key", "none"), 1, "check the path", "none")


def test_a_missing_package_is_named_with_what_installs_it(
    place: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(sys.modules, "cryptography", None)
    install = "pip install 'eventlog[sign]'"
    refused(eventlog("keygen", "a", "--out", "k"), 1, install)
    refused(eventlog("checkpoint", "log", "--key", "audit.key"), 1, install)
    refused(eventlog("verify", "log", *SIGNED), 1, install)
    assert eventlog("verify", "log").code == 0


# Verifying


def test_an_older_copy_and_a_rewritten_one_end_with_3(place: Path) -> None:
    older = copy_of(place / "log", place / "older")
    active_file(older).write_bytes(b"")
    done = eventlog("verify", "older", "--checkpoint", "new", "--public-key", "audit.pub")
    assert done.code == 3
    assert done.text.startswith("rollback: segments, sequence 8: the log ends at sequence 7")
    assert "repair" not in done.err
    forge(place / "log", place / "forged", lambda event: {"n": 0})
    assert eventlog("verify", "forged").code == 0
    done = eventlog("verify", "forged", *SIGNED)
    assert done.code == 3
    assert done.text.startswith("rewritten: segments: the first 11 events are not")
    done = eventlog("verify", "forged", *SIGNED, "--json")
    assert (done.code, done.json["ok"]) == (3, False)
    assert [fault["kind"] for fault in done.json["faults"]] == ["rewritten"]


def test_another_log_ends_with_3(place: Path) -> None:
    make_log(place / "other")
    done = eventlog("verify", "other", *SIGNED)
    assert (done.code, done.text.split(":")[0]) == (3, "identity")


def test_damage_is_told_even_where_it_forbids_the_comparison(place: Path) -> None:
    active = active_file(place / "log")
    active.write_bytes(flip(active.read_bytes(), 20, 1))
    done = eventlog("verify", "log", *SIGNED)
    assert done.code == 3
    assert done.text.startswith("line: segments/")
    assert "not compared with the checkpoint, because of the damage" in done.err


def test_a_changed_checkpoint_is_refused_before_the_log_is_read(place: Path) -> None:
    (place / "changed").write_bytes((place / "old").read_bytes().replace(b"\n11\n", b"\n10\n"))
    key = ("--public-key", "audit.pub")
    refused(eventlog("verify", "none", "--checkpoint", "changed", *key), 3, "changed, or forged")
    (place / "binary").write_bytes(b"\xff\x00")
    refused(eventlog("verify", "log", "--checkpoint", "binary", *key), 3, "no text file", "binary")
    refused(eventlog("verify", "log", "--checkpoint", "audit.pub", *key), 3, "note", "audit.pub")
    (place / "long").write_bytes(b"a" * ((2 << 20) + 1))
    refused(eventlog("verify", "log", "--checkpoint", "long", *key), 3, "check the path", "long")


def test_a_checkpoint_and_a_key_go_together(place: Path) -> None:
    misused(eventlog("verify", "log", "--checkpoint", "old"), "go together")
    misused(eventlog("verify", "log", "--public-key", "audit.pub"), "go together")


# Signing into a file


def test_a_checkpoint_file_is_replaced_by_one_that_continues_it(place: Path) -> None:
    (place / "old").chmod(0o644)
    done = eventlog("checkpoint", "log", "--key", "audit.key", "--out", "old")
    assert (done.code, done.out, done.err) == (0, b"", "")
    assert (place / "old").read_bytes() == (place / "new").read_bytes()
    assert stat.S_IMODE((place / "old").stat().st_mode) == 0o644
    assert eventlog("checkpoint", "log", "--key", "audit.key", "--out", "first").code == 0
    assert (place / "first").read_bytes() == (place / "new").read_bytes()


def test_a_checkpoint_file_is_kept_when_the_log_does_not_continue_it(place: Path) -> None:
    before = {path.name: path.read_bytes() for path in place.iterdir() if path.is_file()}
    forge(place / "log", place / "forged", lambda event: {"n": 0})
    make_log(place / "other")
    sign = ("--key", "audit.key", "--out", "new")
    refused(eventlog("checkpoint", "forged", *sign), 3, "nothing was signed")
    refused(eventlog("checkpoint", "other", *sign), 3, "and this is the log")
    refused(eventlog("checkpoint", "none", *sign), 1, "no log here")
    refused(eventlog("checkpoint", "log", "--key", "audit.key", "--out", "audit.pub"), 3, "note")
    assert {path.name: path.read_bytes() for path in place.iterdir() if path.is_file()} == before


def test_a_checkpoint_is_not_put_into_the_log(place: Path) -> None:
    sign = ("checkpoint", "log", "--key", "audit.key", "--out")
    refused(eventlog(*sign, "log/checkpoint"), 1, "inside of the log")
    refused(eventlog(*sign, "log"), 1, "directory")


# Proving


def test_what_is_to_be_proved_must_be_said(place: Path) -> None:
    misused(eventlog("prove", "log", "3"), "--checkpoint FILE")
    misused(eventlog("prove", "log", "--checkpoint", "old"), "Give a SEQUENCE, or --from")
    both = ("prove", "log", "3", "--checkpoint", "new", "--from", "old")
    misused(eventlog(*both), "Give a SEQUENCE, or --from")
    misused(eventlog("prove", "log", "0", "--checkpoint", "old"), "0")
    refused(eventlog("prove", "log", "12", "--checkpoint", "old"), 3, "covers 11 events")
    refused(eventlog("prove", "log", "1", "--checkpoint", "audit.pub"), 3, "note", "audit.pub")


def test_what_is_to_be_checked_must_be_said(place: Path) -> None:
    (place / "proof").write_bytes(eventlog("prove", "log", "3", "--checkpoint", "old").out)
    grown = eventlog("prove", "log", "--from", "old", "--checkpoint", "new").out
    (place / "grown").write_bytes(grown)
    key = ("--public-key", "audit.pub")
    misused(eventlog("verify-proof", "proof", "--event", "old"), "--public-key")
    misused(eventlog("verify-proof", "proof", *key), "--event FILE")
    misused(eventlog("verify-proof", "grown", *key), "--from FILE")


def test_a_proof_that_does_not_hold_ends_with_3(place: Path) -> None:
    (place / "proof").write_bytes(eventlog("prove", "log", "3", "--checkpoint", "old").out)
    key = ("--public-key", "audit.pub")
    line = eventlog("cat", "log", "--after", "3", "-n", "1", "--jsonl").out
    wrong = eventlog("verify-proof", "proof", "--event", "-", *key, stdin=line)
    refused(wrong, 3, "does not show that this is event 3")
    refused(eventlog("verify-proof", "proof", "--event", "none", *key), 1, "check the path")
    refused(eventlog("verify-proof", "old", "--event", "-", *key), 3, "this is no proof")


def test_a_pruned_event_is_told_from_one_that_is_not_there(place: Path) -> None:
    prune("log", keep_events=5)
    refused(eventlog("prove", "log", "2", "--checkpoint", "old"), 1, "was pruned")
    assert eventlog("verify", "log", *SIGNED).code == 0


def test_names_from_a_checkpoint_cannot_drive_a_terminal(place: Path) -> None:
    """The origin of a signed note is text of somebody else."""
    from eventlog.checkpoints._keys import parse_private_key
    from eventlog.checkpoints._note import sign_note

    key = parse_private_key((place / "audit.key").read_text())
    root = (place / "old").read_text().split("\n")[2]
    (place / "odd").write_text(sign_note(f"eventlog/a\u202eb\u009b\n11\n{root}\n", key))
    done = eventlog("verify", "log", "--checkpoint", "odd", "--public-key", "audit.pub")
    assert done.code == 3
    assert not {"\u202e", "\u009b"} & set(done.text + done.err)


def test_a_checkpoint_that_ends_in_what_was_pruned_is_neither_sound_nor_rewritten(
    place: Path,
) -> None:
    with EventLog.open("log") as log:
        log.seal()
    prune("log", keep_events=0)
    outcome = eventlog("verify", "log", *SIGNED)
    refused(outcome, 1, "the log is sound, but was not compared", "up to sequence 14 were pruned")
    assert "a copy of the log from before it" in outcome.err
    grow(place / "log", 15, 16)
    damaged = active_file(place / "log")
    damaged.write_bytes(damaged.read_bytes()[:-1])
    outcome = eventlog("verify", "log", *SIGNED)
    assert outcome.code == 3
    assert outcome.text.startswith("torn: ")
    assert outcome.err.startswith("not compared with the checkpoint: the events up to sequence 14")
