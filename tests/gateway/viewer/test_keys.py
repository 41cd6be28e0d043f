"""API keys: made once, kept as hashes, replaced while both are live."""

from __future__ import annotations

import random
import re

import pytest

from gateway.settings.model import ApiKeySection
from gateway.viewer.keys import find_key, hash_of, key_id, new_key


def entry(key_id: str, *hashes: str) -> ApiKeySection:
    return ApiKeySection.model_construct(id=key_id, name=key_id, hashes=hashes, roles=("agent",))


def test_a_key_has_256_bits_its_id_and_a_hash():
    text, hashed = new_key("reports")
    assert re.fullmatch(r"jgk_reports_[A-Za-z0-9_-]{43}", text)
    assert key_id(text) == "reports"
    assert hashed == hash_of(text)
    assert len({new_key()[0] for _ in range(1000)}) == 1000
    assert key_id(new_key()[0])


@pytest.mark.parametrize("wrong", ["Reports", "a_b", "a" * 41, "a b"])
def test_an_id_that_would_not_be_found_again_is_refused(wrong):
    with pytest.raises(ValueError, match="small letters"):
        new_key(wrong)


def test_two_keys_of_one_entry_are_live_at_a_time():
    (old, old_hash), (new, new_hash) = new_key("reports"), new_key("reports")
    assert find_key(old, [entry("reports", old_hash)])
    assert find_key(new, [entry("reports", old_hash)]) is None
    both = [entry("other", new_key("other")[1]), entry("reports", old_hash, new_hash)]
    assert find_key(old, both) is both[1]
    assert find_key(new, both) is both[1]
    assert find_key(old, [entry("reports", new_hash)]) is None


def test_nothing_but_the_key_is_accepted():
    text, hashed = new_key("reports")
    entries = [entry("reports", hashed), entry("other", new_key("other")[1])]
    secret = text.removeprefix("jgk_reports_")
    for wrong in ("", "jgk_", f"jgk_other_{secret}", f"jgk_nobody_{secret}", text + "A", text[:-1], f" {text}", hashed):
        assert find_key(wrong, entries) is None
    numbers = random.Random(3)
    for _ in range(10_000):
        at = numbers.randrange(len(text))
        changed = text[:at] + numbers.choice("AZaz09-_.") + text[at + 1 :]
        assert changed == text or find_key(changed, entries) is None
