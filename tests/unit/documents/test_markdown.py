from __future__ import annotations

from pathlib import Path

import pytest

from gateway.documents import load_blocks
from gateway.documents.markdown import yaml_blocks
from gateway.errors import InvalidFiles

PAGE = """\
# A page

```yaml
a: 1
```
```sh
b: 2
```
~~~~ YML title
c: {d: 3}
~~~
~~~~
1. In a list:

   ```yaml
   e:
     f: 4
   ```
```yaml wrong
g: *no
```
```yaml
h: 5
"""


def test_blocks_of_yaml_keep_the_lines_and_columns_of_the_page(tmp_path: Path) -> None:
    path = tmp_path / "page.md"
    path.write_text(PAGE, encoding="utf-8")
    documents, findings = load_blocks(path)
    assert [(one.rule, one.place.line) for one in findings] == [("D110", 12)]
    assert [one.value for one in documents] == [{"a": 1}, {"e": {"f": 4}}, {"h": 5}]
    place = documents[1].place(("e", "f"))
    assert (place.line, place.column) == (17, 9)
    assert PAGE.split("\n")[16][8:] == "4"


def test_a_broken_block_hides_no_other(tmp_path: Path) -> None:
    path = tmp_path / "page.md"
    path.write_text("```yaml\r\na: 1\r\na: 2\r\n```\r\n```yml\r\nb: 3\r\n```\r\n", encoding="utf-8")
    documents, findings = load_blocks(path)
    assert [(one.rule, one.place.line, one.place.column) for one in findings] == [("D114", 3, 1)]
    assert [one.value for one in documents] == [{"b": 3}]


def test_a_page_that_cannot_be_read_is_a_finding(tmp_path: Path) -> None:
    (tmp_path / "page.md").write_bytes(b"\xff")
    with pytest.raises(InvalidFiles):
        load_blocks(tmp_path / "page.md")


@pytest.mark.parametrize("text", ["", "text", "``yaml\na\n``", "```\na: 1\n```", "```yaml wrong\n"])
def test_a_page_without_blocks_has_none(text: str) -> None:
    assert yaml_blocks(text) == []
