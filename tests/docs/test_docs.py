"""README and docs/ name existing commands, options, settings, make targets and files, and their examples work."""

import importlib.util
import itertools
import re
import shlex
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from ruamel.yaml import YAML

REPOSITORY = Path(__file__).resolve().parents[2]
PAGES = [REPOSITORY / "README.md", *sorted((REPOSITORY / "docs").rglob("*.md"))]
EXAMPLES = [REPOSITORY / "docs" / "how-to" / f"add-a-{kind}.md" for kind in ("loss", "method", "source")]
EXAMPLE_METHOD = "method.direct"  # what add-a-method.md adds
BLOCK = re.compile(r"^```(\w+)(?: title=\"([^\"]+)\")?\n(.*?)^```$", re.MULTILINE | re.DOTALL)
LINK = re.compile(r"(?<!`)!?\[[^\]]*\]\(([^)\s]+)\)")


@pytest.fixture(scope="module")
def generate():
    """The hook that writes the generated pages."""
    spec = importlib.util.spec_from_file_location("docs_generate", REPOSITORY / "docs" / "generate.py")
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


@pytest.fixture(scope="module")
def commands(generate):
    """Command as typed → its options."""
    return {
        typed: {option for param in command.params for option in (*param.opts, *param.secondary_opts)}
        for typed, command in generate.commands()
    }


def blocks(page: Path, *languages: str) -> list[str]:
    """Code blocks of these languages."""
    text = page.read_text(encoding="utf-8")
    return [match[3] for match in BLOCK.finditer(text) if match[1] in languages]


def typed_lines(page: Path) -> Iterator[list[str]]:
    """Each simple command of the page's console blocks, as words."""
    for block in blocks(page, "console", "sh", "bash"):
        for line in re.sub(r"\\\n\s*", "", block).splitlines():
            line = re.sub(r"^(\w*\$) ", "", line)
            try:
                words = shlex.split(line, comments=True)
            except ValueError:  # a line of output, or of a here-document
                continue
            while words:
                end = next((i for i, word in enumerate(words) if word in ("&&", "|", ";")), len(words))
                yield words[:end]
                words = words[end + 1 :]


def facealign_calls(page: Path) -> Iterator[list[str]]:
    """The words of each call of the command line, from ``facealign`` on."""
    for words in typed_lines(page):
        if "facealign" in words:
            start = words.index("facealign")
            if start == 0 or words[start - 1] == "-m":
                yield words[start:]


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.relative_to(REPOSITORY).as_posix())
def test_every_command_and_option_exists(page, commands):
    for words in facealign_calls(page):
        if words[1:2] in (["COMMAND"], ["--help"], ["--version"]):
            continue
        known = next((" ".join(words[:n]) for n in (3, 2) if " ".join(words[:n]) in commands), None)
        assert known is not None, f"there is no command {' '.join(words[:3])!r}"
        options = {word.split("=")[0] for word in words if word.startswith("--")}
        unknown = options - commands[known] - {"--help"}
        assert not unknown, f"{known} has no option {', '.join(sorted(unknown))}"


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.relative_to(REPOSITORY).as_posix())
def test_every_setting_exists(page, generate):
    keys = generate.setting_keys()
    sections = {key.split(".")[0] for key in keys}
    named = set()
    for block in blocks(page, "yaml"):
        tree = YAML(typ="safe").load(block)
        if isinstance(tree, dict) and set(tree) <= sections and any(isinstance(v, dict) for v in tree.values()):
            named |= set(dotted(tree, keys))
    for words in typed_lines(page):
        after_set = [after for word, after in itertools.pairwise(words) if word == "--set"]
        in_make = [part for word in words if word.startswith("S=") for part in word[2:].split()]
        paths = [part.lstrip("+").split("=")[0] for part in (*after_set, *in_make)]
        named |= {path for path in paths if path.split(".")[0] in sections and "." in path}
    unknown = {key for key in named if key not in keys and not key.startswith(EXAMPLE_METHOD)}
    unknown = {key for key in unknown if not any(is_value(key, known) for known in keys)}
    assert not unknown, f"there is no setting {', '.join(sorted(unknown))}"


def dotted(tree: dict, keys: set[str], prefix: str = "") -> Iterator[str]:
    """The paths of a tree, down to values that are no sections."""
    for name, value in tree.items():
        path = f"{prefix}{name}"
        yield path
        has_keys = any(key.startswith(f"{path}.") for key in keys)
        if isinstance(value, dict) and has_keys:
            yield from dotted(value, keys, f"{path}.")


def is_value(path: str, known: str) -> bool:
    """Whether a path leads into a value that is a free mapping, such as the parameters of a loss."""
    return path.startswith(f"{known}.") and known.split(".")[-1] in {"params", "points", "edges"}


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.relative_to(REPOSITORY).as_posix())
def test_every_make_target_exists(page):
    makefile = (REPOSITORY / "Makefile").read_text(encoding="utf-8")
    targets = set(re.findall(r"^([a-z][a-z-]*):", makefile, re.MULTILINE))
    for words in typed_lines(page):
        if words[:1] == ["make"]:
            asked = {word for word in words[1:] if "=" not in word}
            assert asked <= targets, f"make has no target {', '.join(sorted(asked - targets))}"


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.relative_to(REPOSITORY).as_posix())
def test_relative_links_lead_somewhere(page, generate):
    made = {REPOSITORY / "docs" / path for path in generate.GENERATED}
    text = re.sub(r"^```.*?^```$", "", page.read_text(encoding="utf-8"), flags=re.MULTILINE | re.DOTALL)
    for target in LINK.findall(text):
        if "://" in target or target.startswith(("#", "mailto:")):
            continue
        path = (page.parent / target.split("#")[0]).resolve()
        assert path.exists() or path in made, target


def test_generated_pages_hold_every_command_and_setting(generate, commands):
    listed = generate.commands_page()
    assert all(f"## {typed}\n" in listed for typed in commands)
    settings = generate.settings_page().replace("<wbr>", "")
    assert "<code>method.awing.model.network.stacks</code>" in settings
    assert "<code>cluster.max_failures</code>" in settings


def test_every_page_is_in_the_navigation(generate):
    navigation = (REPOSITORY / "mkdocs.yml").read_text(encoding="utf-8")
    pages = {page.relative_to(REPOSITORY / "docs").as_posix() for page in PAGES[1:]} | set(generate.GENERATED)
    assert {
        page for page in pages if not re.search(rf"(: |- ){re.escape(page)}$", navigation, re.MULTILINE)
    } == set()


CHECK_EXAMPLES = """
import torch
from facealign.data.sources.base import SOURCES
from facealign.geometry import load_schema
from facealign.losses.coordinates import CoordinateLossChoice
from facealign.methods import METHODS

schema = load_schema("ibug68")
loss = CoordinateLossChoice(name="charbonnier").build(schema)
assert loss.value(torch.zeros(2)).eq(0).all()
method = METHODS["direct"](METHODS["direct"].Config(), schema, 64).eval()
assert method.decode(method(torch.zeros(2, 3, 64, 64, dtype=torch.uint8))).shape == (2, 68, 2)
write(Path(ROOT) / "set")
source = SOURCES["labelme"](Path(ROOT) / "set", "ibug68", None, 0)
samples = list(source.samples())
face = draw_face(1, 0, "ibug68", 64)
assert len(samples) == 6 and abs(source.load(samples[0]).points - face.points).max() < 1e-6
"""


def test_the_example_code_of_the_guides_works(tmp_path):
    """In a process of its own, because it registers a loss, a method and a source."""
    code = [
        block
        for page in EXAMPLES
        for language, title, block in BLOCK.findall(page.read_text(encoding="utf-8"))
        if language == "python" and title.startswith(("platform/", "tests/data/"))
    ]
    assert len(code) == 4
    script = tmp_path / "examples.py"
    script.write_text("\n\n".join([*code, f"ROOT = {str(tmp_path)!r}", CHECK_EXAMPLES]), encoding="utf-8")
    done = subprocess.run([sys.executable, script], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr


FOREIGN = {
    "facealign: command not found",
    "python: not found",
    "cannot execute: required file not found",
    "Key 'early_stop' is not in struct",
    "Unable to acquire lock",
    "alias champion not found",
    "Argument list too long",
}
"""Messages of the shell, of DVC, of MLflow, of curl."""


def test_troubleshooting_quotes_messages_of_the_program():
    """Runs of words between placeholders; a message that was rephrased has to be rephrased there as well."""
    sources = [REPOSITORY / "Makefile", *(REPOSITORY / "platform").rglob("*.py")]
    text = "\n".join(path.read_text(encoding="utf-8") for path in sources)
    program = plain_words(re.sub(r"\{[^{}]*\}", " ", re.sub(r"\"\s*\n\s*f?\"", "", text)))
    missing = []
    for line in (REPOSITORY / "docs" / "troubleshooting.md").read_text(encoding="utf-8").splitlines():
        for quoted in re.findall(r"`([^`]+)`", line.split(" | ")[0] if line.startswith("| ") else ""):
            longest = max(map(plain_words, re.split(r"…|;|'[^']*'|[\d./_]+", quoted)), key=len)
            if quoted not in FOREIGN and len(longest.split()) > 2 and longest not in program:
                missing.append(quoted)
    assert not missing


def plain_words(text: str) -> str:
    """The words of a text, in lower case."""
    return " ".join(re.findall(r"[a-z]+", text.lower()))
