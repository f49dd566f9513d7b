"""Commands for definitions: check them, write the schemas for editors, draw a workflow."""

from __future__ import annotations

import json
import os
import re
from collections.abc import Iterable
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import click

from server.cli import speaking
from server.kernel import places, yaml
from server.kernel.problems import Place, Problem
from server.model import settings as school_settings
from server.model.bundle import Bundle, folder_sources, read_folder, read_what_can_be
from server.model.checks import check as check_bundle
from server.model.checks import check_sources
from server.model.definition import SettingsSpec
from server.model.reading import read_document
from server.model.schemas import KINDS, schema_files
from server.words import problems as words
from server.words.speech import LANGUAGES, N_
from server.workflows.compiled import compile_workflow
from server.workflows.diagram import mermaid

# The first key of a file says what it is, and with it the folder where it lies.
_FOLDERS = {"workflow": "workflows", "form": "forms", "consent": "consents"}
_KINDS = (*_FOLDERS, "settings", "legal", "model")
# The same of a file that is no YAML; what is wrong with it is told when it is read.
_FIRST_KEY = re.compile(
    rf"^({'|'.join(_KINDS)}):[ ]*[\"']?([a-z][a-z0-9_]*)?".encode(), re.MULTILINE
)


@click.group(help=N_("Check and publish definitions."))
def defs() -> None:
    """The group `defs`."""


@defs.command(
    "check",
    help=N_(
        "Check definitions: a whole folder, or single files in place of the shipped ones."
        " Without a path, what is shipped."
    ),
)
@click.argument("paths", nargs=-1, type=click.Path(exists=True, path_type=Path))
@click.option(
    "--overlay",
    type=click.Path(exists=True, dir_okay=False, path_type=Path),
    help=N_("A school's settings to carry out before the checks."),
)
@click.option("--json", "as_json", is_flag=True, help=N_("Print the problems as JSON."))
@click.option(
    "--lang",
    type=click.Choice(LANGUAGES),
    help=N_("Language of what is printed; by default that of the terminal, else Russian."),
)
def check(paths: tuple[Path, ...], overlay: Path | None, as_json: bool, lang: str | None) -> int:
    del lang  # read from the context by `speaking.language`
    checking = _Checking()
    checking.run(paths, overlay)
    if as_json:
        click.echo(json.dumps(_as_data(checking), ensure_ascii=False, indent=2))
    else:
        _print(checking)
    return 1 if checking.is_refused() else 0


@defs.command(
    "publish",
    help=N_(
        "Publish definitions over the newest release, as the next one: a whole folder, or single"
        " files in place of the published ones. Running applications keep what they started with."
    ),
)
@click.argument("paths", nargs=-1, required=True, type=click.Path(exists=True, path_type=Path))
@click.option("--note", default="", help=N_("Why, in a few words; stands in the list of releases."))
@click.option("--dry-run", is_flag=True, help=N_("Check only; publish nothing."))
@click.option("--json", "as_json", is_flag=True, help=N_("Print it as JSON."))
def publish(paths: tuple[Path, ...], note: str, dry_run: bool, as_json: bool) -> int:
    # Imported only to publish: checking needs no database.
    from server import settings
    from server.access.actors import SHELL
    from server.runtime import build
    from server.services.model import releases

    checking = _Checking()
    sources, shown = checking.gather(paths)
    number = None
    if not checking.is_refused():
        runtime = build(settings.load(os.environ))
        try:
            with runtime.tools.begin(SHELL) as work:
                checked = releases.check_sources(work, sources=sources)
                checking.problems += [_shown_as(each, shown) for each in checked.problems]
                if not checking.is_refused() and not dry_run:
                    number = releases.publish(work, sources=sources, note=note)
        finally:
            runtime.close()
    _tell_release(checking, number, as_json=as_json)
    return 1 if checking.is_refused() else 0


@defs.command("schema", help=N_("Write the JSON Schemas of the definitions, for editors."))
@click.option(
    "--to",
    "folder",
    type=click.Path(file_okay=False, path_type=Path),
    help=N_("The folder to write to; by default the one beside the shipped definitions."),
)
def schema(folder: Path | None) -> None:
    target = folder or places.workflow_defs() / "schema"
    target.mkdir(parents=True, exist_ok=True)
    for name, content in schema_files().items():
        (target / name).write_text(content, encoding="utf-8")
    speaking.say(N_("Written to %(folder)s: %(names)s."), folder=target, names=", ".join(KINDS))


@defs.command("diagram", help=N_("Draw a shipped workflow as a Mermaid chart."))
@click.argument("workflow")
@click.option(
    "--lang",
    type=click.Choice(LANGUAGES),
    help=N_("Language of what is printed; by default that of the terminal, else Russian."),
)
def diagram(workflow: str, lang: str | None) -> int:
    del lang  # read from the context by `speaking.language`
    bundle, found = read_folder(places.workflow_defs())
    if bundle is None:
        for problem in found:
            click.echo(words.line(problem, speaking.language()), err=True)
        return 1
    if workflow not in bundle.workflows:
        names = ", ".join(bundle.workflows)
        speaking.say(
            N_("There is no workflow “%(id)s”. There are: %(names)s."), id=workflow, names=names
        )
        return 1
    spec = bundle.workflows[workflow]
    compiled = compile_workflow(spec, bundle.forms, bundle.consents)
    click.echo(mermaid(compiled, speaking.language()), nl=False)
    return 0


@dataclass
class _Checking:
    """One run of `defs check`: what was read, and what was found."""

    problems: list[Problem] = field(default_factory=list)
    files: int = 0
    origins: dict[str, Any] = field(default_factory=dict)

    def is_refused(self) -> bool:
        """Whether anything found is more than a warning."""
        return any(not problem.warning for problem in self.problems)

    def gather(self, paths: tuple[Path, ...]) -> tuple[dict[str, bytes], dict[str, str]]:
        """The definitions at these paths by the name they have among the published ones.

        Beside them, how each was typed; what has no place there is a problem.
        """
        sources: dict[str, bytes] = {}
        shown: dict[str, str] = {}
        for path in paths:
            if path.is_dir() and (path / "model.yaml").is_file():
                whole, found = folder_sources(path)
                self.problems += found
                sources |= whole
                shown |= {name: _as_typed(path / name) for name in whole}
                continue
            for file in _files_in(path):
                source = _read(file)
                name = self._name_of(file, source)
                if name == "settings":
                    self.problems.append(
                        Problem(
                            "FILE-KIND",
                            {"kinds": [*_FOLDERS, "legal", "model"]},
                            Place(_as_typed(file), 1, 1),
                        )
                    )
                elif name is not None:
                    sources[name] = source
                    shown[name] = _as_typed(file)
        self.files += len(sources)
        return sources, shown

    def run(self, paths: tuple[Path, ...], overlay: Path | None) -> None:
        folders = [path for path in paths if path.is_dir() and (path / "model.yaml").is_file()]
        for folder in folders or ([] if paths else [places.workflow_defs()]):
            self._folder(folder, overlay)
        single = [file for path in paths if path not in folders for file in _files_in(path)]
        if single:
            self._files(single, overlay)

    def _folder(self, folder: Path, overlay: Path | None) -> None:
        sources, found = folder_sources(folder)
        shown = {name: _as_typed(folder / name) for name in sources}
        self.files += len(sources)
        self._check(sources, shown, overlay, found)

    def _files(self, files: list[Path], overlay: Path | None) -> None:
        """Single files take the place of shipped ones, so that all they name is there."""
        sources, _ = folder_sources(places.workflow_defs())
        shown: dict[str, str] = {}
        unnamed: set[str] = set()
        for file in files:
            self.files += 1
            source = _read(file)
            name = self._name_of(file, source)
            if name == "settings":
                overlay = file
            elif name is not None:
                sources[name] = source
                shown[name] = _as_typed(file)
            else:
                unnamed.update(f"{kind}:{file.stem}" for kind in _FOLDERS)
        self._check(sources, shown, overlay, [], frozenset(unnamed))

    def _name_of(self, file: Path, source: bytes) -> str | None:
        """Where a single file would lie in a folder; `settings` for a school's settings."""
        if file.suffix == ".md":
            return f"consents/{file.name}"
        document = yaml.load(source, file=_as_typed(file))
        if isinstance(document, list):
            first = _FIRST_KEY.search(source)
            if first is None:
                self.problems += document
                return None
            return _folder_name(first[1].decode(), (first[2] or b"").decode(), file)
        # A consent has a key `form` as well: what stands first says what the file is.
        key = next((key for key in document.data if key in _KINDS), None)
        if key is None:
            self.problems.append(Problem("FILE-KIND", {"kinds": _KINDS}, document.place(())))
            return None
        return _folder_name(key, document.data[key], file)

    def _check(
        self,
        sources: dict[str, bytes],
        shown: dict[str, str],
        overlay: Path | None,
        found: list[Problem],
        unread: frozenset[str] = frozenset(),
    ) -> None:
        read = read_what_can_be(sources)
        self.origins.update(read.bundle.origins)
        bundle, problems = check_sources(sources, unread=unread)
        problems = [*found, *problems]
        if overlay is not None:
            problems += _with_settings(bundle, overlay)
        self.problems += [_shown_as(problem, shown) for problem in problems]


def _tell_release(checking: _Checking, number: str | None, *, as_json: bool) -> None:
    if as_json:
        found = {"release": number, "problems": _as_data(checking)}
        click.echo(json.dumps(found, ensure_ascii=False, indent=2))
        return
    if checking.problems or number is None:
        _print(checking)
    if number is not None:
        speaking.say(N_("Published: release %(number)s."), number=number)


def _folder_name(key: str, written: object, file: Path) -> str:
    """Where a file of this kind lies in a folder of definitions; `settings` for a school's."""
    if key in _FOLDERS or key == "legal":
        return f"{_FOLDERS.get(key, key)}/{_name(written, file)}.yaml"
    return "model.yaml" if key == "model" else "settings"


def _with_settings(bundle: Bundle | None, file: Path) -> list[Problem]:
    """What is wrong with a school's settings: by themselves, and with a model that is whole."""
    document = yaml.load(_read(file), file=_as_typed(file))
    if isinstance(document, list):
        return document
    spec = read_document(SettingsSpec, document)
    if isinstance(spec, list) or bundle is None:
        return spec if isinstance(spec, list) else []
    applied = school_settings.apply(bundle, spec, place_of=document.place)
    found = list(applied.problems)
    proved = check_bundle(applied.effective, variant=spec.variant)
    # A school writes in its own language alone (DECISIONS.md 25); the model's texts were checked.
    return found or [problem for problem in proved if problem.code != "TEXT-LOCALE"]


def _files_in(path: Path) -> Iterable[Path]:
    if not path.is_dir():
        return [path]
    files = (*path.rglob("*.yaml"), *path.rglob("*.md"))
    return sorted(file for file in files if not file.name.endswith(".test.yaml"))


def _read(file: Path) -> bytes:
    # One byte more than is allowed is enough to know that it is too much.
    with file.open("rb") as stream:
        return stream.read(yaml.MAX_BYTES + 1)


def _name(written: object, file: Path) -> str:
    """The id in a file, or the file's own name when what is written cannot be one."""
    fits = isinstance(written, str) and written.isascii() and written.isidentifier()
    return str(written) if fits else file.stem


def _as_typed(path: Path) -> str:
    """A path as people know it: relative to where they stand, when it lies below."""
    here = Path(os.getcwd())
    full = path.absolute()
    return str(full.relative_to(here)) if full.is_relative_to(here) else str(path)


def _shown_as(problem: Problem, shown: dict[str, str]) -> Problem:
    place = problem.place
    if place is None or place.file not in shown:
        return problem
    return replace(problem, place=Place(shown[place.file], place.line, place.column))


def _print(checking: _Checking) -> None:
    language = speaking.language()
    for problem in checking.problems:
        click.echo(words.line(problem, language))
        if origin := words.origin_line(problem, checking.origins, language):
            click.echo(f"  {origin}")
    if not checking.problems:
        speaking.say(N_("No problems. Files read: %(count)s."), count=checking.files)


def _as_data(checking: _Checking) -> list[dict[str, Any]]:
    language = speaking.language()
    return [
        {
            **words.as_data(problem, language),
            "origin": words.origin_line(problem, checking.origins, language),
        }
        for problem in checking.problems
    ]
