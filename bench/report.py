"""From bursts to bench/RESULTS.md: the promises first, then what they were computed from."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from bench import data
from bench.load import Burst, median
from bench.scenarios import AT_ONCE, LATENCIES_MS, Plan, Rounds, deep_page

MEMORY_CUSTOMERS = 100_000
"""What the promise about memory is about."""


@dataclass(slots=True)
class Results:
    """What one run found; a part that was not run is empty."""

    plan: Plan
    machine: Mapping[str, str]
    pinned: bool
    titles: dict[str, str] = field(default_factory=dict)
    left_out: Mapping[str, str] = field(default_factory=dict)
    answers_equal: Mapping[str, bool] = field(default_factory=dict)
    calls: Mapping[str, Mapping[str, Any]] = field(default_factory=dict)
    upstream: Burst | None = None
    rows_50: Rounds = field(default_factory=dict)
    rows_200: Rounds = field(default_factory=dict)
    with_ids: Rounds = field(default_factory=dict)
    warm: Rounds = field(default_factory=dict)
    slow: Mapping[int, Rounds] = field(default_factory=dict)
    steady: Rounds = field(default_factory=dict)
    steady_rate: float = 0.0
    depths: Mapping[str, Mapping[int, Sequence[Burst]]] = field(default_factory=dict)
    memory: Mapping[str, float] = field(default_factory=dict)
    cold_starts: Sequence[tuple[float, float]] = ()

    def as_json(self) -> dict[str, Any]:
        def plain(value: Any) -> Any:
            if isinstance(value, Burst):
                return value.as_json()
            if isinstance(value, Mapping):
                return {str(key): plain(inner) for key, inner in value.items()}
            if isinstance(value, list | tuple):
                return [plain(inner) for inner in value]
            return value

        return {name: plain(getattr(self, name)) for name in self.__slots__ if name != "plan"} | {
            "plan": self.plan.name
        }


@dataclass(frozen=True, slots=True)
class Promise:
    """`value` is compared with `must` and `aim`: at most, or with `at_least` at least; None: it was not measured.
    `so_far`: not measured to its end."""

    title: str
    value: float | None
    must: float
    aim: float
    unit: str
    at_least: bool = False
    so_far: bool = False

    @property
    def verdict(self) -> str:
        if self.value is None:
            return "not measured"
        if not self._holds(self.must):
            return "missed"
        if self.so_far:
            return "not measured to the end"
        return "**met**, aim too" if self._holds(self.aim) else "**met**"

    def _holds(self, bound: float) -> bool:
        assert self.value is not None
        return self.value >= bound if self.at_least else self.value <= bound


def promises(results: Results) -> list[Promise]:
    """Issue 3's table. Ratios are of medians within one run."""
    rows_50, rows_200 = results.rows_50, results.rows_200
    one, other = "gateway", "apollo"
    few = results.memory.get("customers", 0) < MEMORY_CUSTOMERS
    return [
        Promise("CPU of 50 rows, cold: cheaper than Apollo Server", _ratio(rows_50, other, one), 4, 8, "×", True),
        Promise("… against Mercurius with JIT", _ratio(rows_50, one, "mercurius"), 1, 0.5, "×"),
        Promise("… against a bare Node handler", _ratio(rows_50, one, "bare"), 1.3, 1, "×"),
        Promise("CPU of 200 rows: cheaper than Apollo Server", _ratio(rows_200, other, one), 5, 10, "×", True),
        Promise("… against our raw fan-out, same transport", _ratio(rows_50, one, "fanout"), 2, 1.4, "×"),
        *(
            Promise(f"Added to the slowest source, {n} at once", _added(results, one, n), 3, 1.5, "ms")
            for n in (16, 64)
        ),
        Promise(
            "Warm cache: cheaper than Apollo's response cache",
            _ratio(results.warm, "apollo-cached", one),
            3,
            5,
            "×",
            True,
        ),
        Promise("First page at 1,000,000, against 1,000", _growth(results, "first"), 1.2, 1.1, "×"),
        Promise("Page 100 at 1,000,000, against page 10 of 1,000", _growth(results, "deep"), 1.2, 1.1, "×"),
        Promise(
            f"Memory after {results.memory.get('customers', 0):,.0f} customers",
            _kept(results),
            180,
            130,
            "MB",
            so_far=few,
        ),
        Promise("Growth on the way, behind the first tenth", _grown(results), 5, 5, "MB", so_far=few),
        Promise("Cold start to ready", _median([seconds for seconds, _ in results.cold_starts]), 1.5, 1, "s"),
    ]


def _ratio(rounds: Rounds, one: str, other: str) -> float | None:
    """Of medians of CPU; both were measured in the same rounds."""
    if not rounds.get(one) or not rounds.get(other):
        return None
    return median(rounds[one], "cpu_ms") / median(rounds[other], "cpu_ms")


def _added(results: Results, name: str, at_once: int) -> float | None:
    rounds = results.slow.get(at_once, {})
    if not rounds.get(name):
        return None
    return median(rounds[name], "p50_ms") - LATENCIES_MS[-1]


def _growth(results: Results, page: str) -> float | None:
    bursts = results.depths.get(page, {})
    if 1_000 not in bursts or 1_000_000 not in bursts:
        return None
    return median(bursts[1_000_000], "cpu_ms") / median(bursts[1_000], "cpu_ms")


def _kept(results: Results) -> float | None:
    return results.memory.get("megabytes")


def _grown(results: Results) -> float | None:
    return results.memory["megabytes"] - results.memory["megabytes_after_first"] if results.memory else None


def _median(values: Sequence[float]) -> float | None:
    return sorted(values)[len(values) // 2] if values else None


# ---------------------------------------------------------------- Markdown


def markdown(results: Results, command: str) -> str:
    parts = [
        "# Results",
        f"Written by `{command}`; what each figure is and how it is had: [README.md](README.md).",
        _table(("", ""), ((key, value) for key, value in results.machine.items())),
        _conditions(results),
        "## What must hold",
        _table(
            ("", "measured", "must", "aim", ""),
            (
                (
                    p.title,
                    "–" if p.value is None else f"{p.value:.2f} {p.unit}",
                    _bound(p.must, p),
                    _bound(p.aim, p),
                    p.verdict,
                )
                for p in promises(results)
            ),
        ),
        *_bursts("50 rows, cold", "A different customer each time; five calls a page.", results.rows_50, results),
        *_bursts("200 rows, cold", "", results.rows_200, results),
        *_bursts(
            "50 rows with sealed ids", "`id` of rows, agents and queues as well; ours alone.", results.with_ids, results
        ),
        *_bursts("Warm", "The same twenty customers; where there is a cache, it is full.", results.warm, results),
        *_slow(results),
        *_bursts(
            "At a steady rate",
            f"{results.steady_rate:.0f} requests a second for everybody, timed from when each was due.",
            results.steady,
            results,
        ),
        *_depths(results),
        *_memory_and_start(results),
    ]
    return "\n\n".join(part for part in parts if part) + "\n"


def _conditions(results: Results) -> str:
    equal = [name for name, same in results.answers_equal.items() if same]
    different = [name for name, same in results.answers_equal.items() if not same]
    calls = {str(found) for found in results.calls.values()}
    said = [
        f"{results.plan.name.capitalize()} mode: {results.plan.rounds} interleaved rounds of "
        f"{results.plan.burst_seconds} s; medians.",
        "Servers on CPU 0, load and upstream on CPU 1."
        if results.pinned
        else "One core alone: server, load and upstream share it.",
        f"Answers checked equal, in the order of the document: {', '.join(equal)}.",
        "Calls and bytes asked of the sources: the same for everybody."
        if len(calls) <= 1
        else "Calls and bytes asked of the sources differ: " + "; ".join(f"{n}: {c}" for n, c in results.calls.items()),
        *(f"{name} answers something else, and counts for nothing." for name in different),
        *(f"{results.titles.get(name, name)} was left out: {why}." for name, why in results.left_out.items()),
    ]
    if results.upstream is not None:
        said.append(
            f"The upstream alone: {results.upstream.cpu_ms * 1000:.0f} µs of CPU a call: its core can answer "
            f"{1000 / results.upstream.cpu_ms:,.0f} a second."
        )
    failures = sum(
        b.failures for part in (results.rows_50, results.rows_200, results.warm) for r in part.values() for b in r
    )
    if failures:
        said.append(f"**{failures} requests failed: these figures are worth nothing.**")
    return "\n".join(f"- {line}" for line in said)


def _bursts(title: str, text: str, rounds: Rounds, results: Results) -> list[str]:
    if not rounds:
        return []
    names = sorted(rounds, key=lambda name: median(rounds[name], "cpu_ms"))
    rows = (
        (
            results.titles.get(name, name),
            f"{median(rounds[name], 'cpu_ms'):.2f}",
            f"{min(b.cpu_ms for b in rounds[name]):.2f} – {max(b.cpu_ms for b in rounds[name]):.2f}",
            f"{1000 / median(rounds[name], 'cpu_ms'):,.0f}",
            f"{median(rounds[name], 'rate'):,.0f}",
            f"{median(rounds[name], 'p50_ms'):.1f}",
            f"{median(rounds[name], 'p99_ms'):.1f}",
        )
        for name in names
    )
    head = ("", "CPU ms a request", "lowest – highest", "a core, req/s", "seen, req/s", "p50 ms", "p99 ms")
    return [f"## {title}", text, _table(head, rows)]


def _slow(results: Results) -> list[str]:
    if not results.slow:
        return []
    names = [name for name in results.slow[AT_ONCE[0]] if name != "slowest"]
    rows = [
        (
            "The slowest source, asked directly" if name == "slowest" else results.titles.get(name, name),
            *(
                f"{median(results.slow[n][name], 'p50_ms'):.1f} / {median(results.slow[n][name], 'p99_ms'):.1f}"
                for n in AT_ONCE
            ),
        )
        for name in ("slowest", *names)
    ]
    text = f"Sources take {', '.join(map(str, LATENCIES_MS))} ms; p50 / p99 in milliseconds."
    return ["## Slow sources", text, _table(("", *(f"{n} at once" for n in AT_ONCE)), rows)]


def _depths(results: Results) -> list[str]:
    if not results.depths:
        return []
    rows = (
        (
            f"{depth:,}",
            f"{median(results.depths['first'][depth], 'cpu_ms'):.2f}",
            f"{median(results.depths['first'][depth], 'p50_ms'):.1f}",
            f"{deep_page(depth)}",
            f"{median(results.depths['deep'][depth], 'cpu_ms'):.2f}",
            f"{median(results.depths['deep'][depth], 'p50_ms'):.1f}",
        )
        for depth in data.DEPTHS[2:]
    )
    head = ("interactions", "first page, CPU ms", "p50 ms", "deep page", "CPU ms", "p50 ms")
    return ["## Depth", "Pages of 50, a different customer each time.", _table(head, rows)]


def _memory_and_start(results: Results) -> list[str]:
    found, starts = results.memory, sorted(results.cold_starts)
    said = []
    if found:
        said.append(
            f"Resident: {found['megabytes_after_first']:.0f} MB after {found['first_customers']:,.0f} different "
            f"customers, {found['megabytes']:.0f} MB after {found['customers']:,.0f}."
        )
    if starts:
        said.append(
            f"From the process to `/readyz`: {starts[len(starts) // 2][0]:.2f} s (median of {len(starts)}; "
            f"{starts[0][0]:.2f} to {starts[-1][0]:.2f}), {min(cpu for _, cpu in starts):.2f} s of CPU at least."
        )
    return ["## Memory and start", " ".join(said)] if said else []


def _bound(value: float, promise: Promise) -> str:
    return f"{'≥' if promise.at_least else '≤'} {value:g} {promise.unit}"


def _table(head: Iterable[str], rows: Iterable[Iterable[str]]) -> str:
    titles = list(head)
    lines = ["| " + " | ".join(titles) + " |", "|" + "---|" * len(titles)]
    lines += ["| " + " | ".join(row) + " |" for row in rows]
    return "\n".join(lines)
