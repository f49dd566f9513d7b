"""What tests and processes find behind their addresses."""

from __future__ import annotations

import socket

import psycopg
import pytest

from server.supervisor import postgres


def test_the_application_s_role_is_bound_and_may_only_become_the_relay(app_url):
    found = postgres.look_at(app_url)

    assert (found.role, found.is_strong, found.may_relay) == ("school_app", False, True)


def test_the_relay_s_rights_are_not_inherited(app_url):
    query = "select pg_has_role('school_relay', 'usage')"
    with psycopg.connect(app_url) as connection:
        assert connection.execute(query).fetchone() == (False,)
        connection.execute("set local role school_relay")


def test_the_owner_is_no_superuser(owner_url):
    query = "select rolsuper or rolbypassrls from pg_roles where rolname = current_user"
    with psycopg.connect(owner_url) as connection:
        assert connection.execute(query).fetchone() == (False,)


def test_cyrillic_is_compared_without_case_whatever_the_machine_s_locale(app_url):
    with psycopg.connect(app_url) as connection:
        assert connection.execute("select 'ЁЖ' ilike 'ёж', lower('ЁЖ')").fetchone() == (True, "ёж")


def test_roles_can_be_made_again(superuser_url):
    with psycopg.connect(superuser_url, autocommit=True) as connection:
        connection.execute(postgres.ROLES_SQL)
        connection.execute(postgres.ROLES_SQL)


def the_refusal(url: str) -> str:
    with pytest.raises(psycopg.OperationalError) as caught:
        postgres.look_at(url)
    refusal = postgres.unreachable(caught.value, "DATABASE_URL")
    return str(refusal.facts["detail"])


def test_a_closed_port_is_told_by_its_cause():
    with socket.create_server(("127.0.0.1", 0)) as server:
        port = server.getsockname()[1]

    assert the_refusal(f"postgresql://u:secret@127.0.0.1:{port}/d") == "Connection refused"


def test_a_wrong_password_is_told_by_its_cause(app_url):
    wrong = app_url.replace("school_app:", "school_app:not")

    assert the_refusal(wrong) == 'password authentication failed for user "school_app"'


def test_a_database_that_is_not_there_is_told_by_its_cause(app_url, fresh_database):
    wrong = app_url.replace(fresh_database, "nowhere")

    assert the_refusal(wrong) == 'database "nowhere" does not exist'


def test_a_missing_socket_is_told_by_its_cause(tmp_path):
    said = the_refusal(f"postgresql://u@/d?host={tmp_path}")

    assert said == "No such file or directory"


def test_redis_is_empty_for_each_test(redis_url):
    import redis

    with redis.Redis.from_url(redis_url) as connection:
        assert connection.dbsize() == 0
        connection.set("left", "over")


def test_redis_is_empty_for_the_next_test_too(redis_url):
    import redis

    with redis.Redis.from_url(redis_url) as connection:
        assert connection.dbsize() == 0
