"""What a tenant's `$metadata` tells of its entity sets."""

from __future__ import annotations

from contextlib import suppress

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gateway.wire import facts_of, kept

WHOLE = """<?xml version="1.0" encoding="utf-8"?>
<edmx:Edmx Version="4.0" xmlns:edmx="http://docs.oasis-open.org/odata/ns/edmx"><edmx:DataServices>
<Schema Namespace="Microsoft.NAV" xmlns="http://docs.oasis-open.org/odata/ns/edm">
<EntityType Name="company"><Key><PropertyRef Name="id"/></Key><Property Name="id" Type="Edm.Guid"/></EntityType>
<EntityType Name="thing"><Key><PropertyRef Name="id"/></Key>
<Property Name="id" Type="Edm.Guid" Nullable="false"/>
<Property Name="code" Type="Edm.String" MaxLength="20"/>
<Property Name="note" Type="Edm.String"/>
<Property Name="kind" Type="Microsoft.NAV.kind"/>
<Property Name="tags" Type="Collection(Edm.String)"/>
<Property Name="amount" Type="Edm.Decimal" Scale="Variable"/>
<NavigationProperty Name="bits" Type="Collection(Microsoft.NAV.bit)" ContainsTarget="true"/>
<NavigationProperty Name="customer" Type="Microsoft.NAV.customer"/>
</EntityType>
<EntityType Name="bit"><Key><PropertyRef Name="no"/></Key><Property Name="no" Type="Edm.Int32"/></EntityType>
<EnumType Name="kind"><Member Name="_x0020_" Value="0"/><Member Name="Whole_x0020_Sale" Value="1"/></EnumType>
<Action Name="close" IsBound="true"><Parameter Name="b" Type="Microsoft.NAV.thing"/></Action>
<EntityContainer Name="NAV">
<EntitySet Name="companies" EntityType="Microsoft.NAV.company"/>
<EntitySet Name="things" EntityType="Microsoft.NAV.thing"/>
<EntitySet Name="bits" EntityType="Microsoft.NAV.bit">
<Annotation Term="Org.OData.Capabilities.V1.DeleteRestrictions"><Record><PropertyValue Property="Deletable" Bool="false"/></Record></Annotation>
</EntitySet>
</EntityContainer>
</Schema></edmx:DataServices></edmx:Edmx>"""


def test_everything_that_is_told() -> None:
    found = facts_of(WHOLE.encode())
    assert list(found) == ["things", "bits"]
    assert found["things"] == {
        "entitySet": "things",
        "entityName": "thing",
        "key": ["id"],
        "verbs": ["get", "post", "patch", "delete"],
        "fields": {
            "id": {"type": "guid", "readOnly": True},
            "code": {"type": "string", "maxLength": 20},
            "note": {"type": "string"},
            "kind": {"type": "string", "enum": ["_x0020_", "Whole_x0020_Sale"]},
            "tags": {"type": "collection"},
            "amount": {"type": "decimal"},
        },
        "parts": {"bits": {"entitySet": "bits", "many": True}},
        "actions": ["close"],
    }
    assert found["bits"]["verbs"] == ["get", "post", "patch"]


def test_what_a_person_knows_better_stays() -> None:
    fresh = facts_of(WHOLE.encode())["things"]
    before = {
        "verbs": ["get"],
        "fields": {"code": {"type": "string", "maxLength": 10, "code": True}, "gone": {}},
    }
    after = kept(fresh, before)
    assert after["verbs"] == ["get"]
    assert after["fields"]["code"] == {"type": "string", "maxLength": 20, "code": True}
    assert "gone" not in after["fields"]
    assert kept(fresh, {}) == fresh


@pytest.mark.parametrize(
    "wrong",
    [
        b"",
        b"<a",
        b"<a/>",
        b'<!DOCTYPE a [<!ENTITY b "c">]><a>&b;</a>',
        WHOLE.replace('<PropertyRef Name="no"/>', "").encode(),
        WHOLE.replace('<PropertyRef Name="no"/>', '<PropertyRef Name="on"/>').encode(),
        WHOLE.encode("utf-16"),
        b'<?xml version="1.0" encoding="atf-8"?><a/>',
    ],
)
def test_what_is_no_description(wrong: bytes) -> None:
    with pytest.raises(ValueError, match="description"):
        facts_of(wrong)


@given(at=st.integers(0, len(WHOLE)), put=st.text(max_size=5))
def test_a_damaged_description_is_read_or_refused(at: int, put: str) -> None:
    text = WHOLE[:at] + put + WHOLE[at + len(put) :]
    with suppress(ValueError):
        facts_of(text.encode("utf-8", "surrogatepass"))
