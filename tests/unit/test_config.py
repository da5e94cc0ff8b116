from __future__ import annotations

import base64
from pathlib import Path

import pytest

from gateway.config import Config, load_config, shipped
from gateway.documents import Finding, format_findings
from gateway.errors import InvalidFiles, StartError

ROOT = Path(__file__).parents[2]
KEY = base64.b64encode(b"k" * 32).decode()
MINIMAL = """\
encryption: {keys: [{env: TEST_KEY}]}
entra: {client_id: some-client, client_secret: {env: TEST_SECRET}}
"""


@pytest.fixture(autouse=True)
def _environment(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TEST_KEY", KEY)
    monkeypatch.setenv("TEST_SECRET", "s3cret-value")
    monkeypatch.delenv("BC_GATEWAY_CONFIG", raising=False)


def load(folder: Path, text: str) -> Config:
    file = folder / "bc-gateway.yaml"
    file.write_text(text)
    return load_config(file)


def found(folder: Path, text: str) -> list[tuple[int, str]]:
    with pytest.raises(InvalidFiles) as caught:
        load(folder, text)
    findings = [each for each in caught.value.findings if isinstance(each, Finding)]
    return sorted((each.place.line, each.message) for each in findings)


def test_the_least_that_is_needed_gets_safe_defaults(tmp_path: Path) -> None:
    config = load(tmp_path, MINIMAL)
    assert (config.public.host, config.public.port) == ("127.0.0.1", 8080)
    assert config.storage_url == f"sqlite:///{tmp_path}/bc-gateway.db"
    assert config.entra.authority == "https://login.microsoftonline.com"
    assert config.encryption_keys == (b"k" * 32,)


def test_secrets_do_not_show(tmp_path: Path) -> None:
    shown = repr(load(tmp_path, MINIMAL))
    assert "s3cret" not in shown
    assert "kkkk" not in shown


def test_the_example_is_loaded_and_names_every_key(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    for name in ("ENTRA_CLIENT_ID", "ENTRA_CLIENT_SECRET"):
        monkeypatch.setenv(name, "x")
    monkeypatch.setenv("BC_GATEWAY_KEY", KEY)
    text = (ROOT / "config.example.yaml").read_text()
    assert load(tmp_path, text).public.url == "http://127.0.0.1:8080"
    schema = (ROOT / "schemas/gateway/config.schema.json").read_text()
    keys = ("listen", "url", "most_body_bytes", "keys", "client_id", "client_secret", "authority")
    for key in (*keys, "public", "storage", "encryption", "entra", "business_central"):
        assert f"{key}:" in text
        assert f'"{key}"' in schema
    assert "# mappings:" in text
    assert "# schemas:" in text


def test_every_mistake_comes_at_once_with_its_line(tmp_path: Path) -> None:
    text = MINIMAL.replace("TEST_KEY", "UNSET_KEY") + (
        "public: {listen: everywhere, url: http://gateway.example}\n"
        "storage: {url: mysql://x}\n"
        "mappings: absent\n"
    )
    assert found(tmp_path, text) == [
        (1, "The environment variable UNSET_KEY is not set."),
        (3, "This must be an address and a port."),
        (4, "This must be a SQLite file."),
        (5, "There is no folder absent."),
    ]


@pytest.mark.parametrize(
    "url", ["http://gateway.example", "gateway.example", "ftp://x", "https://x?y=1", "https://"]
)
def test_an_address_must_be_https_beyond_this_machine(tmp_path: Path, url: str) -> None:
    assert found(tmp_path, MINIMAL + f'public: {{url: "{url}"}}\n')[0][0] == 3


def test_unknown_keys_are_refused_with_a_suggestion(tmp_path: Path) -> None:
    with pytest.raises(InvalidFiles) as caught:
        load(tmp_path, MINIMAL + "pubilc: {}\n")
    finding = caught.value.findings[0]
    assert isinstance(finding, Finding)
    assert (finding.place.line, finding.hint) == (3, 'Did you mean "public"?')


@pytest.mark.parametrize("secret", ["plain-text", "{env: A, file: b}", "{}", "[]"])
def test_a_secret_is_given_by_reference_only(tmp_path: Path, secret: str) -> None:
    text = MINIMAL.replace("{env: TEST_SECRET}", secret)
    assert found(tmp_path, text)[0][0] == 2


def test_a_secret_that_stands_in_the_file_is_not_shown(tmp_path: Path) -> None:
    with pytest.raises(InvalidFiles) as caught:
        load(tmp_path, MINIMAL.replace("{env: TEST_SECRET}", "hunter2-in-the-open"))
    findings = [each for each in caught.value.findings if isinstance(each, Finding)]
    forms = [format_findings(findings), format_findings(findings, "json")]
    assert not any("hunter2" in form for form in forms)


def test_secrets_from_files_and_several_in_order(tmp_path: Path) -> None:
    (tmp_path / "old").write_text("old-secret\n")
    text = MINIMAL.replace("{env: TEST_SECRET}", "[{env: TEST_SECRET}, {file: old}]")
    assert load(tmp_path, text).entra.client_secrets == ("s3cret-value", "old-secret")
    assert found(tmp_path, text.replace("file: old", "file: gone")) == [
        (2, "The file gone cannot be read.")
    ]


@pytest.mark.parametrize("key", ["short", base64.b64encode(b"k" * 31).decode(), "!" * 44])
def test_a_key_of_the_wrong_size_is_named(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, key: str
) -> None:
    monkeypatch.setenv("TEST_KEY", key)
    assert found(tmp_path, MINIMAL) == [(1, "The key is not 32 bytes in base64.")]


def test_without_a_file_the_sentence_says_what_to_do() -> None:
    with pytest.raises(StartError, match="--config FILE or set BC_GATEWAY_CONFIG"):
        load_config()


def test_the_environment_variable_names_the_file(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    (tmp_path / "c.yaml").write_text(MINIMAL)
    monkeypatch.setenv("BC_GATEWAY_CONFIG", str(tmp_path / "c.yaml"))
    assert load_config().entra.client_id == "some-client"


def test_the_shipped_folders_are_there() -> None:
    assert (shipped("schemas") / "gateway" / "config.schema.json").is_file()
    assert shipped("mappings").is_dir()
