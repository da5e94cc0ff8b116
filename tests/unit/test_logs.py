from __future__ import annotations

import io
import json
import logging
import os
import sys
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path

import pytest
import structlog

from gateway import logs


@pytest.fixture
def stream() -> io.StringIO:
    stream = io.StringIO()
    logs.configure(stream)
    return stream


def lines(stream: io.StringIO) -> list[dict[str, object]]:
    return [json.loads(line) for line in stream.getvalue().splitlines()]


@pytest.mark.parametrize("time", ["first", "second"])
def test_every_test_finds_the_logs_as_they_were(
    caplog: pytest.LogCaptureFixture, time: str
) -> None:
    logging.getLogger("gateway").warning("%s time", time)
    assert caplog.messages == [f"{time} time"]
    logs.configure(level="error")  # as a command does


def test_an_event_is_one_json_object(stream: io.StringIO) -> None:
    structlog.get_logger("gateway").info("order created", operation="op_1", milliseconds=12)
    (line,) = lines(stream)
    assert (line["event"], line["operation"], line["level"]) == ("order created", "op_1", "info")
    assert str(line["timestamp"]).endswith("Z")


@pytest.mark.parametrize(
    "key",
    ["access_token", "Authorization", "client_secret", "email", "display_name", "body", "input"],
)
def test_keys_of_secrets_and_people_are_masked(stream: io.StringIO, key: str) -> None:
    structlog.get_logger().info("event", outer={key: "Marta Quill"}, **{key: "Marta Quill"})
    assert "Marta" not in stream.getvalue()


@pytest.mark.parametrize(
    "secret",
    [
        "Bearer abcdefgh12345678",
        "eyJhbGciOiJSUzI1NiJ9.eyJ0aWQiOiJ4In0.c2lnbmF0dXJl",
        "bcg_0123456789abcdefghij",
        "marta.quill@harwick.example",
    ],
)
def test_what_looks_like_a_secret_is_masked_wherever_it_stands(
    stream: io.StringIO, secret: str
) -> None:
    structlog.get_logger().info(f"said {secret} aloud", list=[secret], map={"x": secret})
    logging.getLogger("some.library").warning("said %s", secret)
    assert secret not in stream.getvalue()
    assert logs.REDACTED in stream.getvalue()


def test_a_traceback_is_masked_too(stream: io.StringIO) -> None:
    try:
        raise ValueError("Bearer abcdefgh12345678")
    except ValueError:
        structlog.get_logger().exception("failed")
    assert "abcdefgh12345678" not in stream.getvalue()
    assert "ValueError" in stream.getvalue()


def test_counts_and_nothing_are_kept(stream: io.StringIO) -> None:
    structlog.get_logger().info("event", token=None, count=3)
    (line,) = lines(stream)
    assert (line["token"], line["count"]) == (None, 3)


def test_a_text_may_look_odd(stream: io.StringIO) -> None:
    structlog.get_logger().info("event", half="\ud800", large=2**70, quotes='"\t"')
    (line,) = lines(stream)
    assert (line["half"], line["large"], line["quotes"]) == ("\ud800", 2**70, '"\t"')


@dataclass
class Person:
    name: str
    password: str = field(repr=False)


def test_any_other_value_is_told_as_it_prints_and_masked(stream: io.StringIO) -> None:
    person = Person("marta.quill@harwick.example", "open sesame")
    structlog.get_logger().info("event", who=person, _kept=[person])
    assert "sesame" not in stream.getvalue()
    assert "marta" not in stream.getvalue()
    (line,) = lines(stream)
    assert line["who"] == "Person([redacted]')"


def test_what_a_line_is_about_stands_in_each_one_meanwhile(stream: io.StringIO) -> None:
    log, library = structlog.get_logger(), logging.getLogger("some.library")
    with logs.about(request="req_1"):
        with logs.about(operation="op_1"):
            log.info("inside")
        library.warning("between")
        log.info("told", request="another")
    log.info("outside")
    about = [(line.get("request"), line.get("operation")) for line in lines(stream)]
    assert about == [("req_1", "op_1"), ("req_1", None), ("another", None), (None, None)]


def test_a_line_that_cannot_be_written_is_lost_and_ends_nothing() -> None:
    reader, writer = os.pipe()
    os.close(reader)
    pipe = os.fdopen(writer, "w")
    logs.configure(pipe)
    for logger in (structlog.get_logger("gateway"), logging.getLogger("library")):
        logger.warning("to nobody")
        logger.warning("to nobody" * 10_000)
    with suppress(BrokenPipeError):
        pipe.close()
    structlog.get_logger("gateway").warning("to a stream that is closed")


def test_lines_are_written_again_once_there_is_room(tmp_path: Path) -> None:
    with Path("/dev/full").open("w") as full:
        logs.configure(full)
        structlog.get_logger("gateway").warning("lost")
        with (tmp_path / "log").open("w") as file:
            os.dup2(file.fileno(), full.fileno())
        structlog.get_logger("gateway").warning("kept")
    assert json.loads((tmp_path / "log").read_text().splitlines()[-1])["event"] == "kept"


def test_without_standard_error_nothing_is_logged(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "stderr", None)
    logs.configure()
    structlog.get_logger("gateway").warning("to nobody")
    logging.getLogger("library").warning("to nobody")
