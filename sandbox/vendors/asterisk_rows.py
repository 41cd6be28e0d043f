"""What an Asterisk writes about the population's calls: CDR, CEL and queue_log, and the channels of those going on.

Shaped after recorded rows of Asterisk 22.10.1: one call is several CDR rows, a live call has none yet.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import closing
from datetime import datetime
from pathlib import Path
from sqlite3 import connect
from typing import NamedTuple
from zoneinfo import ZoneInfo

from sandbox.company import Agent, Queue
from sandbox.contacts import Contact
from sandbox.credentials import ASTERISK_TIME_ZONE, PBX_NUMBER
from sandbox.population import Population

CALLS = ("voice", "callback")
TRUNK = "PJSIP/trunk"


def _words(text: str) -> list[str]:
    return text.split()


CDR_COLUMNS = _words(
    "calldate clid src dst dcontext channel dstchannel lastapp lastdata duration billsec disposition amaflags "
    "accountcode uniqueid linkedid sequence peeraccount answer endtime userfield"
)
CEL_COLUMNS = _words("eventtype eventtime cidname cidnum context exten channame appname uniqueid linkedid peer extra")
CSV_COLUMNS = _words(
    "accountcode src dst dcontext clid channel dstchannel lastapp lastdata calldate answer endtime duration billsec "
    "disposition amaflags uniqueid userfield peeraccount linkedid sequence"
)

Row = dict[str, str]


class Written(NamedTuple):
    """`queue_log`: lines. All as they lie on disk, oldest first."""

    cdr: list[Row]
    cel: list[Row]
    queue_log: list[str]


def written(population: Population, vendor: str) -> Written:
    """Of the calls that the population has in the vendor whose part an Asterisk plays."""
    calls = sorted(
        (contact for contact in population.all_contacts(vendor) if contact.channel in CALLS),
        key=lambda contact: contact.number,
    )
    cdr = [row for contact in calls for row in cdr_rows(contact)]
    cel = [row for contact in calls for row in cel_rows(contact)]
    log = sorted((line for contact in calls for line in queue_log_lines(contact)), key=lambda line: line[:10])
    return Written(cdr, cel, log)


def save_database(rows: Written, path: Path) -> None:
    """As `cdr_sqlite3_custom` and `cel_sqlite3_custom` write them, and queue_log's realtime table."""
    lines = [line.split("|", 5) for line in rows.queue_log]
    with closing(connect(path)) as database, database:
        for table, columns in (("cdr", CDR_COLUMNS), ("cel", CEL_COLUMNS)):
            quoted = ", ".join(f'"{column}"' for column in columns)
            database.execute(f'CREATE TABLE {table} ("AcctId" INTEGER PRIMARY KEY, {quoted})')
            values = [[row[column] for column in columns] for row in getattr(rows, table)]
            places = ", ".join("?" * len(columns))
            database.executemany(f"INSERT INTO {table} ({quoted}) VALUES ({places})", values)  # noqa: S608 (own names)
        database.execute(
            'CREATE TABLE queue_log (time, callid, queuename, agent, event, data, "id" INTEGER PRIMARY KEY)'
        )
        database.executemany(
            "INSERT INTO queue_log (time, callid, queuename, agent, event, data) VALUES (?, ?, ?, ?, ?, ?)", lines
        )
        database.execute("CREATE INDEX by_src ON cdr (src, calldate)")
        database.execute("CREATE INDEX by_dst ON cdr (dst, calldate)")
        database.execute("CREATE INDEX by_call ON cdr (linkedid)")


def save_files(rows: Written, folder: Path) -> None:
    """`Master.csv` of cdr_csv and `queue_log`. A CDR is written when its channel ends."""
    in_order = sorted(rows.cdr, key=lambda row: row["endtime"])
    lines = [",".join('"{}"'.format(row[name].replace('"', '""')) for name in CSV_COLUMNS) for row in in_order]
    (folder / "Master.csv").write_text("".join(f"{line}\n" for line in lines))
    (folder / "queue_log").write_text("".join(f"{line}\n" for line in rows.queue_log))


def channel_id(contact: Contact, place: int = 0) -> str:
    """Unix seconds and a serial; the call is called by its first channel's."""
    return f"{int(contact.started_at.timestamp())}.{contact.number * 10 + place}"


def trunk(contact: Contact) -> str:
    return f"{TRUNK}-{contact.number % 2**32:08x}"


def phone_of(agent: Agent, contact: Contact) -> str:
    return f"{interface_of(agent)}-{contact.number % 2**32:08x}"


def interface_of(agent: Agent) -> str:
    return f"PJSIP/{extension_of(agent)}"


def extension_of(agent: Agent) -> str:
    return str(200 + agent.number)


def queue_name(queue: Queue) -> str:
    return queue.name.lower().replace(" ", "-")


def cdr_rows(contact: Contact) -> Iterator[Row]:
    """The first channel's row, and one for each agent's channel."""
    ended_at = contact.ended_at
    if ended_at is None:
        return
    agents = [stretch for stretch in contact.stretches if stretch.agent is not None]
    first = agents[0].agent if agents else None
    common = {
        "clid": f'"{contact.person.name}" <{contact.address}>',
        "amaflags": "DOCUMENTATION",
        "accountcode": contact.queue.division.name,
        "linkedid": channel_id(contact),
        "peeraccount": "",
    }
    if contact.direction == "outbound":
        caller = first or contact.agent
        phone = phone_of(caller, contact) if caller else f"Local/{contact.number}@dialer-{contact.number % 2**32:08x};1"
        src, dst, context, channel, peer = "201", contact.address, "from-internal", phone, trunk(contact)
        common["clid"] = '"" <201>'
        application, data = "Dial", f"{TRUNK}/{contact.address},30"
    else:
        src, dst, context, channel = contact.address, PBX_NUMBER, "from-pstn", trunk(contact)
        peer = phone_of(first, contact) if first else ""
        application, data = "Queue", f"{queue_name(contact.queue)},,,,300"
    is_answered = bool(agents) or contact.direction == "inbound"
    answered_at = contact.started_at if contact.direction == "inbound" else agents[0].start if agents else None
    yield {
        **common,
        "calldate": _local(contact.started_at),
        "src": src,
        "dst": dst,
        "dcontext": context,
        "channel": channel,
        "dstchannel": peer,
        "lastapp": application,
        "lastdata": data,
        **_lengths(contact.started_at, answered_at, ended_at),
        "disposition": "ANSWERED" if is_answered else "NO ANSWER",
        "uniqueid": channel_id(contact),
        "sequence": str(contact.number * 10),
        "userfield": f"wrapup:{contact.wrap_up.name}" if contact.wrap_up else "",
    }
    for place, stretch in enumerate(agents if contact.direction == "inbound" else (), start=1):
        assert stretch.agent is not None
        yield {
            **common,
            "calldate": _local(stretch.start),
            "src": contact.address,
            "dst": extension_of(stretch.agent),
            "dcontext": "agents",
            "channel": phone_of(stretch.agent, contact),
            "dstchannel": "",
            "lastapp": "AppQueue",
            "lastdata": "(Outgoing Line)",
            **_lengths(stretch.start, stretch.start, stretch.end or ended_at),
            "disposition": "ANSWERED",
            "uniqueid": channel_id(contact, place),
            "sequence": str(contact.number * 10 + place),
            "userfield": "",
        }


def cel_rows(contact: Contact) -> Iterator[Row]:
    own, first = channel_id(contact), trunk(contact)
    is_out = contact.direction == "outbound"
    agents = [stretch for stretch in contact.stretches if stretch.agent is not None]
    if is_out and agents and agents[0].agent:
        first = phone_of(agents[0].agent, contact)

    def event(kind: str, at: datetime, peer: str = "", extra: str = "") -> Row:
        return {
            "eventtype": kind,
            "eventtime": _local(at, exact=True),
            "cidname": contact.person.name,
            "cidnum": "201" if is_out else contact.address,
            "context": "from-internal" if is_out else "from-pstn",
            "exten": contact.address if is_out else PBX_NUMBER,
            "channame": first,
            "appname": "Dial" if is_out else "Queue",
            "uniqueid": own,
            "linkedid": own,
            "peer": peer,
            "extra": extra,
        }

    yield event("CHAN_START", contact.started_at)
    for stretch in agents:
        assert stretch.agent is not None
        peer = trunk(contact) if is_out else phone_of(stretch.agent, contact)
        yield event("BRIDGE_ENTER", stretch.start, peer, '{"bridge_technology":"simple_bridge"}')
        if stretch.end is not None:
            yield event("BRIDGE_EXIT", stretch.end, "", '{"bridge_technology":"simple_bridge"}')
    if contact.ended_at is not None:
        word = "ANSWER" if agents else "NOANSWER" if is_out else "CANCEL"
        yield event("HANGUP", contact.ended_at, "", f'{{"hangupcause":16,"dialstatus":"{word}"}}')
        yield event("LINKEDID_END", contact.ended_at)


def queue_log_lines(contact: Contact) -> Iterator[str]:
    """`epoch|callid|queue|agent|event|data…`"""
    if contact.direction == "outbound":
        return
    waited = 0

    def line(at: datetime, queue: Queue, agent: Agent | None, event: str, *data: object) -> str:
        name = agent.name if agent else "NONE"
        return "|".join(map(str, (int(at.timestamp()), channel_id(contact), queue_name(queue), name, event, *data)))

    for place, stretch in enumerate(contact.stretches):
        is_last = place == len(contact.stretches) - 1
        if stretch.agent is None:
            yield line(stretch.start, stretch.queue, None, "ENTERQUEUE", "", contact.address, 1)
            if is_last and stretch.end is not None:
                lasted = int((stretch.end - stretch.start).total_seconds())
                yield line(stretch.end, stretch.queue, None, "ABANDON", 1, 1, lasted)
            waited = 0 if stretch.end is None else int((stretch.end - stretch.start).total_seconds())
            continue
        yield line(stretch.start, stretch.queue, stretch.agent, "CONNECT", waited, channel_id(contact, place), 2)
        if stretch.end is not None:
            talked = int((stretch.end - stretch.start).total_seconds())
            if is_last:
                yield line(stretch.end, stretch.queue, stretch.agent, "COMPLETEAGENT", waited, talked, 1)
            else:
                yield line(
                    stretch.end, stretch.queue, stretch.agent, "BLINDTRANSFER", "600", "queues", waited, talked, 1
                )


def _lengths(start: datetime, answered_at: datetime | None, end: datetime) -> Row:
    return {
        "duration": str(int((end - start).total_seconds())),
        "billsec": "0" if answered_at is None else str(int((end - answered_at).total_seconds())),
        "answer": "" if answered_at is None else _local(answered_at),
        "endtime": _local(end),
    }


def _local(at: datetime, *, exact: bool = False) -> str:
    return f"{at.astimezone(ZoneInfo(ASTERISK_TIME_ZONE)):%Y-%m-%d %H:%M:%S{'.%f' if exact else ''}}"
