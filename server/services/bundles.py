"""Definitions at hand: compiled once in each process, cached by hash, never invalidated."""

from __future__ import annotations

from collections import OrderedDict
from dataclasses import dataclass, field
from functools import cached_property
from threading import Lock

from sqlalchemy.orm import Session

from server.kernel.errors import Broken
from server.kernel.wordlists import WordList
from server.model.bundle import Bundle
from server.store import definitions
from server.workflows.compiled import Compiled, compile_workflow


@dataclass(frozen=True)
class Ready:
    """One bundle with its workflows compiled."""

    bundle: Bundle
    variant: str

    @cached_property
    def workflows(self) -> dict[str, Compiled]:
        """The compiled workflows by id."""
        return {
            name: compile_workflow(
                spec, self.bundle.forms, self.bundle.consents, self.bundle.numbers(self.variant)
            )
            for name, spec in self.bundle.workflows.items()
        }

    @cached_property
    def danger_words(self) -> WordList:
        """The words in an answer that a person must read for themselves (DECISIONS.md 34)."""
        laws = self.bundle.to_json()["legal"].values()
        return WordList.joined([WordList.model_validate(law["danger_words"]) for law in laws])


@dataclass
class Bundles:
    """A small cache: content-addressed, so what is in it is right for ever."""

    size: int = 200
    _held: OrderedDict[tuple[str, str], Ready] = field(default_factory=OrderedDict)
    _lock: Lock = field(default_factory=Lock)

    def get(self, session: Session, hash_: str, variant: str) -> Ready:
        """The bundle with this hash, from memory or from the database.

        :raises Broken: when no such bundle is stored.
        """
        held = self.peek(hash_, variant)
        if held is not None:
            return held
        content = definitions.content_of(session, hash_)
        if content is None:
            raise Broken(what="definition", hash=hash_)
        return self._keep(hash_, Ready(Bundle.from_json(content), variant))

    def peek(self, hash_: str, variant: str) -> Ready | None:
        """The bundle if it is in memory: no query, for the hot path."""
        with self._lock:
            held = self._held.get((hash_, variant))
            if held is not None:
                self._held.move_to_end((hash_, variant))
            return held

    def _keep(self, hash_: str, ready: Ready) -> Ready:
        with self._lock:
            self._held[(hash_, ready.variant)] = ready
            while len(self._held) > self.size:
                self._held.popitem(last=False)
        return ready
