"""All definitions of one release together: frozen, content-addressed, stored and pinned as one."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path as FilePath
from types import MappingProxyType
from typing import Any, cast

from pydantic import BaseModel

from server.consents.definition import ConsentSpec
from server.forms.definition import FormSpec
from server.kernel import yaml
from server.kernel.canonical import canonical, normal_text, sha256_hex
from server.kernel.problems import Place, Problem
from server.kernel.yaml import Document, Path
from server.model.definition import ModelSpec, Variant
from server.model.legal import LegalSpec
from server.model.reading import nearest, read_document
from server.workflows.definition import WorkflowSpec

MAX_FILES = 500

Frozen = Mapping[str, Any]


@dataclass(frozen=True)
class Bundle:
    """One release of the model with everything it carries.

    `legal` holds one country's facts by the name of its file (`ru`), as frozen raw data. `texts`
    holds the markdown beside the consents by name and locale: the name of a consent's `text`
    without its folder (`processing`), of a companion (`processing.child`), `signature_rules`.
    `documents` are the sources with their places, and no part of what the bundle is: one that
    comes out of the database has none.
    """

    release: str
    model: ModelSpec
    legal: Mapping[str, Frozen]
    workflows: Mapping[str, WorkflowSpec]
    forms: Mapping[str, FormSpec]
    consents: Mapping[str, ConsentSpec]
    texts: Mapping[str, Mapping[str, str]]
    documents: Mapping[str, Document] = field(default_factory=dict, compare=False, repr=False)

    @cached_property
    def hash(self) -> str:
        """SHA-256 of the canonical JSON of it all, as 64 hex digits."""
        return sha256_hex(canonical(self.to_json()))

    @cached_property
    def hashes(self) -> Mapping[str, str]:
        """The hash of each document by `kind:id` (`form:minor_questionnaire`)."""
        named: dict[str, Any] = {"model:model": _plain(self.model)}
        for kind in ("workflow", "form", "consent"):
            specs = getattr(self, f"{kind}s").items()
            named.update({f"{kind}:{name}": _plain(spec) for name, spec in specs})
        named.update({f"legal:{name}": law for name, law in self.legal.items()})
        named.update({f"text:{name}": words for name, words in self.texts.items()})
        return {name: sha256_hex(canonical(content)) for name, content in named.items()}

    @property
    def origins(self) -> Frozen:
        """The reasons of limits by id, of every country: origin, title, text, source."""
        return {name: why for law in self.legal.values() for name, why in law["origins"].items()}

    @property
    def grounds(self) -> Frozen:
        """The grounds on which data may be held without a consent, by id."""
        listed = [ground for law in self.legal.values() for ground in law["grounds"]]
        return {one["ground"]: one for one in listed if one["ground"] != "consent"}

    def numbers(self, variant: Variant | str) -> Mapping[str, int]:
        """The number of each counting parameter that a definition leaves to the variant."""
        return self.model.defaults(cast(Variant, variant))

    def text_of(self, consent: str, locale: str) -> str | None:
        """The document of a consent in one language; never another language in its place (R5)."""
        return self.texts.get(text_name(self.consents[consent].text), {}).get(locale)

    def companion_of(self, consent: str, age: int, locale: str) -> str | None:
        """The plain words for a child of this age beside a consent, None where there are none."""
        name = self.companion_name(consent, age)
        return self.texts.get(name, {}).get(locale) if name is not None else None

    def companion_name(self, consent: str, age: int) -> str | None:
        """The name of these plain words in `texts`."""
        for band, path in self.consents[consent].companions.items():
            youngest, _, oldest = band.partition("-")
            if int(youngest) <= age <= int(oldest):
                return text_name(path)
        return None

    def place(self, document: str, path: Path = ()) -> Place | None:
        """Where a point of a document (`form:minor_questionnaire`) was written, if known."""
        found = self.documents.get(document)
        return found.place(path) if found is not None else None

    def to_json(self) -> dict[str, Any]:
        """The bundle as plain JSON, for PostgreSQL; `from_json` gives it back."""
        return {
            "release": self.release,
            "model": _plain(self.model),
            "legal": thawed(self.legal),
            "workflows": {name: _plain(spec) for name, spec in sorted(self.workflows.items())},
            "forms": {name: _plain(spec) for name, spec in sorted(self.forms.items())},
            "consents": {name: _plain(spec) for name, spec in sorted(self.consents.items())},
            "texts": thawed(self.texts),
        }

    @staticmethod
    def from_json(content: Mapping[str, Any]) -> Bundle:
        """The bundle out of what `to_json` gave.

        :raises ValueError: when the content was written by a release with another language.
        """
        return Bundle(
            release=content["release"],
            model=ModelSpec.model_validate(content["model"]),
            legal=_frozen(content["legal"]),
            workflows=_specs(WorkflowSpec, content["workflows"]),
            forms=_specs(FormSpec, content["forms"]),
            consents=_specs(ConsentSpec, content["consents"]),
            texts=_frozen(content["texts"]),
        )


def thawed(value: Any) -> Any:
    """Frozen raw data as plain JSON again, keys in order."""
    if isinstance(value, Mapping):
        return {key: thawed(held) for key, held in sorted(value.items())}
    if isinstance(value, tuple | list):
        return [thawed(held) for held in value]
    return value


def text_name(path: str) -> str:
    """The name of a text in `Bundle.texts`: its path without the folder."""
    return path.rpartition("/")[2]


def read_folder(path: FilePath) -> tuple[Bundle | None, list[Problem]]:
    """The bundle in a folder of definitions, or what keeps it from being one.

    Files of other kinds are left alone; a link that leads out of the folder is refused.
    """
    sources, problems = folder_sources(path)
    bundle, found = read_sources(sources)
    return (None if problems else bundle), problems + found


def folder_sources(path: FilePath) -> tuple[dict[str, bytes], list[Problem]]:
    """The definition files of a folder by their path in it, and what may not lie there."""
    sources: dict[str, bytes] = {}
    problems: list[Problem] = []
    found = sorted(file for file in path.rglob("*") if file.suffix in (".yaml", ".yml", ".md"))
    if len(found) > MAX_FILES:
        return {}, [Problem("FILE-MANY", {"most": MAX_FILES}, Place(str(path), 1, 1))]
    root = path.resolve()
    for file in found:
        name = file.relative_to(path).as_posix()
        if not file.resolve().is_relative_to(root) or not file.is_file():
            problems.append(Problem("FILE-LINK", place=Place(name, 1, 1)))
            continue
        # One byte more than is allowed is enough to know that it is too much.
        with file.open("rb") as stream:
            sources[name] = stream.read(yaml.MAX_BYTES + 1)
    return sources, problems


@dataclass(frozen=True)
class Read:
    """What could be read of some sources.

    `bundle` holds all that is good, `unread` names what is not: documents (`form:goal`) and texts
    (`text:consents/photo.ru.md`) that are there, and cannot be read.
    """

    bundle: Bundle
    problems: tuple[Problem, ...]
    unread: frozenset[str]


def read_sources(sources: Mapping[str, str | bytes]) -> tuple[Bundle | None, list[Problem]]:
    """The bundle out of sources by their path; with any problem there is no bundle.

    What files say of each other is not looked at here: that is model/checks.py.
    """
    read = read_what_can_be(sources)
    return (None if read.problems else read.bundle), list(read.problems)


def read_what_can_be(sources: Mapping[str, str | bytes]) -> Read:
    """The good ones among sources by their path, so that one mistake does not hide the others."""
    reading = _Reading()
    for name in sorted(sources):
        reading.take(name, sources[name])
    return reading.read()


_KINDS: tuple[tuple[str, str, type[BaseModel]], ...] = (
    ("workflow", "workflows", WorkflowSpec),
    ("form", "forms", FormSpec),
    ("consent", "consents", ConsentSpec),
)
_TEXT = re.compile(r"^consents/([a-z0-9_]+(?:\.[a-z_]+)?)\.([a-z]{2})\.md$")
_LEGAL = re.compile(r"^legal/([a-z]{2})\.yaml$")
# Other definitions and papers that may lie in the folder; nothing else may.
_ELSEWHERE = re.compile(
    r"^(texts|documents|instruments|schema|settings)/|^(methods|indicators)\.yaml$"
    r"|\.test\.yaml$|(^|/)README\.md$"
)


class _Reading:
    """The documents of one folder while they are read."""

    def __init__(self) -> None:
        self.problems: list[Problem] = []
        self.specs: dict[str, dict[str, Any]] = {"workflow": {}, "form": {}, "consent": {}}
        self.documents: dict[str, Document] = {}
        self.legal: dict[str, Any] = {}
        self.texts: dict[str, dict[str, str]] = {}
        self.model: ModelSpec | None = None
        self.met: set[str] = set()  # all that is there, read or not
        self.misnamed: dict[tuple[str, str], tuple[Any, Document]] = {}

    def take(self, name: str, source: str | bytes) -> None:
        if _ELSEWHERE.search(name):
            return
        if text := _TEXT.match(name):
            self.met.add(f"text:{name}")
            self._text(name, text[1], text[2], source)
        elif law := _LEGAL.match(name):
            self.met.add(f"legal:{law[1]}")
            self._with_document(name, source, lambda document: self._law(law[1], document))
        elif name == "model.yaml":
            self.met.add("model:model")
            self._with_document(name, source, self._model)
        else:
            kind = next((kind for kind in _KINDS if name.startswith(f"{kind[1]}/")), None)
            if kind is not None:
                self.met.add(f"{kind[0]}:{FilePath(name).stem}")
            if kind is None or not _in_folder(name, kind[1]):
                self._refuse("FILE-NAME", name, folders=[folder for _, folder, _ in _KINDS])
                return
            self._with_document(name, source, lambda document: self._spec(kind, document))

    def read(self) -> Read:
        if "model:model" not in self.met:
            self._refuse("FILE-MODEL", "model.yaml")
            self.met.add("model:model")
        if not any(met.startswith("legal:") for met in self.met):
            self._refuse("FILE-LEGAL", "legal/ru.yaml")
            self.met.add("legal:ru")
        for (key, name), (spec, document) in self.misnamed.items():
            # Under a wrong name of its file: the others mean it by its id, if no file is named so.
            if f"{key}:{name}" not in self.documents:
                self.specs[key][name] = spec
                self.documents[f"{key}:{name}"] = document
        texts = {
            f"text:{_text_file(name, locale)}"
            for name, by_locale in self.texts.items()
            for locale in by_locale
        }
        unread = self.met - texts - self.documents.keys()
        return Read(self._bundle(), tuple(self.problems), frozenset(unread))

    def _bundle(self) -> Bundle:
        model = self.model or ModelSpec(model="0.0", parameters={})
        return Bundle(
            release=model.model,
            model=model,
            legal=_frozen(self.legal),
            workflows=MappingProxyType(self.specs["workflow"]),
            forms=MappingProxyType(self.specs["form"]),
            consents=MappingProxyType(self.specs["consent"]),
            texts=_frozen(self.texts),
            documents=MappingProxyType(self.documents),
        )

    def _with_document(
        self, name: str, source: str | bytes, use: Callable[[Document], None]
    ) -> None:
        document = yaml.load(source, file=name)
        if isinstance(document, list):
            self.problems += document
        else:
            use(document)

    def _model(self, document: Document) -> None:
        model = read_document(ModelSpec, document)
        if isinstance(model, list):
            self.problems += model
        else:
            self.model = model
            self.documents["model:model"] = document

    def _law(self, country: str, document: Document) -> None:
        law = read_document(LegalSpec, document)
        if isinstance(law, list):
            self.problems += law
        else:
            self.legal[country] = document.data
            self.documents[f"legal:{country}"] = document

    def _spec(self, kind: tuple[str, str, type[BaseModel]], document: Document) -> None:
        key, _, model = kind
        if key not in document.data:
            wrong = next(iter(document.data), "")
            facts = {"key": key, "meant": nearest(wrong, [key])}
            self.problems.append(Problem("KEY-MISSING", facts, document.place(())))
            return
        spec = read_document(model, document)
        if isinstance(spec, list):
            self.problems += spec
            return
        if written := _written_own(document):
            self.problems += written
            return
        name = str(getattr(spec, key))
        if name in self.specs[key]:
            other = self.documents[f"{key}:{name}"].file
            facts = {"id": name, "other": other}
            self.problems.append(Problem("FILE-TWICE", facts, document.place((key,)), name))
            return
        if FilePath(document.file).stem != name:
            facts = {"id": name, "file": f"{name}.yaml"}
            self.problems.append(Problem("FILE-ID", facts, document.place((key,)), name))
            self.misnamed[key, name] = spec, document
            return
        self.specs[key][name] = spec
        self.documents[f"{key}:{name}"] = document

    def _text(self, file: str, name: str, locale: str, source: str | bytes) -> None:
        text = yaml.readable(source, file=file)
        if isinstance(text, list):
            self.problems += text
        else:
            self.texts.setdefault(name, {})[locale] = normal_text(text)

    def _refuse(self, code: str, file: str, **facts: Any) -> None:
        self.problems.append(Problem(code, facts, Place(file, 1, 1)))


def _written_own(document: Document) -> list[Problem]:
    """The key that only the merge of a school's settings may set, written in a file."""
    fields = document.data.get("fields", ())
    facts = {"key": "own", "allowed": [], "meant": ""}
    return [
        Problem("KEY-UNKNOWN", facts, document.key_place(("fields", index, "own")))
        for index, field_ in enumerate(fields)
        if "own" in field_
    ]


def _text_file(name: str, locale: str) -> str:
    return f"consents/{name}.{locale}.md"


def _in_folder(name: str, folder: str) -> bool:
    return re.fullmatch(rf"{folder}/[a-z][a-z0-9_]{{0,62}}\.yaml", name) is not None


def _plain(spec: BaseModel) -> dict[str, Any]:
    # Defaults are left out: a new key of the language does not change the hash of old files. In
    # the parameters it matters whether a key was written at all (Range.within).
    if isinstance(spec, ModelSpec):
        return spec.model_dump(mode="json", by_alias=True, exclude_unset=True)
    return spec.model_dump(mode="json", by_alias=True, exclude_defaults=True)


def _specs(kind: type[Any], raw: Mapping[str, Any]) -> Mapping[str, Any]:
    return MappingProxyType({name: kind.model_validate(spec) for name, spec in raw.items()})


def _frozen(value: Any) -> Any:
    if isinstance(value, Mapping):
        return MappingProxyType({key: _frozen(held) for key, held in value.items()})
    if isinstance(value, Iterable) and not isinstance(value, str):
        return tuple(_frozen(held) for held in value)
    return value
