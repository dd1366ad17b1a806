"""The controller under test by its API, as a person in the office uses it. The kit's only file that imports httpx."""

from __future__ import annotations

from typing import Any

import httpx

TIMEOUT_S = 30.0


OfficeError = httpx.HTTPError
"""The API refused, or nobody answered."""


OVER = '"airing.over"'
"""In the answer to who asks for the silence of what has been silent for long."""


class Office:
    """Calls of the API; OfficeError."""

    def __init__(self, url: str, token: str) -> None:
        headers = {"Authorization": f"Bearer {token}"}
        self._http = httpx.AsyncClient(base_url=f"{url.rstrip('/')}/api/v1", headers=headers, timeout=TIMEOUT_S)
        self._files = httpx.AsyncClient(timeout=TIMEOUT_S)

    async def close(self) -> None:
        """Close its connections."""
        await self._http.aclose()
        await self._files.aclose()

    async def bring(self, sound: bytes, owner: str) -> str:
        """Bring a sound; the bulletin's id. It is being prepared."""
        form = {"title": "Conform", "class": "normal", "language": "vi", "owner": owner}
        return str((await self._call("POST", "/bulletins", data=form, files={"file": ("tone.ogg", sound)}))["id"])

    async def bulletin_state(self, bulletin: str) -> str:
        """How far its sound is."""
        return str((await self._call("GET", f"/bulletins/{bulletin}"))["state"])

    async def say(self, bulletin: str, to: str, lead_ms: int, grace_ms: int) -> dict[str, Any]:
        """Air it; the airing."""
        wish = {"bulletin": bulletin, "to": [to], "lead_ms": lead_ms, "grace_ms": grace_ms}
        said: dict[str, Any] = await self._call("POST", "/airings", json=wish)
        return said

    async def cancel(self, airing: str) -> None:
        """Ask for its silence; no error if it is over."""
        answer = await self._http.post(f"/airings/{airing}/cancel")
        if OVER not in answer.text:
            answer.raise_for_status()

    async def delivery(self, airing: str, node: str) -> dict[str, Any] | None:
        """What became of an airing on a node; None if it knows of none."""
        ledger = await self._call("GET", f"/airings/{airing}")
        rows = [row for village in ledger["villages"] for row in village["nodes"]]
        return next((row for row in rows if row["node"] == node), None)

    async def nodes(self) -> list[dict[str, Any]]:
        """Every node, as it is shown."""
        found: list[dict[str, Any]] = await self._call("GET", "/nodes")
        return found

    async def node(self, node: str) -> dict[str, Any]:
        """One node, as it is shown."""
        return next(row for row in await self.nodes() if row["id"] == node)

    async def file(self, url: str, **headers: str) -> httpx.Response:
        """A file as a node fetches it: without credentials, without redirects."""
        return await self._files.get(url, headers={name.replace("_", "-"): value for name, value in headers.items()})

    async def _call(self, method: str, path: str, **options: Any) -> Any:
        answer = await self._http.request(method, path, **options)
        answer.raise_for_status()
        return answer.json() if answer.content else None
