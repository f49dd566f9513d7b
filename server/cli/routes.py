"""All addresses of the product, whom each is for, and what kind of id it carries."""

from __future__ import annotations

import json
import os
from tempfile import TemporaryDirectory
from typing import Any

import click
from flask import Flask
from werkzeug.routing import Rule

from server import settings
from server.app import create_app
from server.http.context import door_of
from server.kernel.errors import SettingsRefused
from server.runtime import assemble
from server.words.speech import N_


@click.command(help=N_("List all addresses of the pages and the API."))
@click.option("--json", "as_json", is_flag=True, help=N_("Print data for programs."))
def routes(as_json: bool) -> None:
    """Print every rule with its methods and its policy; a new one without a policy cannot be."""
    with TemporaryDirectory() as folder:
        runtime = assemble(_settings(folder))
        listed = rules(create_app(runtime))
        runtime.close()
    if as_json:
        click.echo(json.dumps(listed, ensure_ascii=False, indent=1))
        return
    for each in listed:
        click.echo(f"{each['policy']:<28} {','.join(each['methods']):<12} {each['rule']}")


def rules(app: Flask) -> list[dict[str, Any]]:
    """Every rule by its address: methods that do something, endpoint, policy, kinds of ids."""
    return sorted(
        (_shown(app, rule) for rule in app.url_map.iter_rules()),
        key=lambda each: (each["rule"], each["methods"]),
    )


def _settings(folder: str) -> settings.Settings:
    try:
        return settings.load(os.environ)
    except SettingsRefused:
        # Addresses are read from the code alone: where nothing is set up, those of a sandbox.
        alone = {"MENTOR_SCHOOL_DATA": folder, "MENTOR_SCHOOL_SANDBOX": "yes"}
        return settings.load_or_create(alone)


def _shown(app: Flask, rule: Rule) -> dict[str, Any]:
    at = door_of(app, rule.endpoint)
    return {
        "rule": rule.rule,
        "methods": sorted((rule.methods or set()) - {"HEAD", "OPTIONS"}),
        "endpoint": rule.endpoint,
        "policy": at.words if at else None,
        "ids": {name: type(rule._converters[name]).__name__ for name in sorted(rule.arguments)},
    }
