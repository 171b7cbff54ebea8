"""Who asks, seen through the proxies that are trusted."""

from __future__ import annotations

from collections.abc import Iterator
from ipaddress import IPv4Address, IPv4Network, IPv6Address, IPv6Network, ip_address

from aiohttp import web

from flowhqd.http.services import services

Address = IPv4Address | IPv6Address
Networks = tuple[IPv4Network | IPv6Network, ...]


def client_address(request: web.Request) -> Address | None:
    """The address of the client; None on a connection that has none.

    ``X-Forwarded-For`` is read from the right as long as trusted proxies wrote it: what stands
    further left, anybody can have written.
    """
    trusted = services(request).settings.trusted_proxies
    address = _parse(request.remote or "")
    for hop in _forwarded(request):
        if address is None or not _is_trusted(address, trusted):
            break
        address = _parse(hop) or address
    return address


def is_secure(request: web.Request) -> bool:
    """Whether the client speaks https, to us or to a trusted proxy."""
    return (_from_proxy(request, "X-Forwarded-Proto") or request.scheme).lower() == "https"


def public_host(request: web.Request) -> str:
    """The host and port under which the client knows us."""
    return (_from_proxy(request, "X-Forwarded-Host") or request.host).lower()


def public_origin(request: web.Request) -> str:
    """Scheme, host and port under which the client knows us."""
    return f"{'https' if is_secure(request) else 'http'}://{public_host(request)}"


def _from_proxy(request: web.Request, header: str) -> str:
    """The last value of a header, when a trusted proxy sent it."""
    remote = _parse(request.remote or "")
    if remote is None or not _is_trusted(remote, services(request).settings.trusted_proxies):
        return ""
    return ",".join(request.headers.getall(header, [])).rpartition(",")[2].strip()


def _forwarded(request: web.Request) -> Iterator[str]:
    hops = ",".join(request.headers.getall("X-Forwarded-For", [])).split(",")
    return (hop.strip() for hop in reversed(hops))


def _is_trusted(address: Address, trusted: Networks) -> bool:
    return any(address in network for network in trusted)


def _parse(text: str) -> Address | None:
    try:
        address = ip_address(text.strip("[]"))
    except ValueError:
        return None
    # A socket that listens on :: sees IPv4 clients as ::ffff:192.0.2.1.
    return getattr(address, "ipv4_mapped", None) or address
