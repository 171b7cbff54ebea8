from __future__ import annotations

from typing import TYPE_CHECKING, Any, cast

import pytest

from flowhqd.errors import BridgeLost, DocumentLost, PageError, Undecidable
from flowhqd.whatsapp.bridge import Bridge

if TYPE_CHECKING:
    from flowhqd.browser.page import Page


class Failing:
    """A page on which every call ends so."""

    def __init__(self, error: Exception) -> None:
        self.error = error

    async def call(self, *_: Any, timeout: float) -> Any:
        raise self.error


@pytest.mark.parametrize(
    ("error", "told"), [(PageError("no look-up"), Undecidable), (DocumentLost("gone"), BridgeLost)]
)
async def test_a_look_up_in_a_page_that_goes_elsewhere_decides_nothing(
    error: PageError, told: type[Exception]
) -> None:
    """It is asked again in the next document, and not given up."""
    bridge = Bridge(cast("Page", Failing(error)))
    with pytest.raises(told):
        await bridge.find_outbound("255700000001@c.us", "3EB0A")
