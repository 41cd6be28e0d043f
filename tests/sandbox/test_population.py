"""The population is what the demo, the end-to-end tests and the benchmark stand on: fixed by its seed alone."""

from __future__ import annotations

import time
from dataclasses import replace
from datetime import timedelta
from itertools import pairwise

import phonenumbers
import pytest

from sandbox.live import as_of
from sandbox.people import MAX_PEOPLE
from sandbox.population import (
    DEEP_PHONE,
    JOHN_EMAIL,
    JOHN_PHONE,
    SHARED_EMAIL,
    SHARED_MOBILE,
    SWITCHBOARD,
    VENDORS,
    Contact,
    Population,
    build,
)
from tests.sandbox.support import NOW, SEED

HOUR = timedelta(hours=1)


def everything(population: Population) -> list[Contact]:
    return [
        contact for person in population.people for vendor in VENDORS for contact in population.contacts(person, vendor)
    ]


def test_the_same_seed_gives_the_same_population():
    first, second = build(SEED, NOW), build(SEED, NOW)
    assert first.people == second.people
    assert everything(first) == everything(second)
    assert everything(first) != everything(build(SEED + 1, NOW))


def test_another_moment_only_shifts_the_population():
    then, later = everything(build(SEED, NOW)), everything(build(SEED, NOW + HOUR))
    assert [contact.number for contact in then] == [contact.number for contact in later]
    for before, after in zip(then, later, strict=True):
        assert after.started_at - before.started_at == HOUR
        assert after.last_activity_at - before.last_activity_at == HOUR
        assert (after.ended_at is None) == (before.ended_at is None)
        assert [turn.at - HOUR for turn in after.texts] == [turn.at for turn in before.texts]
        assert replace(after, **_times(before)) == before


def _times(contact: Contact) -> dict[str, object]:
    names = ("person", "started_at", "ended_at", "last_activity_at", "stretches", "texts")
    return {name: getattr(contact, name) for name in names}


def test_more_people_leave_the_first_as_they_were():
    few, many = build(SEED, NOW, people=30), build(SEED, NOW, people=90)
    assert many.people[:30] == few.people
    assert len(many.people) == 90
    with pytest.raises(ValueError, match="people"):
        build(SEED, NOW, people=MAX_PEOPLE)


def test_johns_steps_come_in_the_order_of_the_reference_scenario():
    population = build(SEED, NOW)
    john = population.named("john")
    steps = sorted(
        (contact for vendor in VENDORS for contact in population.contacts(john, vendor)),
        key=lambda contact: contact.started_at,
    )
    told = [(step.vendor, step.channel, step.subject) for step in steps]
    scenario = [
        ("chatwoot", "web_chat", "Is the platform right for us?"),
        ("genesys_cloud", "email", "Request for a quote"),
        ("genesys_cloud", "voice", "Doubts about the quote"),
        ("request_tracker", "ticket", "Demo supplied"),
        ("genesys_cloud", "email", "Specialist support needed"),
    ]
    assert [step for step in told if step in scenario] == scenario
    assert {vendor for vendor, _, _ in told} == set(VENDORS)
    assert john.phones[0][0] == JOHN_PHONE
    assert john.emails[0] == JOHN_EMAIL
    assert [step.nps_score for step in steps if step.nps_score is not None] == [9]


def test_a_switchboard_and_a_shared_address_are_held_by_many():
    population = build(SEED, NOW)
    for vendor in ("zendesk", "genesys_cloud"):
        assert len(population.holders(vendor, SWITCHBOARD)) >= 6
        assert len(population.holders(vendor, SHARED_EMAIL)) >= 6


def test_two_people_of_one_vendor_share_a_mobile():
    population = build(SEED, NOW)
    assert [person.key for person in population.holders("zendesk", SHARED_MOBILE)] == ["twin-a", "twin-b"]


def test_people_are_known_in_some_systems_and_one_in_none():
    population = build(SEED, NOW)
    assert population.named("nobody").known_in == frozenset()
    assert all(population.named("nobody") not in population.people_in(vendor) for vendor in VENDORS)
    assert any(0 < len(person.known_in) < len(VENDORS) for person in population.people)


def test_every_number_is_possible_and_every_language_is_spoken():
    population = build(SEED, NOW)
    for person in population.people:
        for phone, _ in person.phones:
            assert phonenumbers.is_possible_number(phonenumbers.parse(phone)), phone
    assert {person.language for person in population.people} == {"it", "fr", "en"}
    assert {person.division.name for person in population.people} == {"Italy", "France", "International"}
    assert any(len(person.phones) > 1 and len(person.emails) > 1 for person in population.people)


@pytest.mark.parametrize("seed", [1, 2, 3])
def test_numbers_grow_with_time_and_lead_back_to_the_contact(seed):
    population = build(seed, NOW)
    for vendor in VENDORS:
        numbers = [contact.number for contact in population.all_contacts(vendor)]
        assert len(set(numbers)) == len(numbers)
        for person in population.people_in(vendor):
            log = population.contacts(person, vendor)
            assert [contact.number for contact in log] == sorted((c.number for c in log), reverse=True)
            assert all(population.contact(vendor, contact.number) is contact for contact in log)
        assert population.contact(vendor, numbers[0] + 1) is None


def test_contacts_hold_together():
    for contact in everything(build(SEED, NOW)):
        assert contact.started_at <= contact.last_activity_at <= NOW
        assert (contact.ended_at is None) == (contact.status in ("queued", "active", "on_hold", "pending"))
        assert [turn.at for turn in contact.texts] == sorted(turn.at for turn in contact.texts)
        for before, after in pairwise(contact.stretches):
            assert before.end == after.start
        if contact.stretches:
            assert contact.stretches[0].start == contact.started_at
            assert contact.stretches[-1].end == contact.ended_at


def test_there_are_transfers_losses_and_open_tickets():
    contacts = everything(build(SEED, NOW))
    assert any(len({stretch.queue for stretch in contact.stretches}) > 1 for contact in contacts)
    assert {contact.status for contact in contacts} >= {"abandoned", "missed", "failed", "pending", "active"}
    assert any(contact.escalated and contact.ended_at is None for contact in contacts)
    assert any(turn.private for contact in contacts for turn in contact.texts)


@pytest.mark.parametrize(
    ("key", "vendor", "channel"),
    [
        ("live-call", "genesys_cloud", "voice"),
        ("live-chat", "genesys_cloud", "web_messaging"),
        ("live-chat", "chatwoot", "web_chat"),
        ("live-whatsapp", "twilio_messages", "whatsapp"),
    ],
)
def test_what_is_in_hand_goes_on_with_the_clock(key, vendor, channel):
    population = build(SEED, NOW)
    contact = population.contacts(population.named(key), vendor)[0]
    assert (contact.channel, contact.live, contact.last_activity_at) == (channel, True, NOW)
    later = as_of(contact, NOW, NOW + timedelta(minutes=5))
    assert later.last_activity_at > NOW + timedelta(minutes=4)
    assert later.texts[: len(contact.texts)] == contact.texts
    assert as_of(contact, NOW, NOW) is contact


def test_the_deep_customer_reaches_back_and_stays_the_same_at_the_near_end():
    shallow, deep = build(SEED, NOW, depth=200), build(SEED, NOW, depth=100_000)
    for vendor in VENDORS:
        near, far = (population.contacts(population.named("deep"), vendor) for population in (shallow, deep))
        assert list(near) == far[: len(near)]
    assert sum(len(deep.contacts(deep.named("deep"), vendor)) for vendor in VENDORS) == 100_000
    assert deep.holders("genesys_cloud", DEEP_PHONE) == (deep.named("deep"),)


@pytest.mark.parametrize("depth", [10, 11, 23, 24, 25, 1_000])
def test_depth_counts_contacts_over_all_vendors(depth):
    population = build(SEED, NOW, depth=depth)
    assert sum(len(population.contacts(population.named("deep"), vendor)) for vendor in VENDORS) == depth


def test_depth_costs_nothing_until_it_is_read():
    began = time.process_time()
    population = build(SEED, NOW, depth=100_000)
    log = population.contacts(population.named("deep"), "genesys_cloud")
    window = log.window(NOW - timedelta(days=9_000), NOW - timedelta(days=8_990))
    found = [log[position] for position in window]
    assert time.process_time() - began < 0.5
    assert len(found) > 20
    print(f"100,000 deep: {1_000 * (time.process_time() - began):.1f} ms to the first old page")


def test_a_window_holds_what_started_in_it():
    log = build(SEED, NOW, depth=2_000).contacts(build(SEED, NOW).named("deep"), "zendesk")
    start, end = log.starts_at(40), log.starts_at(20)
    assert log.window(start, end) == range(21, 41)
    assert log.window(None, None) == range(len(log))
    assert log.window(end, start) == range(41, 41)
    assert log.between(start, end) == [contact for contact in log if start <= contact.started_at < end]


def test_whatsapp_threads_of_the_deep_customer_are_a_day_of_silence_apart():
    log = build(SEED, NOW, depth=5_000).contacts(build(SEED, NOW).named("deep"), "twilio_messages")
    for newer, older in pairwise(log):
        assert newer.started_at - older.last_activity_at > timedelta(hours=24)
