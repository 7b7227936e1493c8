"""What would run what somebody wrote into a file is not called, and no comment can permit it."""

from __future__ import annotations

import ast
import json
import re
import subprocess
import sys
import tomllib
from collections.abc import Iterator
from pathlib import Path

import pytest
import yaml

from sessions.recovery._config import _parse

PROJECT = Path(__file__).parents[2]
PACKAGES = ("eventlog", "projections", "sessions", "cli")
SOURCES = sorted(path for name in PACKAGES for path in (PROJECT / name).rglob("*.py"))

BANNED_MODULES = {
    "pickle", "cPickle", "_pickle", "dill", "cloudpickle", "shelve", "marshal", "jsonpickle",
    "joblib", "xml.etree", "xmlrpc", "telnetlib", "ftplib",
}  # fmt: skip
BANNED_CALLS = {
    "eval", "exec", "compile", "__import__", "yaml.load", "yaml.load_all", "yaml.unsafe_load",
    "yaml.unsafe_load_all", "yaml.full_load", "yaml.full_load_all", "os.system", "os.popen",
    "subprocess.getoutput", "subprocess.getstatusoutput", "tempfile.mktemp",
    "asyncio.create_subprocess_shell",
}  # fmt: skip
RULES = {
    "S301": "import pickle\npickle.loads(b'')\n",
    "S302": "import marshal\nmarshal.loads(b'')\n",
    "S307": "eval('1')\n",
    "S102": "exec('1')\n",
    "S506": "import yaml\nyaml.load('')\n",
    "S602": "import subprocess\nsubprocess.run(f'ls {1}', shell=True)\n",
    "S605": "import os\nos.system(f'ls {1}')\n",
    "S306": "import tempfile\ntempfile.mktemp()\n",
    "S314": "from xml.etree.ElementTree import parse\nparse('x')\n",
    "S324": "import hashlib\nhashlib.md5(b'')\n",
    "S608": "def f(a):\n    return f'SELECT * FROM {a}'\n",
}
"""Rules of the linter, with code that each must refuse."""


def dotted(node: ast.expr) -> str:
    """``a.b.c`` for names and attributes, as they stand."""
    if isinstance(node, ast.Attribute):
        return f"{dotted(node.value)}.{node.attr}"
    return node.id if isinstance(node, ast.Name) else ""


def banned_in(tree: ast.AST) -> Iterator[str]:
    """What is banned in a module, whatever comments stand beside it."""
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            names = [alias.name for alias in node.names]
        elif isinstance(node, ast.ImportFrom):
            names = [f"{node.module}.{alias.name}" for alias in node.names]
        elif isinstance(node, ast.Call):
            yield from _banned_call(node)
            continue
        else:
            continue
        for name in names:
            if any(f"{name}.".startswith(f"{module}.") for module in BANNED_MODULES):
                yield f"line {node.lineno}: imports {name}"
            if name in BANNED_CALLS:
                yield f"line {node.lineno}: imports {name}"


def _banned_call(node: ast.Call) -> Iterator[str]:
    name = dotted(node.func)
    if name in BANNED_CALLS or name.removeprefix("builtins.") in BANNED_CALLS:
        yield f"line {node.lineno}: calls {name}"
    for keyword in node.keywords:
        is_false = isinstance(keyword.value, ast.Constant) and keyword.value.value is False
        if keyword.arg == "shell" and not is_false:
            yield f"line {node.lineno}: {name} through a shell"


def test_no_module_calls_or_imports_what_is_banned() -> None:
    for path in SOURCES:
        found = [one.split(": ")[1] for one in banned_in(ast.parse(path.read_bytes()))]
        assert found == ["calls yaml.load"] * is_safe_yaml(path), path


@pytest.mark.parametrize("rule", ["S301", "S302", "S307", "S102", "S506", "S602", "S605", "S306"])
def test_the_look_at_the_modules_finds_it(rule: str) -> None:
    silenced = RULES[rule].replace("\n", "  # noqa\n")
    assert list(banned_in(ast.parse(silenced)))


def test_the_linter_refuses_each_of_these_in_every_package(tmp_path: Path) -> None:
    """With the project's own configuration, in all four packages and in none by exception."""
    for package in PACKAGES:
        for rule, code in RULES.items():
            found = lint(code, f"{package}/anything.py")
            assert rule in found, (package, rule)


def lint(code: str, name: str) -> set[str]:
    done = subprocess.run(
        [sys.executable, "-m", "ruff", "check", "--output-format", "json", "--no-cache",
         "--stdin-filename", PROJECT / name, "-"],
        input=code, capture_output=True, text=True, cwd=PROJECT, timeout=60,
    )  # fmt: skip
    assert done.returncode in (0, 1), done.stderr
    return {fault["code"] for fault in json.loads(done.stdout)}


def test_no_configuration_permits_it_for_a_file() -> None:
    ruff = tomllib.loads((PROJECT / "pyproject.toml").read_text())["tool"]["ruff"]["lint"]
    permitted = dict(ruff["per-file-ignores"], everywhere=ruff["ignore"])
    for files, codes in permitted.items():
        refused = {code for code in codes if any(rule.startswith(code) for rule in RULES)}
        assert not refused, (files, refused)


NOQA = re.compile(r"#\s*(?:ruff|flake8):\s*noqa|#\s*noqa(?!:)|#\s*noqa:\s*([A-Z0-9, ]+)", re.I)
SQL = "S608"
"""Tables are named by us or quoted (tests/exports shows it), and SQL has no marks for names."""
SAFE_YAML = ("sessions/recovery/_config.py", "yaml.load", "S506")
"""With a loader that is safer than the safe one; see below."""


@pytest.mark.parametrize(
    "tag", ["!!python/object/apply:os.getpid []", "!!python/name:os.system", "!own x"]
)
def test_the_only_yaml_that_is_loaded_makes_no_objects(tag: str) -> None:
    with pytest.raises(yaml.YAMLError):
        _parse(f"a: {tag}")


def test_no_comment_silences_these_rules() -> None:
    for path in SOURCES:
        permitted = {SQL, SAFE_YAML[2]} if is_safe_yaml(path) else {SQL}
        for number, line in enumerate(path.read_text().splitlines(), 1):
            for match in NOQA.finditer(line):
                codes = set(re.split(r"[,\s]+", match[1].strip())) if match[1] else RULES.keys()
                assert not (codes & RULES.keys()) - permitted, (path, number, codes)


def is_safe_yaml(path: Path) -> bool:
    return str(path.relative_to(PROJECT)) == SAFE_YAML[0]
