"""What a test beside a mapping finds: every expectation can fail, and says what came out."""

from __future__ import annotations

from pathlib import Path

import pytest

from gateway.cases import CaseResult, check_cases, read_cases, run_cases
from gateway.snapshot import Snapshot

TERMS = "5f8c0000-0000-4000-8000-0000000000aa"
ANSWERS = f"""\
resource: things
answers: {{lookups: {{terms: {{id: {TERMS}}}}}}}
tests:
"""
NOTHING = "resource: things\ntests:\n"
READS = "{steps: {read: {id: 5f8c0000-0000-4000-8000-000000000001, displayName: A}}}"
CREATE = """\
  - name: one
    verb: create
    given: thing.json
"""
READ = """\
  - name: two
    verb: read
    answers: {steps: {read: {id: 5f8c0000-0000-4000-8000-000000000001, displayName: Adatum}}}
"""


async def results(folder: Path, snapshot: Snapshot, tests: str) -> list[CaseResult]:
    path = folder / "mappings" / "things.test.yaml"
    path.write_text(tests)
    return await run_cases(read_cases(path), snapshot)


async def found(
    folder: Path, snapshot: Snapshot, tests: str
) -> list[tuple[str, str, str | None, str | None]]:
    return [
        (one.rule, one.message, one.expected, one.actual)
        for result in await results(folder, snapshot, tests)
        for one in result.findings
    ]


@pytest.mark.parametrize(
    "expect",
    [
        "{writes: 1}",
        f"{{requests: [{{call: POST customers, body: {{displayName: Adatum, paymentTermsId: {TERMS}}}}}]}}",
        "{requests: [{call: POST customers, body_contains: {displayName: Adatum}}]}",
        "{requests: [{call: POST customers, absent: [/email]}]}",
    ],
)
async def test_what_comes_out_as_expected_passes(
    folder: Path, snapshot: Snapshot, expect: str
) -> None:
    (result,) = await results(folder, snapshot, f"{ANSWERS}{CREATE}    expect: {expect}\n")
    assert (result.name, result.findings) == ("one", ())
    assert str(result.place) == "mappings/things.test.yaml:4:11"


@pytest.mark.parametrize(
    ("expect", "told"),
    [
        ("{writes: 0}", ("Another number of calls changes something.", "0", "1")),
        ("{requests: []}", ("Other calls would be sent.", "[]", '["POST customers"]')),
        (
            "{requests: [{call: PATCH customers}]}",
            ("Other calls would be sent.", '["PATCH customers"]', '["POST customers"]'),
        ),
        (
            "{requests: [{call: POST customers, body_contains: {displayName: Trey}}]}",
            ("displayName is another.", '"Trey"', '"Adatum"'),
        ),
        (
            "{requests: [{call: POST customers, body_contains: {email: null}}]}",
            ("email is missing.", "null", "nothing"),
        ),
        (
            "{requests: [{call: POST customers, body: {displayName: Adatum}}]}",
            ("paymentTermsId is not expected.", "nothing", f'"{TERMS}"'),
        ),
        (
            "{requests: [{call: POST customers, absent: [/displayName]}]}",
            ("The body has a value there.", "nothing at /displayName", "a value"),
        ),
    ],
)
async def test_a_difference_names_the_leaf_and_both_values(
    folder: Path, snapshot: Snapshot, expect: str, told: tuple[str, str, str]
) -> None:
    tests = f"{ANSWERS}{CREATE}    expect: {expect}\n"
    assert await found(folder, snapshot, tests) == [("T202", *told)]


async def test_a_refusal_that_was_not_expected_names_its_real_cause(
    folder: Path, snapshot: Snapshot
) -> None:
    tests = f"{ANSWERS}{CREATE}    set: {{/name: Nobody}}\n    expect: {{writes: 1}}\n"
    ((rule, message, _, _),) = await found(folder, snapshot, tests)
    assert rule == "T203"
    assert "bad_name: Nobody is called that." in message
    assert "/name mappings/things.yaml:" in message


async def test_refusals_are_compared_by_code_and_places(folder: Path, snapshot: Snapshot) -> None:
    refused = (
        f"{ANSWERS}{CREATE}    answers: {{lookups: {{terms: null}}}}\n    set: {{/terms: X}}\n"
    )
    good = refused + "    expect: {writes: 0, problem: {code: unknown_terms, at: [/terms]}}\n"
    assert await found(folder, snapshot, good) == []
    other = refused + "    expect: {problem: {code: bad_name, at: [/name]}}\n"
    assert [(rule, *values) for rule, _, *values in await found(folder, snapshot, other)] == [
        ("T203", "bad_name", "unknown_terms"),
        ("T203", '["/name"]', '["/terms"]'),
    ]
    none = f"{ANSWERS}{CREATE}    expect: {{problem: {{code: bad_name}}}}\n"
    assert await found(folder, snapshot, none) == [
        ("T203", "Nothing was refused.", "bad_name", "no problem")
    ]


async def test_wrong_documents_are_told_unless_they_are_wrong_on_purpose(
    folder: Path, snapshot: Snapshot
) -> None:
    refused = "    expect: {problem: {code: invalid_input, at: [/nam]}}\n"
    wrong = f"{ANSWERS}{CREATE}    set: {{/nam: x}}\n"
    ((rule, message, _, _), *_) = await found(folder, snapshot, wrong + refused)
    assert (rule, "/nam" in message) == ("T201", True)
    on_purpose = f"{wrong}    invalid_input: true\n{refused}"
    assert [one[0] for one in await found(folder, snapshot, on_purpose)] == ["T107"]
    right = f"{ANSWERS}{CREATE}    invalid_input: true\n    expect: {{writes: 1}}\n"
    assert [one[0] for one in await found(folder, snapshot, right)] == ["T201"]


async def test_answers_are_asked_for_and_given(folder: Path, snapshot: Snapshot) -> None:
    without = ANSWERS.replace("answers: {lookups: {terms: {id: " + TERMS + "}}}\n", "")
    tests = f"{without}{CREATE}    expect: {{problem: {{code: unknown_terms}}}}\n"
    assert [one[0] for one in await found(folder, snapshot, tests)] == ["T108"]
    tests = (
        f"{ANSWERS}{CREATE}    answers: {{lookups: {{term: {{}}}}}}\n    expect: {{writes: 1}}\n"
    )
    (result,) = await results(folder, snapshot, tests)
    assert [(one.rule, one.hint) for one in result.findings] == [("T107", 'Did you mean "terms"?')]
    assert check_cases(read_cases(folder / "mappings" / "things.test.yaml"), snapshot) == list(
        result.findings
    )
    (_, shared) = await results(
        folder,
        snapshot,
        f"{ANSWERS}{READ}    expect: {{answer: {{id: 5f8c0000-0000-4000-8000-000000000001, name: Adatum}}}}\n",
    )
    assert [one.rule for one in shared.findings] == ["T107"]


async def test_the_answer_goes_through_the_record(folder: Path, snapshot: Snapshot) -> None:
    head = "resource: things\ntests:\n"
    good = f"{head}{READ}    expect: {{answer: {{id: 5f8c0000-0000-4000-8000-000000000001, name: Adatum}}}}\n"
    assert await found(folder, snapshot, good) == []
    other = f"{head}{READ}    expect: {{answer_contains: {{name: Trey}}}}\n"
    assert await found(folder, snapshot, other) == [
        ("T202", "name is another.", '"Trey"', '"Adatum"')
    ]
    none = f"{ANSWERS}{CREATE}    expect: {{answer_contains: {{name: Trey}}}}\n"
    assert [one[:2] for one in await found(folder, snapshot, none)] == [
        ("T108", "The answers have no step create.")
    ]
    blank = READ.replace("Adatum", "''")
    wrong = f"{head}{blank}    expect: {{answer_contains: {{}}}}\n"
    ((rule, message, _, _),) = await found(folder, snapshot, wrong)
    assert rule == "T204"
    assert "/name" in message


async def test_a_list_says_its_filter(folder: Path, snapshot: Snapshot) -> None:
    head = "resource: things\ntests:\n  - name: three\n    verb: list\n    query: {name: O'Brien}\n"
    good = head + "    expect: {filter: displayName eq 'O''Brien'}\n"
    assert await found(folder, snapshot, good) == []
    other = head + "    expect: {filter: displayName eq 'x'}\n"
    assert [one[0] for one in await found(folder, snapshot, other)] == ["T202"]
    refused = head.replace("name: O'", "nam: O'") + "    expect: {problem: {code: invalid_query}}\n"
    assert await found(folder, snapshot, refused) == []


async def test_unknown_resources_and_verbs_are_told(folder: Path, snapshot: Snapshot) -> None:
    tests = f"{ANSWERS}{CREATE}    expect: {{writes: 1}}\n"
    wrong = tests.replace("resource: things", "resource: thing")
    assert (await found(folder, snapshot, wrong))[0][0] == "T102"
    wrong = tests.replace("verb: create", "verb: creat")
    assert (await found(folder, snapshot, wrong))[0][0] == "T103"


def change(verb: str, rest: str) -> str:
    return (
        f"resource: things\nanswers: {{steps: {{read: {{id: {TERMS}, displayName: Adatum}}}}}}\n"
        f"tests:\n  - name: four\n    verb: {verb}\n{rest}\n"
    )


SENT = f"""\
    given: {{name: Trey}}
    answers: {{steps: {{update: {{id: 5f8c0000-0000-4000-8000-000000000001, displayName: Trey}}}}}}
    expect:
      writes: 1
      requests: [{{call: PATCH customers({TERMS}), body: {{displayName: Trey}}}}]
      answer: {{id: 5f8c0000-0000-4000-8000-000000000001, name: Trey}}
"""
KEPT = f"""\
    given: thing.json
    expect: {{writes: 0, requests: [], answer: {{id: {TERMS}, name: Adatum}}}}
"""
MADE = """\
    target: {key: a@b.example}
    given: thing.json
    answers: {steps: {read: null}}
    expect:
      requests: [{call: POST customers, body: {displayName: Adatum, email: a@b.example}}]
"""
GONE = f"""\
    target: {{id: {TERMS}}}
    expect: {{writes: 1, requests: [{{call: DELETE customers({TERMS})}}]}}
"""


@pytest.mark.parametrize(
    ("verb", "rest"), [("update", SENT), ("update", KEPT), ("upsert", MADE), ("delete", GONE)]
)
async def test_changes_start_from_the_record_that_is_there(
    folder: Path, snapshot: Snapshot, verb: str, rest: str
) -> None:
    assert await found(folder, snapshot, change(verb, rest)) == []


async def test_a_change_can_fail_too(folder: Path, snapshot: Snapshot) -> None:
    sent = "    given: {name: Trey}\n    expect: {writes: 0, requests: []}"
    assert [one[0] for one in await found(folder, snapshot, change("update", sent))] == [
        "T202",
        "T202",
    ]
    wrong = "    given: {name: null}\n    expect: {problem: {code: invalid_input}}"
    assert [one[0] for one in await found(folder, snapshot, change("update", wrong))] == ["T201"]
    text = change("update", "    given: {name: x}\n    expect: {problem: {code: not_found}}")
    unread = text.replace(text.splitlines()[1] + "\n", "")
    assert [one[:2] for one in await found(folder, snapshot, unread)] == [
        ("T108", "The answers have nothing for steps / read.")
    ]
    nowhere = "    given: thing.json\n    expect: {writes: 0}"
    assert [one[0] for one in await found(folder, snapshot, change("upsert", nowhere))] == [
        "T109",
    ]


async def test_one_mistake_of_a_test_is_one_finding(folder: Path, snapshot: Snapshot) -> None:
    sent = "    expect: {requests: [{call: POST customers}]}\n"
    for text, rule in {
        f"{ANSWERS}{CREATE.replace('thing.json', '{name: A, nam: A}')}{sent}": "T201",
        f"{NOTHING}{CREATE}    answers: {{lookups: {{trems: null}}}}\n{sent}": "T107",
        f"{NOTHING}{CREATE}{sent}": "T108",
        f"{ANSWERS}{CREATE}    set: {{/name: Nobody}}\n    answers: {{steps: {{create: null}}}}\n{sent}": "T203",
    }.items():
        assert [one[0] for one in await found(folder, snapshot, text)] == [rule]


def test_a_resource_that_is_not_there_is_told_once(folder: Path, snapshot: Snapshot) -> None:
    path = folder / "mappings" / "things.test.yaml"
    path.write_text(
        f"resource: thing\ntests:\n{READ}    expect: {{writes: 0}}\n{CREATE}    expect: {{writes: 1}}\n"
    )
    assert [one.rule for one in check_cases(read_cases(path), snapshot)] == ["T102"]


async def test_what_a_record_is_found_again_by_is_compared(
    folder: Path, snapshot: Snapshot
) -> None:
    right = "{anchor: {field: displayName, value: Adatum, also_in: []}}"
    assert await found(folder, snapshot, f"{ANSWERS}{CREATE}    expect: {right}\n") == []
    wrong = "{anchor: {field: number, value: Adatum}}"
    assert await found(folder, snapshot, f"{ANSWERS}{CREATE}    expect: {wrong}\n") == [
        ("T202", "It would be found again by another anchor.", '"number"', '"displayName"')
    ]
    update = "  - {name: one, verb: update, given: {name: A}, expect: {anchor: {value: A}}}\n"
    none = f"{NOTHING}{update}".replace("verb: update", f"verb: update, answers: {READS}")
    assert [one[:2] for one in await found(folder, snapshot, none)] == [
        ("T202", "Such a request leaves nothing that is found again by an anchor.")
    ]


async def test_an_answer_is_a_record_that_would_be_found(folder: Path, snapshot: Snapshot) -> None:
    terms = f"answers: {{lookups: {{terms: {{id: {TERMS}, code: 14 DAYS}}}}}}"
    case = f"{CREATE}    {terms}\n    set: {{/terms: 30 DAYS}}\n    expect: {{writes: 1}}\n"
    assert ("T206", "The record that is answered for lookups / terms has another code.") in [
        one[:2] for one in await found(folder, snapshot, NOTHING + case)
    ]
    other = (
        f"  - {{name: one, verb: delete, target: {{id: {TERMS}}}, answers: {READS},"
        " expect: {writes: 1}}\n"
    )
    assert [one[:2] for one in await found(folder, snapshot, NOTHING + other)] == [
        ("T206", "The record that is answered for steps / read has another id.")
    ]


@pytest.mark.parametrize(
    ("record", "message", "hint"),
    [
        ("{id: 17}", "Business Central never answers this so: id is text.", "Put it in quotes."),
        (
            "{id: V-17}",
            "Business Central never answers this so: id is a GUID.",
            "Write one such as 5f8c0000-0000-4000-8000-000000000001.",
        ),
        (
            "{number: 108001}",
            "Business Central never answers this so: number is text.",
            "Put it in quotes.",
        ),
        (
            "{balanceDue: '12'}",
            "Business Central never answers this so: balanceDue is a number.",
            "Write it without quotes, with a point: 1.5.",
        ),
        (
            "{taxLiable: 1}",
            "Business Central never answers this so: taxLiable is true or false.",
            "Write `true` or `false`.",
        ),
        (
            "{dispalyName: A}",
            'customers have no field "dispalyName".',
            'Did you mean "displayName"?',
        ),
        ("{blocked: invoice}", 'blocked has no member "invoice".', 'Did you mean "Invoice"?'),
        (
            "{defaultDimensions: [{dimensionCod: A}]}",
            'defaultDimensions have no field "dimensionCod".',
            'Did you mean "dimensionCode"?',
        ),
    ],
)
async def test_an_answer_is_one_that_business_central_gives(
    folder: Path, snapshot: Snapshot, record: str, message: str, hint: str
) -> None:
    own = f"  - {{name: a, verb: read, answers: {{steps: {{read: {record}}}}}, expect: {{}}}}\n"
    shared = (
        f"resource: things\nanswers: {{steps: {{read: {record}}}}}\ntests:\n"
        "  - {name: a, verb: read, expect: {writes: 0}}\n"
    )
    for text in (NOTHING + own.replace("expect: {}", "expect: {writes: 0}"), shared):
        path = folder / "mappings" / "things.test.yaml"
        path.write_text(text)
        (finding,) = check_cases(read_cases(path), snapshot)
        assert (finding.rule, finding.message, finding.hint) == ("T110", message, hint)
        assert "T110" in {rule for rule, *_ in await found(folder, snapshot, text)}


@pytest.mark.parametrize(
    "record",
    [
        "{blocked: Sanctioned}",
        "{blocked: _x0020_}",
        "{blocked: Ship, creditLimit: 1.5, currencyCode: null}",
        "{'@odata.etag': x, defaultDimensions: [{dimensionCode: A}]}",
    ],
)
def test_what_an_app_adds_and_blanks_are_right(
    folder: Path, snapshot: Snapshot, record: str
) -> None:
    path = folder / "mappings" / "things.test.yaml"
    path.write_text(
        f"{NOTHING}  - {{name: a, verb: read, answers: {{steps: {{read: {record}}}}}, expect: {{writes: 0}}}}\n"
    )
    assert check_cases(read_cases(path), snapshot) == []


async def test_all_that_an_answer_lacks_is_told_at_once(folder: Path, snapshot: Snapshot) -> None:
    text = (
        f"{NOTHING}  - {{name: a, verb: read, answers: {{steps: {{read: {{number: A}}}}}}, "
        "expect: {writes: 0}}\n"
    )
    (one,) = await found(folder, snapshot, text)
    message = "The mapping reads what this record has not: displayName, id."
    assert (one[0], set(one[1].removesuffix(".").split(": ")[1].split(", "))) == (
        "T108",
        {"id", "displayName"},
    )
    assert len(one[1]) == len(message)


@pytest.mark.parametrize("record", ["[]", "[{}]", "[null]", "[[1]]"])
@pytest.mark.parametrize("verb", ["read", "update", "delete"])
async def test_an_answer_that_is_no_record_is_a_finding(
    folder: Path, snapshot: Snapshot, verb: str, record: str
) -> None:
    """These went through the mapping and stopped everything."""
    of = f"verb: {verb}, target: {{id: {TERMS}}}, expect: {{writes: 1}}"
    own = f"  - {{name: a, {of}, answers: {{steps: {{read: {record}}}}}}}\n"
    assert [one[0] for one in await found(folder, snapshot, NOTHING + own)] == ["T110"]
    head = f"resource: things\nanswers: {{steps: {{read: {record}}}}}\ntests:\n"
    assert [one[0] for one in await found(folder, snapshot, f"{head}  - {{name: a, {of}}}\n")] == [
        "T110"
    ]


@pytest.mark.parametrize("rows", ["[null]", "[5]", "[[{}]]"])
async def test_a_list_is_one_of_records(folder: Path, snapshot: Snapshot, rows: str) -> None:
    own = f"  - {{name: a, verb: list, answers: {{steps: {{list: {rows}}}}}, expect: {{writes: 0}}}}\n"
    assert [one[0] for one in await found(folder, snapshot, NOTHING + own)] == ["T110"]


@pytest.mark.parametrize("verb", ["update", "delete"])
async def test_a_record_without_an_id_is_nowhere(
    folder: Path, snapshot: Snapshot, verb: str
) -> None:
    of = f"verb: {verb}, answers: {{steps: {{read: {{displayName: A}}}}}}, expect: {{writes: 1}}"
    own = f"  - {{name: a, {of}}}\n"
    assert [one[0] for one in await found(folder, snapshot, NOTHING + own)] == ["T109"]
    aimed = own.replace("verb:", "target: {id: not one}, verb:")
    assert [one[0] for one in await found(folder, snapshot, NOTHING + aimed)] != []
