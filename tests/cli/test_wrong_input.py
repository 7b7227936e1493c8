"""Each kind of wrong input gives one clear line, the documented exit code, and no traceback."""

from __future__ import annotations

import json
import os
from pathlib import Path

import pytest

from eventlog import EventLog
from eventlog._check import finish_line
from tests.cli.helpers import Outcome, eventlog, in_namespace, misused, refused, sound, spawn, tree

READERS = (("cat",), ("tail",), ("info",), ("verify",), ("summary",))
WRITERS = (("append",), ("seal",), ("repair", "--yes"))
COMMANDS = (*READERS, *WRITERS, ("repair", "--dry-run"))


def call(command: tuple[str, ...], log: str | Path) -> Outcome:
    """Run a command on a log, with what else it needs."""
    rest = ("some.type",) if command[0] == "append" else ()
    return eventlog(*command, log, *rest)


def named(commands: tuple[tuple[str, ...], ...]) -> pytest.MarkDecorator:
    """One test per command."""
    return pytest.mark.parametrize("command", commands, ids=" ".join)


@pytest.fixture
def log(tmp_path: Path) -> Path:
    """A log with one event."""
    path = tmp_path / "log"
    with EventLog.open(path) as opened:
        opened.append("some.type")
    return path


@named(COMMANDS)
def test_a_missing_log_is_named_and_not_created(command: tuple[str, ...], tmp_path: Path) -> None:
    refused(call(command, tmp_path / "none"), 1, "no log here", "eventlog init", "none)")
    assert list(tmp_path.iterdir()) == []


@named((*COMMANDS, ("init",)))
def test_a_file_is_no_log(command: tuple[str, ...], tmp_path: Path) -> None:
    path = tmp_path / "file"
    path.write_text("mine")
    refused(call(command, path), 1, "this is a file, and a log is a directory")
    assert path.read_text() == "mine"


@named((*COMMANDS, ("init",)))
def test_a_directory_with_other_files_is_no_log(command: tuple[str, ...], tmp_path: Path) -> None:
    (tmp_path / "notes.txt").write_text("mine")
    refused(call(command, tmp_path), 1, "this directory is no event log")
    assert [path.name for path in tmp_path.iterdir()] == ["notes.txt"]


@named(COMMANDS)
def test_a_log_of_a_newer_format_asks_for_a_newer_version(
    command: tuple[str, ...], log: Path
) -> None:
    (log / "log.json").write_bytes(finish_line(b'{"format":2,"something":"new"', 0))
    before = tree(log)
    refused(call(command, log), 1, "format 2", "install a newer eventlog", "log.json")
    assert tree(log) == before


@pytest.mark.parametrize(
    "content",
    ["", "{", "null", "[]", '"text"', "{}", '{"format":"1"}', '{"format":null}', "[" * 4000,
     '{"format":1,"log_id":"aaaaaaaaaaaa","created":"x","crc32":"00000000"}\n', "\0" * 96],
    ids=lambda content: repr(content[:20]),
)  # fmt: skip
def test_a_damaged_log_json_is_named(content: str, log: Path) -> None:
    (log / "log.json").write_text(content)
    for command in (("cat",), ("append",)):
        refused(call(command, log), 3, "log.json is damaged: restore it from a copy")


def test_a_damaged_log_json_is_a_fault_that_repair_is_not_suggested_for(log: Path) -> None:
    (log / "log.json").write_text("{}")
    outcome = eventlog("verify", log)
    assert outcome.code == 3
    assert "log.json is damaged: restore it from a copy" in outcome.text
    assert "repair" not in outcome.err


def test_log_json_that_is_a_directory_is_named(log: Path) -> None:
    (log / "log.json").unlink()
    (log / "log.json").mkdir()
    refused(call(("cat",), log), 1, "Is a directory", "log.json")


@named(COMMANDS)
def test_an_empty_path_is_refused_instead_of_the_working_directory(
    command: tuple[str, ...],
) -> None:
    misused(call(command, ""), "the path is empty")


def test_a_path_that_is_too_long_is_refused(tmp_path: Path) -> None:
    refused(eventlog("cat", tmp_path / ("a" * 300)), 1, "File name too long")


def test_a_link_to_itself_is_refused(tmp_path: Path) -> None:
    (tmp_path / "loop").symlink_to("loop")
    refused(eventlog("cat", tmp_path / "loop"), 1, "symbolic links")


def test_init_does_not_make_the_directories_above(tmp_path: Path) -> None:
    refused(eventlog("init", tmp_path / "a" / "b"), 1, "No such file or directory: check the path")


def test_init_refuses_a_log_that_is_there(log: Path) -> None:
    before = tree(log)
    refused(eventlog("init", log), 1, "there is a log already")
    assert tree(log) == before


def test_demo_refuses_a_path_that_is_there(tmp_path: Path) -> None:
    refused(eventlog("demo", tmp_path), 1, "choose another path")
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize(
    ("data", "reason"),
    [
        ("[1]", "not a JSON object, but an array"),
        ('"text"', "not a JSON object, but a text"),
        ("1", "not a JSON object, but a number"),
        ("null", "not a JSON object, but null"),
        ("", "ends too early"),
        ("{", "ends too early"),
        ('{"a":1}x', "trailing characters"),
        ('{"a":NaN}', "NaN is no JSON number"),
        ('{"a":-Infinity}', "-Infinity is no JSON number"),
        ('{"a":1e999}', "out of range"),
        ('{"a":18446744073709551616}', "beyond 64 bits"),
        ('{"a":"\\ud800"}', "half of a surrogate pair"),
        ('{"a":"\udcff"}', "not valid UTF-8"),
        ('{"a":1,"a":2}', "the key 'a' stands twice"),
        ('{"a":' * 101 + "1" + "}" * 101, "nested deeper than 100 levels"),
        ('{"a":' * 50_000, "nested deeper than 100 levels"),
    ],
    ids=lambda text: repr(text[:12]),
)
def test_append_refuses_data_with_the_reason(data: str, reason: str, log: Path) -> None:
    before = tree(log)
    refused(eventlog("append", log, "some.type", data), 3, reason)
    content = data.encode(errors="surrogateescape")
    refused(eventlog("append", log, "some.type", "-", stdin=content), 3, reason)
    assert tree(log) == before


def test_append_refuses_more_than_a_line_may_hold(log: Path) -> None:
    data = b'{"a":"%b"}' % (b"x" * 2_000_000)
    refused(eventlog("append", log, "t", "-", stdin=data), 3, "2,000,", "keep large content in a")
    assert sound(log) == 1


@pytest.mark.parametrize(
    ("options", "reason"),
    [
        (["a\nb"], "type holds a control character"),
        (["a\x1b[31m"], "type holds a control character"),
        ([""], "type has 0 characters"),
        (["a" * 513], "type has 513 characters"),
        (["t", "--subject", ""], "subject has 0 characters"),
        (["t", "--subject", "\x9b"], "subject holds a control character"),
        (["t", "--subject", "\udcff"], "subject holds a lone surrogate"),
        (["t", "--source", "a b"], "source 'a b' is no URI reference: percent-encode it"),
        (["t", "--id", ""], "id has 0 characters"),
    ],
)
def test_append_refuses_an_attribute_with_the_reason(
    options: list[str], reason: str, log: Path
) -> None:
    refused(eventlog("append", log, *options), 3, reason)


@pytest.mark.parametrize(
    "time",
    ["", "soon", "2026-13-01", "2026-02-30", "25:00", "0001-01-01T00:00+14:00",
     "9999-12-31T23:59-12:00", "1" * 5000, "\x1b[31m"],
    ids=lambda text: repr(text[:12]),
)  # fmt: skip
@pytest.mark.parametrize("option", ["--since", "--before"])
def test_a_time_that_is_none_is_a_usage_error(option: str, time: str, log: Path) -> None:
    outcome = eventlog("cat", log, option, time)
    misused(outcome, option, "is no time: write it like 2026-02-06T12:34:56Z")
    assert "\x1b" not in outcome.err


@pytest.mark.parametrize("as_of", ["", "-1", "1.5", "soon", "9" * 5000])
def test_as_of_takes_only_a_sequence_or_a_time(as_of: str, log: Path) -> None:
    misused(eventlog("summary", log, "--as-of", as_of), "--as-of")


@pytest.mark.parametrize("seconds", ["nan", "-1", "-inf", "soon", ""])
def test_lock_timeout_takes_only_seconds_from_zero(seconds: str, log: Path) -> None:
    misused(eventlog("append", log, "t", "--lock-timeout", seconds), "no number of seconds from 0")


@pytest.mark.parametrize(
    "args",
    [
        ["nothing"],
        ["cat"],
        ["cat", "log", "more"],
        ["cat", "log", "--nothing"],
        ["cat", "log", "--limit", "-1"],
        ["cat", "log", "--after", "x"],
        ["tail", "log", "-n", "-1"],
        ["append", "log"],
        ["append", "log", "t", "--expected-sequence", "-1"],
        ["import", "log"],
        ["import", "log", "-", "--format", "xml"],
        ["demo", "--sessions", "0"],
    ],
    ids=" ".join,
)
def test_what_the_command_line_does_not_know_is_a_usage_error(args: list[str]) -> None:
    misused(eventlog(*args), "Error: ")


def test_no_command_at_all_shows_the_help_as_a_usage_error() -> None:
    misused(eventlog(), "Commands:")


def test_filters_that_no_event_can_match_find_nothing(log: Path) -> None:
    for value in ("", "\udcff", "\\", '"', "\n"):
        for option in ("--type", "--subject"):
            outcome = eventlog("cat", log, option, value)
            assert outcome == Outcome(0, b"", "no events: the log holds no matching ones\n")


def test_sequences_beyond_any_log_find_nothing(log: Path) -> None:
    assert eventlog("cat", log, "--after", "9" * 40).out == b""
    assert eventlog("summary", log, "--as-of", "9" * 19, "--json").json[0]["events"] == 1


def test_the_latest_time_of_all_includes_everything(log: Path) -> None:
    outcome = eventlog("summary", log, "--as-of", "9999-12-31T23:59:59.999999Z", "--json")
    assert outcome.json[0]["events"] == 1


def test_an_import_of_a_missing_file_leaves_no_log_behind(tmp_path: Path) -> None:
    outcome = eventlog("import", tmp_path / "log", tmp_path / "none.jsonl")
    refused(outcome, 1, "cannot read", "No such file or directory")
    assert list(tmp_path.iterdir()) == []


def test_an_import_of_a_directory_is_refused(tmp_path: Path) -> None:
    refused(eventlog("import", tmp_path / "log", tmp_path), 1, "name the files in it")


def test_standard_input_can_be_imported_only_once(tmp_path: Path) -> None:
    refused(eventlog("import", tmp_path / "log", "-", "-"), 1, "only once")


@pytest.mark.parametrize(
    ("option", "value", "reason"),
    [
        ("--map", "type", "--map TARGET=FIELD"),
        ("--map", "thing=x", "'thing' is no part of an event"),
        ("--rename", "old", "--rename OLD=NEW"),
        ("--default", "type", "--default NAME=VALUE"),
        ("--default", "time=soon", "'soon'"),
        ("--timezone", "Mars/Base", "no time zone is called"),
        ("--timezone", "../../etc/passwd", "no time zone is called"),
        ("--delimiter", "xx", "one character"),
    ],
)
def test_an_import_option_that_cannot_be_is_a_usage_error(
    option: str, value: str, reason: str, tmp_path: Path
) -> None:
    outcome = eventlog("import", tmp_path / "log", "-", option, value, stdin=b"{}\n")
    refused(outcome, 2, reason)


@pytest.mark.parametrize("name", ["none/rejects.jsonl", "."])
def test_a_place_that_cannot_keep_refused_lines_is_refused(name: str, tmp_path: Path) -> None:
    outcome = eventlog("import", tmp_path / "log", "-", "--rejects", tmp_path / name, stdin=b"x\n")
    refused(outcome, 1, "cannot keep refused lines in this file")


def test_an_empty_file_is_imported_as_nothing(tmp_path: Path) -> None:
    (tmp_path / "empty.jsonl").touch()
    outcome = eventlog("import", tmp_path / "log", tmp_path / "empty.jsonl")
    assert outcome == Outcome(0, b"imported 0 events\n", "")
    assert sound(tmp_path / "log") == 0


def test_a_conflict_of_sequences_changes_nothing(log: Path) -> None:
    before = tree(log)
    outcome = eventlog("append", log, "t", "--expected-sequence", "7")
    refused(outcome, 4, "the log stands at sequence 1, not at 7")
    assert tree(log) == before


def test_the_expected_sequence_lets_an_append_through(log: Path) -> None:
    assert eventlog("append", log, "t", "--expected-sequence", "1").out == b"2\n"


def test_an_id_is_stored_once_and_belongs_to_one_event(log: Path) -> None:
    assert eventlog("append", log, "t", '{"n":1}', "--id", "a").out == b"2\n"
    assert eventlog("append", log, "t", '{"n":1}', "--id", "a").out == b"2\n"
    outcome = eventlog("append", log, "t", '{"n":2}', "--id", "a")
    refused(outcome, 4, "id 'a'", "give this event an id of its own", "sequence 2")
    assert sound(log) == 2


@pytest.mark.parametrize("command", [("append",), ("seal",), ("repair", "--yes"), ("import",)])
def test_a_log_that_another_process_holds_is_not_waited_for_longer_than_asked(
    command: tuple[str, ...], log: Path, tmp_path: Path
) -> None:
    import fcntl

    rest: dict[str, tuple[str | Path, ...]] = {
        "append": ("t",), "import": (tmp_path / "in.jsonl",)
    }  # fmt: skip
    (tmp_path / "in.jsonl").write_text("{}\n")
    with (log / "writer.lock").open() as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        outcome = eventlog(*command, log, *rest.get(command[0], ()), "--lock-timeout", "0.05")
    refused(outcome, 5, "another process has held the log for 0.05 s", "--lock-timeout")
    assert sound(log) == 1


def test_readers_do_not_mind_a_writer(log: Path) -> None:
    import fcntl

    with (log / "writer.lock").open() as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        assert [eventlog(*command, log).code for command in READERS] == [0] * len(READERS)
        assert eventlog("repair", log, "--dry-run").code == 0


def test_where_only_reading_is_allowed_reading_works_and_writing_says_why_not(
    log: Path, tmp_path: Path
) -> None:
    (tmp_path / "in.jsonl").write_text('{"type":"t"}\n')
    script = """
        mount --bind "$1" "$1" && mount -o remount,ro,bind "$1" || exit 99
        for command in cat tail info verify summary 'repair --dry-run'; do
            $eventlog $command "$1" >/dev/null || echo "$command ended with $?"
        done
        try() { "$@" || echo "code $?"; }
        try $eventlog append "$1" t
        try $eventlog seal "$1"
        try $eventlog repair --yes "$1"
        try $eventlog import "$1" "$2"
        try $eventlog init "$1/new"
    """
    outcome = in_namespace(script, log, tmp_path / "in.jsonl")
    assert outcome.text == "code 1\n" * 5
    lines = outcome.err.splitlines()
    assert len(lines) == 6, lines  # summary tells how many sessions there are
    assert sum("Read-only file system: it can only be read here" in line for line in lines) == 5


def test_on_a_full_disk_nothing_is_acknowledged_and_what_was_stays_readable(
    tmp_path: Path,
) -> None:
    (tmp_path / "disk").mkdir()
    (tmp_path / "in.jsonl").write_bytes(
        b"".join(b'{"type":"t","pad":"%b","n":%d}\n' % (b"x" * 200, n) for n in range(5000))
    )
    script = """
        mount -t tmpfs -o size=512k tmpfs "$1" || exit 99
        $eventlog append "$1/log" first 2>/dev/null && exit 98
        $eventlog init "$1/log" 2>/dev/null && $eventlog append "$1/log" first || exit 97
        $eventlog import "$1/log" "$2"; echo "code $?"
        $eventlog cat "$1/log" --jsonl | tail -n 1 | cut -c 1-60
        cat /dev/zero > "$1/filling" 2>/dev/null  # a failed write gives back what it took
        large=$(head -c 9000 /dev/zero | tr '\\0' x)
        $eventlog append "$1/log" last "{\\"pad\\": \\"$large\\"}"; echo "code $?"
        cp -r "$1/log" "$3"
    """
    copy = tmp_path / "copy"
    outcome = in_namespace(script, tmp_path / "disk", tmp_path / "in.jsonl", copy)
    lines = outcome.text.splitlines()
    assert lines[0] == "1"
    assert lines.count("code 1") == 2
    assert outcome.err.count("No space left on device: free some space") == 2
    assert "Traceback" not in outcome.err
    with EventLog.open(copy) as log:  # there is room again
        kept = log.head()
        assert log.append("last") == kept + 1
    assert sound(copy) == kept + 1


def test_output_that_cannot_be_written_is_an_error(log: Path) -> None:
    def fill() -> None:
        os.dup2(os.open("/dev/full", os.O_WRONLY), 1)

    for unbuffered in ("", "1"):
        outcome = spawn("cat", log, prepare=fill, env={"PYTHONUNBUFFERED": unbuffered})
        refused(outcome, 1, "No space left on device")


def test_closed_standard_streams_do_no_harm(log: Path) -> None:
    """A descriptor that is free would else be taken by a file of the log."""

    def close_all() -> None:
        for descriptor in (0, 1, 2):
            os.close(descriptor)

    assert spawn("append", log, "t", "-", prepare=close_all) == Outcome(3, b"", "")
    assert spawn("append", log, "t", prepare=close_all) == Outcome(0, b"", "")
    assert spawn("import", log, "-", prepare=close_all) == Outcome(0, b"", "")
    assert spawn("cat", log, "--nothing", prepare=close_all) == Outcome(2, b"", "")
    assert sound(log) == 2


def test_a_bug_is_one_line_too(log: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def broken(*_: object, **__: object) -> None:
        raise ZeroDivisionError("some\nthing")

    monkeypatch.setattr("cli.commands.info.open_for_reading", broken)
    outcome = eventlog("info", log)
    assert outcome.code == 1
    assert outcome.err.startswith("eventlog: this is a bug")
    assert outcome.err.count("\n") == 1
    assert "ZeroDivisionError" in outcome.err


def test_a_log_with_a_line_that_is_no_json_is_damaged(log: Path) -> None:
    segment = next((log / "segments").iterdir())
    good = segment.read_bytes()
    segment.write_bytes(b"not json\n" + good + good)
    refused(eventlog("cat", log), 3, "'eventlog verify' shows all damage")
    assert json.loads(eventlog("verify", log, "--json").out)["ok"] is False
