"""A client over the types of gridvault_types.py, with the standard library alone (Python 3.11)."""

from __future__ import annotations

import json
import urllib.error
import urllib.parse
import urllib.request
from typing import Any, cast

import gridvault_types as types


class Refused(Exception):
    """A refusal: go by its name, never by its title."""

    def __init__(self, problem: types.Problem, request_id: str, retry_after: str | None) -> None:
        super().__init__(problem["title"])
        self.problem = problem
        self.name = problem["type"].removeprefix("urn:gridvault:problem:")
        self.request_id = request_id
        self.retry_after = None if retry_after is None else int(retry_after)


class Gridvault:
    """A vault, asked with one token."""

    def __init__(self, url: str, token: str = "", language: str = "zh-CN", timeout: float = 35) -> None:
        self.url, self.token, self.language, self.timeout = url, token, language, timeout

    def ask(self, method: str, path: str, body: Any = None, headers: dict[str, str] | None = None, **query: Any) -> Any:
        """Asks at a door, whose path is put together with `at`; raises `Refused`."""
        said = {name: str(value) for name, value in query.items() if value is not None}
        url = f"{self.url}{path}?{urllib.parse.urlencode(said)}" if said else f"{self.url}{path}"
        data = None if body is None else json.dumps(body).encode()
        head = {"Content-Type": "application/json", "Accept-Language": self.language, **(headers or {})}
        if self.token:
            head["Authorization"] = f"Bearer {self.token}"
        asked = urllib.request.Request(url, data, head, method=method)
        try:
            with urllib.request.urlopen(asked, timeout=self.timeout) as answer:
                return json.loads(answer.read() or "null")
        except urllib.error.HTTPError as refused:
            problem = cast(types.Problem, json.load(refused))
            raise Refused(problem, refused.headers["X-Request-Id"], refused.headers["Retry-After"]) from None

    def sign_in(self, code: str) -> Gridvault:
        """The same client for whom a one-time code signs in."""
        body: types.SignIn = {"code": code}
        token: types.Token = self.ask("POST", "/v1/sessions", body)
        return Gridvault(self.url, token["token"], self.language, self.timeout)

    def own(self) -> types.Self:
        """What the caller may ask for, and what it needs."""
        return cast(types.Self, self.ask("GET", "/v1/self"))

    def open_task(self, task: types.NewTask) -> types.Task:
        """Registers a task; the same source and number give the same task."""
        return cast(types.Task, self.ask("POST", "/v1/tasks", task))

    def close_task(self, task: str, outcome: str) -> None:
        """Closes a task: from then on it opens nothing."""
        step: types.TaskStep = {"closed": True, "outcome": outcome}
        self.ask("PATCH", at("/v1/tasks/{}", task), step)

    def look_up(self, asked: types.LookupRequest) -> types.Lookup:
        """Looks one record up; each call is decided and entered anew."""
        return cast(types.Lookup, self.ask("POST", "/v1/lookups", asked))


def at(path: str, *ids: str) -> str:
    """A path with its ids."""
    return path.format(*(urllib.parse.quote(one, safe="") for one in ids))
