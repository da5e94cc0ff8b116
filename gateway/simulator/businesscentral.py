"""Business Central's side: roots, verbs, headers, errors (bc/api.md §1 to §5).

``listener`` hands a verified call over; the answer comes back complete except for the transport's
own headers. Nothing here knows faults, the journal or the web framework.
"""

from __future__ import annotations

import re
import uuid
from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass, field, replace
from urllib.parse import quote, unquote, urlsplit

from gateway.simulator.batch.forms import read, written
from gateway.simulator.batch.running import Manner, run
from gateway.simulator.catalogue.entities import Catalogue, EntitySet, Field
from gateway.simulator.catalogue.metadata import metadata
from gateway.simulator.clock import Clock
from gateway.simulator.documents.actions import act
from gateway.simulator.documents.ledgers import Books
from gateway.simulator.environments import Environment
from gateway.simulator.errors import (
    BusinessCentralError,
    bad_request,
    method_not_allowed,
    not_simulated,
    unknown_segment,
)
from gateway.simulator.exchange import Answer, Call
from gateway.simulator.odata.options import Options, parse_options
from gateway.simulator.records.keys import written_key
from gateway.simulator.records.reads import LARGEST_PAGE, Page, Reader, Work, unfiltered
from gateway.simulator.records.store import Company, Record
from gateway.simulator.records.streams import content, media_type, take
from gateway.simulator.records.values import decode_json, encode_json
from gateway.simulator.records.writes import Writer
from gateway.simulator.routes import Resolver, Target
from gateway.simulator.webhooks.subscriptions import Prove, Unproven

JSON = "application/json; odata.metadata=minimal; odata.streaming=true"
_PAGE_SIZE = re.compile(r"odata\.maxpagesize\s*=\s*(\d{1,9})", re.IGNORECASE)
_NO_CONTENT = re.compile(r"\breturn(-no-content|\s*=\s*(minimal|no-content))\b", re.IGNORECASE)
_LONGEST_QUERY = 8099
_LEADING = frozenset({201, 204})  # answers of actions that lead somewhere
_ETAG = re.compile(r'(W/)?"[^"]*"|\*')


@dataclass(frozen=True, slots=True)
class Effects:
    """What armed faults change inside one request."""

    filter_ignored: bool = False
    untaken: frozenset[str] = frozenset()
    reads_empty: bool = False
    posting: frozenset[str] = frozenset()
    untemplated: bool = False


def unproven(url: str) -> None:
    """No address has proven itself yet."""
    raise Unproven(url)


@dataclass(frozen=True, slots=True)
class BusinessCentral:
    """The API of one environment, for one request. ``root`` is its absolute URL.

    ``part`` gives what armed faults change inside one request of a batch, or refuses it;
    ``prove`` is asked before an address is told anything, ``work`` grows with the request.
    """

    environment: Environment
    catalogue: Catalogue
    clock: Clock
    root: str
    effects: Effects = Effects()
    part: Callable[[Call], Effects] | None = None
    prove: Prove = unproven
    work: Work = field(default_factory=Work)

    def answer(self, call: Call, segments: list[str]) -> Answer:
        """Serve ``call``, addressed by ``segments`` below the root.

        Raises BusinessCentralError, and Unproven before anything was changed.
        """
        if len(call.query) > _LONGEST_QUERY:
            raise BusinessCentralError(414, "BadRequest", "The request URI is too long.")
        of_the_route = {
            (): self._service_document,
            ("$metadata",): self._metadata,
            ("$batch",): self._batch,
        }.get(tuple(segments))
        if of_the_route is not None:
            return of_the_route(call)
        target = self._target(call, segments)
        _refuse_intent(call)
        if target.action is not None:
            return self._act(call, target, target.action)
        if target.field is not None:
            return self._on_field(call, target, target.field)
        if call.method == "GET":
            return self._get(call, target)
        if call.method.lower() not in target.entity_set.verbs:
            raise method_not_allowed(call.method, target.entity_set.segment)
        if call.method == "POST" and target.many:
            return self._post(call, target)
        if call.method == "PATCH" and not target.many:
            return self._patch(call, target)
        if call.method == "DELETE" and not target.many:
            return self._delete(call, target)
        raise method_not_allowed(call.method, target.entity_set.segment)

    def _target(self, call: Call, segments: list[str]) -> Target:
        target = self._resolver(call).resolve(segments)
        if self.effects.reads_empty and call.method == "GET":
            return replace(target, records=[])
        return target

    def _resolver(self, call: Call) -> Resolver:
        query = {name.lower(): value for name, value in call.pairs}
        named = query.get("company") or call.headers.get("company")
        return Resolver(self.environment, self.catalogue, named, self._reader)

    def _reader(self, company: Company) -> Reader:
        root = f"{self.root}/companies({company.id})"
        return Reader(
            company, self.catalogue, root, self.clock, self.environment.companies, self.work
        )

    def _service_document(self, call: Call) -> Answer:
        if call.method != "GET":
            raise method_not_allowed(call.method, "the service document")
        names = self.catalogue.addressed
        sets = [{"name": name, "kind": "EntitySet", "url": name} for name in names]
        return odata_answer(200, {"@odata.context": f"{self.root}/$metadata", "value": sets})

    def _metadata(self, call: Call) -> Answer:
        if call.method != "GET":
            raise method_not_allowed(call.method, "$metadata")
        return Answer(200, metadata(self.catalogue), {"Content-Type": "application/xml"})

    def _batch(self, call: Call) -> Answer:
        if call.method != "POST":
            raise method_not_allowed(call.method, "$batch")
        parts = read(call, self.root)
        return written(call, run(parts, Manner.of(call), self.environment, self._served))

    def _served(self, call: Call) -> Answer:
        """The answer to one request of a batch, a refusal as well."""
        try:
            root = [unquote(part) for part in urlsplit(self.root).path.split("/") if part]
            if call.segments[: len(root)] != root:
                raise unknown_segment(call.path)
            rest = call.segments[len(root) :]
            if rest == ["$batch"]:
                raise bad_request("A batch can not be part of a batch.")
            if rest and rest[0].startswith("$") and rest[0] != "$metadata":
                raise not_simulated("the answer of another request as an address in a batch")
            effects = self.effects if self.part is None else self.part(call)
            return replace(self, effects=effects, prove=_not_in_a_batch).answer(call, rest)
        except BusinessCentralError as error:
            return error_answer(error, str(uuid.uuid4()))

    def _options(self, call: Call, entity_set: EntitySet) -> Options:
        options = parse_options(call.pairs, entity_set, self.catalogue.sets)
        return unfiltered(options) if self.effects.filter_ignored else options

    def _get(self, call: Call, target: Target) -> Answer:
        entity_set = target.entity_set
        options = self._options(call, entity_set)
        reader = self._reader(target.company)
        if target.counting:
            count = reader.count(entity_set, target.records, options)
            return Answer(200, str(count).encode(), {"Content-Type": "text/plain"})
        context = {"@odata.context": self._context(target, options)}
        if not target.many:
            return odata_answer(200, context | reader.entity(entity_set, target.record, options))
        if target.parent is None and not self.effects.filter_ignored:
            reader.require_filter(entity_set, options)
        asked = _PAGE_SIZE.search(call.headers.get("prefer", ""))
        size = min(int(asked.group(1)) or LARGEST_PAGE, LARGEST_PAGE) if asked else LARGEST_PAGE
        page = reader.page(entity_set, target.records, options, size)
        answer = odata_answer(200, context | self._list(call, page))
        if asked:
            return answer.with_headers(Preference_Applied=f"odata.maxpagesize={size}")
        return answer

    def _on_field(self, call: Call, target: Target, field: Field) -> Answer:
        """One property. Streams are bytes, read and changed; the others are only read."""
        record, entity_set = target.record, target.entity_set
        if call.method == "GET" and field.type == "Edm.Stream":
            data = content(target.company, entity_set, record, field)
            return Answer(200, data, {"Content-Type": media_type(data)})
        if call.method == "GET":
            value = record.values[field.name]
            if target.raw:
                text = value if isinstance(value, str) else encode_json(value).decode()
                return Answer(200, text.encode(), {"Content-Type": "text/plain; charset=utf-8"})
            context = f"{self.root}/$metadata#{target.context}"
            return odata_answer(200, {"@odata.context": context, "value": value})
        if call.method != "PATCH" or field.type != "Edm.Stream" or "patch" not in entity_set.verbs:
            raise method_not_allowed(call.method, field.name)
        _check_etag(call.headers.get("if-match"), record, required=True)
        take(target.company, self.clock, entity_set, record, field, data=call.body)
        return Answer(204)

    def _list(self, call: Call, page: Page) -> dict[str, object]:
        body: dict[str, object] = {}
        if page.count is not None:
            body["@odata.count"] = page.count
        body["value"] = page.entities
        if page.next_token is not None:
            body["@odata.nextLink"] = _next_link(call, page)
        return body

    def _post(self, call: Call, target: Target) -> Answer:
        if target.entity_set.name == "subscriptions":
            return self._subscribe(call, target)
        options = self._options(call, target.entity_set)
        writer = self._writer(target.company)
        _, shown = writer.create(target.entity_set, _body(call), target.parent)
        key = written_key(target.entity_set, shown.values)
        location = f"{self.root}/{target.context}({key})"
        if minimal := _minimal(call):
            headers = {"Location": location, "OData-EntityId": location}
            return Answer(204, b"", headers | {"Preference-Applied": minimal})
        context = {"@odata.context": self._context(target, options) + "/$entity"}
        entity = self._reader(target.company).entity(target.entity_set, shown, options)
        return odata_answer(201, context | entity).with_headers(Location=location)

    def _subscribe(self, call: Call, target: Target) -> Answer:
        """A subscription, once its address has proven itself (bc/api.md §9)."""
        subscriptions, companies = self.environment.subscriptions, self.environment.companies
        ids = {company.id for company in companies.values()}
        made = subscriptions.create(_body(call), self.catalogue, ids, self.clock, self.prove)
        location = f"{self.root}/subscriptions('{made.id}')"
        context = {"@odata.context": f"{self.root}/$metadata#subscriptions/$entity"}
        entity = self._reader(target.company).entity(target.entity_set, made, Options())
        return odata_answer(201, context | entity).with_headers(Location=location)

    def _patch(self, call: Call, target: Target) -> Answer:
        _check_etag(call.headers.get("if-match"), target.record, required=True)
        options = self._options(call, target.entity_set)
        if target.entity_set.name == "subscriptions":
            self.environment.subscriptions.renew(
                target.record, _body(call), self.catalogue, self.clock, self.prove
            )
        else:
            writer = self._writer(target.company)
            writer.change(target.entity_set, target.record, _body(call))
        if minimal := _minimal(call):
            return Answer(204, b"", {"Preference-Applied": minimal})
        context = {"@odata.context": self._context(target, options)}
        entity = self._reader(target.company).entity(target.entity_set, target.record, options)
        return odata_answer(200, context | entity)

    def _delete(self, call: Call, target: Target) -> Answer:
        _check_etag(call.headers.get("if-match"), target.record, required=False)
        if target.entity_set.name == "subscriptions":
            del self.environment.subscriptions.by_id[target.record.id]
        else:
            self._writer(target.company).delete(target.entity_set, target.record)
        return Answer(204)

    def _act(self, call: Call, target: Target, action: str) -> Answer:
        """A bound action: ``If-Match`` counts where it is sent, and parameters may be left out.

        204 leads to what was made by ``Location`` (bc/pitfalls.md 2), 200 says there is nothing.
        """
        if call.method != "POST":
            raise method_not_allowed(call.method, action)
        given = _body(call) if call.body else {}
        record = target.record
        _check_etag(call.headers.get("if-match"), record, required=False)
        books = Books(target.company, self.clock, self.effects.posting)
        done = act(books, target.entity_set, record, action, given)
        made = target.company.catalogue.sets[done.name]
        key = written_key(made, done.record.values)
        location = f"{self.root}/companies({target.company.id})/{made.segment}({key})"
        return Answer(done.status, b"", {"Location": location} if done.status in _LEADING else {})

    def _writer(self, company: Company) -> Writer:
        effects = self.effects
        return Writer(
            company, self.catalogue, self.clock, effects.untaken, templates=not effects.untemplated
        )

    def _context(self, target: Target, options: Options) -> str:
        names = ""
        if options.select is not None:
            fields = [f.name for f in target.entity_set.fields if f.name in options.select]
            names = f"({','.join(fields)})"
        path, entity, _ = target.context.partition("/$entity")
        return f"{self.root}/$metadata#{path}{names}{entity}"


def odata_answer(status: int, value: object) -> Answer:
    """A JSON answer with Business Central's content type (bc/api.md §5)."""
    return Answer(status, encode_json(value), {"Content-Type": JSON})


def error_answer(error: BusinessCentralError, correlation: str) -> Answer:
    """The body of a refusal (bc/api.md §4): two spaces around the correlation id."""
    message = f"{error.text}  CorrelationId:  {correlation}."
    answer = odata_answer(error.status, {"error": {"code": error.code, "message": message}})
    if error.retry_after is None:
        return answer
    return answer.with_headers(Retry_After=str(error.retry_after))


def split_root(
    segments: list[str], routes: Collection[str]
) -> tuple[str | None, str, str, list[str]]:
    """Tenant, environment, route and the rest of a path that starts with ``v2.0``; ``routes``
    are all there are.

    Raises BusinessCentralError: 501 for routes that are not simulated, 404 for what is none.
    """
    for at in (2, 3):
        if segments[at : at + 1] == ["api"]:
            tenant = segments[1] if at == 3 else None
            for route in routes:
                end = at + 1 + len(route.split("/"))
                if "/".join(segments[at + 1 : end]) == route:
                    return tenant, segments[at - 1], route, segments[end:]
            name = "/".join(segments[at:][:4])
            raise not_simulated(f"the route {name}, which no seed file declares")
        if segments[at : at + 1] == ["ODataV4"]:
            raise not_simulated("OData V4 web services")
    raise unknown_segment(segments[-1])


def _body(call: Call) -> Mapping[str, object]:
    kind = call.headers.get("content-type", "").partition(";")[0].strip().lower()
    if kind != "application/json":
        text = f"The content type '{kind}' is not supported; send application/json."
        raise BusinessCentralError(415, "BadRequest", text)
    body = decode_json(call.body)
    if not isinstance(body, dict):
        raise bad_request("The request body must be one JSON object.")
    return body


def _not_in_a_batch(_: str) -> None:
    raise not_simulated("subscribing inside a batch")


def _minimal(call: Call) -> str:
    """The preference of who wants no entity back, as it was sent, blank for everybody else.

    Only ``return-no-content`` is said to be known (bc/api.md §3); a choice: OData's own name for
    it counts as well, for changes as for what is new.
    """
    found = _NO_CONTENT.search(call.headers.get("prefer", ""))
    return "" if found is None else found[0]


def _refuse_intent(call: Call) -> None:
    """A write can not be sent to a replica that is only read (bc/api.md §5)."""
    intent = call.headers.get("data-access-intent", "").strip().lower()
    if intent == "readonly" and call.method != "GET":
        raise bad_request("Data-Access-Intent: ReadOnly is for GET requests only.")


def _check_etag(sent: str | None, record: Record, *, required: bool) -> None:
    """The rules of ``If-Match`` (bc/api.md §3). Raises BusinessCentralError."""
    if sent is None and not required:
        return
    if sent is None or not _ETAG.fullmatch(sent.strip()):
        text = (
            "Could not validate the client concurrency token required by the service. "
            "Please provide a valid token in the client request."
        )
        raise BusinessCentralError(400, "BadRequest_InvalidToken", text)
    if sent.strip() not in {"*", record.etag}:
        text = "Another user has already changed the record."
        raise BusinessCentralError(409, "Request_EntityChanged", text)


def _next_link(call: Call, page: Page) -> str:
    """The caller's query with ``aid=FIN&$skiptoken=…``; a ``$top`` counts down (bc/api.md §5)."""
    kept = []
    for item in call.query.split("&"):
        name = item.partition("=")[0].lower().replace("%24", "$")
        if name in {"$skiptoken", "$skip", "aid", ""}:
            continue
        if name == "$top" and page.remaining_top is not None:
            item = f"$top={page.remaining_top}"  # noqa: PLW2901 - the pair is replaced
        kept.append(item)
    kept += ["aid=FIN", f"$skiptoken={quote(page.next_token or '', safe='-')}"]
    return f"{call.origin}{call.path}?{'&'.join(kept)}"
