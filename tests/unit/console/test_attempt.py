"""What comes of a mapping, a document and answers that are typed."""

from __future__ import annotations

from dataclasses import replace

import pytest

from gateway.console.attempt import Texts, attempt
from gateway.console.examples import starts
from gateway.console.shown import MOST_LINES
from gateway.snapshot import Snapshot


@pytest.fixture
def texts(snapshot: Snapshot) -> Texts:
    return starts(snapshot)["sales-orders:create"].texts()


def test_every_beginning_would_be_sent(snapshot: Snapshot) -> None:
    for key, start in starts(snapshot).items():
        made = attempt(start.texts(), snapshot)
        assert made.summary == "Would send 1 request.", (key, made)
        assert (made.unused, made.findings) == ((), ())


def test_lines_are_the_body_and_know_their_leaves(texts: Texts, snapshot: Snapshot) -> None:
    (call,) = attempt(texts, snapshot).calls
    lines = {line.text.strip().rstrip(","): line.leaf for line in call.lines}
    leaf = lines['"quantity": 2.5']
    assert leaf is not None
    assert (leaf.target, leaf.expression) == (
        "salesOrderLines[0].quantity",
        "{{ line.quantity }}",
    )
    assert lines['"unitPrice": 19.90'] is not None  # digit by digit
    assert lines['"salesOrderLines": ['] is None
    assert (call.lines[0].text, call.lines[-1].text) == ("{", "}")


def test_mistakes_are_found_in_each_text(texts: Texts, snapshot: Snapshot) -> None:
    broken = replace(
        texts,
        mapping=texts.mapping.replace("order.currency", "order.curency", 1),
        input='{"a": 1,}',
        answers="lookups: [",
    )
    made = attempt(broken, snapshot)
    assert [(one.place.file, one.rule) for one in made.findings] == [
        ("draft.yaml", "M201"),
        ("input.json", "D120"),
        ("answers.yaml", "D110"),
    ]
    assert (made.summary, made.calls) == ("3 mistakes to put right.", ())


@pytest.mark.parametrize("answers", ["[]", "customer: {}", "lookups: 5"])
def test_answers_of_another_shape(answers: str, texts: Texts, snapshot: Snapshot) -> None:
    (found,) = attempt(replace(texts, answers=answers), snapshot).findings
    assert (found.rule, found.place.file) == ("T101", "answers.yaml")


@pytest.mark.parametrize("record", ["true", "1.5", "[]", "[{}]", "{salesOrderLines: [5]}"])
def test_answers_that_are_no_records(record: str, texts: Texts, snapshot: Snapshot) -> None:
    change = replace(texts, verb="update", input='{"currency": "EUR"}', target="any")
    (found,) = attempt(replace(change, answers=f"steps: {{read: {record}}}"), snapshot).findings
    assert (found.rule, found.place.file) == ("T110", "answers.yaml")


@pytest.mark.parametrize("verb", ["", "read", "delete"])
def test_a_verb_that_does_not_write(verb: str, texts: Texts, snapshot: Snapshot) -> None:
    made = attempt(replace(texts, verb=verb), snapshot)
    assert [one.rule for one in made.findings] == ["T103"]
    assert made.verbs == ("create", "update", "ship-and-invoice")


def test_an_answer_that_business_central_never_gives(texts: Texts, snapshot: Snapshot) -> None:
    wrong = texts.answers.replace("blocked:", "blockd:", 1)
    assert wrong != texts.answers
    (found,) = attempt(replace(texts, answers=wrong), snapshot).findings
    assert (found.rule, found.place.file, found.hint) == (
        *("T110", "answers.yaml"),
        'Did you mean "blocked"?',
    )
    line = wrong.splitlines()[found.place.line - 1]
    assert line[found.place.column - 1 :].startswith("blockd:")


def test_answers_that_are_missing_are_named(texts: Texts, snapshot: Snapshot) -> None:
    made = attempt(replace(texts, answers=""), snapshot)
    assert made.summary == "Some answers are missing."
    assert made.lacking is not None
    assert made.lacking.startswith("lookups:\n  customer: {")


def test_a_refusal_and_what_nothing_reads(texts: Texts, snapshot: Snapshot) -> None:
    made = attempt(replace(texts, input='{"note": 1}'), snapshot)
    assert made.summary == "Would be refused as invalid_input."
    assert made.unused == ("/note",)


def test_a_record_that_is_that_way_already(snapshot: Snapshot) -> None:
    texts = starts(snapshot)["customers:update"].texts()
    made = attempt(replace(texts, input="{}"), snapshot)
    assert made.summary.startswith("Nothing would have to be sent")


@pytest.mark.parametrize(
    ("key", "target", "summary"),
    [
        ("customers:update", "", "1 mistake to put right."),
        ("customers:upsert", "", "1 mistake to put right."),
        ("customers:update", "x", "Would be refused as invalid_query."),
        ("customers:upsert", "N-1", "Would send 1 request."),
        ("customers:upsert", "{{ 1 }}" * 20, "Would be refused as invalid_input."),
        ("sales-orders:ship-and-invoice", "x", "Would be refused as invalid_query."),
    ],
)
def test_whom_it_is_about(key: str, target: str, summary: str, snapshot: Snapshot) -> None:
    texts = starts(snapshot)[key].texts()
    given = replace(texts, target=target, input='{"name": "Adatum"}')
    assert attempt(given, snapshot).summary == summary


def test_a_long_order_is_cut(texts: Texts, snapshot: Snapshot) -> None:
    line = '{"sku": "DESK-ATHENS", "quantity": 1, "unit_price": 1}'
    order = f'{{"external_reference": "x", "customer": {{"number": "1"}}, "lines": [{line}{f", {line}" * 299}]}}'
    (call,) = attempt(replace(texts, input=order), snapshot).calls
    assert len(call.lines) == MOST_LINES
    assert call.more > 1000
