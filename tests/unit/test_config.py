from __future__ import annotations

import base64
from hashlib import sha256
from pathlib import Path
from ssl import PEM_cert_to_DER_cert

import pytest

from gateway.config import Config, Listener, load_config, shipped
from gateway.documents import Finding, format_findings
from gateway.errors import InvalidFiles, StartError
from tests.certificates import pair

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


def test_the_operators_listener_is_on_loopback_or_where_it_is_put_or_not_at_all(
    tmp_path: Path,
) -> None:
    assert load(tmp_path, MINIMAL).console == Listener("127.0.0.1", 8081)
    put = load(tmp_path, MINIMAL + "console: {listen: '0.0.0.0:9000'}\n").console
    assert put == Listener("0.0.0.0", 9000)  # noqa: S104 - what a container listens on
    assert not put.is_loopback
    v6 = load(tmp_path, MINIMAL + "console: {listen: '[::1]:8081'}\n").console
    assert v6 is not None
    assert (v6.host, v6.is_loopback) == ("::1", True)
    assert load(tmp_path, MINIMAL + "console: {listen: null}\n").console is None
    assert found(tmp_path, MINIMAL + "console: {listen: '8081'}\n") == [
        (3, "This must be an address and a port.")
    ]


def test_secrets_do_not_show(tmp_path: Path) -> None:
    shown = repr(load(tmp_path, MINIMAL))
    assert "s3cret" not in shown
    assert "kkkk" not in shown


def test_the_database_may_be_postgresql_and_its_password_does_not_show(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    url = "postgresql://gateway:hunter2@db.example/gateway?sslmode=verify-full"
    monkeypatch.setenv("TEST_STORAGE", url)
    for given in (f"'{url}'", "{env: TEST_STORAGE}"):
        config = load(tmp_path, MINIMAL + f"storage: {{url: {given}}}\nworkers: 4\n")
        assert (config.storage_url, config.workers) == (url, 4)
        assert "hunter2" not in repr(config)
    for wrong in ("mysql://gateway:hunter2@h/d", "postgres:hunter2"):
        with pytest.raises(InvalidFiles) as caught:
            load(tmp_path, MINIMAL + f"storage: {{url: '{wrong}'}}\n")
        findings = [each for each in caught.value.findings if isinstance(each, Finding)]
        assert "hunter2" not in format_findings(findings) + format_findings(findings, "json")


def test_more_than_one_worker_needs_postgresql(tmp_path: Path) -> None:
    assert found(tmp_path, MINIMAL + "workers: 2\n") == [
        (3, "More than one worker needs PostgreSQL: a SQLite file has one writer.")
    ]
    assert load(tmp_path, MINIMAL + "workers: 1\n").workers == 1
    for wrong in ("0", "many", "1.5"):
        assert found(tmp_path, MINIMAL + f"workers: {wrong}\n")[0][0] == 3


def test_the_example_is_loaded_and_names_every_key(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    for name in ("ENTRA_CLIENT_ID", "ENTRA_CLIENT_SECRET"):
        monkeypatch.setenv(name, "x")
    monkeypatch.setenv("BC_GATEWAY_KEY", KEY)
    text = (ROOT / "config.example.yaml").read_text()
    assert load(tmp_path, text).public.url == "http://127.0.0.1:8080"
    schema = (ROOT / "schemas/gateway/config.schema.json").read_text()
    rooms = ("public", "console", "storage", "encryption", "entra", "business_central")
    keys = ("listen", "url", "most_body_bytes", "keys", "client_id", "client_secret", "authority")
    for key in (*rooms, *keys, "certificate", "on_premises"):
        assert f"{key}:" in text
        assert f'"{key}"' in schema
    assert "# mappings:" in text
    assert "# product_name:" in text
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
        (4, "This must be a SQLite file or a PostgreSQL database."),
        (5, "There is no folder absent."),
    ]


@pytest.mark.parametrize(
    "url", ["http://gateway.example", "gateway.example", "ftp://x", "https://x?y=1", "https://"]
)
def test_an_address_must_be_https_beyond_this_machine(tmp_path: Path, url: str) -> None:
    assert found(tmp_path, MINIMAL + f'public: {{url: "{url}"}}\n')[0][0] == 3


def test_the_name_of_the_product_is_one_short_line(tmp_path: Path) -> None:
    assert load(tmp_path, MINIMAL).public.product_name is None
    text = MINIMAL + "public: {product_name: Tidewater Deals}\n"
    assert load(tmp_path, text).public.product_name == "Tidewater Deals"
    for name in ('""', '" x"', '"a\\nb"', '"a\\0"', "x" * 61):
        assert found(tmp_path, text.replace("Tidewater Deals", name))[0][0] == 3


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


REFERENCE = "Write {env: NAME} or {file: PATH}."
ENCRYPTION = "`encryption: {keys: [{file: gateway.key}]}`"
ENTRA = "`entra: {client_id: ID, client_secret: {env: NAME}}`"


@pytest.mark.parametrize(
    ("wrong", "told"),
    [
        (
            MINIMAL.replace("client_secret", "client_secrt"),
            ('There is no key "client_secrt" here.', 'Did you mean "client_secret"?'),
        ),
        (
            MINIMAL.replace(", client_secret: {env: TEST_SECRET}", ""),
            (
                'Missing here: "client_secret" or "certificate".',
                "Write `client_secret: {env: NAME}` or `certificate: {file: PATH}`.",
            ),
        ),
        (
            MINIMAL.replace("{env: TEST_SECRET}", "hunter2"),
            (
                "This has not the right form: One reference, or several that are tried in order.",
                REFERENCE,
            ),
        ),
        (MINIMAL.replace("{env: TEST_SECRET}", "[hunter2]"), ("This must be a map.", REFERENCE)),
        (MINIMAL.replace("{env: TEST_KEY}", "hunter2"), ("This must be a map.", REFERENCE)),
        (
            MINIMAL.replace("[{env: TEST_KEY}]", "hunter2"),
            ("This must be a list.", "Write [{file: gateway.key}]."),
        ),
        (
            MINIMAL.replace("{env: TEST_SECRET}", "{env: A, file: B}"),
            ("Only one key may stand here.", None),
        ),
        (
            MINIMAL.splitlines()[1],
            ('Missing here: "encryption".', f"Write {ENCRYPTION}."),
        ),
        (
            "workers: 1\n",
            ('Missing here: "encryption", "entra".', f"Write {ENCRYPTION} and {ENTRA}."),
        ),
        (
            MINIMAL + "workers: 4\nstorage: {url: {env: UNSET}}\n",
            ("The environment variable UNSET is not set.", None),
        ),
        (
            MINIMAL + "workers: 4\nstorage: {url: 'mysql:///x'}\n",
            (
                "This must be a SQLite file or a PostgreSQL database.",
                "sqlite:///bc-gateway.db or postgresql://USER:PASSWORD@HOST/DATABASE",
            ),
        ),
    ],
)
def test_a_mistake_is_told_once_and_with_what_to_do(
    tmp_path: Path, wrong: str, told: tuple[str, str | None]
) -> None:
    with pytest.raises(InvalidFiles) as caught:
        load(tmp_path, wrong)
    findings = [each for each in caught.value.findings if isinstance(each, Finding)]
    assert [(each.message, each.hint) for each in findings] == [told]


def test_a_secret_that_stands_in_the_file_is_not_shown(tmp_path: Path) -> None:
    with pytest.raises(InvalidFiles) as caught:
        load(tmp_path, MINIMAL.replace("{env: TEST_SECRET}", "hunter2-in-the-open"))
    findings = [each for each in caught.value.findings if isinstance(each, Finding)]
    forms = [format_findings(findings), format_findings(findings, "json")]
    assert not any("hunter2" in form for form in forms)


@pytest.mark.parametrize(
    "storage",
    [
        "storage: {url: postgresql://u:hunter2@h/d",
        "storage:\n  url: 'postgresql://u:hunter2@h/d",
        "storage:\n\turl: postgresql://u:hunter2@h/d",
        "storage:\n  url: postgresql://u:hunter2@h/d\n  url: postgresql://u:hunter2@h/d",
        "storage:\n  url: postgresql://u:hunter2: x@h/d",
        "storage:\n  postgresql://u:hunter2@h/d: 1",
        "storage:\n  url: postgresql://u:pass@hunter2@h/d",
    ],
    ids=["brace", "quote", "tab", "twice", "colon", "as a key", "unescaped"],
)
def test_the_password_of_a_database_is_not_shown_whatever_is_wrong(
    tmp_path: Path, storage: str
) -> None:
    with pytest.raises(InvalidFiles) as caught:
        load(tmp_path, f"{MINIMAL}\n{storage}\n")
    findings = [each for each in caught.value.findings if isinstance(each, Finding)]
    forms = [format_findings(findings), format_findings(findings, "json")]
    assert not any("hunter2" in form for form in forms), forms


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


def test_a_certificate_does_instead_of_a_secret_or_beside_it(tmp_path: Path) -> None:
    first, second = pair(), pair("second")
    first.file(tmp_path, "first.pem")
    (tmp_path / "second.pem").write_text(second.certificate + second.key)
    text = MINIMAL.replace("client_secret: {env: TEST_SECRET}", "certificate: {file: first.pem}")
    entra = load(tmp_path, text).entra
    assert entra.client_secrets == ()
    (one,) = entra.certificates
    assert one.thumbprint == sha256(PEM_cert_to_DER_cert(first.certificate)).digest()
    assert one.private_key == first.key.strip()
    assert "PRIVATE" not in repr(entra)
    several = "certificate: [{file: first.pem}, {file: second.pem}], client_secret:"
    entra = load(tmp_path, MINIMAL.replace("client_secret:", several)).entra
    assert (len(entra.certificates), len(entra.client_secrets)) == (2, 1)


def test_a_certificate_that_will_not_do_is_found_at_start(tmp_path: Path) -> None:
    good, other = pair(), pair("second")
    text = MINIMAL.replace("client_secret: {env: TEST_SECRET}", "certificate: {file: it.pem}")
    assert "holds no certificate" in found(tmp_path, text)[0][1]
    for wrong in (
        "",
        "no PEM",
        good.certificate,
        good.key,
        good.certificate + other.key,
        good.certificate + good.sealed_key,
        "\xe9",
    ):
        (tmp_path / "it.pem").write_text(wrong, encoding="utf-8")
        assert found(tmp_path, text)[0][1] == "The file it.pem holds no certificate with its key."


def test_without_any_proof_of_who_we_are_there_is_no_start(tmp_path: Path) -> None:
    assert found(tmp_path, MINIMAL.replace(", client_secret: {env: TEST_SECRET}", ""))


def test_servers_outside_the_cloud_have_a_name_and_https(tmp_path: Path) -> None:
    def servers(text: str) -> str:
        return f"{MINIMAL}business_central: {{on_premises: {text}}}\n"

    config = load(tmp_path, servers("{harwick-nav: 'https://nav.harwick.example:7048/BC/'}"))
    assert config.on_premises == {"harwick-nav": "https://nav.harwick.example:7048/BC"}
    assert load(tmp_path, MINIMAL).on_premises == {}
    for wrong in ("{nav: 'http://nav.harwick.example/BC'}", "{nav: nonsense}", "{1x: 'https://x'}"):
        assert found(tmp_path, servers(wrong))
