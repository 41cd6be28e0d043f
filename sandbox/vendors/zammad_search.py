"""How Zammad searches: tickets by condition from its tables, users by words, with and without an Elasticsearch."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from sandbox.contacts import Contact, Person
from sandbox.vendors.zammad_rows import Spelling, owner_id, state_id, user_id

_TOKENS = re.compile(r"\w+")
OPERATORS = ("is", "is not", "contains", "contains one", "contains all", "before (absolute)", "after (absolute)")


class UnknownAttributeError(Exception):
    """A condition on what tickets do not have, or by an operator there is not."""


@dataclass(frozen=True, slots=True)
class Conditions:
    """All of them must hold. One without a value is left out, so that a search with no other finds everything."""

    spelling: Spelling
    terms: Mapping[str, Mapping[str, Any]]

    @classmethod
    def of(cls, spelling: Spelling, asked: Mapping[str, Mapping[str, Any]]) -> Conditions:
        kept = {name: term for name, term in asked.items() if term.get("value") not in (None, [], "")}
        return cls(spelling, kept)

    def people(self, everybody: Sequence[Person]) -> list[Person]:
        return [person for person in everybody if all(self._person_holds(name, person) for name in self.terms)]

    def _person_holds(self, name: str, person: Person) -> bool:
        if name == "ticket.customer_id":
            return _holds(self.terms[name], [user_id(person)])
        table, _, attribute = name.partition(".")
        if table != "customer":
            return True
        phone, mobile = self.spelling.numbers(person)
        held = {"email": self.spelling.email(person), "phone": phone, "mobile": mobile, "crm_id": person.crm_id or ""}
        if attribute not in held:
            raise UnknownAttributeError(attribute)
        return _holds(self.terms[name], [held[attribute]])

    def hold(self, contact: Contact) -> bool:
        read: dict[str, Callable[[], list[Any]]] = {
            "ticket.state_id": lambda: [state_id(contact)],
            "ticket.group_id": lambda: [contact.last_queue.number],
            "ticket.owner_id": lambda: [owner_id(contact)],
            "ticket.tags": lambda: list(contact.tags),
            "ticket.created_at": lambda: [contact.started_at],
            "ticket.updated_at": lambda: [contact.last_activity_at],
        }
        for name, term in self.terms.items():
            if name == "ticket.customer_id" or name.startswith("customer."):
                continue
            if name not in read:
                raise UnknownAttributeError(name)
            if not _holds(term, read[name]()):
                return False
        return True


def _holds(term: Mapping[str, Any], held: Sequence[Any]) -> bool:
    operator, value = term.get("operator"), term["value"]
    if operator not in OPERATORS:
        raise UnknownAttributeError(str(operator))
    if operator in ("before (absolute)", "after (absolute)"):
        bound = datetime.fromisoformat(value).astimezone(UTC)
        return bool(held[0] <= bound if operator.startswith("before") else held[0] >= bound)
    if operator == "contains":
        return str(value).lower() in str(held[0]).lower()
    if operator in ("contains one", "contains all"):
        wanted = {tag.strip() for tag in value.split(",")}
        return not wanted.isdisjoint(held) if operator == "contains one" else wanted <= set(held)
    values = {str(one) for one in (value if isinstance(value, list) else [value])}
    return (str(held[0]) in values) is (operator == "is")


def words_in_index(query: str, texts: Sequence[str]) -> bool:
    """Every word of the query is a word of some text, the last one the beginning of one."""
    words = [word.lower() for word in _TOKENS.findall(query)]
    tokens = {token.lower() for text in texts for token in _TOKENS.findall(text)}
    if not words:
        return False
    return all(word in tokens for word in words[:-1]) and any(token.startswith(words[-1]) for token in tokens)


def text_in_columns(query: str, texts: Sequence[str]) -> bool:
    """The query as it is, in one of the columns."""
    return any(query.lower() in text.lower() for text in texts)
