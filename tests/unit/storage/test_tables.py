from __future__ import annotations

from datetime import UTC, datetime, timedelta, timezone

from hypothesis import example, given
from hypothesis import strategies as st
from sqlalchemy.dialects.sqlite import DATETIME, dialect

from gateway.storage.tables import Moment

ZONES = st.builds(lambda hours: timezone(timedelta(hours=hours)), st.integers(-12, 14))
TIMES = st.datetimes(datetime(1900, 1, 1), datetime(9990, 1, 1), timezones=ZONES)  # noqa: DTZ001 - the zone comes apart
SQLITE = dialect()


@given(TIMES)
@example(datetime(2026, 11, 26, 9, 30, tzinfo=UTC))
@example(datetime(2026, 11, 26, 9, 30, 0, 120, tzinfo=UTC))
def test_sqlite_keeps_a_time_as_sqlalchemy_writes_it(time: datetime) -> None:
    into, out_of = Moment().bind_processor(SQLITE), Moment().result_processor(SQLITE, None)
    theirs = DATETIME().bind_processor(SQLITE)  # type: ignore[no-untyped-call]  # the library's
    assert theirs is not None
    kept = into(time)
    assert kept == theirs(time.astimezone(UTC).replace(tzinfo=None))
    back = out_of(kept)
    assert back == time
    assert back is not None
    assert back.tzinfo is UTC
