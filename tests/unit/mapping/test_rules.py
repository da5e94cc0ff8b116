"""Every rule has a planted mistake, found at the exact line and column.

A mistake is the small mapping with one text replaced. `^` in the new text marks where the
finding must stand; it is taken out before the file is read.
"""

from __future__ import annotations

import pytest

from gateway.documents import Finding
from gateway.mapping.remedies import REMEDIES
from gateway.mapping.rules import RULES
from tests.unit.mapping.small import MAPPING, changed, compiled

REMARK = '    remark?: "{{ order.remark | truncate_to(100) }}"\n'
DAY = '    postingDate: "{{ order.day }}"\n'
KIND = '    kind: "{{ order.kind | choose(tables.kind) }}"\n'
URGENT = '    urgent?: "{{ order.urgent }}"\n'
WEIGHT = '    weight?: "{{ order.weight }}"\n'
QUANTITY = '          quantity: "{{ line.quantity }}"\n'
PRICE = '          unitPrice?: "{{ line.price }}"\n'
RECORD = '  remark?: "{{ bc.remark }}"\n'
GUARD = """    - {when: "lookups.buyer.blocked in ['Invoice', 'All']", reject: blocked}\n"""
ANCHOR = (
    '  anchor: {field: externalDocumentNumber, value: "{{ order.reference }}", also_in: [orders]}\n'
)
CONCAT = "      $concat:\n"
BUYER = "      entity: customers\n"
WHERE = '      where: {number: "{{ order.buyer.number }}"}\n'


def leaf(expression: str) -> str:
    """A text field with that expression."""
    return f'    remark: "{expression}"\n'


ONE = '$each: order.lines, $as: one, $index: i, sequence: "{{ i + 1 }}"'


def keyed(said: str, key: str = "orderLines", *, value: str = "") -> str:
    """The body of an update with these keys of a part."""
    return f"  body:\n    {key}: {value}{{{said}}}\n"


READ = '{name: there, read: orders, id: "{{ target.id }}"}'
ACT = '{name: act, action: Microsoft.NAV.post, on: {entity: orders, id: "{{ target.id }}"}}'
AGAIN = '{name: again, read: orders, id: "{{ target.id }}"}'


def acting(*steps: str, more: str = "") -> tuple[str, str]:
    """An action of these steps, put into the small mapping."""
    lines = "".join(f"      - {step}\n" for step in steps)
    return "read: {}\n", f"read: {{}}\nactions:\n  ship:\n{more}    steps:\n{lines}"


MISTAKES: list[tuple[str, str, str]] = [
    # steps
    ("wrong-shape", "read: {}\n", f"read: {{}}\nactions: {{^Ship It: {{steps: [{READ}]}}}}\n"),
    ("wrong-shape", "read: {}\n", f"read: {{}}\nactions: {{^update: {{steps: [{READ}]}}}}\n"),
    ("missing-key", "read: {}\n", "read: {}\nactions:\n  ship: ^{}\n"),
    ("unknown-key", *acting(READ, more="    ^body: {remark: x}\n")),
    ("misplaced-key", *acting(READ, more="    ^input: wish\n")),
    ("misplaced-key", *acting(READ, more="    ^schema: order\n")),
    ("unknown-schema", *acting(READ, more="    input: wish\n    schema: ^ordre\n")),
    ("input-never-used", *acting(READ, more="    input: ^wish\n    schema: order\n")),
    (
        "misplaced-key",
        "  body:\n",
        f"  steps: [{READ}]\n  ^body:\n",
    ),
    ("misplaced-key", "read: {}\n", "read: {}\n^upsert:\n  input: order\n  by: {remark: x}\n"),
    ("misplaced-key", "  body:\n", "  ^answer: there\n  body:\n"),
    ("misplaced-key", *acting("{^name: odd}")),
    ("misplaced-key", *acting('{^name: odd, read: orders, find: orders, id: "{{ target.id }}"}')),
    (
        "misplaced-key",
        *acting('{name: odd, read: orders, id: "{{ target.id }}", ^body: {remark: x}}'),
    ),
    ("misplaced-key", *acting("{name: odd, ^read: orders}")),
    ("misplaced-key", *acting("{name: odd, ^find: orders, where: {remark: x}}")),
    ("misplaced-key", *acting("{name: odd, ^action: Microsoft.NAV.post}")),
    (
        "wrong-shape",
        *acting('{name: odd, action: ^post, on: {entity: orders, id: "{{ target.id }}"}}', AGAIN),
    ),
    ("bad-name", *acting(READ, '{name: ^there, read: orders, id: "{{ target.id }}"}')),
    ("bad-name", *acting('{name: ^lookups, read: orders, id: "{{ target.id }}"}')),
    ("unknown-entity", *acting('{name: there, read: ^ordrs, id: "{{ target.id }}"}')),
    (
        "unknown-entity",
        *acting(
            '{name: act, action: Microsoft.NAV.post, on: {entity: ^ordrs, id: "{{ target.id }}"}}',
            AGAIN,
        ),
    ),
    ("cannot-be-called", *acting('{name: odd, delete: ^customers, id: "{{ target.id }}"}')),
    ("cannot-be-called", *acting("{name: odd, create: ^orderLines, body: {sequence: 1}}")),
    *(
        (rule, *acting(READ, ACT.replace("act, ", f"act, {given}, "), AGAIN))
        for rule, given in (
            ("unknown-field", "body: {^raeson: x}"),
            ("wrong-type", "body: {reason: ^5}"),
            ("too-long", "body: {reason: ^more than ten}"),
            ("wrong-type", 'body: {on: "{{ ^steps.there.number }}"}'),
            ("can-never-drop", "body: {reason?: ^x}"),
        )
    ),
    (
        "misplaced-key",
        *acting(
            ACT.replace("act, ", "act, ^body: {reason: x}, ").replace("post", "postAndSend"), AGAIN
        ),
    ),
    ("unknown-action", *acting(ACT.replace("Microsoft.NAV.post", "^Microsoft.NAV.pots"), AGAIN)),
    (
        "split-action",
        *acting(ACT.replace("Microsoft.NAV.post", "^Microsoft.NAV.postAndSend"), AGAIN),
    ),
    ("no-read-back", *acting(READ, ACT.replace("Microsoft.NAV.post", "^Microsoft.NAV.post"))),
    ("unknown-input", *acting('{name: odd, read: orders, id: "{{ ^steps.there.id }}"}', AGAIN)),
    ("unknown-input", *acting(READ, '{name: odd, read: orders, id: "{{ ^steps.there.di }}"}')),
    ("unknown-input", *acting('{name: odd, read: orders, id: "{{ ^steps.odd.id }}"}')),
    ("unknown-input", *acting(ACT, '{name: odd, read: orders, id: "{{ ^steps.act.id }}"}')),
    ("wrong-type", *acting(READ, '{name: odd, read: orders, id: "{{ ^steps.there.number }}"}')),
    (
        "may-be-missing",
        *acting(
            "{name: maybe, find: customers, where: {number: x}, on_missing: null}",
            '{name: odd, read: orders, id: "{{ ^steps.maybe.id }}"}',
        ),
    ),
    (
        "unknown-field",
        *acting("{name: odd, find: orders, where: {^nunber: x}, on_missing: null}", AGAIN),
    ),
    (
        "unknown-rejection",
        *acting(
            "{name: odd, find: orders, where: {remark: x}, on_missing: {reject: ^gone}}", AGAIN
        ),
    ),
    (
        "unknown-rejection",
        *acting(
            '{name: there, read: orders, id: "{{ target.id }}", guards: [{when: steps.there.urgent, reject: ^gone}]}'
        ),
    ),
    (
        "condition-not-boolean",
        *acting(
            READ,
            '{name: odd, $when: ^steps.there.remark, read: orders, id: "{{ target.id }}"}',
            AGAIN,
        ),
    ),
    (
        "step-never-used",
        *acting("{name: ^odd, find: orders, where: {remark: x}, on_missing: null}", AGAIN),
    ),
    ("no-answer", *acting(READ, AGAIN, more="    answer: ^ther\n")),
    ("no-answer", *acting('^{name: there, read: customers, id: "{{ target.id }}"}')),
    (
        "no-answer",
        *acting('^{name: there, $when: now is present, read: orders, id: "{{ target.id }}"}'),
    ),
    ("no-answer", *acting("^{name: there, find: orders, where: {remark: x}, on_missing: null}")),
    (
        "no-answer",
        *acting(
            '{name: odd, delete: orders, id: "{{ target.id }}"}', more="    ^record: {remark: x}\n"
        ),
    ),
    (
        "no-answer",
        "read: {}\n",
        'read: {}\nupdate:\n  input: wish\n  ^steps:\n    - {name: odd, update: orders, id: "{{ target.id }}", body: {remark?: "{{ wish.remark | truncate_to(9) }}"}}\n',
    ),
    (
        "second-anchor",
        *acting(
            "{name: one, create: orders, anchor: {field: remark, value: x}, body: {customerNumber: x, remark: x}}",
            "^{name: two, create: orders, anchor: {field: remark, value: y}, body: {customerNumber: x, remark: y}}",
            AGAIN,
        ),
    ),
    (
        "no-anchor",
        *acting("^{name: one, create: orders, body: {customerNumber: x, remark: x}}", AGAIN),
    ),
    (
        "read-only",
        *acting('{name: odd, update: orders, id: "{{ target.id }}", body: {^number: x}}', AGAIN),
    ),
    (
        "not-yet",
        *acting(
            '{name: odd, update: orders, id: "{{ target.id }}", body: {^orderLines: []}}', AGAIN
        ),
    ),
    ("required-missing", *acting("{name: odd, create: orders, ^body: {remark: x}}", AGAIN)),
    # the shape of the file
    ("unknown-key", "read: {}\n", "read: {}\n^raed: {}\n"),
    ("unknown-key", "  input: order\n", "  input: order\n  ^inputs: order\n"),
    ("missing-key", "title: Orders\n", ""),
    ("wrong-type", "title: Orders\n", "title: ^5\n"),
    ("wrong-shape", "resource: orders\n", "resource: ^Orders\n"),
    ("wrong-shape", "resource: orders\n", "resource: ^drift\n"),
    ("wrong-shape", "cache: 5m\n", "cache: ^5 minutes\n"),
    ("wrong-shape", "operator: ge}\n    urgent", "operator: ^ne}\n    urgent"),
    ("not-an-override", "resource: orders\n", "^extends: orders\nresource: orders\n"),
    ("misplaced-key", CONCAT, "      ^$others: keep\n" + CONCAT),
    ("misplaced-key", CONCAT, "      ^$key: [sequence]\n" + CONCAT),
    # changes of what is there
    *(
        (rule, "read: {}\n", f"read: {{}}\nupdate:\n  input: order\n{rest}")
        for rule, rest in (
            ("bad-element", "  body:\n    ^remark: {a: 1}\n"),
            ("bad-element", "  body:\n    ^customer: {number: x}\n"),
            ("bad-element", "  body:\n    ^orderLines: {lineType: Item}\n"),
            ("no-element-key", "  body:\n    ^orderLines: []\n"),
            ("no-element-key", keyed("$each: order.lines, $as: one", key="^orderLines")),
            ("cannot-be-called", keyed(f"^$key: [sequence], {ONE}")),
            ("cannot-be-called", keyed(f"$key: [sequence], ^$others: delete, {ONE}")),
            ("unknown-field", keyed(f"$key: [^sequenc], {ONE}")),
            ("misplaced-key", keyed(f"$key: ^sequence, {ONE}")),
            ("misplaced-key", keyed(f"$key: ^[], {ONE}")),
            ("misplaced-key", keyed(f"^$others: keep, {ONE}")),
            ("misplaced-key", keyed(f"$key: [sequence], $others: ^drop, {ONE}")),
            ("misplaced-key", keyed("^$key: [sequence], lineType: Item")),
            (
                "element-without-key",
                keyed("$key: [sequence], $each: order.lines, $as: one, lineType: Item", value="^"),
            ),
            (
                "element-without-key",
                keyed("$key: [sequence], $concat: [^{$when: order.urgent, lineType: Item}]"),
            ),
            (
                "element-without-key",
                keyed('$key: [lineType], $concat: [{$pick: [^{lineType?: "{{ order.nick }}"}]}]'),
            ),
            ("others-not-shown", keyed(f"$key: [sequence], ^$others: delete, {ONE}")),
            ("bad-element", keyed(f"$key: [sequence], {ONE}, ^item: {{number: x}}")),
            (
                "not-in-the-record",
                keyed(
                    f'$key: [sequence], {ONE}, description: "{{{{ order.buyer.name }}}}"',
                    "^orderLines",
                ),
            ),
            (
                "not-in-the-record",
                keyed(
                    f'$key: [sequence], {ONE}, quantity: "{{{{ one.quantity * order.count }}}}"',
                    "^orderLines",
                ),
            ),
            (
                "not-in-the-record",
                keyed(
                    f'$key: [sequence], {ONE}, unitPrice?: "{{{{ one.price }}}}", '
                    'description: "{{ order.reference }}"',
                    "^orderLines",
                ),
            ),
            ("can-never-drop", "  body:\n    ^orderLines?: []\n"),
            ("too-long", keyed(f'$key: [sequence], {ONE}, description: "{{{{ ^one.text }}}}"')),
            ("wrong-shape", "  steps: ^[]\n"),
            (
                "lookup-never-used",
                "  lookups: {^buyer: {entity: items, where: {number: x}, on_missing: null}}\n  body: {remark: x}\n",
            ),
            ("never-sent", "  body:\n    ^urgent: true\n"),
            (
                "never-sent",
                '  body:\n    ^postingDate: "{{ now | text | truncate_to(10) | date }}"\n',
            ),
            ("can-never-drop", '  body:\n    ^remark?: "{{ order.nick }}"\n'),
            ("can-never-drop", '  body:\n    remark: "{{ ^order.nick | or_null }}"\n'),
            ("not-in-the-record", '  body:\n    ^remark: "{{ order.nick }}{{ order.remark }}"\n'),
            ("read-only", '  body:\n    ^number: "{{ order.reference }}"\n'),
            ("must-not-be-written", '  body:\n    ^number: "{{ order.reference }}"\n'),
            ("unknown-field", '  body:\n    ^remrk: "{{ order.remark }}"\n'),
            ("too-long", '  body:\n    remark: "{{ ^order.remark }}"\n'),
            ("unknown-name", '  body:\n    remark: "{{ ^orde.remark }}"\n'),
            ("unknown-input", '  body:\n    remark: "{{ ^target.key }}"\n'),
            ("syntax", '  body:\n    remark: "{{ order.remark ^^^ }}"\n'),
            (
                "misplaced-key",
                '  body:\n    ^$when: order.urgent\n    remark: "{{ order.nick }}"\n',
            ),
        )
    ),
    *(
        (rule, "read: {}\n", f"read: {{}}\nupsert:\n  input: order\n{rest}")
        for rule, rest in (
            ("anchor-not-written", "  by: {^remark: x}\n  body: {urgent: true}\n"),
            ("anchor-not-written", "  by: {^remark: x}\n  body: {remark: y}\n"),
            ("not-filterable", "  by: {^total: 5}\n  body: {urgent: true}\n"),
            ("unknown-field", "  by: {^remrk: x}\n  body: {remark: x}\n"),
            ("unknown-field", "  by: {remark: x}\n  create_only: [^urgnt]\n  body: {remark: x}\n"),
            ("wrong-shape", "  by: ^{remark: x, urgent: true}\n  body: {remark: x}\n"),
            ("no-element-key", "  by: {remark: x}\n  body: {remark: x, ^orderLines: []}\n"),
            ("bad-element", "  by: {remark: x}\n  body: {remark: x, ^customer: {number: x}}\n"),
            ("must-not-be-written", "  by: {remark: x}\n  body: {remark: x, ^number: y}\n"),
            ("unknown-input", '  by: {remark: "{{ ^target.id }}"}\n  body: {remark: x}\n'),
        )
    ),
    (
        "misplaced-key",
        '      key: "{{ line.sku }}"\n',
        '      key: "{{ line.sku }}"\n      entity: items\n      where: {^number?: "{{ line.sku }}"}\n',
    ),
    ("can-never-drop", WHERE, '      where: {number?: ^"{{ order.buyer.number }}"}\n'),
    (
        "misplaced-key",
        RECORD,
        RECORD
        + "  extra: {"
        + ", ".join(f"{'^' if at == 500 else ''}a{at}: x" for at in range(502))
        + "}\n",
    ),
    # keys and names
    ("misplaced-key", CONCAT, "      ^$concta: []\n" + CONCAT),
    ("misplaced-key", CONCAT, "      ^sequence: 1\n" + CONCAT),
    ("misplaced-key", "    $each: bc.orderLines\n    $as: line\n", "    ^$each: bc.orderLines\n"),
    ("misplaced-key", "  buyer: {number", "  buyer: {^$as: x, number"),
    ("misplaced-key", URGENT, '    urgent: true\n    ^urgent?: "{{ order.urgent }}"\n'),
    ("misplaced-key", '      key: "{{ line.sku }}"\n', ""),
    (
        "misplaced-key",
        "      item_match: true\n",
        "      item_match: true\n      ^where: {number: x}\n",
    ),
    ("misplaced-key", BUYER, ""),
    ("bad-name", "  input: order\n", "  input: ^lookups\n"),
    ("bad-name", "  input: order\n", "  input: ^My Order\n"),
    ("bad-name", "          $index: i\n", "          $index: ^line\n"),
    ("bad-name", "          $index: i\n", "          $index: ^none\n"),
    ("bad-name", "          $as: line\n          $index: i\n", "          $as: order\n"),
    ("unknown-rejection", "{reject: unknown_buyer}", "{reject: ^unknown_byer}"),
    ("unknown-rejection", "reject: blocked}", "reject: ^bloked}"),
    (
        "unknown-rejection",
        "{code: Internal_Invalid, reject: unmatched}",
        "{code: X, reject: ^nope}",
    ),
    ("unknown-table", "values: tables.state}", "values: ^tables.stat}"),
    ("unknown-table", KIND, '    kind: "{{ order.kind | choose(^tables.knd) }}"\n'),
    ("bad-element", '  buyer: {number: "{{ bc.customerNumber }}"}\n', "  buyer: ^[x]\n"),
    (
        "bad-element",
        "  lines:\n    $each: bc.orderLines\n",
        "  lines: ^{sku: x, quantity: 1}\n  x:\n    $each: bc.orderLines\n",
    ),
    ("bad-element", CONCAT, CONCAT + "        - ^text\n"),
    ("bad-element", DAY, "    postingDate: ^{year: 2026}\n"),
    ("bad-element", DAY, "    postingDate: ^[2026]\n"),
    # expressions
    ("syntax", REMARK, leaf("{{ order. ^}}")),
    ("syntax", REMARK, leaf("{{ order.^remark ")),
    ("syntax", REMARK, leaf("{{ 'a' ^'b }}")),
    ("syntax", REMARK, leaf("^{{- order.reference }}")),
    ("syntax", REMARK, leaf("{{ " + "-(" * 45 + "1" + ")" * 45 + " }}")),
    ("not-in-the-language", REMARK, leaf("{{ ^order.reference.upper() }}")),
    ("not-in-the-language", REMARK, leaf("{{ ^order.count ** 2 }}")),
    ("not-in-the-language", REMARK, leaf("{{ order.reference }}^{# hidden #}")),
    ("not-in-the-language", REMARK, leaf("{{ order.reference }}^{% if order %}{% endif %}")),
    ("not-in-the-language", REMARK, leaf("{{ (^order.reference, 1) }}")),
    ("not-in-the-language", REMARK, leaf("{{ order.lines[^0:2] }}")),
    ("not-in-the-language", REMARK, leaf("{{ ^order[order.kind] }}")),
    ("unknown-name", REMARK, leaf("{{ ^ordr.remark }}")),
    ("unknown-name", REMARK, leaf("{{ 'a' if order.urgent is present else ^null }}")),
    ("unknown-name", REMARK, leaf("{{ ^bc.remark }}")),
    ("unknown-filter", REMARK, leaf("{{ order.reference | ^uper }}")),
    ("unknown-test", URGENT, '    urgent: "{{ order.urgent ^is presnt }}"\n'),
    ("wrong-argument", REMARK, leaf("{{ order.reference | ^truncate_to }}")),
    ("wrong-argument", REMARK, leaf("{{ order.reference | truncate_to(^'5') }}")),
    ("wrong-argument", REMARK, leaf("{{ order.reference | truncate_to(^order.count) }}")),
    ("wrong-argument", REMARK, leaf("{{ order.reference | ^upper(1) }}")),
    ("wrong-argument", REMARK, leaf("{{ order.reference | ^truncate_to(n=1) }}")),
    ("wrong-argument", REMARK, leaf("{{ order.reference | pad_left(5, ^'xx') }}")),
    ("wrong-argument", WEIGHT, '    weight: "{{ 1 | decimal(^999999999) }}"\n'),
    (
        "braces-in-a-condition",
        "    $when: line.lineType == 'Item'\n",
        "    $when: \"^{{ line.lineType == 'Item' }}\"\n",
    ),
    ("if-without-else", REMARK, leaf("{{ 'a' if ^order.urgent is present }}")),
    ("number-out-of-bounds", WEIGHT, '    weight: "{{ ^1e999 }}"\n'),
    ("number-out-of-bounds", WEIGHT, f'    weight: "{{{{ ^{"9" * 39} }}}}"\n'),
    ("number-out-of-bounds", WEIGHT, '    weight: "{{ ^0x10 }}"\n'),
    ("inexact-division", WEIGHT, '    weight: "{{ ^1 / 3 }}"\n'),
    ("inexact-division", WEIGHT, '    weight: "{{ (^1 / 3 * 2) | decimal(2) }}"\n'),
    ("inexact-division", WEIGHT, '    weight: "{{ (^1 / 3) | decimal }}"\n'),
    ("default-behind-nothing", REMARK, leaf("{{ order.reference | ^default('x') }}")),
    ("default-behind-nothing", REMARK, leaf("{{ order.reference | upper | ^default('x') }}")),
    # the two schemas
    ("unknown-input", REMARK, leaf("{{ ^order.refrence }}")),
    ("unknown-input", REMARK, leaf("{{ ^order.buyer.nme }}")),
    ("unknown-input", REMARK, leaf("{{ ^order.lines.sku }}")),
    ("unknown-input", REMARK, leaf("{{ ^order.reference.length }}")),
    ("unknown-input", REMARK, leaf("{{ ^order.id }}")),
    ("unknown-input", REMARK, leaf("{{ ^params.fright }}")),
    ("not-the-key", '  id: "{{ bc.id }}"\n', '  id: ^"{{ bc.customerId }}"\n'),
    ("unknown-input", RECORD, '  remark?: "{{ ^bc.remrk }}"\n'),
    (
        "unknown-input",
        RECORD,
        '  remark?: "{{ ^bc.lookups.buyer }}"\n',
    ),
    ("unknown-input", REMARK, leaf("{{ ^lookups.byer.number }}")),
    ("unknown-input", REMARK, leaf("{{ ^lookups.buyer.nmber }}")),
    ("unknown-field", DAY, '    ^postngDate: "{{ order.day }}"\n'),
    ("unknown-field", RECORD, '  ^remrk?: "{{ bc.remark }}"\n'),
    ("unknown-field", PRICE, '          ^unitprice?: "{{ line.price }}"\n'),
    (
        "unknown-field",
        "    weight: {field: weight, operator: ge}\n",
        "    weight: {field: ^wight}\n",
    ),
    ("unknown-field", "omit: [lines]", "omit: [^lnes]"),
    ("unknown-field", WHERE, '      where: {^numbr: "{{ order.buyer.number }}"}\n'),
    (
        "unknown-field",
        ANCHOR,
        '  anchor: {field: ^externalNumber, value: "{{ order.reference }}"}\n',
    ),
    ("unknown-field", "also_in: [orders]", "also_in: [^customers]"),
    ("wrong-type", URGENT, '    urgent: "{{ ^order.reference }}"\n'),
    ("wrong-type", WEIGHT, '    weight: "{{ ^order.reference }}"\n'),
    ("wrong-type", WEIGHT, '    weight: ^"1.5"\n'),
    ("wrong-type", URGENT, "    urgent: ^no\n"),
    ("wrong-type", REMARK, "    remark: ^5\n"),
    ("wrong-type", URGENT, '    copies?: "{{ ^order.weight }}"\n'),
    ("wrong-type", DAY, '    postingDate: "{{ ^order.reference }}"\n'),
    ("wrong-type", DAY, '    postingDate: ^"23.11.2026"\n'),
    ("wrong-type", DAY, '    postingDate: ^"2026-02-30"\n'),
    ("wrong-type", DAY, '    postingDate: "{{ ^now }}"\n'),
    ("wrong-type", REMARK, leaf("{{ ^order.lines }}")),
    ("wrong-type", REMARK, leaf("{{ ^order.buyer }}")),
    ("wrong-type", REMARK, leaf("{{ order.lines | ^upper }}")),
    ("wrong-type", REMARK, leaf("{{ order.lines | ^pluck('nope') }}")),
    ("wrong-type", REMARK, leaf("{{ order.lines | ^sum('sku') | text }}")),
    ("wrong-type", REMARK, leaf("{{ order.lines | ^where('gift', 'yes') | first }}")),
    ("wrong-type", WEIGHT, '    weight: "{{ ^order.reference * 2 }}"\n'),
    ("wrong-type", URGENT, '    urgent: "{{ order.reference == ^5 }}"\n'),
    ("wrong-type", URGENT, '    urgent: "{{ order.reference in ^order.kind }}"\n'),
    ("wrong-type", URGENT, '    urgent: "{{ order.lines > ^order.lines }}"\n'),
    ("wrong-type", REMARK, leaf("{{ order.remark | ^default(0) }}")),
    ("wrong-type", REMARK, leaf("{{ 'a' if order.kind == 'retail' else ^1 }}")),
    ("wrong-type", REMARK, leaf("{{ lookups.items[^order.lines].number }}")),
    ("wrong-type", "        - $each: order.lines\n", "        - $each: ^order.reference\n"),
    (
        "wrong-type",
        "operator: ge}\n    urgent: {field: urgent}",
        "operator: ge}\n    urgent: {field: urgent, operator: ^ge}",
    ),
    ("too-long", REMARK, '    remark?: "{{ ^order.remark }}"\n'),
    ("too-long", REMARK, '    remark?: "{{ ^order.endless }}"\n'),
    ("too-long", REMARK, f"    remark: ^{'x' * 101}\n"),
    ("too-long", REMARK, leaf("^{{ order.buyer.number }}" + "x" * 90)),
    ("too-long", RECORD, RECORD + '  nick?: "{{ ^bc.remark }}"\n'),
    ("not-in-the-enum", "          lineType: Item\n", "          lineType: ^Itm\n"),
    ("not-in-the-enum", KIND, '    kind: "{{ ^order.kind }}"\n'),
    ("not-in-the-enum", KIND, '    kind: "{{ ^order.reference }}"\n'),
    (
        "not-in-the-enum",
        "    $when: line.lineType == 'Item'\n",
        "    $when: line.lineType == ^'Itme'\n",
    ),
    (
        "not-in-the-enum",
        GUARD,
        """    - {when: "lookups.buyer.blocked in ^['Invoce']", reject: blocked}\n""",
    ),
    (
        "not-in-the-enum",
        "  state: {Draft: draft, In Work: done}\n",
        "  state: {Draft: draft, In Work: done, Gone: done}\n",
    ),
    ("read-only", DAY, DAY + '    ^number: "{{ order.reference }}"\n'),
    ("read-only", RECORD, RECORD + '  ^secret?: "{{ bc.remark | truncate_to(5) }}"\n'),
    ("required-missing", '    customerId: "{{ lookups.buyer.id }}"\n', ""),
    (
        "required-missing",
        '  buyer: {number: "{{ bc.customerNumber }}"}\n',
        '  ^buyer: {name: "{{ bc.remark }}"}\n',
    ),
    ("required-missing", '    sku: "{{ line.lineObjectNumber }}"\n', ""),
    ("can-never-drop", DAY, '    postingDate?: ^"{{ order.day }}"\n'),
    ("can-never-drop", "          lineType: Item\n", "          lineType?: ^Item\n"),
    ("can-never-drop", "    orderLines:\n", "    ^orderLines?:\n"),
    ("looks-like-an-expression", REMARK, '    remark: ^"{ order.remark }"\n'),
    ("looks-like-an-expression", REMARK, '    remark: ^"order.remark"\n'),
    ("looks-like-an-expression", REMARK, '    remark: ^"{% if order.remark %}x{% endif %}"\n'),
    ("may-be-missing", WEIGHT, '    weight: "{{ ^order.weight }}"\n'),
    ("may-be-missing", REMARK, leaf("{{ ^order.shipping.carrier | upper }}")),
    ("may-be-missing", REMARK, leaf("x {{ ^order.buyer.name }}")),
    ("may-be-missing", REMARK, leaf("{{ ^order.tags[0] }}")),
    ("may-be-missing", REMARK, leaf("{{ ^order.extra.colour }}")),
    (
        "may-be-missing",
        "    $when: line.lineType == 'Item'\n",
        "    $when: line.quantity > 1 and ^line.lineType > 'A'\n",
    ),
    (
        "may-be-missing",
        "        - $when: (order.shipping.amount | default(0)) > 0\n",
        "        - $when: ^order.urgent\n",
    ),
    (
        "condition-not-boolean",
        "        - $when: (order.shipping.amount | default(0)) > 0\n",
        "        - $when: ^order.reference\n",
    ),
    ("condition-not-boolean", REMARK, leaf("{{ 'a' if ^order.lines else 'b' }}")),
    ("condition-not-boolean", URGENT, '    urgent: "{{ not ^order.reference }}"\n'),
    (
        "table-misses-a-value",
        "  kind: {retail: Retail Sale, wholesale: Wholesale}\n",
        "  kind: {retail: Retail Sale}\n",
    ),
    ("unknown-entity", "entity: orders\n", "entity: ^order\n"),
    ("unknown-entity", "api: v2.0\n", "api: ^v3.0\n"),
    ("unknown-entity", BUYER, "      entity: ^customer\n"),
    ("unknown-entity", "also_in: [orders]", "also_in: [^invoices]"),
    ("unknown-schema", "schema: order\n", "schema: ^ordr\n"),
    (
        "not-filterable",
        "    weight: {field: weight, operator: ge}\n",
        "    weight: {field: ^total}\n",
    ),
    ("not-filterable", WHERE, "      where: {^balance: 5}\n"),
    ("required-may-drop", '  day: "{{ bc.postingDate }}"\n', '  ^day?: "{{ bc.postingDate }}"\n'),
    (
        "required-may-drop",
        '  buyer: {number: "{{ bc.customerNumber }}"}\n',
        '  buyer: {$when: ^bc.urgent, number: "{{ bc.customerNumber }}"}\n',
    ),
    ("null-has-no-blank", WEIGHT, '    weight: "{{ ^order.weight | or_null }}"\n'),
    ("null-has-no-blank", WEIGHT, "    weight: ^null\n"),
    ("no-anchor", ANCHOR, ""),
    ("anchor-not-written", '    externalDocumentNumber: "{{ order.reference }}"\n', ""),
    (
        "lookup-never-used",
        "lookups.items[line.sku].number",
        "line.sku",
    ),
    ("input-never-used", "  input: order\n", "  input: ^order\n"),
    # what is declared
    ("rejection-never-used", "rejections:\n", "rejections:\n  ^spare: {title: Nobody says it}\n"),
    ("table-never-used", "tables:\n", "tables:\n  ^spare: {a: b}\n"),
    ("param-never-used", "params:\n", "params:\n  ^spare: {type: string, optional: true}\n"),
    ("misplaced-key", "params:\n", "params:\n  spare: {type: integer, ^maxLength: 5}\n"),
    ("wrong-type", "params:\n", "params:\n  spare: {type: integer, enum: [1, ^two]}\n"),
    ("wrong-type", "wholesale: Wholesale}\n", "wholesale: ^5}\n"),
    ("not-in-the-enum", "{retail: Retail Sale", "{^retial: Retail Sale"),
    ("not-in-the-enum", "{Draft: draft", "{^Drafd: draft"),
    (
        "misplaced-key",
        "      item_match: true\n",
        "      item_match: true\n      ^cache: 5m\n",
    ),
    ("wrong-shape", "omit: [lines]", "omit: ^[lines, lines]"),
    ("unknown-key", "on_missing: {reject: unknown_buyer}", "on_missing: {^rejct: unknown_buyer}"),
    (
        "not-filterable",
        "anchor: {field: externalDocumentNumber,",
        "anchor: {field: ^total,",
    ),
    (
        "anchor-not-written",
        ANCHOR,
        '  anchor: {field: externalDocumentNumber, value: ^"{{ order.reference | upper }}"}\n',
    ),
    (
        "newer-field",
        URGENT,
        URGENT + '    ^dueDate: "{{ order.day }}"\n',
    ),
    (
        "newer-field",
        RECORD,
        RECORD + '  owner?: ^"{{ bc.ownerId }}"\n',
    ),
    ("may-be-null", RECORD, '  remark: "{{ ^bc.remark }}"\n'),
    ("may-be-null", WHERE, '      where: {number: "{{ ^order.nick | default(none) }}"}\n'),
    ("syntax", REMARK, leaf("{{ (order.reference ^}}")),
    # forms that are rarer
    ("misplaced-key", REMARK, "    remark: {^$key: 5}\n"),
    ("nothing-to-remove", REMARK, "    remark: {^$remove: true}\n"),
    (
        "misplaced-key",
        '  buyer: {number: "{{ bc.customerNumber }}"}\n',
        '  buyer: {^$wen: bc.urgent, number: "{{ bc.customerNumber }}"}\n',
    ),
    (
        "misplaced-key",
        "problems:\n",
        "problems:\n  - {code: Internal_Invalid, reject: unmatched}\n",
    ),
    (
        "misplaced-key",
        "      $each: order.lines\n      $as: line\n      item_match: true\n",
        "      ^item_match: true\n",
    ),
    (
        "misplaced-key",
        CONCAT,
        CONCAT
        + "        - $pick:\n            - ^{lineType: Item}\n            - {lineType: Item}\n",
    ),
    ("bad-element", CONCAT, CONCAT + "        - $pick: [^5]\n"),
    ("misplaced-key", CONCAT, CONCAT + "        - $pick: ^[]\n"),
    (
        "misplaced-key",
        CONCAT,
        CONCAT
        + "        - - ^$each: order.lines\n            $as: line\n            lineType: Item\n",
    ),
    ("misplaced-key", REMARK, "    remark: " + "{a: " * 8 + "^{a: 1}" + "}" * 8 + "\n"),
    ("syntax", "        - $each: order.lines\n", "        - $each: ^5\n"),
    ("wrong-argument", URGENT, '    urgent: "{{ order.urgent ^is present(1) }}"\n'),
    ("wrong-type", URGENT, '    urgent: "{{ order.reference ^is in order.kind }}"\n'),
    (
        "wrong-type",
        REMARK,
        leaf("{{ ^order.lines ~ 'x' }}"),
    ),
    ("not-in-the-language", REMARK, leaf("{{ {^5: 'a'} }}")),
    ("can-never-drop", "  buyer: {number:", "  ^buyer?: {number:"),
    ("can-never-drop", RECORD, '  ^tags?: ["{{ bc.remark }}"]\n'),
    (
        "can-never-drop",
        "  lines:\n    $each: bc.orderLines\n",
        "  lines?:\n    $each: ^bc.orderLines\n",
    ),
    ("bad-element", RECORD, "  tags: [^{a: 1}]\n"),
    ("not-yet", '    text?: "{{ line.description }}"\n', '    text?: "{{ line.item.number }}"\n'),
    ("wrong-type", WEIGHT, '    weight: "{{ ^order.lines }}"\n'),
    ("null-has-no-blank", REMARK, REMARK + '    copies: "{{ ^none }}"\n'),
    ("wrong-type", '    customerId: "{{ lookups.buyer.id }}"\n', "    customerId: ^x\n"),
]

OTHER_MAPPINGS = {
    "must-not-be-written": (
        'resource: things\ntitle: Things\nschema: order\nentity: items\napi: v2.0\nrecord: {id: "{{ bc.id }}"}\n'
        "create:\n  input: order\n  body:\n    number: x\n    ^inventory: 5\n"
    ),
    "cannot-be-called": (
        'resource: things\ntitle: Things\nschema: order\nentity: orderLines\napi: v2.0\nrecord: {id: "{{ bc.id }}"}\n'
        "^create:\n  input: order\n  body:\n    sequence: 5\n"
    ),
    "no-verb": (
        '^resource: things\ntitle: Things\nschema: order\nentity: items\napi: v2.0\nrecord: {id: "{{ bc.id }}"}\n'
    ),
}


def planted(old: str, new: str) -> tuple[str, int | None]:
    """The text with the mistake, and the index where it must be found."""
    text = changed((old, new))
    at = text.find("^")
    return text.replace("^", "", 1), at if at >= 0 else None


def place(text: str, index: int) -> tuple[int, int]:
    before = text[:index]
    return before.count("\n") + 1, index - before.rfind("\n")


@pytest.mark.parametrize(("rule", "old", "new"), MISTAKES)
def test_a_mistake_is_found_where_it_is(rule: str, old: str, new: str) -> None:
    text, at = planted(old, new)
    found = [one for one in compiled(text).findings if one.name == rule]
    assert found, [str(one) for one in compiled(text).findings]
    if at is not None:
        places = [(one.place.line, one.place.column) for one in found]
        assert place(text, at) in places


@pytest.mark.parametrize("rule", OTHER_MAPPINGS)
def test_a_mistake_of_a_whole_file_is_found(rule: str) -> None:
    text = OTHER_MAPPINGS[rule]
    at = text.index("^")
    text = text.replace("^", "")
    found = [one for one in compiled(text).findings if one.name == rule]
    assert [(one.place.line, one.place.column) for one in found] == [place(text, at)]


def test_every_rule_has_a_planted_mistake() -> None:
    planted_rules = {rule for rule, _, _ in MISTAKES} | set(OTHER_MAPPINGS)
    between_files = {"double-resource", "no-base", "not-overridable"}  # test_snapshot.py
    assert set(RULES) - planted_rules == between_files


def test_ids_and_names_of_rules_are_unique() -> None:
    assert len({rule.id for rule in RULES.values()}) == len(RULES)
    assert all(name == rule.name for name, rule in RULES.items())


def test_every_rule_has_a_remedy() -> None:
    assert set(REMEDIES) == set(RULES)


def finding(old: str, new: str, rule: str) -> Finding:
    text, _ = planted(old, new)
    return next(one for one in compiled(text).findings if one.name == rule)


def test_all_mistakes_of_a_file_come_at_once() -> None:
    text = MAPPING
    for old, new in (
        (DAY, DAY.replace("order.day", "order.dy")),
        (RECORD, RECORD.replace("bc.remark", "bc.rmark")),
        (URGENT, URGENT.replace("urgent?", "rgent?")),
    ):
        text = text.replace(old, new)
    names = sorted(one.name for one in compiled(text).findings if one.severity == "error")
    assert names == ["unknown-field", "unknown-input", "unknown-input"]


def test_a_finding_says_both_ends_and_what_to_do() -> None:
    found = finding(REMARK, '    remark?: "{{ order.remark }}"\n', "too-long")
    assert (found.rule, found.length) == ("M204", len("order.remark"))
    assert found.input == "order.remark (text of up to 250 characters)"
    assert (found.target, found.expected) == ("remark", "text of up to 100 characters")
    assert found.hint is not None
    assert "truncate_to(100)" in found.hint


@pytest.mark.parametrize(
    ("old", "new", "rule", "hint"),
    [
        (REMARK, leaf("{{ order.refrence }}"), "unknown-input", 'Did you mean "reference"?'),
        (DAY, '    postngDate: "2026-11-23"\n', "unknown-field", 'Did you mean "postingDate"?'),
        (REMARK, leaf("{{ order.reference | uper }}"), "unknown-filter", 'Did you mean "upper"?'),
        (REMARK, leaf("{{ ordr.reference }}"), "unknown-name", 'Did you mean "order"?'),
        (REMARK, leaf("{{ remark }}"), "unknown-name", 'Did you mean "order.remark"?'),
        (
            REMARK,
            leaf("{{ order.weight | round(2) }}"),
            "unknown-filter",
            'Did you mean "decimal"?',
        ),
        (REMARK, leaf("{{ order.urgent is defined }}"), "unknown-test", 'Did you mean "present"?'),
        (
            PRICE,
            '          price: "{{ line.price }}"\n',
            "unknown-field",
            'Did you mean "unitPrice"?',
        ),
        (DAY, DAY + "    zzz: 1\n", "unknown-field", "Take a field that the target has."),
        (
            "          lineType: Item\n",
            "          lineType: Itm\n",
            "not-in-the-enum",
            'Did you mean "Item"?',
        ),
        (
            REMARK,
            leaf("{{ order.weight | text if order.weight is present else null }}"),
            "unknown-name",
            "Null is written `none`.",
        ),
        ("read: {}\n", "raed: {}\n", "unknown-key", 'Did you mean "read"?'),
    ],
)
def test_near_misses_are_named(old: str, new: str, rule: str, hint: str) -> None:
    assert finding(old, new, rule).hint == hint
