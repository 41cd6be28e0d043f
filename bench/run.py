"""Measures everything and writes bench/RESULTS.md.

    python -m bench.run [--quick] [--only NAME …] [--output FILE]
    python -m bench.run --profile SECONDS      where the CPU of 50 cold rows goes, in bench/out/

Loopback only. Whatever was started is stopped, by its own process.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import os
import pstats
import signal
import sys
import time
from contextlib import redirect_stdout
from pathlib import Path

import uvloop

from bench import machine, profiling, report, scenarios, subjects, switches
from bench.load import median
from bench.report import Results
from bench.scenarios import FULL, QUICK, Bench, Plan
from bench.subjects import HERE, OUT, BenchError, Keys, Subject

LOAD_CPU = 1
LIMIT_SECONDS = {"quick": 170, "full": 1480}


def pin() -> int | None:
    """Load (this process) on one core, servers on another, where there are two; the servers' core, else None."""
    if {subjects.SERVER_CPU, LOAD_CPU} <= os.sched_getaffinity(0):
        os.sched_setaffinity(0, {LOAD_CPU})
        return subjects.SERVER_CPU
    return None


def say(text: str) -> None:
    print(f"{time.perf_counter() - _BEGAN:6.1f} s  {text}", file=sys.stderr, flush=True)


_BEGAN = time.perf_counter()


def all_subjects(bench: Bench) -> list[Subject]:
    """Everybody who can run here; who cannot is noted in `bench.left_out`."""
    url = bench.upstream.url
    found = []
    for variant in switches.VARIANTS:
        if variant.missing:
            bench.left_out[variant.name] = f"there is no setting {', '.join(variant.missing)}"
        else:
            found.append(subjects.gateway(variant, url, bench.keys))
    found += subjects.fan_outs(url)
    peers = subjects.peers(url)
    if not peers:
        bench.left_out["peers"] = "Node, or `npm ci` in bench/peers, is missing"
    return found + peers


def start_all(bench: Bench, chosen: list[Subject], cpu: int | None) -> list[str]:
    """The names of those who run."""
    started = []
    for subject in chosen:
        try:
            bench.start(subject, cpu)
            started.append(subject.name)
        except BenchError as error:
            bench.left_out[subject.name] = str(error)
    return started


async def measure(bench: Bench, cpu: int | None, only: list[str], results: Results) -> None:
    """Part by part into `results`, so that what was found is kept when time runs out."""
    url, keys = bench.upstream.url, bench.keys
    gateway = subjects.gateway(switches.DEFAULT, url, keys)
    say("cold starts")
    results.cold_starts = scenarios.cold_starts(bench, gateway, cpu)
    names = start_all(bench, [s for s in all_subjects(bench) if not only or s.name in (*only, gateway.name)], cpu)
    if gateway.name not in names:
        raise BenchError(bench.left_out[gateway.name])
    say("answers, calls and bytes")
    results.answers_equal = await scenarios.check_answers(bench, names, gateway.name)
    names = [name for name in names if results.answers_equal[name]]
    results.calls = await scenarios.check_calls(bench, names)
    narrow = subjects.gateway(switches.DEFAULT, url, keys, viewer="narrow")
    bench.look_as(gateway.name, narrow)
    await scenarios.check_narrow(bench, gateway.name, narrow.name)
    await scenarios.check_deep(bench, gateway.name)
    say(f"warming {len(names)} subjects up")
    await scenarios.warm_up(bench, names)
    results.upstream = await scenarios.upstream_cost(bench)
    say("50 rows")
    results.rows_50 = await scenarios.cold(bench, names, 50)
    say("200 rows")
    results.rows_200 = await scenarios.cold(bench, names, 200)
    results.with_ids = await scenarios.with_ids(bench, gateway.name)
    say("warm")
    cached = []
    if "apollo" in names:
        cached = start_all(bench, [subjects.peer("apollo", url, cached=True)], cpu)
        await scenarios.warm_up(bench, cached)
    results.warm = await scenarios.warm(bench, [gateway.name, narrow.name, *cached])
    say("slow sources")
    compared = [name for name in (gateway.name, "fanout", "mercurius") if name in names]
    results.slow = await scenarios.slow_sources(bench, compared)
    say("a steady rate")
    results.steady_rate = 400 / max(median(results.rows_50[name], "cpu_ms") for name in compared)
    results.steady = await scenarios.steady(bench, compared, results.steady_rate)
    say("depth")
    results.depths = await scenarios.depths(bench, gateway.name)
    say("memory")
    bench.running[gateway.name].stop()
    bench.start(gateway, cpu)
    results.memory = await scenarios.memory(bench, gateway.name)


async def run(plan: Plan, only: list[str]) -> Results:
    cpu = pin()
    upstream = subjects.start_upstream(LOAD_CPU if cpu is not None else None)
    bench = Bench(plan, upstream, Keys())
    results = Results(plan, machine.describe(), cpu is not None, left_out=bench.left_out)
    task = asyncio.current_task()
    assert task is not None
    asyncio.get_running_loop().add_signal_handler(signal.SIGTERM, task.cancel)
    try:
        async with asyncio.timeout(LIMIT_SECONDS[plan.name]):
            await measure(bench, cpu, only, results)
    except TimeoutError:
        bench.left_out["the rest"] = f"{LIMIT_SECONDS[plan.name]} seconds were over"
    finally:
        results.titles = {name: running.subject.title for name, running in bench.running.items()}
        results.titles |= {variant.name: variant.title for variant in switches.VARIANTS}
        for running in (*bench.running.values(), upstream.running):
            running.stop()
    return results


def write(results: Results, output: Path) -> None:
    plan = results.plan
    (OUT / f"{plan.name}.json").write_text(json.dumps(results.as_json(), indent=1))
    text = report.markdown(results, "make bench" if plan is FULL else "python -m bench.run --quick")
    output.write_text(text)
    print(text)
    say(f"written to {output}")


async def profile(seconds: float) -> None:
    """The gateway alone, twice: with cProfile, and sampled."""
    cpu = pin()
    upstream = subjects.start_upstream(LOAD_CPU if cpu is not None else None)
    bench = Bench(QUICK, upstream, Keys())
    try:
        for measure, file in (("--profile", OUT / "profile.pstats"), ("--sample", OUT / "samples.json")):
            subject = subjects.gateway(switches.DEFAULT, upstream.url, bench.keys, arguments=(measure, str(file)))
            running = bench.start(subject, cpu)
            load = bench.loads[subject.name]
            ask = bench.cold(subject.name, 50, 50)
            await load.closed(ask, 8, 2.0)
            os.kill(running.pid, signal.SIGUSR1)
            burst = await load.closed(ask, 8, seconds)
            say(f"{measure[2:]}: {burst.requests} requests, {burst.cpu_ms:.2f} ms of CPU each")
            await load.aclose()
            os.kill(running.pid, signal.SIGINT)
            running.process.wait(30)
    finally:
        for running in (*bench.running.values(), upstream.running):
            running.stop()
    with (OUT / "profile.txt").open("w") as text, redirect_stdout(text):
        pstats.Stats(str(OUT / "profile.pstats")).sort_stats("tottime").print_stats(60)
        pstats.Stats(str(OUT / "profile.pstats")).sort_stats("cumtime").print_stats(120)
    (OUT / "samples.md").write_text(profiling.table(OUT / "samples.json", 60))
    print(profiling.table(OUT / "samples.json"))


def main() -> None:
    arguments = argparse.ArgumentParser(description="Measure the gateway beside its peers.")
    arguments.add_argument("--quick", action="store_true", help="three minutes at most, and rougher")
    arguments.add_argument("--only", nargs="+", default=[], metavar="NAME", help="these subjects, and the gateway")
    arguments.add_argument("--output", type=Path, default=HERE / "RESULTS.md", help="where the tables are written")
    arguments.add_argument("--profile", type=float, metavar="SECONDS", help="instead: profile 50 cold rows")
    given = arguments.parse_args()
    OUT.mkdir(exist_ok=True)
    try:
        if given.profile:
            uvloop.run(profile(given.profile))
        else:
            write(uvloop.run(run(QUICK if given.quick else FULL, given.only)), given.output)
    except BenchError as error:
        sys.exit(f"bench: {error}")
    except (asyncio.CancelledError, KeyboardInterrupt):
        sys.exit("bench: stopped; nothing was written")


if __name__ == "__main__":
    main()
